package people_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/people"
)

// TestANameThatNoFileCanHoldIsRefusedBeforeItIsStored uses names that the rules of people allow by themselves. The store's only other answer would be
// a panic: nothing is asked of it.
func TestANameThatNoFileCanHoldIsRefusedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	s := people.NewService(people.Config{})
	for name, in := range map[string]customer.NewSubscriber{
		"as a whole too long":  {FirstName: strings.Repeat("\U0001F600", 64), LastName: strings.Repeat("\U0001F600", 65)},
		"a word of the format": {FirstName: "%NULL%"},
		"a line break":         {LastName: "a\nb"},
	} {
		_, err := s.AddSubscriber(t.Context(), customer.Actor{}, in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		require.Len(t, fault.ProblemsOf(err), 1)
		assert.Equal(t, "provisioningParameters.firstName", fault.ProblemsOf(err)[0].Field, name)
	}
}
