package dhcp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"dialtone/fault"
)

// The parts of Kea's configuration that we write, in its own names.
type (
	keaFile struct {
		DHCP4 keaDHCP4 `json:"Dhcp4"`
	}
	keaDHCP4 struct {
		Definitions []keaDefinition `json:"option-def,omitempty"`
		Classes     []keaClass      `json:"client-classes,omitempty"`
		Context     keaContext      `json:"user-context"`
	}
	keaDefinition struct {
		Name string `json:"name"`
		Code int    `json:"code"`
		Type string `json:"type"`
	}
	keaClass struct {
		Name    string     `json:"name"`
		Test    string     `json:"test"`
		Options []keaValue `json:"option-data"`
		Context keaContext `json:"user-context"`
	}
	keaValue struct {
		Code int    `json:"code"`
		Data string `json:"data"`
	}
	// keaContext is how Kea keeps comments in a file that stays JSON.
	keaContext struct {
		Comments []string `json:"comments"`
	}
)

// keaDefined are those of our options that Kea 2 has a definition of; it takes no other one for them.
func keaDefined(code int) bool {
	return code == codeDomainName || code == codeNTP || code == codeTFTPServer || code == codeCaptivePortal
}

// codeCaptivePortal is option 114 (RFC 8910), which Gigaset had taken before.
const codeCaptivePortal = 114

// Kea writes the plan for Kea 2.0 or later: what belongs into kea-dhcp4.conf beside the networks that are there. A class may come with others of the
// installation; the first one that has an option wins. fault.Internal: it can't be written.
func (p Plan) Kea() (string, error) {
	file := keaFile{DHCP4: keaDHCP4{Context: keaContext{Comments: append(p.opening("Kea"), p.notes...)}}}
	defined := map[int]bool{}
	for _, c := range p.classes {
		out := keaClass{Name: c.name, Test: c.keaTest(), Context: keaContext{Comments: c.comments()}}
		for _, o := range c.options {
			if !keaDefined(o.code) && !defined[o.code] {
				defined[o.code] = true
				file.DHCP4.Definitions = append(file.DHCP4.Definitions, keaDefinition{Name: fmt.Sprintf("dialtone-%d", o.code), Code: o.code, Type: "string"})
			}
			out.Options = append(out.Options, keaValue{Code: o.code, Data: keaData(o)})
		}
		file.DHCP4.Classes = append(file.DHCP4.Classes, out)
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // <MAC> is for people to read
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(file); err != nil {
		return "", fault.Wrap(fault.Internal, err, "writing Kea's configuration")
	}
	return text.String(), nil
}

// keaTest is true for a packet with one of the vendor classes or from one of the address blocks.
func (c class) keaTest() string {
	var either []string
	for _, v := range c.vendors {
		var all []string
		for _, r := range v.runs() {
			all = append(all, fmt.Sprintf("substring(option[60].hex,%d,%d) == %s", r.offset, len(r.text), keaText(r.text)))
		}
		if len(all) == 1 {
			either = append(either, all[0])
			continue
		}
		either = append(either, "("+strings.Join(all, " and ")+")")
	}
	for _, block := range c.blocks {
		either = append(either, "substring(pkt4.mac,0,3) == 0x"+block)
	}
	return strings.Join(either, " or ")
}

// keaText writes a constant of a test. There is no way to write a quote within quotes, so that such a text is written in hexadecimal digits.
func keaText(s string) string {
	if strings.ContainsRune(s, '\'') {
		return "0x" + hex.EncodeToString([]byte(s))
	}
	return "'" + s + "'"
}

// keaData writes an option's value: a comma would end it, if it weren't escaped.
func keaData(o option) string {
	if len(o.addresses) > 0 {
		return joined(o.addresses, ", ")
	}
	return strings.ReplaceAll(o.text, ",", `\,`)
}
