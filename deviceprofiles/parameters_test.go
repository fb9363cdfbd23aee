package deviceprofiles_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// TestTheTableOfParameters holds docs/phones/parameters.md to the data; -update writes it anew.
func TestTheTableOfParameters(t *testing.T) {
	t.Parallel()
	const page = "../docs/phones/parameters.md"
	var b strings.Builder
	b.WriteString("# What settings are written to\n\nMade from the data in `deviceprofiles/packs` by `go test ./deviceprofiles -update`. A ? stands behind names that no reference " +
		"confirms: tags of\nours, and vendors' parameters known from elsewhere. \"-\" means that no phone is told.\n")
	for _, scope := range []deviceprofiles.SettingScope{"mpp", "ata", "wifi", "dect", "Poly", "Yealink"} {
		definitions, ok := deviceprofiles.Definitions(scope)
		require.True(t, ok)
		b.WriteString("\n## " + string(scope) + "\n\n| setting | shown as | default | parameters |\n|---|---|---|---|\n")
		for _, d := range definitions {
			if d.ReadOnly {
				continue
			}
			b.WriteString("| " + doubted("`"+d.Key.Name+"`", d.Unconfirmed) + " | " + d.FriendlyName + " | " + strings.ReplaceAll(d.Default.Text, "|", `\|`) + " | " + targets(d) + " |\n")
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(page)
	require.NoError(t, err)
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", page, diff)
	}
}

func doubted(name string, doubt bool) string {
	if doubt {
		return name + " ?"
	}
	return name
}

func targets(d deviceprofiles.SettingDefinition) string {
	var parts []string
	for _, family := range []deviceprofiles.Family{deviceprofiles.CiscoMPP, "cisco-phoneos", "cisco-ata", deviceprofiles.Poly, deviceprofiles.Yealink} {
		for _, target := range d.Parameters[family] {
			part := doubted("`"+target.Name+"`", target.Unconfirmed)
			if len(target.Models) > 0 {
				part += " (" + strings.Join(target.Models, ", ") + ")"
			}
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}
