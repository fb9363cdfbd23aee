package provisioning

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// UnknownDevice is a MAC address that asked for files and that no device has.
type UnknownDevice struct {
	MAC deviceprofiles.MAC
	// Tenant is whose it is: of whose inbox token stands in its URL, else of whose address it came from; zero when that is nobody's, or
	// several organisations'.
	Tenant    customer.Tenant
	Peer      netip.Addr // that it last came from
	UserAgent string     // at most 200 bytes, as in the boot trace
	Files     []string   // names without folders, at most 8, the first that were asked for
	First     time.Time
	Last      time.Time
	Count     int64
}

// UnknownLimits bounds the inbox of unknown devices. Whoever exceeds one makes room with the oldest of its own rows: an address with those of the
// address, a network (IPv4 /24, IPv6 /48) with the network's, a tenant with the tenant's; and when what is nobody's is too much in all, the network
// that has the most rows.
type UnknownLimits struct {
	PerAddress, PerNetwork, PerTenant, Unassigned int
	// KnownSince is how long ago an address may have been proved by a phone and still say whose it is.
	KnownSince time.Time
}

const (
	unknownPerAddress = 32
	unknownPerNetwork = 256
	unknownPerTenant  = 1000
	unknownUnassigned = 10_000
	unknownFiles      = 8
	// knownAddressTime is how long an address stays an organisation's after a phone of its has proved itself from there.
	knownAddressTime = 7 * 24 * time.Hour
	// unknownTime is how long an unknown device that doesn't come back is kept.
	unknownTime = 30 * 24 * time.Hour
)

// UnknownDevices lists the addresses that asked from the tenant's own sites and that nobody has, the newest first. Creating a device with one takes it
// out.
func (s *Service) UnknownDevices(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]UnknownDevice, bool, error) {
	s.flushTraces(ctx)
	return s.store.UnknownDevices(ctx, tenant, page)
}

// noteUnknown keeps what of a batch is about addresses that nobody has, and looks for runs over address blocks in it.
func (s *Service) noteUnknown(ctx context.Context, batch []TraceEntry) {
	asked, tokens := map[deviceprofiles.MAC]UnknownDevice{}, map[deviceprofiles.MAC]string{}
	for _, e := range batch {
		if e.Device != "" || e.MAC == (deviceprofiles.MAC{}) || e.ByAddress || e.Door == doorSIP {
			continue
		}
		u, ok := asked[e.MAC]
		if !ok {
			u = UnknownDevice{MAC: e.MAC, First: e.Time}
		}
		u.Peer, u.Last, u.UserAgent, u.Count = e.Peer, e.Time, cmp.Or(e.UserAgent, u.UserAgent), u.Count+1
		u.Files = AddFile(u.Files, nameOf(e.Request))
		asked[e.MAC] = u
		if e.inbox != "" {
			tokens[e.MAC] = e.inbox
		}
	}
	if len(asked) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, traceTimeout)
	defer cancel()
	used, err := s.store.AnyTenantMACsInUse(ctx, slices.Collect(maps.Keys(asked)))
	if err == nil {
		maps.DeleteFunc(asked, func(mac deviceprofiles.MAC, _ UnknownDevice) bool { return used[mac] })
		err = s.assign(ctx, asked, tokens)
	}
	if err == nil {
		list := slices.SortedFunc(maps.Values(asked), func(a, b UnknownDevice) int {
			return cmp.Or(a.Last.Compare(b.Last), cmp.Compare(a.MAC.String(), b.MAC.String()))
		})
		s.lookForRuns(ctx, list)
		err = s.store.NoteUnknown(ctx, list, UnknownLimits{
			PerAddress: unknownPerAddress, PerNetwork: unknownPerNetwork, PerTenant: unknownPerTenant, Unassigned: unknownUnassigned,
			KnownSince: s.now().Add(-knownAddressTime),
		})
	}
	if err != nil {
		s.logger.WarnContext(ctx, "unknown devices aren't noted", "devices", len(asked), "error", err)
	}
}

// assign says of unknown devices whose they are by the tokens in their URLs.
func (s *Service) assign(ctx context.Context, asked map[deviceprofiles.MAC]UnknownDevice, tokens map[deviceprofiles.MAC]string) error {
	if len(tokens) == 0 {
		return nil
	}
	whose, err := s.store.AnyTenantInboxTokens(ctx, slices.Compact(slices.Sorted(maps.Values(tokens))))
	if err != nil {
		return err
	}
	for mac, hash := range tokens {
		if u, ok := asked[mac]; ok {
			u.Tenant = whose[hash]
			asked[mac] = u
		}
	}
	return nil
}

// AddFile adds a name to those that a device asked for, unless it is there, or there are eight.
func AddFile(files []string, name string) []string {
	if len(files) >= unknownFiles || slices.Contains(files, name) {
		return files
	}
	return append(files, name)
}
