package deviceprofiles

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// DHCP is what one family of phones says to a DHCP server, and reads of it.
type DHCP struct {
	Family         Family            `json:"-"`
	VendorClasses  []DHCPVendorClass `json:"vendorClasses"`  // any of them; none: not known, or none that can be compared
	ByAddressBlock bool              `json:"byAddressBlock"` // false where other devices share the vendor's blocks
	Options        []DHCPOption      `json:"options"`        // that lead here, the preferred one first; none: not known
	AlsoReads      []int             `json:"alsoReads"`      // codes that it reads where there is none of Options, in its order
	VLAN           DHCPOption        `json:"vlan"`           // zero: it isn't told its VLAN by DHCP, or not in a known way
	TFTP           bool              `json:"tftp"`           // takes URLs with tftp
	Domain         bool              `json:"domain"`         // looks for SRV records below the domain of option 15
	Notes          []string          `json:"notes"`          // for whoever configures the DHCP server
}

// DHCPVendorClass is what a phone says in option 60.
type DHCPVendorClass struct {
	Pattern    string `json:"pattern"`    // ? is any one character, * at the end anything
	BeginsLike string `json:"beginsLike"` // who else sends a class with this beginning, up to the first ?; "" if nobody does
}

// DHCPOption is one option with the form of its value.
type DHCPOption struct {
	Code      int    `json:"code"`
	Value     string `json:"value"`     // {url} is the server's scheme, name and port, {vlan} the VLAN's number; everything else is as the phone wants it
	MaxLength int    `json:"maxLength"` // characters that the phone takes; 0: as many as an option can have
}

// DHCPOfFamilies returns what each family reads of a DHCP server, in the order in which vendors are shown. Callers must not change it.
func DHCPOfFamilies() []DHCP {
	all := packs().packs
	out := make([]DHCP, len(all))
	for i, p := range all {
		out[i] = p.DHCP
	}
	return out
}

// The forms that every DHCP server's configuration can hold without quoting.
var (
	dhcpClass = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ,.?_-]*\*$`)
	dhcpURL   = regexp.MustCompile(`^\{url\}(/[A-Za-z0-9.${}<>]*)?$`)
	dhcpVLAN  = regexp.MustCompile(`^[A-Za-z0-9=;-]*\{vlan\}[A-Za-z0-9=;-]*$`)
)

// check refuses what can't be told to a DHCP server. An error begins with the field.
func (d DHCP) check() error {
	for i, class := range d.VendorClasses {
		if !dhcpClass.MatchString(class.Pattern) {
			return fmt.Errorf("vendorClasses[%d].pattern: %q isn't letters and digits with a * at the end", i, class.Pattern)
		}
	}
	for i, option := range d.Options {
		if err := option.check(dhcpURL); err != nil {
			return fmt.Errorf("options[%d].%w", i, err)
		}
	}
	if d.VLAN != (DHCPOption{}) {
		if err := d.VLAN.check(dhcpVLAN); err != nil {
			return fmt.Errorf("vlan.%w", err)
		}
	}
	if len(d.Options) == 0 && strings.Join(d.Notes, "") == "" {
		return errors.New("notes: must say why the family is given no option")
	}
	return nil
}

func (o DHCPOption) check(form *regexp.Regexp) error {
	const first, last = 1, 254 // RFC 2132 section 2: 0 is padding, 255 the end
	switch {
	case o.Code < first || o.Code > last:
		return fmt.Errorf("code: %d is no option from %d to %d", o.Code, first, last)
	case !form.MatchString(o.Value):
		return fmt.Errorf("value: %q is no form of it", o.Value)
	case o.MaxLength < 0 || o.MaxLength > last+1:
		return fmt.Errorf("maxLength: %d isn't 0 to %d", o.MaxLength, last+1)
	}
	return nil
}
