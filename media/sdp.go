package media

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"dialtone/fault"
)

// The bounds of a description. Phones send a kilobyte; browsers, with candidates, six.
const (
	maxDescription = 16 << 10 // bytes
	maxSections    = 16
	maxAttributes  = 256 // of the session or of one section
	maxFormats     = 64
)

// Description is a session description (RFC 8866), as far as a call of sound needs it.
type Description struct {
	SessionID  string // of the origin line; digits
	Version    uint64 // of the origin line: rises with every change
	Address    netip.Addr
	Attributes []Attribute
	Sections   []Section
}

// Section is one m= line with what is below it.
type Section struct {
	Kind       string // audio, video and others
	Port       uint16 // 0: refused
	Profile    string // such as RTP/SAVP, in upper case
	Formats    []string
	Address    netip.Addr // of the section, else of the session; zero when it is a name
	Attributes []Attribute
}

// Attribute is an a= line; Value is "" for a flag.
type Attribute struct{ Name, Value string }

// find returns the value of the first attribute of that name.
func find(list []Attribute, name string) (string, bool) {
	for _, a := range list {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// ParseDescription reads SDP from a stranger. fault.Invalid for what can't be one, or is beyond the bounds.
func ParseDescription(body []byte) (Description, error) {
	if len(body) > maxDescription {
		return Description{}, unreadable("it is longer than %d bytes", maxDescription)
	}
	r := sdpReader{}
	lines := strings.Split(strings.TrimRight(string(body), "\r\n"), "\n")
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		if len(line) < 2 || line[1] != '=' || strings.ContainsFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return Description{}, unreadable("line %d isn't of the form letter=value", i+1)
		}
		if i == 0 && line != "v=0" {
			return Description{}, unreadable("it doesn't begin with v=0")
		}
		if err := r.read(line[0], strings.TrimSpace(line[2:])); err != nil {
			return Description{}, err
		}
	}
	for i := range r.d.Sections {
		if !r.ownAddress[i] {
			r.d.Sections[i].Address = r.d.Address
		}
	}
	return r.d, nil
}

func unreadable(format string, args ...any) error {
	return fault.New(fault.Invalid, "The session description can't be read: %s.", fmt.Sprintf(format, args...))
}

type sdpReader struct {
	d          Description
	ownAddress [maxSections]bool
}

func (r *sdpReader) read(kind byte, value string) error {
	switch kind {
	case 'o':
		return r.origin(value)
	case 'c':
		return r.connection(value)
	case 'm':
		return r.section(value)
	case 'a':
		return r.attribute(value)
	}
	return nil // names, times and bandwidth change nothing here
}

func (r *sdpReader) origin(value string) error {
	fields := strings.Fields(value)
	if len(fields) != 6 {
		return unreadable("its o= line hasn't six parts")
	}
	// Some phones write versions that aren't numbers: only a change matters, and that is seen by the rest.
	r.d.SessionID = fields[1]
	r.d.Version, _ = strconv.ParseUint(fields[2], 10, 64)
	return nil
}

// connection reads IN IP4 192.0.2.1. A name is left unresolved: packets go where packets come from.
func (r *sdpReader) connection(value string) error {
	fields := strings.Fields(value)
	if len(fields) != 3 || fields[0] != "IN" || fields[1] != "IP4" && fields[1] != "IP6" {
		return unreadable("its c= line isn't of the form IN IP4 ADDRESS or IN IP6 ADDRESS")
	}
	address, err := netip.ParseAddr(fields[2])
	if err != nil {
		address = netip.Addr{}
	}
	address = address.Unmap().WithZone("")
	if n := len(r.d.Sections); n > 0 {
		r.d.Sections[n-1].Address, r.ownAddress[n-1] = address, true
	} else {
		r.d.Address = address
	}
	return nil
}

func (r *sdpReader) section(value string) error {
	fields := strings.Fields(value)
	if len(fields) < 4 || len(fields) > 3+maxFormats || len(r.d.Sections) == maxSections {
		return unreadable("an m= line has too few or too many parts, or there are more than %d", maxSections)
	}
	port, _, _ := strings.Cut(fields[1], "/")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return unreadable("the port %q of an m= line isn't from 0 to 65535", fields[1])
	}
	r.d.Sections = append(r.d.Sections, Section{
		Kind: strings.ToLower(fields[0]), Port: uint16(number), Profile: strings.ToUpper(fields[2]), Formats: fields[3:],
	})
	return nil
}

func (r *sdpReader) attribute(value string) error {
	list := &r.d.Attributes
	if n := len(r.d.Sections); n > 0 {
		list = &r.d.Sections[n-1].Attributes
	}
	if len(*list) == maxAttributes {
		return unreadable("it has more than %d attributes in one place", maxAttributes)
	}
	name, value, _ := strings.Cut(value, ":")
	*list = append(*list, Attribute{Name: strings.ToLower(strings.TrimSpace(name)), Value: strings.TrimSpace(value)})
	return nil
}

// Bytes writes the description.
func (d Description) Bytes() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %s %d IN %s %s", d.SessionID, d.Version, family(d.Address), d.Address)
	line("s=-")
	line("c=IN %s %s", family(d.Address), d.Address)
	line("t=0 0")
	writeAttributes(line, d.Attributes)
	for _, s := range d.Sections {
		line("m=%s %d %s %s", s.Kind, s.Port, s.Profile, strings.Join(s.Formats, " "))
		writeAttributes(line, s.Attributes)
	}
	return []byte(b.String())
}

func writeAttributes(line func(string, ...any), list []Attribute) {
	for _, a := range list {
		if a.Value == "" {
			line("a=%s", a.Name)
		} else {
			line("a=%s:%s", a.Name, a.Value)
		}
	}
}

func family(a netip.Addr) string {
	if a.Is6() {
		return "IP6"
	}
	return "IP4"
}
