package deviceprofiles_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// dialPlan is a Cisco phone's plan as the administration guide explains it: sequences, and whether one is sent at once.
type dialPlan []struct {
	numbers *regexp.Regexp
	atOnce  bool
}

func parseDialPlan(t testing.TB, text string) dialPlan {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")"), text)
	var out dialPlan
	for sequence := range strings.SplitSeq(text[1:len(text)-1], "|") {
		digits, atOnce := strings.CutSuffix(sequence, "S0")
		require.Regexp(t, `^(?:[0-9x]|\[[0-9*#-]+\]|\.)+$`, digits, text)
		pattern := strings.NewReplacer("x", "[0-9]", ".", "*").Replace(digits)
		out = append(out, struct {
			numbers *regexp.Regexp
			atOnce  bool
		}{regexp.MustCompile("^" + pattern + "$"), atOnce})
	}
	return out
}

// sends says whether the plan lets a number pass, and whether without waiting for more.
func (p dialPlan) sends(number string) (passes, atOnce bool) {
	for _, sequence := range p {
		if sequence.numbers.MatchString(number) {
			passes, atOnce = true, atOnce || sequence.atOnce
		}
	}
	return passes, atOnce
}

// countriesOfCisco are those whose numbers the templates know, and one that they don't.
func countriesOfCisco() []string {
	return strings.Fields("US CA PR VI GU AS MP AG AI BB BM BS DM DO GD JM KN KY LC MS SX TC TT VC VG GB IE DE AT CH LI FR BE LU SI ES IT NO PL CZ SK HU HR GR CY LV NL PT DK SE FI IS EE LT RO BG MT AU NZ ZZ")
}

func ciscoIn(t testing.TB, country string) map[string]string {
	t.Helper()
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	s.Country = country
	assets := deviceprofiles.Files(s.Model, s.MAC)
	file, err := deviceprofiles.Render(assets[len(assets)-1].Path, s)
	require.NoError(t, err)
	return parse(t, string(file.Body))
}

// Whatever somebody dials goes out: a plan decides only how long the phone waits, and never ends an extension early.
func TestACiscoDialPlanLetsEveryNumberPass(t *testing.T) {
	t.Parallel()
	plans := map[string]dialPlan{}
	for _, country := range countriesOfCisco() {
		plans[country] = parseDialPlan(t, ciscoIn(t, country)["Dial_Plan_1_"])
	}
	rapid.Check(t, func(rt *rapid.T) {
		country := rapid.SampledFrom(countriesOfCisco()).Draw(rt, "country")
		number := rapid.StringMatching(`[*#]?[0-9]{1,20}`).Draw(rt, "number")
		passes, atOnce := plans[country].sends(number)
		if !passes {
			rt.Fatalf("%s can't be dialled in %s", number, country)
		}
		if atOnce && len(number) < 8 {
			rt.Fatalf("%s is sent at once in %s, and may be the beginning of an extension or of a number", number, country)
		}
	})
}

func TestNumbersOfOneLengthAreSentAtOnce(t *testing.T) {
	t.Parallel()
	for country, numbers := range map[string][]string{
		"US": {"2125550123", "12125550123"}, "CA": {"4165550123"}, "GB": {"02079460000", "07700900123", "03069990000"}, "FR": {"0123456789", "0612345678"}, "CH": {"0441234567", "0791234567"},
		"NL": {"0201234567", "0612345678"}, "RO": {"0212345678", "0712345678"}, "GR": {"2101234567", "6912345678"}, "ES": {"912345678", "612345678"}, "PT": {"212345678", "912345678"},
		"PL": {"221234567"}, "CZ": {"221234567"}, "DK": {"32123456"}, "NO": {"22123456"},
	} {
		plan := parseDialPlan(t, ciscoIn(t, country)["Dial_Plan_1_"])
		for _, number := range numbers {
			_, atOnce := plan.sends(number)
			assert.True(t, atOnce, "%s in %s", number, country)
			_, atOnce = plan.sends(number[:len(number)-1])
			assert.False(t, atOnce && country != "US" && country != "CA", "%s in %s isn't complete", number[:len(number)-1], country)
		}
	}
	for _, country := range []string{"DE", "AT", "IT", "SE", "ZZ"} {
		assert.Equal(t, "([*#]xx.|xx.)", ciscoIn(t, country)["Dial_Plan_1_"], "numbers have no one length in %s", country)
	}
}

func TestEmergencyNumbersAreKnownAndWait(t *testing.T) {
	t.Parallel()
	for _, country := range countriesOfCisco() {
		got := ciscoIn(t, country)
		list, plan := got["Emergency_Number_1_"], parseDialPlan(t, got["Dial_Plan_1_"])
		assert.LessOrEqual(t, len(list), 63, country)
		if list == "" {
			continue
		}
		for number := range strings.SplitSeq(list, ",") {
			assert.Regexp(t, `^[0-9]{2,4}$`, number, country)
			passes, atOnce := plan.sends(number)
			assert.True(t, passes && !atOnce, "%s in %s", number, country)
		}
	}
	for country, want := range map[string]string{"US": "911", "DE": "112,110", "GB": "112,999", "FR": "112,15,17,18", "AU": "000,112", "ZZ": "", "JM": ""} {
		assert.Equal(t, want, ciscoIn(t, country)["Emergency_Number_1_"], country)
	}
}

// Phones that came back together ask again at times of their own, and a phone's file stays as it is.
func TestCiscoPhonesDontPollTogether(t *testing.T) {
	t.Parallel()
	for model, macs := range map[string][]string{"Cisco 8851": {"00562B043615", "00562B043616", "00562B043617"}, "Cisco 9861": {"00562B043615", "00562B043616"}, "Cisco 192": {"00562B043615", "00562B043616"}} {
		seen := map[string]bool{}
		for _, mac := range macs {
			got := own(t, sampleSettings(t, model, mac))
			assert.Equal(t, got, own(t, sampleSettings(t, model, mac)))
			period, drawn, _ := strings.Cut(got["Resync_Periodic"], "+")
			seconds, err := strconv.Atoi(period)
			require.NoError(t, err)
			assert.True(t, seconds >= 23*3600 && seconds < 25*3600, "%s: %s", model, period)
			assert.Equal(t, model != "Cisco 192", drawn == "600", "an adapter takes one number")
			assert.False(t, seen[period], "%s: two phones ask every %s s", model, period)
			seen[period] = true
			at, there := got["Resync_At__HHmm_"]
			assert.True(t, there && at == "", "a time of day would go before the period")
		}
	}
}

// The open file is read again at each boot: what differed there from the own one would change to and fro.
func TestWhatStandsInBothFilesOfACiscoPhoneIsTheSame(t *testing.T) {
	t.Parallel()
	for model, mac := range map[string]string{"Cisco 8851": "00562B043615", "Cisco 9861": "00562B043618", "Cisco 192": "00562B043619"} {
		s := sampleSettings(t, model, mac)
		got := own(t, s)
		for name, file := range filesOf(t, s) {
			if !strings.HasPrefix(name, "open_") {
				continue
			}
			for setting, value := range parse(t, string(file.Body)) {
				assert.Equal(t, value, got[setting], "%s: %s in %s", model, setting, name)
			}
		}
	}
}

// An adapter knows the macros of secrets in --key alone, and its user agent says no MAC address.
func TestAnAdapterShowsItsPasswordByAnOrdinaryMacro(t *testing.T) {
	t.Parallel()
	got := own(t, sampleSettings(t, "Cisco 191", "00562B043619"))
	for name, value := range got {
		assert.NotContains(t, strings.ReplaceAll(value, "--key $SA", ""), "$SA", name)
	}
	assert.Equal(t, `("$A" eq "enrolled")?[--uid $MA --pwd $B]https://phones.example.test:8443/$MA.xml|("$A" eq "sealed")?[--key $SA --uid $MA --pwd $B]https://phones.example.test:8443/$C/$MA.xml|https://phones.example.test:8443/$MA.xml`, got["Profile_Rule_B"])
	assert.NotContains(t, got, "Profile_Rule")
	assert.False(t, deviceprofiles.ParseAgent("Cisco/ATA192-12.0.1(SR3) (88755A000003)").HasMAC)
	assert.Equal(t, "ATA191", deviceprofiles.ParseAgent("Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)").Model)
}

func TestTheClockOfAnAdapter(t *testing.T) {
	t.Parallel()
	const setup = "router-configuration/Time_Setup/"
	for _, c := range []struct{ zone, code, adjust, rule string }{
		{"Europe/Berlin", "+01 2 2", "1", "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1"}, {"America/Los_Angeles", "-08 1 1", "1", "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1"},
		{"Asia/Tokyo", "+09 1 0", "0", ""}, {"UTC", "+00 2 2", "0", ""}, {"Asia/Kolkata", "", "0", ""}, {"America/St_Johns", "-03.5 1 1", "1", "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1"},
	} {
		s := sampleSettings(t, "Cisco 192", "00562B043619")
		s.TimeZone = c.zone
		got := own(t, s)
		assert.Equal(t, []string{c.code, c.adjust, c.rule}, []string{got[setup+"Time_Zone"], got[setup+"Auto_Adjust_Clock"], got[setup+"Daylight_Saving_Time_Rule"]}, c.zone)
	}
}

func TestLanguagesOfPhoneOS(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"de_de": "German", "en_us": "English-US", "en_gb": "English", "fr_ca": "French_Canada", "fr-FR": "French", "pt_br": "Portuguese_Brazil", "pt_pt": "Portuguese", "es_co": "Spanish_Colombia",
		"zh_tw": "Chinese_Taiwan", "zh_hk": "Chinese_HongKong", "zh_cn": "Chinese", "el_gr": "Greek_Greece", "xx": "English-US", "": "English-US",
	} {
		s := sampleSettings(t, "Cisco 9861", "00562B043618")
		s.Language = locale
		assert.Equal(t, want, own(t, s)["Phone_Language"], locale)
	}
}

func TestAPhoneIsToldNothingThatItsKindLacks(t *testing.T) {
	t.Parallel()
	for model, lacks := range map[string][]string{
		"Cisco 9861": {"Use_Auth_ID_1_", "Enable_VLAN", "PoE_Power_Required", "Unit_1_Key_1", "Custom_CA_URL"},
		"Cisco 8851": {"Phone_Language", "KEM_Type", "Unit_1_Key_1_", "Custom_CA_URL"},
	} {
		got := own(t, richSettings(t, model))
		for _, name := range lacks {
			assert.NotContains(t, got, name, model)
		}
	}
	got := own(t, sampleSettings(t, "Cisco 192", "00562B043619"))
	for _, name := range []string{"Custom_CA_Rule", "Admin_Password", "Webex_Onboard_Enable", "Extension_1_", "Time_Zone", "GPP_SA", "Line_Enable_3_"} {
		assert.NotContains(t, got, name)
	}
	_, err := deviceprofiles.Match("/spa112.cfg", "")
	assert.True(t, fault.Is(err, fault.NotFound), "older adapters are no family of ours")
}

// A code stands in the first rule, and counts no more: the way to the phone's own file takes its place. Otherwise nobody touches that rule, which is DHCP's.
func TestOnlyACodePinsTheFirstRule(t *testing.T) {
	t.Parallel()
	const rule = `("$A" eq "enrolled")?[--uid $MA --pwd $SA]https://phones.example.test:8443/$MA.xml|("$A" eq "sealed")?[--key $SB --uid $MA --pwd $SA]https://phones.example.test:8443/$B/$MA.xml|https://phones.example.test:8443/$MA.xml`
	for model, mac := range map[string]string{"Cisco 8851": "00562B043615", "Cisco 8875": "00562B043617", "Cisco 9861": "00562B043618"} {
		s := sampleSettings(t, model, mac)
		got := own(t, s)
		assert.NotContains(t, got, "Profile_Rule", model)
		assert.Equal(t, []string{rule, "", ""}, []string{got["Profile_Rule_B"], got["Profile_Rule_C"], got["Profile_Rule_D"]}, model)
		s.Activated = true
		got = own(t, s)
		assert.Equal(t, []string{rule, "", "", ""}, []string{got["Profile_Rule"], got["Profile_Rule_B"], got["Profile_Rule_C"], got["Profile_Rule_D"]}, model)
	}
}
