package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// tokenIsUsedAndEnds notes a use, and deletes the token; another partner can do neither.
func (f *fixture) tokenIsUsedAndEnds(t *testing.T, token customer.Token) {
	t.Helper()
	ctx, used := t.Context(), f.now.Add(time.Minute)
	for name, write := range map[string]func(customer.Tx) error{
		"use":    func(tx customer.Tx) error { return tx.UseToken(ctx, f.foe.Partner, token.ID, used) },
		"delete": func(tx customer.Tx) error { return tx.DeleteToken(ctx, f.foe.Partner, token.ID) },
		"read":   func(tx customer.Tx) error { _, err := tx.Token(ctx, f.foe.Partner, token.ID); return err },
	} {
		err := f.c.Update(ctx, tenantOf(f.foe), write)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error { return tx.UseToken(ctx, f.one.Partner, token.ID, used) }))
	got, err := f.c.AnyTenantToken(ctx, token.Hash)
	require.NoError(t, err)
	assert.Equal(t, used, got.Token.LastUsed)
	nobodys, _, err := f.c.Tokens(ctx, f.one.Partner, "somebody else", customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, nobodys)
	require.NoError(t, f.c.Update(ctx, tenantOf(f.one), func(tx customer.Tx) error { return tx.DeleteToken(ctx, f.one.Partner, token.ID) }))
	_, err = f.c.AnyTenantToken(ctx, token.Hash)
	assert.True(t, fault.Is(err, fault.NotFound))
}
