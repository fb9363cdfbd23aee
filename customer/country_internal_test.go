package customer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestEveryRowParses(t *testing.T) {
	t.Parallel()
	all, broken := parseCountries(countryTable, subdivisionTable)
	assert.Empty(t, broken)
	rows := tableRows(countryTable)
	assert.Len(t, all, len(rows), "a code stands in one row")
	for i, row := range rows {
		assert.True(t, i == 0 || rows[i-1][0] < row[0], "%s is in its place", row[0])
		assert.Contains(t, []string{"own", "-"}, row[2], row[0])
		assert.Contains(t, []string{"required", "-"}, row[3], row[0])
		assert.Contains(t, []string{"required", "-"}, row[4], row[0])
		assert.Regexp(t, `^(-|[-0-9A-Z#@* |]+)$`, row[5], row[0])
	}
}

// TestNamesMeanOneThing sees that no name of one subdivision is a name of another of its country too.
func TestNamesMeanOneThing(t *testing.T) {
	t.Parallel()
	meaning := map[string]string{}
	for _, row := range tableRows(subdivisionTable) {
		names := append(alternatives(row[3]), row[1], row[2])
		for _, name := range names {
			key := row[0] + " " + fold(name)
			if before, taken := meaning[key]; taken {
				assert.Equal(t, before, row[1], "%s in %s", name, row[0])
			}
			meaning[key] = row[1]
		}
	}
}

func TestBrokenRows(t *testing.T) {
	t.Parallel()
	all, broken := parseCountries("# heading\n\n"+
		"QA\tEMEA\t-\t-\t-\t-\t-\n"+
		"QB\tEMEA\n"+
		"QC\tMARS\t-\t-\t-\t-\t-\n"+
		"QD\tEMEA\t-\t-\t-\t##\t(\n",
		"QA\tX\tName\t-\n"+
			"QE\tX\tName\t-\n"+
			"QA\tY\n")
	require.Len(t, all, 1)
	assert.Equal(t, []Subdivision{{Code: "X", Name: "Name"}}, all["QA"].rules.States)
	require.Len(t, broken, 5)
	assert.EqualError(t, broken[0], `["QB" "EMEA"] has 2 columns, not 7`)
	assert.EqualError(t, broken[1], `QC: "MARS" is no region`)
	assert.ErrorContains(t, broken[2], "QD: error parsing regexp")
	assert.EqualError(t, broken[3], `["QE" "X" "Name" "-"] is no subdivision of a country`)
	assert.EqualError(t, broken[4], `["QA" "Y"] is no subdivision of a country`)
}

// TestCodesSurviveHaste writes codes of every form as people in a hurry do, and sees that they come back clean.
func TestCodesSurviveHaste(t *testing.T) {
	t.Parallel()
	var withCodes []CountryRules
	for _, row := range tableRows(countryTable) {
		if r := RulesOf(row[0]); r.PostalCodePattern != "" {
			withCodes = append(withCodes, r)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(withCodes).Draw(t, "country")
		code := rapid.StringMatching(r.PostalCodePattern).Draw(t, "code")
		got, ok := r.PostalCode(code)
		if !ok || got != code {
			t.Fatalf("%s: %q comes back as %q, %v", r.Code, code, got, ok)
		}
		hasty := " " + strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
		if got, ok := r.PostalCode(hasty); !ok || got != code {
			t.Fatalf("%s: %q comes back as %q, not %q", r.Code, hasty, got, code)
		}
	})
}
