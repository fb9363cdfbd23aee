package main

import (
	"context"
	"strings"

	"dialtone/nodes"
	"dialtone/provisioning"
)

// surroundings tells the core of the servers and of DNS.
type surroundings struct{ house *house }

// ServingNodes implements provisioning.Surroundings.
func (s surroundings) ServingNodes(ctx context.Context) ([]provisioning.ServingNode, error) {
	all, err := s.house.nodes.List(ctx)
	out := make([]provisioning.ServingNode, len(all))
	for i, n := range all {
		out[i] = provisioning.ServingNode{Name: string(n.Name), Alive: n.Alive, Seen: n.Seen}
	}
	return out, err
}

// Resolution implements provisioning.Surroundings: what our zone says, wherever it is served from. Where this server has no DNS door and no node has a name,
// somebody else's DNS leads here, of which nothing is known.
func (s surroundings) Resolution(ctx context.Context, domain string) (provisioning.Resolution, error) {
	all, err := s.house.nodes.List(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 && s.house.config.ListenDNS == "" {
		return provisioning.ResolutionFound, nil
	}
	label, below := strings.CutSuffix(domain, "."+strings.ToLower(strings.TrimSuffix(s.house.config.SIPDomain, ".")))
	if !below || label == "" || strings.Contains(label, ".") {
		return provisioning.ResolutionNoDomain, nil
	}
	known, err := s.house.db.Directory().AnyTenantHasSIPDomain(ctx, domain)
	switch {
	case err != nil:
		return "", err
	case !known:
		return provisioning.ResolutionNoDomain, nil
	case !s.answers(all):
		return provisioning.ResolutionNoNode, nil
	}
	return provisioning.ResolutionFound, nil
}

// answers reports whether a server with an open SIP door that SRV records can name is there: this one, where none has a name.
func (s surroundings) answers(all []nodes.Node) bool {
	if len(all) == 0 {
		return s.house.port("sip") != 0 || s.house.port("sips") != 0
	}
	for _, n := range all {
		if n.Alive && len(n.Addresses) > 0 && (n.UDP != 0 || n.TCP != 0 || n.TLS != 0) {
			return true
		}
	}
	return false
}
