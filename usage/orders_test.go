package usage_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/usage"
)

func TestWhatEventsSayOfOrders(t *testing.T) {
	t.Parallel()
	event := func(kind customer.EventKind, clock string, data map[string]any) customer.Event {
		return customer.Event{ID: 1, Time: at(t, clock), Tenant: customer.Tenant{Partner: "p", Customer: "acme"}, Kind: kind, Subject: "o1", Data: data}
	}
	ordered := event(customer.EventSetupAssistOrdered, "09:00:00", map[string]any{"service": customer.SetupAssistStandard, "seats": "12", "location": customer.LocationID("hq")})
	cancelled := event(customer.EventSetupAssistCancelled, "10:00:00", map[string]any{"service": customer.SetupAssistStandard})
	again := event(customer.EventSetupAssistCancelled, "11:00:00", nil)
	want := usage.Order{ID: "o1", Customer: "acme", Service: usage.SetupAssistStandard, At: at(t, "09:00:00"), Seats: 12, Location: "hq"}
	kept, err := json.Marshal(ordered.Data)
	require.NoError(t, err)
	ordered.Data = nil
	require.NoError(t, json.Unmarshal(kept, &ordered.Data))
	var said []usage.Order
	for _, e := range []customer.Event{again, ordered, cancelled, ordered} {
		o, ok := usage.OrderOf(e)
		require.True(t, ok)
		said = append(said, o)
	}
	assert.Equal(t, []usage.Order{want}, usage.FoldOrders(said[1:2]))
	want.Cancelled = at(t, "10:00:00")
	assert.Equal(t, []usage.Order{want}, usage.FoldOrders(said), "in any order, and twice")
	assert.Equal(t, []usage.Order{}, usage.FoldOrders(said[:1]), "what wasn't ordered can't be cancelled")
	for name, e := range map[string]customer.Event{
		"another kind": event(customer.EventCustomerCreated, "09:00:00", nil), "another service": event(customer.EventSetupAssistOrdered, "09:00:00", map[string]any{"service": "X"}),
	} {
		_, ok := usage.OrderOf(e)
		assert.False(t, ok, name)
	}
	for _, s := range []usage.Service{usage.SetupAssistExpress, usage.SetupAssistStandard, "WEBEX_CALLING"} {
		assert.Equal(t, s, usage.ServiceOf(s.Package()))
	}
	assert.Equal(t, string(customer.SetupAssistExpress), string(usage.SetupAssistExpress))
}

func TestAnOrderThatIsTakenBackOnItsDayIsntBilled(t *testing.T) {
	t.Parallel()
	span := usage.NewSpan(zone(t, "Europe/Berlin"), day(t, "2026-05-01"), day(t, "2026-05-31"))
	for cancelled, want := range map[string]bool{"2026-05-01T21:59:59Z": false, "2026-05-01T22:00:00Z": true, "2026-05-09T00:00:00Z": true} {
		o := usage.Order{Service: usage.SetupAssistExpress, At: at(t, "08:00:00"), Cancelled: instant(t, cancelled)}
		_, billed := span.OrderRow(accountOf("acme"), o)
		assert.Equal(t, want, billed, cancelled)
	}
}
