package deviceprofiles_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// A block is six digits in lower case, of addresses that a device can have, and belongs to one vendor.
func TestAddressBlocks(t *testing.T) {
	t.Parallel()
	owners := map[string]string{}
	for _, m := range deviceprofiles.AllModels() {
		for _, block := range deviceprofiles.AddressBlocks(m.Family) {
			mac, err := deviceprofiles.ParseMAC(block + "aabbcc")
			require.NoError(t, err)
			assert.Equal(t, block, mac.OUI(), "%s of %s", block, m.Family)
			if owner, ok := owners[block]; ok {
				assert.Equal(t, owner, m.Vendor, block)
			}
			owners[block] = m.Vendor
		}
	}
	assert.Equal(t, []string{"0c383e", "00a859"}, deviceprofiles.AddressBlocks("fanvil"))
	assert.Empty(t, deviceprofiles.AddressBlocks(deviceprofiles.Generic))
	assert.Empty(t, deviceprofiles.AddressBlocks("nokia"))
}
