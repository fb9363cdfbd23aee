package httpcfg

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// defaultPatience is how long a connection that has asked nothing yet keeps its place while others wait for one: longer than an old phone's
// handshake on a busy server takes, and short enough that ten thousand which never ask hold a phone up for seconds.
const defaultPatience = 3 * time.Second

// gate is a listener that lets in at most a number of connections at a time, and at most half as many that are at their handshake or at the header
// of their first request. It knows no addresses: a hundred thousand phones may come from one. When it is full, the connection goes that has been idle
// for the longest time, then the one that has been at its handshake for the longest time, if that is longer than patience. Else whoever comes waits,
// and those behind it in the kernel's queue.
type gate struct {
	*net.TCPListener
	limit, maxFresh int
	patience        time.Duration

	mu     sync.Mutex
	change *sync.Cond // a place may be free
	open   int
	fresh  list.List // of *visit without a request yet, the oldest first
	idle   list.List // of *visit between requests, the one that is idle for the longest time first
	closed bool
}

// visit is an open connection. It is a whole TCPConn, as net/http half-closes connections whose request it didn't read to the end, without which the
// client would lose the answer, and as files go out of one without a copy.
type visit struct {
	*net.TCPConn
	gate *gate

	// Guarded by the gate's mu.
	since time.Time     // when it came to its queue
	queue *list.List    // fresh, idle, or nil while a request is answered
	place *list.Element // in queue
	gone  bool
}

func newGate(l *net.TCPListener, limit int, patience time.Duration) *gate {
	g := &gate{TCPListener: l, limit: limit, maxFresh: max(1, limit/2), patience: patience}
	g.change = sync.NewCond(&g.mu)
	return g
}

// Accept returns the next connection as soon as there is a place for it. It returns net.ErrClosed after Close.
func (g *gate) Accept() (net.Conn, error) {
	conn, err := g.AcceptTCP()
	if err != nil {
		return nil, err
	}
	v := &visit{TCPConn: conn, gate: g}
	if !g.admit(v) {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return v, nil
}

// Close ends Accept, whether it waits for a place or for a connection.
func (g *gate) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.change.Broadcast()
	return g.TCPListener.Close()
}

// admit waits for a place and takes it. It reports false when the gate was closed.
func (g *gate) admit(v *visit) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.closed && !g.hasPlace(time.Now()) {
		g.wait(time.Now())
	}
	if g.closed {
		return false
	}
	g.open++
	g.enqueue(v, &g.fresh)
	return true
}

// hasPlace reports whether another connection may come in, after it has shown one out for it if it may.
func (g *gate) hasPlace(now time.Time) bool {
	if g.open >= g.limit && g.idle.Len() > 0 {
		g.showOut(g.idle.Front())
	}
	if oldest := g.fresh.Front(); oldest != nil && (g.open >= g.limit || g.fresh.Len() >= g.maxFresh) && g.outstayed(oldest, now) <= 0 {
		g.showOut(oldest)
	}
	return g.open < g.limit && g.fresh.Len() < g.maxFresh
}

// outstayed is how long a connection that has asked nothing yet still keeps its place.
func (g *gate) outstayed(e *list.Element, now time.Time) time.Duration {
	return e.Value.(*visit).since.Add(g.patience).Sub(now)
}

// wait waits for a change, or until patience with the oldest handshake ends.
func (g *gate) wait(now time.Time) {
	if oldest := g.fresh.Front(); oldest != nil {
		timer := time.AfterFunc(g.outstayed(oldest, now), g.change.Broadcast)
		defer timer.Stop()
	}
	g.change.Wait()
}

// showOut closes a connection, whose place is free at once.
func (g *gate) showOut(e *list.Element) {
	v := e.Value.(*visit)
	g.release(v)
	_ = v.TCPConn.Close()
}

func (g *gate) enqueue(v *visit, queue *list.List) {
	v.since, v.queue, v.place = time.Now(), queue, queue.PushBack(v)
}

func (g *gate) dequeue(v *visit) {
	if v.queue != nil {
		v.queue.Remove(v.place)
		v.queue, v.place = nil, nil
	}
}

// release frees the place of a connection, once.
func (g *gate) release(v *visit) {
	if v.gone {
		return
	}
	v.gone = true
	g.dequeue(v)
	g.open--
	g.change.Signal()
}

// Close closes the connection and frees its place; twice does no harm.
func (v *visit) Close() error {
	v.gate.mu.Lock()
	v.gate.release(v)
	v.gate.mu.Unlock()
	return v.TCPConn.Close()
}

// moved notes what a connection is at, as net/http tells: a request that is read or answered, or nothing.
func (v *visit) moved(state http.ConnState) {
	g := v.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if v.gone || state != http.StateActive && state != http.StateIdle {
		return
	}
	g.dequeue(v)
	if state == http.StateIdle {
		g.enqueue(v, &g.idle)
	}
	g.change.Signal()
}

// visitOf finds the connection below TLS.
func visitOf(conn net.Conn) *visit {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	return conn.(*visit) // as all come through the gate
}
