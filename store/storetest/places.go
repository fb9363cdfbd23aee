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

func locationName(l customer.Location) string { return l.Name }

// annex adds a second location to the first customer.
func (f *fixture) annex(t testing.TB, name string) customer.Location {
	t.Helper()
	l := f.oneShop
	l.ID, l.Name, l.Created = customer.LocationID(id()), name, f.tick()
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error { return tx.CreateLocation(t.Context(), l) })
	return l
}

// locationsChange replaces everything that a location has, and deletes one that nothing belongs to.
func locationsChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	vendor := customer.PSTNVendor{ID: customer.PSTNVendorID(id()), Partner: f.one.Partner, Name: "Carrier", Countries: []string{"DE"}, Created: f.tick()}
	full := f.annex(t, "Annex")
	full.Name, full.Address = "Änd", customer.Address{Line1: "L", City: "Berlin", PostalCode: "10115", Country: "DE"}
	full.TimeZone, full.Language, full.EmergencyID, full.AnnouncementLanguage = "Europe/Berlin", "de_de", "E2", "fr_fr"
	full.PSTNVendor, full.Route = vendor.ID, customer.Route{Type: customer.RouteTrunk, ID: "t-1"}
	full.Latitude, full.Longitude, full.Notes, full.Calling = "52.5", "-13.4", "n", false
	full.MainNumber, full.RoutingPrefix = "+49301234567", "81"
	full.Telephony = customer.Telephony{
		CallingName: "C", ExternalCallerID: "X", OutsideDialDigit: "0", EnforceOutsideDialDigit: true, ChargeNumber: "+49301234568", ChargeHeader: true,
		CallbackMember: "m", EmergencyAddress: full.Address, EmergencyAddressID: "e",
		Permissions: []customer.CallPermission{{Type: customer.CallInternational, Action: customer.ActionBlock, Transfer: true}},
	}
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreatePSTNVendor(ctx, vendor))
		return tx.SetLocation(ctx, full)
	})
	same(t, full)(f.c.Location(ctx, tenant, full.ID))
	same(t, f.oneShop)(f.c.Location(ctx, tenant, f.oneShop.ID))

	clash := f.oneShop
	clash.RoutingPrefix = "81"
	err := f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.SetLocation(ctx, clash) })
	assert.Equal(t, "routingPrefix 90015", problem(err))
	clash = f.siblingShop
	clash.RoutingPrefix = "81"
	f.write(t, tenantOf(f.sibling), func(tx provisioning.Tx) error { return tx.SetLocation(ctx, clash) })

	foreign := full
	foreign.Partner, foreign.Org = f.foe.Partner, f.foe.Org
	for name, fn := range map[string]func(provisioning.Tx) error{
		"set":    func(tx provisioning.Tx) error { return tx.SetLocation(ctx, foreign) },
		"delete": func(tx provisioning.Tx) error { return tx.DeleteLocation(ctx, tenantOf(f.foe), full.ID) },
		"begin":  func(tx provisioning.Tx) error { return tx.BeginRevising(ctx, tenantOf(f.foe), full.ID) },
		"revise": func(tx provisioning.Tx) error {
			_, err := tx.NextToRevise(ctx, tenantOf(f.foe), full.ID, 1)
			return err
		},
	} {
		err := f.p.Update(ctx, tenantOf(f.foe), fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteLocation(ctx, tenant, full.ID) })
	_, err = f.c.Location(ctx, tenant, full.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}

// locationsAreListed orders and filters, and counts what belongs to a location.
func locationsAreListed(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	f.annex(t, "Abbey")
	quiet := f.annex(t, "Zoo")
	quiet.Calling = false
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetLocation(ctx, quiet) })
	for _, c := range []struct {
		filter customer.LocationFilter
		page   customer.Page
		want   []string
	}{
		{customer.LocationFilter{}, everything, []string{"Shop_100% one", "Abbey", "Zoo"}},
		{customer.LocationFilter{}, customer.Page{Max: 9, After: customer.Cursor{At: f.oneShop.Created, ID: string(f.oneShop.ID)}}, []string{"Abbey", "Zoo"}},
		{customer.LocationFilter{Calling: true}, everything, []string{"Shop_100% one", "Abbey"}},
		{customer.LocationFilter{ByName: true}, everything, []string{"Abbey", "Shop_100% one", "Zoo"}},
		{customer.LocationFilter{ByName: true, Descending: true}, customer.Page{Max: 2}, []string{"Zoo", "Shop_100% one"}},
		{customer.LocationFilter{ID: quiet.ID}, everything, []string{"Zoo"}},
	} {
		list, _, err := f.c.Locations(ctx, tenant, c.filter, c.page)
		require.NoError(t, err)
		assert.Equal(t, c.want, names(list, locationName), "%+v", c)
	}
	same(t, customer.LocationUses{})(f.c.LocationUses(ctx, tenant, quiet.ID))
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	f.device(t, ada)
	f.number(t, "+12175550100", "")
	same(t, customer.LocationUses{People: 1, Devices: 1, Numbers: 1})(f.c.LocationUses(ctx, tenant, f.oneShop.ID))
	same(t, customer.LocationUses{})(f.c.LocationUses(ctx, tenantOf(f.foe), f.oneShop.ID))
}

// floorsChange creates, replaces and deletes floors, each number once in its location.
func floorsChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	floor := func(number int, name string) customer.Floor {
		return customer.Floor{ID: customer.FloorID(id()), Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, Number: number, Name: name, Created: f.tick()}
	}
	cellar, first := floor(-1, "Cellar"), floor(1, "")
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateFloor(ctx, cellar))
		return tx.CreateFloor(ctx, first)
	})
	same(t, cellar)(f.c.Floor(ctx, tenant, f.oneShop.ID, cellar.ID))
	list, more, err := f.c.Floors(ctx, tenant, f.oneShop.ID, customer.Page{Max: 1})
	require.NoError(t, err)
	assert.True(t, more)
	assert.Equal(t, []customer.Floor{cellar}, list)
	double := floor(1, "again")
	err = f.p.Update(ctx, tenant, func(tx provisioning.Tx) error { return tx.CreateFloor(ctx, double) })
	assert.Equal(t, "floorNumber 90014", problem(err))
	cellar.Number, cellar.Name = 2, "Attic"
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetFloor(ctx, cellar) })
	same(t, cellar)(f.c.Floor(ctx, tenant, f.oneShop.ID, cellar.ID))
	foreign := cellar
	foreign.Partner, foreign.Org = f.foe.Partner, f.foe.Org
	for name, fn := range map[string]func(provisioning.Tx) error{
		"read": func(tx provisioning.Tx) error {
			_, err := tx.Floor(ctx, tenantOf(f.foe), f.oneShop.ID, cellar.ID)
			return err
		},
		"elsewhere": func(tx provisioning.Tx) error {
			_, err := tx.Floor(ctx, tenant, f.siblingShop.ID, cellar.ID)
			return err
		},
		"set":    func(tx provisioning.Tx) error { return tx.SetFloor(ctx, foreign) },
		"delete": func(tx provisioning.Tx) error { return tx.DeleteFloor(ctx, tenantOf(f.foe), f.oneShop.ID, cellar.ID) },
	} {
		err := f.p.Update(ctx, tenantOf(f.foe), fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteFloor(ctx, tenant, f.oneShop.ID, cellar.ID) })
	_, err = f.c.Floor(ctx, tenant, f.oneShop.ID, cellar.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
}

// number adds a number to the first customer's shop, and gives it to somebody unless owner is empty.
func (f *fixture) number(t testing.TB, e164 string, owner customer.MemberID) customer.Number {
	t.Helper()
	n := customer.Number{
		E164: e164, Partner: f.one.Partner, Org: f.one.Org, Location: f.oneShop.ID, State: customer.NumberActive, Type: customer.NumberDID,
		Usage: customer.UsageNone, Created: f.tick(),
	}
	f.write(t, tenantOf(f.one), func(tx provisioning.Tx) error {
		_, err := tx.AddNumber(t.Context(), n)
		if err != nil || owner == "" {
			return err
		}
		n.Owner = owner
		return tx.OwnNumber(t.Context(), tenantOf(f.one), e164, owner)
	})
	return n
}

// shown is a row of a list of numbers as tests name it.
func shown(v customer.NumberView) string {
	if v.E164 == "" {
		return v.Extension
	}
	return v.E164
}

// numbersAreListed goes through a list of numbers and extensions by every filter, order and kind of page.
func numbersAreListed(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	const main, adas, free, toll = "+12175550100", "+12175550101", "+12175550102", "+18005550103"
	f.number(t, main, "")
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	f.person(t, f.one, f.oneShop, "bob", "102")
	f.person(t, f.sibling, f.siblingShop, "cy", "103")
	ada.Number = adas
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetPerson(ctx, ada) })
	mine := f.number(t, adas, customer.MemberID(ada.ID))
	f.number(t, free, "")
	other := f.number(t, toll, "")
	other.State, other.Type, other.Usage = customer.NumberInactive, customer.NumberTollFree, customer.UsageService
	shop := f.oneShop
	shop.MainNumber, shop.RoutingPrefix = main, "8"
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.SetLocation(ctx, shop))
		return tx.SetNumber(ctx, other)
	})
	same(t, other)(f.c.Number(ctx, tenant, toll))
	for _, c := range []struct {
		filter customer.NumberFilter
		want   []string
	}{
		{customer.NumberFilter{}, []string{main, "102", adas, free, toll}},
		{customer.NumberFilter{Rows: customer.RowsNumber}, []string{main, adas, free, toll}},
		{customer.NumberFilter{Rows: customer.RowsExtension}, []string{"102"}},
		{customer.NumberFilter{Location: shop.ID, Available: true}, []string{free, toll}},
		{customer.NumberFilter{Location: f.siblingShop.ID}, []string{}},
		{customer.NumberFilter{Number: adas}, []string{adas}}, {customer.NumberFilter{Number: "800555"}, []string{toll}}, {customer.NumberFilter{Number: "%"}, []string{}},
		{customer.NumberFilter{Extension: "101"}, []string{adas}}, {customer.NumberFilter{Extension: "102"}, []string{"102"}},
		{customer.NumberFilter{OwnerName: "ADA o"}, []string{adas}}, {customer.NumberFilter{OwnerName: "o'hara"}, []string{"102", adas}},
		{customer.NumberFilter{Owner: customer.MemberID(ada.ID)}, []string{adas}}, {customer.NumberFilter{Owner: "nobody"}, []string{}},
		{customer.NumberFilter{OwnerKind: customer.MemberPerson}, []string{"102", adas}}, {customer.NumberFilter{OwnerKind: customer.MemberWorkspace}, []string{}},
		{customer.NumberFilter{State: customer.NumberInactive}, []string{toll}}, {customer.NumberFilter{State: customer.NumberActive}, []string{main, "102", adas, free}},
		{customer.NumberFilter{Types: []customer.NumberType{customer.NumberTollFree, customer.NumberMobile}}, []string{toll}},
		{customer.NumberFilter{Usage: customer.UsageService}, []string{toll}},
		{customer.NumberFilter{Line: customer.LinePrimary}, []string{adas}}, {customer.NumberFilter{Line: customer.LineAlternate}, []string{}},
		{customer.NumberFilter{Nothing: true}, []string{}}, {customer.NumberFilter{OwnerName: "a\x00b"}, []string{}},
		{customer.NumberFilter{Order: customer.OrderNumber}, []string{"102", main, adas, free, toll}},
		{customer.NumberFilter{Order: customer.OrderNumber, Descending: true, Rows: customer.RowsNumber}, []string{toll, free, adas, main}},
		{customer.NumberFilter{Order: customer.OrderExtension, OwnerKind: customer.MemberPerson}, []string{adas, "102"}},
		{customer.NumberFilter{Order: customer.OrderLastName, Descending: true, OwnerKind: customer.MemberPerson}, []string{"102", adas}},
	} {
		list, more, err := f.c.Numbers(ctx, tenant, c.filter, everything)
		require.NoError(t, err)
		assert.False(t, more)
		assert.Equal(t, c.want, names(list, shown), "%+v", c.filter)
		f.numbersPage(t, c.filter, c.want)
	}
	f.checkNumberView(t, mine, ada)
	list, _, err := f.c.Numbers(ctx, customer.Tenant{Partner: f.one.Partner}, customer.NumberFilter{}, everything)
	require.NoError(t, err)
	assert.Len(t, list, 6)
	list, _, err = f.c.Numbers(ctx, tenantOf(f.foe), customer.NumberFilter{}, everything)
	require.NoError(t, err)
	assert.Equal(t, []customer.NumberView{}, list)
	want := customer.NumberCounts{Assigned: 2, Unassigned: 2, Inactive: 1, ExtensionOnly: 1, TollFree: 1, Service: 1, Total: 5}
	same(t, want)(f.c.CountNumbers(ctx, tenant, customer.NumberFilter{}))
	same(t, customer.NumberCounts{})(f.c.CountNumbers(ctx, tenantOf(f.foe), customer.NumberFilter{}))
	same(t, []string{"101", "102"})(f.c.TakenExtensions(ctx, tenant, shop.ID, []string{"102", "101", "103", "a\x00b", ""}))
	same(t, []string(nil))(f.c.TakenExtensions(ctx, tenantOf(f.foe), shop.ID, []string{"101"}))
}

// numbersPage goes through a list in pages of one, by cursor and by counting.
func (f *fixture) numbersPage(t *testing.T, filter customer.NumberFilter, want []string) {
	t.Helper()
	var byCursor, byOffset []string
	page := customer.Page{Max: 1}
	for {
		list, more, err := f.c.Numbers(t.Context(), tenantOf(f.one), filter, page)
		require.NoError(t, err)
		byCursor = append(byCursor, names(list, shown)...)
		if !more || filter.Order != "" {
			break
		}
		page.After = list[0].Place()
	}
	for offset := range want {
		list, more, err := f.c.Numbers(t.Context(), tenantOf(f.one), filter, customer.Page{Max: 1, Offset: offset})
		require.NoError(t, err)
		assert.Equal(t, offset < len(want)-1, more)
		byOffset = append(byOffset, names(list, shown)...)
	}
	if filter.Order == "" {
		assert.Equal(t, fmt.Sprint(want), fmt.Sprint(byCursor), "%+v", filter)
	}
	assert.Equal(t, fmt.Sprint(want), fmt.Sprint(byOffset), "%+v", filter)
}

func (f *fixture) checkNumberView(t *testing.T, n customer.Number, owner customer.Person) {
	t.Helper()
	list, _, err := f.c.Numbers(t.Context(), tenantOf(f.one), customer.NumberFilter{Number: n.E164}, everything)
	require.NoError(t, err)
	assert.Equal(t, []customer.NumberView{{
		Number: n, Extension: "101", LocationName: f.oneShop.Name, RoutingPrefix: "8", Primary: true, OwnerKind: customer.MemberPerson,
		OwnerFirst: owner.FirstName, OwnerLast: owner.LastName,
	}}, list)
}

// numbersChange moves and deletes numbers, its own alone.
func numbersChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	annex := f.annex(t, "Annex")
	n := f.number(t, "+12175550100", "")
	n.Location = annex.ID
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetNumber(ctx, n) })
	same(t, n)(f.c.Number(ctx, tenant, n.E164))
	foreign := n
	foreign.Partner, foreign.Org = f.foe.Partner, f.foe.Org
	for name, fn := range map[string]func(provisioning.Tx) error{
		"set":    func(tx provisioning.Tx) error { return tx.SetNumber(ctx, foreign) },
		"delete": func(tx provisioning.Tx) error { return tx.DeleteNumber(ctx, tenantOf(f.foe), n.E164) },
	} {
		err := f.p.Update(ctx, tenantOf(f.foe), fn)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteNumber(ctx, tenant, n.E164) })
	same(t, false)(f.c.AnyTenantHasNumber(ctx, n.E164))
}

// numberJobsChange keeps jobs on numbers, the newest first.
func numberJobsChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	j := customer.NumberJob{
		ID: customer.NumberJobID(id()), Partner: f.one.Partner, Org: f.one.Org, Actor: "a@example.com", Admin: "a", Operation: customer.OperationMove,
		Source: f.oneShop.ID, Target: "elsewhere", Numbers: []string{"+12175550100"}, State: customer.JobStarting, Created: f.tick(),
	}
	second := j
	second.ID, second.Operation, second.Target, second.Usage, second.Created = customer.NumberJobID(id()), customer.OperationUsage, "", customer.UsageService, f.tick()
	f.write(t, tenant, func(tx provisioning.Tx) error {
		require.NoError(t, tx.CreateNumberJob(ctx, j))
		return tx.CreateNumberJob(ctx, second)
	})
	j.State, j.Changed, j.Finished = customer.JobCompleted, 1, f.tick()
	j.Failures = []customer.NumberFailure{{Number: "+12175550100", Code: 90012, Message: "in use"}}
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.SetNumberJob(ctx, j) })
	same(t, j)(f.c.NumberJob(ctx, tenant, j.ID))
	list, more, err := f.c.NumberJobs(ctx, tenant, everything)
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []customer.NumberJob{second, j}, list)
	_, err = f.c.NumberJob(ctx, tenantOf(f.foe), j.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	list, _, err = f.c.NumberJobs(ctx, tenantOf(f.foe), everything)
	require.NoError(t, err)
	assert.Empty(t, list)
}

// locationsRevise goes through the devices of a location once, in steps, and begins anew when it is told to.
func locationsRevise(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	var all []provisioning.DeviceID
	for range 3 {
		d, _ := f.device(t, ada)
		all = append(all, d.ID)
	}
	step := func(most int) (due []provisioning.DeviceID) {
		f.write(t, tenant, func(tx provisioning.Tx) error {
			list, err := tx.NextToRevise(ctx, tenant, f.oneShop.ID, most)
			due = nil
			for _, d := range list {
				due = append(due, d.ID)
			}
			return err
		})
		return due
	}
	begin := func() {
		f.write(t, tenant, func(tx provisioning.Tx) error { return tx.BeginRevising(ctx, tenant, f.oneShop.ID) })
	}
	assert.Empty(t, step(2), "nobody asked for it")
	begin()
	assert.Equal(t, all[:2], step(2))
	assert.Equal(t, all[2:], step(2))
	assert.Empty(t, step(2))
	begin()
	assert.Equal(t, all[:1], step(1))
	begin()
	assert.Equal(t, all, step(3), "a second change begins anew")
	assert.Empty(t, step(3))
	assert.Empty(t, step(3))
}
