package adminapi

import (
	"cmp"
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// unknownWire is a MAC address that asked and that nobody has.
type unknownWire struct {
	MAC       string   `json:"mac"`
	Vendor    string   `json:"vendor,omitempty" doc:"Whose address block it is of, where that is known"`
	Model     string   `json:"model,omitempty" doc:"As its user agent says"`
	UserAgent string   `json:"userAgent" doc:"As it was sent, control characters escaped: text, never markup"`
	Peer      string   `json:"peer" doc:"Address that it last came from"`
	OrgID     string   `json:"orgId" doc:"Whose address that is"`
	FirstSeen string   `json:"firstSeen"`
	LastSeen  string   `json:"lastSeen"`
	Count     int64    `json:"count" doc:"Requests"`
	Files     []string `json:"files" doc:"Names that it asked for, the first eight"`
}

func wireUnknown(u provisioning.UnknownDevice) unknownWire {
	w := unknownWire{
		MAC: u.MAC.String(), UserAgent: u.UserAgent, OrgID: encodeID(kindOrganization, u.Tenant.Customer), FirstSeen: timestamp(u.First), LastSeen: timestamp(u.Last),
		Count: u.Count, Files: u.Files, Vendor: vendorName(u.MAC),
	}
	if u.Peer.IsValid() {
		w.Peer = u.Peer.String()
	}
	agent := deviceprofiles.ParseAgent(u.UserAgent)
	w.Model, w.Vendor = agent.Model, cmp.Or(w.Vendor, familyVendor(agent.Family))
	if w.Files == nil {
		w.Files = []string{}
	}
	return w
}

// vendorName is who made the phone with an address, as far as its block tells.
func vendorName(mac deviceprofiles.MAC) string {
	for _, family := range deviceprofiles.FamiliesOf(mac) {
		return familyVendor(family)
	}
	return ""
}

func familyVendor(f deviceprofiles.Family) string {
	for _, m := range deviceprofiles.AllModels() {
		if f != "" && m.Family == f {
			return m.Vendor
		}
	}
	return ""
}

// alarmWire is something to look at.
type alarmWire struct {
	ID         string `json:"id"`
	Kind       string `json:"kind" doc:"harvest, fetches_silent, registrations_silent, site_silent, fetches_refused or firmware_loop"`
	Subject    string `json:"subject" doc:"What it is about: an address or block of a run, a location's id, a phone's MAC address"`
	OrgID      string `json:"orgId,omitempty" doc:"Absent for what concerns the partner"`
	LocationID string `json:"locationId,omitempty"`
	Sentence   string `json:"sentence"`
	NextStep   string `json:"nextStep"`
	State      string `json:"state" doc:"open or cleared"`
	Raised     string `json:"raised"`
	LastSeen   string `json:"lastSeen"`
	Cleared    string `json:"cleared,omitempty"`
}

func wireAlarm(a provisioning.Alarm) alarmWire {
	w := alarmWire{
		ID: string(a.ID), Kind: string(a.Kind), Subject: a.Subject, OrgID: encodeID(kindOrganization, a.Tenant.Customer), LocationID: encodeID(kindLocation, a.Location),
		Sentence: a.Sentence, NextStep: a.NextStep, State: "open", Raised: timestamp(a.Raised), LastSeen: timestamp(a.Seen), Cleared: timestamp(a.Cleared),
	}
	if a.Location != "" {
		w.Subject = w.LocationID
	}
	if !a.Open {
		w.State = "cleared"
	}
	return w
}

type watchedInput struct {
	Paging
	InOrg
}

// watchRoutes are about what administrators should look at.
func (s *Server) watchRoutes() {
	route(s, operation{"listUnknownDevices", http.MethodGet, "/hub/v1/devices/unknown", "Phones that asked from your sites and that no device is, the newest first", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *watchedInput) (*listed[unknownWire], error) {
			page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
			if err != nil {
				return nil, err
			}
			list, more, err := s.Devices.UnknownDevices(ctx, tenant, page)
			return answer(&in.Paging, page, list, more, wireUnknown), err
		})
	route(s, operation{"listAlarms", http.MethodGet, "/hub/v1/alarms", "What you should look at, open alarms first", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *watchedInput) (*listed[alarmWire], error) {
			page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
			if err != nil {
				return nil, err
			}
			list, more, err := s.Devices.Alarms(ctx, tenant, page)
			return answer(&in.Paging, page, list, more, wireAlarm), err
		})
}
