package customer

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the same zones on every machine, whatever it has installed
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"

	"dialtone/fault"
)

// problems gathers the broken rules of one input, so that whoever sent it can mend them all at once. Its methods return the cleaned value.
type problems struct {
	list []fault.Problem
}

// add notes that a field breaks a rule.
func (p *problems) add(field, format string, args ...any) {
	p.code(fault.CodeRule, field, format, args...)
}

// missing notes that a field is absent.
func (p *problems) missing(field, format string, args ...any) {
	p.code(fault.CodeMissing, field, format, args...)
}

// unknown notes that a field names nothing of the caller's.
func (p *problems) unknown(field, format string, args ...any) {
	p.code(fault.CodeUnknown, field, format, args...)
}

// reject notes that a field breaks a rule, and repeats what it holds: whoever reads a log of a thousand rows sees why.
func (p *problems) reject(field, value, rule string) {
	const most = 40 // characters that are repeated
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "..."
	}
	p.code(fault.CodeRule, field, "%s; it is %q", rule, value)
}

func (p *problems) code(code fault.Code, field, format string, args ...any) {
	p.list = append(p.list, fault.Problem{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// err returns fault.Invalid with all that was found, nil if nothing was.
func (p *problems) err(what string) error {
	return fault.InvalidProblems(what, p.list)
}

// sort puts the problems in the order of their fields, for rules that are looked at in none.
func (p *problems) sort() {
	slices.SortStableFunc(p.list, func(a, b fault.Problem) int { return strings.Compare(a.Field, b.Field) })
}

// text checks a required text of at most size characters.
func (p *problems) text(field, value string, size int) string {
	value = p.optionalText(field, value, size)
	if value == "" {
		p.missing(field, "is needed")
	}
	return value
}

// optionalText checks a text that may be empty: valid UTF-8, no control characters, at most size characters, blanks at the ends taken off.
func (p *problems) optionalText(field, value string, size int) string {
	value = strings.TrimSpace(value)
	switch {
	case !utf8.ValidString(value):
		p.add(field, "must be UTF-8")
	case utf8.RuneCountInString(value) > size:
		p.code(fault.CodeSize, field, "must have at most %d characters; it has %d", size, utf8.RuneCountInString(value))
	case strings.ContainsFunc(value, unprintable):
		p.add(field, "must not contain control characters or line breaks")
	}
	return value
}

// unprintable are the signs that some phone's file format can't hold: control characters and the Unicode line breaks.
func unprintable(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func (p *problems) email(field, value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value || len(value) > 254 {
		p.reject(field, value, "must be an e-mail address such as ada@example.com")
	}
	return value
}

func (p *problems) country(field, value string) string {
	value = strings.ToUpper(strings.TrimSpace(value))
	region, err := language.ParseRegion(value)
	if err != nil || len(value) != 2 || !region.IsCountry() {
		p.reject(field, value, "must be a country's two-letter code (ISO 3166-1), such as US")
		return value
	}
	return region.Canonicalize().String() // UK, which people write, is GB
}

func (p *problems) timeZone(field, value string) string {
	if _, err := time.LoadLocation(value); err != nil || value == "" || value == "Local" {
		p.reject(field, value, "must be a time zone's IANA name, such as America/New_York")
	}
	return value
}

// address checks an address as the wholesale API spells it: first line, city and country are needed; state and postal code where the country's post
// wants them.
func (p *problems) address(field string, a Address) Address {
	return p.addressIn(addressFields{field + ".addressLine1", field + ".addressLine2", field + ".city", field + ".stateOrProvince", field + ".zipOrPostalCode", field + ".country"}, a)
}

// place checks an address as the calling API spells it; prefix is the object's name with its dot, or "".
func (p *problems) place(prefix string, a Address) Address {
	return p.addressIn(addressFields{prefix + "address1", prefix + "address2", prefix + "city", prefix + "state", prefix + "postalCode", prefix + "country"}, a)
}

// addressFields are how an API calls the parts of an address.
type addressFields struct{ line1, line2, city, state, postalCode, country string }

func (p *problems) addressIn(f addressFields, a Address) Address {
	const lineSize = 50 // the wire's limit
	a = Address{
		Line1:           p.text(f.line1, a.Line1, lineSize),
		Line2:           p.optionalText(f.line2, a.Line2, lineSize),
		City:            p.text(f.city, a.City, lineSize),
		StateOrProvince: p.optionalText(f.state, a.StateOrProvince, lineSize),
		PostalCode:      p.optionalText(f.postalCode, a.PostalCode, 20),
		Country:         p.country(f.country, a.Country),
	}
	rules := RulesOf(a.Country)
	a.StateOrProvince = p.state(f.state, rules, a.StateOrProvince)
	a.PostalCode = p.postalCode(f.postalCode, rules, a.PostalCode)
	return a
}

// state reads a state or province as the country's post has it. Where it isn't required, or is written in another script than our table, what
// isn't known passes as it is.
func (p *problems) state(field string, rules CountryRules, value string) string {
	code, ok := rules.State(value)
	switch {
	case ok:
		return code
	case value == "" && rules.StateRequired:
		p.missing(field, "is needed in %s", rules.Code)
	case rules.StateRequired && isASCII(value):
		p.reject(field, value, "must be a state or province of "+rules.Code+", such as "+rules.States[0].Code)
	}
	return value
}

func (p *problems) postalCode(field string, rules CountryRules, value string) string {
	clean, ok := rules.PostalCode(value)
	switch {
	case ok:
		return clean
	case value == "" && rules.PostalCodeRequired:
		p.missing(field, "is needed in %s", rules.Code)
	case value != "" && rules.PostalCodeRequired:
		p.reject(field, value, "must be a postal code of "+rules.Code)
	}
	return value
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// number reads an E.164 number, with or without signs between its digits.
func (p *problems) number(field, value string) string {
	clean := CleanNumber(value)
	parsed, err := phonenumbers.Parse(clean, "")
	if err != nil || !strings.HasPrefix(clean, "+") || !phonenumbers.IsPossibleNumber(parsed) {
		p.reject(field, value, "must be a number in E.164 form, such as +12405551212")
	}
	return clean
}

// CleanNumber takes everything but digits and a leading plus sign out of a number.
func CleanNumber(value string) string {
	value = strings.TrimSpace(value)
	var b strings.Builder
	for i, r := range value {
		if r >= '0' && r <= '9' || r == '+' && i == 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// numbers reads the numbers that older clients send with a location, the main number among them.
func (p *problems) numbers(path string, values []string, mainNumber string) []string {
	if len(values) > maxNumbers {
		p.add(path+".numbers", "must hold at most %d numbers", maxNumbers)
		return nil
	}
	var out []string
	for _, v := range values {
		out = append(out, p.number(path+".numbers", v))
	}
	if mainNumber != "" {
		if n := p.number(path+".mainNumber", mainNumber); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// packages checks a customer's packages and quantities (product rule 4), and returns them as they are before they are provisioned.
func (p *problems) packages(list []Package, limits map[Package]int, country string) []CustomerPackage {
	if len(list) == 0 {
		p.missing("packages", "must name at least one package")
	}
	out := make([]CustomerPackage, 0, len(list))
	for i, pkg := range list {
		switch {
		case !pkg.Known():
			p.add("packages", "%q is no package", string(pkg))
		case slices.Contains(list[:i], pkg):
			p.add("packages", "names %s twice", pkg)
		case pkg.Calling() && country == "IN":
			p.add("packages", "%s isn't offered in India", pkg)
		}
		out = append(out, CustomerPackage{Package: pkg, Limit: limits[pkg], Status: PackageProvisioning})
	}
	p.addOns(list)
	p.limits(list, limits)
	return out
}

// addOns checks that what an add-on builds on is there too.
func (p *problems) addOns(list []Package) {
	calling := slices.ContainsFunc(list, Package.Calling)
	if slices.Contains(list, CiscoCallingPlan) && !calling {
		p.add("packages", "%s needs a calling package beside it", CiscoCallingPlan)
	}
	if slices.Contains(list, AttendantConsole) && !slices.ContainsFunc(list, Package.CarriesConsole) {
		p.add("packages", "%s needs webex_calling, webex_suite, cx_essentials or webex_voice beside it", AttendantConsole)
	}
}

// limits checks quantities: given for all packages that can have one or for none, and never zero.
func (p *problems) limits(list []Package, limits map[Package]int) {
	const path = "provisioningParameters.packages.limits."
	if len(limits) == 0 {
		return
	}
	for pkg, n := range limits {
		switch {
		case !slices.Contains(list, pkg):
			p.add(path+string(pkg), "limits a package that the customer doesn't have")
		case !pkg.Countable():
			p.add(path+string(pkg), "can't be given: the package has no quantity")
		case n < 1:
			p.add(path+string(pkg), "must be 1 or more; it is %d", n)
		}
	}
	for _, pkg := range list {
		if _, ok := limits[pkg]; !ok && pkg.Countable() {
			p.missing(path+string(pkg), "is needed: a customer has quantities for all its packages or for none")
		}
	}
	p.sort()
}

// PossibleNumber reports whether a number could exist: in E.164 form, plus sign first, with as many digits as its country's numbers have.
func PossibleNumber(e164 string) bool {
	var p problems
	return p.number("", e164) == e164 && len(p.list) == 0
}
