package mail_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"dialtone/mail"
)

// oddServer is a mail server that does what a real one won't. It greets, and answers each command with the first line whose beginning fits; what
// it knows of politeness is in the defaults. An answer of hangs or leaves is an act.
type oddServer struct {
	greeting string            // default "220 odd.example.net"
	answers  map[string]string // by the beginning of a command in upper case; "." is the end of a mail
	listener net.Listener
	mu       sync.Mutex
	heard    []string // the commands
	mail     []byte   // the last mail, without the dots of the transfer
	silent   chan struct{}
}

// What a server may do instead of answering.
const (
	hangs  = "hangs"  // says nothing more, and holds the connection open
	leaves = "leaves" // closes the connection
)

// startOdd starts a server, and stops it with the test.
func startOdd(t *testing.T, greeting string, answers map[string]string) *oddServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &oddServer{greeting: greeting, answers: answers, listener: listener, silent: make(chan struct{})}
	if s.greeting == "" {
		s.greeting = "220 odd.example.net"
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		var connections sync.WaitGroup
		defer connections.Wait()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() {
				defer conn.Close()
				s.talk(conn)
			})
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-stopped
	})
	return s
}

// config is how to reach the server, in the clear.
func (s *oddServer) config(t *testing.T) mail.Config {
	t.Helper()
	return mail.Config{
		Host: "127.0.0.1", Port: s.listener.Addr().(*net.TCPAddr).Port, TLS: mail.NoTLS, From: "noreply@dialtone.example", Now: noon,
		Logger: slog.New(slog.DiscardHandler),
	}
}

func (s *oddServer) talk(conn net.Conn) {
	lines := bufio.NewReader(conn)
	if !s.say(conn, s.greeting) {
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		command := strings.TrimRight(line, "\r\n")
		s.note(command)
		if !s.say(conn, s.answer(command)) || command == "QUIT" {
			return
		}
		if command == "DATA" && strings.HasPrefix(s.answer("DATA"), "354") && !s.take(conn, lines) {
			return
		}
	}
}

// answer is what the server's answers say, or what a polite server says.
func (s *oddServer) answer(command string) string {
	for begin, answer := range s.answers {
		if strings.HasPrefix(strings.ToUpper(command), begin) {
			return answer
		}
	}
	switch {
	case strings.HasPrefix(command, "EHLO"):
		return "250-odd.example.net\r\n250 AUTH PLAIN LOGIN"
	case strings.HasPrefix(command, "AUTH"):
		return "235 2.7.0 Welcome"
	case command == "DATA":
		return "354 Go on"
	case command == "QUIT":
		return "221 Bye"
	default:
		return "250 OK"
	}
}

// take reads a mail up to the dot, and gives the verdict.
func (s *oddServer) take(conn net.Conn, lines *bufio.Reader) bool {
	var body bytes.Buffer
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		body.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	s.mail = body.Bytes()
	s.mu.Unlock()
	if verdict, ok := s.answers["."]; ok {
		return s.say(conn, verdict)
	}
	return s.say(conn, "250 2.0.0 Taken over")
}

// say answers or acts, and reports whether the conversation goes on.
func (s *oddServer) say(conn net.Conn, answer string) bool {
	switch answer {
	case hangs:
		close(s.silent)
		_, _ = io.Copy(io.Discard, conn) // until the client hangs up
		return false
	case leaves:
		return false
	}
	_, err := io.WriteString(conn, answer+"\r\n")
	return err == nil
}

func (s *oddServer) note(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, command)
}

// commands are what the server has heard.
func (s *oddServer) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

// taken is the last mail that the server read to its end.
func (s *oddServer) taken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.mail)
}

// newSender makes a sender whose config is right.
func newSender(t *testing.T, config mail.Config) *mail.Sender {
	t.Helper()
	sender, err := mail.New(config)
	require.NoError(t, err)
	return sender
}
