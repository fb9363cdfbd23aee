package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// named creates a person of the first customer with names and a calling identity.
func (f *fixture) named(t testing.TB, first, last, extension, number string) customer.Person {
	t.Helper()
	p := f.newPerson(f.one, f.oneShop, first+last, extension)
	p.FirstName, p.LastName, p.Number = first, last, number
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error { return tx.CreatePerson(t.Context(), p) })
	return p
}

func membersAreListed(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	zoe := f.named(t, "Zoe", "Ångström", "1101", "+12175550101")
	ada := f.named(t, "ada", "Baker", "1102", "")
	abe := f.named(t, "Abe", "baker", "", "+12175550199")
	everybody := []customer.Member{zoe.Member(), ada.Member(), abe.Member()}
	f.person(t, f.sibling, f.siblingShop, "theirs", "1101")
	for name, c := range map[string]struct {
		filter customer.MemberFilter
		want   []customer.Member
	}{
		"all":               {customer.MemberFilter{}, everybody},
		"people":            {customer.MemberFilter{Kinds: []customer.MemberKind{customer.MemberPerson}}, everybody},
		"virtual lines":     {customer.MemberFilter{Kinds: []customer.MemberKind{customer.MemberVirtualLine}}, []customer.Member{}},
		"no kind":           {customer.MemberFilter{Kinds: []customer.MemberKind{"x' OR '1'='1"}}, []customer.Member{}},
		"by first name":     {customer.MemberFilter{Order: customer.ByFirstName}, []customer.Member{abe.Member(), ada.Member(), zoe.Member()}},
		"by last name":      {customer.MemberFilter{Order: customer.ByLastName}, []customer.Member{abe.Member(), ada.Member(), zoe.Member()}},
		"part of the name":  {customer.MemberFilter{Name: "BAKER"}, []customer.Member{ada.Member(), abe.Member()}},
		"both names":        {customer.MemberFilter{Name: "e ångs"}, []customer.Member{zoe.Member()}},
		"percent":           {customer.MemberFilter{Name: "%"}, []customer.Member{}},
		"part of a number":  {customer.MemberFilter{Number: "550101"}, []customer.Member{zoe.Member()}},
		"of an extension":   {customer.MemberFilter{Extension: "110"}, []customer.Member{zoe.Member(), ada.Member()}},
		"location":          {customer.MemberFilter{Location: f.oneShop.ID}, everybody},
		"another location":  {customer.MemberFilter{Location: f.siblingShop.ID}, []customer.Member{}},
		"e-mail":            {customer.MemberFilter{Email: ada.Email}, []customer.Member{ada.Member()}},
		"ids":               {customer.MemberFilter{IDs: []customer.MemberID{abe.Member().ID, zoe.Member().ID, "\x00"}}, []customer.Member{zoe.Member(), abe.Member()}},
		"hostile ids alone": {customer.MemberFilter{IDs: []customer.MemberID{"\x00"}}, []customer.Member{}},
	} {
		got, more, err := f.c.Members(ctx, tenant, c.filter, everything)
		require.NoError(t, err, name)
		assert.False(t, more, name)
		assert.Equal(t, c.want, got, name)
		same(t, len(c.want))(f.c.CountMembers(ctx, tenant, c.filter))
	}
	same(t, 4)(f.c.CountMembers(ctx, customer.Tenant{Partner: f.one.Partner}, customer.MemberFilter{}))
	same(t, 0)(f.c.CountMembers(ctx, tenantOf(f.foe), customer.MemberFilter{}))
	for _, order := range []customer.MemberOrder{customer.ByCreation, customer.ByFirstName, customer.ByLastName} {
		f.assertMembersPage(t, tenant, order)
	}
}

// assertMembersPage goes through a list one by one, each time from the last row's place.
func (f *fixture) assertMembersPage(t *testing.T, tenant customer.Tenant, order customer.MemberOrder) {
	t.Helper()
	whole, _, err := f.c.Members(t.Context(), tenant, customer.MemberFilter{Order: order}, everything)
	require.NoError(t, err)
	var got []customer.Member
	page := customer.Page{Max: 1}
	for more := true; more; {
		var part []customer.Member
		part, more, err = f.c.Members(t.Context(), tenant, customer.MemberFilter{Order: order}, page)
		require.NoError(t, err)
		require.Len(t, part, 1)
		got = append(got, part...)
		page.After = order.Cursor(part[0])
	}
	assert.Equal(t, whole, got, string(order))
}

func membersHaveSettings(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	for _, settings := range []customer.DeviceSettings{
		{Compression: true}, {Hoteling: customer.Hoteling{Enabled: true, LimitGuestUse: true, GuestHours: 12}}, {},
		{Compression: true, Hoteling: customer.Hoteling{Enabled: true}},
	} {
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetMemberSettings(ctx, tenant, ada.Member().ID, settings) })
		ada.Settings = settings
		same(t, ada)(f.c.Person(ctx, tenant, ada.ID))
		same(t, ada.Member())(f.c.Member(ctx, tenant, ada.Member().ID))
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetPerson(ctx, ada) })
	same(t, ada)(f.c.Person(ctx, tenant, ada.ID))
	err := f.p.Update(ctx, tenantOf(f.foe), func(tx provisioning.Tx) error {
		return tx.SetMemberSettings(ctx, tenantOf(f.foe), ada.Member().ID, customer.DeviceSettings{})
	})
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

func linesOfMembers(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	bob, _ := f.person(t, f.one, f.oneShop, "bob", "102")
	device, own := f.device(t, ada)
	shared := own
	shared.ID, shared.Port, shared.UserName, shared.Owner = provisioning.LineID(id()), 2, "second", bob.Member().ID
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.CreateLine(ctx, shared) })
	same(t, []provisioning.Line{own, shared})(f.p.LinesOf(ctx, tenant, []customer.MemberID{ada.Member().ID, bob.Member().ID, "\x00"}))
	same(t, []provisioning.Line{shared})(f.p.LinesOf(ctx, tenant, []customer.MemberID{bob.Member().ID}))
	same(t, []provisioning.Line{})(f.p.LinesOf(ctx, tenant, nil))
	same(t, []provisioning.Line{})(f.p.LinesOf(ctx, tenantOf(f.foe), []customer.MemberID{bob.Member().ID}))
	same(t, []provisioning.Line{own, shared})(f.p.Lines(ctx, tenant, device.ID))
}
