package customer_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
)

// allPackages are the packages of product rule 4.
func allPackages() []customer.Package {
	return []customer.Package{
		"common_area_calling", "webex_calling_standard", "webex_voice", "webex_calling", "webex_suite", "cx_essentials", "webex_meetings",
		"attendant_console", "cisco_calling_plan", "cx_premium_agent", "cx_standard_agent", "cx_voice_ports", "cx_ai_assistant", "webex_ai_agent",
	}
}

// featureGolden is testdata/features.txt: by package, and for each the features with their scopes.
type featureGolden struct {
	features []customer.Feature
	scope    map[customer.Feature]customer.FeatureScope
	brings   map[customer.Package][]customer.Feature
}

// readFeatures reads the table: "columns" and the packages that bring anything, then a heading for each scope and a line for each feature.
func readFeatures(t *testing.T) featureGolden {
	t.Helper()
	text, err := os.ReadFile("testdata/features.txt")
	require.NoError(t, err)
	golden := featureGolden{scope: map[customer.Feature]customer.FeatureScope{}, brings: map[customer.Package][]customer.Feature{}}
	var columns []string
	var scope customer.FeatureScope
	for line := range strings.Lines(string(text)) {
		cells := strings.Fields(line)
		switch {
		case len(cells) == 0 || cells[0] == "#":
		case cells[0] == "features":
			columns = cells[1:]
		case len(cells) == 1:
			scope = customer.FeatureScope(cells[0])
		default:
			feature := customer.Feature(cells[0])
			require.Len(t, cells, len(columns)+1, line)
			golden.features, golden.scope[feature] = append(golden.features, feature), scope
			for i, cell := range cells[1:] {
				require.Contains(t, []string{"yes", "-"}, cell, line)
				if cell == "yes" {
					golden.brings[customer.Package(columns[i])] = append(golden.brings[customer.Package(columns[i])], feature)
				}
			}
		}
	}
	return golden
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	golden := readFeatures(t)
	assert.Len(t, golden.features, 72)
	for _, p := range append(allPackages(), "", "webex_unheard_of") {
		want := golden.brings[p]
		assert.Equal(t, want, p.Features(), p)
		for _, f := range golden.features {
			assert.Equal(t, slices.Contains(want, f), p.Allows(f), "%s %s", p, f)
		}
	}
	for _, f := range golden.features {
		assert.Equal(t, golden.scope[f], f.Scope(), f)
	}
}

// TestPackagesWithoutFeatures names those that the table leaves out.
func TestPackagesWithoutFeatures(t *testing.T) {
	t.Parallel()
	var without []customer.Package
	for _, p := range allPackages() {
		require.True(t, p.Known(), p)
		if p.Features() == nil {
			without = append(without, p)
		}
	}
	assert.Equal(t, []customer.Package{
		"webex_meetings", "cisco_calling_plan", "cx_premium_agent", "cx_standard_agent", "cx_voice_ports", "cx_ai_assistant", "webex_ai_agent",
	}, without)
}

func TestStandardIsCallingLessFive(t *testing.T) {
	t.Parallel()
	standard := customer.WebexCallingStandard.Features()
	var less []customer.Feature
	for _, f := range customer.WebexCalling.Features() {
		if !slices.Contains(standard, f) {
			less = append(less, f)
		}
	}
	assert.Equal(t, []customer.Feature{"call_queue_agent", "call_recording", "shared_call_appearance", "virtual_lines", "call_queue"}, less)
}

func TestCommonAreas(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []customer.Feature{
		"call_forward_always", "call_forward_busy", "call_forward_no_answer", "call_hold_and_resume", "call_transfer_attended", "call_transfer_blind",
		"call_waiting", "call_waiting_id", "enterprise_directory", "extension_dialling", "feature_access_codes", "inbound_caller_id",
		"outbound_caller_id_blocking", "three_way_calling",
	}, customer.CommonAreaCalling.Features())
}

func TestUnknownFeature(t *testing.T) {
	t.Parallel()
	for _, f := range []customer.Feature{"", "teleportation", "Voicemail"} {
		assert.Equal(t, customer.FeatureScope(""), f.Scope(), f)
		for _, p := range allPackages() {
			assert.False(t, p.Allows(f), "%s %s", p, f)
		}
	}
}

func TestFeatureLaws(t *testing.T) {
	t.Parallel()
	// Each brings all that the one before it brings.
	ladder := []customer.Package{"webex_meetings", "common_area_calling", "webex_calling_standard", "webex_voice", "webex_calling", "webex_suite", "cx_essentials"}
	console := customer.AttendantConsole.Features()
	assert.Equal(t, []customer.Feature{"receptionist_client"}, console)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(allPackages()).Draw(t, "package")
		for _, f := range p.Features() {
			switch {
			case !p.Allows(f):
				t.Fatalf("%s lists %s, and doesn't allow it", p, f)
			case f.Scope() != "subscriber" && f.Scope() != "location":
				t.Fatalf("%s has no scope", f)
			case !p.Calling() && !p.AddOn():
				t.Fatalf("%s brings %s, and has no calling", p, f)
			case f.Scope() == "location" && p == customer.CommonAreaCalling:
				t.Fatalf("%s is basic calling, and brings %s", p, f)
			}
		}
		step := rapid.IntRange(1, len(ladder)-1).Draw(t, "step")
		for _, f := range ladder[step-1].Features() {
			if !ladder[step].Allows(f) {
				t.Fatalf("%s brings %s, %s doesn't", ladder[step-1], f, ladder[step])
			}
		}
	})
}
