package deviceprofiles

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dialtone/fault"
	"dialtone/secret"
)

// maxSettingText bounds a text whose definition states no bound, in bytes.
const maxSettingText = 256

// CheckSetting parses a value in any of its spellings into the canonical one: "true" or "1" for a boolean, digits for an integer. field is the wire's
// path of the value, which the error names. fault.Invalid when the value breaks a rule of its definition. The empty value is nothing set and is always
// fine, but for enums, booleans and integers.
func CheckSetting(d SettingDefinition, field, text string) (SettingValue, error) {
	value, err := settingDefinitions().check(d, text)
	if err != nil {
		return SettingValue{}, fault.InvalidField(field, "%s", err.Error())
	}
	return value, nil
}

// ruleError is a broken rule, in words for a person.
type ruleError string

func (e ruleError) Error() string { return string(e) }

func (t settingTable) check(d SettingDefinition, text string) (SettingValue, error) {
	switch d.Kind {
	case KindBoolean:
		return checkBoolean(text)
	case KindInteger:
		return checkInteger(d, text)
	case KindEnum:
		if !slices.Contains(d.Values, text) {
			return SettingValue{}, ruleError("must be one of " + strings.Join(d.Values, ", "))
		}
		return SettingValue{Text: text}, nil
	case KindList:
		return checkList(d, text)
	case KindString, KindNetwork, KindPassword:
		return t.checkText(d, text)
	default:
		return SettingValue{}, ruleError("is of no known kind")
	}
}

func checkBoolean(text string) (SettingValue, error) {
	switch text {
	case "true", "1":
		return SettingValue{Text: "true"}, nil
	case "false", "0":
		return SettingValue{Text: "false"}, nil
	}
	return SettingValue{}, ruleError("must be true or false")
}

func checkInteger(d SettingDefinition, text string) (SettingValue, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < d.Min || n > d.Max || d.Increment > 1 && (n-d.Min)%d.Increment != 0 {
		return SettingValue{}, ruleError("must be a whole number from " + strconv.Itoa(d.Min) + " to " + strconv.Itoa(d.Max) + hint(d))
	}
	return SettingValue{Text: strconv.Itoa(n)}, nil
}

// checkText holds a text to its pattern and bounds, and to what every family's format can carry. The error never repeats the text: it may be a secret.
func (t settingTable) checkText(d SettingDefinition, text string) (SettingValue, error) {
	most := d.MaxLength
	if most == 0 {
		most = maxSettingText
	}
	if text == "" {
		return SettingValue{}, nil
	}
	if err := checkValue("", text, most); err != nil {
		return SettingValue{}, ruleError(fault.ProblemsOf(err)[0].Message)
	}
	if err := checkLine("", text); err != nil {
		return SettingValue{}, ruleError(fault.ProblemsOf(err)[0].Message)
	}
	switch {
	case d.Pattern != "" && !t.pattern[d.Pattern].MatchString(text):
		return SettingValue{}, ruleError("isn't of the form " + d.Pattern + hint(d))
	case d.Kind == KindNetwork && !isHost(text):
		return SettingValue{}, ruleError("must be a host name or an IP address" + hint(d))
	case slices.Contains(d.Forbidden, text):
		return SettingValue{}, ruleError("must not be " + strings.Join(d.Forbidden, ", ") + hint(d))
	case d.Secret():
		return SettingValue{Secret: secret.New(text)}, nil
	}
	return SettingValue{Text: text}, nil
}

func hint(d SettingDefinition) string {
	if d.Hint == "" {
		return ""
	}
	return " (" + d.Hint + ")"
}

// isHost reports whether text is an IP address or could be a DNS name.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return !strings.Contains(text, "%")
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.ContainsFunc(label, notOfHost) {
			return false
		}
	}
	return true
}

func notOfHost(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// pagingItem is one item of a list of paging groups, as the wire has it.
type pagingItem struct {
	HostAndPort   string `json:"hostAndPort"`
	HasXMLAppURL  bool   `json:"hasXmlAppUrl"`
	XMLAppTimeout int    `json:"xmlAppTimeout"` // seconds
}

// checkList reads a JSON array and writes it canonically.
func checkList(d SettingDefinition, text string) (SettingValue, error) {
	const wrong = ruleError("must be a list")
	if text == "" {
		text = "[]"
	}
	var canonical []byte
	var err error
	switch d.Item {
	case ItemAddress:
		items := []string{}
		if json.Unmarshal([]byte(text), &items) != nil || items == nil {
			return SettingValue{}, wrong
		}
		if err := checkAddresses(d, items); err != nil {
			return SettingValue{}, err
		}
		canonical, err = json.Marshal(items)
	case ItemPaging:
		items := []pagingItem{}
		if json.Unmarshal([]byte(text), &items) != nil || items == nil {
			return SettingValue{}, wrong
		}
		if err := checkPaging(d, items); err != nil {
			return SettingValue{}, err
		}
		canonical, err = json.Marshal(items)
	default:
		return SettingValue{}, ruleError("has items of no known form")
	}
	return SettingValue{Text: string(canonical)}, err
}

func checkPaging(d SettingDefinition, items []pagingItem) error {
	const longest = 3600 // seconds
	addresses := make([]string, len(items))
	for i, item := range items {
		addresses[i] = item.HostAndPort
		if item.XMLAppTimeout < 0 || item.XMLAppTimeout > longest {
			return ruleError("xmlAppTimeout must be 0 to 3600 seconds")
		}
	}
	return checkAddresses(d, addresses)
}

// checkAddresses wants an IPv4 address and a port of each, and each port once: a phone listens to one group on a port.
func checkAddresses(d SettingDefinition, addresses []string) error {
	if len(addresses) > d.Max {
		return ruleError("must have at most " + strconv.Itoa(d.Max) + " items")
	}
	ports := map[uint16]bool{}
	for _, text := range addresses {
		address, err := netip.ParseAddrPort(text)
		if err != nil || !address.Addr().Is4() || address.Port() == 0 || address.String() != text {
			return ruleError("must be IPv4 addresses with ports, such as 224.0.0.1:1234")
		}
		if ports[address.Port()] {
			return ruleError("must have each port once")
		}
		ports[address.Port()] = true
	}
	return nil
}
