package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// Who configures a phone with another tool is given its lines, and nothing that would take the phone away from that tool.
func TestAHandoverHoldsLinesAndNothingOfOurs(t *testing.T) {
	t.Parallel()
	for model, fileName := range map[string]string{
		"Yealink T46U": "805ec0aabbcb.cfg", "Yealink W60B": "805ec0aabbcd.cfg", "Yealink W70B": "805ec0aabbce.cfg", "Poly VVX 450": "64167faabbcc.cfg",
		"Poly OBi202": "9cadefaabbcc.xml", "Snom D785": "00041396d9b4.htm", "Snom M900": "000413b60680.htm", "Cisco 8841": "00562b043614.json",
	} {
		s := sampleSettings(t, model, samples()[model])
		assert.Equal(t, fileName, deviceprofiles.HandoverName(s), model)
		file, ok, err := deviceprofiles.RenderHandover(s)
		require.NoError(t, err, model)
		if s.Model.Family == deviceprofiles.CiscoMPP {
			assert.False(t, ok, "nobody has taught us a file to hand over")
			continue
		}
		require.True(t, ok, model)
		at := placesOf(t, s.Model)
		found := parse(t, string(file.Body))
		assert.Equal(t, "Line-Password&1", found[at.password], model)
		assert.Equal(t, s.Lines[0].DisplayName, found[at.name], model)
		assert.NotContains(t, found, at.access, model)
		for _, ours := range []string{"phones.example.test", "Access-Password-1", "Admin-Password-1", "MIIBszCCAVmgAwIBAgIUExample"} {
			assert.False(t, strings.Contains(string(file.Body), ours), "%s: %s", model, ours)
		}
	}
}
