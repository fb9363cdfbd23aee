package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// target is one place to send a request to.
type target struct {
	transport string
	address   netip.AddrPort
	priority  int    // of the SRV record; lower is tried first
	name      string // that a TLS certificate must carry: the host that was looked for (RFC 5922 7)
}

// mostTargets bounds how many places are tried for one line.
const mostTargets = 8

// sipPort and sipsPort are what stands behind a host without a port (RFC 3261 19.1.2).
const sipPort, sipsPort = 5060, 5061

// locator finds the registrar of a line (RFC 3263).
type locator struct {
	names *addressBook
	how   []string // what was asked and found, in words
}

// locate returns the places to try, best first, and says in words how they were found. Its error is a *StepError.
func locate(ctx context.Context, names *addressBook, l Line) ([]target, string, error) {
	host := l.Domain
	if l.Proxy != "" {
		host = l.Proxy
	}
	finder := &locator{names: names}
	found, err := finder.targets(ctx, l, host)
	if err != nil {
		return nil, "", &StepError{Step: StepLocate, Err: fmt.Errorf("line %d: %w", l.Port, err), Next: nextLocate}
	}
	words := make([]string, len(found))
	for i, t := range found {
		words[i] = t.String()
	}
	finder.note("%s", strings.Join(words, ", then "))
	return found, strings.Join(finder.how, "; "), nil
}

const nextLocate = "Check that the DNS server serves this SIP domain: NAPTR and SRV records, and addresses of the hosts that those name."

func (t target) String() string { return t.address.String() + " over " + t.transport }

func (f *locator) note(format string, args ...any) {
	f.how = append(f.how, fmt.Sprintf(format, args...))
}

func (f *locator) targets(ctx context.Context, l Line, host string) ([]target, error) {
	if _, err := netip.ParseAddr(host); err == nil || !l.Locate {
		return f.byAddress(ctx, host, l.ProxyPort, l.Transport, host)
	}
	services, err := f.serviceNames(ctx, host, l.Transport)
	if err != nil {
		return nil, err
	}
	var found []target
	for _, s := range services {
		more, err := f.byService(ctx, s, host)
		if err != nil {
			return nil, err
		}
		if found = append(found, more...); len(found) >= mostTargets {
			return found[:mostTargets], nil
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	f.note("no SRV record for %s, so its address is taken", host) // RFC 3263 4.2
	return f.byAddress(ctx, host, l.ProxyPort, l.Transport, host)
}

// byAddress looks for addresses alone. Without a transport it is UDP.
func (f *locator) byAddress(ctx context.Context, host string, port int, transport, name string) ([]target, error) {
	if transport == "" {
		transport = udp
	}
	if port == 0 {
		port = sipPort
		if transport == tlsTransport {
			port = sipsPort
		}
	}
	addresses, err := f.names.find(ctx, host)
	if failed, ok := errors.AsType[*StepError](err); ok {
		return nil, failed.Err // the step is another here
	}
	if err != nil {
		return nil, err
	}
	var found []target
	for _, a := range addresses {
		found = append(found, target{transport: transport, address: netip.AddrPortFrom(a, uint16(port)), name: name})
	}
	return found[:min(len(found), mostTargets)], nil
}

// srv is the name of an SRV record, and the transport that it is for.
type srv struct{ name, transport string }

// serviceNames returns the SRV records to ask for: of the transport that the line is told to use, else those that NAPTR names, else all that a
// phone speaks (RFC 3263 4.1).
func (f *locator) serviceNames(ctx context.Context, domain, transport string) ([]srv, error) {
	all := []srv{{"_sip._udp." + domain, udp}, {"_sip._tcp." + domain, tcp}, {"_sips._tcp." + domain, tlsTransport}}
	if transport != "" {
		return slices.DeleteFunc(all, func(s srv) bool { return s.transport != transport }), nil
	}
	if !f.names.resolver.knowsPointers() {
		f.note("%s can't ask for NAPTR, so SRV is asked for at once", f.names.resolver)
		return all, nil
	}
	pointers, err := f.names.resolver.pointers(ctx, domain)
	if errors.Is(err, errNoRecords) {
		f.note("no NAPTR record for %s", domain)
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	var named []srv
	for _, p := range pointers {
		transport, known := map[string]string{"SIP+D2U": udp, "SIP+D2T": tcp, "SIPS+D2T": tlsTransport}[p.service]
		if known && validHost(p.replacement) && len(named) < mostTargets {
			named = append(named, srv{p.replacement, transport})
		}
	}
	if len(named) == 0 {
		return nil, fmt.Errorf("the NAPTR records of %s name no transport that a phone speaks", domain)
	}
	f.note("NAPTR of %s prefers %s", domain, named[0].transport)
	return named, nil
}

func (f *locator) byService(ctx context.Context, s srv, domain string) ([]target, error) {
	records, err := f.names.resolver.services(ctx, s.name)
	if errors.Is(err, errNoRecords) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []target
	for _, r := range records[:min(len(records), mostTargets)] {
		more, err := f.byAddress(ctx, r.target, r.port, s.transport, domain)
		if err != nil {
			return nil, fmt.Errorf("SRV %s names %s: %w", s.name, r.target, err)
		}
		for i := range more {
			more[i].priority = r.priority
		}
		found = append(found, more...)
	}
	f.note("SRV %s is %s:%d", s.name, records[0].target, records[0].port)
	return found, nil
}
