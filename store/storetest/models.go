package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// modelsAreSwitchedOff switches models off for one organisation and on again; its neighbours and other partners keep theirs.
func modelsAreSwitchedOff(t *testing.T, f *fixture) {
	ctx := t.Context()
	set := func(tenant customer.Tenant, models ...string) error {
		return f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.SetDisabledModels(ctx, tenant, models) })
	}
	none := func(tenants ...customer.Tenant) {
		for _, tenant := range tenants {
			same(t, []string{})(f.p.DisabledModels(ctx, tenant))
		}
	}
	none(tenantOf(f.one))
	require.NoError(t, set(tenantOf(f.one), "b", "a", "É", "B"))
	same(t, []string{"B", "a", "b", "É"})(f.p.DisabledModels(ctx, tenantOf(f.one)))
	none(tenantOf(f.sibling), tenantOf(f.foe), customer.Tenant{Partner: f.one.Partner}, customer.Tenant{Partner: f.foe.Partner, Customer: f.one.Org})

	for name, tenant := range map[string]customer.Tenant{
		"another partner's": {Partner: f.foe.Partner, Customer: f.one.Org}, "nobody's": {Partner: f.one.Partner, Customer: customer.OrgID(id())}, "no": {Partner: f.one.Partner},
	} {
		assert.True(t, fault.Is(set(tenant, "a"), fault.NotFound), name)
		assert.True(t, fault.Is(set(tenant), fault.NotFound), name)
	}
	same(t, []string{"B", "a", "b", "É"})(f.p.DisabledModels(ctx, tenantOf(f.one)))

	var many []string
	for i := range 1200 {
		many = append(many, fmt.Sprintf("model %04d", i))
	}
	require.NoError(t, set(tenantOf(f.one), many...))
	require.NoError(t, set(tenantOf(f.sibling), "a"))
	same(t, many)(f.p.DisabledModels(ctx, tenantOf(f.one)))
	require.NoError(t, set(tenantOf(f.one)))
	none(tenantOf(f.one))
	same(t, []string{"a"})(f.p.DisabledModels(ctx, tenantOf(f.sibling)))
}
