package adminapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
)

// changeWire is one change of a device, in the feed and in what webhooks send.
type changeWire struct {
	ID       string         `json:"id" doc:"Of the event: the same wherever it is shown"`
	Time     string         `json:"time"`
	Kind     string         `json:"kind" example:"device.revised"`
	DeviceID string         `json:"deviceId" doc:"The device may be gone"`
	OrgID    string         `json:"orgId"`
	Actor    string         `json:"actor" doc:"Who did it: an administrator's e-mail address, or system"`
	Revision int64          `json:"revision,omitempty" doc:"Of the device's configuration, where the change made a new one"`
	Data     map[string]any `json:"data" doc:"Facts; never a secret"`
}

func wireChange(e customer.Event) changeWire {
	w := changeWire{
		ID: strconv.FormatInt(e.ID, 10), Time: timestamp(e.Time), Kind: string(e.Kind), DeviceID: encodeID(kindDevice, e.Device),
		OrgID: encodeID(kindOrganization, e.Tenant.Customer), Actor: e.Actor, Revision: e.Revision(), Data: e.Data,
	}
	if w.Data == nil {
		w.Data = map[string]any{}
	}
	return w
}

// The sizes of a page of the feed: what isn't asked for, and the most. Its readers are programs that catch up.
const (
	defaultChanges = 100
	mostChanges    = 500
)

// fromNow is what a client says that wants none of what has been.
const fromNow = "now"

type changesInput struct {
	InOrg
	After string `query:"after" doc:"The next of an earlier page; now: begin with what comes from now on; absent: from the beginning"`
	Max   string `query:"max" doc:"Changes of a page: 1 or more; above 500 means 500" example:"100"`
}

type changesOutput struct {
	Body struct {
		Items []changeWire `json:"items" doc:"The oldest first"`
		Next  string       `json:"next" doc:"Where to go on: it is good for ever, also when there is nothing behind it yet"`
	}
}

// most reads the size of a page.
func (in *changesInput) most() (int, error) {
	if in.Max == "" {
		return defaultChanges, nil
	}
	n, err := strconv.Atoi(in.Max)
	if err != nil || n < 1 {
		return 0, fault.InvalidField("max", "must be a whole number from 1; it is %.40q", in.Max)
	}
	return min(n, mostChanges), nil
}

func (s *Server) changeRoutes() {
	route(s, operation{"listDeviceChanges", http.MethodGet, "/hub/v1/devices/changes", "What happened to devices, the oldest first, each once, to be followed", 0, customer.ScopeDevicesRead}, s.changes)
}

func (s *Server) changes(ctx context.Context, in *changesInput) (*changesOutput, error) {
	most, err := in.most()
	if err != nil {
		return nil, err
	}
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	out := &changesOutput{}
	out.Body.Items = []changeWire{}
	if in.After == fromNow {
		place, err := s.Customers.LatestChange(ctx, tenant)
		out.Body.Next = formatPlace(place)
		return out, err
	}
	place, err := parsePlace("after", in.After)
	if err != nil {
		return nil, err
	}
	list, err := s.Customers.Changes(ctx, tenant, place, most)
	for _, c := range list {
		out.Body.Items = append(out.Body.Items, wireChange(c.Event))
		place = c.Place
	}
	out.Body.Next = formatPlace(place)
	return out, err
}

// placeVersion begins a cursor of the feed, so that another form can follow this one.
const placeVersion = "1"

// formatPlace writes a place in the feed as a cursor.
func formatPlace(c customer.EventCursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(placeVersion + "." + strconv.FormatInt(c.Transaction, 10) + "." + strconv.FormatInt(c.ID, 10)))
}

// maxPlace bounds a cursor on the wire, in bytes: ours have at most 55.
const maxPlace = 64

// parsePlace reads what formatPlace wrote; "" is the beginning. fault.Invalid for everything else: it is never taken for some other place.
func parsePlace(field, text string) (customer.EventCursor, error) {
	if text == "" {
		return customer.EventCursor{}, nil
	}
	bad := fault.InvalidField(field, "isn't a cursor of ours: send the next of an earlier page as it was, or now; it is %.80q", text)
	if len(text) > maxPlace {
		return customer.EventCursor{}, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return customer.EventCursor{}, bad
	}
	parts := strings.Split(string(raw), ".")
	if len(parts) != 3 || parts[0] != placeVersion {
		return customer.EventCursor{}, bad
	}
	transaction, badTransaction := strconv.ParseInt(parts[1], 10, 64)
	id, badID := strconv.ParseInt(parts[2], 10, 64)
	place := customer.EventCursor{Transaction: transaction, ID: id}
	if badTransaction != nil || badID != nil || transaction < 0 || id < 0 || formatPlace(place) != text {
		return customer.EventCursor{}, bad
	}
	return place, nil
}

// ChangeJSON writes a change as the body of a webhook: the kind, when it happened, and the item as the feed has it.
func ChangeJSON(e customer.Event) ([]byte, error) {
	return json.Marshal(struct {
		Type      string     `json:"type"`
		Timestamp string     `json:"timestamp"`
		Data      changeWire `json:"data"`
	}{string(e.Kind), timestamp(e.Time), wireChange(e)})
}
