package customer_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"dialtone/customer"
)

// knownCountries are the codes that golang.org/x/text takes for a country's, and so what an address may have, withdrawn ones among them.
func knownCountries(t testing.TB) (codes []string) {
	t.Helper()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			if region, err := language.ParseRegion(code); err == nil && region.IsCountry() && region.String() == code {
				codes = append(codes, code)
			}
		}
	}
	require.Greater(t, len(codes), 249, "ISO 3166-1 has 249")
	return codes
}

func TestRulesOf(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]customer.CountryRules{
		"US":   {Code: "US", StateRequired: true, PostalCodeRequired: true, PostalCodePattern: "^(?:[0-9]{5}|[0-9]{5}-[0-9]{4})$"},
		" us ": {Code: "US", StateRequired: true, PostalCodeRequired: true, PostalCodePattern: "^(?:[0-9]{5}|[0-9]{5}-[0-9]{4})$"},
		"AU":   {Code: "AU", StateRequired: true, PostalCodeRequired: true, PostalCodePattern: "^(?:[0-9]{4})$"},
		"MX":   {Code: "MX", PostalCodeRequired: true, PostalCodePattern: "^(?:[0-9]{5})$"},
		"DE":   {Code: "DE", PostalCodeRequired: true, PostalCodePattern: "^(?:[0-9]{5})$"},
		"DD":   {Code: "DE", PostalCodeRequired: true, PostalCodePattern: "^(?:[0-9]{5})$"}, // the German Democratic Republic
		"KE":   {Code: "KE", PostalCodePattern: "^(?:[0-9]{5})$"},
		"HK":   {Code: "HK"},
		"AE":   {Code: "AE"},
		"ZZ":   {}, "Q!": {}, "": {}, "U": {}, "USA": {}, "840": {}, "\xff\xfe": {},
	} {
		got := customer.RulesOf(country)
		assert.Equal(t, want.Code, got.Code, country)
		assert.Equal(t, want.StateRequired, got.StateRequired, country)
		assert.Equal(t, want.PostalCodeRequired, got.PostalCodeRequired, country)
		assert.Equal(t, want.PostalCodePattern, got.PostalCodePattern, country)
	}
	assert.Equal(t, "GB", customer.RulesOf("uk").Code)
}

func TestRequiredStates(t *testing.T) {
	t.Parallel()
	var required []string
	for _, code := range knownCountries(t) {
		if r := customer.RulesOf(code); r.StateRequired {
			assert.NotEmpty(t, r.States, code)
			required = append(required, code)
		}
	}
	assert.Equal(t, []string{"AU", "BR", "CA", "CN", "IN", "IT", "JP", "US"}, required)
}

func TestStates(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for _, country := range knownCountries(t) {
		r := customer.RulesOf(country)
		if r.Code != country || len(r.States) == 0 {
			continue
		}
		count[country] = len(r.States)
		for i, s := range r.States {
			assert.True(t, i == 0 || r.States[i-1].Code < s.Code, "%s is in its place", s.Code)
			for _, written := range []string{s.Code, s.Name, strings.ToLower(s.Code), country + "-" + s.Code, strings.ToUpper(s.Name)} {
				code, ok := r.State(written)
				assert.True(t, ok, "%s %s", country, written)
				assert.Equal(t, s.Code, code, "%s %s", country, written)
			}
		}
	}
	assert.Equal(t, map[string]int{"AU": 8, "BR": 27, "CA": 13, "CN": 34, "IN": 36, "IT": 107, "JP": 47, "MX": 32, "MY": 16, "US": 60}, count)
	assert.Equal(t, []customer.Subdivision{
		{Code: "ACT", Name: "Australian Capital Territory"}, {Code: "NSW", Name: "New South Wales"}, {Code: "NT", Name: "Northern Territory"},
		{Code: "QLD", Name: "Queensland"}, {Code: "SA", Name: "South Australia"}, {Code: "TAS", Name: "Tasmania"}, {Code: "VIC", Name: "Victoria"},
		{Code: "WA", Name: "Western Australia"},
	}, customer.RulesOf("AU").States)
}

func TestStatesBelongToTheCaller(t *testing.T) {
	t.Parallel()
	customer.RulesOf("AU").States[0] = customer.Subdivision{Code: "XX"}
	assert.Equal(t, "ACT", customer.RulesOf("AU").States[0].Code)
}

func TestState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		country, value, want string
		ok                   bool
	}{
		{"US", "CA", "CA", true},
		{"US", "ca", "CA", true},
		{"US", "US-CA", "CA", true},
		{"US", "us-ca", "CA", true},
		{"US", " California ", "CA", true},
		{"US", "new  york", "NY", true},
		{"US", "US-New York", "NY", true},
		{"US", "Washington, D.C.", "DC", true},
		{"US", "Puerto Rico", "PR", true},
		{"US", "U.S. Virgin Islands", "VI", true},
		{"US", "CA-CA", "", false},
		{"US", "Ontario", "", false},
		{"US", "XX", "", false},
		{"US", "", "", false},
		{"US", "US-", "", false},
		{"US", " \t ", "", false},
		{"US", "C\xffA", "", false},
		{"US", strings.Repeat("CA", 101), "", false},
		{"CA", "Québec", "QC", true},
		{"CA", "quebec", "QC", true},
		{"CA", "Newfoundland & Labrador", "NL", true},
		{"CA", "P.E.I.", "PE", true},
		{"BR", "Sao Paulo", "SP", true},
		{"BR", "SÃO PAULO", "SP", true},
		{"MX", "Mexico City", "CMX", true},
		{"MX", "D.F.", "CMX", true},
		{"MX", "Nuevo Leon", "NLE", true},
		{"MX", "N.L.", "NLE", true},
		{"IN", "CT", "CG", true}, // its code until 2023
		{"IN", "Jammu & Kashmir", "JK", true},
		{"IN", "in-ka", "KA", true},
		{"JP", "13", "13", true},
		{"JP", "jp-13", "13", true},
		{"JP", "Tōkyō", "13", true},
		{"JP", "Kyoto-fu", "26", true},
		{"CN", "44", "GD", true}, // its code until 2017
		{"CN", "Xizang", "XZ", true},
		{"MY", "Penang", "07", true},
		{"IT", "RM", "RM", true},
		{"IT", "Forli-Cesena", "FC", true},
		{"IT", "L’Aquila", "AQ", true},
		{"IT", "Valle d'Aosta", "AO", true},
		{"IT", "Lombardia", "", false}, // a region; the post wants the province
		{"DE", "Bayern", "Bayern", true},
		{"DE", "DE-BY", "BY", true},
		{"DE", "de-by", "BY", true},
		{"DE", "DE-Bayern", "DE-Bayern", true},
		{"FR", "93", "93", true},
		{"DE", "", "", false},
		{"DE", "DE-", "", false},
		{"ZZ", "-ab", "-ab", true},
	} {
		got, ok := customer.RulesOf(c.country).State(c.value)
		assert.Equal(t, c.ok, ok, "%s %q", c.country, c.value)
		assert.Equal(t, c.want, got, "%s %q", c.country, c.value)
	}
}

func TestPostalCode(t *testing.T) {
	t.Parallel()
	for country, codes := range map[string]map[string]string{
		"US": {"62701": "62701", " 62701 ": "62701", "627011234": "62701-1234", "62701 1234": "62701-1234", "US-62701": "62701", "６２７０１": "62701", "62701–1234": "62701-1234"},
		"PR": {"00930": "00930", "PR 00930": "00930"},
		"CA": {"k1a0b1": "K1A 0B1", "K1A-0B1": "K1A 0B1", "K 1 A 0 B 1": "K1A 0B1"},
		"GB": {
			"sw1a1aa": "SW1A 1AA", "SW1A  1AA": "SW1A 1AA", "m11ae": "M1 1AE", "b338th": "B33 8TH", "cr26xh": "CR2 6XH", "dn551pt": "DN55 1PT", "w1a0ax": "W1A 0AX",
			"ec1a1bb": "EC1A 1BB", "gir0aa": "GIR 0AA", "GB SW1A 1AA": "SW1A 1AA",
		},
		"UK": {"sw1a1aa": "SW1A 1AA"},
		"JE": {"je24uh": "JE2 4UH"},
		"IE": {"d02x285": "D02 X285", "d6wxy00": "D6W XY00"},
		"AR": {"c1070aam": "C1070AAM", "1425": "1425", "ARC1070AAM": "C1070AAM"},
		"BR": {"40301110": "40301-110", "40301-110": "40301-110"},
		"JP": {"1540023": "154-0023", "１５４－００２３": "154-0023"},
		"NL": {"1234ab": "1234 AB", "NL-1234 AB": "1234 AB"},
		"PL": {"00950": "00-950"},
		"PT": {"2725079": "2725-079"},
		"SE": {"11455": "114 55", "SE-114 55": "114 55"},
		"CZ": {"10000": "100 00"},
		"GR": {"15124": "151 24"},
		"IR": {"1193612345": "11936-12345"},
		"LV": {"1010": "LV-1010", "lv1010": "LV-1010", "LV-1010": "LV-1010"},
		"LT": {"04340": "LT-04340"},
		"BB": {"23026": "BB23026"},
		"AZ": {"az1000": "AZ 1000"},
		"BM": {"hm12": "HM 12", "HMGX": "HM GX"},
		"MT": {"vct1753": "VCT 1753"},
		"KY": {"ky11100": "KY1-1100"},
		"KZ": {"050012": "050012", "z05t3f5": "Z05T3F5"},
		"FK": {"fiqq1zz": "FIQQ 1ZZ"},
		"DE": {"80331": "80331", "de-80331": "80331", "01067": "01067"},
		"IN": {"110 001": "110001"},
		"LB": {"11072810": "1107 2810"},
		"SO": {"jh09010": "JH 09010"},
		"TW": {"10603": "10603", "104": "104"},
		"BH": {"317": "317", "1204": "1204"},
		"SV": {"cp1101": "CP 1101", "1101": "1101"},
		"HK": {"999077": "999077", " n/a ": "N/A"}, // no codes there, but forms that people fill want one
		"AE": {"00000": "00000", "p.o.  box 1": "P.O. BOX 1"},
		"ZZ": {"whatever": "WHATEVER"},
	} {
		for value, want := range codes {
			got, ok := customer.RulesOf(country).PostalCode(value)
			assert.True(t, ok, "%s %q", country, value)
			assert.Equal(t, want, got, "%s %q", country, value)
		}
	}
}

func TestPostalCodeRefused(t *testing.T) {
	t.Parallel()
	for country, codes := range map[string][]string{
		"US": {"", "  ", "-", "6270", "627011", "62701-123", "ABCDE", "62701\x00", "62_701", strings.Repeat("6", 61), "CA-62701"},
		"CA": {"D1A 0B1", "K1A 0O1", "K1A", "62701"},
		"GB": {"Q1A 1AA", "SW1A 1AC", "SW1A", "12345", "S1 1A1"},
		"BE": {"0123"},
		"ES": {"53000", "00123"},
		"PR": {"62701"},
		"NL": {"0234 AB", "1234"},
		"IE": {"B02 X285", "D02 X28"},
		"AX": {"00100"},
		"HK": {"", strings.Repeat("1", 61)},
	} {
		for _, value := range codes {
			got, ok := customer.RulesOf(country).PostalCode(value)
			assert.False(t, ok, "%s %q", country, value)
			assert.Equal(t, strings.TrimSpace(value), got, "%s %q", country, value)
		}
	}
}

// TestRequiredPostalCodes sees too that no country asks for what it doesn't have.
func TestRequiredPostalCodes(t *testing.T) {
	t.Parallel()
	var required []string
	for _, code := range knownCountries(t) {
		r := customer.RulesOf(code)
		if r.Code == code && r.PostalCodeRequired {
			required = append(required, code)
			assert.NotEmpty(t, r.PostalCodePattern, code)
		}
	}
	assert.Equal(t, strings.Fields(
		"AS AT AU AX BE BL BR CA CH CN CZ DE DK EE ES FI FK FM FR GB GF GG GL GP GR GS GU HU IM IN IO IT JE JP KR LI LT LU LV MF MH MP MQ MX MY NC "+
			"NL NO NZ PF PL PM PN PR PT PW RE RO RU SE SG SH SJ SK SM TC TR TW UA US VI WF YT ZA"), required)
}

func TestEveryCountryHasARegion(t *testing.T) {
	t.Parallel()
	prefixes := map[customer.Region]string{"AMER": "+1", "APAC": "+65", "ANZ": "+61", "EMEA": "+44", "EURO": "+49"}
	for _, code := range knownCountries(t) {
		prefix, known := prefixes[customer.DialInRegion(code)]
		assert.True(t, known, "%s is in no region", code)
		if dialIn := customer.DefaultDialIn(code); !dialIn.Own {
			assert.Equal(t, customer.DialIn{Prefix: prefix}, dialIn, code)
		}
	}
}

func TestDialInRegion(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]customer.Region{
		"US": "AMER", "ca": "AMER", "BR": "AMER", "JM": "AMER", "GU": "AMER", "GF": "AMER",
		"SG": "APAC", "JP": "APAC", "IN": "APAC", "FJ": "APAC", "PK": "APAC", "NC": "APAC",
		"AU": "ANZ", "NZ": "ANZ", "CK": "ANZ", "NF": "ANZ",
		"GB": "EMEA", "UK": "EMEA", "ZA": "EMEA", "AE": "EMEA", "UA": "EMEA", "KZ": "EMEA", "RE": "EMEA",
		"DE": "EURO", "FR": "EURO", "IE": "EURO", "CH": "EURO", "RS": "EURO", "XK": "EURO", "YU": "EURO",
		"ZZ": "", "": "", "USA": "",
	} {
		assert.Equal(t, want, customer.DialInRegion(country), country)
	}
}

func TestDefaultDialInOfOwn(t *testing.T) {
	t.Parallel()
	own := map[string]string{}
	for _, code := range knownCountries(t) {
		if dialIn := customer.DefaultDialIn(code); dialIn.Own && customer.RulesOf(code).Code == code {
			own[code] = dialIn.Prefix
		}
	}
	assert.Equal(t, map[string]string{
		"AR": "+54", "AT": "+43", "AU": "+61", "BE": "+32", "BG": "+359", "BH": "+973", "BR": "+55", "CA": "+1", "CH": "+41", "CL": "+56", "CN": "+86",
		"CO": "+57", "CR": "+506", "CY": "+357", "CZ": "+420", "DE": "+49", "DK": "+45", "EE": "+372", "ES": "+34", "FI": "+358", "FR": "+33", "GB": "+44",
		"GR": "+30", "HK": "+852", "HR": "+385", "HU": "+36", "ID": "+62", "IE": "+353", "IL": "+972", "IN": "+91", "IS": "+354", "IT": "+39", "JP": "+81",
		"KR": "+82", "LT": "+370", "LU": "+352", "LV": "+371", "MT": "+356", "MX": "+52", "MY": "+60", "NL": "+31", "NO": "+47", "NZ": "+64", "PA": "+507",
		"PE": "+51", "PH": "+63", "PL": "+48", "PT": "+351", "RO": "+40", "SE": "+46", "SG": "+65", "SI": "+386", "SK": "+421", "TH": "+66", "TR": "+90",
		"TW": "+886", "US": "+1", "ZA": "+27",
	}, own)
}

func TestDefaultDialIn(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]customer.DialIn{
		"de": {Prefix: "+49", Own: true},
		"UK": {Prefix: "+44", Own: true},
		"LI": {Prefix: "+49"},
		"AE": {Prefix: "+44"},
		"VN": {Prefix: "+65"},
		"NU": {Prefix: "+61"},
		"BO": {Prefix: "+1"},
		"PR": {Prefix: "+1"},
		"ZZ": {},
		"":   {},
	} {
		assert.Equal(t, want, customer.DefaultDialIn(country), country)
	}
}

func FuzzState(f *testing.F) {
	for _, seed := range [][2]string{{"US", "US-CA"}, {"CA", "Québec"}, {"JP", "Tōkyō"}, {"DE", "de-by"}, {"IT", "L’Aquila"}, {"ZZ", "-\xff"}, {"us", "ﷺ"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, country, value string) {
		r := customer.RulesOf(country)
		code, ok := r.State(value)
		again, same := r.State(code)
		switch {
		case ok == (code == ""):
			t.Errorf("%q is a state: %v", code, ok)
		case ok && len(r.States) > 0 && (!same || again != code):
			t.Errorf("%q is given for a code, but isn't one", code)
		case len(code) > len(value):
			t.Errorf("%q is longer than %q", code, value)
		}
	})
}

func FuzzPostalCode(f *testing.F) {
	for _, seed := range [][2]string{{"US", "627011234"}, {"CA", "k1a0b1"}, {"GB", "sw1a1aa"}, {"LV", "1010"}, {"JP", "１５４－００２３"}, {"KZ", "z05t3f5"}, {"HK", "ﷺ"}, {"ie", "d6wxy00"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, country, value string) {
		r := customer.RulesOf(country)
		clean, ok := r.PostalCode(value)
		if !ok || r.PostalCodePattern == "" {
			return
		}
		if !regexp.MustCompile(r.PostalCodePattern).MatchString(clean) || len(clean) > 20 {
			t.Errorf("%q is given for a code of %s, but isn't one", clean, r.Code)
		}
		if again, same := r.PostalCode(clean); !same || again != clean {
			t.Errorf("%q is clean, and then %q", clean, again)
		}
	})
}
