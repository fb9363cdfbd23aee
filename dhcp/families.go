package dhcp

import (
	"bytes"
	_ "embed" // for families.json
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

//go:embed families.json
var familiesData []byte

// family is what one family of phones reads of a DHCP server.
type family struct {
	Family         deviceprofiles.Family `json:"family"`
	VendorClasses  []vendorClass         `json:"vendorClasses"`  // any of them; none: not known, or none that can be compared
	ByAddressBlock bool                  `json:"byAddressBlock"` // false where other devices share the vendor's blocks
	Options        []optionForm          `json:"options"`        // that lead here, the preferred one first; none: not known
	AlsoReads      []int                 `json:"alsoReads"`      // codes that it reads where there is none of Options, in its order
	VLAN           optionForm            `json:"vlan"`           // zero: it isn't told its VLAN by DHCP, or not in a known way
	TFTP           bool                  `json:"tftp"`           // takes URLs with tftp
	Domain         bool                  `json:"domain"`         // looks for SRV records below the domain of option 15
	Notes          []string              `json:"notes"`          // for whoever reads the output
}

// vendorClass is what a phone says in option 60.
type vendorClass struct {
	Pattern    string `json:"pattern"`    // ? is any one character, * at the end anything
	BeginsLike string `json:"beginsLike"` // who else sends a class with this beginning, up to the first ?; "" if nobody does
}

// optionForm is one option with the form of its value.
type optionForm struct {
	Code      int    `json:"code"`
	Value     string `json:"value"`
	MaxLength int    `json:"maxLength"` // characters that the phone takes; 0: as many as an option can have
}

// maxOption is what the length of a DHCP option can say (RFC 2132 section 2).
const maxOption = 255

func (o optionForm) limit() int {
	if o.MaxLength > 0 {
		return o.MaxLength
	}
	return maxOption
}

func readFamilies() ([]family, error) {
	var file struct {
		Note     string   `json:"note"` // for readers
		Families []family `json:"families"`
	}
	decoder := json.NewDecoder(bytes.NewReader(familiesData))
	decoder.DisallowUnknownFields() // a misspelt name would silently be none
	if err := decoder.Decode(&file); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "families.json")
	}
	return file.Families, nil
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
