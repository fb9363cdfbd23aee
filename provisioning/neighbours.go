package provisioning

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"dialtone/deviceprofiles"
)

// The bounds of what is remembered of addresses, to relate requests that name no phone: some 10 MB.
const (
	neighbourAddresses = 20_000
	// neighboursMost is how many phones of one address a request may be told of. Behind an address with more, a request that names nobody says nothing
	// about any one of them, and would be written many times.
	neighboursMost = 8
	neighbourTime  = time.Hour
)

// neighbour is a phone, by its MAC address, its device, or both.
type neighbour struct {
	mac    deviceprofiles.MAC
	device DeviceID
}

// same reports whether two are one phone, as far as it is known.
func (n neighbour) same(other neighbour) bool {
	return n.device != "" && n.device == other.device || n.mac != (deviceprofiles.MAC{}) && n.mac == other.mac
}

// neighbours remembers which phones were heard of from an address. It is a node's own memory, good enough for a hint: what it doesn't know isn't told.
type neighbours struct {
	addresses *otter.Cache[netip.Addr, *neighbourhood]
}

type neighbourhood struct {
	mu      sync.Mutex
	phones  []neighbour
	seen    []time.Time // of each
	crowded time.Time   // when there were too many; zero: never
}

func newNeighbours() *neighbours {
	return &neighbours{otter.Must(&otter.Options[netip.Addr, *neighbourhood]{MaximumSize: neighbourAddresses})}
}

// note remembers that a phone was heard of.
func (n *neighbours) note(from netip.Addr, phone neighbour, now time.Time) {
	if !from.IsValid() {
		return
	}
	h, ok := n.addresses.GetIfPresent(from)
	if !ok {
		h, _ = n.addresses.SetIfAbsent(from, &neighbourhood{})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(now)
	for i, known := range h.phones {
		if !known.same(phone) {
			continue
		}
		h.seen[i] = now
		if phone.device != "" {
			h.phones[i] = phone
		}
		return
	}
	if len(h.phones) == neighboursMost {
		h.crowded = now
		return
	}
	h.phones, h.seen = append(h.phones, phone), append(h.seen, now)
}

// forget drops who wasn't heard of for an hour.
func (h *neighbourhood) forget(now time.Time) {
	for i := len(h.phones) - 1; i >= 0; i-- {
		if now.Sub(h.seen[i]) > neighbourTime {
			h.phones, h.seen = slices.Delete(h.phones, i, i+1), slices.Delete(h.seen, i, i+1)
		}
	}
}

// at returns the phones of an address; none when there are too many to tell anything.
func (n *neighbours) at(from netip.Addr, now time.Time) []neighbour {
	h, ok := n.addresses.GetIfPresent(from)
	if !ok {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(now)
	if !h.crowded.IsZero() && now.Sub(h.crowded) <= neighbourTime {
		return nil
	}
	return slices.Clone(h.phones)
}
