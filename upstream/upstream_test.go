package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/upstream"
)

// MemoryStore keeps settings by partner; sub-partners have their parent in Parents.
type MemoryStore struct {
	mu      sync.Mutex
	all     map[customer.OrgID]upstream.Setting
	parents map[customer.OrgID]customer.OrgID
	events  []customer.Event
	reads   int
}

func (m *MemoryStore) Upstream(_ context.Context, partner customer.OrgID) (upstream.Setting, error) {
	if s, ok := m.all[partner]; ok {
		return s, nil
	}
	return upstream.Setting{}, fault.New(fault.NotFound, "There is no such upstream.")
}

func (m *MemoryStore) UpstreamInForce(ctx context.Context, partner customer.OrgID) (upstream.Setting, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	s, err := m.Upstream(ctx, partner)
	if parent := m.parents[partner]; err != nil && parent != "" {
		return m.Upstream(ctx, parent)
	}
	return s, err
}

func (m *MemoryStore) AnyTenantUpstreamOfDomain(ctx context.Context, domain string) (upstream.Setting, error) {
	partner, _, _ := strings.Cut(domain, ".")
	return m.UpstreamInForce(ctx, customer.OrgID(partner))
}

func (m *MemoryStore) SetUpstream(_ context.Context, s upstream.Setting) error {
	m.all[s.Partner] = s
	return nil
}

func (m *MemoryStore) DeleteUpstream(ctx context.Context, partner customer.OrgID) error {
	_, err := m.Upstream(ctx, partner)
	delete(m.all, partner)
	return err
}

func (m *MemoryStore) Record(_ context.Context, e customer.Event) error {
	m.events = append(m.events, e)
	return nil
}

func (m *MemoryStore) Update(_ context.Context, _ customer.Tenant, fn func(upstream.Tx) error) error {
	return fn(m)
}

// HandClock stands still until it is moved.
type HandClock struct{ at time.Time }

func (c *HandClock) Now() time.Time { return c.at }

// FixedResolver answers with what it has, or fails.
type FixedResolver struct {
	list  []netip.AddrPort
	err   error
	asked int
}

func (r *FixedResolver) Resolve(context.Context, upstream.Setting) ([]netip.AddrPort, time.Duration, error) {
	r.asked++
	return r.list, time.Minute, r.err
}

type fixture struct {
	*upstream.Service
	store    *MemoryStore
	clock    *HandClock
	resolver *FixedResolver
	log      *bytes.Buffer
}

func newFixture() *fixture {
	f := &fixture{
		store: &MemoryStore{all: map[customer.OrgID]upstream.Setting{}, parents: map[customer.OrgID]customer.OrgID{"sub": "p"}}, clock: &HandClock{nine}, resolver: &FixedResolver{},
		log: &bytes.Buffer{},
	}
	f.Service = upstream.NewService(upstream.Config{
		Store: f.store, Now: f.clock.Now, Random: func() float64 { return 0.5 }, Logger: slog.New(slog.NewTextHandler(f.log, nil)), Resolver: f.resolver,
	})
	f.Announce([]netip.AddrPort{netip.MustParseAddrPort("192.0.2.9:5060")}, []string{"sip.dialtone.test", "edge.example.com"})
	return f
}

func actorOf(partner customer.OrgID) customer.Actor {
	return customer.Actor{Partner: partner, Email: "admin@example.com"}
}

func TestASettingIsReadAndKept(t *testing.T) {
	t.Parallel()
	f := newFixture()
	got, err := f.Set(t.Context(), actorOf("p"), upstream.Definition{On: true, Address: "SIP.Example.com.:5070", Domain: "Example.NET"})
	require.NoError(t, err)
	want := upstream.Setting{
		Partner: "p", On: true, Host: "sip.example.com", Port: 5070, Transport: "udp", Credentials: "own", Domain: "example.net", Expires: time.Hour, Rate: 50, Changed: nine,
	}
	assert.Equal(t, want, got)
	assert.Equal(t, "sip.example.com:5070", got.Address())
	setting, inherited, err := f.Setting(t.Context(), actorOf("sub"))
	require.NoError(t, err)
	assert.Equal(t, want, setting)
	assert.True(t, inherited, "a sub-partner follows its parent")
	off, err := f.Set(t.Context(), actorOf("sub"), upstream.Definition{Address: "192.0.2.1"})
	require.NoError(t, err)
	_, on, err := f.InForce(t.Context(), "sub")
	require.NoError(t, err)
	assert.False(t, on, "its own word counts, also when it is no")
	assert.Equal(t, "192.0.2.1", off.Address())
	require.NoError(t, f.Remove(t.Context(), actorOf("sub")))
	_, on, _ = f.OfDomain(t.Context(), "sub.sip.dialtone.test")
	assert.True(t, on)
	assert.True(t, fault.Is(f.Remove(t.Context(), actorOf("sub")), fault.NotFound))
	assert.Equal(t, []customer.EventKind{"upstream.changed", "upstream.changed", "upstream.deleted"}, []customer.EventKind{f.store.events[0].Kind, f.store.events[1].Kind, f.store.events[2].Kind})
	_, _, err = f.Setting(t.Context(), customer.Actor{Partner: "p", Org: "o"})
	assert.True(t, fault.Is(err, fault.NotFound), "it is nothing of one customer's")
}

func TestBadSettingsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture()
	for field, in := range map[string][]upstream.Definition{
		"host": {
			{}, {Address: "a b"}, {Address: "sip.example.com:0"}, {Address: "sip.example.com:x"}, {Address: "0.0.0.0"}, {Address: "a.sip.dialtone.test"}, {Address: "edge.example.com"},
			{Address: "192.0.2.9"}, {Address: "192.0.2.9:5060", Transport: "tcp"},
		},
		"transport":      {{Address: "a.example", Transport: "sctp"}},
		"credentials":    {{Address: "a.example", Credentials: "theirs"}},
		"domain":         {{Address: "a.example", Domain: "a b"}, {Address: "a.example", Domain: "b.example", Credentials: "passed"}},
		"expires":        {{Address: "a.example", Expires: time.Second}, {Address: "a.example", Expires: 48 * time.Hour}},
		"rate":           {{Address: "a.example", Rate: -1}, {Address: "a.example", Rate: 1001}},
		"caCertificates": {{Address: "a.example", CA: "x", Transport: "tls"}},
	} {
		for _, d := range in {
			_, err := f.Set(t.Context(), actorOf("p"), d)
			problems := fault.ProblemsOf(err)
			require.Len(t, problems, 1, "%+v", d)
			assert.Equal(t, field, problems[0].Field, "%+v", d)
		}
	}
	_, err := f.Set(t.Context(), actorOf("p"), upstream.Definition{Address: "192.0.2.9", Transport: "tls"})
	require.NoError(t, err, "another port is somebody else")
}

func TestOnlyAChangeOfHealthIsLogged(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := upstream.Setting{Partner: "p", On: true, Host: "192.0.2.1", Rate: 2, Transport: "udp"}
	assert.Equal(t, upstream.Unknown, f.Status(s).State)
	f.Answered(s, 200)
	assert.Zero(t, f.Back(s), "it never was away")
	f.clock.at = nine.Add(time.Minute)
	f.Failed(s, fault.New(fault.Unavailable, "192.0.2.1:5060 didn't answer."))
	f.Failed(s, fault.New(fault.Unavailable, "192.0.2.1:5060 didn't answer."))
	assert.Equal(t, upstream.Status{State: "down", Since: nine.Add(time.Minute), LastAnswer: nine, LastStatus: 200, Failure: "192.0.2.1:5060 didn't answer."}, f.Status(s))
	err := f.Admit(s)
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.Equal(t, 22500*time.Millisecond, fault.RetryAfter(err))
	f.clock.at = nine.Add(2 * time.Minute)
	f.Answered(s, 401)
	assert.Equal(t, nine.Add(2*time.Minute), f.Back(s))
	f.Answered(s, 503)
	assert.Equal(t, upstream.Down, f.Status(s).State)
	assert.Equal(t, 2, strings.Count(f.log.String(), "is down"))
	assert.Equal(t, 2, strings.Count(f.log.String(), "an upstream registrar answers"))
	assert.Equal(t, map[upstream.State]int{"up": 0, "down": 1, "unknown": 0}, f.Statuses())
}

func TestAnUpstreamInUseIsAskedForASignOfLife(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s, err := f.Set(t.Context(), actorOf("p"), upstream.Definition{On: true, Address: "192.0.2.1"})
	require.NoError(t, err)
	assert.Empty(t, f.NextProbes(t.Context()), "nobody uses it")
	require.NoError(t, f.Admit(s))
	assert.Equal(t, []upstream.Setting{s}, f.NextProbes(t.Context()))
	assert.Empty(t, f.NextProbes(t.Context()), "it was asked")
	f.clock.at = nine.Add(30 * time.Second)
	assert.Len(t, f.NextProbes(t.Context()), 1)
	f.Failed(s, errors.New("away"))
	f.clock.at = nine.Add(38 * time.Second)
	assert.Len(t, f.NextProbes(t.Context()), 1, "more often while it is down")
	f.Lost(s)
	assert.Len(t, f.NextProbes(t.Context()), 1)
	f.clock.at = nine.Add(4 * time.Hour)
	assert.Empty(t, f.NextProbes(t.Context()), "nobody used it for long")
}

// However many phones come at once, an upstream gets no more than its rate and one second's worth, and every phone is told when to come back: a moment in which
// there is room for it.
func TestAStormIsSpread(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture()
		s := upstream.Setting{Partner: "p", On: true, Host: "192.0.2.1", Rate: rapid.IntRange(1, 50).Draw(t, "rate")}
		comes := map[int][]int{0: {}}
		phones := rapid.IntRange(1, 400).Draw(t, "phones")
		for p := range phones {
			comes[0] = append(comes[0], p)
		}
		served, end := 0, 600
		for second := range end {
			f.clock.at = nine.Add(time.Duration(second) * time.Second)
			inThisSecond := 0
			for _, p := range comes[second] {
				if err := f.Admit(s); err != nil {
					wait := fault.RetryAfter(err)
					if wait < time.Second || wait > 5*time.Minute+time.Second {
						t.Fatalf("told to wait for %s", wait)
					}
					at := second + int((wait+time.Second-1)/time.Second)
					comes[at] = append(comes[at], p)
					continue
				}
				inThisSecond++
			}
			if inThisSecond > s.Rate {
				t.Fatalf("%d in a second, more than %d", inThisSecond, s.Rate)
			}
			if served += inThisSecond; served == phones {
				return
			}
		}
		t.Fatalf("only %d of %d after %d seconds", served, phones, end)
	})
}

func TestWhatDNSSaidHoldsForItsTime(t *testing.T) {
	t.Parallel()
	f := newFixture()
	ctx := t.Context()
	a, b, us := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.2:5060"), netip.MustParseAddrPort("192.0.2.9:5060")
	s := upstream.Setting{Partner: "p", Host: "sip.example.com", Transport: "udp"}
	f.resolver.list = []netip.AddrPort{a, us, b}
	got, err := f.Targets(ctx, s)
	require.NoError(t, err)
	assert.Equal(t, []netip.AddrPort{a, b}, got, "we are left out")
	f.Demote(s, a)
	got, _ = f.Targets(ctx, s)
	assert.Equal(t, b, got[0])
	assert.Equal(t, 1, f.resolver.asked)
	assert.True(t, f.Speaks(ctx, s, a.Addr()))
	assert.False(t, f.Speaks(ctx, s, us.Addr()))
	f.clock.at = nine.Add(time.Minute)
	f.resolver.err = errors.New("no DNS")
	_, err = f.Targets(ctx, s)
	require.NoError(t, err, "what was known serves while DNS is away")
	assert.Equal(t, 2, f.resolver.asked)
	f.clock.at = nine.Add(48 * time.Hour)
	_, err = f.Targets(ctx, s)
	assert.True(t, fault.Is(err, fault.Unavailable))
	f.resolver.err, f.resolver.list = nil, []netip.AddrPort{us}
	_, err = f.Targets(ctx, s)
	assert.True(t, fault.Is(err, fault.Invalid), "it is us")
	got, err = f.Targets(ctx, upstream.Setting{Host: "2001:db8::1", Transport: "tls"})
	require.NoError(t, err)
	assert.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:5061")}, got)
}
