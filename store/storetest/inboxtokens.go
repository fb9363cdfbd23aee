package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

func (f *fixture) inboxToken(c customer.Customer, name string, fill byte) provisioning.InboxToken {
	at := f.tick()
	return provisioning.InboxToken{
		ID: provisioning.InboxTokenID(id()), Partner: c.Partner, Org: c.Org, Name: name, Hash: bytes.Repeat([]byte{fill}, 32), Created: at, Rotated: at,
	}
}

func inboxTokensAreKept(t *testing.T, f *fixture) {
	ctx := t.Context()
	mine := customer.Tenant{Partner: f.one.Partner, Customer: f.one.Org}
	foreign := []customer.Tenant{{Partner: f.sibling.Partner, Customer: f.sibling.Org}, {Partner: f.foe.Partner}, {Partner: f.foe.Partner, Customer: f.one.Org}}
	first, second := f.inboxToken(f.one, "Ünï", 0), f.inboxToken(f.one, "Ünï", 0xFF)
	f.write(t, mine, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateInboxToken(ctx, first))
		return tx.CreateInboxToken(ctx, second)
	})
	list, err := f.p.InboxTokens(ctx, mine)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.InboxToken{first, second}, list)
	got, err := f.p.InboxToken(ctx, customer.Tenant{Partner: f.one.Partner}, second.ID)
	require.NoError(t, err)
	assert.Equal(t, second, got)
	for _, tenant := range foreign {
		list, err := f.p.InboxTokens(ctx, tenant)
		require.NoError(t, err)
		assert.Empty(t, list)
		_, err = f.p.InboxToken(ctx, tenant, first.ID)
		assert.True(t, fault.Is(err, fault.NotFound))
		err = f.p.Update(ctx, tenant, func(tx provisioning.Tx) error {
			stolen := first
			stolen.Partner, stolen.Org = tenant.Partner, tenant.Customer
			assert.True(t, fault.Is(tx.SetInboxToken(ctx, stolen), fault.NotFound))
			assert.True(t, fault.Is(tx.DeleteInboxToken(ctx, tenant, first.ID), fault.NotFound))
			return nil
		})
		require.NoError(t, err)
	}

	before, nobodys := string(first.Hash), string(bytes.Repeat([]byte{7}, 32))
	first.Hash, first.Rotated = bytes.Repeat([]byte{1}, 32), f.tick()
	f.write(t, mine, func(tx provisioning.Tx) error { return tx.SetInboxToken(ctx, first) })
	whose, err := f.p.AnyTenantInboxTokens(ctx, []string{before, nobodys, string(first.Hash), string(second.Hash)})
	require.NoError(t, err)
	assert.Equal(t, map[string]customer.Tenant{string(first.Hash): mine, string(second.Hash): mine}, whose)
	none, err := f.p.AnyTenantInboxTokens(ctx, nil)
	require.NoError(t, err)
	assert.Empty(t, none)

	f.write(t, mine, func(tx provisioning.Tx) error { return tx.DeleteInboxToken(ctx, mine, second.ID) })
	list, err = f.p.InboxTokens(ctx, mine)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.InboxToken{first}, list)
}

// Who says by a token whose a phone is, is believed at once, and sees nothing of what the phone did elsewhere.
func unknownDevicesGoWhereTheirTokenSays(t *testing.T, f *fixture) {
	ctx := t.Context()
	mine, theirs := customer.Tenant{Partner: f.one.Partner, Customer: f.one.Org}, customer.Tenant{Partner: f.foe.Partner, Customer: f.foe.Org}
	inbox := func(tenant customer.Tenant) []provisioning.UnknownDevice {
		list, _, err := f.p.UnknownDevices(ctx, tenant, customer.Page{Max: 10})
		require.NoError(t, err)
		return list
	}
	nobodys := f.unknown(1, strange, time.Hour)
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{nobodys}, wide))
	here := f.unknown(1, home, time.Minute)
	here.Tenant, here.Files = mine, []string{"b"}
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{here}, wide))
	require.Len(t, inbox(mine), 1)
	assert.Equal(t, int64(2), inbox(mine)[0].Count)

	elsewhere := f.unknown(1, strange, 0)
	elsewhere.Tenant, elsewhere.Files = theirs, []string{"c"}
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{elsewhere}, wide))
	assert.Empty(t, inbox(mine))
	assert.Equal(t, []provisioning.UnknownDevice{elsewhere}, inbox(theirs), "it begins anew: nothing of before is shown")

	silent := f.unknown(1, home, -time.Minute)
	require.NoError(t, f.p.NoteUnknown(ctx, []provisioning.UnknownDevice{silent}, wide))
	require.Len(t, inbox(theirs), 1, "who says nothing changes nothing")
}
