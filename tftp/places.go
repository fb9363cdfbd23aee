package tftp

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
)

// places bounds the transfers at a time, in all and for each address, and knows which requests are being answered already.
//
// The sender's address of a request may be forged; only an acknowledgement shows that somebody is there. So when there is no place left, the
// oldest transfer that nobody has acknowledged yet must go. A phone acknowledges within a round trip, which is how a flood of forged requests
// can't keep real phones out.
type places struct {
	limit, perAddress int

	mu        sync.Mutex
	count     int
	byAddress map[netip.Addr]int
	unheard   map[asked]*place // by request
	queue     *list.List       // of the same *place, oldest first
}

// asked tells a request from others: a peer that repeats it is waiting for the same answer.
type asked struct {
	peer netip.AddrPort
	path string
}

// place is the right to one transfer.
type place struct {
	asked   asked
	cancel  context.CancelFunc
	element *list.Element // in queue; nil once the peer was heard or the transfer was told to go
}

func newPlaces(limit int) *places {
	return &places{
		limit: limit, perAddress: max(1, limit/4),
		byAddress: map[netip.Addr]int{}, unheard: map[asked]*place{}, queue: list.New(),
	}
}

// take gives a place, and says no to the repetition of a request whose answer is on its way, and when there is none left. In that case it
// makes room for the next request, whose own repetition may be it; the place isn't free before that transfer has really ended, so that the
// bound holds at every moment. cancel must end the transfer.
func (p *places) take(a asked, cancel context.CancelFunc) (*place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unheard[a] != nil {
		return nil, false
	}
	crowded := p.byAddress[a.peer.Addr()] >= p.perAddress
	if crowded || p.count >= p.limit {
		p.evict(func(other *place) bool { return !crowded || other.asked.peer.Addr() == a.peer.Addr() })
		return nil, false
	}
	taken := &place{asked: a, cancel: cancel}
	taken.element = p.queue.PushBack(taken)
	p.unheard[a] = taken
	p.count++
	p.byAddress[a.peer.Addr()]++
	return taken, true
}

// evict ends the oldest transfer that nobody has acknowledged among those that may go. p.mu is held.
func (p *places) evict(may func(*place) bool) {
	for e := p.queue.Front(); e != nil; e = e.Next() {
		if oldest := e.Value.(*place); may(oldest) {
			p.forget(oldest)
			oldest.cancel()
			return
		}
	}
}

// heard notes that the peer acknowledged something: it exists, and the same request again is a new one.
func (p *places) heard(taken *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(taken)
}

// free gives a place back.
func (p *places) free(taken *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(taken)
	p.count--
	address := taken.asked.peer.Addr()
	if p.byAddress[address]--; p.byAddress[address] == 0 {
		delete(p.byAddress, address)
	}
}

// forget takes a place off the queue of those unheard. p.mu is held.
func (p *places) forget(taken *place) {
	if taken.element == nil {
		return
	}
	p.queue.Remove(taken.element)
	taken.element = nil
	delete(p.unheard, taken.asked)
}
