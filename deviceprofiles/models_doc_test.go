package deviceprofiles_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

const modelsHead = `# Models

Made from the catalogue by ` + "`go test ./deviceprofiles -run TestTheTableOfModels -update`" + `; the data is in ` + "`deviceprofiles/packs/`" + `, a folder a vendor.

A figure with ` + "`?`" + ` is confirmed by no source at hand: check it on the phone or in its data sheet, and take it out of ` + "`unconfirmed`" + ` in the data.

- **keys**: line keys, those of further pages included. **modules**: how many expansion modules, and the keys of one.
- **code**: it takes activation codes. **layout**: its keys can be laid out over the API. **background**: size of a picture, in pixels.
- **flags**: ` + "`?`" + ` when some of what ` + "`supportedDevices`" + ` answers with true or false is unconfirmed; for partner-managed
  phones all of it is.
- **managed by**: **platform** phones fetch all from this server. *later*: nobody has written that family's files yet, and it isn't offered until then.
  **partner** and **customer** phones are configured by others, with the SIP password that was chosen when the device was created. The wire name of
  a partner-managed phone is the name here with "Partner Managed" behind it.
`

// TestTheTableOfModels keeps docs/phones/models.md, which people read, equal to the catalogue.
func TestTheTableOfModels(t *testing.T) {
	t.Parallel()
	const file = "../docs/phones/models.md"
	want := tableOfModels(deviceprofiles.AllModels())
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "write it anew with -update")
}

func tableOfModels(models []deviceprofiles.Model) string {
	var out strings.Builder
	out.WriteString(modelsHead)
	var vendors []string
	rows := map[string][]string{}
	for i, m := range models {
		same := func(o deviceprofiles.Model) bool { return o.Vendor == m.Vendor && o.DisplayName == m.DisplayName }
		if slices.ContainsFunc(models[:i], same) {
			continue // shown with the first
		}
		var managers []string
		for _, o := range models {
			if same(o) {
				managers = append(managers, manager(o))
			}
		}
		if !slices.Contains(vendors, m.Vendor) {
			vendors = append(vendors, m.Vendor)
		}
		rows[m.Vendor] = append(rows[m.Vendor], rowOfModel(m, strings.Join(managers, ", ")))
	}
	for _, vendor := range vendors {
		fmt.Fprintf(&out, "\n## %s\n\n| model | family | lines | keys | modules | code | layout | background | flags | managed by |\n|---|---|---|---|---|---|---|---|---|---|\n", vendor)
		out.WriteString(strings.Join(rows[vendor], ""))
	}
	return out.String()
}

func manager(m deviceprofiles.Model) string {
	switch {
	case m.ManagedBy == "CISCO" && !m.Configured():
		return "platform *later*"
	case m.ManagedBy == "CISCO":
		return "platform"
	default:
		return strings.ToLower(m.ManagedBy)
	}
}

func rowOfModel(m deviceprofiles.Model, managers string) string {
	marked := func(text string, facts ...string) string {
		if slices.ContainsFunc(facts, func(f string) bool { return slices.Contains(m.Unconfirmed, f) }) {
			return strings.TrimSpace(text + " ?")
		}
		return text
	}
	yes := func(b bool) string { return map[bool]string{true: "yes"}[b] }
	modules, background := "", ""
	if m.KEMModules > 0 {
		modules = marked(fmt.Sprintf("%d x %d", m.KEMModules, m.KEMKeys), "kemModuleCount", "kemKeys", "kemModuleType")
	}
	if b := m.Background; b.Width > 0 {
		background = marked(fmt.Sprintf("%d x %d", b.Width, b.Height), "background")
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
		m.DisplayName, marked(string(m.Family), "family"), marked(fmt.Sprint(m.LinePorts), "numberOfLinePorts"), marked(fmt.Sprint(m.LineKeys), "numberOfLineKeyButtons"),
		modules, yes(m.Takes("ACTIVATION_CODE")), marked(yes(m.ConfigurableLayout), "allowConfigureLayoutEnabled"), background,
		marked("", "allowConfigureLinesEnabled", "allowConfigurePhoneSettingsEnabled", "supportsHotlineEnabled", "supportsApplyChangesEnabled"), managers)
}
