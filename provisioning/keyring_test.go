package provisioning_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

func (s *oneDevice) AnyTenantOldestAndNewestDevice(context.Context) ([]provisioning.Device, error) {
	if s.device.ID == "" {
		return nil, s.err()
	}
	return []provisioning.Device{s.device}, s.err()
}

func TestAKeyringMustOpenWhatIsThere(t *testing.T) {
	t.Parallel()
	b := newBench(t, "00562B043615", "DMS Cisco 8851")
	require.NoError(t, b.CheckKeyring(t.Context()))
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	other, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	stranger, err := provisioning.New(provisioning.Config{Store: b.store, Keyring: other, Random: rand.Reader})
	require.NoError(t, err)
	assert.True(t, fault.Is(stranger.CheckKeyring(t.Context()), fault.Invalid))
	b.store.broken = true
	assert.True(t, fault.Is(b.CheckKeyring(t.Context()), fault.Unavailable), "a database that is away says nothing about the key")
	empty, err := provisioning.New(provisioning.Config{Store: &oneDevice{}, Keyring: other, Random: rand.Reader})
	require.NoError(t, err)
	assert.NoError(t, empty.CheckKeyring(t.Context()))
}
