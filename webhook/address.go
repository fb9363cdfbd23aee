package webhook

import (
	"net/netip"

	"dialtone/fault"
)

// forbidden are the addresses that nobody's tools are reached at from the internet (IANA's special-purpose registries). Addresses that hold an IPv4
// address are unwrapped before.
func forbidden() []netip.Prefix {
	list := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", // unspecified, loopback and the former IPv4-compatible ones
		"64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	}
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// unwrapped returns the IPv4 address that an IPv6 address leads to: mapped (RFC 4291), by NAT64 (RFC 6052) or by 6to4 (RFC 3056); else the address.
func unwrapped(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

// The ports that may be reached: that of HTTPS, and those that nobody's system services have.
const (
	httpsPort    = 443
	firstOpenTCP = 1024
)

// checkAddress refuses what must not be reached at a partner's wish: fault.Denied, saying which and why. It is asked about the address that is dialled,
// whatever the name in the URL resolved to.
func checkAddress(a netip.AddrPort) error {
	if a.Port() != httpsPort && a.Port() < firstOpenTCP {
		return fault.New(fault.Denied, "Port %d isn't for webhooks: use 443, or one from 1024.", a.Port())
	}
	plain := unwrapped(a.Addr())
	for _, p := range forbidden() {
		if !plain.IsValid() || p.Contains(plain) {
			return fault.New(fault.Denied, "The address %s isn't one of the internet: a webhook needs a public one.", a.Addr())
		}
	}
	return nil
}
