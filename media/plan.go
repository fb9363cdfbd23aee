package media

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dialtone/fault"
)

// Protection says how the packets of a call are kept from others.
type Protection string

// The protections, worst first.
const (
	Plain Protection = "RTP"       // not at all
	SDES  Protection = "SDES-SRTP" // keys in the session description
	DTLS  Protection = "DTLS-SRTP" // keys by DTLS between the ends
)

// Terms is what a call is answered under.
type Terms struct {
	Peer      netip.Addr // of the signalling
	Protected bool       // nobody on the way reads the signalling: TLS or DTLS
	Demand    bool       // the call must be encrypted, and the key must not have travelled in the clear
}

// codec is a payload type that is given back.
type codec struct {
	payload string // 0 to 127
	name    string // upper case, such as PCMU
	rate    uint32 // of the RTP clock, Hz
	mapping string // of a=rtpmap, "" for a static type that came without
	format  string // of a=fmtp, "" for none
}

// plan is how one section of an offer, or of an answer to ours, is to run.
type plan struct {
	section    int
	protection Protection
	profile    string
	theirs     keyLine     // SDES
	prints     fingerprint // DTLS
	setup      string      // DTLS: theirs
	codecs     []codec
	direction  string // ours
	mux        bool
	reduced    bool
	peer       netip.Addr // where their description says that they are; zero: not said
	rtp, rtcp  uint16     // their ports
}

// rank orders protections that both sides can do.
func (p plan) rank(terms Terms) int {
	switch {
	case p.protection == DTLS:
		return 3
	case p.protection == SDES && terms.Protected:
		return 2
	case p.protection == SDES:
		return 1
	}
	return 0
}

// choose reads an offer, or an answer, and picks its best section of sound. fault.Invalid says in words why none will do.
func choose(d Description, terms Terms) (plan, error) {
	best, found, why := plan{}, false, "it offers no sound"
	for i, s := range d.Sections {
		if s.Kind != "audio" || s.Port == 0 {
			continue
		}
		p, problem := read(d, s, terms)
		if problem != "" {
			if !found {
				why = problem
			}
			continue
		}
		p.section = i
		if !found || p.rank(terms) > best.rank(terms) {
			best, found = p, true
		}
	}
	if !found {
		return plan{}, fault.New(fault.Invalid, "This call can't be taken: %s.", why)
	}
	return best, nil
}

// read reads one section of sound; problem says why it can't be used, "" when it can.
func read(d Description, s Section, terms Terms) (p plan, problem string) {
	get := func(name string) (string, bool) {
		if v, ok := find(s.Attributes, name); ok {
			return v, true
		}
		return find(d.Attributes, name)
	}
	if _, ice := get("ice-ufrag"); ice && (s.Port == 9 || !s.Address.IsValid() || s.Address.IsUnspecified()) {
		return p, "it can be reached by ICE alone, which the echo doesn't speak"
	}
	if p.codecs = codecsOf(s); !slices.ContainsFunc(p.codecs, func(c codec) bool { return c.name != events }) {
		return p, "it offers none of PCMU, PCMA, G722 and opus"
	}
	if problem := p.protect(s, get); problem != "" {
		return p, problem
	}
	if terms.Demand && p.rank(terms) < 2 {
		if p.protection == SDES {
			return p, "encryption is demanded here, and the key came over signalling that isn't encrypted"
		}
		return p, "encryption is demanded here, and RTP without it was offered"
	}
	p.profile, p.peer, p.rtp = s.Profile, s.Address, s.Port
	_, p.mux = get("rtcp-mux")
	_, p.reduced = get("rtcp-rsize")
	if !p.mux {
		p.rtcp = rtcpPort(s)
	}
	p.direction = directionFor(s, get)
	return p, ""
}

// protect reads how the section is protected: what its profile says, and with RTP/AVP what it offers beside (RFC 8643).
func (p *plan) protect(s Section, get func(string) (string, bool)) (problem string) {
	key, keyed := bestKeyLine(s.Attributes)
	hash, printed := get("fingerprint")
	if printed {
		p.prints, printed = parseFingerprint(hash)
	}
	p.setup, _ = get("setup")
	switch s.Profile {
	case "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF":
		if !printed {
			return "its DTLS-SRTP has no fingerprint by SHA-256, SHA-384 or SHA-512"
		}
		p.protection = DTLS
	case "RTP/SAVP", "RTP/SAVPF":
		switch {
		case keyed:
			p.protection, p.theirs = SDES, key
		case printed:
			p.protection = DTLS
		default:
			return "its SRTP has no key of a suite that is known here"
		}
	case "RTP/AVP", "RTP/AVPF":
		switch {
		case keyed:
			p.protection, p.theirs = SDES, key
		case printed:
			p.protection = DTLS
		default:
			p.protection = Plain
		}
	default:
		return "its profile " + printable(s.Profile) + " isn't known here"
	}
	if p.protection == DTLS && p.setup != "" && p.setup != "actpass" && p.setup != "active" && p.setup != "passive" {
		return "its a=setup is none of actpass, active and passive"
	}
	return ""
}

// printable keeps a stranger's word short and plain.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 40)]
}

// rtcpPort is the port next to RTP's, or the one of RFC 3605.
func rtcpPort(s Section) uint16 {
	if value, ok := find(s.Attributes, "rtcp"); ok {
		first, _, _ := strings.Cut(value, " ")
		if port, err := strconv.ParseUint(first, 10, 16); err == nil && port != 0 {
			return uint16(port)
		}
	}
	return s.Port + 1
}

// directionFor mirrors a direction (RFC 3264 section 6.1). An address of zeros is how old phones say hold.
func directionFor(s Section, get func(string) (string, bool)) string {
	if s.Address.IsValid() && s.Address.IsUnspecified() {
		return "recvonly"
	}
	for _, pair := range [...][2]string{{"sendonly", "recvonly"}, {"recvonly", "sendonly"}, {"inactive", "inactive"}} {
		if _, ok := get(pair[0]); ok {
			return pair[1]
		}
	}
	return "sendrecv"
}

// events is the name of keys pressed (RFC 4733); they are given back, but are no sound.
const events = "TELEPHONE-EVENT"

// static knows the payload types that need no a=rtpmap (RFC 3551). The clock of G.722 is said to be 8,000 Hz, and 16,000 is what it samples.
func static(payload string) (codec, bool) {
	names := map[string]string{"0": "PCMU", "8": "PCMA", "9": "G722", "13": "CN"}
	name, known := names[payload]
	return codec{payload: payload, name: name, rate: 8000}, known
}

// codecsOf returns the payload types of a section that are given back, in its order.
func codecsOf(s Section) []codec {
	var out []codec
	for _, payload := range s.Formats {
		if n, err := strconv.ParseUint(payload, 10, 7); err != nil || strconv.FormatUint(n, 10) != payload {
			continue
		}
		c, known := static(payload)
		if mapping, ok := ofPayload(s.Attributes, "rtpmap", payload); ok {
			c, known = parseMapping(payload, mapping)
		}
		if !known {
			continue
		}
		c.format, _ = ofPayload(s.Attributes, "fmtp", payload)
		out = append(out, c)
	}
	return out
}

// ofPayload finds the attribute of a payload type and returns what follows its number.
func ofPayload(list []Attribute, name, payload string) (string, bool) {
	for _, a := range list {
		if a.Name != name {
			continue
		}
		if number, rest, ok := strings.Cut(a.Value, " "); ok && number == payload {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// parseMapping reads opus/48000/2. ok is false for what isn't given back.
func parseMapping(payload, mapping string) (codec, bool) {
	parts := strings.Split(mapping, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return codec{}, false
	}
	rate, err := strconv.ParseUint(parts[1], 10, 32)
	c := codec{payload: payload, name: strings.ToUpper(parts[0]), rate: uint32(rate), mapping: mapping}
	switch c.name {
	case "PCMU", "PCMA", "G722", "CN":
		return c, err == nil && rate == 8000
	case "OPUS":
		return c, err == nil && rate == 48000
	case events:
		return c, err == nil && rate > 0 && rate <= 96000
	}
	return codec{}, false
}
