package tftp

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// Before a peer acknowledges something nobody knows that it is there: its address may be forged, and what is sent to it may hit somebody who didn't ask. So
// until then a request is worth a few times its own bytes and no more, all packets and their repetitions counted. Every byte that comes in a request earns
// that much credit, and every byte that is sent without an acknowledgement spends it.
//
// The acknowledgement of options, and a refusal, fit into what one request earns. The first block of a file that is asked for without options may not: 516
// bytes for a request of some 25. Then nothing is sent, and what was earned is kept for the same address and path. A phone that hears nothing repeats its
// request, each repetition earns as much again, and the one whose sum reaches the first block, as a rule the second or third, is answered. Credit is
// spent once, so that the bound holds over all requests together, from whichever port they come.
const (
	// defaultAmplification is how many bytes a byte of a request is worth.
	defaultAmplification = 10
	// maxCredit is the most that can ever be needed beside what a request earns itself: a first block without options, sent twice.
	maxCredit = (1 + firstRetries) * (headerSize + defaultBlockSize)
	// creditLifetime is how long credit is kept after a request: longer than phones wait before they repeat it.
	creditLifetime = 30 * time.Second
	// creditLimit bounds memory: so many pairs of an address and a path of at most 512 bytes, 6 MB in all. When there are more the oldest is forgotten,
	// which costs its phone a repetition more.
	creditLimit = 8192
)

// creditKey is what repetitions of a request have in common: not the port, as some phones take a new one each time.
type creditKey struct {
	peer netip.Addr
	path string
}

// credits is what requests have earned and answers not spent yet.
type credits struct {
	limit int

	mu    sync.Mutex
	byKey map[creditKey]*list.Element
	queue *list.List // of *credit, the one kept longest ago first
}

type credit struct {
	key   creditKey
	bytes int
	until time.Time
}

func newCredits(limit int) *credits {
	return &credits{limit: limit, byKey: map[creditKey]*list.Element{}, queue: list.New()}
}

// take returns the bytes that were kept, and keeps them no longer.
func (c *credits) take(key creditKey, now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(now)
	element := c.byKey[key]
	if element == nil {
		return 0
	}
	return c.remove(element).bytes
}

// keep adds bytes to what is kept.
func (c *credits) keep(key creditKey, bytes int, now time.Time) {
	if bytes <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(now)
	if element := c.byKey[key]; element != nil {
		bytes += c.remove(element).bytes
	}
	if len(c.byKey) >= c.limit {
		c.remove(c.queue.Front())
	}
	c.byKey[key] = c.queue.PushBack(&credit{key: key, bytes: min(bytes, maxCredit), until: now.Add(creditLifetime)})
}

// expire forgets what was kept for too long. c.mu is held.
func (c *credits) expire(now time.Time) {
	for oldest := c.queue.Front(); oldest != nil && now.After(oldest.Value.(*credit).until); oldest = c.queue.Front() {
		c.remove(oldest)
	}
}

// remove takes an element out. c.mu is held.
func (c *credits) remove(element *list.Element) *credit {
	removed := c.queue.Remove(element).(*credit)
	delete(c.byKey, removed.key)
	return removed
}
