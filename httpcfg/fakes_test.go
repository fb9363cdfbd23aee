package httpcfg_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/httpcfg"
	"dialtone/provisioning"
	"dialtone/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ownPath  = "/SEP00562B043615.cnf.xml"
	ownUser  = "00562b043615"
	ownBody  = "<flat-profile/>"
	ownETag  = `"r7"`
	password = "7kq.Xw_2mVb-9rTz"
)

// OnePhoneCore knows one phone's own file, which needs its credentials, and a bootstrap file for everybody. It remembers what it was asked.
type OnePhoneCore struct {
	noUploads
	mu    sync.Mutex
	asked []provisioning.Request
}

func (c *OnePhoneCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r)
	switch {
	case r.Path == "/bootstrap.xml":
		return provisioning.Opened{ContentType: "text/xml; charset=utf-8", Body: []byte("<bootstrap/>"), ETag: `"b1"`}, nil
	case r.Path == ownPath && proves(r.Proof):
		return provisioning.Opened{ContentType: "text/xml; charset=utf-8", Body: []byte(ownBody), ETag: ownETag, Revision: 7}, nil
	case len(r.Path) == len(ownPath) && r.Path[:4] == "/SEP":
		return provisioning.Opened{}, fault.New(fault.Denied, "The table devices of db.internal says no.")
	}
	return provisioning.Opened{}, fault.New(fault.NotFound, "There is no such file in db.internal.")
}

func proves(p provisioning.Proof) bool {
	switch {
	case p.Basic != nil:
		return p.Basic.UserName == ownUser && p.Basic.Password.Equal(secret.New(password))
	case p.Digest != nil:
		return p.Digest.UserName == ownUser && p.Digest.Matches(digest.HA1(p.Digest.Algorithm, ownUser, "dialtone", secret.New(password)), p.Method)
	}
	return false
}

// last returns the newest request, and how many there were.
func (c *OnePhoneCore) last() (provisioning.Request, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.asked) == 0 {
		return provisioning.Request{}, 0
	}
	return c.asked[len(c.asked)-1], len(c.asked)
}

// noUploads takes none.
type noUploads struct{}

func (noUploads) Upload(context.Context, provisioning.Upload) (provisioning.Uploaded, error) {
	return provisioning.Uploaded{}, fault.New(fault.NotFound, "Nobody takes uploads here.")
}

// RefusingCore has one error for everybody.
type RefusingCore struct {
	noUploads
	err error
}

func (c RefusingCore) Open(context.Context, provisioning.Request) (provisioning.Opened, error) {
	return provisioning.Opened{}, c.err
}

// PanickingCore panics, but for those who ask for "/good".
type PanickingCore struct{ noUploads }

func (PanickingCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	if r.Path == "/good" {
		return provisioning.Opened{ContentType: "text/plain", Body: []byte("good")}, nil
	}
	panic("the row password=hunter2 has no columns")
}

// StuckCore tells when it is asked, and answers when it is released or the request's context ends.
type StuckCore struct {
	noUploads
	asked    chan string
	released chan struct{}
}

func newStuckCore() StuckCore {
	return StuckCore{asked: make(chan string, 100), released: make(chan struct{})}
}

func (c StuckCore) Open(ctx context.Context, r provisioning.Request) (provisioning.Opened, error) {
	c.asked <- r.Path
	select {
	case <-c.released:
		return provisioning.Opened{ContentType: "text/plain", Body: []byte("at last")}, nil
	case <-ctx.Done():
		return provisioning.Opened{}, fault.Wrap(fault.Unavailable, ctx.Err(), "too late")
	}
}

// door is a running server of a test.
type door struct {
	plain, secure, legacy string // HOST:PORT
	client                *http.Client
	log                   *lockedBuffer
	clock                 *clock
	stop                  func() error // ends Run and returns its error
}

// open runs a server over core until the test ends; change may alter its configuration.
func open(t testing.TB, core httpcfg.Core, change ...func(*httpcfg.Config)) *door {
	t.Helper()
	d := &door{log: &lockedBuffer{}, clock: &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}
	config := httpcfg.Config{
		Core: core, Now: d.clock.Now, Logger: slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Nonces: digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef"), Now: d.clock.Now}),
	}
	var roots *x509.CertPool
	config.TLS, roots = certificate(t)
	for _, c := range change {
		c(&config)
	}
	s, err := httpcfg.New(config)
	require.NoError(t, err)
	on := httpcfg.Listen{Plain: "127.0.0.1:0", TLS: "127.0.0.1:0"}
	if config.LegacyTLS != nil {
		on.LegacyTLS = "127.0.0.1:0"
	}
	at, err := s.Listen(t.Context(), on)
	require.NoError(t, err)
	d.plain, d.secure, d.legacy = at.Plain.String(), at.TLS.String(), at.LegacyTLS.String()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	d.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}, DisableCompression: true}
	d.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		assert.NoError(t, d.stop())
	})
	return d
}

// certificate borrows the one that net/http/httptest has for example.com.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	lender := httptest.NewUnstartedServer(http.NotFoundHandler())
	lender.StartTLS()
	defer lender.Close()
	roots := x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	return &tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots
}

// response is an answer read to its end.
type response struct {
	status int
	header http.Header
	body   string
}

func (d *door) get(t testing.TB, url string, header ...string) response {
	t.Helper()
	return d.do(t, http.MethodGet, url, header...)
}

// do asks; header is name, value, name, value.
func (d *door) do(t testing.TB, method, url string, header ...string) response {
	t.Helper()
	return d.send(t, method, url, nil, header...)
}

// send asks with a body.
func (d *door) send(t testing.TB, method, url string, content io.Reader, header ...string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, content)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	got, err := d.client.Do(r)
	require.NoError(t, err)
	defer func() { assert.NoError(t, got.Body.Close()) }()
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return response{status: got.StatusCode, header: got.Header, body: string(body)}
}

// fuzzedBytes bounds the header of a fuzzed request to what net/http reads at once: it hangs up on a malformed one without reading the rest, and the
// kernel then takes the answer back.
const fuzzedBytes = 3000

// raw sends bytes as they are and returns everything that comes back until the server hangs up. It comes from any loopback address, as a fuzz target
// would use up the ports of one.
func raw(t testing.TB, address, request string) string {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(mathrand.IntN(255)), byte(1+mathrand.IntN(250)))}}
	conn, err := dialer.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(answer)
}

// speak asks for the bootstrap file over TLS as config has it, without checking who answers.
func (d *door) speak(t testing.TB, address string, config *tls.Config) {
	t.Helper()
	config.InsecureSkipVerify = true
	conn, err := tls.Dial("tcp", address, config)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET /bootstrap.xml HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.0 200 OK\r\n"), "%q", answer)
}

// phoneCertificate makes one as phones leave the factory with: a common name, a use that isn't ours, signed by nobody we know, expired.
func phoneCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "CP-8851-SEP00562B043615"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1e9, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// clock is the time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func peer(s string) netip.Addr { return netip.MustParseAddrPort(s).Addr() }

func urlOf(scheme, address, path string) string {
	return fmt.Sprintf("%s://%s%s", scheme, address, path)
}

func nonces() *digest.Nonces {
	return digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef")})
}
