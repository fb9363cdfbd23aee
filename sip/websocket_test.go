package sip_test

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/sip"
)

// openWebSocket asks for a WebSocket with these further header fields, and returns the answer's first line.
func openWebSocket(t testing.TB, addresses sip.Addresses, fields ...string) (net.Conn, *bufio.Reader, string) {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(t.Context(), "tcp", addresses.WSS.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	request := append([]string{
		"GET /any HTTP/1.1", "Host: pbx.example.net", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, fields...)
	_, err = conn.Write([]byte(strings.Join(request, "\r\n") + "\r\n\r\n"))
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	first, err := reader.ReadString('\n')
	require.NoError(t, err)
	for line := first; strings.TrimSpace(line) != ""; {
		if line, err = reader.ReadString('\n'); err != nil {
			break
		}
	}
	return conn, reader, strings.TrimSpace(first)
}

const asksForSIP = "Sec-WebSocket-Protocol: chat, sip"

// say sends one frame as a client does it.
func say(t testing.TB, conn net.Conn, f ws.Frame) {
	t.Helper()
	require.NoError(t, ws.WriteFrame(conn, ws.MaskFrame(f)))
}

func hear(t testing.TB, reader *bufio.Reader) ws.Frame {
	t.Helper()
	f, err := ws.ReadFrame(reader)
	require.NoError(t, err)
	return f
}

func serveWebSockets(t testing.TB, core sip.Core, origins ...string) sip.Addresses {
	t.Helper()
	server := newServer(t, core, func(c *sip.Config) { c.TLS, c.WebOrigins = certificate(t), origins })
	return run(t, server, sip.Listen{WSS: "127.0.0.1:0"})
}

func TestAPhoneInABrowserRegisters(t *testing.T) {
	t.Parallel()
	core := newFixedCore()
	addresses := serveWebSockets(t, core, "https://phone.example.com")
	conn, reader, status := openWebSocket(t, addresses, asksForSIP, "Origin: https://phone.example.com")
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", status)
	via := register{headers: []string{"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks"}}
	say(t, conn, ws.NewTextFrame([]byte(via.text(""))))
	challenge := hear(t, reader)
	assert.Equal(t, ws.OpText, challenge.Header.OpCode)
	require.Contains(t, string(challenge.Payload), "SIP/2.0 401")
	nonce := noncePattern.FindStringSubmatch(string(challenge.Payload))[1]

	answer := []byte(via.text(nonce))
	say(t, conn, ws.NewFrame(ws.OpBinary, false, answer[:100]))
	say(t, conn, ws.NewPingFrame([]byte("still there?")))
	say(t, conn, ws.NewFrame(ws.OpContinuation, true, answer[100:]))
	pong := hear(t, reader)
	assert.Equal(t, ws.OpPong, pong.Header.OpCode, "within a message, too")
	assert.Equal(t, "still there?", string(pong.Payload))
	ok := string(hear(t, reader).Payload)
	assert.Contains(t, ok, "SIP/2.0 200 OK")
	assert.Contains(t, ok, "Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks;received=127.0.0.1")
	assert.Equal(t, "wss", core.last(t).Transport)

	say(t, conn, ws.NewTextFrame([]byte("\r\n\r\n")))
	assert.Equal(t, "\r\n", string(hear(t, reader).Payload), "a keep-alive is answered")
	say(t, conn, ws.NewTextFrame([]byte("rubbish")))
	say(t, conn, ws.NewTextFrame([]byte(message("OPTIONS", ""))))
	assert.Contains(t, string(hear(t, reader).Payload), "SIP/2.0 200 OK", "what can't be read is passed over")
	say(t, conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	assert.Equal(t, ws.OpClose, hear(t, reader).Header.OpCode)
	assertGone(t, conn)
}

func TestWebSocketsOfStrangersAreRefused(t *testing.T) {
	t.Parallel()
	addresses := serveWebSockets(t, newFixedCore(), "https://phone.example.com")
	for name, tc := range map[string]struct {
		want   string
		fields []string
	}{
		"another origin":      {"HTTP/1.1 403 Forbidden", []string{asksForSIP, "Origin: https://evil.example.com"}},
		"a longer origin":     {"HTTP/1.1 403 Forbidden", []string{asksForSIP, "Origin: https://phone.example.com.evil.example"}},
		"the null origin":     {"HTTP/1.1 403 Forbidden", []string{asksForSIP, "Origin: null"}},
		"no origin":           {"HTTP/1.1 101 Switching Protocols", []string{asksForSIP}},
		"too many fields":     {"HTTP/1.1 431 Request Header Fields Too Large", append([]string{asksForSIP}, strings.Split(strings.Repeat("X: y\n", 100)+"X: y", "\n")...)},
		"origin in lower key": {"HTTP/1.1 403 Forbidden", []string{asksForSIP, "origin: https://evil.example.com"}},
	} {
		_, _, got := openWebSocket(t, addresses, tc.fields...)
		assert.Equal(t, tc.want, got, name)
	}
	conn, _, _ := openWebSocket(t, addresses, "Sec-WebSocket-Protocol: chat")
	assertGone(t, conn)
	all := serveWebSockets(t, newFixedCore(), "*")
	_, _, got := openWebSocket(t, all, asksForSIP, "Origin: https://anybody.example.com")
	assert.Equal(t, "HTTP/1.1 101 Switching Protocols", got)
}

func TestAWebSocketThatBreaksTheRulesIsClosed(t *testing.T) {
	t.Parallel()
	addresses := serveWebSockets(t, newFixedCore())
	for name, tc := range map[string]struct {
		want ws.StatusCode
		send func(t *testing.T, conn net.Conn)
	}{
		"too large": {ws.StatusMessageTooBig, func(t *testing.T, conn net.Conn) {
			t.Helper()
			require.NoError(t, ws.WriteHeader(conn, ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Length: 1 << 40}))
		}},
		"too large in parts": {ws.StatusMessageTooBig, func(t *testing.T, conn net.Conn) {
			t.Helper()
			say(t, conn, ws.NewFrame(ws.OpText, false, make([]byte, 10_000)))
			say(t, conn, ws.NewFrame(ws.OpContinuation, false, make([]byte, 10_000)))
		}},
		"endless parts": {ws.StatusMessageTooBig, func(t *testing.T, conn net.Conn) {
			t.Helper()
			say(t, conn, ws.NewFrame(ws.OpText, false, nil))
			for range 70 {
				_ = ws.WriteFrame(conn, ws.MaskFrame(ws.NewFrame(ws.OpContinuation, false, nil)))
			}
		}},
		"not masked": {ws.StatusProtocolError, func(t *testing.T, conn net.Conn) {
			t.Helper()
			require.NoError(t, ws.WriteFrame(conn, ws.NewTextFrame([]byte("x"))))
		}},
		"a part of nothing": {ws.StatusProtocolError, func(t *testing.T, conn net.Conn) {
			t.Helper()
			say(t, conn, ws.NewFrame(ws.OpContinuation, true, nil))
		}},
		"a ping that is large": {ws.StatusProtocolError, func(t *testing.T, conn net.Conn) {
			t.Helper()
			say(t, conn, ws.NewFrame(ws.OpPing, true, make([]byte, 126)))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, reader, status := openWebSocket(t, addresses, asksForSIP)
			require.Contains(t, status, "101")
			tc.send(t, conn)
			f := hear(t, reader)
			require.Equal(t, ws.OpClose, f.Header.OpCode)
			code, _ := ws.ParseCloseFrameData(f.Payload)
			assert.Equal(t, tc.want, code)
		})
	}
}

func FuzzWebSocket(f *testing.F) {
	addresses := serveWebSockets(f, newFixedCore())
	f.Add(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(message("OPTIONS", ""))))))
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x89, 0x80, 0, 0, 0, 0, 0x88, 0x80, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		conn, reader, status := openWebSocket(t, addresses, asksForSIP)
		require.Contains(t, status, "101")
		_, _ = conn.Write(data)
		_ = conn.(*tls.Conn).CloseWrite()
		for {
			if _, err := reader.ReadByte(); err != nil {
				return
			}
		}
	})
}
