package digest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Demand is a parsed WWW-Authenticate or Proxy-Authenticate header value of scheme Digest: what a peer of ours wants to have proven. All strings are as
// sent, with quoting taken off.
type Demand struct {
	Realm, Nonce, Opaque string
	Algorithm            Algorithm // MD5 when the peer named none
	WithQOP              bool      // it offers qop "auth"; without, the answer is RFC 2069's
	Stale                bool      // the proof was right, and only its nonce too old
}

// ParseDemand reads the value of a challenge (RFC 7616 section 3.3). It fails on what ParseAnswer fails on, and on a challenge that can't be answered with
// MD5 or SHA-256 and without the body. The errors name the parameter and never its value.
func ParseDemand(header string) (Demand, error) {
	if len(header) > maxHeader {
		return Demand{}, fmt.Errorf("digest challenge is longer than %d bytes", maxHeader)
	}
	header = strings.TrimLeft(header, " \t")
	end := tokenLength(header)
	if !strings.EqualFold(header[:end], "Digest") {
		return Demand{}, errors.New("challenge isn't of scheme Digest")
	}
	p, err := parseParameters(header[end:])
	if err != nil {
		return Demand{}, err
	}
	d := Demand{Realm: p["realm"], Nonce: p["nonce"], Opaque: p["opaque"], Stale: strings.EqualFold(p["stale"], "true")}
	if d.Nonce == "" {
		return Demand{}, errors.New("digest challenge has no nonce")
	}
	switch algorithm, given := p["algorithm"]; {
	case !given, strings.EqualFold(algorithm, string(MD5)):
		d.Algorithm = MD5
	case strings.EqualFold(algorithm, string(SHA256)):
		d.Algorithm = SHA256
	default:
		return Demand{}, errors.New("digest challenge asks for an algorithm that isn't MD5 or SHA-256")
	}
	offered, given := p["qop"]
	d.WithQOP = slices.ContainsFunc(strings.Split(offered, ","), func(q string) bool { return strings.EqualFold(strings.TrimSpace(q), qopAuth) })
	if given && strings.TrimSpace(offered) != "" && !d.WithQOP {
		return Demand{}, errors.New("digest challenge offers no qop of auth")
	}
	return d, nil
}

// Answer renders the value of the Authorization header that proves ha1, made for the demand's algorithm and realm, for one request. It is the first use of
// the nonce; cnonce is to be fresh and unforeseeable.
func (d Demand) Answer(ha1, userName, method, uri, cnonce string) string {
	const first = "00000001"
	middle := ""
	if d.WithQOP {
		middle = first + ":" + cnonce + ":" + qopAuth + ":"
	}
	response := d.Algorithm.hash(ha1 + ":" + d.Nonce + ":" + middle + d.Algorithm.hash(method+":"+uri))
	var b strings.Builder
	quoted := func(name, value string) {
		b.WriteString(name + `="`)
		writeQuoted(&b, value)
		b.WriteString(`", `)
	}
	b.WriteString("Digest ")
	quoted("username", userName)
	quoted("realm", d.Realm)
	quoted("nonce", d.Nonce)
	quoted("uri", uri)
	if d.Opaque != "" {
		quoted("opaque", d.Opaque)
	}
	quoted("response", response)
	b.WriteString("algorithm=" + string(d.Algorithm))
	if d.WithQOP {
		b.WriteString(", qop=" + qopAuth + ", nc=" + first)
		b.WriteString(`, cnonce="`)
		writeQuoted(&b, cnonce)
		b.WriteByte('"')
	}
	return b.String()
}
