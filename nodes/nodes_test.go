package nodes_test

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/nodes"
)

// MemoryStore keeps one installation's nodes.
type MemoryStore struct {
	mu   sync.Mutex
	all  map[nodes.Name]nodes.Node
	away bool // it takes no announcement
}

func newMemoryStore() *MemoryStore { return &MemoryStore{all: map[nodes.Name]nodes.Node{}} }

func (m *MemoryStore) get(name nodes.Name) nodes.Node {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[name]
}

func (m *MemoryStore) goAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *MemoryStore) AnyTenantNodes(context.Context) ([]nodes.Node, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []nodes.Node
	for _, n := range m.all {
		out = append(out, n)
	}
	return out, nil
}

func (m *MemoryStore) AnyTenantAnnounce(_ context.Context, n nodes.Node) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return fault.New(fault.Unavailable, "The database is away.")
	}
	n.Draining = m.all[n.Name].Draining
	m.all[n.Name] = n
	return nil
}

func (m *MemoryStore) AnyTenantSilence(_ context.Context, before time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := 0
	for name, n := range m.all {
		if n.Alive && n.Seen.Before(before) {
			n.Alive = false
			m.all[name] = n
			gone++
		}
	}
	return gone, nil
}

func (m *MemoryStore) AnyTenantLeave(_ context.Context, name nodes.Name) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.all[name]
	n.Alive = false
	m.all[name] = n
	return nil
}

func (m *MemoryStore) AnyTenantDrain(_ context.Context, name nodes.Name, draining bool, _ nodes.Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.all[name]
	n.Draining = draining
	m.all[name] = n
	return nil
}

func (m *MemoryStore) AnyTenantForget(_ context.Context, name nodes.Name, _ nodes.Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, name)
	return nil
}

func node(name nodes.Name) nodes.Node {
	return nodes.Node{Name: name, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TLS: 5061, Priority: 10, Weight: 10}
}

func TestANodeThatFallsSilentIsTriedLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		s := nodes.NewService(nodes.Config{Store: store, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, s.Announce(t.Context(), node("b")))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, node("a")) }()
		time.Sleep(15 * time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		assert.Equal(t, nodes.StateServing, store.get("b").State())
		err := s.Forget(ctx, "b", nodes.By{})
		assert.True(t, fault.Is(err, fault.Conflict), "it may come back any moment")
		time.Sleep(6 * time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		assert.Equal(t, nodes.StateSilent, store.get("b").State())
		assert.Equal(t, uint16(2010), store.get("b").TriedAt())
		assert.Equal(t, nodes.StateServing, store.get("a").State())
		require.NoError(t, s.Forget(ctx, "b", nodes.By{}))
		require.NoError(t, s.Drain(ctx, "a", nodes.By{}))
		time.Sleep(10 * time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		assert.Equal(t, nodes.StateDraining, store.get("a").State(), "what it says of itself doesn't end that")
		assert.Equal(t, uint16(1010), store.get("a").TriedAt())
		require.NoError(t, s.Resume(ctx, "a", nodes.By{}))
		assert.Equal(t, uint16(10), store.get("a").TriedAt())
		cancel()
		require.NoError(t, <-done)
		assert.Equal(t, nodes.StateSilent, store.get("a").State(), "it said that it stops")
	})
}

func TestNobodyJudgesAfterAnOutageOfTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		s := nodes.NewService(nodes.Config{Store: store, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, node("a")) }()
		wait := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
		}
		wait(30 * time.Second)
		require.NoError(t, s.Announce(ctx, node("b")))
		store.goAway(true)
		wait(60 * time.Second)
		store.goAway(false)
		wait(10 * time.Second)
		assert.Equal(t, nodes.StateServing, store.get("b").State(), "it may just not have been heard yet either")
		wait(15 * time.Second)
		assert.Equal(t, nodes.StateSilent, store.get("b").State(), "by now it would have been")
		cancel()
		require.NoError(t, <-done)
	})
}

func TestANodeThatCantBeARecordIsRefused(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*nodes.Node){
		"name":      func(n *nodes.Node) { n.Name = "A.b" },
		"priority":  func(n *nodes.Node) { n.Priority = 65_000 },
		"addresses": func(n *nodes.Node) { n.Addresses = []netip.Addr{netip.IPv6Unspecified()} },
	} {
		n := node("a")
		require.NoError(t, n.Check())
		change(&n)
		assert.True(t, fault.Is(n.Check(), fault.Invalid), field)
	}
}
