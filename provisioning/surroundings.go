package provisioning

import (
	"context"
	"time"
)

// ServingNode is a server with a name that phones register at, as the others see it.
type ServingNode struct {
	Name  string
	Alive bool      // it was heard of lately
	Seen  time.Time // when it was heard of last
}

// Resolution says whether phones that are told a SIP domain find a registrar by it.
type Resolution string

// The resolutions.
const (
	ResolutionFound    Resolution = "found"     // as far as anybody knows here
	ResolutionNoDomain Resolution = "no_domain" // our zone doesn't have it
	ResolutionNoNode   Resolution = "no_node"   // our zone has it, and names no server that is heard of
)

// Surroundings is what the core asks about the servers and DNS, which aren't its own. The command implements it.
type Surroundings interface {
	// ServingNodes lists the servers that have a name; none where this one is the only one.
	ServingNodes(ctx context.Context) ([]ServingNode, error)
	// Resolution says it of a SIP domain, in lower case.
	Resolution(ctx context.Context, domain string) (Resolution, error)
}

// AnnounceSurroundings says who knows the servers and DNS; without it, nobody does here. Call it before the doors run.
func (s *Service) AnnounceSurroundings(around Surroundings) { s.around = around }

// silentNodes are the servers that aren't heard of, by their name, and when they were heard of last.
func (s *Service) silentNodes(ctx context.Context) (map[string]time.Time, error) {
	if s.around == nil {
		return nil, nil //nolint:nilnil // nobody knows of any
	}
	all, err := s.around.ServingNodes(ctx)
	silent := map[string]time.Time{}
	for _, n := range all {
		if !n.Alive && n.Name != s.node {
			silent[n.Name] = n.Seen
		}
	}
	return silent, err
}

// placed says of bindings which of them came to a node that isn't there.
func (s *Service) placed(ctx context.Context, bindings []BindingView) ([]BindingView, error) {
	silent, err := s.silentNodes(ctx)
	for i, b := range bindings {
		bindings[i].NodeGone = silent[b.Node]
	}
	return bindings, err
}

// unreachable is the binding that ends first, when all there are came to nodes that aren't there.
func unreachable(bindings []BindingView) (BindingView, bool) {
	var first BindingView
	for i, b := range bindings {
		if b.NodeGone.IsZero() {
			return BindingView{}, false
		}
		if i == 0 || b.Expires.Before(first.Expires) {
			first = b
		}
	}
	return first, len(bindings) > 0
}
