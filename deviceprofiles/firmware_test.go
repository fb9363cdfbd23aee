package deviceprofiles_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

func TestFirmwareIsWhatFollowsItsFolder(t *testing.T) {
	t.Parallel()
	for path, name := range map[string]string{
		"/firmware/T54W-96.86.0.70.rom":                      "T54W-96.86.0.70.rom",
		"/prov/x//firmware//Poly/3111-48450-001.sip.ld":      "Poly/3111-48450-001.sip.ld",
		"/Firmware/sip88xx.12-0-1.loads":                     "sip88xx.12-0-1.loads",
		"/firmware/firmware/a":                               "firmware/a",
		"/firmware/805ec0aabbcc.cfg":                         "805ec0aabbcc.cfg",
		"/dms/Cisco_Phone_Background/firmware/a_b-c.d.e.fw2": "a_b-c.d.e.fw2",
	} {
		hit, err := deviceprofiles.Match(path, "")
		require.NoError(t, err, path)
		assert.Equal(t, deviceprofiles.Hit{Name: name, Firmware: true}, hit, path)
	}
}

func TestWhatIsNoFirmwareIsJudgedAsEver(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/firmware", "/firmware/", "/x/firmware/y/", "/firmware/.ssh/id", "/firmware/..rom", "/firmware/a b", "/firmware/a%00", "/firmware/a$PN.loads",
		"/firmware/ä", "/myfirmware/a.rom", "/a/firmware.rom",
	} {
		hit, err := deviceprofiles.Match(path, "")
		require.Error(t, err, path)
		assert.False(t, hit.Firmware, path)
	}
	hit, _ := deviceprofiles.Match("/firmware/5414011256173816", "Cisco-CP-8851-3PCC/12.0.5 (00562B043615)")
	assert.False(t, hit.Firmware, "what may be an activation code is one")
	assert.False(t, hit.Code.IsZero())
}
