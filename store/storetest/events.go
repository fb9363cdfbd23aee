package storetest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// eventsAreListed reads the log back, newest first, by every filter, and each tenant its own.
func eventsAreListed(t *testing.T, f *fixture) {
	ctx, one := t.Context(), tenantOf(f.one)
	event := func(tenant customer.Tenant, kind customer.EventKind, subject string, at time.Time) customer.Event {
		e := customer.Event{Time: at, Tenant: tenant, Actor: "admin@example.com", Kind: kind, Subject: subject, Data: map[string]any{"before": map[string]any{"n": 1.0}}}
		require.NoError(t, f.c.Update(ctx, tenant, func(tx customer.Tx) error { return tx.Record(ctx, e) }))
		return e
	}
	first := event(one, customer.EventCustomerChanged, "a", f.now)
	second := event(one, customer.EventDeviceCreated, "b", f.now.Add(time.Second))
	sibling := event(tenantOf(f.sibling), customer.EventDeviceCreated, "c", f.now.Add(2*time.Second))
	event(tenantOf(f.foe), customer.EventDeviceCreated, "d", f.now)
	partner := customer.Tenant{Partner: f.one.Partner}
	for name, c := range map[string]struct {
		tenant customer.Tenant
		filter customer.EventFilter
		want   []customer.Event
	}{
		"all of a customer": {one, customer.EventFilter{}, []customer.Event{second, first}},
		"all of a partner":  {partner, customer.EventFilter{Actor: "admin@example.com"}, []customer.Event{sibling, second, first}},
		"of a kind":         {partner, customer.EventFilter{Kind: customer.EventDeviceCreated}, []customer.Event{sibling, second}},
		"of a thing":        {partner, customer.EventFilter{Subject: "a"}, []customer.Event{first}},
		"from":              {one, customer.EventFilter{From: second.Time}, []customer.Event{second}},
		"until":             {one, customer.EventFilter{Until: second.Time}, []customer.Event{first}},
		"nobody's":          {one, customer.EventFilter{Actor: "x"}, []customer.Event{}},
	} {
		list, more, err := f.c.Events(ctx, c.tenant, c.filter, everything)
		require.NoError(t, err, name)
		assert.False(t, more, name)
		newer := int64(math.MaxInt64)
		for i := range list {
			assert.Positive(t, list[i].ID, name)
			assert.Less(t, list[i].ID, newer, "ids rise with time")
			newer, list[i].ID = list[i].ID, 0
		}
		assert.Equal(t, c.want, list, name)
	}
}
