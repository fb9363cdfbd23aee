package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// own renders a phone's own file with the settings in it and reads it back.
func own(t *testing.T, s deviceprofiles.Settings) map[string]string {
	t.Helper()
	assets := deviceprofiles.Files(s.Model, s.MAC)
	file, err := deviceprofiles.Render(assets[len(assets)-1].Path, s)
	require.NoError(t, err)
	return parse(t, string(file.Body))
}

// bootstrap renders what anybody gets for a path and reads it back.
func bootstrap(t *testing.T, path string, f deviceprofiles.Family, svc deviceprofiles.Service) map[string]string {
	t.Helper()
	hit, err := deviceprofiles.Match(path, "")
	require.NoError(t, err)
	file, err := deviceprofiles.RenderBootstrap(hit, f, svc)
	require.NoError(t, err)
	return parse(t, string(file.Body))
}

func TestTheClockInEachFamilysWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, cisco, ciscoRule, yealink, yealinkStart, polyOffset, polyStart string }{
		{"UTC", "GMT", "", "0", "", "0", ""},
		{"Europe/London", "GMT", "start=3/-1/7/1:0:0;end=10/-1/7/2:0:0;save=1:0:0", "0", "3/5/7/1", "0", "3 1 1 1 1"},
		{"America/New_York", "GMT-05:00", "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1:0:0", "-5", "3/2/7/2", "-18000", "3 8 1 0 2"},
		{"America/St_Johns", "GMT-03:30", "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1:0:0", "-3:30", "3/2/7/2", "-12600", "3 8 1 0 2"},
		{"Asia/Kolkata", "GMT+05:30", "", "+5:30", "", "19800", ""},
		{"Australia/Sydney", "GMT+10:00", "start=10/1/7/2:0:0;end=4/1/7/3:0:0;save=1:0:0", "+10", "10/1/7/2", "36000", "10 1 1 0 2"},
		{"Australia/Lord_Howe", "GMT+10:30", "start=10/1/7/2:0:0;end=4/1/7/2:0:0;save=0:30:0", "+10:30", "10/1/7/2", "37800", "10 1 1 0 2"},
		{"America/Santiago", "GMT-04:00", "start=9/1/6/23:59:0;end=4/1/6/23:59:0;save=1:0:0", "-4", "9/1/6/23", "-14400", "9 1 7 0 23"},
	} {
		cisco, yealink, poly := sampleSettings(t, "Cisco 8851", "00562B043615"), sampleSettings(t, "Yealink T54W", "805EC0AABBCC"), sampleSettings(t, "Poly VVX 450", "64167FAABBCC")
		cisco.TimeZone, yealink.TimeZone, poly.TimeZone = c.zone, c.zone, c.zone
		got := own(t, cisco)
		assert.Equal(t, c.cisco, got["Time_Zone"], c.zone)
		assert.Equal(t, c.ciscoRule, got["Daylight_Saving_Time_Rule"], c.zone)
		assert.Equal(t, c.ciscoRule != "", got["Daylight_Saving_Time_Enable"] == "Yes", c.zone)
		got = own(t, yealink)
		assert.Equal(t, c.yealink, got["local_time.time_zone"], c.zone)
		assert.Equal(t, c.yealinkStart, got["local_time.start_time"], c.zone)
		assert.Equal(t, c.yealinkStart != "", got["local_time.summer_time"] == "1", c.zone)
		got = own(t, poly)
		const group = "tcpIpApp.sntp.daylightSavings."
		start := []string{got[group+"start.month"], got[group+"start.date"], got[group+"start.dayOfWeek"], got[group+"start.dayOfWeek.lastInMonth"], got[group+"start.time"]}
		assert.Equal(t, c.polyOffset, got["tcpIpApp.sntp.gmtOffset"], c.zone)
		assert.Equal(t, c.polyStart, strings.TrimSpace(strings.Join(start, " ")), c.zone)
		assert.Equal(t, c.polyStart != "", got[group+"enable"] == "1", c.zone)
	}
}

func TestAnUnknownTimeZoneIsNamed(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		s := sampleSettings(t, model, mac)
		s.TimeZone = "Mars/Olympus"
		assets := deviceprofiles.Files(s.Model, s.MAC)
		_, err := deviceprofiles.Render(assets[len(assets)-1].Path, s)
		assert.True(t, fault.Is(err, fault.Invalid), model)
		assert.ErrorContains(t, err, "timeZone", model)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string][2]string{
		"de_de": {"German", "German_Germany"}, "fr-CA": {"French", "French_France"}, "EN_US": {"English", "English_United_States"},
		"en_gb": {"English", "English_United_Kingdom"}, "": {"English", "English_United_States"}, "x": {"English", "English_United_States"},
		"\u212a": {"English", "English_United_States"}, "xx_yy": {"English", "English_United_States"}, "deutsch": {"English", "English_United_States"},
	} {
		yealink, poly := sampleSettings(t, "Yealink T54W", "805EC0AABBCC"), sampleSettings(t, "Poly VVX 450", "64167FAABBCC")
		yealink.Language, poly.Language = locale, locale
		assert.Equal(t, want[0], own(t, yealink)["lang.gui"], locale)
		assert.Equal(t, want[1], own(t, poly)["lcl.ml.lang"], locale)
	}
}

func TestEveryTransport(t *testing.T) {
	t.Parallel()
	for transport, want := range map[deviceprofiles.SIPTransport][6]string{
		deviceprofiles.UDP: {"UDP", "Optional", "0", "1", "UDPOnly", "0"},
		deviceprofiles.TCP: {"TCP", "Optional", "1", "1", "TCPOnly", "0"},
		deviceprofiles.TLS: {"TLS", "Required", "2", "2", "TLS", "1"},
	} {
		cisco, yealink, poly := byAddress(sampleSettings(t, "Cisco 8851", "00562B043615")), byAddress(sampleSettings(t, "Yealink T54W", "805EC0AABBCC")), byAddress(sampleSettings(t, "Poly VVX 450", "64167FAABBCC"))
		cisco.SIP.Transport, yealink.SIP.Transport, poly.SIP.Transport = transport, transport, transport
		c, y, p := own(t, cisco), own(t, yealink), own(t, poly)
		assert.Equal(t, want, [6]string{
			c["SIP_Transport_1_"], c["Secure_Call_Option_1_"], y["account.1.sip_server.1.transport_type"], y["account.1.srtp_encryption"],
			p["reg.1.server.1.transport"], p["sec.srtp.require"],
		}, transport)
		assert.Equal(t, "192.0.2.10:5061", c["Outbound_Proxy_1_"])
		assert.Equal(t, "No", c["Use_DNS_SRV_1_"])
	}
}

func TestSeveralLines(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		s := sampleSettings(t, model, mac)
		if s.Model.LinePorts < 3 {
			continue
		}
		s.Lines = append(s.Lines, deviceprofiles.Line{
			Port: 3, UserName: "third", AuthName: "third", Password: secret.New("Third-Password-1"), Domain: "c9.sip.example.test", DisplayName: "Door", Label: "1009",
		})
		got := own(t, s)
		switch s.Model.Family {
		case deviceprofiles.CiscoMPP, "cisco-phoneos":
			assert.Equal(t, []string{"third", "Third-Password-1", "3", "No"}, []string{got["User_ID_3_"], got["Password_3_"], got["Extension_3_"], got["Line_Enable_2_"]})
		case deviceprofiles.Yealink, "yealink-dect":
			assert.Equal(t, []string{"third", "Third-Password-1", "1", "0"}, []string{got["account.3.user_name"], got["account.3.password"], got["account.3.enable"], got["account.2.enable"]})
		case "poly-obi":
			const line = "VoiceService.1.VoiceProfile.1.Line.3."
			if s.Model.LinePorts > 2 {
				assert.Equal(t, []string{"third@c9.sip.example.test", "Third-Password-1", "C"}, []string{got[line+"SIP.URI"], got[line+"SIP.AuthPassword"], got[line+"X_ServProvProfile"]})
				assert.Equal(t, "false", got["VoiceService.1.VoiceProfile.1.Line.2.Enable"])
			}
		case "snom", "snom-dect":
			const set = "phone-settings/"
			assert.Equal(t, []string{"third", "Third-Password-1", "on", "off"}, []string{got[set+"user_name[idx=3]"], got[set+"user_pass[idx=3]"], got[set+"user_active[idx=3]"], got[set+"user_active[idx=2]"]})
		case deviceprofiles.Poly:
			assert.Equal(t, []string{"third@c9.sip.example.test", "Third-Password-1", ""}, []string{got["reg.3.address"], got["reg.3.auth.password"], got["reg.2.address"]})
		}
	}
}

// Only the file with the MAC address orders the restart: the common one is read over HTTPS too, at every poll.
func TestAYealinkRestartsOnceToChangeToHTTPS(t *testing.T) {
	t.Parallel()
	svc := sampleSettings(t, "Yealink T54W", "805EC0AABBCC").Service
	assert.Equal(t, "1", bootstrap(t, "/805ec0aabbcc.cfg", deviceprofiles.Yealink, svc)["static.auto_provision.reboot_force.enable"])
	assert.NotContains(t, bootstrap(t, "/y000000000096.cfg", deviceprofiles.Yealink, svc), "static.auto_provision.reboot_force.enable")
	assert.Equal(t, "0", own(t, sampleSettings(t, "Yealink T54W", "805EC0AABBCC"))["static.auto_provision.reboot_force.enable"])
}

func TestAYealinksCommonFileBearsItsModelsNumber(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"Yealink T46S": "y000000000066.cfg", "Yealink T46U": "y000000000108.cfg", "Yealink T54W": "y000000000096.cfg", "Yealink T57W": "y000000000097.cfg",
	} {
		s := sampleSettings(t, model, "805EC0AABBCC")
		assert.Equal(t, []deviceprofiles.Asset{{Path: want}, {Path: "805ec0aabbcc.cfg"}, {Path: "805ec0aabbcc.cfg", Secret: true}}, deviceprofiles.Files(s.Model, s.MAC))
	}
}

// A phone that remembers the name of its own settings file gets settings in the open, not a master file that it would take for settings.
func TestAPolysSettingsFileIsNeverAMaster(t *testing.T) {
	t.Parallel()
	svc := sampleSettings(t, "Poly VVX 450", "64167FAABBCC").Service
	got := bootstrap(t, "/64167faabbcc-user.cfg", deviceprofiles.Poly, svc)
	assert.Equal(t, "phones.example.test:8443", got["device.prov.serverName"])
	assert.Equal(t, "HTTPS", got["device.prov.serverType"])
	assert.NotContains(t, got, "CONFIG_FILES")
	assert.NotContains(t, got, "device.prov.password")
	for _, master := range []string{"/64167faabbcc.cfg", "/000000000000.cfg"} {
		assert.Equal(t, "dialtone-poly.cfg", bootstrap(t, master, deviceprofiles.Poly, svc)["CONFIG_FILES"])
	}
}

func TestBootstrapsAreTheSameForEveryPhone(t *testing.T) {
	t.Parallel()
	svc := sampleSettings(t, "Cisco 8851", "00562B043615").Service
	for family, paths := range map[deviceprofiles.Family][2]string{
		deviceprofiles.CiscoMPP: {"/00562b043615.xml", "/021122334455.xml"},
		deviceprofiles.Yealink:  {"/805ec0aabbcc.cfg", "/021122334455.cfg"},
		deviceprofiles.Poly:     {"/64167faabbcc.cfg", "/021122334455.cfg"},
	} {
		assert.Equal(t, bootstrap(t, paths[0], family, svc), bootstrap(t, paths[1], family, svc), family)
	}
}

func TestWhatHasNoFileHasNone(t *testing.T) {
	t.Parallel()
	generic, ok := deviceprofiles.FindModel("Generic SIP Phone")
	require.True(t, ok)
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	assert.Empty(t, deviceprofiles.Files(generic, s.MAC))
	otherDoor, noLine, ofGeneric := s, s, s
	otherDoor.Service.HTTPSBase = ""
	noLine.Lines = nil
	ofGeneric.Model = generic
	for name, c := range map[string]struct {
		file     string
		settings deviceprofiles.Settings
		kind     fault.Kind
	}{
		"another phone's file":  {"00562b043616.xml", s, fault.NotFound},
		"another family's file": {"00562b043615-user.cfg", s, fault.NotFound},
		"no file at all":        {"", s, fault.NotFound},
		"generic phone":         {"00562b043615.xml", ofGeneric, fault.NotFound},
		"HTTPS is off":          {"00562b043615.xml", otherDoor, fault.NotFound},
		"no line":               {"00562b043615.xml", noLine, fault.Internal},
	} {
		_, err := deviceprofiles.Render(c.file, c.settings)
		require.Error(t, err, name)
		assert.Equal(t, c.kind, fault.KindOf(err), name)
	}
}

func TestNamesOfFilesHaveNoCase(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	upper, err := deviceprofiles.Render("00562B043615.XML", s)
	require.NoError(t, err)
	lower, err := deviceprofiles.Render("00562b043615.xml", s)
	require.NoError(t, err)
	assert.Equal(t, lower, upper)
}

func TestWithoutOurCAPhonesAreToldOfNone(t *testing.T) {
	t.Parallel()
	for model, mac := range samples() {
		s := sampleSettings(t, model, mac)
		s.Service.CACertificate = nil
		for name, file := range filesOf(t, s) {
			for _, word := range []string{"ca.pem", "Custom_CA_Rule", "Custom_CA_URL", "trusted_certificates", "customCaCert"} {
				assert.NotContains(t, string(file.Body), word, name)
			}
		}
	}
}
