package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/provisioning"
)

// abandonedReadsHoldNothing ends many reads and writes in their midst, then asks each connection of the pool at once: each sees what was committed
// last, as none is left within an old moment.
func abandonedReadsHoldNothing(t *testing.T, f *fixture) {
	tenant := tenantOf(f.one)
	f.write(t, tenant, func(tx provisioning.Tx) error {
		for i := range 150 {
			l := f.oneShop
			l.ID, l.Name = customer.LocationID(id()), fmt.Sprintf("Shop %d", i)
			if err := tx.CreateLocation(t.Context(), l); err != nil {
				return err
			}
		}
		return nil
	})
	for round := range 6 {
		abandon(t, f, tenant)
		one := f.one
		one.ExternalID = fmt.Sprintf("round %d", round)
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetCustomer(t.Context(), one) })
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				got, err := f.c.Customer(t.Context(), one.Partner, one.ID)
				assert.NoError(t, err)
				assert.Equal(t, one.ExternalID, got.ExternalID)
				list, _, err := f.c.Customers(t.Context(), one.Partner, customer.CustomerFilter{ExternalID: one.ExternalID}, everything)
				assert.NoError(t, err)
				assert.Len(t, list, 1)
			})
		}
		all.Wait()
	}
}

// abandon starts reads and writes of many rows and ends each at a moment of its own.
func abandon(t *testing.T, f *fixture, tenant customer.Tenant) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
			defer cancel()
			for ctx.Err() == nil {
				_, _, _ = f.c.Locations(ctx, tenant, customer.LocationFilter{}, everything)
				_, _ = f.c.Customer(ctx, f.one.Partner, f.one.ID)
				_, _, _ = f.c.Customers(ctx, f.one.Partner, customer.CustomerFilter{ExternalID: "round 0"}, everything)
				if i%8 == 0 {
					_ = f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.SetCustomer(ctx, f.one) })
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, t.Context().Err())
}
