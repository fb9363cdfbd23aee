package deviceprofiles_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// A sequence is what one phone asked for at boot, as docs/packs.md describes it.
type sequence struct {
	Name   string   `json:"name"`
	Agent  string   `json:"agent"`
	Models []string `json:"models"` // beginnings of model numbers; empty for all of the family
	MAC    string   `json:"mac"`
	// Watched is what the phone's owner watches: keys show it, from the second on.
	Watched []deviceprofiles.Watched `json:"watched"`
	Steps   []bootStep               `json:"steps"`
}

// bootStep is one request and what is answered.
type bootStep struct {
	Get    string            `json:"get"`
	Head   string            `json:"head"`
	Put    string            `json:"put"`
	Agent  string            `json:"agent"` // where it isn't the sequence's
	Answer string            `json:"answer"`
	Holds  map[string]string `json:"holds"`
}

// sequences reads the boot sequences of all families.
func sequences(t testing.TB) map[deviceprofiles.Family][]sequence {
	t.Helper()
	paths, err := filepath.Glob("packs/*/fixtures/*.json")
	require.NoError(t, err)
	out := map[deviceprofiles.Family][]sequence{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var file struct {
			Sequences []sequence `json:"sequences"`
		}
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&file), path)
		require.NotEmpty(t, file.Sequences, path)
		out[deviceprofiles.Family(strings.TrimSuffix(filepath.Base(path), ".json"))] = file.Sequences
	}
	return out
}

// configuredModels are the models whose files we write, each once.
func configuredModels() []deviceprofiles.Model {
	return slices.DeleteFunc(slices.Clone(deviceprofiles.Models()), func(m deviceprofiles.Model) bool { return !m.Configured() })
}

// Every model is booted as a real phone of its family boots: each request is recognised as this phone's, and gets what the phone expects.
func TestEveryModelBootsAsItsFamilyDoes(t *testing.T) {
	t.Parallel()
	all := sequences(t)
	for i, m := range configuredModels() {
		number := strings.TrimPrefix(m.DisplayName, m.Vendor+" ")
		if !assert.NotEmpty(t, all[m.Family], "%s: the family %s has no boot sequence", m.Name, m.Family) {
			continue
		}
		booted := 0
		for _, s := range all[m.Family] {
			if len(s.Models) > 0 && !slices.ContainsFunc(s.Models, func(begin string) bool { return strings.HasPrefix(number, begin) }) {
				continue
			}
			booted++
			mac := s.MAC
			if mac == "" {
				mac = blockOf(m.Family) + fmt.Sprintf("%06x", i+1)
			}
			settings := sampleSettings(t, m.DisplayName, mac)
			settings.Model = m
			if len(s.Watched) > 0 {
				settings.Watched, settings.Layout = s.Watched, deviceprofiles.DefaultLayout(m, settings.Lines)
			}
			for _, step := range s.Steps {
				replay(t, settings, s, step)
			}
		}
		assert.Positive(t, booted, "%s: no boot sequence is for it", m.Name)
	}
}

// blockOf is an address block of a family's vendor, and a made-up one where none is known.
func blockOf(f deviceprofiles.Family) string {
	for _, block := range []string{"00562b", "805ec0", "64167f", "9cadef", "000413", "c074ad", "0c383e", "7c2f80", "0080f0", "0022ee", "7c1eb3", "00908f"} {
		mac, err := deviceprofiles.ParseMAC(block + "000001")
		if err == nil && slices.Contains(deviceprofiles.FamiliesOf(mac), f) {
			return block
		}
	}
	return "02aabb"
}

// replay asks one step's question and holds the answer against what the fixture says.
func replay(t *testing.T, s deviceprofiles.Settings, boot sequence, step bootStep) {
	t.Helper()
	fill := strings.NewReplacer("{mac}", s.MAC.Lower(), "{MAC}", s.MAC.String(), "{model}", strings.TrimPrefix(s.Model.DisplayName, s.Model.Vendor+" "), "{common}", s.Model.CommonFile)
	agent := boot.Agent
	if step.Agent != "" {
		agent = step.Agent
	}
	asked, err := url.PathUnescape(fill.Replace(step.Get + step.Head + step.Put))
	require.NoError(t, err)
	agent = fill.Replace(agent)
	about := fmt.Sprintf("%s, %s: %s", s.Model.Name, boot.Name, asked)
	if step.Put != "" || step.Answer == "kept" {
		hit, _, err := deviceprofiles.MatchUpload(asked, agent)
		if step.Answer == "kept" {
			require.NoError(t, err, about)
			assert.Equal(t, s.MAC, hit.MAC, about)
			return
		}
		assert.Error(t, err, about)
		return
	}
	hit, err := deviceprofiles.Match(asked, agent)
	var file deviceprofiles.File
	switch {
	case step.Answer == "none":
		if err == nil && slices.Contains(hit.Families, s.Model.Family) && hit.HasMAC {
			_, err = deviceprofiles.Render(hit.Name, s)
		} else if err == nil && slices.Contains(hit.Families, s.Model.Family) {
			_, err = deviceprofiles.RenderBootstrap(hit, s.Model.Family, s.Service)
		}
		assert.True(t, err == nil && !slices.Contains(hit.Families, s.Model.Family) || fault.Is(err, fault.NotFound), "%s: %v", about, err)
		return
	case step.Answer == "refused":
		assert.True(t, fault.Is(err, fault.Denied), "%s: %v", about, err)
		return
	case !assert.NoError(t, err, about) || !assert.Contains(t, hit.Families, s.Model.Family, about):
		return
	case step.Answer == "open":
		file, err = deviceprofiles.RenderBootstrap(hit, s.Model.Family, s.Service)
	case step.Answer == "own":
		assert.Equal(t, s.MAC, hit.MAC, about)
		file, err = deviceprofiles.Render(hit.Name, s)
	default:
		t.Errorf("%s: %q is no answer", about, step.Answer)
		return
	}
	if !assert.NoError(t, err, about) {
		return
	}
	got := parse(t, string(file.Body))
	for name, value := range step.Holds {
		assert.Equal(t, fill.Replace(value), got[fill.Replace(name)], "%s: %s", about, name)
	}
}
