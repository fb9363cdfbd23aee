package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// A book has who can be called, by name, and nobody of another organisation.
func phonebookHasWhoCanBeCalled(t *testing.T, f *fixture) {
	ctx := t.Context()
	zoe, _ := f.person(t, f.one, f.oneShop, "zoe", "101")
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "102")
	f.person(t, f.one, f.oneShop, "mute", "")
	f.person(t, f.sibling, f.siblingShop, "sibling", "101")
	f.person(t, f.foe, f.foeShop, "foe", "101")
	list, err := f.p.Phonebook(ctx, f.one.Tenant(), "", 10)
	require.NoError(t, err)
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Extension
	}
	assert.Equal(t, []string{ada.Extension, zoe.Extension}, names)
	list, err = f.p.Phonebook(ctx, f.one.Tenant(), "", 1)
	require.NoError(t, err)
	assert.Len(t, list, 1)
	list, err = f.p.Phonebook(ctx, f.one.Tenant(), f.oneShop.ID, 10)
	require.NoError(t, err)
	assert.Len(t, list, 2)
	for _, other := range []customer.LocationID{f.foeShop.ID, f.siblingShop.ID} {
		list, err = f.p.Phonebook(ctx, f.one.Tenant(), other, 10)
		require.NoError(t, err)
		assert.Empty(t, list)
	}
}
