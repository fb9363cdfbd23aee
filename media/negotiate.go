package media

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dialtone/fault"
)

// Renegotiate answers another offer within the call: hold, resume, another address, new keys. fault.Invalid leaves everything as it was.
func (s *Session) Renegotiate(offer []byte) ([]byte, error) {
	description, p, err := s.desk.read(offer, s.terms)
	if err != nil {
		return nil, err
	}
	return s.answer(description, p)
}

// Description returns what we said last, with the next version: the offer to a re-INVITE that brings none.
func (s *Session) Description() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.local.Version++
	s.offered = true
	return s.local.Bytes()
}

// Accept takes the answer to our offer; without an open offer it does nothing. fault.Invalid when it can't be used.
func (s *Session) Accept(answer []byte) error {
	s.mu.Lock()
	open := s.offered
	s.mu.Unlock()
	if !open {
		return nil
	}
	_, p, err := s.desk.read(answer, s.terms)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.protection == SDES && (s.ours.key.IsZero() || s.ours.suite.name != p.theirs.suite.name) {
		return fault.New(fault.Invalid, "The answer has an SRTP suite that wasn't offered.")
	}
	s.offered = false
	return s.apply(p, p.setup == "passive")
}

// answer makes the answer to an offer and takes the plan.
func (s *Session) answer(offer Description, p plan) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.peer = p.peer.Unmap()
	active := p.setup == "passive"
	if s.ready && s.plan.protection == DTLS && p.protection == DTLS && p.setup == "actpass" && s.rtp.dtls != nil {
		active = s.rtp.dtls.active // the association stays as it is
	}
	attributes, err := s.protectionLines(p, active)
	if err != nil {
		return nil, err
	}
	sections := make([]Section, len(offer.Sections))
	for i, theirs := range offer.Sections {
		sections[i] = Section{Kind: theirs.Kind, Profile: theirs.Profile, Formats: theirs.Formats}
	}
	sections[p.section] = s.section(p, attributes)
	s.local.Sections = sections
	s.local.Version++
	s.offered = false
	return s.local.Bytes(), s.apply(p, active)
}

// section describes our side of a plan.
func (s *Session) section(p plan, protection []Attribute) Section {
	out := Section{Kind: "audio", Port: s.rtp.port(), Profile: p.profile}
	for _, c := range p.codecs {
		out.Formats = append(out.Formats, c.payload)
		if c.mapping != "" {
			out.Attributes = append(out.Attributes, Attribute{"rtpmap", c.payload + " " + c.mapping})
		}
		if c.format != "" {
			out.Attributes = append(out.Attributes, Attribute{"fmtp", c.payload + " " + c.format})
		}
	}
	out.Attributes = append(out.Attributes, protection...)
	if p.mux {
		out.Attributes = append(out.Attributes, Attribute{"rtcp-mux", ""})
	} else {
		out.Attributes = append(out.Attributes, Attribute{"rtcp", strconv.Itoa(int(s.rtcp.port()))})
	}
	if p.reduced {
		out.Attributes = append(out.Attributes, Attribute{"rtcp-rsize", ""})
	}
	out.Attributes = append(out.Attributes, Attribute{p.direction, ""})
	return out
}

// protectionLines are the attributes with our key or fingerprint. A key stays for the call, as long as its suite does.
func (s *Session) protectionLines(p plan, active bool) ([]Attribute, error) {
	switch p.protection {
	case SDES:
		if s.ours.key.IsZero() || s.ours.suite.name != p.theirs.suite.name {
			key, err := newKeyLine(s.desk.config.Random, p.theirs.tag, p.theirs.suite)
			if err != nil {
				return nil, err
			}
			s.ours, s.rtp.out, s.rtcp.out = key, nil, nil
		}
		s.ours.tag = p.theirs.tag
		return []Attribute{s.ours.attribute()}, nil
	case DTLS:
		setup := "passive"
		if active {
			setup = "active"
		}
		return []Attribute{{"fingerprint", fingerprintOf(s.desk.certificate.Certificate[0])}, {"setup", setup}}, nil
	}
	return nil, nil
}

// apply lets a plan begin; the lock is held.
func (s *Session) apply(p plan, active bool) error {
	before, had := s.plan, s.ready
	s.plan, s.ready = p, true
	components := []*component{s.rtp, s.rtcp}
	switch p.protection {
	case SDES:
		for _, c := range components {
			if err := s.key(c, !had || before.theirs != p.theirs || before.protection != SDES); err != nil {
				return err
			}
		}
	case DTLS:
		if had && before.protection == DTLS && before.prints == p.prints && s.rtp.dtls != nil && s.rtp.dtls.active == active {
			return nil
		}
		if p.mux {
			components = components[:1]
		}
		for _, c := range components {
			if c.dtls != nil {
				c.dtls.close()
			}
			c.associate(p, active)
		}
	}
	if had && (before.peer != p.peer || before.rtp != p.rtp) { // they moved, and may come from elsewhere at once
		s.rtp.peer, s.rtcp.peer = netip.AddrPort{}, netip.AddrPort{}
	}
	return nil
}

// key makes the contexts of SDES: theirs when their key is new, ours once.
func (s *Session) key(c *component, fresh bool) (err error) {
	if fresh {
		if c.in, err = s.plan.theirs.context(); err != nil {
			return err
		}
	}
	if c.out == nil {
		c.out, err = s.ours.context()
	}
	return err
}

// offeredCodecs are what a call without an offer is offered.
func offeredCodecs() []codec {
	return []codec{
		{payload: "9", name: "G722", rate: 8000, mapping: "G722/8000"}, {payload: "8", name: "PCMA", rate: 8000, mapping: "PCMA/8000"},
		{payload: "0", name: "PCMU", rate: 8000, mapping: "PCMU/8000"}, {payload: "101", name: events, rate: 8000, mapping: "telephone-event/8000", format: "0-15"},
	}
}

// makeOffer offers keys beside plain RTP over protected signalling, where who doesn't know them passes them over; and where encryption is demanded,
// SRTP alone: by keys in the description if nobody can read that, else by DTLS.
func (s *Session) makeOffer() ([]byte, error) {
	p := plan{profile: "RTP/AVP", codecs: offeredCodecs(), direction: "sendrecv"}
	if s.terms.Demand {
		p.profile = "RTP/SAVP"
	}
	var lines []Attribute
	switch {
	case s.terms.Protected:
		suite, _, _ := suiteNamed("AES_CM_128_HMAC_SHA1_80") // the one that every phone knows
		key, err := newKeyLine(s.desk.config.Random, "1", suite)
		if err != nil {
			return nil, err
		}
		s.ours = key
		lines = []Attribute{key.attribute()}
	case s.terms.Demand:
		p.profile = "UDP/TLS/RTP/SAVP"
		lines = []Attribute{{"fingerprint", fingerprintOf(s.desk.certificate.Certificate[0])}, {"setup", "actpass"}}
	}
	s.local.Sections = []Section{s.section(p, lines)}
	s.local.Version++
	s.offered = true
	return s.local.Bytes(), nil
}

// Summary says how a call is protected, as far as is known by now.
type Summary struct {
	Protection Protection
	Suite      string // of SRTP; "" without it, and with DTLS before its handshake
	Codecs     []string
	OpenKey    bool   // the SRTP key came over signalling that others may read
	Proven     bool   // protected packets came, and were what they should be
	Failure    string // why there are no keys, "" if there are or it isn't known yet
}

// Summary returns how the call is protected.
func (s *Session) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Summary{Protection: cmp.Or(s.plan.protection, Plain), Proven: s.encrypted, Failure: s.failure}
	switch s.plan.protection {
	case SDES:
		out.Suite, out.OpenKey = s.plan.theirs.suite.name, !s.terms.Protected
	case DTLS:
		out.Suite = s.suiteName
	}
	for _, c := range s.plan.codecs {
		if name := strings.ToLower(c.name); !slices.Contains(out.Codecs, name) {
			out.Codecs = append(out.Codecs, name)
		}
	}
	return out
}
