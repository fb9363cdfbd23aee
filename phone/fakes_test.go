package phone_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/pin/tftp/v3"
	"github.com/stretchr/testify/require"
)

// authority is a CA of our own, made for one test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	PEM         string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{certificate: certificate, key: key, PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// server makes a TLS configuration for a server of these names, and of 127.0.0.1 unless names are given.
func (a *authority) server(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: names,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(names) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// files is what a fake server serves, by path without the leading slash, and what it was asked for.
type files struct {
	mu    sync.Mutex
	byURL map[string]string
	asked []string
	agent []string
	// gate, if there is one, may answer a request itself.
	gate func(w http.ResponseWriter, r *http.Request) bool
}

func newFiles() *files { return &files{byURL: map[string]string{}} }

func (f *files) put(path, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.byURL[path] = body
}

// guard sets the gate; nil takes it away.
func (f *files) guard(gate func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate = gate
}

func (f *files) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asked...)
}

func (f *files) agents() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.agent...)
}

func (f *files) find(path, agent string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.agent = append(f.asked, path), append(f.agent, agent)
	body, ok := f.byURL[strings.TrimPrefix(path, "/")]
	return body, ok
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	gate := f.gate
	f.mu.Unlock()
	if gate != nil && gate(w, r) {
		return
	}
	body, ok := f.find(r.URL.RequestURI(), r.UserAgent())
	if !ok {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	_, _ = io.WriteString(w, body)
}

// serveHTTP serves over plain HTTP and returns scheme and address.
func (f *files) serveHTTP(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

// serveHTTPS serves over TLS and returns scheme and address.
func (f *files) serveHTTPS(t *testing.T, config *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(f)
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // phones that distrust it are part of the tests
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// serveTFTP serves over TFTP and returns scheme and address.
func (f *files) serveTFTP(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	server := tftp.NewServer(func(name string, to io.ReaderFrom) error {
		body, ok := f.find(name, "")
		if !ok {
			return os.ErrNotExist
		}
		_, err := to.ReadFrom(strings.NewReader(body))
		return err
	}, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(conn)
	}()
	t.Cleanup(func() {
		server.Shutdown()
		<-done
	})
	return "tftp://" + conn.LocalAddr().String()
}

// zone is a fake DNS server: what isn't in it doesn't exist.
type zone struct {
	records map[string][]dns.RR // "NAME TYPE" -> records
	rcode   int                 // instead of an answer
	large   bool                // every answer over UDP is cut short
}

func newZone(t *testing.T, records ...string) *zone {
	t.Helper()
	z := &zone{records: map[string][]dns.RR{}}
	for _, text := range records {
		record, err := dns.NewRR(text)
		require.NoError(t, err)
		key := record.Header().Name + " " + dns.TypeToString[record.Header().Rrtype]
		z.records[key] = append(z.records[key], record)
	}
	return z
}

func (z *zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	answer := new(dns.Msg)
	answer.SetReply(q)
	name, kind := strings.ToLower(q.Question[0].Name), dns.TypeToString[q.Question[0].Qtype]
	answer.Answer = z.records[name+" "+kind]
	if len(answer.Answer) == 0 {
		answer.Answer = z.records[name+" CNAME"]
	}
	if len(answer.Answer) == 0 {
		answer.Rcode = dns.RcodeNameError
	}
	if z.rcode != 0 {
		answer.SetRcode(q, z.rcode)
	}
	if z.large && w.LocalAddr().Network() == "udp" {
		answer.Answer, answer.Truncated = nil, true
	}
	_ = w.WriteMsg(answer)
}

// serve answers over UDP and TCP on one port and returns the address.
func (z *zone) serve(t *testing.T) string {
	t.Helper()
	listener, packets := bothListeners(t)
	for _, s := range []*dns.Server{{Listener: listener, Handler: z}, {PacketConn: packets, Handler: z}} {
		started, done := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() {
			defer close(done)
			_ = s.ActivateAndServe()
		}()
		<-started
		t.Cleanup(func() {
			_ = s.Shutdown()
			<-done
		})
	}
	return listener.Addr().String()
}

// bothListeners opens one port for TCP and UDP: a port that is free for one may be taken for the other.
func bothListeners(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return listener, packets
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		require.NoError(t, listener.Close())
	}
}

// fill replaces the {names} of a file in testdata.
func fill(t *testing.T, path string, names map[string]string) string {
	t.Helper()
	body, err := os.ReadFile("testdata/" + path)
	require.NoError(t, err)
	for name, value := range names {
		body = bytes.ReplaceAll(body, []byte("{"+name+"}"), []byte(value))
	}
	return string(body)
}

func host(u string) string {
	_, h, _ := strings.Cut(u, "://")
	return h
}
