// Package dhcp says what a DHCP server has to tell phones so that they find this server, and writes it as the configuration of dnsmasq, Kea or
// Windows Server.
//
// It owns which option each family of phones reads, in which form, and how a DHCP server tells a family from everything else on the network: by the
// vendor class that the phone sends (option 60), by its address block, or not at all, which is said in a comment. It never answers a DHCP request,
// and never puts a secret into an option, as everybody on the network can read those: a token says whose an unknown phone is, and opens nothing. Start at Request and NewPlan; the knowledge is in the vendors' packs,
// and dnsmasq.go, kea.go and windows.go each write one format, with its own quoting.
package dhcp

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Scheme is how phones fetch their first file.
type Scheme string

// The schemes. Over HTTPS a factory-new phone trusts none but certificates of CAs that it was made with.
const (
	HTTP  Scheme = "http"
	HTTPS Scheme = "https"
	TFTP  Scheme = "tftp"
)

// standardPorts are left out of URLs.
func (s Scheme) standardPort() int {
	switch s {
	case HTTP:
		return 80
	case HTTPS:
		return 443
	case TFTP:
		return 69
	default:
		return 0
	}
}

// Request is what phones are to be told.
type Request struct {
	Host     string                  // name or address at which phones reach this server
	Scheme   Scheme                  // of their first file
	Port     int                     // of the door for that scheme, 1 to 65535
	Families []deviceprofiles.Family // whom; none: everybody
	NTP      []netip.Addr            // IPv4 time servers for option 42; none: whatever the network's own options say
	Domain   string                  // option 15, for families that look for SRV records below it; "": the network's own
	Token    string                  // of an organisation's inbox, for the folder t-TOKEN of URLs; "" for none
	VLAN     int                     // the voice VLAN's id, 1 to 4094, for families that take it by DHCP; 0: none

	// Blocks returns a family's address blocks, each the first six hexadecimal digits of its MAC addresses, in lower case. nil: none is known.
	Blocks func(deviceprofiles.Family) []string
}

// Plan is what a DHCP server is to do. It is written by Dnsmasq, Kea and Windows.
type Plan struct {
	classes []class
	notes   []string // about everything
}

// class is a group of phones that a DHCP server can tell from others, with what it gives them.
type class struct {
	name     string // dialtone-yealink
	families []string
	vendors  []vendorClass
	blocks   []string
	options  []option
	notes    []string
}

// option is one DHCP option with its value: addresses, or else text.
type option struct {
	code      int
	text      string
	addresses []netip.Addr
}

// The options with a name and a type of their own at every DHCP server.
const (
	codeDomainName = 15
	codeNTP        = 42
	codeTFTPServer = 66
)

// NewPlan works out who gets what. Families that read no option, or that nothing tells from other devices, are named in a comment.
//
// fault.Invalid: a host that isn't one, a port, VLAN or time server out of range, an unknown scheme or family.
func NewPlan(r Request) (Plan, error) {
	if err := r.check(); err != nil {
		return Plan{}, err
	}
	known := families()
	if err := checkFamilies(r.Families, known); err != nil {
		return Plan{}, err
	}
	plan := Plan{notes: r.notes()}
	for _, f := range known {
		if len(r.Families) == 0 || slices.Contains(r.Families, f.Family) {
			plan.add(r.classOf(f))
		}
	}
	return plan, nil
}

// add puts a class beside the others, or into one that gives the same and can't be told apart from it. One that can't be served is a comment.
func (p *Plan) add(c class, ok bool) {
	if !ok {
		for _, note := range c.notes {
			p.notes = append(p.notes, c.families[0]+": "+note)
		}
		return
	}
	for i := range p.classes {
		if p.classes[i].givesAs(c) && p.classes[i].overlaps(c) {
			p.classes[i].join(c)
			return
		}
	}
	p.classes = append(p.classes, c)
}

// givesAs reports whether two classes are given the same, with the same comments.
func (c class) givesAs(other class) bool {
	same := func(a, b option) bool {
		return a.code == b.code && a.text == b.text && slices.Equal(a.addresses, b.addresses)
	}
	return slices.Equal(c.notes, other.notes) && slices.EqualFunc(c.options, other.options, same)
}

// overlaps reports whether a device may be in both classes.
func (c class) overlaps(other class) bool {
	return slices.ContainsFunc(c.vendors, func(v vendorClass) bool { return slices.Contains(other.vendors, v) }) ||
		slices.ContainsFunc(c.blocks, func(b string) bool { return slices.Contains(other.blocks, b) })
}

// join makes one class of two.
func (c *class) join(other class) {
	c.families = append(c.families, other.families...)
	for _, v := range other.vendors {
		if !slices.Contains(c.vendors, v) {
			c.vendors = append(slices.Clip(c.vendors), v)
		}
	}
	for _, b := range other.blocks {
		if !slices.Contains(c.blocks, b) {
			c.blocks = append(slices.Clip(c.blocks), b)
		}
	}
}

// classOf returns what a family is given; false, with the reasons in its notes, if it is nothing.
func (r Request) classOf(f family) (class, bool) {
	c := class{name: "dialtone-" + string(f.Family), families: []string{string(f.Family)}, vendors: f.vendors(), notes: f.Notes}
	if len(f.Options) == 0 {
		return c, false
	}
	if r.Scheme == TFTP && !f.TFTP {
		c.notes = []string{"Left out, as nothing is known of these reading URLs with tftp."}
		return c, false
	}
	if f.ByAddressBlock && r.Blocks != nil {
		c.blocks = r.Blocks(f.Family)
	}
	if len(c.vendors) == 0 && len(c.blocks) == 0 {
		c.notes = append(slices.Clone(f.Notes), "Nothing tells these from other devices. Give "+f.optionsInWords(r.url())+" to a network of their own, or by reservations.")
		return c, false
	}
	c.notes = slices.Concat(f.Notes, f.alsoReads())
	for _, o := range f.Options {
		text := r.fill(o.Value)
		if most := limit(o); len(text) > most {
			c.notes = append(c.notes, fmt.Sprintf("Option %d is left out: it takes %d characters here, and %s has %d.", o.Code, most, text, len(text)))
			continue
		}
		c.options = append(c.options, option{code: o.Code, text: text})
	}
	if len(c.options) == 0 {
		return c, false
	}
	c.options = append(c.options, r.surroundings(f)...)
	return c, true
}

// surroundings are the options that don't lead anywhere but help on the way.
func (r Request) surroundings(f family) (options []option) {
	if r.Domain != "" && f.Domain {
		options = append(options, option{code: codeDomainName, text: r.Domain})
	}
	if len(r.NTP) > 0 {
		options = append(options, option{code: codeNTP, addresses: r.NTP})
	}
	if r.VLAN != 0 && f.VLAN.Code != 0 {
		options = append(options, option{code: f.VLAN.Code, text: r.fill(f.VLAN.Value)})
	}
	return options
}

// fill puts our values into a family's form. What else stands in braces is the phone's own.
func (r Request) fill(form string) string {
	return strings.NewReplacer("{url}", r.url(), "{vlan}", strconv.Itoa(r.VLAN)).Replace(form)
}

// url is the address, with the token's folder if there is one, and without a slash at its end.
func (r Request) url() string {
	host := r.Host
	if address, err := netip.ParseAddr(host); err == nil && address.Is6() {
		host = "[" + host + "]"
	}
	if r.Port != r.Scheme.standardPort() {
		host = net.JoinHostPort(r.Host, strconv.Itoa(r.Port))
	}
	if r.Token != "" {
		host += "/t-" + r.Token
	}
	return string(r.Scheme) + "://" + host
}

// hostName is a DNS name (RFC 1123 section 2.1). No character of it means anything to any of the formats.
var hostName = regexp.MustCompile(`^(?i)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// inboxToken is a token as the API gives it.
var inboxToken = regexp.MustCompile(`^[0-9a-f]{32}$`)

// maxName is the longest DNS name that can be written (RFC 1035 section 3.1).
const maxName = 253

func (r Request) check() error {
	_, err := netip.ParseAddr(r.Host)
	switch {
	case err != nil && !isName(r.Host), strings.Contains(r.Host, "%"):
		return fault.InvalidField("host", "%q is neither a host name nor an address", r.Host)
	case r.Scheme.standardPort() == 0:
		return fault.InvalidField("scheme", "%q is none of http, https and tftp", r.Scheme)
	case r.Port < 1 || r.Port > 65535:
		return fault.InvalidField("port", "%d is no port from 1 to 65535", r.Port)
	case r.Domain != "" && !isName(r.Domain):
		return fault.InvalidField("domain", "%q is no domain name", r.Domain)
	case r.Token != "" && !inboxToken.MatchString(r.Token):
		return fault.InvalidField("token", "must be the 32 hexadecimal digits of an inbox token, without t- in front")
	case r.VLAN < 0 || r.VLAN > 4094:
		return fault.InvalidField("vlan", "%d is no VLAN from 1 to 4094", r.VLAN)
	}
	for _, server := range r.NTP {
		if !server.Is4() || server.IsUnspecified() || server.IsMulticast() {
			return fault.InvalidField("ntp", "%s is no time server's IPv4 address, which is all that option 42 can carry", server)
		}
	}
	return nil
}

func isName(s string) bool { return len(s) <= maxName && hostName.MatchString(s) }

func checkFamilies(asked []deviceprofiles.Family, known []family) error {
	var names []string
	for _, f := range known {
		names = append(names, string(f.Family))
	}
	for _, f := range asked {
		if !slices.Contains(names, string(f)) {
			return fault.InvalidField("family", "%q is none of %s", f, strings.Join(names, ", "))
		}
	}
	return nil
}

// notes are what whoever reads the output has to know whatever families are in it.
func (r Request) notes() []string {
	notes := []string{"Each value says its scheme: without one most phones would ask by TFTP."}
	switch {
	case r.Scheme == HTTPS:
		notes = append(notes, "A factory-new phone must trust the server's certificate already: use one of a public CA, or lead phones to http, where they are told of the server's own.")
	case r.Scheme == TFTP && r.Port != TFTP.standardPort():
		notes = append(notes, "Few phones ask for files by TFTP on another port than 69.")
	}
	if r.Token != "" {
		notes = append(notes, "The folder t-TOKEN says whose inbox unknown phones come into. It opens nothing.")
	}
	if r.VLAN != 0 {
		notes = append(notes, fmt.Sprintf("The VLAN belongs to the options of the network where phones start, not to those of VLAN %d itself.", r.VLAN))
	}
	return notes
}
