package provisioning

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// bellTower holds bells that are all due, and a phone for each. What it isn't asked for here it doesn't have.
type bellTower struct {
	Store
	mu      sync.Mutex
	waiting int
	most    int           // taken in one turn
	done    chan struct{} // closed when the last one is told
	left    int
}

func (t *bellTower) AnyTenantTakeBells(_ context.Context, turn BellTurn) ([]Bell, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(t.waiting, max(0, turn.Most))
	t.most = max(t.most, n)
	bells := make([]Bell, n)
	for i := range bells {
		bells[i] = Bell{Device: DeviceID(fmt.Sprint(t.waiting - i)), Action: ActionResync, Revision: 1, Attempts: 1}
	}
	t.waiting -= n
	return bells, nil
}

func (*bellTower) AnyTenantFetchedBells(context.Context, int) ([]FetchedBell, error)   { return nil, nil }
func (*bellTower) AnyTenantParkBells(context.Context, time.Time, time.Time, int) error { return nil }
func (*bellTower) DropBell(context.Context, Bell) error                                { return nil }

func (t *bellTower) SetBell(context.Context, Bell) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left--; t.left == 0 {
		close(t.done)
	}
	return nil
}

func (*bellTower) Device(_ context.Context, _ customer.Tenant, id DeviceID) (Device, error) {
	mac, err := deviceprofiles.ParseMAC("805EC0AABBCC")
	return Device{ID: id, MAC: mac, Model: "Yealink T54W"}, err
}

func (*bellTower) Bindings(context.Context, customer.Tenant, DeviceID, time.Time) ([]BindingView, error) {
	return []BindingView{{Port: 1, Binding: Binding{Line: "l", Node: "here", Transport: "udp", Source: netip.MustParseAddrPort("192.0.2.1:5060")}}}, nil
}

func (*bellTower) Lines(context.Context, customer.Tenant, DeviceID) ([]Line, error) {
	return []Line{{ID: "l", UserName: "u", Domain: "c1.sip.example"}}, nil
}

// slowPhones answer, or don't, after a while, and count how many are being told.
type slowPhones struct {
	after  time.Duration
	silent bool

	mu        sync.Mutex
	now, most int
}

func (*slowPhones) Reaches(Binding) bool { return true }

func (p *slowPhones) Notify(ctx context.Context, _ Notification) (NotifyAnswer, error) {
	p.mu.Lock()
	p.now++
	p.most = max(p.most, p.now)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.now--
		p.mu.Unlock()
	}()
	timer := time.NewTimer(p.after)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return NotifyAnswer{}, ctx.Err()
	case <-timer.C:
	}
	if p.silent {
		return NotifyAnswer{}, fault.New(fault.Unavailable, "Nobody answered.")
	}
	return NotifyAnswer{Status: 200, Reason: "OK"}, nil
}

// Ten thousand phones are told at the rate that is set, and no more at once than a node waits for, however slow they are.
func TestTenThousandBellsRingInWaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		phones  *slowPhones
		rate    int
		longest time.Duration
	}{
		"they answer":    {&slowPhones{after: 100 * time.Millisecond}, 500, 21 * time.Second},
		"they are slow":  {&slowPhones{after: 10 * time.Second}, 50, 211 * time.Second},
		"all are silent": {&slowPhones{after: 32 * time.Second, silent: true}, 1000, 340 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const all = 10_000
				tower := &bellTower{waiting: all, left: all, done: make(chan struct{})}
				s := &Service{
					store: tower, now: time.Now, random: rand.Reader, node: "here", logger: slog.New(slog.DiscardHandler), trace: newTraceBuffer(), neighbours: newNeighbours(),
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				began := time.Now()
				go func() { ended <- s.RingBells(ctx, c.phones, BellRates{PerNode: c.rate, PerCustomer: c.rate}) }()
				<-tower.done
				took := time.Since(began)
				cancel()
				require.NoError(t, <-ended)
				assert.LessOrEqual(t, tower.most, c.rate/2, "half a second's worth")
				assert.LessOrEqual(t, c.phones.most, bellsAtOnce)
				assert.GreaterOrEqual(t, took, all/time.Duration(c.rate)*time.Second-time.Second)
				assert.LessOrEqual(t, took, c.longest)
			})
		})
	}
}
