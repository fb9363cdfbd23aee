package dhcp

import (
	"fmt"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
)

// family is what one family of phones reads of a DHCP server, as its vendor's pack has it.
type family struct{ deviceprofiles.DHCP }

// vendorClass is what a phone says in option 60.
type vendorClass deviceprofiles.DHCPVendorClass

func families() []family {
	var out []family
	for _, facts := range deviceprofiles.DHCPOfFamilies() {
		out = append(out, family{facts})
	}
	return out
}

// vendors are the classes that the family's phones say.
func (f family) vendors() []vendorClass {
	var out []vendorClass
	for _, class := range f.VendorClasses {
		out = append(out, vendorClass(class))
	}
	return out
}

// maxOption is what the length of a DHCP option can say (RFC 2132 section 2).
const maxOption = 255

// limit is how many characters a phone takes of an option.
func limit(o deviceprofiles.DHCPOption) int {
	if o.MaxLength > 0 {
		return o.MaxLength
	}
	return maxOption
}

// optionsInWords is "option 66 (http://h)", several with "and" between.
func (f family) optionsInWords(url string) string {
	var words []string
	for _, o := range f.Options {
		words = append(words, fmt.Sprintf("option %d (%s)", o.Code, strings.ReplaceAll(o.Value, "{url}", url)))
	}
	return strings.Join(words, " and ")
}

// alsoReads is a comment for whoever has given those options away already.
func (f family) alsoReads() (lines []string) {
	if len(f.AlsoReads) == 0 {
		return nil
	}
	words := make([]string, len(f.AlsoReads))
	for i, code := range f.AlsoReads {
		words[i] = strconv.Itoa(code)
	}
	return []string{"Options that they read besides: " + strings.Join(words, ", ") + "."}
}

// run is a piece of a pattern without wildcards, at its place.
type run struct {
	offset int
	text   string
}

// runs returns the pieces of a pattern, the first one first.
func (v vendorClass) runs() (list []run) {
	text := strings.TrimSuffix(v.Pattern, "*")
	for offset := 0; offset < len(text); {
		length := strings.IndexByte(text[offset:]+"?", '?')
		if length > 0 {
			list = append(list, run{offset: offset, text: text[offset : offset+length]})
		}
		offset += length + 1
	}
	return list
}

// beginning is the pattern's first piece, for servers that compare nothing else.
func (v vendorClass) beginning() string { return v.runs()[0].text }

// end is the pattern's last piece, for servers that look for one piece anywhere.
func (v vendorClass) end() string {
	runs := v.runs()
	return runs[len(runs)-1].text
}
