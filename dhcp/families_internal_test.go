package dhcp

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// Every family of the catalogue is in a pack, and every pack's family in the catalogue.
func TestFamiliesAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	var rows, want []deviceprofiles.Family
	for _, f := range families() {
		rows = append(rows, f.Family)
	}
	for _, m := range deviceprofiles.AllModels() {
		if !slices.Contains(want, m.Family) {
			want = append(want, m.Family)
		}
	}
	assert.ElementsMatch(t, want, rows)
}

// Our option definitions and the page know these codes.
func TestFamiliesReadOptionsThatAreDefined(t *testing.T) {
	t.Parallel()
	for _, f := range families() {
		for _, o := range f.Options {
			assert.Contains(t, []int{66, 114, 159, 160}, o.Code, f.Family)
		}
		if f.VLAN.Code != 0 {
			assert.Contains(t, []int{128, 132}, f.VLAN.Code, f.Family)
		}
	}
}

// A phone that two classes catch would be told whatever comes first. Where a family can't be told from another, both have to be told the same.
func TestNoPhoneIsToldTwoThings(t *testing.T) {
	t.Parallel()
	plan, err := NewPlan(Request{Host: "h", Scheme: HTTP, Port: 80, Blocks: deviceprofiles.AddressBlocks})
	require.NoError(t, err)
	owners := map[string]string{}
	for _, c := range plan.classes {
		for _, mark := range append(c.ends(), c.blocks...) {
			assert.Empty(t, owners[mark], "%s and %s both claim %s", owners[mark], c.name, mark)
			owners[mark] = c.name
		}
	}
}

func TestPatternsComeApart(t *testing.T) {
	t.Parallel()
	v := vendorClass{Pattern: "CP-????-3PCC*"}
	assert.Equal(t, []run{{offset: 0, text: "CP-"}, {offset: 7, text: "-3PCC"}}, v.runs())
	assert.Equal(t, "CP-", v.beginning())
	assert.Equal(t, "-3PCC", v.end())
	assert.Equal(t, []run{{offset: 0, text: "DP-98"}}, vendorClass{Pattern: "DP-98??*"}.runs())
}

// Nothing that needs quoting gets this far today; a family's form may some day.
func TestQuoting(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `"a\\b\"c,d#e"`, dnsmasqText(`a\b"c,d#e`))
	assert.Equal(t, `'$PSN''s ’’x'`, windowsText(`$PSN's ’x`))
	assert.Equal(t, `'a"b'`, keaText(`a"b`))
	assert.Equal(t, `0x612762`, keaText(`a'b`))
	assert.Equal(t, `a\,b`, keaData(option{text: "a,b"}))
}

// The page for people says of each family what it is given and what it reads besides.
func TestThePageHasEachFamily(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/dhcp.md")
	require.NoError(t, err)
	for _, f := range families() {
		row := ""
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, "| `") && strings.Contains(line, "`"+string(f.Family)+"`") {
				row = line
			}
		}
		require.NotEmpty(t, row, f.Family)
		for _, o := range f.Options {
			assert.Regexp(t, `\b`+strconv.Itoa(o.Code)+`\b`, row, f.Family)
			assert.Contains(t, row, "`"+strings.ReplaceAll(o.Value, "{url}", "http://HOST")+"`", f.Family)
		}
		for _, code := range f.AlsoReads {
			assert.Regexp(t, `\b`+strconv.Itoa(code)+`\b`, row, f.Family)
		}
	}
}
