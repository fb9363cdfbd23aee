package sip

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// maxMessage bounds a message on every transport, in bytes. A REGISTER has some 700; the largest that are seen carry a dozen contacts
	// or certificates' names and stay below 4,000.
	maxMessage = 16 << 10
	// maxInFlight bounds the datagrams that are being answered. It is reached when the store is slow; then the kernel's buffer fills and
	// phones send again. An answer in the making takes some 20 kB, so that this is 40 MB.
	maxInFlight = 2048
	// answerTimeout bounds the making of one answer. A phone gives up after 32 seconds (RFC 3261 timer F), and has sent again long before.
	answerTimeout = 8 * time.Second
)

// Run serves what Listen opened until ctx ends, then answers what has arrived and closes everything. It returns nil after that, and
// otherwise the error that ended a socket. When it returns, no goroutine of it is left.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	run := func(serve func(context.Context) error) {
		group.Go(func() {
			if err := serve(ctx); err != nil {
				cancel(err)
			}
		})
	}
	if s.sockets.udp != nil {
		run(func(ctx context.Context) error { return s.serveUDP(ctx, s.sockets.udp) })
	}
	for _, l := range s.sockets.streams {
		run(func(ctx context.Context) error { return s.serveListener(ctx, l) })
	}
	if s.config.Registrations != nil {
		group.Go(func() { s.watchers.run(ctx) })
	}
	if s.hander != nil {
		run(func(ctx context.Context) error { s.hander.run(ctx); return nil })
	}
	<-ctx.Done()
	group.Wait()
	s.sockets.close()
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return cause
	}
	return nil
}

// answer reads one message and returns the bytes to send back, nil for none. Requests live on when ctx ends, so that stopping loses none.
func (s *Server) answer(ctx context.Context, parser *sip.Parser, message []byte, peer Peer, way back) (reply []byte, registered bool) {
	// The parser is somebody else's and meets strangers' bytes: a message that breaks it must not end the calls of everybody.
	defer func() {
		if broken := recover(); broken != nil {
			s.config.Logger.Error("SIP message broke its handling", "peer", peer.Addr, "panic", broken, "stack", string(debug.Stack()))
			reply, registered = nil, false
		}
	}()
	// The body stays beside: sipgo makes Content-Length fit the body that it finds, and ours is to be checked.
	head, body := message, []byte(nil)
	if end := bytes.Index(message, []byte("\r\n\r\n")); end >= 0 {
		head, body = message[:end+4], message[end+4:]
	}
	parsed, err := parser.ParseSIP(head)
	if err != nil {
		s.config.Logger.Debug("SIP message can't be read", "peer", peer.Addr, "transport", peer.Transport, "bytes", len(message))
		return nil, false
	}
	req, ok := parsed.(*sip.Request)
	if !ok {
		if response, ok := parsed.(*sip.Response); ok {
			s.response(ctx, response, body)
		}
		return nil, false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	res := s.handle(ctx, req, body, peer, way)
	if res == nil {
		return nil, false
	}
	return written(res), req.Method == sip.REGISTER && res.StatusCode == sip.StatusOK
}

// written is a response as it goes out.
func written(res *sip.Response) []byte {
	var b bytes.Buffer
	b.Grow(1024)
	res.StringWrite(&b)
	return b.Bytes()
}

// newParser makes sipgo's parser. It is left to read the start line and to part the header fields, which stay text: this door reads their
// values itself, so that a wrong one gets a 400 that names it, and the right ones go back as they came.
func newParser() *sip.Parser {
	return sip.NewParser(sip.WithHeadersParsers(sip.HeadersParser{}))
}

// serveUDP answers datagrams until ctx ends.
func (s *Server) serveUDP(ctx context.Context, conn *net.UDPConn) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	parser, answering := newParser(), newWorkers(maxInFlight)
	defer answering.finish()
	buffer := make([]byte, maxMessage+1)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil, n > maxMessage, isKeepAlive(buffer[:n]):
			continue // such as an ICMP error that an earlier answer met
		}
		if isSTUN(buffer[:n]) {
			if reply := answerSTUN(buffer[:n], unmap(from)); reply != nil {
				_, _ = conn.WriteToUDPAddrPort(reply, from)
			}
			continue
		}
		message := bytes.Clone(buffer[:n])
		answering.do(func() {
			way := back{send: func(reply []byte) { _, _ = conn.WriteToUDPAddrPort(reply, from) }, trust: func() {}}
			if reply, _ := s.answer(ctx, parser, message, Peer{Addr: unmap(from), Transport: "udp"}, way); reply != nil {
				way.send(reply)
			}
		})
	}
}

// isKeepAlive reports whether a datagram holds nothing: phones send CRLF or zero bytes to keep a NAT's door open.
func isKeepAlive(data []byte) bool { return len(bytes.Trim(data, "\r\n\x00 ")) == 0 }

func unmap(addr netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}
