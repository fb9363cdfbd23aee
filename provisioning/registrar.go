package provisioning

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/fault"
)

// SIPProof is what a phone showed with a request: who it says it is, and the digest that is to prove it.
type SIPProof struct {
	Domain    string // of the address of record
	UserName  string // of the address of record
	Answer    digest.Answer
	Method    string
	Peer      netip.AddrPort
	Transport string
	UserAgent string
}

// VerifySIP returns the line that a proof belongs to. fault.Denied when there is no such line or the password is wrong: the same answer after
// the same work. fault.Limited after too many wrong proofs for one line from one address; fault.Unavailable when the store doesn't answer.
func (s *Service) VerifySIP(ctx context.Context, p SIPProof) (LineOwner, error) {
	name := lineName{domain: strings.ToLower(p.Domain), user: strings.ToLower(p.UserName)}
	place := sipPlace(p.Peer.Addr(), name.user, name.domain)
	if wait := max(s.failures.Wait(place), s.guard.wait(name.user+"@"+name.domain, place)); wait > 0 {
		s.recordSIP(p, TraceEntry{Answer: fault.Limited.String(), Rule: RuleThrottled})
		e := fault.New(fault.Limited, "Too many wrong credentials. Wait before the next try.")
		e.RetryAfter = wait
		return LineOwner{}, e
	}
	if line, ok := s.recall(name, p); ok {
		s.guard.proved(place)
		return line, nil
	}
	return s.verifyRead(ctx, name, place, p)
}

// recall returns a line that is remembered, if the proof is right for what is remembered of it. Only what Register sees again in its transaction may be
// decided by that.
func (s *Service) recall(name lineName, p SIPProof) (LineOwner, bool) {
	line, ok := s.known.get(name)
	if !ok { // the same work for a line that nobody has
		line.Line = Line{ID: nobodyLine, HA1: s.nobody.ha1}
	}
	ha1, err := s.ha1(line.Line, p.Answer.Algorithm)
	if err != nil || !s.matches(p.Answer, ha1, p.Method) || !ok || p.Method != methodRegister || !name.isOf(p.Answer) {
		return LineOwner{}, false
	}
	line.recalled = &p
	return line, true
}

// methodRegister is the only method whose line may be remembered.
const methodRegister = "REGISTER"

// verifyRead checks a proof with the line as it is in the database.
func (s *Service) verifyRead(ctx context.Context, name lineName, place string, p SIPProof) (LineOwner, error) {
	line, err := s.store.AnyTenantLine(ctx, name.domain, name.user)
	known := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) {
		s.recordSIP(p, TraceEntry{Answer: fault.KindOf(err).String(), Rule: RuleBroken})
		return LineOwner{}, err
	}
	proven, previous, err := s.provesLine(line.Line, known, p)
	if err != nil {
		return LineOwner{}, err
	}
	same := name.isOf(p.Answer)
	line.ByPrevious = previous
	if proven && known && same {
		s.guard.proved(place)
		s.known.put(name, line)
		return line, nil
	}
	s.failures.Count(place)
	if s.guard.failed(p.Peer.Addr(), name.user+"@"+name.domain, place, known) {
		s.logger.WarnContext(ctx, "an address that tries one SIP user after another gets no answer for a while", "peer", p.Peer.Addr(), "for", banLength)
	}
	refused := TraceEntry{Device: line.Device, Answer: "refused", Rule: RuleWrongPassword}
	if !known {
		refused.Rule = RuleUnknownSIP
	}
	s.recordSIP(p, refused)
	return LineOwner{}, fault.New(fault.Denied, "The user name or password is wrong.")
}

// sipPlace is where somebody is tried from.
func sipPlace(peer netip.Addr, user, domain string) string {
	return peer.String() + " " + user + "@" + domain
}

// SIPBanned reports whether an address tried so many SIP users that it gets no answer now; a user that registered from there lately does all the same.
func (s *Service) SIPBanned(peer netip.Addr, user, domain string) bool {
	user, domain = strings.ToLower(user), strings.ToLower(domain)
	if !s.guard.banned(peer, sipPlace(peer, user, domain)) {
		return false
	}
	s.guard.doubt(peer, user, domain)
	return true
}

// recordSIP notes what became of a proof. A user whom nobody knows is a phone that says its MAC address, or one of those at the same address.
func (s *Service) recordSIP(p SIPProof, e TraceEntry) {
	e.Door, e.Peer, e.Request, e.UserAgent, e.Proof = doorSIP, p.Peer.Addr(), p.Method+" over "+p.Transport, p.UserAgent, ProofDigest
	if e.Device == "" {
		e.MAC = deviceprofiles.ParseAgent(p.UserAgent).MAC
	}
	s.Record(e)
}

// RecordUnknownSIP notes a request to register somebody in a domain that isn't there. It never waits and never fails.
func (s *Service) RecordUnknownSIP(method, transport, userAgent string, peer netip.AddrPort) {
	s.recordSIP(SIPProof{Method: method, Transport: transport, UserAgent: userAgent, Peer: peer}, TraceEntry{Answer: fault.NotFound.String(), Rule: RuleUnknownSIP})
}

// Rules that decide a registration, as the boot trace names them.
const (
	RuleRegistered    = "the line's password was right"
	RuleWrongPassword = "the password is not this line's"
	// RulePreviousPassword tells who waits for a phone after a rotation what it waits for.
	RulePreviousPassword = "the line's password before the rotation was right; the phone hasn't fetched the new one yet"
)

// RegisterRequest is a REGISTER that was proven (RFC 3261 section 10.3).
type RegisterRequest struct {
	Line      LineOwner
	CallID    string
	CSeq      uint32
	Wildcard  bool              // Contact: * with Expires: 0
	Contacts  []RegisterContact // none, without Wildcard: a query
	Transport string
	Source    netip.AddrPort
	UserAgent string
	Path      string             // the proxies that the request came through (RFC 3327), "" if none
	Certified deviceprofiles.MAC // what CertifiedMAC said of the connection, zero if nothing
	node      string             // ours
}

// RegisterContact is one contact of a REGISTER.
type RegisterContact struct {
	URI        string
	Expires    time.Duration // 0 removes it
	InstanceID string        // +sip.instance (RFC 5626), "" if none
	RegID      uint32        // which of the instance's flows this is, 0 if it has but one; never without InstanceID
	Q          int           // preference in thousandths
	Upstream   UpstreamTold  // what the partner's own registrar was told; zero where there is none
}

// MaxContacts is the most contacts of one line: a person's desk phone and apps, and the ones that a phone left behind when it got a new address.
const MaxContacts = 10

// Register applies a REGISTER and returns the line's valid bindings, the preferred ones first, once they are stored: many registrations share one commit.
// fault.Limited: more than MaxContacts. fault.Conflict: the CSeq isn't higher than that of the same Call-ID before (RFC 3261 section
// 10.3, steps 6 and 7). fault.NotFound: the line was removed meanwhile. fault.Unavailable: not stored, try again.
func (s *Service) Register(ctx context.Context, r RegisterRequest) ([]Binding, error) {
	r.node = s.node
	bindings, kept, err := s.commits.submit(ctx, r)
	if errors.Is(err, errOutdated) {
		if r.Line, err = s.verifyAgain(ctx, *r.Line.recalled); err != nil {
			return nil, err
		}
		bindings, kept, err = s.commits.submit(ctx, r)
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.Internal || kind == fault.Unavailable) {
		s.Record(TraceEntry{
			Device: r.Line.Device, Door: doorSIP, Peer: r.Source.Addr(), Request: r.said(),
			Answer: kind.String(), Rule: RuleBroken, UserAgent: r.UserAgent, Proof: ProofDigest,
		})
	}
	if err != nil || len(r.Contacts) == 0 && !r.Wildcard {
		return bindings, err
	}
	r.Line.Revision, r.Line.Bell = kept.line.Revision, kept.line.Bell
	s.wake(ctx, r.Line)
	answer, rule, standing := answerRegistered, RuleRegistered, StandingRegistered
	if len(bindings) == 0 {
		answer, standing = answerUnregistered, StandingNone
	}
	switch {
	case r.Line.ByPrevious:
		rule = RulePreviousPassword
	case len(r.Line.PreviousHA1) > 0: // the phone has the new password: the one before has done its duty
		if err := s.store.EndOverlap(ctx, r.Line.Tenant(), r.Line.ID); err != nil {
			s.logger.WarnContext(ctx, "an overlap of two passwords goes on until its deadline", "line", r.Line.ID, "error", err)
		}
	case kept.refresh:
		return bindings, nil
	}
	s.Record(TraceEntry{
		Device: r.Line.Device, Door: doorSIP, Peer: r.Source.Addr(), Request: r.said(),
		Answer: answer, Rule: rule, Revision: r.Line.Revision, UserAgent: r.UserAgent, Proof: ProofDigest, Standing: standing,
	})
	return bindings, nil
}

// verifyAgain checks a proof whose line has changed since it was remembered.
func (s *Service) verifyAgain(ctx context.Context, p SIPProof) (LineOwner, error) {
	name := lineName{domain: strings.ToLower(p.Domain), user: strings.ToLower(p.UserName)}
	s.known.forget(name)
	return s.verifyRead(ctx, name, sipPlace(p.Peer.Addr(), name.user, name.domain), p)
}

// CertifiedMAC returns the address that the certificate of a SIP connection proves, zero for none; the chain has the phone's own first. It is worth asking
// once a connection, as it costs arithmetic. It decides nothing: the password does, and the binding and the trace say what was shown.
func (s *Service) CertifiedMAC(chain []*x509.Certificate) deviceprofiles.MAC {
	if len(chain) == 0 || s.certificates == nil {
		return deviceprofiles.MAC{}
	}
	phone, err := s.certificates.Identify(chain, s.now())
	if err != nil {
		s.logger.Debug("the certificate on a SIP connection doesn't count", "error", err)
		return deviceprofiles.MAC{}
	}
	return phone.MAC
}

// said is what the trace says that the phone asked for.
func (r RegisterRequest) said() string {
	if r.Certified == (deviceprofiles.MAC{}) {
		return "REGISTER over " + r.Transport
	}
	return "REGISTER over " + r.Transport + " with the certificate of " + r.Certified.String()
}

// applyRegister returns what becomes of a line's bindings. It is a pure function: current isn't changed, and the result has the preferred ones first.
func applyRegister(current []Binding, r RegisterRequest, now time.Time) ([]Binding, error) {
	next := make([]Binding, 0, len(current)+len(r.Contacts))
	for _, b := range current {
		if now.Before(b.Expires) {
			next = append(next, b)
		}
	}
	if r.Wildcard {
		for _, b := range next {
			if b.CallID == r.CallID && r.CSeq < b.CSeq {
				return nil, outOfOrder()
			}
		}
		return next[:0], nil
	}
	for _, c := range r.Contacts {
		var err error
		if next, err = applyContact(next, c, r, now); err != nil {
			return nil, err
		}
	}
	if len(next) > MaxContacts {
		e := fault.New(fault.Limited, "The line has %d contacts, the most it can have. Unregister one first.", MaxContacts)
		e.RetryAfter = time.Minute
		return nil, e
	}
	slices.SortFunc(next, compareBindings)
	return next, nil
}

// compareBindings puts what a phone prefers first.
func compareBindings(a, b Binding) int {
	return cmp.Or(cmp.Compare(b.Q, a.Q), strings.Compare(a.Contact, b.Contact), strings.Compare(a.InstanceID, b.InstanceID), cmp.Compare(a.RegID, b.RegID))
}

func applyContact(list []Binding, c RegisterContact, r RegisterRequest, now time.Time) ([]Binding, error) {
	for _, b := range list {
		if c.replaces(b) && b.CallID == r.CallID && r.CSeq < b.CSeq {
			return nil, outOfOrder()
		}
	}
	list = slices.DeleteFunc(list, c.replaces)
	if c.Expires <= 0 {
		return list, nil
	}
	return append(list, Binding{
		Line: r.Line.ID, Contact: c.URI, InstanceID: c.InstanceID, CallID: r.CallID, CSeq: r.CSeq,
		Transport: r.Transport, Source: r.Source, UserAgent: truncate(r.UserAgent, maxUserAgent),
		Node: r.node, Registered: now, Expires: now.Add(c.Expires), RegID: c.RegID, Q: c.Q, Path: r.Path, Certified: r.Certified, Upstream: c.Upstream,
	}), nil
}

// refreshSlot is how often at least a registration is in the trace that is kept alive unchanged. Phones behind NATs refresh every minute or two.
const refreshSlot = 10 * time.Minute

// isRefresh reports whether a registration says nothing that the trace hasn't since the line's current slot began: it keeps alive what is there.
func (r RegisterRequest) isRefresh(current []Binding, now time.Time) bool {
	if r.Wildcard {
		return false
	}
	for _, c := range r.Contacts {
		if !slices.ContainsFunc(current, func(b Binding) bool { return c.refreshes(b, r, now) }) {
			return false
		}
	}
	return true
}

func (c RegisterContact) refreshes(b Binding, r RegisterRequest, now time.Time) bool {
	return c.Expires > 0 && now.Before(b.Expires) && b.Contact == c.URI && b.InstanceID == c.InstanceID && b.RegID == c.RegID &&
		b.Source == r.Source && b.Transport == r.Transport && b.UserAgent == truncate(r.UserAgent, maxUserAgent) && b.Certified == r.Certified && b.Node == r.node &&
		slotOf(b.Line, b.Registered) == slotOf(b.Line, now)
}

// slotOf numbers the slots of a line, which begin at a moment of its own, so that not all phones' refreshes are written at once.
func slotOf(line LineID, at time.Time) int64 {
	begin := fnv.New32a()
	_, _ = begin.Write([]byte(line)) // it never fails
	return (at.UnixMicro() + int64(begin.Sum32())) / refreshSlot.Microseconds()
}

// replaces reports whether a binding ends where the contact is bound or removed. One of several flows of a phone replaces itself alone, and what the
// phone bound before it had flows (RFC 5626 section 6); without flows, it is the same contact, and the same phone at another address.
func (c RegisterContact) replaces(b Binding) bool {
	sameInstance := c.InstanceID != "" && b.InstanceID == c.InstanceID
	if c.RegID != 0 {
		return sameInstance && (b.RegID == c.RegID || b.RegID == 0)
	}
	return sameInstance || b.Contact == c.URI && b.RegID == 0
}

// maxUserAgent bounds what a stranger's header takes of the table, in bytes.
const maxUserAgent = 200

// outOfOrder refuses an older request that comes after a newer one of the same Call-ID. One with an equal CSeq is a retransmission.
func outOfOrder() error {
	return fault.New(fault.Conflict, "A later request of this registration was answered already.")
}
