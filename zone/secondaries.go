package zone

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"dialtone/fault"
	"dialtone/secret"
)

// Secondary is a name server that copies the zone, such as NSD or Knot.
type Secondary struct {
	Name   string         // for the log
	Notify netip.AddrPort // where it is told of changes; zero: it isn't told, and asks by itself
	From   []netip.Prefix // from where it may copy; none: from Notify's address
	Key    string         // name of its TSIG key; each secondary has one of its own
	Secret secret.Text    // the key, base64 of 16 bytes or more; the algorithm is hmac-sha256
}

// minSecret is the least size of a TSIG key in bytes; RFC 8945 section 8 asks for keys as long as the digest where they are random.
const minSecret = 16

func (s Secondary) check() error {
	raw, err := base64.StdEncoding.DecodeString(s.Secret.Reveal())
	switch {
	case !hostName.MatchString(dns.CanonicalName(s.Key)) || len(s.Key) > 253:
		return fault.InvalidField("Secondaries", "%s: %q is no name of a key", s.Name, s.Key)
	case err != nil || len(raw) < minSecret:
		return fault.InvalidField("Secondaries", "%s: the secret isn't base64 of %d bytes or more", s.Name, minSecret)
	case !s.Notify.IsValid() && len(s.From) == 0:
		return fault.InvalidField("Secondaries", "%s: neither where it is told of changes nor from where it copies is given", s.Name)
	}
	return nil
}

// secondary is a Secondary at work.
type secondary struct {
	Secondary
	key  string        // canonical
	wake chan struct{} // something changed
	busy chan struct{} // a place: one transfer at a time
}

func newSecondaries(all []Secondary) map[string]*secondary {
	out := make(map[string]*secondary, len(all))
	for _, one := range all {
		s := &secondary{Secondary: one, key: dns.CanonicalName(one.Key), wake: make(chan struct{}, 1), busy: make(chan struct{}, 1)}
		if len(s.From) == 0 {
			s.From = []netip.Prefix{netip.PrefixFrom(one.Notify.Addr().Unmap(), one.Notify.Addr().Unmap().BitLen())}
		}
		out[s.key] = s
	}
	return out
}

// mayComeFrom reports whether the secondary may copy from an address.
func (s *secondary) mayComeFrom(peer netip.Addr) bool {
	return slices.ContainsFunc(s.From, func(p netip.Prefix) bool { return p.Contains(peer.Unmap()) })
}

// tsigKeys are the secrets by their names, as the library wants them. Without any, every signature is unknown, and none is believed.
func (s *Server) tsigKeys() map[string]string {
	keys := make(map[string]string, len(s.secondaries))
	for name, one := range s.secondaries {
		keys[name] = one.Secret.Reveal()
	}
	return keys
}

const (
	// tsigFudge is how far apart clocks may be, in seconds (RFC 8945 section 10).
	tsigFudge = 300
	tsigName  = dns.HmacSHA256
)

// signedBy returns the secondary whose signature a request has; nil for one that isn't signed, or not by a key and an algorithm that we know.
func (s *Server) signedBy(w dns.ResponseWriter, request *dns.Msg) *secondary {
	t := request.IsTsig()
	if t == nil || w.TsigStatus() != nil || dns.CanonicalName(t.Algorithm) != tsigName {
		return nil
	}
	return s.secondaries[dns.CanonicalName(t.Hdr.Name)]
}

// sign has an answer signed on its way out, as its request was.
func (s *Server) sign(response *dns.Msg, by *secondary) {
	response.SetTsig(by.key, tsigName, tsigFudge, s.now().Unix())
}

// unsigned is the answer to a signature that isn't good (RFC 8945 section 5.2): NOTAUTH and the reason, without a signature of ours.
func (s *Server) unsigned(request *dns.Msg, status error) *dns.Msg {
	response := new(dns.Msg).SetRcode(request, dns.RcodeNotAuth)
	asked := request.IsTsig()
	reason := uint16(dns.RcodeBadKey)
	switch {
	case s.secondaries[dns.CanonicalName(asked.Hdr.Name)] == nil || dns.CanonicalName(asked.Algorithm) != tsigName:
	case errors.Is(status, dns.ErrTime):
		reason = dns.RcodeBadTime
	default:
		reason = dns.RcodeBadSig
	}
	response.Extra = []dns.RR{&dns.TSIG{
		Hdr:       dns.RR_Header{Name: asked.Hdr.Name, Rrtype: dns.TypeTSIG, Class: dns.ClassANY},
		Algorithm: asked.Algorithm, TimeSigned: uint64(s.now().Unix()), Fudge: tsigFudge, OrigId: request.Id, Error: reason, //nolint:gosec // G115: after 1970
	}}
	return response
}

// wakeNotifiers has every secondary told that something changed.
func (s *Server) wakeNotifiers() {
	for _, one := range s.secondaries {
		select {
		case one.wake <- struct{}{}:
		default: // it will be told anyhow
		}
	}
}

const (
	// notifyPause gathers changes: a secondary is told at most once in that time, however many customers come.
	notifyPause = 2 * time.Second
	// notifyTries and notifyWait bound how often one that doesn't answer is told, with twice the wait each time: 5 times within a minute (RFC 1996 section 3.6).
	notifyTries = 5
	notifyWait  = 2 * time.Second
)
