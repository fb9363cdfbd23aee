package sip

import (
	"net/netip"
	"sync"
)

// connections counts what is open, in total and per address, so that neither one host nor all strangers together can fill the memory.
type connections struct {
	maxTotal, maxPerAddress int

	mu         sync.Mutex
	total      int
	perAddress map[netip.Addr]int // never more entries than connections
}

func newConnections(maxTotal, maxPerAddress int) *connections {
	return &connections{maxTotal: maxTotal, maxPerAddress: maxPerAddress, perAddress: make(map[netip.Addr]int)}
}

// enter counts a connection, or reports that there is no room for it. Who enters must leave.
func (c *connections) enter(addr netip.Addr) bool {
	place := network(addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total >= c.maxTotal || c.perAddress[place] >= c.maxPerAddress {
		return false
	}
	c.total++
	c.perAddress[place]++
	return true
}

func (c *connections) leave(addr netip.Addr) {
	place := network(addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.perAddress[place]--; c.perAddress[place] == 0 {
		delete(c.perAddress, place)
	}
}

// network returns what counts as one address: an IPv4 address, or the /64 that one IPv6 host can use at will.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return addr
}
