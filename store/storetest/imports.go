package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/imports"
)

func (f *fixture) newImport(c customer.Customer) imports.Import {
	return imports.Import{
		ID: imports.ID(id()), Partner: c.Partner, Org: c.Org, DryRun: true, Mode: imports.AddServices, Status: imports.Receiving,
		Actor: "ada@example.com", Created: f.tick(), Touched: f.now,
	}
}

func (f *fixture) writeImport(t *testing.T, tenant customer.Tenant, fn func(imports.Tx) error) {
	t.Helper()
	require.NoError(t, f.i.Update(t.Context(), tenant, fn))
}

// importsChange walks an import from its upload to its end, beside those of others.
func importsChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	i, foreign := f.newImport(f.one), f.newImport(f.foe)
	f.writeImport(t, tenant, func(tx imports.Tx) error { return tx.CreateImport(ctx, i) })
	f.writeImport(t, tenantOf(f.foe), func(tx imports.Tx) error { return tx.CreateImport(ctx, foreign) })
	same(t, i)(f.i.Import(ctx, tenant, i.ID))
	err := f.i.Update(ctx, tenant, func(tx imports.Tx) error { return tx.CreateImport(ctx, f.newImport(f.one)) })
	assert.True(t, fault.Is(err, fault.Conflict), "one at a time: %v", err)
	assert.Equal(t, "orgId 90010", problem(err))

	i.Status, i.Notices, i.Error, i.Rows = imports.Running, []string{"öd", "b"}, "why", 1200
	i.Counts = imports.Counts{Done: 1, Added: 2, Changed: 3, Deleted: 4, Unchanged: 5, Failed: 6, Warnings: 7}
	i.Assigned, i.Touched, i.Finished = map[customer.Package]int{"": 1, customer.WebexCalling: -2}, f.tick(), f.tick()
	f.writeImport(t, tenant, func(tx imports.Tx) error { return tx.SetImport(ctx, i) })
	same(t, i)(f.i.Import(ctx, customer.Tenant{Partner: f.one.Partner}, i.ID))
	same(t, foreign)(f.i.Import(ctx, tenantOf(f.foe), foreign.ID))
	list, more, err := f.i.Imports(ctx, tenant, everything)
	require.NoError(t, err)
	assert.Equal(t, []imports.Import{i}, list)
	assert.False(t, more)

	f.rowsGetResults(t, i)
	f.claimsAreNoted(t, i)
	for name, ask := range map[string]func(imports.Tx) error{
		"read":   func(tx imports.Tx) error { _, err := tx.Import(ctx, tenantOf(f.sibling), i.ID); return err },
		"delete": func(tx imports.Tx) error { return tx.DeleteImport(ctx, tenantOf(f.foe), i.ID) },
	} {
		assert.True(t, fault.Is(f.i.Update(ctx, tenantOf(f.foe), ask), fault.NotFound), name)
	}
	f.writeImport(t, tenant, func(tx imports.Tx) error {
		same(t, 0)(tx.SweepImport(ctx, i.ID, 1000)) // it is there
		return nil
	})
	i.Status = imports.Completed
	second := f.newImport(f.one)
	f.writeImport(t, tenant, func(tx imports.Tx) error {
		require.NoError(t, tx.SetImport(ctx, i))
		require.NoError(t, tx.CreateImport(ctx, second), "the first is over")
		return tx.DeleteImport(ctx, tenant, i.ID)
	})
	_, err = f.i.Import(ctx, tenant, i.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	same(t, []imports.NumberedResult{})(f.i.ImportResults(ctx, tenant, i.ID, 0, 10))
	swept := 0
	for n := -1; n != 0; {
		f.writeImport(t, tenant, func(tx imports.Tx) error {
			var err error
			n, err = tx.SweepImport(ctx, i.ID, 500)
			assert.LessOrEqual(t, n, 1000, "rows and claims")
			return err
		})
		swept += n
	}
	assert.GreaterOrEqual(t, swept, 1200)
}

// rowsGetResults stores more rows than one statement takes, and gives some their results.
func (f *fixture) rowsGetResults(t *testing.T, i imports.Import) {
	t.Helper()
	ctx, tenant := t.Context(), i.Tenant()
	rows := make([]imports.Row, 1200)
	for n := range rows {
		rows[n] = imports.Row{Number: n + 1, Line: n + 2, Email: fmt.Sprintf("p%d@example.com", n), Content: []byte(`{"n":"ü"}`)}
	}
	f.writeImport(t, tenant, func(tx imports.Tx) error {
		require.NoError(t, tx.AddImportRows(ctx, i, nil))
		return tx.AddImportRows(ctx, i, rows)
	})
	same(t, rows[700:710])(f.i.ImportRows(ctx, tenant, i.ID, 700, 10))
	same(t, []imports.Row{})(f.i.ImportRows(ctx, tenantOf(f.foe), i.ID, 0, 10))
	results := []imports.NumberedResult{
		{Number: 1, Result: imports.Result{Line: 2, Email: rows[0].Email, Outcome: "added"}},
		{Number: 2, Result: imports.Result{Line: 3, Email: rows[1].Email, Outcome: "failed", Column: "number", Reason: "Wäre, \"so\"\nnicht."}},
	}
	f.writeImport(t, tenant, func(tx imports.Tx) error { return tx.SetImportResults(ctx, i, results) })
	same(t, results)(f.i.ImportResults(ctx, tenant, i.ID, 0, 10))
	same(t, results[1:])(f.i.ImportResults(ctx, tenant, i.ID, 1, 10))
	same(t, []imports.NumberedResult{})(f.i.ImportResults(ctx, tenantOf(f.sibling), i.ID, 0, 10))
	same(t, rows[2:4])(f.i.ImportRows(ctx, tenant, i.ID, 0, 2))
	err := f.i.Update(ctx, tenant, func(tx imports.Tx) error {
		return tx.SetImportResults(ctx, i, []imports.NumberedResult{{Number: 5000}})
	})
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

func (f *fixture) claimsAreNoted(t *testing.T, i imports.Import) {
	t.Helper()
	ctx, tenant := t.Context(), i.Tenant()
	claims := map[string]string{}
	for n := range 700 {
		claims[fmt.Sprint("number/", n)] = "x"
	}
	f.writeImport(t, tenant, func(tx imports.Tx) error {
		require.NoError(t, tx.SetImportClaims(ctx, i, claims))
		return tx.SetImportClaims(ctx, i, map[string]string{"number/1": "", "number/2": "y"})
	})
	for key, want := range map[string]string{"number/0": "x", "number/1": "", "number/2": "y"} {
		holder, noted, err := f.i.ImportClaim(ctx, tenant, i.ID, key)
		require.NoError(t, err)
		assert.True(t, noted, key)
		assert.Equal(t, want, holder, key)
	}
	_, noted, err := f.i.ImportClaim(ctx, tenantOf(f.foe), i.ID, "number/0")
	require.NoError(t, err)
	assert.False(t, noted)
	f.writeImport(t, tenant, func(tx imports.Tx) error { return tx.DeleteImportClaims(ctx, i) })
	_, noted, err = f.i.ImportClaim(ctx, tenant, i.ID, "number/0")
	require.NoError(t, err)
	assert.False(t, noted)
}

// peopleAreFoundByExtension looks for an extension in a location, and moves a phone after its owner.
func peopleAreFoundByExtension(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	f.person(t, f.sibling, f.siblingShop, "bob", "101")
	same(t, ada)(f.i.PersonByExtension(ctx, tenant, f.oneShop.ID, "101"))
	for _, extension := range []string{"102", "", "\x00"} {
		_, err := f.i.PersonByExtension(ctx, tenant, f.oneShop.ID, extension)
		assert.True(t, fault.Is(err, fault.NotFound), "%q: %v", extension, err)
	}
	_, err := f.i.PersonByExtension(ctx, tenantOf(f.foe), f.oneShop.ID, "101")
	assert.True(t, fault.Is(err, fault.NotFound))

	annex := f.oneShop
	annex.ID = customer.LocationID(id())
	device, _ := f.device(t, ada)
	f.writeImport(t, tenant, func(tx imports.Tx) error {
		require.NoError(t, tx.CreateLocation(ctx, annex))
		return tx.MoveDevice(ctx, tenant, device.ID, annex.ID)
	})
	device.Location = annex.ID
	same(t, device)(f.p.Device(ctx, tenant, device.ID))
	err = f.i.Update(ctx, tenantOf(f.foe), func(tx imports.Tx) error { return tx.MoveDevice(ctx, tenantOf(f.foe), device.ID, "") })
	assert.True(t, fault.Is(err, fault.NotFound))
}
