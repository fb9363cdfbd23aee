// Package nodes says which servers answer phones: the nodes of one installation, in which order phones should try them, and which of them are being
// emptied.
//
// It owns the rules about nodes: what a node says of itself, when one that is silent is tried last, and what draining does. It never talks to another
// node: each keeps its own row alive in the database that all share. Start at Service; the package zone makes DNS records of Nodes.
package nodes

import (
	"context"
	"log/slog"
	"net/netip"
	"regexp"
	"time"

	"dialtone/fault"
)

const (
	// DefaultPriority is of a node that says nothing else: a lower one is tried first, and among equals each is chosen in proportion to its weight (RFC 2782).
	DefaultPriority = 10
	// drainedPriority is added to a node that is being emptied: it is tried when no other answers.
	drainedPriority = 1000
	// silentPriority is added to a node that isn't heard of: behind those that are being emptied, which do answer.
	silentPriority = 2000
	// maxPriority leaves room for silentPriority in the 16 bits of a record.
	maxPriority = 60_000

	// heartbeat is how often a node says that it is there, and silent after how long without a word it is tried last: three words may be lost. Others see
	// it within another heartbeat, so that phones that look up are led past it 20 seconds, and another for DNS, after its last word.
	heartbeat = 4 * time.Second
	silent    = 16 * time.Second
	// gap is how long a node may be unheard and still judge others: they may have been unheard for a heartbeat longer.
	gap = silent - 2*heartbeat
	// leaveTimeout bounds how long a node that stops takes to say so.
	leaveTimeout = 2 * time.Second
)

// Name is a node's name: a DNS label, lower case.
type Name string

// Node is one server that phones can register at.
type Node struct {
	Name          Name
	Addresses     []netip.Addr // at which phones reach it
	UDP, TCP, TLS uint16       // ports of its SIP doors; 0: closed
	Priority      uint16       // lower is tried first
	Weight        uint16       // share among nodes of one priority; 0 hardly ever
	Draining      bool         // an operator empties it
	Alive         bool         // it was heard of lately, and didn't say that it stops
	Seen          time.Time    // when it was heard of last
}

// TriedAt returns the priority in DNS: the node's own, behind every other while it is being emptied, and last of all while it is silent. A silent one stays
// in DNS, as silence is what others believe of it: it may be cut off from the database alone, or all may have been.
func (n Node) TriedAt() uint16 {
	switch n.State() {
	case StateSilent:
		return n.Priority + silentPriority
	case StateDraining:
		return n.Priority + drainedPriority
	default:
		return n.Priority
	}
}

// State is how a node stands to phones.
type State string

// The states of a node.
const (
	StateServing  State = "serving"
	StateDraining State = "draining" // phones try it behind those that serve
	StateSilent   State = "silent"   // it stopped, or isn't heard of: phones try it last
)

// State returns how the node stands to phones.
func (n Node) State() State {
	switch {
	case !n.Alive:
		return StateSilent
	case n.Draining:
		return StateDraining
	default:
		return StateServing
	}
}

// label is what a name may be: a DNS label of letters, digits and hyphens (RFC 1123 section 2.1).
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// KnownName returns a name that somebody wrote: fault.NotFound for what couldn't be a node's.
func KnownName(text string) (Name, error) {
	if !label.MatchString(text) {
		return "", fault.New(fault.NotFound, "There is no such node.")
	}
	return Name(text), nil
}

// Check refuses a node that couldn't be a record: fault.Invalid, naming the field.
func (n Node) Check() error {
	switch {
	case !label.MatchString(string(n.Name)):
		return fault.InvalidField("name", "%q is no name of a node: write up to 63 lower-case letters, digits and hyphens", string(n.Name))
	case n.Priority > maxPriority:
		return fault.InvalidField("priority", "%d isn't between 0 and %d", n.Priority, maxPriority)
	case len(n.Addresses) == 0:
		return fault.InvalidField("addresses", "The node %s has no address at which phones reach it.", n.Name)
	}
	for _, a := range n.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return fault.InvalidField("addresses", "%s is no address that a phone can reach", a)
		}
	}
	return nil
}

// Store keeps nodes. They belong to the installation and to no tenant. Every method that changes what DNS says raises the zone's serial number in the same
// transaction.
type Store interface {
	// AnyTenantNodes lists all nodes by name.
	AnyTenantNodes(ctx context.Context) ([]Node, error)
	// AnyTenantAnnounce keeps what a node says of itself and that it is alive. Whether it is being emptied stays as it was.
	AnyTenantAnnounce(ctx context.Context, n Node) error
	// AnyTenantSilence marks the nodes that were heard of last before a time as not alive, and returns how many were.
	AnyTenantSilence(ctx context.Context, before time.Time) (int, error)
	// AnyTenantLeave marks one node as not alive; nothing for one that isn't there.
	AnyTenantLeave(ctx context.Context, name Name) error
	// AnyTenantDrain says whether a node is being emptied, and notes who did it; fault.NotFound.
	AnyTenantDrain(ctx context.Context, name Name, draining bool, act Act) error
	// AnyTenantForget removes a node, and notes who did it; fault.NotFound.
	AnyTenantForget(ctx context.Context, name Name, act Act) error
}

// By is who changes a node, by way of the API. The zero value is the operator on the machine itself, who is in nobody's log.
type By struct {
	Partner string // organisation whose log it goes into
	Email   string // of the administrator
}

// Act is a change of a node, for the log.
type Act struct {
	By
	Time time.Time
}

// Directory is what DNS reads.
type Directory interface {
	// AnyTenantNodes lists all nodes by name.
	AnyTenantNodes(ctx context.Context) ([]Node, error)
	// AnyTenantHasSIPDomain reports whether some customer has a SIP domain; in lower case without a final dot.
	AnyTenantHasSIPDomain(ctx context.Context, domain string) (bool, error)
	// AnyTenantSIPDomains lists the SIP domains that customers have, in the order of their names: at most limit of them behind after.
	AnyTenantSIPDomains(ctx context.Context, after string, limit int) ([]string, error)
	// AnyTenantZoneSerial returns how often what DNS says has changed, counted from 1 and modulo 2^32 (RFC 1982). A change is committed together with its
	// number, so that whoever reads the number first and everything else afterwards misses nothing up to it.
	AnyTenantZoneSerial(ctx context.Context) (uint32, error)
}

// Config is what a Service needs.
type Config struct {
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
}

// Service knows the nodes. It is safe for concurrent use.
type Service struct{ Config }

// NewService makes a Service.
func NewService(c Config) *Service { return &Service{c} }

// List returns all nodes by name.
func (s *Service) List(ctx context.Context) ([]Node, error) { return s.Store.AnyTenantNodes(ctx) }

// Drain moves phones away from a node: at their next look-up, at the latest when what they looked up before has expired, they find the others first. fault.NotFound.
func (s *Service) Drain(ctx context.Context, name Name, by By) error {
	return s.Store.AnyTenantDrain(ctx, name, true, s.act(by))
}

// Resume ends what Drain began; fault.NotFound.
func (s *Service) Resume(ctx context.Context, name Name, by By) error {
	return s.Store.AnyTenantDrain(ctx, name, false, s.act(by))
}

func (s *Service) act(by By) Act { return Act{By: by, Time: s.Now()} }

// Node returns one node; fault.NotFound.
func (s *Service) Node(ctx context.Context, name Name) (Node, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Node{}, err
	}
	for _, n := range all {
		if n.Name == name {
			return n, nil
		}
	}
	return Node{}, fault.New(fault.NotFound, "There is no such node.")
}

// Forget removes a node that won't come back: fault.NotFound, and fault.Conflict while it still says that it is there.
func (s *Service) Forget(ctx context.Context, name Name, by By) error {
	all, err := s.List(ctx)
	if err != nil {
		return err
	}
	for _, n := range all {
		if n.Name == name && n.Alive && s.Now().Sub(n.Seen) < silent {
			return fault.New(fault.Conflict, "The node %s is running: stop it first, or drain it.", name)
		}
	}
	return s.Store.AnyTenantForget(ctx, name, s.act(by))
}

// Announce keeps what this node says of itself. fault.Invalid when it couldn't be a record.
func (s *Service) Announce(ctx context.Context, self Node) error {
	if err := self.Check(); err != nil {
		return err
	}
	self.Alive, self.Seen = true, s.Now()
	return s.Store.AnyTenantAnnounce(ctx, self)
}

// Run keeps this node alive, and marks those that went silent, until ctx ends; then it says that this one stops, so that phones are led elsewhere while
// its doors still finish what is under way. What the database doesn't take is said again soon.
func (s *Service) Run(ctx context.Context, self Node) error {
	ticks := time.NewTicker(heartbeat)
	defer ticks.Stop()
	heard := s.Now() // since when this node has been heard without a gap
	var last time.Time
	for {
		began := s.Now()
		if began.Sub(last) > gap {
			heard = began
		}
		err := s.beat(ctx, self, began.Sub(heard) >= silent)
		if err == nil {
			last = began
		} else if ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "this node couldn't say that it is there", "node", string(self.Name), "error", err)
		}
		select {
		case <-ctx.Done():
			return s.leave(ctx, self.Name)
		case <-ticks.C:
		}
	}
}

// beat says that this node is there. Only who was heard all the while judges the others: after an outage of the database that all saw, all are equally
// silent, and the first one back would send every phone to itself.
func (s *Service) beat(ctx context.Context, self Node, judges bool) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	if err := s.Announce(ctx, self); err != nil || !judges {
		return err
	}
	gone, err := s.Store.AnyTenantSilence(ctx, s.Now().Add(-silent))
	if gone > 0 {
		s.Logger.WarnContext(ctx, "nodes went silent: phones are led to them last", "nodes", gone)
	}
	return err
}

// leave says that this node stops. Where that fails, its silence says so.
func (s *Service) leave(ctx context.Context, name Name) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if err := s.Store.AnyTenantLeave(ctx, name); err != nil {
		s.Logger.WarnContext(ctx, "this node couldn't say that it stops", "node", string(name), "error", err)
	}
	return nil
}
