package phone_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/phone"
)

// said is what a phone says while it still runs.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) has(part string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(s.text.String(), part)
	}
}

// tellingRegistrar registers whoever asks, and tells each of a change at once.
func tellingRegistrar(t *testing.T) (address string, answers chan string, die func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	answers = make(chan string, 10)
	var mu sync.Mutex
	var conns []net.Conn
	owned(t, listener, func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			buffer := make([]byte, 8192)
			n, _ := conn.Read(buffer)
			q := parseRequest(string(buffer[:n]))
			answer := "SIP/2.0 200 OK\r\nContact: " + q.headers["contact"] + "\r\n"
			for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
				answer += name + ": " + q.headers[strings.ToLower(name)] + "\r\n"
			}
			answer += "Content-Length: 0\r\n\r\n"
			notify := "NOTIFY sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP server;branch=z9hG4bK1\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 NOTIFY\r\nEvent: check-sync\r\nContent-Length: 0\r\n\r\n"
			_, _ = conn.Write([]byte(answer + notify))
			if n, err = conn.Read(buffer); err == nil {
				answers <- string(buffer[:n])
			}
		}
	})
	return listener.Addr().String(), answers, func() {
		_ = listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			_ = c.Close()
		}
	}
}

func TestAPhoneThatStaysAnswersAndFindsAnotherServer(t *testing.T) {
	t.Parallel()
	first, answers, die := tellingRegistrar(t)
	second, answersAfter, dieToo := tellingRegistrar(t)
	defer dieToo()
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	names := newZone(t,
		"_sip._tcp.bakery.sip.example. 60 IN SRV 10 0 "+port(first)+" edge.sip.example.",
		"_sip._tcp.bakery.sip.example. 60 IN SRV 20 0 "+port(second)+" edge.sip.example.",
		"edge.sip.example. 60 IN A 127.0.0.1")
	c := line()
	c.DNS, c.Transport, c.Stay = names.serve(t), "tcp", phone.Stay{For: time.Minute}
	ctx, cancel := context.WithCancel(t.Context())
	out := &said{}
	done := make(chan error, 1)
	go func() {
		_, err := phone.Register(ctx, c, out)
		done <- err
	}()
	answer := <-answers
	assert.Regexp(t, `^SIP/2\.0 200 OK\r\nVia: SIP/2\.0/TCP server;branch=z9hG4bK1\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a@b>;tag=[0-9a-f]+\r\nCall-ID: c\r\nCSeq: 1 NOTIFY\r\n`, answer)
	die()
	require.Eventually(t, out.has("NOTIFY check-sync is answered with 200"), 10*time.Second, time.Millisecond)
	assert.NotEmpty(t, <-answersAfter)
	assert.True(t, out.has("is registered at "+second)())
	cancel()
	require.NoError(t, <-done)
}
