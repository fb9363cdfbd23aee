package zone

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	// batch is how many packets one system call reads or writes.
	batch = 32
	// readSize is the largest question that is read, in bytes; a longer one is cut, and malformed then.
	readSize = 2048
	// maxSlow is how many questions of one socket may wait for the store at once. One too many isn't answered: the client asks again.
	maxSlow = maxWaiting
	// controlSize is enough for the address at which a packet arrived.
	controlSize = 64
)

// udpSocket reads questions from one of the UDP sockets of the port. What was asked before is answered at once, in the goroutine that reads; what needs the store
// gets a goroutine of its own.
type udpSocket struct {
	server    *Server
	conn      *net.UDPConn
	batch     *ipv4.PacketConn // works for IPv6 as well: only its batches are used
	anywhere  bool             // it listens on all addresses, so that answers say from which they come
	slow      chan struct{}
	answering sync.WaitGroup
}

func newUDPSocket(s *Server, conn *net.UDPConn) *udpSocket {
	_ = conn.SetReadBuffer(receiveBuffer) // a smaller one works, too
	u := &udpSocket{server: s, conn: conn, batch: ipv4.NewPacketConn(conn), slow: make(chan struct{}, maxSlow)}
	if u.anywhere = conn.LocalAddr().(*net.UDPAddr).IP.IsUnspecified(); u.anywhere {
		// One of them fails, by the socket's family.
		_ = u.batch.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true)
		_ = ipv6.NewPacketConn(conn).SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
	}
	return u
}

// run answers until ctx ends, finishes what is under way and closes the socket.
func (u *udpSocket) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = u.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	err := u.read(ctx)
	u.answering.Wait()
	return errors.Join(err, u.conn.Close())
}

func (u *udpSocket) read(ctx context.Context) error {
	in, out := messages(readSize), make([]ipv4.Message, 0, batch)
	buffer := make([]byte, 0, batch*maxUDP)
	for {
		n, err := u.batch.ReadBatch(in, 0)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end of ctx ended the read
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as an ICMP error of somebody else's packet
			continue
		}
		out, buffer = out[:0], buffer[:0]
		for i := range in[:n] {
			before := len(buffer)
			answer, done := u.answerNow(ctx, buffer, &in[i])
			if done && len(answer) > before {
				buffer = answer
				out = append(out, ipv4.Message{Buffers: [][]byte{buffer[before:]}, Addr: in[i].Addr, OOB: u.source(&in[i])})
			}
		}
		u.write(out)
	}
}

func messages(size int) []ipv4.Message {
	all := make([]ipv4.Message, batch)
	for i := range all {
		all[i].Buffers, all[i].OOB = [][]byte{make([]byte, size)}, make([]byte, controlSize)
	}
	return all
}

// answerNow appends the answer, if it is ready; else it is seen to, and not done.
func (u *udpSocket) answerNow(ctx context.Context, buffer []byte, m *ipv4.Message) ([]byte, bool) {
	at, ok := m.Addr.(*net.UDPAddr)
	if !ok || at.Port == 0 {
		return nil, true
	}
	packet := m.Buffers[0][:m.N]
	if answer, done := u.server.ready(buffer, packet, at.AddrPort().Addr().Unmap()); done {
		return answer, true
	}
	select {
	case u.slow <- struct{}{}:
	default:
		return nil, true
	}
	d := &datagram{socket: u, peer: at, oob: append([]byte(nil), u.source(m)...)}
	packet = append([]byte(nil), packet...)
	u.answering.Go(func() {
		defer func() { <-u.slow }()
		u.server.servePacket(context.WithoutCancel(ctx), d, packet) // a question that was let in is answered
	})
	return nil, false
}

func (u *udpSocket) write(out []ipv4.Message) {
	for len(out) > 0 {
		n, err := u.batch.WriteBatch(out, 0)
		if err != nil { // the first of them can't be sent, such as to a network that isn't there
			n = max(n, 1)
		}
		out = out[n:]
	}
}

// source returns the control message by which an answer leaves from the address that was asked.
func (u *udpSocket) source(m *ipv4.Message) []byte {
	if !u.anywhere || m.NN == 0 {
		return nil
	}
	var six ipv6.ControlMessage
	if six.Parse(m.OOB[:m.NN]) == nil && six.Dst != nil {
		return (&ipv6.ControlMessage{Src: six.Dst, IfIndex: six.IfIndex}).Marshal()
	}
	var four ipv4.ControlMessage
	if four.Parse(m.OOB[:m.NN]) == nil && four.Dst != nil {
		return (&ipv4.ControlMessage{Src: four.Dst, IfIndex: four.IfIndex}).Marshal()
	}
	return nil
}

// servePacket takes the way of what isn't ready: a plain question's answer is made, and kept; everything else is parsed whole.
func (s *Server) servePacket(ctx context.Context, d *datagram, packet []byte) {
	defer s.survive()
	if answer, done := s.made(ctx, packet, d.address()); done {
		if len(answer) > 0 {
			_, _ = d.Write(answer) // whoever misses it asks again
		}
		return
	}
	var header dns.Header
	if !readHeader(packet, &header) {
		return
	}
	request := new(dns.Msg)
	action := accept(header)
	if err := request.Unpack(packet); err != nil && action == dns.MsgAccept {
		action = dns.MsgReject
	}
	switch action {
	case dns.MsgIgnore:
	case dns.MsgReject, dns.MsgRejectNotImplemented:
		s.limited(d, client{d.address(), true}, rejection(request, header, action), false)
	default:
		if t := request.IsTsig(); t != nil {
			d.provider, d.mac, d.status = s.tsigKeys(), t.MAC, dns.ErrSecret
			if key, ok := d.provider[dns.CanonicalName(t.Hdr.Name)]; ok {
				d.status = dns.TsigVerify(packet, key, "", false)
			}
		}
		s.serve(ctx, d, request)
	}
}
