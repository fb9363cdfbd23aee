package adminapi

import (
	"context"
	"net/http"
	"net/netip"

	"dialtone/customer"
	"dialtone/provisioning"
)

// SIPBans is what the door asks about addresses that guess at SIP passwords; provisioning.Service is one.
type SIPBans interface {
	SIPBans(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]provisioning.SIPBan, bool, error)
	LiftSIPBan(ctx context.Context, actor customer.Actor, tenant customer.Tenant, address string) error
}

// sipBanWire is a ban on the wire.
type sipBanWire struct {
	Address string `json:"address" doc:"An IPv4 address, or an IPv6 network such as 2001:db8::/64"`
	Peer    string `json:"peer" doc:"Address that it was tried from last"`
	Reason  string `json:"reason"`
	First   string `json:"firstSeen"`
	Last    string `json:"lastSeen"`
	Count   int64  `json:"count" doc:"Tries that were refused or got no answer"`
	Until   string `json:"until"`
}

func wireSIPBan(b provisioning.SIPBan) sipBanWire {
	w := sipBanWire{Address: b.Address.String(), Peer: b.Peer.String(), Reason: b.Reason, First: timestamp(b.First), Last: timestamp(b.Last), Count: b.Count, Until: timestamp(b.Until)}
	if b.Address.Is6() {
		w.Address = netip.PrefixFrom(b.Address, 64).String()
	}
	return w
}

type sipBanInput struct {
	InOrg
	Address string `path:"address" doc:"As listed, without /64" example:"192.0.2.7"`
}

// sipBanRoutes are about addresses that get no answer over SIP. All partners share the registrar: each sees the bans of addresses that its own phones come
// from, and no other's; the operator sees and lifts all of them, by `dialtone bans`.
func (s *Server) sipBanRoutes() {
	route(s, operation{"listSIPBans", http.MethodGet, "/hub/v1/sip/bans", "Addresses of your own sites that get no answer over SIP, as somebody there tried user after user", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *watchedInput) (*listed[sipBanWire], error) {
			page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
			if err != nil {
				return nil, err
			}
			list, more, err := s.Devices.SIPBans(ctx, tenant, page)
			return answer(&in.Paging, page, list, more, wireSIPBan), err
		})
	route(s, operation{"liftSIPBan", http.MethodDelete, "/hub/v1/sip/bans/{address}", "Let an address of your own sites have answers again", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *sipBanInput) (*struct{}, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.LiftSIPBan(ctx, actorOf(ctx), tenant, in.Address)
		})
}
