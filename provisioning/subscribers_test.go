package provisioning_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
)

// TestANameThatNoFileCanHoldIsRefusedBeforeItIsStored uses names that the rules of people allow by themselves. The store's only other answer would be
// a panic: nothing is asked of it.
func TestANameThatNoFileCanHoldIsRefusedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	b := newBench(t, "00562B043615", "DMS Cisco 8851")
	for name, in := range map[string]provisioning.NewSubscriber{
		"as a whole too long":  {FirstName: strings.Repeat("\U0001F600", 64), LastName: strings.Repeat("\U0001F600", 65)},
		"a word of the format": {FirstName: "%NULL%"},
		"a line break":         {LastName: "a\nb"},
	} {
		_, err := b.AddSubscriber(t.Context(), actor, in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		require.Len(t, fault.ProblemsOf(err), 1)
		assert.Equal(t, "provisioningParameters.firstName", fault.ProblemsOf(err)[0].Field, name)
	}
}
