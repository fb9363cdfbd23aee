package upstream

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// The kinds of event that happen to settings.
const (
	EventChanged customer.EventKind = "upstream.changed"
	EventDeleted customer.EventKind = "upstream.deleted"
)

// Definition is the input of Set. What is zero gets its usual value.
type Definition struct {
	On          bool
	Address     string // host, or host:port
	Transport   Transport
	CA          string
	Credentials Credentials
	Domain      string
	Expires     time.Duration
	Rate        int
}

// hostName is a DNS name of letters, digits and hyphens (RFC 1123 section 2.1).
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Setting returns the actor's partner's setting in force, its parent's where it has none of its own; inherited says so. fault.NotFound without any.
func (s *Service) Setting(ctx context.Context, actor customer.Actor) (setting Setting, inherited bool, err error) {
	if err := wholePartner(actor); err != nil {
		return Setting{}, false, err
	}
	setting, err = s.Store.UpstreamInForce(ctx, actor.Partner)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "Registrations aren't handed on: no upstream is set.")
	}
	return setting, err == nil && setting.Partner != actor.Partner, err
}

// Set makes a setting the actor's partner's own. fault.Invalid for what breaks a rule, and for an upstream that is this installation itself.
func (s *Service) Set(ctx context.Context, actor customer.Actor, in Definition) (Setting, error) {
	if err := wholePartner(actor); err != nil {
		return Setting{}, err
	}
	setting, err := s.read(in)
	if err != nil {
		return Setting{}, err
	}
	setting.Partner, setting.Changed = actor.Partner, s.Now()
	err = s.Store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		facts := map[string]any{"after": factsOf(setting)}
		before, err := tx.Upstream(ctx, actor.Partner)
		switch {
		case err == nil:
			facts["before"] = factsOf(before)
		case !fault.Is(err, fault.NotFound):
			return err
		}
		if err := tx.SetUpstream(ctx, setting); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, EventChanged, facts)
	})
	s.settings.clear()
	return setting, err
}

// Remove deletes the actor's partner's own setting: from then on its parent's holds, or none. fault.NotFound when it has none.
func (s *Service) Remove(ctx context.Context, actor customer.Actor) error {
	if err := wholePartner(actor); err != nil {
		return err
	}
	err := s.Store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.Upstream(ctx, actor.Partner)
		if err != nil {
			return err
		}
		if err := tx.DeleteUpstream(ctx, actor.Partner); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, EventDeleted, map[string]any{"before": factsOf(before)})
	})
	s.settings.clear()
	return err
}

// wholePartner refuses administrators of one customer: the setting is about all of them.
func wholePartner(actor customer.Actor) error {
	if actor.Org != "" {
		return fault.New(fault.NotFound, "There is no upstream that you may see: it is your partner's.")
	}
	return nil
}

func (s *Service) record(ctx context.Context, tx Tx, actor customer.Actor, kind customer.EventKind, facts map[string]any) error {
	return tx.Record(ctx, customer.Event{Time: s.Now(), Tenant: actor.Tenant(), Actor: actor.Email, Kind: kind, Subject: string(actor.Partner), Data: facts})
}

func factsOf(s Setting) map[string]any {
	return map[string]any{
		"enabled": s.On, "host": s.Address(), "transport": s.Transport, "credentials": s.Credentials, "domain": s.Domain, "expires": int(s.Expires / time.Second), "rate": s.Rate,
		"caCertificates": s.CA != "",
	}
}

// read checks a definition.
func (s *Service) read(in Definition) (Setting, error) {
	out := Setting{On: in.On, Transport: in.Transport, Credentials: in.Credentials, Expires: in.Expires, Rate: in.Rate, CA: strings.TrimSpace(in.CA)}
	out.Domain = strings.ToLower(strings.TrimSuffix(in.Domain, "."))
	if out.Transport == "" {
		out.Transport = UDP
	}
	if out.Credentials == "" {
		out.Credentials = Own
	}
	if out.Expires == 0 {
		out.Expires = DefaultExpires
	}
	if out.Rate == 0 {
		out.Rate = DefaultRate
	}
	var ok bool
	out.Host, out.Port, ok = readAddress(in.Address)
	switch {
	case !ok:
		return out, fault.InvalidField("host", "must be a name or an address, or one with a port, such as sip.example.com or 192.0.2.1:5060")
	case out.Transport != UDP && out.Transport != TCP && out.Transport != TLS:
		return out, fault.InvalidField("transport", "must be udp, tcp or tls")
	case out.Credentials != Own && out.Credentials != Passed:
		return out, fault.InvalidField("credentials", "must be own or passed")
	case out.Domain != "" && (!hostName.MatchString(out.Domain) || len(out.Domain) > 253):
		return out, fault.InvalidField("domain", "must be a domain name")
	case out.Domain != "" && out.Credentials == Passed:
		return out, fault.InvalidField("domain", "can't be replaced while credentials are passed: a phone's proof is for its own domain")
	case out.Expires < MinExpires || out.Expires > MaxExpires:
		return out, fault.InvalidField("expires", "must be from %d to %d seconds", MinExpires/time.Second, MaxExpires/time.Second)
	case out.Rate < 1 || out.Rate > MaxRate:
		return out, fault.InvalidField("rate", "must be from 1 to %d registrations a second", MaxRate)
	case out.CA != "" && (out.Transport != TLS || len(out.CA) > maxCA || !x509.NewCertPool().AppendCertsFromPEM([]byte(out.CA))):
		return out, fault.InvalidField("caCertificates", "must be certificates in PEM of at most 64 kB, and only with the transport tls")
	case s.wouldLoop(out):
		return out, fault.InvalidField("host", "is this installation itself: registrations would be handed on in a circle")
	}
	return out, nil
}

// wouldLoop reports whether a setting names us.
func (s *Service) wouldLoop(in Setting) bool {
	a, err := netip.ParseAddr(in.Host)
	if err != nil {
		return s.isOurName(in.Host)
	}
	return s.isUs(netip.AddrPortFrom(a, in.portOrUsual()))
}

// portOrUsual is the port of an upstream that is an address.
func (s Setting) portOrUsual() uint16 {
	switch {
	case s.Port != 0:
		return uint16(s.Port) //nolint:gosec // G115: read from 16 bits
	case s.Transport == TLS:
		return 5061
	default:
		return 5060
	}
}

// readAddress reads a host with or without a port. Addresses of IPv6 with a port have brackets.
func readAddress(text string) (host string, port int, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	host = text
	if h, p, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return "", 0, false
		}
		host, port = h, int(n)
	}
	host = strings.Trim(strings.TrimSuffix(host, "."), "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().String(), port, a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast()
	}
	return host, port, len(host) <= 253 && hostName.MatchString(host)
}
