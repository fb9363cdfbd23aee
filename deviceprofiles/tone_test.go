package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/deviceprofiles"
)

// inCountry is a phone there, told tones as a setting says; "" for nothing.
func inCountry(t *testing.T, name, country, tones string) map[string]string {
	t.Helper()
	s := sampleSettings(t, name, blockOf(model(t, name).Family)+"000001")
	s.Country = country
	if tones != "" {
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{tag("Phone", "%EVERY_COUNTRY_TONES%"): plain(tones)}
	}
	return own(t, s)
}

func TestTonesOfACountry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phone, country, setting string
		want                    map[string]string
	}{
		{"Cisco 8851", "GB", "", map[string]string{
			"Dial_Tone": "350@-19,440@-19;10(*/0/1+2)", "Busy_Tone": "400@-19;10(.375/.375/1)", "Ring_Back_Tone": "400@-19,450@-19;*(.4/.2/1+2,.4/2/1+2)",
			"Reorder_Tone": "400@-19;10(.4/.35/1,.225/.525/1)", "Call_Waiting_Tone": "400@-19;30(.1/4/1)",
		}},
		{"Cisco 9861", "FR", "", map[string]string{"Dial_Tone": "440@-19;10(*/0/1)", "Ring_Back_Tone": "440@-19;*(1.5/3.5/1)", "Reorder_Tone": "", "Call_Waiting_Tone": ""}},
		{"Cisco 192", "US", "", map[string]string{"Dial_Tone": "350@-19,440@-19;10(*/0/1+2)", "Reorder_Tone": "480@-19,620@-19;10(.25/.25/1+2)"}},
		{"Cisco 8851", "GB", "OFF", map[string]string{"Dial_Tone": "", "Busy_Tone": ""}},
		{"Cisco 8851", "XX", "", map[string]string{"Dial_Tone": "", "Busy_Tone": ""}},
		{"Cisco 8851", "", "", map[string]string{"Dial_Tone": ""}},
		{"Yealink T54W", "DE", "", map[string]string{"voice.tone.country": "Germany", "voice.tone.dial": ""}},
		{"Yealink T54W", "CA", "", map[string]string{"voice.tone.country": "United States"}},
		{"Yealink T54W", "IE", "", map[string]string{
			"voice.tone.country": "Custom", "voice.tone.dial": "425/30000", "voice.tone.busy": "425/500,0/500", "voice.tone.ring": "400+450/400,0/200,400+450/400,0/2000", "voice.tone.congestion": "",
		}},
		{"Yealink W70B", "TR", "", map[string]string{"voice.tone.country": "Custom", "voice.tone.congestion": "450/200,0/200,450/200,0/200,450/200,0/200,450/600,0/200"}},
		{"Yealink T54W", "XX", "", map[string]string{"voice.tone.country": "", "voice.tone.dial": ""}},
		{"Yealink T54W", "IE", "OFF", map[string]string{"voice.tone.country": "", "voice.tone.dial": ""}},
		{"Snom D785", "CH", "", map[string]string{"phone-settings/tone_scheme": "SWI"}},
		{"Snom D785", "US", "KNOWN", map[string]string{"phone-settings/tone_scheme": "USA"}},
		{"Snom D785", "PL", "", map[string]string{"phone-settings/tone_scheme": ""}},
		{"Snom D785", "CH", "OFF", map[string]string{"phone-settings/tone_scheme": ""}},
		{"Snom M900", "DE", "", map[string]string{"phone-settings/tone_scheme": "GER"}},
		{"Grandstream GXP2135", "DE", "", map[string]string{"config[version=1]/P343": "", "config[version=1]/P348": ""}},
		{"Grandstream GXP2135", "DE", "ALL", map[string]string{
			"config[version=1]/P343": "f1=425@-19,c=0/0;", "config[version=1]/P346": "f1=425@-19,c=100/400;", "config[version=1]/P348": "f1=425@-19,c=48/48;", "config[version=1]/P4000": "",
		}},
		{"Grandstream GXP2135", "TR", "ALL", map[string]string{"config[version=1]/P348": "f1=450@-19,c=50/50;", "config[version=1]/P349": ""}},
		{"Grandstream HT802", "GB", "ALL", map[string]string{
			"config[version=1]/P4000": "f1=350@-19,f2=440@-19,c=0/0;", "config[version=1]/P4001": "f1=400@-19,f2=450@-19,c=40/20-40/200;", "config[version=1]/P343": "",
		}},
		{"Panasonic KX-HDV230", "US", "ALL", map[string]string{"BUSY_TONE_FRQ": "480,620", "BUSY_TONE_TIMING": "60,500,440", "DIAL_TONE1_TIMING": "60,0", "RINGBACK_TONE_TIMING": "60,2000,3940"}},
		{"Panasonic KX-HDV230", "US", "", map[string]string{"BUSY_TONE_FRQ": ""}},
		{"Panasonic KX-TGP600", "US", "ALL", map[string]string{"BUSY_TONE_FRQ": ""}},
	} {
		got := inCountry(t, c.phone, c.country, c.setting)
		for name, want := range c.want {
			assert.Equal(t, want, got[name], "%s in %q with %q: %s", c.phone, c.country, c.setting, name)
		}
	}
}

// Wherever a phone is, its file can be written, and nothing but tones is told otherwise than in a country that nobody knows.
func TestTonesChangeNothingElse(t *testing.T) {
	t.Parallel()
	countries := strings.Fields("AE AT AU BE BG BR CA CH CN CY CZ DE DK EE ES FI FR GB GR HR HU IE IL IN IS IT JP LT LU LV MT MX NL NO NZ PL PT RO SE SG SI SK TR US ZA ZZ")
	for _, m := range oneOfEachFamily() {
		for _, country := range countries {
			without := inCountry(t, m.DisplayName, country, "OFF")
			with := inCountry(t, m.DisplayName, country, "ALL")
			for name, value := range with {
				if _, both := without[name]; !both {
					tone := strings.Contains(strings.ToLower(name), "tone") || strings.HasPrefix(name, "config[version=1]/P")
					assert.True(t, tone, "%s in %s: %s = %s", m.Name, country, name, value)
				} else {
					assert.Equal(t, without[name], value, "%s in %s: %s", m.Name, country, name)
				}
			}
			for name := range without {
				assert.Contains(t, with, name, "%s in %s", m.Name, country)
			}
		}
	}
}
