package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

const (
	// handshakeTimeout bounds a TLS or DTLS handshake. A phone on a slow line with RSA needs two seconds.
	handshakeTimeout = 10 * time.Second
	// strangerTimeout is how long a connection may stay open before a registration succeeds on it, whatever it sends.
	strangerTimeout = time.Minute
	// idleMargin is how long past the longest registration a connection stays after its last one. A phone that is still there has
	// registered again.
	idleMargin = time.Minute
	// writeTimeout bounds the sending of one answer to a peer that doesn't read.
	writeTimeout = 10 * time.Second
	// maxPipelined bounds the requests of one connection that are being answered. Phones send one at a time.
	maxPipelined = 32
	// acceptPause is the wait after a failed accept, such as for want of file descriptors.
	acceptPause = 50 * time.Millisecond
)

var errTooLarge = errors.New("message too large or without a readable length")

// handshaker is a connection that must agree on keys first: TLS and DTLS.
type handshaker interface {
	HandshakeContext(ctx context.Context) error
}

// listenTLS opens a plain listener and wraps it, so that the address family can't change the protocol. The transport is tls or wss.
func (s *Server) listenTLS(ctx context.Context, transport, address string) (netip.AddrPort, error) {
	if err := s.noCertificate("TLS", address); err != nil {
		return netip.AddrPort{}, err
	}
	secure := s.config.TLS.Clone()
	if s.config.Certified != nil && transport == "tls" { // a browser would ask its user for one
		secure.ClientAuth, secure.ClientCAs = tls.RequestClientCert, s.config.ClientCAs
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listening for SIP over %s on %s: %w", strings.ToUpper(transport), address, err)
	}
	s.sockets.streams = append(s.sockets.streams, streamListener{tls.NewListener(listener, secure), transport})
	return localAddr(listener.Addr()), nil
}

// serveListener accepts connections until ctx ends, and waits for each.
func (s *Server) serveListener(ctx context.Context, l streamListener) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.config.Logger.Warn("SIP connection can't be accepted", "transport", l.transport, "error", err)
			pauseAccepting(ctx)
			continue
		}
		peer := Peer{Addr: localAddr(conn.RemoteAddr()), Transport: l.transport}
		here := s.connections.enter(peer.Addr.Addr(), func() { _ = abandon(conn) })
		if here == nil {
			s.counters.tooMany.Add(1)
			s.config.Logger.Debug("SIP connection refused: too many", "peer", peer.Addr, "transport", l.transport)
			_ = conn.Close()
			continue
		}
		group.Go(func() {
			defer s.connections.leave(here)
			s.serveConnection(ctx, conn, peer, func() { s.connections.trust(here) })
		})
	}
}

// abandon ends a connection without a goodbye, which could wait for a peer that says nothing.
func abandon(conn net.Conn) error {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn().Close()
	}
	return conn.Close()
}

func pauseAccepting(ctx context.Context) {
	timer := time.NewTimer(acceptPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// connection is one TCP, TLS or DTLS connection.
type connection struct {
	net.Conn
	server *Server
	peer   Peer
	parser *sip.Parser
	slots  chan struct{} // one for each request in the making
	group  sync.WaitGroup

	trusted  func()
	upstream customer.OrgID // whose upstream we opened it to; "" for a connection of somebody who came to us

	writing sync.Mutex // one message at a time

	mu       sync.Mutex // guards the read deadline and what decides it
	deadline time.Time
	stopping bool
}

// serveConnection shakes hands, then answers messages until the peer ends it, breaks the framing or has no registration any more, or ctx
// ends. It calls trusted whenever a registration succeeds on it.
func (s *Server) serveConnection(ctx context.Context, conn net.Conn, peer Peer, trusted func()) {
	defer func() { _ = conn.Close() }()
	open := &s.counters.connections[transportIndex(peer.Transport)]
	open.Add(1)
	defer open.Add(-1)
	if h, ok := conn.(handshaker); ok {
		handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		if err := h.HandshakeContext(handshake); err != nil {
			s.counters.handshakes[transportIndex(peer.Transport)].Add(1)
			s.config.Logger.Debug("SIP handshake failed", "peer", peer.Addr, "transport", peer.Transport, "error", err)
			return
		}
	}
	peer.Certified = s.certified(conn)
	c := &connection{
		Conn: conn, server: s, peer: peer, parser: newParser(), slots: make(chan struct{}, maxPipelined), trusted: trusted,
		deadline: time.Now().Add(strangerTimeout),
	}
	defer s.flows.forget(c)
	defer c.group.Wait()
	stop := context.AfterFunc(ctx, c.stop)
	defer stop()
	switch peer.Transport {
	case "dtls":
		c.readRecords(ctx)
	case "wss":
		c.readWebSocket(ctx)
	default:
		c.readStream(ctx)
	}
}

// maxChain bounds the certificates of a phone that are looked at: its own and two or three CAs.
const maxChain = 10

// certified reads the certificate that a phone showed, if phones are asked for any. That the phone has its key is proven by the handshake.
func (s *Server) certified(conn net.Conn) deviceprofiles.MAC {
	secure, ok := conn.(*tls.Conn)
	if !ok || s.config.Certified == nil {
		return deviceprofiles.MAC{}
	}
	chain := secure.ConnectionState().PeerCertificates
	if len(chain) == 0 || len(chain) > maxChain {
		return deviceprofiles.MAC{}
	}
	return s.config.Certified(chain)
}

// readStream cuts messages out of a byte stream.
func (c *connection) readStream(ctx context.Context) {
	buffer := make([]byte, 0, 2048) // grows up to maxMessage, and what one read adds to it
	for c.wait() {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := c.Read(buffer[len(buffer):cap(buffer)])
		if err != nil {
			return
		}
		rest, err := c.cut(ctx, buffer[:len(buffer)+n])
		if err != nil {
			c.server.config.Logger.Debug("SIP connection closed", "peer", c.peer.Addr, "transport", c.peer.Transport, "error", err)
			return
		}
		buffer = append(buffer[:0], rest...)
	}
}

// cut answers the whole messages at the start of data and returns what is left. Two empty lines between messages are a question whether we
// are there, and one is the answer (RFC 5626 section 3.5.1).
func (c *connection) cut(ctx context.Context, data []byte) (rest []byte, err error) {
	for {
		var ping bool
		if data, ping = trimEmptyLines(data); ping {
			c.write([]byte("\r\n"))
		}
		size, err := messageSize(data)
		if size == 0 || err != nil {
			return data, err
		}
		c.handle(ctx, bytes.Clone(data[:size]))
		data = data[size:]
	}
}

// readRecords takes each record as a message.
func (c *connection) readRecords(ctx context.Context) {
	buffer := make([]byte, maxMessage)
	for c.wait() {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if isKeepAlive(buffer[:n]) {
			if bytes.Equal(buffer[:n], []byte("\r\n\r\n")) {
				c.write([]byte("\r\n"))
			}
			continue
		}
		c.handle(ctx, bytes.Clone(buffer[:n]))
	}
}

// wait sets how long the next read may take, and reports whether there is to be one.
func (c *connection) wait() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.stopping && c.SetReadDeadline(c.deadline) == nil
}

// trust lets a connection on which a registration succeeded stay, also while a read is waiting. From then on it is a way back to the phone.
func (c *connection) trust() {
	c.trusted()
	c.server.flows.keep(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = time.Now().Add(c.server.config.MaxExpires + idleMargin)
	if !c.stopping {
		_ = c.SetReadDeadline(c.deadline)
	}
}

// stop ends the reading; what has been read is still answered.
func (c *connection) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	_ = c.SetReadDeadline(time.Unix(1, 0))
}

// handle answers a message beside the reading of the next.
func (c *connection) handle(ctx context.Context, message []byte) {
	if bytes.HasPrefix(message, []byte("SIP/2.0 ")) { // a response: those of one call must stay in their order, and none waits for the store
		_, _ = c.server.answer(ctx, c.parser, message, c.peer, back{send: c.write, trust: c.trust})
		return
	}
	c.slots <- struct{}{}
	c.group.Go(func() {
		defer func() { <-c.slots }()
		reply, registered := c.server.answer(ctx, c.parser, message, c.peer, back{send: c.write, trust: c.trust})
		if registered {
			c.trust()
		}
		if reply != nil {
			c.write(reply)
		}
	})
}

// write sends an answer. Whether it arrived nobody can do anything about.
func (c *connection) write(message []byte) { _ = c.send(message) }

// send sends one message whole.
func (c *connection) send(message []byte) error {
	if c.peer.Transport == "wss" {
		return c.sendFrame(frame(message))
	}
	return c.sendBytes(message)
}

// sendBytes sends bytes whole. After a failure the peer is gone, or has part of a message, and the connection ends.
func (c *connection) sendBytes(message []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.Write(message)
	if err != nil {
		_ = c.Close()
	}
	return err
}

// trimEmptyLines takes the CRLFs before a message away, and reports whether there was a pair of them.
func trimEmptyLines(data []byte) (rest []byte, ping bool) {
	for lines := 1; bytes.HasPrefix(data, []byte("\r\n")); lines++ {
		data = data[2:]
		ping = ping || lines == 2
	}
	return data, ping
}

// messageSize returns how many bytes at the start of data are one message, 0 if it isn't whole yet. A stream needs Content-Length for that
// (RFC 3261 section 20.14); without it there is no body. What is larger than maxMessage or has a length that can't be read is an error,
// after which nobody knows where the next message begins.
func messageSize(data []byte) (int, error) {
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		if len(data) > maxMessage {
			return 0, errTooLarge
		}
		return 0, nil
	}
	size := end + 4
	for line := range bytes.SplitSeq(data[:end], []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		name = bytes.ToLower(bytes.TrimSpace(name))
		if string(name) != "content-length" && string(name) != "l" {
			continue
		}
		length, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 16)
		if err != nil {
			return 0, errTooLarge
		}
		size = end + 4 + int(length)
	}
	if size > maxMessage {
		return 0, errTooLarge
	}
	if len(data) < size {
		return 0, nil
	}
	return size, nil
}
