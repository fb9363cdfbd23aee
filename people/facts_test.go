package people_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// TestEveryPathSaysWhatIsKnownOfACustomer lists what changes the facts that reports on usage say of a customer, and what doesn't.
func TestEveryPathSaysWhatIsKnownOfACustomer(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, now := t.Context(), time.Date(2026, 5, 2, 8, 0, 0, 0, time.UTC)
	h.Clock = func() time.Time { return now }
	require.NoError(t, h.Customers.SetSettings(ctx, h.Actor, customer.Settings{DelayedBilling: true}))
	address := h.Customer.Address
	in := customer.NewCustomer{
		ProvisioningID: h.Template.ProvisioningID, ExternalID: "florist", Name: "Florist", PrimaryEmail: "owner@florist.example", Address: address,
		Packages: []customer.Package{customer.WebexMeetings}, BillingStart: time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC),
	}
	var c customer.Customer
	change := func(in customer.CustomerChange) func() error {
		return func() error {
			in.Packages = append(in.Packages, customer.WebexMeetings)
			_, err := h.Customers.ChangeCustomer(ctx, h.Actor, c.ID, in)
			return err
		}
	}
	seen := 0
	for _, path := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"created", func() error {
			var err error
			c, err = h.Customers.Provision(ctx, h.Actor, in)
			return err
		}, []string{"florist Sub-1 2026-05-20"}},
		{"another external id", change(customer.CustomerChange{ExternalID: "flowers"}), []string{"flowers Sub-1 2026-05-20"}},
		{"another billing start", change(customer.CustomerChange{BillingStart: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}), []string{"flowers Sub-1 2026-06-01"}},
		{"another package", change(customer.CustomerChange{Packages: []customer.Package{customer.WebexSuite}, Location: &customer.NewLocation{
			Name: "Shop", Address: address, TimeZone: "America/Chicago", Language: "en_us",
		}}), nil},
		{"its template has another subscription", func() error {
			_, err := h.Customers.ChangeTemplate(ctx, h.Actor, h.Template.ID, customer.NewTemplate{Name: "Small", Country: "US", Language: "en", SubscriptionID: "Sub-2"})
			return err
		}, nil},
		{"deleted", func() error { return h.Customers.RemoveCustomer(ctx, h.Actor, c.ID) }, nil},
		{"attached again, on the template's subscription of now", func() error {
			in := customer.NewCustomer{ProvisioningID: h.Template.ProvisioningID, ExternalID: "again", Org: c.Org, Address: address, Packages: in.Packages}
			_, err := h.Customers.Provision(ctx, h.Actor, in)
			return err
		}, []string{"again Sub-2 "}},
	} {
		now = now.Add(time.Minute)
		require.NoError(t, path.do(), path.name)
		history, err := h.DB.Billing().History(ctx, c.Tenant())
		require.NoError(t, err)
		var got []string
		for _, f := range history[seen:] {
			got = append(got, fmt.Sprint(f.ExternalID, " ", f.Subscription, " ", f.Billing))
			assert.Equal(t, now, f.Since, path.name)
		}
		assert.Equal(t, path.want, got, path.name)
		seen = len(history)
	}
	history, err := h.DB.Billing().History(ctx, c.Tenant())
	require.NoError(t, err)
	assert.NotEqual(t, history[0].Relation, history[len(history)-1].Relation, "an organisation that comes back is another customer")
}
