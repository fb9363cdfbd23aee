package httpcfg_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/httpcfg"
	"dialtone/provisioning"
)

func TestAServerSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	_, err := httpcfg.New(httpcfg.Config{})
	require.Error(t, err)
	s, err := httpcfg.New(httpcfg.Config{Core: &OnePhoneCore{}})
	require.NoError(t, err)
	_, err = s.Listen(t.Context(), httpcfg.Listen{TLS: "127.0.0.1:0"})
	require.ErrorContains(t, err, "certificate")
	_, err = s.Listen(t.Context(), httpcfg.Listen{Plain: "127.0.0.1:notaport"})
	require.ErrorContains(t, err, "127.0.0.1:notaport")
}

func TestListenOpensBothOrNone(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.11:0") // an address that no other test uses, so that nobody takes the port meanwhile
	require.NoError(t, err)
	config, _ := certificate(t)
	s, err := httpcfg.New(httpcfg.Config{Core: &OnePhoneCore{}, TLS: config, Nonces: nonces()})
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.12:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	_, err = s.Listen(t.Context(), httpcfg.Listen{Plain: free.Addr().String(), TLS: taken.Addr().String()})
	require.ErrorContains(t, err, taken.Addr().String())
	again, err := net.Listen("tcp", free.Addr().String())
	require.NoError(t, err, "the plain listener was let go of")
	require.NoError(t, again.Close())
	require.NoError(t, taken.Close())
}

func TestEachListenerCanBeOff(t *testing.T) {
	t.Parallel()
	s, err := httpcfg.New(httpcfg.Config{Core: &OnePhoneCore{}})
	require.NoError(t, err)
	at, err := s.Listen(t.Context(), httpcfg.Listen{})
	require.NoError(t, err)
	assert.False(t, at.Plain.IsValid())
	assert.False(t, at.TLS.IsValid())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Run(ctx))
}

func TestWhatIsInProgressIsAnsweredBeforeTheEnd(t *testing.T) {
	t.Parallel()
	core := newStuckCore()
	d := open(t, core)
	answers := make(chan string, 1)
	go func() { answers <- raw(t, d.plain, "GET /slow HTTP/1.0\r\n\r\n") }()
	<-core.asked
	ended := make(chan error, 1)
	go func() { ended <- d.stop() }()
	require.Eventually(t, func() bool { // the listener is closed, the request still open
		conn, err := net.Dial("tcp", d.plain)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, time.Millisecond)
	close(core.released)
	assert.Contains(t, <-answers, "at last")
	assert.NoError(t, <-ended)
}

func TestMoreConnectionsThanAllowedWait(t *testing.T) {
	t.Parallel()
	core := newStuckCore()
	d := open(t, core, func(c *httpcfg.Config) { c.MaxConnections = 2 })
	answers := make(chan string, 3)
	for range 3 {
		go func() { answers <- raw(t, d.plain, "GET /slow HTTP/1.0\r\n\r\n") }()
	}
	<-core.asked
	<-core.asked
	select {
	case path := <-core.asked:
		t.Fatal("a third connection got through: ", path)
	case <-time.After(50 * time.Millisecond): // nothing to wait for: it is what doesn't come
	}
	close(core.released)
	for range 3 {
		assert.Contains(t, <-answers, "at last", "who waited is served")
	}
}

func TestTLSIsForOldAndNewPhones(t *testing.T) {
	t.Parallel()
	d := open(t, &OnePhoneCore{})
	for name, config := range map[string]*tls.Config{
		"1.2":             {MaxVersion: tls.VersionTLS12},
		"1.3":             {MinVersion: tls.VersionTLS13},
		"no server name":  {},
		"HTTP/2 on offer": {NextProtos: []string{"h2", "http/1.1"}},
	} {
		config.InsecureSkipVerify = true // what is looked at is the server's choice of protocol
		conn, err := tls.Dial("tcp", d.secure, config)
		require.NoError(t, err, name)
		assert.NotEqual(t, "h2", conn.ConnectionState().NegotiatedProtocol, name)
		_, err = io.WriteString(conn, "GET /bootstrap.xml HTTP/1.0\r\n\r\n")
		require.NoError(t, err, name)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err, name)
		assert.True(t, strings.HasPrefix(string(answer), "HTTP/1.0 200 OK\r\n"), name)
		require.NoError(t, conn.Close())
	}
	answer := raw(t, d.secure, "GET /bootstrap.xml HTTP/1.0\r\n\r\n")
	assert.True(t, strings.HasPrefix(answer, "HTTP/1.0 400 Bad Request\r\n"), "plain HTTP at the port of HTTPS is told so: %q", answer)
}

func BenchmarkOpen(b *testing.B) {
	d := open(b, &OnePhoneCore{}, func(c *httpcfg.Config) { c.Logger = nil })
	b.Run("plain", func(b *testing.B) { benchmarkGet(b, d, urlOf("http", d.plain, "/bootstrap.xml"), "") })
	b.Run("basic over TLS", func(b *testing.B) { benchmarkGet(b, d, urlOf("https", d.secure, ownPath), basic(ownUser, password)) })
}

func benchmarkGet(b *testing.B, d *door, url, authorization string) {
	b.Helper()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
		require.NoError(b, err)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		got, err := d.client.Do(r)
		require.NoError(b, err)
		_, _ = io.Copy(io.Discard, got.Body)
		_ = got.Body.Close()
		require.Equal(b, 200, got.StatusCode)
	}
}

func TestOldPhonesHaveAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core, func(c *httpcfg.Config) {
		c.LegacyTLS = c.TLS.Clone()
		c.LegacyTLS.MinVersion, c.LegacyTLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
		c.LegacyTLS.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	})
	old := &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, InsecureSkipVerify: true}
	_, err := tls.Dial("tcp", d.secure, old)
	require.Error(t, err, "the listener of all others stays shut to them")
	conn, err := tls.Dial("tcp", d.legacy, old)
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET "+ownPath+" HTTP/1.0\r\nAuthorization: "+basic(ownUser, password)+"\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.True(t, strings.HasSuffix(string(answer), ownBody))
	asked, _ := core.last()
	assert.Equal(t, provisioning.HTTPS, asked.Transport)
	require.NoError(t, d.stop())
	assert.Contains(t, d.log.String(), `"level":"INFO"`)
	assert.Contains(t, d.log.String(), `"door":"https-legacy"`)
	assert.Contains(t, d.log.String(), `"tls":"TLS 1.0"`)
}
