package zone

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"dialtone/nodes"
)

// World is what there is beside this process. nodes.Directory is one.
type World interface {
	// AnyTenantZoneSerial returns how often what we say has changed, modulo 2^32. A change is seen together with its number or before it, never after it.
	AnyTenantZoneSerial(ctx context.Context) (uint32, error)
	// AnyTenantNodes lists the servers that phones may register at.
	AnyTenantNodes(ctx context.Context) ([]nodes.Node, error)
	// AnyTenantSIPDomains lists the customers' domains in the order of their names, at most limit of them behind after.
	AnyTenantSIPDomains(ctx context.Context, after string, limit int) ([]string, error)
}

const (
	// pollInterval is how often the world is asked whether it has changed: two small reads.
	pollInterval = time.Second
	// believed is how long an answer of the world holds. After that long without one nothing is taken for unchanged.
	believed = 5 * time.Second
	// pollTimeout is how long one such question may take.
	pollTimeout = 3 * time.Second
)

// state is all that answers are made of but for the customers' names. It never changes: a new one takes its place.
type state struct {
	serial    uint32
	layout    *layout
	confirmed time.Time // when the world said so; zero for never
}

// layout is what follows from the configuration and from the nodes.
type layout struct {
	hosts     map[string][]netip.Addr // names of our own below the parent, or the parent itself; no addresses: an empty name (RFC 8020)
	addresses []netip.Addr            // of customers' domains
	services  []service
	nodes     []nodes.Node // that it was made of
}

// service is a SIP transport that is open somewhere, with its place in RFC 3263's order.
type service struct {
	prefix  string // of the SRV name, e.g. _sips._tcp
	field   string // NAPTR services field
	order   uint16 // NAPTR order: the safest transport first
	port    func(nodes.Node) uint16
	targets []target // where it is open
}

// target is one SRV record.
type target struct {
	priority, weight, port uint16
	host                   string
}

// transports are all that there can be.
func transports() []service {
	return []service{
		{prefix: "_sips._tcp", field: "SIPS+D2T", order: 10, port: func(n nodes.Node) uint16 { return n.TLS }},
		{prefix: "_sip._tcp", field: "SIP+D2T", order: 20, port: func(n nodes.Node) uint16 { return n.TCP }},
		{prefix: "_sip._udp", field: "SIP+D2U", order: 30, port: func(n nodes.Node) uint16 { return n.UDP }},
	}
}

// servicesOf are the transports that some node has open.
func servicesOf(all []nodes.Node, host func(nodes.Node) string) []service {
	var out []service
	for _, s := range transports() {
		for _, n := range all {
			if port := s.port(n); port != 0 {
				s.targets = append(s.targets, target{priority: n.TriedAt(), weight: n.Weight, port: port, host: host(n)})
			}
		}
		slices.SortStableFunc(s.targets, func(a, b target) int { return int(a.priority) - int(b.priority) })
		if len(s.targets) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// alone is the layout of a node that is the only one: SRV records point at the public host.
func (s *Server) alone(c Config) *layout {
	self := nodes.Node{Alive: true, UDP: c.Ports.UDP, TCP: c.Ports.TCP, TLS: c.Ports.TLS, Priority: nodes.DefaultPriority}
	edge := edgeLabel + "." + s.parent
	l := &layout{hosts: s.ownHosts(c.Addresses), addresses: c.Addresses}
	l.hosts[edge] = c.Addresses
	goal := edge
	if address, err := netip.ParseAddr(c.Host); err == nil {
		l.hosts[edge] = []netip.Addr{address.Unmap()}
	} else {
		goal = dns.CanonicalName(c.Host)
		s.own(l.hosts, goal, c.Addresses)
	}
	l.services = servicesOf([]nodes.Node{self}, func(nodes.Node) string { return goal })
	return l
}

// ownHosts are the names that are always there: the parent, and the name servers below it.
func (s *Server) ownHosts(addresses []netip.Addr) map[string][]netip.Addr {
	hosts := map[string][]netip.Addr{s.parent: nil}
	for _, n := range s.nameServers {
		if len(n.Addresses) > 0 {
			s.own(hosts, n.Name, n.Addresses)
		} else {
			s.own(hosts, n.Name, addresses)
		}
	}
	return hosts
}

// own adds a name with addresses, if it is below the parent, and the names between, which exist though they hold nothing (RFC 8020).
func (s *Server) own(hosts map[string][]netip.Addr, name string, addresses []netip.Addr) {
	if !dns.IsSubDomain(s.parent, name) {
		return
	}
	hosts[name] = addresses
	for name != s.parent {
		next, _ := dns.NextLabel(name, 0)
		name = name[next:]
		if _, ok := hosts[name]; !ok {
			hosts[name] = nil
		}
	}
}

// together is the layout of several nodes: each is NAME.edge.<parent>, with the addresses that it gave. Those that are silent come last, and aren't among the
// addresses of name servers and domains, where nothing has an order.
func (s *Server) together(all []nodes.Node) *layout {
	if len(all) == 0 {
		return nil
	}
	var first, answering []netip.Addr
	best := slices.MinFunc(all, func(a, b nodes.Node) int { return int(a.TriedAt()) - int(b.TriedAt()) }).TriedAt()
	for _, n := range all {
		if n.Alive {
			answering = append(answering, n.Addresses...)
		}
		if n.TriedAt() == best {
			first = append(first, n.Addresses...)
		}
	}
	if len(answering) == 0 {
		answering = first
	}
	l := &layout{hosts: s.ownHosts(answering), addresses: first, nodes: slices.Clone(all)}
	s.own(l.hosts, edgeLabel+"."+s.parent, first)
	host := func(n nodes.Node) string { return string(n.Name) + "." + edgeLabel + "." + s.parent }
	for _, n := range all {
		s.own(l.hosts, host(n), n.Addresses)
	}
	l.services = servicesOf(all, host)
	return l
}

// sameRecords reports whether the nodes give the records that the layout has.
func (l *layout) sameRecords(all []nodes.Node) bool {
	return slices.EqualFunc(l.nodes, all, func(a, b nodes.Node) bool {
		return a.Name == b.Name && a.UDP == b.UDP && a.TCP == b.TCP && a.TLS == b.TLS && a.TriedAt() == b.TriedAt() && a.Weight == b.Weight && slices.Equal(a.Addresses, b.Addresses)
	})
}

// refresh asks the world and takes over what it says. Where no node ever announced itself, this one is the only one.
func (s *Server) refresh(ctx context.Context) (*state, error) {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	asked := s.now()
	serial, err := s.world.AnyTenantZoneSerial(ctx) // first: what is read after it is at least as new
	if err != nil {
		return nil, err
	}
	all, err := s.world.AnyTenantNodes(ctx)
	if err != nil {
		return nil, err
	}
	before := s.state.Load()
	next := &state{serial: serial, layout: before.layout, confirmed: asked}
	if !before.layout.sameRecords(all) {
		if l := s.together(all); l != nil {
			next.layout = l
		}
	}
	s.state.Store(next)
	if before.serial != serial || before.layout != next.layout || before.confirmed.IsZero() {
		s.wakeNotifiers()
	}
	return next, nil
}

// follow asks the world now and then until ctx ends. While it doesn't answer, what it said last holds.
func (s *Server) follow(ctx context.Context) error {
	ticks := time.NewTicker(pollInterval)
	defer ticks.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, pollTimeout)
		if _, err := s.refresh(asking); err != nil && ctx.Err() == nil {
			s.failures.Do(func() { s.logger.Error("DNS couldn't learn what has changed", "error", err) })
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

// holds reports whether what was true at a serial number still is.
func (s *Server) holds(serial uint32) bool {
	st := s.state.Load()
	return !st.confirmed.IsZero() && st.serial == serial && s.now().Sub(st.confirmed) < believed
}

// serviceOf returns the service whose SRV name this is.
func (l *layout) serviceOf(name string) (service, bool) {
	i := slices.IndexFunc(l.services, func(v service) bool { return strings.HasPrefix(name, v.prefix+".") })
	if i < 0 {
		return service{}, false
	}
	return l.services[i], true
}
