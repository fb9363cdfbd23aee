package store_test

import (
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fleet"
	"dialtone/provisioning"
)

// slowRounds is how often at most what takes seconds is measured.
const slowRounds = 10

// BenchmarkFleet lists, filters and compares in a partner's million devices, and adds some: how long half of the calls and 99 of 100 take, and the most
// memory that the process had meanwhile. Filling a database takes minutes; -benchtime 200x is what docs/performance.md shows.
func BenchmarkFleet(b *testing.B) {
	if testing.Short() {
		b.Skip("skipped with -short: it makes a million devices")
	}
	for name, database := range fleetDatabases {
		b.Run(name, func(b *testing.B) {
			driver, url := database(b)
			f := newFleet(b, driver, url)
			b.Run("list", f.lists)
			b.Run("publish", f.publishes)
			b.Run("job", f.jobs)
			b.Run("diff", f.diffs)
			b.Run("changes", f.follows)
		})
	}
}

// lists reads pages of 100.
func (f *bigFleet) lists(b *testing.B) {
	all := customer.Tenant{Partner: f.bakery.Partner}
	first := customer.Page{Max: 100}
	mac := func(n int) *deviceprofiles.MAC {
		m, err := deviceprofiles.ParseMAC(strconv.Itoa(200_000_000_000 + n*48271%2147483647))
		require.NoError(b, err)
		return &m
	}
	type question struct {
		name   string
		tenant func(n int) customer.Tenant
		filter func(n int) provisioning.DeviceFilter
		page   customer.Page
		most   int // rounds; 0: as many as are asked for
	}
	anywhere := func(int) customer.Tenant { return all }
	inOrg := func(n int) customer.Tenant {
		return customer.Tenant{Partner: all.Partner, Customer: customer.OrgID(copied(ofOrgs, n%fleetOrgs))}
	}
	same := func(filter provisioning.DeviceFilter) func(int) provisioning.DeviceFilter {
		return func(int) provisioning.DeviceFilter { return filter }
	}
	tagged := func(tags ...string) func(int) provisioning.DeviceFilter {
		return same(provisioning.DeviceFilter{Tags: tags})
	}
	is := func(status provisioning.ConnectionStatus) func(int) provisioning.DeviceFilter {
		return same(provisioning.DeviceFilter{Status: status})
	}
	named := func(part string) func(int) provisioning.DeviceFilter {
		return same(provisioning.DeviceFilter{DisplayName: part})
	}
	models := func(models ...string) func(int) provisioning.DeviceFilter {
		return same(provisioning.DeviceFilter{Models: models})
	}
	b.Run("connected-none", func(b *testing.B) { // each is asked for its registration
		measure(b, slowRounds, func(int) int {
			list, _, err := f.db.Provisioning().Devices(b.Context(), all, provisioning.DeviceFilter{Status: provisioning.StatusConnected}, time.Now().AddDate(1, 0, 0), first)
			require.NoError(b, err)
			return len(list)
		})
	})
	for _, q := range []question{
		{"all", anywhere, same(provisioning.DeviceFilter{}), first, 0},
		{"all-middle", anywhere, same(provisioning.DeviceFilter{}), customer.Page{Max: 100, After: placeInFleet(fleetDevices / 2)}, 0},
		{"all-last", anywhere, same(provisioning.DeviceFilter{}), customer.Page{Max: 100, After: placeInFleet(fleetDevices - 120)}, 0},
		{"all-by-offset", anywhere, same(provisioning.DeviceFilter{}), customer.Page{Max: 100, Offset: fleetDevices - 120}, slowRounds},
		{"org", inOrg, same(provisioning.DeviceFilter{}), first, 0},
		{"location", anywhere, func(n int) provisioning.DeviceFilter {
			return provisioning.DeviceFilter{Location: customer.LocationID(copied(ofLocations, n%fleetLocations))}
		}, first, 0},
		{"owner", anywhere, func(n int) provisioning.DeviceFilter {
			return provisioning.DeviceFilter{Owner: customer.MemberID(copied(ofMembers, n))}
		}, first, 0},
		{"mac", anywhere, func(n int) provisioning.DeviceFilter { return provisioning.DeviceFilter{MAC: mac(n)} }, first, 0},
		{"product", anywhere, models("DMS Yealink T54W", "Yealink T54W Partner Managed"), first, 0},
		{"product-middle", anywhere, models("DMS Yealink T54W", "Yealink T54W Partner Managed"), customer.Page{Max: 100, After: placeInFleet(fleetDevices / 2)}, 0},
		{"product-rare", anywhere, models("DMS Cisco 7811"), first, 0},
		{"product-org", inOrg, models("DMS Yealink T54W", "Yealink T54W Partner Managed"), first, 0},
		{"tag-rare", anywhere, tagged("rare"), first, 0},
		{"tag-rare-middle", anywhere, tagged("rare"), customer.Page{Max: 100, After: placeInFleet(fleetDevices / 2)}, 0},
		{"tag-rare-org", inOrg, tagged("rare"), first, 0},
		{"tag-common", anywhere, tagged("common"), first, 0},
		{"tag-common-middle", anywhere, tagged("common"), customer.Page{Max: 100, After: placeInFleet(fleetDevices / 2)}, 0},
		{"tag-common-org", inOrg, tagged("common"), first, 0},
		{"tags-both", anywhere, tagged("common", "rare"), first, 0},
		{"tag-none", anywhere, tagged("nobody's"), first, 0},
		{"connected", anywhere, is(provisioning.StatusConnected), first, 0},
		{"connected-org", inOrg, is(provisioning.StatusConnected), first, 0},
		{"disconnected", anywhere, is(provisioning.StatusDisconnected), first, 0},
		{"activating", anywhere, is(provisioning.StatusActivating), first, 0},
		{"activating-org", inOrg, is(provisioning.StatusActivating), first, 0},
		{"unknown", anywhere, is(provisioning.StatusUnknown), first, 0},
		{"unknown-org", inOrg, is(provisioning.StatusUnknown), first, 0},
		{"name-common", anywhere, named("ada"), first, 0},
		{"name-rare", anywhere, named("NAME1234"), first, slowRounds},
		{"name-none", anywhere, named("nobody"), first, slowRounds},
		{"name-none-org", inOrg, named("nobody"), first, 0},
		{"tag-rare-name-none", anywhere, same(provisioning.DeviceFilter{Tags: []string{"rare"}, DisplayName: "nobody"}), first, 0},
	} {
		b.Run(q.name, func(b *testing.B) {
			measure(b, q.most, func(n int) int {
				list, _, err := f.Devices(b.Context(), q.tenant(n), q.filter(n), q.page)
				require.NoError(b, err)
				return len(list)
			})
		})
	}
}

// publishes adds phones and shares their lines: each is rendered, and sealed as a revision.
func (f *bigFleet) publishes(b *testing.B) {
	var added []provisioning.DeviceID
	owner := len(f.people)
	f.hire(b, 800)
	b.Run("AddDevice", func(b *testing.B) {
		measure(b, 400, func(int) int {
			added = append(added, f.phone(b, owner+len(added)))
			return 1
		})
	})
	b.Run("SetMembers", func(b *testing.B) {
		measure(b, len(added), func(n int) int {
			f.share(b, added[n%len(added)], owner+n%len(added))
			return 1
		})
	})
}

// jobs asks what jobs would be about, and what one would do to fifty devices.
func (f *bigFleet) jobs(b *testing.B) {
	targets := func(n int) provisioning.DeviceTargets {
		return provisioning.DeviceTargets{Locations: []customer.LocationID{customer.LocationID(copied(ofLocations, n%fleetLocations))}}
	}
	org := func(n int) customer.Tenant {
		return customer.Tenant{Partner: f.bakery.Partner, Customer: customer.OrgID(copied(ofOrgs, n%fleetOrgs))}
	}
	b.Run("count", func(b *testing.B) {
		measure(b, 0, func(n int) int {
			count, err := f.db.Provisioning().CountTargetDevices(b.Context(), org(n), targets(n))
			require.NoError(b, err)
			return count
		})
	})
	b.Run("chunk", func(b *testing.B) {
		measure(b, 0, func(n int) int {
			list, _, err := f.db.Provisioning().TargetDevices(b.Context(), org(n), targets(n), customer.Page{Max: 100})
			require.NoError(b, err)
			return len(list)
		})
	})
	b.Run("preview", func(b *testing.B) {
		measure(b, 100, func(int) int {
			preview, err := f.many.Preview(b.Context(), f.actor, f.bakery.Tenant(), fleet.RebuildRequest{Location: f.shop.ID}, customer.Page{Max: 50})
			require.NoError(b, err)
			return len(preview.Devices)
		})
	})
}

// diffs compares the two revisions of a phone, and lists those of copies.
func (f *bigFleet) diffs(b *testing.B) {
	devices, _, err := f.Devices(b.Context(), f.bakery.Tenant(), provisioning.DeviceFilter{}, customer.Page{Max: 100})
	require.NoError(b, err)
	devices = slices.DeleteFunc(devices, func(d provisioning.DeviceView) bool { return d.Revision < 2 })
	b.Run("two", func(b *testing.B) {
		measure(b, 0, func(n int) int {
			diff, err := f.DiffRevisions(b.Context(), f.bakery.Tenant(), devices[n%len(devices)].ID, provisioning.Moment{Number: 1}, provisioning.Moment{Number: 2})
			require.NoError(b, err)
			return len(diff)
		})
	})
	b.Run("list", func(b *testing.B) {
		measure(b, 0, func(n int) int {
			list, err := f.Revisions(b.Context(), customer.Tenant{Partner: f.bakery.Partner}, provisioning.DeviceID(copied(ofDevices, n*79190%fleetDevices)), 0, 100)
			require.NoError(b, err)
			return len(list)
		})
	})
}

// follows reads pages of 100 of the changes: of all, and of one organisation.
func (f *bigFleet) follows(b *testing.B) {
	for name, tenant := range map[string]customer.Tenant{
		"all": {Partner: f.bakery.Partner}, "org": {Partner: f.bakery.Partner, Customer: customer.OrgID(copied(ofOrgs, 7))},
	} {
		for where, passed := range map[string]int{"first": 0, "late": 5} {
			var place customer.EventCursor
			for range passed { // 500 changes on
				place = f.changes(b, tenant, place)
			}
			b.Run(name+"-"+where, func(b *testing.B) {
				measure(b, 0, func(int) int { f.changes(b, tenant, place); return 100 })
			})
		}
	}
}

func (f *bigFleet) changes(b *testing.B, tenant customer.Tenant, place customer.EventCursor) customer.EventCursor {
	b.Helper()
	list, err := f.customers.Changes(b.Context(), tenant, place, 100)
	require.NoError(b, err)
	require.Len(b, list, 100)
	return list[99].Place
}

// measure calls fn as often as the benchmark asks, but no more than most if that isn't 0, and reports how long half of the calls and 99 of 100 took, how
// many rows the last one had, and the most memory that the process had.
func measure(b *testing.B, most int, fn func(n int) int) {
	b.Helper()
	if b.N == 1 {
		fn(0) // the first call parses the statement, and is none of the figures
		return
	}
	rounds, rows := b.N, 0
	if most > 0 {
		rounds = min(rounds, most)
	}
	forgetPeak(b)
	took := make([]time.Duration, rounds)
	for n := range rounds {
		began := time.Now()
		rows = fn(n)
		took[n] = time.Since(began)
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[rounds/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[min(rounds-1, rounds*99/100)].Seconds()*1000, "p99-ms")
	b.ReportMetric(float64(rows), "rows")
	b.ReportMetric(peakMemory(b), "peak-MiB")
}

// forgetPeak lets the process's most memory begin anew (proc(5), clear_refs).
func forgetPeak(b *testing.B) {
	b.Helper()
	debug.FreeOSMemory()
	require.NoError(b, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is the most memory that this process has had, in MiB.
func peakMemory(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(b, err)
	found := peak.FindSubmatch(status)
	require.NotNil(b, found)
	kb, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(b, err)
	return kb / 1024
}
