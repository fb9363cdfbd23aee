package provisioning

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"dialtone/digest"
	"dialtone/fault"
)

// UpstreamTold is what a partner's own registrar was told of a binding, kept with it so that a restart and another node know it.
type UpstreamTold struct {
	Key     string    // of what it was told; "": nothing
	At      time.Time // when it was told
	Until   time.Time // how long it holds there
	Refresh time.Time // when it is told again
	Said    string    // header fields of its answer that are for the phone, as lines; at most 2 kB
}

// Rules that decide a registration which is handed on, as the boot trace names them.
const (
	RuleUpstreamAway    = "the partner's own registrar doesn't answer"
	RuleUpstreamRefused = "the partner's own registrar refused the line"
)

// Line returns the line with a SIP identity, without any proof: fault.NotFound when there is none.
func (s *Service) Line(ctx context.Context, domain, user string) (LineOwner, error) {
	return s.store.AnyTenantLine(ctx, strings.ToLower(domain), strings.ToLower(user))
}

// LineAt returns the line with a SIP identity that is registered over a transport from an address now; fault.NotFound when it isn't.
func (s *Service) LineAt(ctx context.Context, domain, user, transport string, source netip.AddrPort) (LineOwner, error) {
	line, err := s.Line(ctx, domain, user)
	if err != nil {
		return LineOwner{}, err
	}
	bindings, err := s.store.Bindings(ctx, line.Tenant(), line.Device, s.now())
	if err != nil {
		return LineOwner{}, err
	}
	for _, b := range bindings {
		if b.Line == line.ID && b.Transport == transport && b.Source == source {
			return line, nil
		}
	}
	return LineOwner{}, fault.New(fault.NotFound, "The line isn't registered from there.")
}

// HA1For gives what proves a line's password to a registrar that names a realm. The errors are of the keyring.
func (s *Service) HA1For(line LineOwner) func(digest.Algorithm, string) (string, error) {
	return s.ha1For(line.Line)
}

// RecordUpstream notes in the boot trace that a registration which was handed on didn't succeed: the registrar is away, or refused the line with a status.
func (s *Service) RecordUpstream(r RegisterRequest, answer string, refused bool) {
	e := TraceEntry{
		Device: r.Line.Device, Door: doorSIP, Peer: r.Source.Addr(), Request: r.said(), Answer: answer, Rule: RuleUpstreamAway, UserAgent: r.UserAgent, Proof: ProofDigest,
	}
	if refused {
		e.Rule = RuleUpstreamRefused
	}
	s.Record(e)
}

// CountRefused counts a wrong proof that somebody else judged, as VerifySIP counts its own: who goes on guessing gets no answer.
func (s *Service) CountRefused(ctx context.Context, p SIPProof, known bool) {
	domain, user := strings.ToLower(p.Domain), strings.ToLower(p.UserName)
	place := sipPlace(p.Peer.Addr(), user, domain)
	s.failures.Count(place)
	if s.guard.failed(p.Peer.Addr(), user+"@"+domain, place, known) {
		s.logger.WarnContext(ctx, "an address that tries one SIP user after another gets no answer for a while", "peer", p.Peer.Addr(), "for", banLength)
	}
}

// MayTry reports how long somebody must wait before another proof of theirs is looked at, 0 for not at all.
func (s *Service) MayTry(p SIPProof) time.Duration {
	domain, user := strings.ToLower(p.Domain), strings.ToLower(p.UserName)
	place := sipPlace(p.Peer.Addr(), user, domain)
	return max(s.failures.Wait(place), s.guard.wait(user+"@"+domain, place))
}

// CountProven notes a right proof that somebody else judged.
func (s *Service) CountProven(p SIPProof) {
	s.guard.proved(sipPlace(p.Peer.Addr(), strings.ToLower(p.UserName), strings.ToLower(p.Domain)))
}
