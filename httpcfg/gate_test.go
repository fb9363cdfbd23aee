package httpcfg_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/httpcfg"
)

// dial opens a connection for the length of a test.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

// ask sends one request on a connection that stays open, and reads the answer.
func ask(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.WriteString(conn, "GET /bootstrap.xml HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, 200, got.StatusCode)
	_, err = io.Copy(io.Discard, got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
}

func TestHalfOpenHandshakesStarveNobody(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{}, func(c *httpcfg.Config) { c.MaxConnections, c.Patience = 8, 10*time.Millisecond })
	var silent []net.Conn
	for range 50 {
		silent = append(silent, dial(t, d.secure))
	}
	got := d.get(t, urlOf("https", d.secure, "/bootstrap.xml"))
	assert.Equal(t, 200, got.status, "who comes last is served")
	_, err := silent[0].Read(make([]byte, 1))
	assert.Error(t, err, "and who has been silent for the longest time went")
}

func TestAPhonesHandshakeIsGivenTime(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{}, func(c *httpcfg.Config) { c.MaxConnections, c.Patience = 2, time.Hour })
	slow := dial(t, d.plain)
	others := make(chan string, 1)
	go func() { others <- raw(t, d.plain, "GET /bootstrap.xml HTTP/1.0\r\n\r\n") }()
	select {
	case answer := <-others:
		t.Fatal("one at its first request is all that two places allow: ", answer)
	case <-time.After(50 * time.Millisecond): // nothing to wait for: it is what doesn't come
	}
	ask(t, slow)
	assert.Contains(t, <-others, "200 OK")
}

func TestIdleConnectionsMakePlace(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{}, func(c *httpcfg.Config) { c.MaxConnections, c.Patience = 4, time.Hour })
	var idle []net.Conn
	for range 4 {
		conn := dial(t, d.plain)
		ask(t, conn)
		idle = append(idle, conn)
	}
	type heard struct {
		index int
		err   error
	}
	first := make(chan heard, len(idle)) // what each hears first
	for i, conn := range idle {
		go func() {
			_, err := conn.Read(make([]byte, 1))
			first <- heard{i, err}
		}()
	}
	ask(t, dial(t, d.plain))
	// Which it is isn't said: the server notes that a connection is idle when its answer is out, so that two may be noted in another order than they asked.
	gone := <-first
	require.Equal(t, io.EOF, gone.err, "one was shown out at once, not after the idle timeout")
	for i, conn := range idle {
		if i == gone.index {
			continue
		}
		_, err := io.WriteString(conn, "GET /bootstrap.xml HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		assert.Equal(t, heard{i, nil}, <-first, "the others stay")
	}
}

func TestAFullDoorClosesAtOnce(t *testing.T) {
	t.Parallel()
	core := newStuckCore()
	d := open(t, core, func(c *httpcfg.Config) { c.MaxConnections, c.Patience = 1, time.Hour })
	first := make(chan string, 1)
	go func() { first <- raw(t, d.plain, "GET /slow HTTP/1.0\r\n\r\n") }()
	<-core.asked
	waiting := dial(t, d.plain) // accepted, and without a place
	_, err := io.WriteString(waiting, "GET /slow HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- d.stop() }()
	_, err = waiting.Read(make([]byte, 1))
	assert.Error(t, err)
	close(core.released)
	assert.Contains(t, <-first, "at last")
	assert.NoError(t, <-stopped)
}
