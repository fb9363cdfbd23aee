package devicecert

import (
	"crypto/x509"
	"regexp"
	"strings"
	"unicode"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Where makers write an address (RFC 4519).
const (
	commonName   = "2.5.4.3"
	serialNumber = "2.5.4.5"
	stateName    = "2.5.4.8"
	title        = "2.5.4.12"
	userID       = "0.9.2342.19200300.100.1.1"
)

var (
	// address is twelve digits, or six pairs, that no further digit touches: bare, or behind SEP as Cisco has it.
	address = regexp.MustCompile(`(?i)(?:^|[^0-9A-F])([0-9A-F]{12}|(?:[0-9A-F]{2}:){5}[0-9A-F]{2}|(?:[0-9A-F]{2}-){5}[0-9A-F]{2})(?:$|[^0-9A-F])`)
	// uuid ends in twelve digits that are no address.
	uuid = regexp.MustCompile(`(?i)[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}`)
)

// The bounds of what is looked at of a certificate that a stranger made.
const (
	maxNames    = 40
	maxNameSize = 256 // bytes
)

// subjectMAC reads the one address that a certificate names, in the common name, state, user id, title or alternative names; in the serial number only
// when it is nowhere else, as twelve digits may be a serial number indeed. fault.Denied when there is none, as in certificates that all phones of a model
// share, or more than one.
func subjectMAC(c *x509.Certificate) (deviceprofiles.MAC, error) {
	names := textsOf(c)
	for _, texts := range [][]string{names.usual, names.serials} {
		found := addresses(texts)
		switch {
		case len(found) > 1:
			return deviceprofiles.MAC{}, fault.New(fault.Denied, "The certificate of %s names two phones, %s and %s.", short(c.Subject.String()), found[0], found[1])
		case len(found) == 1:
			return found[0], nil
		}
	}
	return deviceprofiles.MAC{}, fault.New(fault.Denied, "The certificate of %s names no phone: it is a generic one, that other phones have too.", short(c.Subject.String()))
}

// subjectTexts is what a certificate says of its holder, by where it says it.
type subjectTexts struct{ usual, serials []string }

func textsOf(c *x509.Certificate) subjectTexts {
	var out subjectTexts
	for _, name := range c.Subject.Names[:min(len(c.Subject.Names), maxNames)] {
		text, ok := name.Value.(string)
		if !ok || len(text) > maxNameSize {
			continue
		}
		switch name.Type.String() {
		case serialNumber:
			out.serials = append(out.serials, text)
		case commonName, stateName, title, userID:
			out.usual = append(out.usual, text)
		}
	}
	for _, list := range [][]string{c.DNSNames, c.EmailAddresses} {
		for _, text := range list[:min(len(list), maxNames)] {
			if len(text) <= maxNameSize {
				out.usual = append(out.usual, text)
			}
		}
	}
	for _, u := range c.URIs[:min(len(c.URIs), maxNames)] {
		if text := u.String(); len(text) <= maxNameSize {
			out.usual = append(out.usual, text)
		}
	}
	return out
}

// addresses returns the different addresses in some texts.
func addresses(texts []string) []deviceprofiles.MAC {
	var out []deviceprofiles.MAC
	known := map[deviceprofiles.MAC]bool{}
	for _, text := range texts {
		text = uuid.ReplaceAllString(text, "/")
		for {
			at := address.FindStringSubmatchIndex(text)
			if at == nil {
				break
			}
			mac, err := deviceprofiles.ParseMAC(text[at[2]:at[3]])
			if err == nil && !known[mac] {
				known[mac] = true
				out = append(out, mac)
			}
			text = text[at[3]:] // the character behind an address may stand in front of the next
		}
	}
	return out
}

// maxSaid bounds, in bytes, what a message repeats of a certificate.
const maxSaid = 200

// short makes a name fit for a message: printable, and not long.
func short(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	if len(name) > maxSaid {
		name = strings.ToValidUTF8(name[:maxSaid-3], "") + "..."
	}
	return name
}
