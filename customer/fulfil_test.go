package customer_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// codesOf are the error numbers of an error.
func codesOf(err error) []int {
	var out []int
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Code)
	}
	return out
}

func statesOf(c customer.Customer) map[customer.Package]customer.PackageStatus {
	out := map[customer.Package]customer.PackageStatus{}
	for _, p := range c.Packages {
		out[p.Package] = p.Status
	}
	return out
}

// kindsOf are what happened to a customer, the oldest first.
func (o *office) kindsOf(t *testing.T, c customer.Customer) []customer.EventKind {
	t.Helper()
	list, _, err := o.Events(t.Context(), o.actor.Tenant(), customer.EventFilter{Subject: string(c.ID)}, customer.Page{Max: 50})
	require.NoError(t, err)
	var out []customer.EventKind
	for _, e := range list {
		out = append([]customer.EventKind{e.Kind}, out...)
	}
	return out
}

func TestABusyCustomerCantBeTouched(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	c, err := o.Provision(t.Context(), o.actor, o.bakery())
	require.NoError(t, err)
	assert.Equal(t, c, o.kept(t, c), "it is there at once")
	assert.Equal(t, customer.StatusProvisioning, c.Status)
	assert.Equal(t, map[customer.Package]customer.PackageStatus{"webex_calling": "provisioning", "webex_meetings": "provisioning"}, statesOf(c))

	meetings := []customer.Package{customer.WebexMeetings}
	_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: meetings})
	assert.Equal(t, []int{90010}, codesOf(err), "%v", err)
	assert.Equal(t, []int{90010}, codesOf(o.RemoveCustomer(t.Context(), o.actor, c.ID)))
	_, err = o.subscribe(t, c, customer.NewSubscriber{Customer: c.ID, Email: "ada@bakery.example", Packages: meetings})
	assert.Equal(t, []int{90010}, codesOf(err))
	assert.True(t, fault.Is(err, fault.Conflict))
	assert.Equal(t, "The customer is provisioning. Try again when its status has changed.", fault.Message(err))

	require.NoError(t, o.promises.Do(t.Context()))
	c = o.kept(t, c)
	assert.Equal(t, customer.StatusProvisioned, c.Status)
	assert.Equal(t, map[customer.Package]customer.PackageStatus{"webex_calling": "provisioned", "webex_meetings": "provisioned"}, statesOf(c))
	assert.Equal(t, []customer.EventKind{"customer.created", "customer.fulfilled"}, o.kindsOf(t, c))
}

func TestWhatIsRefusedInTheBackgroundIsAResult(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	first, err := o.Provision(t.Context(), o.actor, o.bakery())
	require.NoError(t, err)
	again := o.bakery()
	again.ExternalID = "second"
	second, err := o.Provision(t.Context(), o.actor, again)
	require.NoError(t, err, "nobody has the numbers yet")
	require.NoError(t, o.promises.Do(t.Context()))
	assert.Equal(t, customer.StatusProvisioned, o.kept(t, first).Status)
	second = o.kept(t, second)
	assert.Equal(t, customer.StatusProvisionedWithErrors, second.Status)
	assert.Equal(t, map[customer.Package]customer.PackageStatus{"webex_calling": "error", "webex_meetings": "provisioned"}, statesOf(second))
	calling, _ := second.Package(customer.WebexCalling)
	assert.Equal(t, []customer.Notice{{Code: 90015, Message: "The number belongs to another location or organisation."}}, calling.Errors)
	locations, _, err := o.Locations(t.Context(), second.Tenant(), customer.LocationFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, locations, "nothing of it stays")
	_, err = o.subscribe(t, second, customer.NewSubscriber{Customer: second.ID, Email: "a@b.example", Packages: []customer.Package{customer.WebexCalling}, CallingIdentity: customer.CallingIdentity{Extension: "101"}})
	assert.Equal(t, []int{90020}, codesOf(err), "%v", err)

	// The same location again would meet the same numbers; another one mends it.
	change := customer.CustomerChange{Packages: again.Packages}
	_, err = o.ChangeCustomer(t.Context(), o.actor, second.ID, change)
	assert.Equal(t, []int{90015}, codesOf(err), "%v", err)
	change.Location = again.Location
	change.Location.Numbers, change.Location.MainNumber = nil, ""
	_, err = o.ChangeCustomer(t.Context(), o.actor, second.ID, change)
	require.NoError(t, err)
	second = o.kept(t, second)
	assert.Equal(t, customer.StatusProvisioned, second.Status)
	calling, _ = second.Package(customer.WebexCalling)
	assert.Empty(t, calling.Errors)
	assert.Equal(t, []customer.EventKind{"customer.created", "customer.fulfilled", "customer.changed", "customer.fulfilled"}, o.kindsOf(t, second))
}

func TestWhatIsGivenUpCanBeAskedForAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	c, err := o.Provision(t.Context(), o.actor, o.bakery())
	require.NoError(t, err)
	require.NoError(t, o.promises.GiveUp(t.Context(), errors.New("the database was away")))
	c = o.kept(t, c)
	assert.Equal(t, customer.StatusError, c.Status)
	require.Len(t, c.Errors, 1)
	assert.Equal(t, 90099, c.Errors[0].Code)
	assert.NotContains(t, c.Errors[0].Message, "database", "internals are for the log")
	_, err = o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: o.bakery().Packages})
	require.NoError(t, err, "the location is still known")
	c = o.kept(t, c)
	assert.Equal(t, customer.StatusProvisioned, c.Status)
	assert.Empty(t, c.Errors)
	locations, _, err := o.Locations(t.Context(), c.Tenant(), customer.LocationFilter{}, customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Len(t, locations, 1)
}

func TestAJobThatRunsTwiceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	worker := o.Workers()[0]
	c := o.provisioned(t, o.bakery())
	args := []byte(`{"partner":"` + string(c.Partner) + `","customer":"` + string(c.ID) + `"}`)
	require.NoError(t, worker.Do(t.Context(), args))
	require.NoError(t, worker.GiveUp(t.Context(), args, errors.New("late")))
	assert.Equal(t, c, o.kept(t, c))
	require.NoError(t, o.RemoveCustomer(t.Context(), o.actor, c.ID))
	_, err := o.Customer(t.Context(), o.actor, c.ID)
	assert.True(t, fault.Is(err, fault.NotFound))
	require.NoError(t, worker.Do(t.Context(), args), "it is gone, and nothing is left to do")
	assert.Equal(t, []customer.EventKind{"customer.created", "customer.fulfilled", "customer.leaving", "customer.deleted"}, o.kindsOf(t, c))
}

func TestAPackageThatGoesIsThereUntilItIsGone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.provisioned(t, o.bakery())
	o.promises.Hold()
	c, err := o.ChangeCustomer(t.Context(), o.actor, c.ID, customer.CustomerChange{Packages: []customer.Package{customer.WebexCalling, customer.WebexSuite}})
	require.NoError(t, err)
	assert.Equal(t, map[customer.Package]customer.PackageStatus{"webex_calling": "provisioned", "webex_suite": "provisioning", "webex_meetings": "deleting"}, statesOf(o.kept(t, c)))
	assert.False(t, c.Has(customer.WebexMeetings))
	require.NoError(t, o.promises.Do(t.Context()))
	assert.Equal(t, map[customer.Package]customer.PackageStatus{"webex_calling": "provisioned", "webex_suite": "provisioned"}, statesOf(o.kept(t, c)))
}
