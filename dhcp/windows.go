package dhcp

import (
	"fmt"
	"strings"
)

// Windows writes the plan as a script for PowerShell on a DHCP server of Windows Server 2016 or later: option definitions, vendor classes, and a policy
// for each class of phones. Run again it changes values and leaves the rest. Windows compares the beginning of a vendor class, so that a pattern
// whose beginning others share is left out with a comment.
func (p Plan) Windows() string {
	var out strings.Builder
	comment(&out, p.opening("Windows Server"))
	comment(&out, []string{"Policies that are there already keep their conditions: remove those whose conditions are to change first."})
	comment(&out, p.notes)
	out.WriteString("$ErrorActionPreference = 'Stop'\n")
	defined := map[int]bool{}
	for _, c := range p.classes {
		out.WriteByte('\n')
		comment(&out, c.comments())
		for _, o := range c.options {
			if !windowsDefined(o.code) && !defined[o.code] {
				defined[o.code] = true
				fmt.Fprintf(&out, "if (-not (Get-DhcpServerv4OptionDefinition -OptionId %d -ErrorAction SilentlyContinue)) {\n", o.code)
				fmt.Fprintf(&out, "    Add-DhcpServerv4OptionDefinition -OptionId %d -Name %s -Type String\n}\n", o.code, windowsText(fmt.Sprintf("dialtone-%d", o.code)))
			}
		}
		c.windowsPolicy(&out)
		for _, o := range c.options {
			fmt.Fprintf(&out, "Set-DhcpServerv4OptionValue -PolicyName %s -OptionId %d -Value %s\n", windowsText(c.name), o.code, windowsValue(o))
		}
	}
	return out.String()
}

// windowsDefined are those of our options that every Windows Server has a definition of.
func windowsDefined(code int) bool {
	return code == codeDomainName || code == codeNTP || code == codeTFTPServer
}

// windowsPolicy writes the vendor classes, and the policy for whoever sends one of them or has an address of one of the blocks.
func (c class) windowsPolicy(out *strings.Builder) {
	var conditions []string
	if names := c.windowsClasses(out); len(names) > 0 {
		conditions = append(conditions, "-VendorClass EQ,"+strings.Join(names, ","))
	}
	if len(c.blocks) > 0 {
		blocks := make([]string, len(c.blocks))
		for i, block := range c.blocks {
			blocks[i] = windowsText(strings.ToUpper(block) + "*")
		}
		conditions = append(conditions, "-MacAddress EQ,"+strings.Join(blocks, ","))
	}
	name := windowsText(c.name)
	fmt.Fprintf(out, "if (-not (Get-DhcpServerv4Policy -Name %s -ErrorAction SilentlyContinue)) {\n", name)
	fmt.Fprintf(out, "    Add-DhcpServerv4Policy -Name %s -Condition OR %s\n}\n", name, strings.Join(conditions, " "))
}

// windowsClasses writes the vendor classes and returns how conditions name them, with the sign for anything behind their beginning.
func (c class) windowsClasses(out *strings.Builder) (names []string) {
	for _, v := range c.vendors {
		if v.BeginsLike != "" {
			comment(out, []string{fmt.Sprintf("Not served here: those that send %s, as %s begin alike.", v.Pattern, v.BeginsLike)})
			continue
		}
		name := c.name
		if len(names) > 0 {
			name = fmt.Sprintf("%s-%d", c.name, len(names)+1)
		}
		names = append(names, windowsText(name+"*"))
		fmt.Fprintf(out, "if (-not (Get-DhcpServerv4Class -Type Vendor -Name %s -ErrorAction SilentlyContinue)) {\n", windowsText(name))
		fmt.Fprintf(out, "    Add-DhcpServerv4Class -Type Vendor -Name %s -Data %s\n}\n", windowsText(name), windowsText(v.beginning()))
	}
	return names
}

func windowsValue(o option) string {
	if len(o.addresses) == 0 {
		return windowsText(o.text)
	}
	words := make([]string, len(o.addresses))
	for i, a := range o.addresses {
		words[i] = windowsText(a.String())
	}
	return strings.Join(words, ",")
}

// windowsText quotes text so that PowerShell expands nothing in it, $ above all. It takes curved quotes for straight ones.
func windowsText(s string) string {
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(s) + "'"
}
