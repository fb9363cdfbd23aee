package sip

import (
	"container/list"
	"net/netip"
	"sync"
)

// connections counts what is open, in total and per address, so that neither one host nor all strangers together can fill the memory. Connections on
// which nobody registered yet make room for each other: at most half of all may be such, and when there are more, or no room is left, the oldest of
// them is closed. A phone needs a second or two to prove itself, so that it gets in where thousands open connections and say nothing.
type connections struct {
	maxTotal, maxPerAddress int

	mu         sync.Mutex
	total      int
	perAddress map[netip.Addr]int // never more entries than connections
	strangers  *list.List         // of *visit, the oldest first
}

// visit is one connection that is counted.
type visit struct {
	place    netip.Addr
	end      func()
	stranger *list.Element // nil when somebody registered on it
	left     bool
}

func newConnections(maxTotal, maxPerAddress int) *connections {
	return &connections{maxTotal: maxTotal, maxPerAddress: maxPerAddress, perAddress: make(map[netip.Addr]int), strangers: list.New()}
}

// enter counts a connection, which end closes; nil says that there is no room for it. Who enters must leave.
func (c *connections) enter(addr netip.Addr, end func()) *visit {
	v, evicted := c.admit(network(addr), end)
	if evicted != nil {
		evicted.end() // beyond the lock, as a goodbye may take its time
	}
	return v
}

// admit counts a connection, and says which one is to make room for it.
func (c *connections) admit(place netip.Addr, end func()) (admitted, evicted *visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.perAddress[place] >= c.maxPerAddress {
		return nil, nil
	}
	if c.total >= c.maxTotal || c.strangers.Len() >= max(1, c.maxTotal/2) {
		oldest := c.strangers.Front()
		if oldest == nil {
			return nil, nil
		}
		evicted, _ = oldest.Value.(*visit)
		c.forget(evicted)
	}
	v := &visit{place: place, end: end}
	v.stranger = c.strangers.PushBack(v)
	c.total++
	c.perAddress[place]++
	return v, evicted
}

// leave says that a connection is over. It may have been told to go before.
func (c *connections) leave(v *visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(v)
}

// forget counts a connection no more; c.mu is held.
func (c *connections) forget(v *visit) {
	if v.left {
		return
	}
	v.left = true
	if v.stranger != nil {
		c.strangers.Remove(v.stranger)
	}
	c.total--
	if c.perAddress[v.place]--; c.perAddress[v.place] == 0 {
		delete(c.perAddress, v.place)
	}
}

// trust says that somebody registered on a connection, so that it makes room for nobody any more.
func (c *connections) trust(v *visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !v.left && v.stranger != nil {
		c.strangers.Remove(v.stranger)
		v.stranger = nil
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
