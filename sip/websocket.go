package sip

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// SIP over secure WebSocket (RFC 7118), for phones in browsers: each message of the WebSocket is one SIP message, in text or in bytes.

const (
	// webSocketProtocol is the subprotocol that both sides must name.
	webSocketProtocol = "sip"
	// pingInterval is how often we ask whether the other side is still there. Proxies and NATs forget connections that were silent for a minute.
	pingInterval = 30 * time.Second
	// maxUpgrade bounds a line of the HTTP request that a WebSocket begins with, and maxUpgradeFields the number of its header fields. Cookies and
	// what proxies add make some kilobytes.
	maxUpgrade       = 8 << 10
	maxUpgradeFields = 100
	// maxFragments bounds the frames of one message, and the control frames within it.
	maxFragments = 64
)

var errNoSubprotocol = errors.New("the subprotocol sip isn't among those that were asked for")

// upgrade answers the HTTP request that turns a connection into a WebSocket. A browser names the page that asks: pages of origins that aren't
// allowed are refused with 403. Who names none is no browser, and no page can make a person's browser leave it out.
func (s *Server) upgrade(conn io.ReadWriter) error {
	fields := 0
	upgrader := ws.Upgrader{
		ReadBufferSize: maxUpgrade,
		Protocol:       func(name []byte) bool { return string(name) == webSocketProtocol },
		OnHeader: func(key, value []byte) error {
			if fields++; fields > maxUpgradeFields {
				return ws.RejectConnectionError(ws.RejectionStatus(http.StatusRequestHeaderFieldsTooLarge))
			}
			if strings.EqualFold(string(key), "Origin") && !s.mayAsk(string(value)) {
				return ws.RejectConnectionError(ws.RejectionStatus(http.StatusForbidden), ws.RejectionReason("this origin isn't allowed"))
			}
			return nil
		},
	}
	agreed, err := upgrader.Upgrade(conn)
	if err == nil && agreed.Protocol != webSocketProtocol {
		err = errNoSubprotocol
	}
	return err
}

// mayAsk reports whether pages of an origin may open connections.
func (s *Server) mayAsk(origin string) bool {
	return slices.ContainsFunc(s.config.WebOrigins, func(allowed string) bool { return allowed == "*" || strings.EqualFold(allowed, origin) })
}

// readWebSocket shakes hands and takes each message, until the peer closes, breaks the rules or the time is over.
func (c *connection) readWebSocket(ctx context.Context) {
	_ = c.SetDeadline(time.Now().Add(handshakeTimeout))
	if err := c.server.upgrade(c.Conn); err != nil {
		c.server.config.Logger.Debug("SIP over WebSocket refused", "peer", c.peer.Addr, "error", err)
		return
	}
	_ = c.SetDeadline(time.Time{})
	ended := make(chan struct{})
	defer close(ended)
	c.group.Go(func() { c.ping(ended) })
	reader := bufio.NewReaderSize(c.Conn, 2048)
	for c.wait() {
		message, err := c.nextMessage(reader)
		if err != nil {
			c.farewell(err)
			return
		}
		if isKeepAlive(message) {
			if bytes.Equal(message, []byte("\r\n\r\n")) {
				c.write([]byte("\r\n"))
			}
			continue
		}
		c.handle(ctx, message)
	}
}

// nextMessage reads frames up to the end of a message, and answers control frames that stand between.
func (c *connection) nextMessage(reader io.Reader) ([]byte, error) {
	var message []byte
	state := ws.StateServerSide
	for frames := 0; ; frames++ {
		header, err := ws.ReadHeader(reader)
		if err != nil {
			return nil, err
		}
		if err := ws.CheckHeader(header, state); err != nil {
			return nil, err
		}
		if header.Length > maxMessage || int64(len(message))+header.Length > maxMessage || frames > maxFragments {
			return nil, errTooLarge
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(reader, payload); err != nil {
			return nil, err
		}
		ws.Cipher(payload, header.Mask, 0)
		if header.OpCode.IsControl() {
			if err := c.control(header.OpCode, payload); err != nil {
				return nil, err
			}
			if len(message) == 0 && !state.Fragmented() {
				frames = -1 // whoever only pings may do so for ever
			}
			continue
		}
		message = append(message, payload...)
		if header.Fin {
			return message, nil
		}
		state = state.Set(ws.StateFragmented)
	}
}

// control answers a ping, takes a pong, and ends with a close.
func (c *connection) control(code ws.OpCode, payload []byte) error {
	switch code {
	case ws.OpPing:
		c.writeFrame(ws.NewPongFrame(payload))
	case ws.OpClose:
		return io.EOF
	}
	return nil
}

// farewell says why the connection ends, as the protocol has it.
func (c *connection) farewell(err error) {
	code := ws.StatusNormalClosure
	var broken ws.ProtocolError
	switch {
	case errors.Is(err, errTooLarge):
		code = ws.StatusMessageTooBig
	case errors.As(err, &broken):
		code = ws.StatusProtocolError
	case !errors.Is(err, io.EOF):
		return
	}
	c.writeFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
	c.linger()
}

// The bounds of lingering: what may be on its way when we stop listening.
const (
	lingerTime  = time.Second
	lingerBytes = 64 << 10
)

// linger reads on for a moment after our last words: bytes that nobody reads make the system reset the connection, which takes those words from the peer.
func (c *connection) linger() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes)
}

// ping asks at intervals whether the peer is there, until ended closes. A peer that is gone makes a later write fail, which ends the connection.
func (c *connection) ping(ended <-chan struct{}) {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
			c.writeFrame(ws.NewPingFrame(nil))
		}
	}
}

// frame wraps a SIP message: in text where it is text (RFC 7118 section 4.2).
func frame(message []byte) ws.Frame {
	if utf8.Valid(message) {
		return ws.NewTextFrame(message)
	}
	return ws.NewBinaryFrame(message)
}

// writeFrame sends a frame of which nobody waits for the outcome.
func (c *connection) writeFrame(f ws.Frame) { _ = c.sendFrame(f) }

func (c *connection) sendFrame(f ws.Frame) error {
	text, err := ws.CompileFrame(f)
	if err != nil {
		return fmt.Errorf("making a WebSocket frame of %d bytes: %w", len(f.Payload), err)
	}
	return c.sendBytes(text)
}
