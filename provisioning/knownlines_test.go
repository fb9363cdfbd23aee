package provisioning_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
)

func TestALineThatIsRememberedIsSeenAgainBeforeItCounts(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada")
	d.Start(t)
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.Phone(t, "ada", "Yealink T54W")
	list, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
	require.NoError(t, err)
	old := list[0]
	_, err = d.SignIn(t, old, old.Password, 1)
	require.NoError(t, err)
	require.NoError(t, d.AnswerCompromise(ctx, d.Actor, tenant, id, time.Hour))

	_, err = d.Prove(t, "INVITE", old, old.Password)
	assert.True(t, fault.Is(err, fault.Denied), "a call is never decided by what is remembered: %v", err)
	_, err = d.SignIn(t, old, old.Password, 2)
	assert.True(t, fault.Is(err, fault.Denied), "the password is another one since: %v", err)
	list, err = d.RevealCredentials(ctx, d.Actor, tenant, id)
	require.NoError(t, err)
	_, err = d.SignIn(t, list[0], list[0].Password, 3)
	require.NoError(t, err)

	require.NoError(t, d.RemoveDevice(ctx, d.Actor, tenant, id))
	_, err = d.SignIn(t, list[0], list[0].Password, 4)
	assert.True(t, fault.Is(err, fault.Denied), "the line is gone: %v", err)
}

func TestARegistrationThatIsKeptAliveIsTracedNowAndThen(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada")
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	d.Clock = func() time.Time { return now }
	d.Start(t)
	ctx, tenant, id := t.Context(), d.Customer.Tenant(), d.Phone(t, "ada", "Yealink T54W")
	list, err := d.RevealCredentials(ctx, d.Actor, tenant, id)
	require.NoError(t, err)
	for i := range 120 { // every minute for two hours
		_, err := d.SignIn(t, list[0], list[0].Password, uint32(i+1))
		require.NoError(t, err)
		now = now.Add(time.Minute)
	}
	trace, err := d.Trace(ctx, tenant, id, provisioning.TraceFilter{Door: "sip"}, 500)
	require.NoError(t, err)
	assert.InDelta(t, 12.5, len(trace), 0.5, "the first, and one in each slot of ten minutes")
	state, err := d.Registration(ctx, tenant, id)
	require.NoError(t, err)
	require.Len(t, state.Bindings, 1)
	assert.Equal(t, now.Add(-time.Minute), state.Bindings[0].Registered, "the binding says when the phone was there last")
}
