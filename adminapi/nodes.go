package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/nodes"
)

// Nodes is what the door asks about the servers that phones register at; nodes.Service is one.
type Nodes interface {
	List(ctx context.Context) ([]nodes.Node, error)
}

// nodeWire is one server.
type nodeWire struct {
	Name      string   `json:"name"`
	State     string   `json:"state" doc:"serving, draining (phones are led elsewhere), or silent (it stopped or isn't heard of, and is tried last)"`
	Priority  int      `json:"priority" doc:"As DNS says it: lower is tried first"`
	Weight    int      `json:"weight"`
	Addresses []string `json:"addresses"`
	Seen      string   `json:"seen"`
}

type nodesOutput struct {
	Body struct {
		Items []nodeWire `json:"items"`
	}
}

// nodeRoutes are about the servers themselves. All partners share them, so that no partner changes them: the operator does, by `dialtone nodes`.
func (s *Server) nodeRoutes() {
	route(s, operation{"listNodes", http.MethodGet, "/hub/v1/nodes", "The servers that phones register at, and how phones try them", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, _ *struct{}) (*nodesOutput, error) {
			all, err := s.Nodes.List(ctx)
			if err != nil {
				return nil, err
			}
			out := &nodesOutput{}
			out.Body.Items = make([]nodeWire, len(all))
			for i, n := range all {
				out.Body.Items[i] = wireNode(n)
			}
			return out, nil
		})
}

func wireNode(n nodes.Node) nodeWire {
	w := nodeWire{
		Name: string(n.Name), State: string(n.State()), Priority: int(n.TriedAt()), Weight: int(n.Weight), Addresses: make([]string, len(n.Addresses)), Seen: timestamp(n.Seen),
	}
	for i, a := range n.Addresses {
		w.Addresses[i] = a.String()
	}
	return w
}
