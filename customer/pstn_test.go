package customer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// carrier adds a PSTN vendor.
func (o *office) carrier(t testing.TB, name string, countries ...string) customer.PSTNVendor {
	t.Helper()
	v, err := o.CreatePSTNVendor(t.Context(), o.actor, customer.NewPSTNVendor{Name: name, Countries: countries})
	require.NoError(t, err)
	return v
}

func TestWhatCantBeAPSTNVendor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	v := o.carrier(t, "Most", slices.Repeat([]string{"us", "DE", "fr"}, 100)...)
	assert.Equal(t, []string{"DE", "FR", "US"}, v.Countries)
	assert.True(t, v.Serves("FR"))
	assert.False(t, v.Serves("CA"))
	for name, c := range map[string]struct {
		in     customer.NewPSTNVendor
		fields []string
		codes  []int
	}{
		"nothing":        {customer.NewPSTNVendor{}, []string{"countries", "name"}, []int{1001, 1001}},
		"long name":      {customer.NewPSTNVendor{Name: strings.Repeat("x", 81), Countries: []string{"US"}}, []string{"name"}, []int{1002}},
		"many countries": {customer.NewPSTNVendor{Name: "x", Countries: slices.Repeat([]string{"US"}, 301)}, []string{"countries"}, []int{1002}},
		"no country":     {customer.NewPSTNVendor{Name: "x", Countries: []string{"US", "XX", "USA"}}, []string{"countries[1]", "countries[2]"}, []int{90000, 90000}},
	} {
		_, err := o.CreatePSTNVendor(t.Context(), o.actor, c.in)
		assert.Equal(t, c.fields, fieldsOf(err), name)
		assert.Equal(t, c.codes, codesOf(err), name)
	}
}
