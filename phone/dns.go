package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// errNoRecords says that the name exists without such records, or doesn't exist: in both cases the answer is final, and there is nothing.
var errNoRecords = errors.New("no such records")

// service is an SRV record (RFC 2782).
type service struct {
	target           string
	port             int
	priority, weight int
}

// pointer is a NAPTR record that names an SRV record (RFC 3263 4.1).
type pointer struct {
	service           string // e.g. SIP+D2U
	replacement       string // name of the SRV record
	order, preference int
}

// resolver is what a phone asks for names. Every method fails with errNoRecords when the answer is that there are none.
type resolver interface {
	addresses(ctx context.Context, host string) ([]netip.Addr, error)
	services(ctx context.Context, name string) ([]service, error) // by priority, then by weight, the heaviest first
	pointers(ctx context.Context, domain string) ([]pointer, error)
	knowsPointers() bool // whether pointers can be asked for at all
	String() string      // who is asked
}

// newResolver asks the given server, or the system's resolver when there is none.
func newResolver(server string, timeout time.Duration) (resolver, bool) {
	if server == "" {
		return systemResolver{}, true
	}
	host, port, ok := splitHost(server)
	if !ok {
		return nil, false
	}
	if port == 0 {
		port = 53
	}
	return &wireResolver{server: net.JoinHostPort(host, strconv.Itoa(port)), timeout: timeout}, true
}

// systemResolver asks as the machine does. It can't ask for NAPTR.
type systemResolver struct{}

func (systemResolver) String() string      { return "the system's resolver" }
func (systemResolver) knowsPointers() bool { return false }

func (systemResolver) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, systemError(host, err)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() }) // IPv4 first, as desk phones do
	return found, nil
}

func (systemResolver) services(ctx context.Context, name string) ([]service, error) {
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "", "", name)
	if err != nil {
		return nil, systemError(name, err)
	}
	var found []service
	for _, r := range records {
		found = append(found, service{target: strings.TrimSuffix(r.Target, "."), port: int(r.Port), priority: int(r.Priority), weight: int(r.Weight)})
	}
	return usable(found)
}

func (systemResolver) pointers(context.Context, string) ([]pointer, error) { return nil, errNoRecords }

func systemError(name string, err error) error {
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return fmt.Errorf("%s: %w", name, errNoRecords)
	}
	return fmt.Errorf("looking up %s: %s", name, inWords(err))
}

// wireResolver asks one DNS server, over UDP and, for answers that don't fit, TCP.
type wireResolver struct {
	server  string
	timeout time.Duration
}

func (r *wireResolver) String() string      { return r.server }
func (r *wireResolver) knowsPointers() bool { return true }

// longestChain bounds how many CNAME records are followed.
const longestChain = 5

func (r *wireResolver) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") { // never asked for on the wire (RFC 6761 6.3)
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
	}
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} { // IPv4 first, as desk phones do
		found, err := r.addressesOf(ctx, host, kind)
		if err == nil || !errors.Is(err, errNoRecords) {
			return found, err
		}
	}
	return nil, fmt.Errorf("%s: %w", host, errNoRecords)
}

func (r *wireResolver) addressesOf(ctx context.Context, host string, kind uint16) ([]netip.Addr, error) {
	for range longestChain {
		answer, err := r.ask(ctx, host, kind)
		if err != nil {
			return nil, err
		}
		var found []netip.Addr
		next := ""
		for _, record := range answer {
			switch record := record.(type) {
			case *dns.A:
				found = appendIP(found, record.A)
			case *dns.AAAA:
				found = appendIP(found, record.AAAA)
			case *dns.CNAME:
				next = record.Target
			}
		}
		if len(found) > 0 {
			return found, nil
		}
		if next == "" {
			return nil, fmt.Errorf("%s: %w", host, errNoRecords)
		}
		host = next
	}
	return nil, fmt.Errorf("%s: more than %d aliases in a row", host, longestChain)
}

func appendIP(to []netip.Addr, ip net.IP) []netip.Addr {
	if a, ok := netip.AddrFromSlice(ip); ok {
		return append(to, a.Unmap())
	}
	return to
}

func (r *wireResolver) services(ctx context.Context, name string) ([]service, error) {
	answer, err := r.ask(ctx, name, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	var found []service
	for _, record := range answer {
		if srv, ok := record.(*dns.SRV); ok {
			found = append(found, service{
				target: strings.TrimSuffix(srv.Target, "."), port: int(srv.Port), priority: int(srv.Priority), weight: int(srv.Weight),
			})
		}
	}
	return usable(found)
}

// usable sorts records in the order in which they are tried, and drops those that no request can go to. Heavier records come first instead of
// by lot (RFC 2782), so that a run can be repeated. A single "." means that the service isn't there.
func usable(found []service) ([]service, error) {
	found = slices.DeleteFunc(found, func(s service) bool { return s.port == 0 || !validHost(s.target) })
	if len(found) == 0 {
		return nil, errNoRecords
	}
	slices.SortStableFunc(found, func(a, b service) int {
		if a.priority != b.priority {
			return a.priority - b.priority
		}
		return b.weight - a.weight
	})
	return found, nil
}

func (r *wireResolver) pointers(ctx context.Context, domain string) ([]pointer, error) {
	answer, err := r.ask(ctx, domain, dns.TypeNAPTR)
	if err != nil {
		return nil, err
	}
	var found []pointer
	for _, record := range answer {
		if n, ok := record.(*dns.NAPTR); ok && strings.EqualFold(n.Flags, "s") {
			found = append(found, pointer{
				service: strings.ToUpper(n.Service), replacement: strings.TrimSuffix(n.Replacement, "."), order: int(n.Order), preference: int(n.Preference),
			})
		}
	}
	if len(found) == 0 {
		return nil, errNoRecords
	}
	slices.SortStableFunc(found, func(a, b pointer) int {
		if a.order != b.order {
			return a.order - b.order
		}
		return a.preference - b.preference
	})
	return found, nil
}

// ask sends one question and returns the answer section.
func (r *wireResolver) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	question := new(dns.Msg)
	question.SetQuestion(dns.Fqdn(name), kind)
	question.SetEdns0(1232, false) // what fits into one packet everywhere
	for _, network := range []string{"udp", "tcp"} {
		client := &dns.Client{Net: network, Timeout: r.timeout, UDPSize: 1232}
		answer, _, err := client.ExchangeContext(ctx, question, r.server)
		if err != nil {
			return nil, fmt.Errorf("the DNS server %s gives no answer over %s (%s)", r.server, network, inWords(err))
		}
		if answer.Truncated && network == "udp" {
			continue
		}
		switch answer.Rcode {
		case dns.RcodeSuccess:
			return answer.Answer, nil
		case dns.RcodeNameError:
			return nil, fmt.Errorf("%s: %w", name, errNoRecords)
		}
		return nil, fmt.Errorf("%s answers %s for %s", r.server, dns.RcodeToString[answer.Rcode], name)
	}
	return nil, fmt.Errorf("%s: %w", name, errNoRecords)
}
