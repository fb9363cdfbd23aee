package imports_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/imports"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
)

// hall is a customer into which files of people are imported.
type hall struct {
	*coretest.Hall
	*imports.Service
	config imports.Config
}

func openHall(t testing.TB) *hall {
	t.Helper()
	return inHall(coretest.Open(t))
}

func newHall(t testing.TB, url string) *hall {
	t.Helper()
	return inHall(coretest.New(t, url))
}

func inHall(at *coretest.Hall) *hall {
	h := &hall{Hall: at}
	h.config = imports.Config{
		Store: h.Promises.Imports(h.DB.Imports()), People: h.People, Now: at.Config.Now, NewID: at.Config.NewID, Logger: at.Config.Logger,
	}
	h.Service = imports.NewService(h.config)
	h.Promises.Employ(h.Workers()...)
	return h
}

// over is the service on another store.
func (h *hall) over(s imports.Store) *imports.Service {
	config := h.config
	config.Store = s
	return imports.NewService(config)
}

// start sends a file.
func (h *hall) start(t testing.TB, file string, dryRun bool, mode imports.Mode) (imports.Import, error) {
	t.Helper()
	return h.Start(t.Context(), h.Actor, h.Customer.Tenant(), imports.NewImport{
		DryRun: dryRun, Mode: mode, File: strings.NewReader(file), ReadID: func(text string) (string, bool) {
			id, err := uuid.Parse(text)
			return id.String(), err == nil
		},
	})
}

// imported sends a file and returns the import when it is over, and its results without the header.
func (h *hall) imported(t testing.TB, file string, dryRun bool, mode imports.Mode) (imports.Import, []string) {
	t.Helper()
	i, err := h.start(t, file, dryRun, mode)
	require.NoError(t, err)
	i, err = h.Import(t.Context(), h.Customer.Tenant(), i.ID)
	require.NoError(t, err)
	require.Equal(t, imports.Completed, i.Status, i.Error)
	require.Equal(t, i.Rows, i.Done)
	require.Equal(t, i.Rows, i.Added+i.Changed+i.Deleted+i.Unchanged+i.Failed)
	return i, h.results(t, i.ID)
}

// results are the lines of the file of results, without the header.
func (h *hall) results(t testing.TB, id imports.ID) []string {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, h.WriteResults(t.Context(), h.Customer.Tenant(), id, &file))
	return strings.Split(strings.TrimSuffix(file.String(), "\r\n"), "\r\n")[1:]
}

// run imports a file for good, after a dry run that must have the very same results and change nothing.
func (h *hall) run(t testing.TB, file string) []string {
	t.Helper()
	before := h.state(t)
	_, rehearsed := h.imported(t, file, true, "")
	require.Equal(t, before, h.state(t), "a dry run changes nothing")
	_, results := h.imported(t, file, false, "")
	require.Equal(t, rehearsed, results, "a dry run tells what the run does")
	return results
}

// state is all that the customer's people have, one line each, by e-mail address.
func (h *hall) state(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	for _, p := range h.people(t) {
		sub, _ := h.Store.SubscriberByPerson(t.Context(), h.Customer.Tenant(), p.ID)
		devices, _, err := h.Devices(t.Context(), h.Customer.Tenant(), provisioning.DeviceFilter{Owner: customer.MemberID(p.ID)}, customer.Page{Max: 100})
		require.NoError(t, err)
		revisions := []int64{}
		for _, d := range devices {
			revisions = append(revisions, d.Revision)
		}
		place := map[customer.LocationID]string{h.Shop.ID: "shop", h.Annex.ID: "annex"}[p.Location]
		fmt.Fprintf(&out, "%s %q %q %s %s %s %v %v\n", p.Email, p.FirstName, p.LastName, place, p.Extension, p.Number, sub.Packages(), revisions)
	}
	for n := range coretest.Numbers {
		if number, err := h.Store.Number(t.Context(), h.Customer.Tenant(), h.Number(n)); err == nil {
			fmt.Fprintf(&out, "%s %s\n", number.E164, number.Owner)
		}
	}
	return out.String()
}

// people are those that any test's file names.
func (h *hall) people(t testing.TB) []customer.Person {
	t.Helper()
	var out []customer.Person
	for _, name := range []string{"ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal"} {
		p, err := h.Store.PersonByEmail(t.Context(), h.Customer.Tenant(), h.email(name))
		if err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (h *hall) email(name string) string { return name + "@" + h.Customer.ExternalID + ".example" }

// person finds somebody by the name before the e-mail address's @.
func (h *hall) person(t testing.TB, name string) customer.Person {
	t.Helper()
	p, err := h.Store.PersonByEmail(t.Context(), h.Customer.Tenant(), h.email(name))
	require.NoError(t, err)
	return p
}

// phone gives somebody a phone.
func (h *hall) phone(t testing.TB, name, mac string) provisioning.DeviceView {
	t.Helper()
	d, err := h.AddDevice(t.Context(), h.Actor, h.Customer.Tenant(), provisioning.NewDevice{MAC: mac, Model: "Cisco 8851", Person: h.person(t, name).ID})
	require.NoError(t, err)
	return d
}

// table writes a CSV; names in the first column become e-mail addresses.
func (h *hall) table(rows ...[]string) string {
	var out strings.Builder
	w := csv.NewWriter(&out)
	for n, row := range rows {
		if n > 0 && !strings.Contains(row[0], "@") {
			row = append([]string{h.email(row[0])}, row[1:]...)
		}
		_ = w.Write(row) // a Builder takes everything
	}
	w.Flush()
	return out.String()
}

// kinds counts what happened to the customer.
func (h *hall) kinds(t testing.TB, kind customer.EventKind) []customer.Event {
	t.Helper()
	list, _, err := h.Customers.Events(context.WithoutCancel(t.Context()), h.Customer.Tenant(), customer.EventFilter{Kind: kind}, customer.Page{Max: 100})
	require.NoError(t, err)
	return list
}
