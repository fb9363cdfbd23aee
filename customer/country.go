package customer

import (
	_ "embed" // the two tables
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// CountryRules is what a country asks of an address. The zero value, which countries have that nobody knows, asks for nothing and lets everything
// pass.
//
// A state is required where the national post wants it in every address: Australia Post, Canada Post, China Post, Correios, India Post, Japan Post,
// Poste Italiane (the province's two letters) and the USPS (Publication 28) do. Elsewhere it may be given. Sources stand in the tables' headings.
type CountryRules struct {
	Code               string        // ISO 3166-1 alpha-2, upper case
	StateRequired      bool          // an address without a state or province is incomplete
	PostalCodeRequired bool          // likewise without a postal code
	States             []Subdivision // sorted by code; empty: any text may be a state
	PostalCodePattern  string        // a Go regular expression for the whole of a code that is cleanly written; empty: the country has no codes

	stateCodes  map[string]string // codes by all that may be written for them, folded
	postalForms []string          // ways to write a postal code, as in the table's heading
	postalCode  *regexp.Regexp    // PostalCodePattern; nil without one
}

// Subdivision is a state, province, prefecture or territory.
type Subdivision struct {
	Code string // ISO 3166-2 without the country's prefix, such as CA
	Name string // such as California
}

// Region is where a customer's meeting site is.
type Region string

// The regions of meeting sites (product rule 5).
const (
	RegionAMER Region = "AMER" // the Americas
	RegionAPAC Region = "APAC" // Asia and the Pacific
	RegionANZ  Region = "ANZ"  // Australia and New Zealand
	RegionEMEA Region = "EMEA" // the United Kingdom, eastern Europe, the Middle East and Africa
	RegionEURO Region = "EURO" // the European Union and its neighbours
)

// DialIn is the country whose number an organisation's meetings offer first.
type DialIn struct {
	Prefix string // the plus sign and the calling code (ITU-T E.164), such as +1
	Own    bool   // it is the organisation's own country; else the one that serves its region
}

// RulesOf returns what a country asks of an address, by its ISO 3166-1 alpha-2 code in any case. A withdrawn code has its successor's rules. What is
// no country has the zero value.
func RulesOf(country string) CountryRules {
	rules := countryOf(country).rules
	rules.States = slices.Clone(rules.States)
	return rules
}

// DialInRegion returns the region of a country's meeting site, by its ISO 3166-1 alpha-2 code in any case; empty for what is no country.
func DialInRegion(country string) Region { return countryOf(country).region }

// DefaultDialIn returns where the people of a country dial in unless somebody chooses: in their country if it has numbers, else in the one that
// serves its region (product rule 5). The zero value for what is no country.
func DefaultDialIn(country string) DialIn {
	c := countryOf(country)
	if c.ownDialIn {
		return DialIn{Prefix: fmt.Sprintf("+%d", phonenumbers.GetCountryCodeForRegion(c.rules.Code)), Own: true}
	}
	return DialIn{Prefix: c.region.dialIn()}
}

// dialIn is the prefix of the numbers that serve a region's countries without their own.
func (r Region) dialIn() string {
	switch r {
	case RegionAMER:
		return "+1"
	case RegionAPAC:
		return "+65"
	case RegionANZ:
		return "+61"
	case RegionEMEA:
		return "+44"
	case RegionEURO:
		return "+49"
	}
	return ""
}

// State reads a state or province and returns its code. It takes the code in any case, with or without the country's prefix, and the name, without
// regard to case, accents, blanks and signs: ca, US-CA and California are CA. False for what is empty, not UTF-8, longer than an address line could
// be, or no state of the country. Where the States aren't listed any text is one: it comes back without the blanks at its ends, and a code, which is
// seen by the country's prefix, without that.
func (r CountryRules) State(value string) (code string, ok bool) {
	const longest = 200 // bytes: 50 characters, the wire's limit, of four bytes each
	value = strings.TrimSpace(value)
	if value == "" || len(value) > longest || !utf8.ValidString(value) {
		return "", false
	}
	bare := r.withoutPrefix(value)
	if len(r.stateCodes) > 0 || bare == "" {
		code, ok = r.stateCodes[fold(bare)]
		return code, ok
	}
	if code, ok = fill("***"[:min(3, len(bare))], strings.ToUpper(bare)); ok && bare != value { // at most three letters and digits (ISO 3166-2)
		return code, true
	}
	return value, true
}

// withoutPrefix takes the country's prefix, as an ISO 3166-2 code has it, off a state.
func (r CountryRules) withoutPrefix(value string) string {
	prefix := r.Code + "-"
	if r.Code == "" || len(value) < len(prefix) || !strings.EqualFold(value[:len(prefix)], prefix) {
		return value
	}
	return value[len(prefix):]
}

// fold takes from a name what people write differently: case, accents, blanks and signs.
func fold(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ReplaceAll(name, "&", "and")) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// PostalCode reads a postal code and returns it as the country's post writes it, in upper case and with its blank or hyphen: k1a0b1 is K1A 0B1. The
// country's prefix may stand before it, and is kept where it is a part of the code (LV-1010). False for what is empty, not UTF-8, too
// long or not of the country's pattern; it then comes back as it was, without the blanks at its ends. Where the country has no codes any short text passes.
func (r CountryRules) PostalCode(value string) (clean string, ok bool) {
	const longest = 60 // bytes: 20 characters, the wire's limit, of three bytes each, as Japanese keyboards write digits
	value = strings.TrimSpace(value)
	if value == "" || len(value) > longest || !utf8.ValidString(value) {
		return value, false
	}
	wide := strings.ToUpper(norm.NFKC.String(value)) // digits of full width become plain ones
	if r.postalCode == nil {
		return strings.Join(strings.Fields(wide), " "), true
	}
	compact := strings.Join(strings.FieldsFunc(wide, separator), "")
	for _, form := range r.postalForms {
		for _, candidate := range r.candidates(compact, form) {
			if clean, ok = fill(form, candidate); ok && r.postalCode.MatchString(clean) {
				return clean, true
			}
		}
	}
	return value, false
}

// candidates are what a code may mean: itself, itself behind the country's prefix, and, where the form begins with that, itself without it.
func (r CountryRules) candidates(compact, form string) []string {
	all := []string{compact, strings.TrimPrefix(compact, r.Code)}
	if strings.HasPrefix(form, r.Code) {
		all = append(all, r.Code+compact)
	}
	return all
}

// separator are the signs of a postal code that tell nothing.
func separator(r rune) bool { return unicode.Is(unicode.Dash, r) || unicode.IsSpace(r) }

// fill writes the letters and digits of a postal code into a form; false if they don't fit.
func fill(form, compact string) (string, bool) {
	var b strings.Builder
	for i := range len(form) {
		sign := form[i]
		if separator(rune(sign)) {
			b.WriteByte(sign)
			continue
		}
		if compact == "" || !fits(sign, compact[0]) {
			return "", false
		}
		b.WriteByte(compact[0])
		compact = compact[1:]
	}
	return b.String(), compact == ""
}

// fits reports whether a sign of a postal code may stand at a place of a form.
func fits(place, sign byte) bool {
	digit := sign >= '0' && sign <= '9'
	letter := sign >= 'A' && sign <= 'Z'
	switch place {
	case '#':
		return digit
	case '@':
		return letter
	case '*':
		return digit || letter
	}
	return place == sign
}

// country is a row of the table of countries.
type country struct {
	rules     CountryRules
	region    Region
	ownDialIn bool
}

// countryOf finds a country by its code, or by a withdrawn one; the zero value if there is none.
func countryOf(code string) country {
	const length = 2
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) != length {
		return country{}
	}
	if c, ok := countries()[code]; ok {
		return c
	}
	region, err := language.ParseRegion(code)
	if err != nil {
		return country{}
	}
	return countries()[region.Canonicalize().String()]
}

//go:embed data/countries.tsv
var countryTable string

//go:embed data/subdivisions.tsv
var subdivisionTable string

// countries are all countries by code, read from the tables when they are first asked for.
//
//nolint:gochecknoglobals // never changes: read once, the same in every process
var countries = sync.OnceValue(func() map[string]country {
	all, _ := parseCountries(countryTable, subdivisionTable) // the tests see that no row is broken
	return all
})

// parseCountries reads the tables of countries and of their subdivisions, whose headings describe them. A broken row is left out, and named.
func parseCountries(table, subdivisions string) (all map[string]country, broken []error) {
	all = map[string]country{}
	for _, row := range tableRows(table) {
		c, err := parseCountry(row)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		all[c.rules.Code] = c
	}
	for _, row := range tableRows(subdivisions) {
		const width = 4
		c, known := all[row[0]]
		if len(row) != width || !known {
			broken = append(broken, fmt.Errorf("%q is no subdivision of a country", row))
			continue
		}
		all[row[0]] = c.with(Subdivision{Code: row[1], Name: row[2]}, alternatives(row[3]))
	}
	return all, broken
}

// tableRows are the rows of a table, each in its columns; lines that begin with # are comments.
func tableRows(table string) (rows [][]string) {
	for line := range strings.Lines(table) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows
}

// alternatives are the parts of a column that can hold several, or none.
func alternatives(column string) []string {
	if column == "-" {
		return nil
	}
	return strings.Split(column, "|")
}

// parseCountry reads a row of the table of countries.
func parseCountry(row []string) (country, error) {
	const width = 7
	if len(row) != width {
		return country{}, fmt.Errorf("%q has %d columns, not %d", row, len(row), width)
	}
	c := country{region: Region(row[1]), ownDialIn: row[2] == "own", rules: CountryRules{
		Code: row[0], StateRequired: row[3] == "required", PostalCodeRequired: row[4] == "required", postalForms: alternatives(row[5]),
	}}
	if c.region.dialIn() == "" {
		return country{}, fmt.Errorf("%s: %q is no region", row[0], row[1])
	}
	if row[5] == "-" {
		return c, nil
	}
	c.rules.PostalCodePattern = "^(?:" + postalCodePattern(row[5], row[6]) + ")$"
	var err error
	if c.rules.postalCode, err = regexp.Compile(c.rules.PostalCodePattern); err != nil {
		return country{}, fmt.Errorf("%s: %w", row[0], err)
	}
	return c, nil
}

// postalCodePattern is the pattern of a row, or without one what its forms say.
func postalCodePattern(forms, pattern string) string {
	if pattern != "-" {
		return pattern
	}
	classes := map[byte]string{'#': "[0-9]", '@': "[A-Z]", '*': "[0-9A-Z]"}
	var b strings.Builder
	for forms != "" {
		class, isClass := classes[forms[0]]
		if !isClass {
			class = forms[:1]
		}
		rest := strings.TrimLeft(forms, forms[:1])
		b.WriteString(class)
		if times := len(forms) - len(rest); times > 1 {
			fmt.Fprintf(&b, "{%d}", times)
		}
		forms = rest
	}
	return b.String()
}

// with returns the country with one more subdivision, which goes by its code, its name and the others.
func (c country) with(s Subdivision, others []string) country {
	if c.rules.stateCodes == nil {
		c.rules.stateCodes = map[string]string{}
	}
	c.rules.States = append(c.rules.States, s)
	for _, name := range append(others, s.Code, s.Name) {
		c.rules.stateCodes[fold(name)] = s.Code
	}
	return c
}
