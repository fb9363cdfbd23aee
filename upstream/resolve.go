package upstream

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"dialtone/fault"
)

// How long what DNS said is remembered, and how many addresses of one upstream are tried.
const (
	shortestTTL, longestTTL = 5 * time.Second, time.Hour
	maxTargets              = 8
	// staleFor is how long after its time an answer still serves while DNS doesn't answer.
	staleFor = 24 * time.Hour
)

// found is what DNS said of one upstream.
type found struct {
	targets []netip.AddrPort
	until   time.Time
}

// Targets returns where an upstream is to be asked, the first address first (RFC 3263). What DNS said holds for its TTL, and a day longer while DNS is away.
// fault.Unavailable when it isn't found, fault.Invalid when it is this installation itself.
func (s *Service) Targets(ctx context.Context, setting Setting) ([]netip.AddrPort, error) {
	if a, err := netip.ParseAddr(setting.Host); err == nil {
		return s.notUs([]netip.AddrPort{netip.AddrPortFrom(a, setting.portOrUsual())})
	}
	key, now := setting.Identity(), s.Now()
	s.mu.Lock()
	known, ok := s.targets[key]
	s.mu.Unlock()
	if ok && now.Before(known.until) {
		return s.notUs(known.targets)
	}
	list, ttl, err := s.Resolver.Resolve(ctx, setting)
	if err != nil || len(list) == 0 {
		if ok && now.Before(known.until.Add(staleFor)) {
			return s.notUs(known.targets)
		}
		return nil, fault.Wrap(fault.Unavailable, err, "The name %s of the upstream registrar isn't found.", setting.Host)
	}
	list = list[:min(len(list), maxTargets)]
	s.mu.Lock()
	if len(s.targets) >= rememberMost {
		clear(s.targets)
	}
	s.targets[key] = found{list, now.Add(min(max(ttl, shortestTTL), longestTTL))}
	s.mu.Unlock()
	return s.notUs(list)
}

// dropTargets has the name looked up again; s.mu is held. What was known serves while DNS is away.
func (s *Service) dropTargets(setting Setting) {
	if known, ok := s.targets[setting.Identity()]; ok {
		known.until = s.Now()
		s.targets[setting.Identity()] = known
	}
}

// Demote puts an address of an upstream that didn't answer behind its others, until it is looked up again.
func (s *Service) Demote(setting Setting, at netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := setting.Identity()
	known, ok := s.targets[key]
	i := slices.Index(known.targets, at)
	if !ok || i < 0 || len(known.targets) == 1 {
		return
	}
	known.targets = append(slices.Delete(slices.Clone(known.targets), i, i+1), at)
	s.targets[key] = known
}

// notUs leaves out what is this installation.
func (s *Service) notUs(list []netip.AddrPort) ([]netip.AddrPort, error) {
	out := slices.DeleteFunc(slices.Clone(list), s.isUs)
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "The upstream registrar is this installation itself.")
	}
	return out, nil
}

// Speaks reports whether an address is an upstream's, by what is known of it now.
func (s *Service) Speaks(ctx context.Context, setting Setting, addr netip.Addr) bool {
	list, err := s.Targets(ctx, setting)
	return err == nil && slices.ContainsFunc(list, func(t netip.AddrPort) bool { return t.Addr() == addr })
}

// SystemResolver asks the name servers of /etc/resolv.conf, or others.
type SystemResolver struct {
	Servers []string       // host:port; nil: those of the system
	Random  func() float64 // from 0 to less than 1
}

// resolvTimeout bounds one question to one server.
const resolvTimeout = 2 * time.Second

// fileTTL is how long a name holds that has no TTL.
const fileTTL = 30 * time.Second

// Resolve implements Resolver: NAPTR, then SRV, then addresses (RFC 3263 section 4). With a port, only addresses are asked for.
func (r SystemResolver) Resolve(ctx context.Context, s Setting) ([]netip.AddrPort, time.Duration, error) {
	q := &question{ctx: ctx, servers: r.Servers, ttl: longestTTL}
	if len(q.servers) == 0 {
		config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil {
			return nil, 0, err
		}
		for _, server := range config.Servers {
			q.servers = append(q.servers, net.JoinHostPort(server, config.Port))
		}
	}
	var out []netip.AddrPort
	if s.Port == 0 {
		for _, srv := range ordered(q.services(s), r.Random) {
			if srv.Target != "." {
				out = append(out, q.addresses(srv.Target, srv.Port)...)
			}
		}
	}
	if len(out) == 0 {
		out = q.addresses(s.Host, s.portOrUsual())
	}
	if len(out) == 0 { // it may stand in a file of the system alone
		q.ttl = fileTTL
		for _, a := range q.local(s.Host) {
			out = append(out, netip.AddrPortFrom(a.Unmap(), s.portOrUsual()))
		}
	}
	return out, q.ttl, q.err
}

// local asks the system for a name that DNS doesn't know.
func (q *question) local(host string) []netip.Addr {
	list, err := net.DefaultResolver.LookupNetIP(q.ctx, "ip", host)
	if err == nil {
		q.err = nil
	}
	return list
}

// question is one look-up with its parts.
type question struct {
	ctx     context.Context //nolint:containedctx // lives as long as one look-up
	servers []string
	ttl     time.Duration // the shortest of all answers
	err     error         // the last that failed
}

// services finds the SRV records of an upstream: those that its NAPTR record for the transport names, else those of the usual name.
func (q *question) services(s Setting) []*dns.SRV {
	wanted, usual := map[Transport]string{UDP: "sip+d2u", TCP: "sip+d2t", TLS: "sips+d2t"}, map[Transport]string{UDP: "_sip._udp.", TCP: "_sip._tcp.", TLS: "_sips._tcp."}
	var pointers []*dns.NAPTR
	for _, rr := range q.ask(s.Host, dns.TypeNAPTR) {
		if n, ok := rr.(*dns.NAPTR); ok && strings.EqualFold(n.Service, wanted[s.Transport]) && strings.EqualFold(n.Flags, "s") {
			pointers = append(pointers, n)
		}
	}
	slices.SortFunc(pointers, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	names := make([]string, 0, len(pointers))
	for _, n := range pointers[:min(len(pointers), maxTargets)] {
		names = append(names, n.Replacement)
	}
	if len(names) == 0 {
		names = []string{usual[s.Transport] + s.Host}
	}
	var out []*dns.SRV
	for _, name := range names {
		for _, rr := range q.ask(name, dns.TypeSRV) {
			if srv, ok := rr.(*dns.SRV); ok {
				out = append(out, srv)
			}
		}
	}
	return out[:min(len(out), maxTargets)]
}

// ordered sorts by priority, and within one by weight and chance (RFC 2782).
func ordered(list []*dns.SRV, random func() float64) []*dns.SRV {
	slices.SortStableFunc(list, func(a, b *dns.SRV) int { return cmp.Compare(a.Priority, b.Priority) })
	for i := range list {
		total, last := 0, i
		for ; last < len(list) && list[last].Priority == list[i].Priority; last++ {
			total += int(list[last].Weight)
		}
		at := int(random() * float64(total+1))
		for j := i; j < last; j++ {
			if at -= int(list[j].Weight); at <= 0 {
				list[i], list[j] = list[j], list[i]
				break
			}
		}
	}
	return list
}

// addresses finds the addresses of a name, IPv4 first: most upstreams of IPv6 have both, and many ways to them only one.
func (q *question) addresses(name string, port uint16) []netip.AddrPort {
	var out []netip.AddrPort
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		for _, rr := range q.ask(name, kind) {
			var ip net.IP
			switch r := rr.(type) {
			case *dns.A:
				ip = r.A
			case *dns.AAAA:
				ip = r.AAAA
			}
			if a, ok := netip.AddrFromSlice(ip); ok {
				out = append(out, netip.AddrPortFrom(a.Unmap(), port))
			}
		}
	}
	return out
}

var errNoServer = errors.New("no name server answered")

// ask asks the servers in turn, over UDP, and over TCP for what didn't fit. A name that isn't there is no error.
func (q *question) ask(name string, kind uint16) []dns.RR {
	message := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	message.SetEdns0(1232, false)
	for _, server := range q.servers {
		client := dns.Client{Timeout: resolvTimeout}
		answer, _, err := client.ExchangeContext(q.ctx, message, server)
		if err == nil && answer.Truncated {
			client.Net = "tcp"
			answer, _, err = client.ExchangeContext(q.ctx, message, server)
		}
		if err != nil || answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
			q.err = cmp.Or(err, errNoServer)
			continue
		}
		for _, rr := range answer.Answer {
			q.ttl = min(q.ttl, time.Duration(rr.Header().Ttl)*time.Second)
		}
		q.err = nil
		return answer.Answer
	}
	if q.err == nil {
		q.err = errNoServer
	}
	return nil
}
