package provisioning_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning/coretest"
)

func vlan(value string) json.RawMessage {
	return json.RawMessage(`{"mpp":{"vlan":{"value":` + value + `}}}`)
}

// What is sent back unchanged stays of whom it was, and makes no revision.
func TestWhatIsSoAlreadyIsntSetAgain(t *testing.T) {
	t.Parallel()
	d := coretest.OpenLobby(t, "ada")
	phone := d.Phone(t, "ada", "Cisco 8851")
	tenant := d.Customer.Tenant()
	require.NoError(t, d.SetDeviceSettings(t.Context(), d.Actor, tenant, phone, "", true, vlan("12")))
	assert.Equal(t, int64(2), d.Revision(t, phone))
	other := d.Actor
	other.Email = "other@example.com"
	require.NoError(t, d.SetDeviceSettings(t.Context(), other, tenant, phone, "", true, vlan(`"12"`)))
	assert.Equal(t, int64(2), d.Revision(t, phone))
	require.NoError(t, d.SetDeviceSettings(t.Context(), other, tenant, phone, "", true, json.RawMessage(`{"mpp":{"httpProxy":{"password":"s3cret-proxy"}}}`)))
	require.NoError(t, d.SetDeviceSettings(t.Context(), other, tenant, phone, "", true, json.RawMessage(`{"mpp":{"httpProxy":{"password":"s3cret-proxy"}}}`)))
	assert.Equal(t, int64(3), d.Revision(t, phone))
	rows, err := d.Store.Settings(t.Context(), tenant, string(phone))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	assert.Equal(t, "other@example.com", rows[0].Actor)
	assert.Empty(t, rows[0].Value, "a secret is sealed")
	assert.NotContains(t, string(rows[0].Sealed), "s3cret")
	assert.Equal(t, "admin@example.com", rows[1].Actor)
}
