package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

const (
	ciscoAgent   = "Cisco-CP-8851-3PCC/12.0.7 (00562b043615)"
	yealinkAgent = "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc"
)

func TestACodeIsRecognisedHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, agent, mac, families string
		vendor                     deviceprofiles.Family
	}{
		{"/5414011256173816", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"/5414-0112-5617-3816", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"/5414.0112.5617.3816", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"/5414 0112 5617 3816", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"5414011256173816", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"//prov//5414011256173816", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"/5414011256173816", yealinkAgent, "805EC0AABBCC", "yealink", ""},
		{"/5414011256173816", "", "", "cisco-mpp cisco-phoneos", ""},
		{"/5414011256173816", "curl/8.0", "", "cisco-mpp cisco-phoneos", ""},
		{"/5414011256173816/00562b043615", "", "00562B043615", "cisco-mpp cisco-phoneos", "cisco-mpp"},
		{"/5414-0112-5617-3816/00:56:2B:04:36:15", "", "00562B043615", "cisco-mpp cisco-phoneos", "cisco-mpp"},
		{"/5414011256173816/805ec0aabbcc", "", "805EC0AABBCC", "cisco-mpp cisco-phoneos", "yealink"},
		{"/5414011256173816/021122334455", "", "021122334455", "cisco-mpp cisco-phoneos", ""},
		{"/5414011256173816/00562b043615", ciscoAgent, "00562B043615", "cisco-mpp", ""},
		{"/5414011256173816/00562b043616", ciscoAgent, "", "cisco-mpp", ""},
	} {
		hit, err := deviceprofiles.Match(c.path, c.agent)
		require.NoError(t, err, c.path)
		assert.Equal(t, "5414011256173816", hit.Code.Reveal(), c.path)
		assert.Equal(t, "activation-code", hit.Name, c.path)
		assert.Equal(t, c.families, familyList(hit.Families), c.path)
		assert.Equal(t, c.vendor, hit.Vendor, c.path)
		assert.Equal(t, c.mac != "", hit.HasMAC, "%s as %s", c.path, c.agent)
		if hit.HasMAC {
			assert.Equal(t, c.mac, hit.MAC.String(), c.path)
		} else {
			assert.Zero(t, hit.MAC, c.path)
		}
	}
}

func TestWhatIsNoCodeIsNoneAndIsntRepeated(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/541401125617381", "/54140112561738166", "/5414--0112-5617-3816", "/541-40112-5617-3816", "/5414011256173816.xml", "/5414011256173816/", "/5414_0112_5617_3816",
		"/5414011256173816/nonsense", "/5414011256173816/ffffffffffff", "/x5414011256173816", "/5414011256173816/$MA", "/５414011256173816",
	} {
		hit, err := deviceprofiles.Match(path, ciscoAgent)
		require.True(t, fault.Is(err, fault.NotFound), path)
		assert.True(t, hit.Code.IsZero(), path)
		assert.NotContains(t, err.Error(), "414011256", path)
	}
}

func TestCodesAreMasked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/5414011256173816":                "/********",
		"/5414-0112-5617-3816/00562b04":    "/********/00562b04",
		"/x/5414 0112 5617 3816.xml":       "/x/********.xml",
		"/541401125617381":                 "/********",
		"/54140112561738165":               "/********",
		"/00562b043615.cfg":                "/00562b043615.cfg",
		"/001122334455.cfg":                "/001122334455.cfg",
		"/y000000000096.cfg":               "/y000000000096.cfg",
		"/3111-44500-001.sip.ld":           "/3111-44500-001.sip.ld",
		"/Cisco/CP-8851-3PCC/00562b04.cfg": "/Cisco/CP-8851-3PCC/00562b04.cfg",
	} {
		assert.Equal(t, want, deviceprofiles.MaskCodes(text), text)
	}
}

func TestAnActivatedPhonesOwnRuleTakesThePlaceOfTheCode(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	s.Activated = true
	file := own(t, s)
	assert.Equal(t, `("$A" eq "enrolled")?[--uid $MA --pwd $SA]https://phones.example.test:8443/$MA.xml|("$A" eq "sealed")?[--key $SB --uid $MA --pwd $SA]https://phones.example.test:8443/$B/$MA.xml|https://phones.example.test:8443/$MA.xml`, file["Profile_Rule"])
	assert.Contains(t, file, "Profile_Rule_B")
	assert.Empty(t, file["Profile_Rule_B"], "what a file of before left there is followed no more")
	s.Activated = false
	assert.NotContains(t, own(t, s), "Profile_Rule", "DHCP goes on to lead it")
}

// FuzzMatchCode looks for codes in any path: what is taken as one is one, and neither it nor what resembles it is told on.
func FuzzMatchCode(f *testing.F) {
	for _, path := range []string{"/5414011256173816", "/5414-0112-5617-3816/00562b043615", "//5414 0112 5617 3816", "/5414011256173816/00562b043615.xml", "/541401125617381"} {
		f.Add(path, ciscoAgent)
		f.Add(path, "")
	}
	f.Fuzz(func(t *testing.T, path, agent string) {
		hit, err := deviceprofiles.Match(path, agent)
		if err != nil {
			if deviceprofiles.MaskCodes(err.Error()) != err.Error() {
				t.Fatalf("%q is repeated in %v", path, err)
			}
			if !hit.Code.IsZero() {
				t.Fatalf("%q gave %+v and %v", path, hit, err)
			}
			return
		}
		if hit.Code.IsZero() {
			return
		}
		code := hit.Code.Reveal()
		if len(code) != 16 || strings.Trim(code, "0123456789") != "" || hit.HasMAC == (hit.MAC == deviceprofiles.MAC{}) || len(hit.Families) == 0 {
			t.Fatalf("%q gave %+v with %q", path, hit, code)
		}
		masked := deviceprofiles.MaskCodes(path)
		if strings.Contains(strings.NewReplacer("-", "", ".", "", " ", "").Replace(masked), code) || strings.Contains(hit.Name, code) {
			t.Fatalf("%q is masked as %q", path, masked)
		}
	})
}
