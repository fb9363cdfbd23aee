package mail

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/secret"
)

// onPipe is a sender whose server is a function at the other end of a pipe.
func onPipe(t *testing.T, config Config, server func(conn net.Conn)) *Sender {
	t.Helper()
	config.Host, config.From = "127.0.0.1", "noreply@dialtone.example"
	s, err := New(config)
	require.NoError(t, err)
	s.dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			server(theirs)
		}()
		return ours, nil
	}
	return s
}

var welcome = Message{ID: "1", Kind: Welcome, To: "ada@example.com", Language: "en_US", Brand: "Example Telecom", Customer: "Acme"}

// A server that never answers is given a minute, and not more.
func TestTheTimeout(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: time.Minute, 5 * time.Second: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := onPipe(t, Config{TLS: NoTLS, Timeout: timeout}, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
			begin := time.Now()
			err := s.Send(t.Context(), welcome)
			assert.Equal(t, want, time.Since(begin))
			assert.Equal(t, fault.Unavailable, fault.KindOf(err))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// A server that doesn't stop talking isn't listened to for ever.
func TestTheBoundOfTalk(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"220-", "220-more\r\n"} {
		said := 0
		done := make(chan struct{})
		s := onPipe(t, Config{TLS: NoTLS}, func(conn net.Conn) {
			defer close(done)
			for {
				n, err := io.WriteString(conn, line+strings.Repeat("x", 1000))
				said += n
				if err != nil {
					return
				}
				line = ""
			}
		})
		err := s.Send(t.Context(), welcome)
		<-done
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
		assert.ErrorContains(t, err, "it talks without end")
		assert.Less(t, said, 300<<10)
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1:25": "[192.0.2.1]", "[2001:db8::1]:25": "[IPv6:2001:db8::1]", "[::ffff:192.0.2.1]:25": "[192.0.2.1]", "[fe80::1%1]:25": "[IPv6:fe80::1]",
	} {
		at, err := net.ResolveTCPAddr("tcp", text)
		require.NoError(t, err)
		assert.Equal(t, want, literal(at))
	}
	ours, theirs := net.Pipe()
	defer theirs.Close()
	defer ours.Close()
	assert.Equal(t, "localhost", literal(ours.LocalAddr()))
}

// Whatever a server says, the verdict is one of two, in one printable line of bounded length, and the password stays here.
func FuzzAnswers(f *testing.F) {
	const password = "correct-horse-battery"
	f.Add([]byte("220 a\r\n250-b\r\n250 AUTH PLAIN\r\n235 c\r\n250 d\r\n250 e\r\n354 f\r\n250 g\r\n221 h\r\n"))
	f.Add([]byte("220 a\r\n250-b\r\n250 AUTH LOGIN\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n535 " + password + "\r\n"))
	f.Add([]byte("220 a\r\n250-b\r\n250 AUTH PLAIN\r\n235 c\r\n250 d\r\n550-" + password + "\r\n550 \x00\x1b\r\n"))
	f.Add([]byte("220-a\r\n220-\xff\r\n220\r\n502\r\n502 \r\n"))
	f.Add([]byte("421 a\r\n"))
	f.Add([]byte("nonsense " + password))
	f.Fuzz(func(t *testing.T, answers []byte) {
		var log bytes.Buffer
		done := make(chan struct{})
		config := Config{TLS: NoTLS, Username: "ada", Password: secret.New(password), Logger: slog.New(slog.NewJSONHandler(&log, nil))}
		s := onPipe(t, config, func(conn net.Conn) {
			defer close(done)
			heard := make(chan struct{})
			go func() {
				defer close(heard)
				_, _ = io.Copy(io.Discard, conn)
			}()
			_, _ = conn.Write(answers)
			_ = conn.Close()
			<-heard
		})
		err := s.Send(t.Context(), welcome)
		<-done
		if err == nil {
			return
		}
		assert.Contains(t, []fault.Kind{fault.Unavailable, fault.Invalid}, fault.KindOf(err))
		assert.NotContains(t, err.Error(), password)
		assert.NotContains(t, log.String(), password)
		assert.Less(t, len([]rune(err.Error())), maxSaid+250)
		assert.False(t, strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }), "%q", err.Error())
	})
}
