package deviceprofiles_test

import (
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/deviceprofiles"
)

// What the boot sequences ask for in vain is what the packs call optional: whoever looks for a phone's fault isn't led there.
func TestWhatPhonesAskForInVainIsOptional(t *testing.T) {
	t.Parallel()
	mistake := regexp.MustCompile(`other families|older|enterprise|macro`) // sequences of phones that are wrong here, or told a wrong address
	const folder = "/prov/acme"                                            // asked for before its files: no name tells that there is no file
	fill := strings.NewReplacer("{mac}", "805ec0aabbcc", "{MAC}", "805EC0AABBCC", "{model}", "GXP2170")
	for family, list := range sequences(t) {
		for _, s := range list {
			for _, step := range s.Steps {
				asked := step.Get + step.Head
				if step.Answer != "none" || asked == "" || asked == folder || mistake.MatchString(s.Name) {
					continue
				}
				assert.True(t, deviceprofiles.OptionalName(path.Base(fill.Replace(asked))), "%s, %s: %s", family, s.Name, asked)
			}
		}
	}
	for name, want := range map[string]bool{
		"0004f2aabbcc-app.log": true, "0004F2AABBCC-appFlash.log": true, "0004f2aabbcc-phone.cfg": true, "805ec0aabbcc-local.cfg": true, "805ec0aabbcc.cfg": false,
		"y000000000096.cfg": false, "sip.ld": true, "": false, "dialtone.log": false,
	} {
		assert.Equal(t, want, deviceprofiles.OptionalName(name), name)
	}
}

func TestNamesOfOtherFirmware(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"SEP00562B043615.cnf.xml": true, "CTLSEP00562B043615.tlv": true, "ITLFile.tlv": true, "CP-8841-3PCC.xml": false, "00562b043615.xml": false,
	} {
		assert.Equal(t, want, deviceprofiles.ForeignName(name), name)
	}
}

func TestLeastVersions(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "11.0", deviceprofiles.LeastVersion(deviceprofiles.CiscoMPP))
	assert.Equal(t, "x.80.0", deviceprofiles.LeastVersion(deviceprofiles.Yealink))
	assert.Equal(t, "5.0", deviceprofiles.LeastVersion(deviceprofiles.Poly))
	assert.Empty(t, deviceprofiles.LeastVersion("snom"))
	assert.Empty(t, deviceprofiles.LeastVersion("nobody"))
}
