package dhcp

import (
	"fmt"
	"net/netip"
	"strings"
)

// Dnsmasq writes the plan for dnsmasq 2.80 or later: a file for its folder of configurations. dnsmasq finds a vendor class by a piece anywhere in it, so
// that of a pattern with wildcards its last piece is looked for.
func (p Plan) Dnsmasq() string {
	var out strings.Builder
	comment(&out, p.opening("dnsmasq"))
	comment(&out, p.notes)
	for _, c := range p.classes {
		out.WriteByte('\n')
		comment(&out, c.comments())
		for _, piece := range c.ends() {
			fmt.Fprintf(&out, "dhcp-vendorclass=set:%s,%s\n", c.name, dnsmasqText(piece))
		}
		for _, block := range c.blocks {
			fmt.Fprintf(&out, "dhcp-mac=set:%s,%s:*:*:*\n", c.name, withColons(block))
		}
		for _, o := range c.options {
			fmt.Fprintf(&out, "dhcp-option=tag:%s,%d,%s\n", c.name, o.code, dnsmasqValue(o))
		}
	}
	return out.String()
}

// ends are the last pieces of the class's patterns, each once.
func (c class) ends() (list []string) {
	seen := map[string]bool{}
	for _, v := range c.vendors {
		if piece := v.end(); !seen[piece] {
			seen[piece] = true
			list = append(list, piece)
		}
	}
	return list
}

func dnsmasqValue(o option) string {
	if len(o.addresses) > 0 {
		return joined(o.addresses, ",")
	}
	return dnsmasqText(o.text)
}

// dnsmasqText quotes text, which then may hold commas and number signs and is text even if it looks like an address.
func dnsmasqText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// withColons writes a block as 00:04:f2.
func withColons(block string) string { return block[:2] + ":" + block[2:4] + ":" + block[4:] }

func joined(addresses []netip.Addr, separator string) string {
	words := make([]string, len(addresses))
	for i, a := range addresses {
		words[i] = a.String()
	}
	return strings.Join(words, separator)
}

// opening is what each output begins with.
func (p Plan) opening(server string) []string {
	lines := []string{"How phones find Dialtone, for " + server + ". Made by dialtone dhcp; nothing in it is a secret."}
	if len(p.classes) == 0 {
		lines = append(lines, "There is nothing to configure; what follows says why.")
	}
	return lines
}

// comments say whom a class is for.
func (c class) comments() []string {
	return append([]string{"For " + strings.Join(c.families, ", ") + "."}, c.notes...)
}

// comment writes lines as dnsmasq and PowerShell pass over them.
func comment(out *strings.Builder, lines []string) {
	for _, line := range lines {
		out.WriteString("# " + line + "\n")
	}
}
