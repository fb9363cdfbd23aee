package phone_test

import (
	"bufio"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// registrar is a fake one, written by hand so that it shares nothing with the phone: it asks for a digest, keeps contacts, and answers.
type registrar struct {
	realm, user, password string // of the one line that it knows; user is the digest's
	algorithms            []string
	method, uri           string // that the digest is made over
	// answer, if there is one, may answer a request itself: the status line and headers, each ended by CRLF. "" leaves it to the registrar.
	answer func(n int, r request) string

	mu       sync.Mutex
	contacts map[string]string // URI -> parameters
	requests []request
}

type request struct {
	line    string
	headers map[string]string // by lower-case name
}

func newRegistrar() *registrar {
	return &registrar{
		realm: "bakery.sip.example", user: "ada-auth", password: "Sip<Pass>&1", algorithms: []string{"MD5"}, contacts: map[string]string{},
		method: "REGISTER", uri: "sip:bakery.sip.example",
	}
}

// answering sets what may answer instead of the registrar.
func (r *registrar) answering(answer func(n int, r request) string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *registrar) seen() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request(nil), r.requests...)
}

func (r *registrar) bound() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.contacts)
}

func parseRequest(text string) request {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	q := request{line: lines[0], headers: map[string]string{}}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		q.headers[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	return q
}

var (
	parameterForm = regexp.MustCompile(`(\w+)=("(?:[^"\\]|\\.)*"|[^,\s]+)`)
	contactForm   = regexp.MustCompile(`^<([^>]*)>;expires=(\d+)`)
)

// respond makes the answer to one request.
func (r *registrar) respond(text string) string {
	q := parseRequest(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q)
	head := ""
	if r.answer != nil {
		head = r.answer(len(r.requests), q)
	}
	if head == "" {
		head = r.judge(q)
	}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		head += name + ": " + q.headers[strings.ToLower(name)] + "\r\n"
	}
	return head + "Content-Length: 0\r\n\r\n"
}

func (r *registrar) judge(q request) string {
	if q.line != "REGISTER sip:"+r.realm+" SIP/2.0" {
		return "SIP/2.0 404 Not Found\r\n"
	}
	if !r.proven(q.headers["authorization"]) {
		head := "SIP/2.0 401 Unauthorized\r\n"
		for _, a := range r.algorithms {
			head += fmt.Sprintf("WWW-Authenticate: Digest realm=%q, nonce=\"n,1\", algorithm=%s, qop=\"auth\", opaque=\"o\"\r\n", r.realm, a)
		}
		return head
	}
	m := contactForm.FindStringSubmatch(q.headers["contact"])
	if m == nil {
		return "SIP/2.0 400 Bad Request\r\n"
	}
	if m[2] == "0" {
		delete(r.contacts, m[1])
	} else {
		r.contacts[m[1]] = "expires=" + m[2]
	}
	head := "SIP/2.0 200 OK\r\nContact: \"Another, \\\"phone\\\"\" <sip:x,y@192.0.2.1>;expires=60"
	for uri, parameters := range r.contacts {
		head += ", <" + uri + ">;+sip.instance=\"<urn:uuid:1>\";" + parameters
	}
	return head + "\r\n"
}

// proven does the digest's arithmetic by hand (RFC 7616 3.4.1).
func (r *registrar) proven(header string) bool {
	if !strings.HasPrefix(header, "Digest ") {
		return false
	}
	p := map[string]string{}
	for _, m := range parameterForm.FindAllStringSubmatch(header, -1) {
		value := strings.TrimSuffix(strings.TrimPrefix(m[2], `"`), `"`)
		p[m[1]] = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(value)
	}
	hash := func(s string) string {
		if p["algorithm"] == "SHA-256" {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:])
		}
		sum := md5.Sum([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	want := hash(strings.Join([]string{
		hash(r.user + ":" + r.realm + ":" + r.password), p["nonce"], p["nc"], p["cnonce"], "auth", hash(r.method + ":" + r.uri),
	}, ":"))
	return p["username"] == r.user && p["realm"] == r.realm && p["uri"] == r.uri && p["nc"] == "00000001" && p["response"] == want
}

// serveUDP answers datagrams, each after what a phone has to pass over, and returns the address.
func (r *registrar) serveUDP(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	owned(t, conn, func() {
		buffer := make([]byte, 65535)
		for {
			n, peer, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer := r.respond(string(buffer[:n])); !strings.HasPrefix(answer, "silence") {
				_, _ = conn.WriteTo([]byte("not SIP at all"), peer)
				_, afterStatus, _ := strings.Cut(answer, "\r\n")
				_, _ = conn.WriteTo([]byte("SIP/2.0 100 Trying\r\n"+afterStatus), peer)
				_, _ = conn.WriteTo([]byte(strings.Replace(answer, "branch=", "branch=z9hG4bKof-another-request-", 1)), peer)
				_, _ = conn.WriteTo([]byte(answer), peer)
			}
		}
	})
	return conn.LocalAddr().String()
}

// serveStream answers over TCP, or TLS if there is a configuration, and returns the address.
func (r *registrar) serveStream(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	var conns sync.WaitGroup
	owned(t, listener, func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			conns.Go(func() { r.converse(conn) })
		}
		conns.Wait()
	})
	return address
}

func (r *registrar) converse(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		var text strings.Builder
		for !strings.HasSuffix(text.String(), "\r\n\r\n") {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			text.WriteString(line)
		}
		answer := r.respond(text.String())
		half := len(answer) / 2 // a stream may break anywhere
		_, _ = io.WriteString(conn, answer[:half])
		_, _ = io.WriteString(conn, answer[half:])
	}
}

// owned runs a server until the test ends, and waits for it.
func owned(t *testing.T, closer io.Closer, run func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	t.Cleanup(func() {
		_ = closer.Close()
		<-done
	})
}
