package people_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// TestEveryPathSaysWhichPackageIsHeldWhere lists what changes who holds a package, and the events that usage is counted by.
func TestEveryPathSaysWhichPackageIsHeldWhere(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	tenant := h.Customer.Tenant()
	where := map[any]string{"": "", string(h.Shop.ID): "shop", string(h.Annex.ID): "annex"}
	told := func(subject string) []string {
		list, _, err := h.Customers.Events(t.Context(), tenant, customer.EventFilter{Subject: subject}, customer.Page{Max: 100})
		require.NoError(t, err)
		out := []string{}
		for i := len(list) - 1; i >= 0; i-- {
			switch e := list[i]; e.Kind {
			case customer.EventPackageAssigned, customer.EventPackageRemoved, customer.EventPackageMoved:
				pkg, _ := e.Data["package"].(string)
				assert.Equal(t, customer.LicenseKey(h.Customer.Org, h.Customer.ID, customer.Package(pkg)), e.Data["license"])
				out = append(out, string(e.Kind)+" "+pkg+" "+where[e.Data["location"]])
			default:
			}
		}
		return out
	}
	_, err := h.People.AddSubscriber(t.Context(), h.Actor, customer.NewSubscriber{Customer: h.Customer.ID, Email: "first@example.com", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err, "the first administers the customer, and keeps the level of the package")
	sub, err := h.People.AddSubscriber(t.Context(), h.Actor, customer.NewSubscriber{Customer: h.Customer.ID, Email: "ada@example.com", Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err)
	identity := customer.CallingIdentity{Extension: "101", Location: h.Shop.ID}
	reassign := func(packages ...customer.Package) func() error {
		return func() error {
			_, err := h.People.ChangeSubscriber(t.Context(), h.Actor, sub.ID, customer.Reassignment{Packages: packages, CallingIdentity: identity})
			return err
		}
	}
	hall := h.place(t, "Hall", "801")
	change := func(in customer.WorkspaceCalling) func() error {
		return func() error {
			_, err := h.People.ChangeWorkspace(t.Context(), h.Actor, tenant, hall.ID, customer.WorkspaceFields{Calling: &in})
			return err
		}
	}
	nothing := func() error { return nil }
	seen := map[string]int{}
	for _, path := range []struct {
		name, subject string
		do            func() error
		want          []string
	}{
		{"a person is subscribed", string(sub.ID), nothing, []string{"package.assigned webex_meetings "}},
		{"to calling", string(sub.ID), reassign(customer.WebexCalling), []string{"package.removed webex_meetings ", "package.assigned webex_calling shop"}},
		{"an add-on", string(sub.ID), reassign(customer.WebexCalling, customer.AttendantConsole), []string{"package.assigned attendant_console shop"}},
		{"the same again", string(sub.ID), reassign(customer.WebexCalling, customer.AttendantConsole), []string{}},
		{"to another location", string(sub.ID), func() error {
			_, err := h.People.ChangePerson(t.Context(), h.Actor, tenant, sub.Person, customer.PersonChange{CallingIdentity: customer.CallingIdentity{Location: h.Annex.ID}})
			return err
		}, []string{"package.moved webex_calling annex", "package.moved attendant_console annex"}},
		{"another name", string(sub.ID), func() error {
			_, err := h.People.ChangePerson(t.Context(), h.Actor, tenant, sub.Person, customer.PersonChange{FirstName: "Ada"})
			return err
		}, []string{}},
		{"away from calling", string(sub.ID), reassign(customer.WebexMeetings), []string{
			"package.removed webex_calling annex", "package.removed attendant_console annex", "package.assigned webex_meetings ",
		}},
		{"unsubscribed", string(sub.ID), func() error { return h.People.RemoveSubscriber(t.Context(), h.Actor, sub.ID) }, []string{"package.removed webex_meetings "}},
		{"a workspace", string(hall.ID), nothing, []string{"package.assigned webex_calling shop"}},
		{"that moves", string(hall.ID), change(customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: customer.CallingIdentity{Location: h.Annex.ID}}),
			[]string{"package.moved webex_calling annex"}},
		{"without calling", string(hall.ID), change(customer.WorkspaceCalling{Type: customer.CallingFree}), []string{"package.removed webex_calling annex"}},
		{"with calling again", string(hall.ID), change(customer.WorkspaceCalling{Type: customer.CallingWebex, CallingIdentity: customer.CallingIdentity{Extension: "802", Location: h.Shop.ID}}),
			[]string{"package.assigned webex_calling shop"}},
		{"deleted", string(hall.ID), func() error { return h.People.RemoveWorkspace(t.Context(), h.Actor, tenant, hall.ID) }, []string{"package.removed webex_calling shop"}},
	} {
		require.NoError(t, path.do(), path.name)
		all := told(path.subject)
		assert.Equal(t, path.want, all[seen[path.subject]:], path.name)
		seen[path.subject] = len(all)
	}
}
