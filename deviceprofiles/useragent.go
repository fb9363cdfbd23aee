package deviceprofiles

import (
	"regexp"
	"strings"
)

// userAgent is what a phone says of itself. It is a hint, never a proof: anybody can say it.
type userAgent struct {
	family Family // "" if it isn't a phone's that we know
	mac    MAC
	hasMAC bool
}

// The user agents of the families, as real phones send them. The MAC address, where there is one, is the first group.
var (
	ciscoAgent   = regexp.MustCompile(`^Cisco[-/ ](?:CP|DP)-[0-9]{4}[^ ]*(?:.*\(([0-9A-Fa-f]{12})\))?`)
	polyAgent    = regexp.MustCompile(`^FileTransport Poly(?:com)?\w*-\w+-UA/[\w.]+(?: \((?:SN:)?([0-9A-Fa-f]{12})\))?`)
	yealinkAgent = regexp.MustCompile(`^(?i:yealink)(?:-\w+\s+[\d.]+\s+[\d.]+|\s+(?:SIP(?:\s+VP)?-)?\w+\s+[\d.]+(?:\s+((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{12}))?)$`)
)

// parseUserAgent reads a user agent. What it doesn't know, or what is too long to be a phone's, says nothing.
func parseUserAgent(s string) userAgent {
	if len(s) > maxUserAgent {
		return userAgent{}
	}
	for _, known := range []struct {
		family  Family
		pattern *regexp.Regexp
	}{{CiscoMPP, ciscoAgent}, {Poly, polyAgent}, {Yealink, yealinkAgent}} {
		m := known.pattern.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		agent := userAgent{family: known.family}
		if mac, err := ParseMAC(m[1]); err == nil {
			agent.mac, agent.hasMAC = mac, true
		}
		return agent
	}
	return userAgent{}
}

// vendorOf returns the family whose vendor owns a MAC address's block, "" if none here does. New blocks come every year: a phone from one that
// isn't here is recognised by its user agent or by its record.
func vendorOf(mac MAC) Family {
	for _, owner := range []struct {
		family Family
		blocks string // the first six digits of each, in lower case
	}{
		{Poly, "0004f2 64167f 482567"},
		{Yealink, "001565 805ec0 805e0c 249ad8 3497d7 44dbd2 644f56 b061a9 c4fc22 e434d7 ec1da9 f01653"},
		{CiscoMPP, "00562b 2c3124"},
	} {
		if strings.Contains(owner.blocks, mac.OUI()) {
			return owner.family
		}
	}
	return ""
}
