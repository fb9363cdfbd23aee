package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
)

// addressBook looks each name up once a run, says so, and remembers. It holds no more names than the phone was sent to, which the bounds on
// hops, redirects and lines keep small.
type addressBook struct {
	resolver resolver
	journal  *journal

	mu    sync.Mutex // dials of requests that were given up may still read
	known map[string][]netip.Addr
}

func newAddressBook(r resolver, j *journal) *addressBook {
	return &addressBook{resolver: r, journal: j, known: make(map[string][]netip.Addr)}
}

// of returns the addresses of a host that was looked up.
func (b *addressBook) of(host string) []netip.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[host]
}

func (b *addressBook) keep(host string, addresses []netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[host] = addresses
}

// lookUp finds a host's addresses, unless they are known. An address stands for itself. Its error is a *StepError of the step dns.
func (b *addressBook) lookUp(ctx context.Context, host string) error {
	if b.of(host) != nil {
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		b.keep(host, []netip.Addr{a})
		return nil
	}
	addresses, err := b.find(ctx, host)
	if err != nil {
		return err
	}
	b.journal.ok(StepDNS, "%s is %s (asked %s)", host, join(addresses), b.resolver)
	return nil
}

// find does the same without saying so.
func (b *addressBook) find(ctx context.Context, host string) ([]netip.Addr, error) {
	if known := b.of(host); known != nil {
		return known, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addresses, err := b.resolver.addresses(ctx, host)
	if errors.Is(err, errNoRecords) {
		return nil, &StepError{
			Step: StepDNS, Err: fmt.Errorf("there is no address for %s (asked %s): %w", host, b.resolver, errNoRecords),
			Next: "Check the name, and that its zone is delegated to a server that answers.",
		}
	}
	if err != nil {
		return nil, &StepError{Step: StepDNS, Err: fmt.Errorf("%s can't be looked up: %w", host, err), Next: nextResolver}
	}
	b.keep(host, addresses)
	return addresses, nil
}

const nextResolver = "Check that the DNS server runs, that its address and port are right, and that it serves this name."

func join(addresses []netip.Addr) string {
	words := make([]string, len(addresses))
	for i, a := range addresses {
		words[i] = a.String()
	}
	return strings.Join(words, ", ")
}
