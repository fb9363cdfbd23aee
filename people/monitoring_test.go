package people_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// A workspace without calling has no busy lamps, and no list either: it doesn't come back with its calling.
func TestAWorkspaceLosesItsListWithItsPackage(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	ctx, tenant := t.Context(), h.Customer.Tenant()
	w := h.place(t, "Lobby", "801")
	id := w.Member().ID
	list := []provisioning.Monitored{{Kind: provisioning.MonitorNumber, Number: "802"}}
	require.NoError(t, h.SetMonitoring(ctx, h.Actor, tenant, customer.MemberWorkspace, id, list))
	got, err := h.Monitoring(ctx, tenant, customer.MemberWorkspace, id)
	require.NoError(t, err)
	assert.Equal(t, []provisioning.MonitoredView{{Monitored: list[0]}}, got)
	_, err = h.People.ChangeWorkspace(ctx, h.Actor, tenant, w.ID, customer.WorkspaceFields{Calling: &customer.WorkspaceCalling{Type: customer.CallingFree}})
	require.NoError(t, err)
	got, err = h.Monitoring(ctx, tenant, customer.MemberWorkspace, id)
	require.NoError(t, err)
	assert.Empty(t, got)
	err = h.SetMonitoring(ctx, h.Actor, tenant, customer.MemberWorkspace, id, list)
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
	_, err = h.Monitoring(ctx, tenant, customer.MemberPerson, id)
	assert.True(t, fault.Is(err, fault.NotFound), "it is no person")
}
