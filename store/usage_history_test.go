package store_test

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/provisioning/coretest"
	"dialtone/store/pgtest"
)

// books is a customer's premises whose usage is counted, with a clock that a test moves.
type books struct {
	*coretest.Hall
	now     time.Time
	ledger  *billing.Ledger
	reports *billing.Service
}

func openBooks(t *testing.T, url string) *books {
	t.Helper()
	b := &books{Hall: coretest.New(t, url)}
	b.now = b.Clock()
	b.Clock = func() time.Time { return b.now }
	b.ledger = billing.NewLedger(billing.LedgerConfig{Store: b.DB.Billing(), Now: func() time.Time { return b.now }})
	b.reports = billing.NewService(billing.Config{
		Store: b.Promises.Billing(b.DB.Billing()), Counter: b.ledger, Now: func() time.Time { return b.now }, NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
	})
	b.Promises.Employ(b.reports.Workers()...)
	return b
}

// at moves the clock to a moment of 2026, and closes the days that are over then.
func (b *books) at(t *testing.T, moment string) {
	t.Helper()
	now, err := time.Parse(time.DateTime, "2026-"+moment+":00")
	require.NoError(t, err)
	b.now = now
	require.NoError(t, b.ledger.CloseDays(t.Context()))
}

// report makes a report of some days, and returns its rows with the columns that tell them apart; names say what ids are.
func (b *books) report(t *testing.T, kind billing.Type, first, last string, names map[string]string) []string {
	t.Helper()
	ctx := t.Context()
	r, err := b.reports.Create(ctx, b.Actor, billing.NewReport{Start: first, End: last, Type: kind})
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, b.reports.WriteFile(ctx, b.Actor.Partner, r.ID, &file))
	require.NoError(t, b.reports.Delete(ctx, b.Actor, r.ID))
	rows, err := csv.NewReader(&file).ReadAll()
	require.NoError(t, err)
	out := []string{}
	for _, row := range rows[1:] {
		var cells []string
		for i, name := range rows[0] {
			switch name {
			case "CUSTOMER_EXTERNAL_ID", "SERVICE_NAME", "QUANTITY", "SUBSCRIBER_ID", "WORKSPACE_ID", "LOCATION_ID", "SUBSCRIPTION_ID":
				if known, ok := names[row[i]]; ok {
					row[i] = known
				}
				cells = append(cells, row[i])
			}
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, b *books)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, openBooks(t, filepath.Join(t.TempDir(), "books.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pgtest.Require(t)
		test(t, openBooks(t, pgtest.URL(t)))
	})
}

// TestUsageOfACustomerThatComesAndGoes goes through the services: somebody moves, a location goes, somebody is deleted and added again on the same day and gets
// another package, and in the end the customer is deleted. Its days stay in the reports, with what was known of it.
func TestUsageOfACustomerThatComesAndGoes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *books) {
		ctx, tenant := t.Context(), b.Customer.Tenant()
		names := map[string]string{string(b.Shop.ID): "shop", string(b.Annex.ID): "annex"}
		add := func(name, email string, location customer.LocationID, packages ...customer.Package) customer.Subscriber {
			in := customer.NewSubscriber{Customer: b.Customer.ID, Email: email, Packages: packages}
			if location != "" {
				in.Extension, in.Location = "101", location
			}
			s, err := b.People.AddSubscriber(ctx, b.Actor, in)
			require.NoError(t, err, name)
			names[string(s.ID)] = name
			return s
		}
		b.at(t, "05-01 12:00")
		owner := add("owner", "owner@bakery.example", "", customer.WebexMeetings)
		b.at(t, "05-02 00:00")
		ada := add("ada1", "ada@bakery.example", b.Annex.ID, customer.WebexCalling)
		b.at(t, "05-05 12:00")
		_, err := b.People.ChangePerson(ctx, b.Actor, tenant, ada.Person, customer.PersonChange{CallingIdentity: customer.CallingIdentity{Location: b.Shop.ID}})
		require.NoError(t, err)
		b.at(t, "05-06 00:00")
		require.NoError(t, b.Customers.DisableCalling(ctx, b.Actor, tenant, b.Annex.ID))
		require.NoError(t, b.Customers.DeleteLocation(ctx, b.Actor, tenant, b.Annex.ID))
		b.at(t, "05-08 12:00")
		require.NoError(t, b.People.RemoveSubscriber(ctx, b.Actor, ada.ID))
		b.at(t, "05-08 18:00")
		again := add("ada2", "ada@bakery.example", b.Shop.ID, customer.WebexCalling)
		b.at(t, "05-10 00:00")
		identity := customer.CallingIdentity{Extension: "101", Location: b.Shop.ID}
		_, err = b.People.ChangeSubscriber(ctx, b.Actor, again.ID, customer.Reassignment{Packages: []customer.Package{customer.WebexSuite}, CallingIdentity: identity})
		require.NoError(t, err)
		b.at(t, "05-12 06:00")
		require.NoError(t, b.People.RemoveSubscriber(ctx, b.Actor, again.ID))
		require.NoError(t, b.People.RemoveSubscriber(ctx, b.Actor, owner.ID))
		require.NoError(t, b.Customers.RemoveCustomer(ctx, b.Actor, b.Customer.ID))
		for _, today := range []string{"05-20 00:00", "12-31 00:00"} {
			b.at(t, today)
			assert.ElementsMatch(t, []string{
				"bakery Sub-1 WEBEX_MEETINGS 10.75 owner  ", "bakery Sub-1 WEBEX_CALLING 3.5 ada1  annex", "bakery Sub-1 WEBEX_CALLING 3 ada1  shop",
				"bakery Sub-1 WEBEX_CALLING 1.25 ada2  shop", "bakery Sub-1 WEBEX_SUITE 2.25 ada2  shop",
			}, b.report(t, billing.TypeUser, "2026-05-01", "2026-05-14", names))
			assert.Equal(t, []string{
				"bakery Sub-1 WEBEX_CALLING 3.5 annex", "bakery Sub-1 WEBEX_CALLING 4.25 shop", "bakery Sub-1 WEBEX_MEETINGS 10.75 ", "bakery Sub-1 WEBEX_SUITE 2.25 shop",
			}, sorted(b.report(t, billing.TypeCustomer, "2026-05-01", "2026-05-14", names)))
			assert.Equal(t, []string{"Sub-1 WEBEX_CALLING 7.75", "Sub-1 WEBEX_MEETINGS 10.75", "Sub-1 WEBEX_SUITE 2.25"},
				b.report(t, billing.TypePartner, "2026-05-01", "2026-05-14", names))
			assert.Empty(t, b.report(t, billing.TypeUser, "2026-05-13", "2026-05-14", names), "after it is gone")
		}
		folded, err := b.DB.Billing().FoldEvents(ctx, tenant)
		require.NoError(t, err)
		assert.Len(t, folded, 5)
	})
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// TestABillingStartIsMovedBeforeItHasCome has two customers: the one begins earlier than it was to, and the other later.
func TestABillingStartIsMovedBeforeItHasCome(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		require.NoError(t, b.Customers.SetSettings(ctx, b.Actor, customer.Settings{DelayedBilling: true}))
		day := func(d int) time.Time { return time.Date(2026, 5, d, 0, 0, 0, 0, time.UTC) }
		b.at(t, "05-02 12:00")
		customers := map[string]customer.Customer{}
		for _, name := range []string{"earlier", "later"} {
			c, err := b.Customers.Provision(ctx, b.Actor, customer.NewCustomer{
				ProvisioningID: b.Template.ProvisioningID, ExternalID: name, Name: name, PrimaryEmail: "owner@" + name + ".example", Address: b.Customer.Address,
				Packages: []customer.Package{customer.WebexMeetings}, BillingStart: day(20),
			})
			require.NoError(t, err)
			_, err = b.People.AddSubscriber(ctx, b.Actor, customer.NewSubscriber{Customer: c.ID, Email: "owner@" + name + ".example", Packages: []customer.Package{customer.WebexMeetings}})
			require.NoError(t, err)
			customers[name] = c
		}
		move := func(name string, start time.Time) error {
			_, err := b.Customers.ChangeCustomer(ctx, b.Actor, customers[name].ID, customer.CustomerChange{Packages: []customer.Package{customer.WebexMeetings}, BillingStart: start})
			return err
		}
		b.at(t, "05-12 12:00")
		require.NoError(t, move("earlier", day(15)))
		b.at(t, "05-19 12:00")
		require.NoError(t, move("later", day(22)))
		require.Error(t, move("earlier", day(25)), "it has come")
		b.at(t, "06-01 00:00")
		for _, c := range []struct{ last, earlier, later string }{{"2026-05-14", "", ""}, {"2026-05-18", "4", ""}, {"2026-05-21", "7", ""}, {"2026-05-24", "10", "3"}} {
			var want []string
			for name, quantity := range map[string]string{"earlier": c.earlier, "later": c.later} {
				if quantity != "" {
					want = append(want, name+" Sub-1 WEBEX_MEETINGS "+quantity+" ")
				}
			}
			assert.ElementsMatch(t, want, b.report(t, billing.TypeCustomer, "2026-05-01", c.last, nil), c.last)
		}
	})
}
