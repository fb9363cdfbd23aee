package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/nodes"
)

// Nodes is what the door asks about the servers that phones register at; nodes.Service is one.
type Nodes interface {
	List(ctx context.Context) ([]nodes.Node, error)
	Node(ctx context.Context, name nodes.Name) (nodes.Node, error)
	Drain(ctx context.Context, name nodes.Name, by nodes.By) error
	Resume(ctx context.Context, name nodes.Name, by nodes.By) error
	Forget(ctx context.Context, name nodes.Name, by nodes.By) error
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

type nodeOutput struct{ Body nodeWire }

// NodeInput names a server.
type NodeInput struct {
	Name string `path:"name"`
}

// nodeRoutes are about the servers themselves. All partners share them, so that the operator alone changes them: by `dialtone nodes`, or here, as an administrator
// of the organisation that the server was told is the operator's.
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
	const one = "/hub/v1/nodes/{name}"
	route(s, operation{"drainNode", http.MethodPost, one + "/drain", "Move phones away from a server: they try it last from their next look-up on", 0, customer.ScopeNodesWrite}, s.changeNode(Nodes.Drain))
	route(s, operation{"resumeNode", http.MethodPost, one + "/resume", "Let phones come to a server again", 0, customer.ScopeNodesWrite}, s.changeNode(Nodes.Resume))
	route(s, operation{"forgetNode", http.MethodDelete, one, "Remove a server that won't come back", http.StatusNoContent, customer.ScopeNodesWrite},
		func(ctx context.Context, in *NodeInput) (*struct{}, error) {
			name, by, err := s.operator(ctx, in)
			if err != nil {
				return nil, err
			}
			return nil, s.Nodes.Forget(ctx, name, by)
		})
}

// changeNode makes a handler that changes a server, and answers with it.
func (s *Server) changeNode(change func(Nodes, context.Context, nodes.Name, nodes.By) error) func(context.Context, *NodeInput) (*nodeOutput, error) {
	return func(ctx context.Context, in *NodeInput) (*nodeOutput, error) {
		name, by, err := s.operator(ctx, in)
		if err != nil {
			return nil, err
		}
		if err := change(s.Nodes, ctx, name, by); err != nil {
			return nil, err
		}
		n, err := s.Nodes.Node(ctx, name)
		return &nodeOutput{wireNode(n)}, err
	}
}

// operator lets the operator's administrators pass, with the server that they name. For others there is nothing to be changed: fault.NotFound.
func (s *Server) operator(ctx context.Context, in *NodeInput) (nodes.Name, nodes.By, error) {
	actor := actorOf(ctx)
	if s.operatedBy == "" || actor.Partner != s.operatedBy || actor.Role != customer.RoleFullPartner {
		return "", nodes.By{}, fault.New(fault.NotFound, "There is no node that you may change: only full administrators of the operator (dialtone serve --operator) may.")
	}
	name, err := nodes.KnownName(in.Name)
	return name, nodes.By{Partner: string(actor.Partner), Email: actor.Email}, err
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
