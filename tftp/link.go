package tftp

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// event is what a peer says within a transfer: the number is that of a block or of an error.
type event struct {
	operation, number uint16
}

// parseEvent reads a packet of a transfer. What is too short to be one is noise.
func parseEvent(packet []byte) (event, bool) {
	if len(packet) < headerSize {
		return event{}, false
	}
	e := event{operation: binary.BigEndian.Uint16(packet), number: binary.BigEndian.Uint16(packet[2:])}
	return e, e.operation >= opData && e.operation <= opOptions
}

// isForNobody reports whether a packet that belongs to no transfer should be told so (RFC 1350 section 4). Errors aren't answered with errors, or two hosts
// could keep each other busy without an end.
func (e event) isForNobody() bool { return e.operation != opError }

// maxStrangers bounds how often one transfer tells packets of others that they are wrong.
const maxStrangers = 16

// maxBadNews bounds how many messages about packets that can't be delivered one transfer looks at.
const maxBadNews = 100

// ownPort is a link with a port of its own, which is the transfer's identifier (RFC 1350 section 4).
type ownPort struct {
	conn      *net.UDPConn
	peer      netip.AddrPort
	end       func()
	strangers int      // how many more of their packets get an answer
	badNews   int      // how many more messages about what can't be delivered are looked at
	buffer    [16]byte // the kernel cuts packets off behind what is read here
}

// openPort opens a socket at the address that was asked, for as long as ctx lasts. It isn't connected, so that strangers can be told that their packets
// are wrong, so many times.
func openPort(ctx context.Context, from source, strangers int) (*ownPort, error) {
	network, address := "udp4", ""
	if from.peer.Addr().Is6() {
		network = "udp6"
	}
	if from.local.IsValid() {
		address = netip.AddrPortFrom(from.local, 0).String()
	}
	lc := net.ListenConfig{Control: reportUndelivered}
	open, err := lc.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := open.(*net.UDPConn) // as the network is UDP
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	end := func() {
		stop()
		_ = conn.Close()
	}
	return &ownPort{conn: conn, peer: from.peer, end: end, strangers: strangers, badNews: maxBadNews}, nil
}

func (l *ownPort) close() { l.end() }

// send sends a packet. What a socket says is news of an earlier packet, so that this one wasn't sent; it is then, unless the peer is gone.
func (l *ownPort) send(packet []byte) error {
	for {
		_, err := l.conn.WriteToUDPAddrPort(packet, l.peer)
		if err == nil || l.isFatal(err) {
			return err
		}
	}
}

func (l *ownPort) await(deadline time.Time) (event, error) {
	if err := l.conn.SetReadDeadline(deadline); err != nil {
		return event{}, err
	}
	for {
		size, from, err := l.conn.ReadFromUDPAddrPort(l.buffer[:])
		if err != nil && l.isFatal(err) {
			return event{}, err
		}
		e, ok := parseEvent(l.buffer[:size])
		switch {
		case err != nil || !ok:
		case from == l.peer:
			return e, nil
		case e.isForNobody() && l.strangers > 0:
			l.strangers--
			_, _ = l.conn.WriteToUDPAddrPort(unknownTransfer.packet(), from)
		}
	}
}

// isFatal reports whether an error of the socket ends the transfer. That a packet couldn't be delivered does if it was one to the peer, where nobody
// listens any more; it says nothing if it was our answer to a stranger.
func (l *ownPort) isFatal(err error) bool {
	if _, ok := errors.AsType[syscall.Errno](err); !ok {
		return true // closed, or the deadline
	}
	l.badNews--
	return l.badNews < 0 || undelivered(l.conn) == l.peer && errors.Is(err, syscall.ECONNREFUSED)
}

// switchboard hands packets that come to the listening port on to the transfers that they belong to, by the peer's address and port.
type switchboard struct {
	write func(packet []byte, to source) error

	mu    sync.Mutex
	links map[netip.AddrPort]*sharedPort
}

func newSwitchboard(write func([]byte, source) error) *switchboard {
	return &switchboard{write: write, links: map[netip.AddrPort]*sharedPort{}}
}

// maxWaiting bounds the packets that wait for a transfer; what comes beyond is lost, as on any network.
const maxWaiting = 16

var errReplaced = errors.New("the peer asked for something else from the same port")

// sharedPort is a link that has its port in common with all others.
type sharedPort struct {
	board    *switchboard
	from     source
	ended    <-chan struct{} // of the transfer's context
	replaced chan struct{}
	events   chan event
}

// connect makes the link of a new transfer. One that the same peer had from the same port ends: there is no other way to tell them apart.
func (b *switchboard) connect(ctx context.Context, from source) *sharedPort {
	l := &sharedPort{board: b, from: from, ended: ctx.Done(), replaced: make(chan struct{}), events: make(chan event, maxWaiting)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.links[from.peer]; old != nil {
		close(old.replaced)
	}
	b.links[from.peer] = l
	return l
}

// deliver hands a packet to its transfer, and reports whether there is one.
func (b *switchboard) deliver(peer netip.AddrPort, e event) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.links[peer]
	if l == nil {
		return false
	}
	select {
	case l.events <- e:
	default:
	}
	return true
}

func (l *sharedPort) close() {
	l.board.mu.Lock()
	defer l.board.mu.Unlock()
	if l.board.links[l.from.peer] == l {
		delete(l.board.links, l.from.peer)
	}
}

// forget drops what came before the transfer began: it belongs to an earlier one.
func (l *sharedPort) forget() {
	for {
		select {
		case <-l.events:
		default:
			return
		}
	}
}

func (l *sharedPort) send(packet []byte) error { return l.board.write(packet, l.from) }

func (l *sharedPort) await(deadline time.Time) (event, error) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-l.ended:
		return event{}, net.ErrClosed
	case <-l.replaced:
		return event{}, errReplaced
	case e := <-l.events:
		return e, nil
	case <-timer.C:
		return event{}, os.ErrDeadlineExceeded
	}
}
