package store_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"dialtone/customer"
	"dialtone/provisioning"
	"dialtone/store"
	"dialtone/store/pgtest"
	"dialtone/store/storetest"
)

func BenchmarkSQLite(b *testing.B) { benchmark(b, openSQLite) }

func BenchmarkPostgres(b *testing.B) {
	pgtest.Require(b)
	benchmark(b, openPostgres)
}

// benchmark measures the statements that phones wait for, and those that write many rows, with 10,000 phones of 100 customers.
func benchmark(b *testing.B, open func(testing.TB) *store.Store) {
	s := open(b)
	sample := storetest.Fill(b, s, 100, 100)
	for name, measure := range map[string]func(*testing.B, *store.Store, storetest.Sample){
		"AnyTenantDeviceByMAC":  benchmarkDeviceByMAC,
		"AnyTenantLine":         benchmarkLine,
		"AnyTenantHasSIPDomain": benchmarkDomain,
		"RenderInput":           benchmarkRenderInput,
		"UpdateBindings100":     func(b *testing.B, s *store.Store, f storetest.Sample) { benchmarkBindings(b, s, f, 100) },
		"UpdateBindings1":       func(b *testing.B, s *store.Store, f storetest.Sample) { benchmarkBindings(b, s, f, 1) },
		"AppendTrace500":        benchmarkTrace,
		"AppendTrace500Storm":   benchmarkTraceOfStorm,
		"AddPhone":              benchmarkAddPhone,
	} {
		b.Run(name, func(b *testing.B) { measure(b, s, sample) })
	}
}

func benchmarkDeviceByMAC(b *testing.B, s *store.Store, sample storetest.Sample) {
	p, i := s.Provisioning(), 0
	for b.Loop() {
		i = (i + 7919) % len(sample.Devices)
		if _, err := p.AnyTenantDeviceByMAC(b.Context(), sample.Devices[i].MAC); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkLine(b *testing.B, s *store.Store, sample storetest.Sample) {
	p, i := s.Provisioning(), 0
	for b.Loop() {
		i = (i + 7919) % len(sample.Lines)
		if _, err := p.AnyTenantLine(b.Context(), sample.Lines[i].Domain, sample.Lines[i].UserName); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkDomain(b *testing.B, s *store.Store, sample storetest.Sample) {
	c, i := s.Customers(), 0
	for b.Loop() {
		i = (i + 7919) % len(sample.Customers)
		if found, err := c.AnyTenantHasSIPDomain(b.Context(), sample.Customers[i].SIPDomain); err != nil || !found {
			b.Fatal(found, err)
		}
	}
}

func benchmarkRenderInput(b *testing.B, s *store.Store, sample storetest.Sample) {
	p, i := s.Provisioning(), 0
	for b.Loop() {
		i = (i + 7919) % len(sample.Devices)
		if _, err := p.RenderInput(b.Context(), sample.Devices[i].Tenant(), sample.Devices[i].ID); err != nil {
			b.Fatal(err)
		}
	}
}

// benchmarkBindings is a group commit: so many lines register again, each with one contact.
func benchmarkBindings(b *testing.B, s *store.Store, sample storetest.Sample, size int) {
	p, at, now := s.Provisioning(), 0, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ids := make([]provisioning.LineID, size)
	for b.Loop() {
		at, now = (at+size)%(len(sample.Lines)-size), now.Add(time.Second)
		for i := range ids {
			ids[i] = sample.Lines[at+i].ID
		}
		err := p.UpdateBindings(b.Context(), ids, func(map[provisioning.LineID]provisioning.BoundLine) (map[provisioning.LineID][]provisioning.Binding, error) {
			next := make(map[provisioning.LineID][]provisioning.Binding, size)
			for _, id := range ids {
				next[id] = []provisioning.Binding{{
					Line: id, Contact: "sip:1@192.0.2.1:5060", CallID: string(id), CSeq: 1, Transport: "udp", Source: netip.MustParseAddrPort("192.0.2.1:5060"),
					UserAgent: "Bench", Registered: now, Expires: now.Add(time.Hour),
				}}
			}
			return next, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "lines/s")
}

// benchmarkTrace writes the contacts of 100 phones, five each.
func benchmarkTrace(b *testing.B, s *store.Store, sample storetest.Sample) {
	p, at, now := s.Provisioning(), 0, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	entries := make([]provisioning.TraceEntry, 500)
	for b.Loop() {
		at, now = (at+100)%(len(sample.Devices)-100), now.Add(time.Second)
		for i := range entries {
			entries[i] = provisioning.TraceEntry{
				Time: now, MAC: sample.Devices[at+i/5].MAC, Door: "https", Peer: netip.MustParseAddr("192.0.2.1"), Request: "GET /cfg.xml", Answer: "served", Rule: "r", Revision: 1,
			}
		}
		if err := p.AppendTrace(b.Context(), entries, provisioning.TraceBound{Keep: 200, Every: 16}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(500*b.N)/b.Elapsed().Seconds(), "entries/s")
}

// benchmarkTraceOfStorm writes one contact each of 500 phones whose traces are full.
func benchmarkTraceOfStorm(b *testing.B, s *store.Store, sample storetest.Sample) {
	const phones, kept = 1000, 100
	p, now := s.Provisioning(), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	entry := func(i int) provisioning.TraceEntry {
		return provisioning.TraceEntry{
			Time: now, MAC: sample.Devices[i%phones].MAC, Door: "https", Peer: netip.MustParseAddr("192.0.2.1"), Request: "GET /805ec0000001.cfg",
			Answer: "served 3301 bytes", Rule: provisioning.RuleCredentials, Revision: 1, UserAgent: "Yealink SIP-T54W 96.86.0.70", Proof: provisioning.ProofDigest,
			Standing: provisioning.StandingFetched,
		}
	}
	entries, at := make([]provisioning.TraceEntry, 500), 0
	write := func() {
		now = now.Add(time.Second)
		for i := range entries {
			entries[i] = entry(at + i)
		}
		at += len(entries)
		if err := p.AppendTrace(b.Context(), entries, provisioning.TraceBound{Keep: kept, Every: 16}); err != nil {
			b.Fatal(err)
		}
	}
	for at < phones*kept {
		write()
	}
	for b.Loop() {
		write()
	}
	b.ReportMetric(float64(500*b.N)/b.Elapsed().Seconds(), "entries/s")
}

// benchmarkAddPhone is what an administrator waits for: a person with a package and a phone, counted, written and recorded.
func benchmarkAddPhone(b *testing.B, s *store.Store, sample storetest.Sample) {
	p, n := s.Provisioning(), 0
	for b.Loop() {
		c, l := sample.Customers[n%len(sample.Customers)], sample.Locations[n%len(sample.Locations)]
		tenant := customer.Tenant{Partner: c.Partner, Customer: c.Org}
		n++
		err := p.Update(b.Context(), tenant, func(tx provisioning.Tx) error {
			if _, err := tx.CountSubscribers(b.Context(), tenant, customer.WebexCalling); err != nil {
				return err
			}
			return addPhone(b, tx, c, l)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func addPhone(b *testing.B, tx provisioning.Tx, c customer.Customer, l customer.Location) error {
	b.Helper()
	ctx, id := b.Context(), uuid.New()
	mac := [6]byte(id[:6])
	mac[0] = 4
	person := customer.Person{ID: customer.PersonID(id.String()), Partner: c.Partner, Org: c.Org, Email: id.String() + "@example.com", Location: l.ID, Created: time.Now()}
	device := provisioning.Device{
		ID: provisioning.DeviceID(id.String()), Partner: c.Partner, Org: c.Org, MAC: mac, Model: "DMS Cisco 8851", Owner: customer.MemberID(person.ID), Location: l.ID, Revision: 1,
		Access: []byte{1}, AdminPassword: []byte{1}, Created: time.Now(), Activation: provisioning.Activation{State: provisioning.ActivationNone},
	}
	for _, step := range []func() error{
		func() error { return tx.CreatePerson(ctx, person) },
		func() error {
			return tx.CreateSubscriber(ctx, customer.Subscriber{
				ID: customer.SubscriberID(id.String()), Partner: c.Partner, Org: c.Org, Customer: c.ID, Person: person.ID, Email: person.Email,
				Package: customer.WebexCalling, Status: customer.SubscriberProvisioned, Created: time.Now(),
			})
		},
		func() error { return tx.CreateDevice(ctx, device) },
		func() error {
			return tx.CreateLine(ctx, provisioning.Line{
				ID: provisioning.LineID(id.String()), Partner: c.Partner, Org: c.Org, Device: device.ID, Port: 1, Owner: customer.MemberID(person.ID), UserName: id.String(), Domain: c.SIPDomain,
				Password: []byte{1}, HA1: []byte{1}, Created: time.Now(), LineOptions: provisioning.LineOptions{Weight: 1},
			})
		},
		func() error {
			return tx.Record(ctx, customer.Event{Time: time.Now(), Tenant: device.Tenant(), Actor: "bench", Kind: customer.EventDeviceCreated, Subject: fmt.Sprint(device.ID)})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// million is how many subscribers BenchmarkMillion lists: 1,000,000 take some minutes to make, and are the figure in docs/performance.md.
const million = 1_000_000

// BenchmarkMillion reads pages of a very long list: the first one, one far behind by its cursor, and a single row by a filter.
func BenchmarkMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("skipped with -short: it makes a million rows")
	}
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			c := storetest.FillSubscribers(b, s, million)
			list := func(filter customer.SubscriberFilter, page customer.Page) []customer.Subscriber {
				got, _, err := s.Customers().Subscribers(b.Context(), customer.Tenant{Partner: c.Partner}, filter, page)
				if err != nil || len(got) == 0 {
					b.Fatal(len(got), err)
				}
				return got
			}
			middle := list(customer.SubscriberFilter{}, customer.Page{Max: 1, Offset: million / 2})[0]
			last := list(customer.SubscriberFilter{}, customer.Page{Max: 1, Offset: million - 200})[0]
			for name, page := range map[string]customer.Page{
				"first": {Max: 100}, "middle": {Max: 100, After: customer.Cursor{At: middle.Created, ID: string(middle.ID)}},
				"last": {Max: 100, After: customer.Cursor{At: last.Created, ID: string(last.ID)}}, "by-offset": {Max: 100, Offset: million - 200},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						list(customer.SubscriberFilter{}, page)
					}
				})
			}
			b.Run("by-email", func(b *testing.B) {
				for b.Loop() {
					list(customer.SubscriberFilter{Email: middle.Email}, customer.Page{Max: 100})
				}
			})
		})
	}
}
