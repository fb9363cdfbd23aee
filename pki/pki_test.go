package pki_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/pki"
)

// start is the moment at which the shared folder was made.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sharedFolder makes one folder for all tests that only need a finished one: keys take their time.
var sharedFolder = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pki-test-*")
	if err != nil {
		return "", err
	}
	_, err = pki.Open(context.Background(), config(filepath.Join(dir, "tls")))
	return dir, err
})

func TestMain(m *testing.M) {
	m.Run()
	if dir, err := sharedFolder(); err == nil {
		_ = os.RemoveAll(dir)
	}
}

func config(dir string) pki.Config {
	return pki.Config{
		Dir: dir, Names: []string{"phones.example.com", "*.sip.example.com"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")},
		Now: func() time.Time { return start }, Logger: slog.New(slog.DiscardHandler),
	}
}

// madeFolder returns a folder of the test's own that Open has filled.
func madeFolder(t *testing.T) string {
	t.Helper()
	shared, err := sharedFolder()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "tls")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"ca.pem", "ca.key", "issued.pem", "issued.key"} {
		content, err := os.ReadFile(filepath.Join(shared, "tls", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return dir
}

// operatorFolder returns a folder that holds the pair of another CA under the operator's names, and that CA's certificate beside it.
func operatorFolder(t *testing.T) (dir, ca string) {
	t.Helper()
	made, dir := madeFolder(t), t.TempDir()
	rename(t, filepath.Join(made, "issued.pem"), filepath.Join(dir, "server.pem"))
	rename(t, filepath.Join(made, "issued.key"), filepath.Join(dir, "server.key"))
	return dir, filepath.Join(made, "ca.pem")
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
}

func read(t *testing.T, elements ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return content
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	require.NotNil(t, block, "no PEM block")
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return certificate
}

// shown returns the certificate that a client gets who asks for a name, or for none.
func shown(t *testing.T, a *pki.Authority, name string) *x509.Certificate {
	t.Helper()
	client, server := net.Pipe()
	defer func() { assert.NoError(t, client.Close()) }()
	done := make(chan error, 1)
	go func() {
		tlsServer := tls.Server(server, a.ServerConfig())
		done <- errors.Join(tlsServer.Handshake(), server.Close())
	}()
	conn := tls.Client(client, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	require.NoError(t, conn.Handshake())
	require.NoError(t, drain(conn))
	require.NoError(t, <-done)
	return conn.ConnectionState().PeerCertificates[0]
}

// drain reads the session tickets that come after the handshake.
func drain(conn *tls.Conn) error {
	_, err := io.ReadAll(conn)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func TestOpenMakesACAndACertificateOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "tls")
	first, err := pki.Open(t.Context(), config(dir))
	require.NoError(t, err)
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		files[e.Name()] = read(t, dir, e.Name())
	}
	assert.Len(t, files, 4, "a CA and a certificate with their keys, and no temporary file")
	assert.Equal(t, string(files["ca.pem"]), string(first.CACertificate()))

	second, err := pki.Open(t.Context(), config(dir))
	require.NoError(t, err)
	assert.Equal(t, first.CACertificate(), second.CACertificate())
	for name, content := range files {
		assert.Equal(t, content, read(t, dir, name), "%s was written again", name)
	}
	assert.Equal(t, shown(t, first, "").SerialNumber, shown(t, second, "").SerialNumber)
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	shared, err := sharedFolder()
	require.NoError(t, err)
	for name, want := range map[string]os.FileMode{"": 0o700, "ca.key": 0o600, "issued.key": 0o600, "ca.pem": 0o644, "issued.pem": 0o644} {
		info, err := os.Stat(filepath.Join(shared, "tls", name))
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), "mode of %q", name)
	}
}

func TestTheCAIsOneThatPhonesTake(t *testing.T) {
	t.Parallel()
	ca := parse(t, read(t, madeFolder(t), "ca.pem"))
	assert.True(t, ca.IsCA)
	assert.True(t, ca.BasicConstraintsValid)
	assert.True(t, ca.MaxPathLenZero)
	assert.Equal(t, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, ca.KeyUsage)
	assert.Equal(t, x509.SHA256WithRSA, ca.SignatureAlgorithm)
	assert.Equal(t, 2048, ca.PublicKey.(*rsa.PublicKey).N.BitLen())
	assert.Regexp(t, `^Dialtone CA [0-9a-f]{8}$`, ca.Subject.CommonName)
	assert.Equal(t, "2036-02-29", ca.NotAfter.Format(time.DateOnly))
	assert.NotEmpty(t, ca.SubjectKeyId)
}

func TestTheServerCertificateIsOneThatPhonesTake(t *testing.T) {
	t.Parallel()
	leaf := parse(t, read(t, madeFolder(t), "issued.pem"))
	assert.False(t, leaf.IsCA)
	assert.Equal(t, "phones.example.com", leaf.Subject.CommonName)
	assert.Equal(t, []string{"phones.example.com", "*.sip.example.com"}, leaf.DNSNames)
	assert.Equal(t, x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment, leaf.KeyUsage)
	assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, leaf.ExtKeyUsage)
	assert.Equal(t, 2048, leaf.PublicKey.(*rsa.PublicKey).N.BitLen())
	assert.Equal(t, 825*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore))
	assert.True(t, leaf.NotBefore.Before(start), "a phone whose clock is behind takes it, too")
	assert.Positive(t, leaf.SerialNumber.Sign())
	assert.LessOrEqual(t, leaf.SerialNumber.BitLen(), 159)
}

func TestTheCertificateVerifiesForEveryNameAndAddress(t *testing.T) {
	t.Parallel()
	a, err := pki.Open(t.Context(), config(madeFolder(t)))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(a.CACertificate()))
	leaf := shown(t, a, "")
	for _, host := range []string{"phones.example.com", "c1.sip.example.com", "192.0.2.7", "2001:db8::7"} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: start})
		assert.NoError(t, err, host)
	}
	for _, host := range []string{"other.example.com", "a.c1.sip.example.com", "sip.example.com", "192.0.2.8"} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: start})
		assert.Error(t, err, host)
	}
}

func TestServerConfig(t *testing.T) {
	t.Parallel()
	a, err := pki.Open(t.Context(), config(madeFolder(t)))
	require.NoError(t, err)
	c := a.ServerConfig()
	assert.Equal(t, uint16(0x0303), c.MinVersion, "TLS 1.2")
	assert.Equal(t, tls.NoClientCert, c.ClientAuth)
	assert.False(t, c.SessionTicketsDisabled)
	assert.NotSame(t, c, a.ServerConfig(), "each listener may change its own")
	for _, name := range []string{"", "phones.example.com", "somebody.else.example"} {
		assert.Equal(t, "phones.example.com", shown(t, a, name).Subject.CommonName, "asked for %q", name)
	}
}

func TestTheCertificateIsMadeAnew(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*pki.Config)
		anew   bool
	}{
		"nothing changed":           {func(*pki.Config) {}, false},
		"the same in another order": {func(c *pki.Config) { c.Names = []string{"*.sip.example.com", "PHONES.example.com."} }, false},
		"another name":              {func(c *pki.Config) { c.Names = append(c.Names, "new.example.com") }, true},
		"one name less":             {func(c *pki.Config) { c.Names = c.Names[:1] }, true},
		"another address":           {func(c *pki.Config) { c.IPs = c.IPs[:1] }, true},
		"31 days left":              {func(c *pki.Config) { c.Now = at(793) }, false},
		"29 days left":              {func(c *pki.Config) { c.Now = at(795) }, true},
		"expired":                   {func(c *pki.Config) { c.Now = at(900) }, true},
		"not valid yet":             {func(c *pki.Config) { c.Now = at(-30) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := madeFolder(t)
			before, ca := read(t, dir, "issued.pem"), read(t, dir, "ca.pem")
			c := config(dir)
			tt.change(&c)
			a, err := pki.Open(t.Context(), c)
			require.NoError(t, err)
			assert.Equal(t, tt.anew, !bytes.Equal(before, read(t, dir, "issued.pem")))
			assert.Equal(t, ca, a.CACertificate(), "phones trust the CA: it stays")
			leaf := shown(t, a, "")
			assert.Equal(t, leaf.Raw, parse(t, read(t, dir, "issued.pem")).Raw)
			if tt.anew {
				assert.ElementsMatch(t, c.Names, leaf.DNSNames)
				assert.True(t, leaf.NotAfter.After(c.Now().Add(700*24*time.Hour)))
			}
		})
	}
}

// at is a clock that stands days after the shared folder was made.
func at(days int) func() time.Time {
	return func() time.Time { return start.AddDate(0, 0, days) }
}

func TestTheCertificateEndsWithItsCA(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	c := config(dir)
	c.Now = at(3652 - 20)
	_, err := pki.Open(t.Context(), c)
	require.NoError(t, err)
	leaf := read(t, dir, "issued.pem")
	assert.Equal(t, parse(t, read(t, dir, "ca.pem")).NotAfter, parse(t, leaf).NotAfter)
	_, err = pki.Open(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, leaf, read(t, dir, "issued.pem"), "one that ends no later is no use")
}

func TestTheCertificateIsRenewedWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	now := start
	c := config(madeFolder(t))
	c.Now = func() time.Time { return now }
	a, err := pki.Open(t.Context(), c)
	require.NoError(t, err)
	first := shown(t, a, "")
	now = start.AddDate(0, 0, 100)
	assert.Equal(t, first.Raw, shown(t, a, "").Raw)
	now = start.AddDate(0, 0, 800)
	assert.NotEqual(t, first.SerialNumber, shown(t, a, "").SerialNumber)
	assert.Equal(t, 2030, shown(t, a, "").NotAfter.Year())
}

func TestOpenFinishesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"ca.pem", "issued.pem", "issued.key"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			dir := madeFolder(t)
			require.NoError(t, os.Remove(filepath.Join(dir, lost)))
			a, err := pki.Open(t.Context(), config(dir))
			require.NoError(t, err)
			roots := x509.NewCertPool()
			roots.AddCert(parse(t, a.CACertificate()))
			_, err = shown(t, a, "").Verify(x509.VerifyOptions{Roots: roots, DNSName: "phones.example.com", CurrentTime: start})
			assert.NoError(t, err)
		})
	}
}

func TestOpenSaysWhichFileIsBrokenAndWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		damage func(f folder)
		want   []string
	}{
		"CA key lost":           {func(f folder) { f.remove("ca.key") }, []string{"ca.pem is there", "ca.key isn't", "put"}},
		"CA key of another":     {func(f folder) { f.write("ca.key", f.anotherKey()) }, []string{"ca.key doesn't fit", "ca.pem", "backup"}},
		"CA key torn":           {func(f folder) { f.write("ca.key", []byte("-----BEGIN")) }, []string{"ca.key", "no private key", "backup"}},
		"CA key garbled":        {func(f folder) { f.write("ca.key", garbled("PRIVATE KEY")) }, []string{"ca.key", "can't be read", "backup"}},
		"CA certificate empty":  {func(f folder) { f.write("ca.pem", nil) }, []string{"ca.pem", "no certificate", "BEGIN CERTIFICATE"}},
		"CA certificate broken": {func(f folder) { f.write("ca.pem", garbled("CERTIFICATE")) }, []string{"ca.pem", "can't be read", "intact"}},
		"CA certificate is none": {func(f folder) {
			f.write("ca.pem", f.read("issued.pem"))
			f.write("ca.key", f.read("issued.key"))
		}, []string{"ca.pem is no CA", "backup"}},
		"CA key is a folder":       {func(f folder) { f.remove("ca.key"); f.mkdir("ca.key") }, []string{"ca.key", "can't be read"}},
		"operator's key missing":   {func(f folder) { f.write("server.pem", f.read("issued.pem")) }, []string{"server.pem is there", "server.key isn't", "put it"}},
		"operator's cert. missing": {func(f folder) { f.write("server.key", f.read("issued.key")) }, []string{"server.key is there", "server.pem isn't"}},
		"operator's pair differs": {func(f folder) {
			f.write("server.pem", f.read("ca.pem"))
			f.write("server.key", f.read("issued.key"))
		}, []string{"server.key doesn't fit", "server.pem", "put the key"}},
		"operator's key garbled": {func(f folder) {
			f.write("server.pem", f.read("issued.pem"))
			f.write("server.key", garbled("PRIVATE KEY"))
		}, []string{"server.key", "no private key", "passphrase"}},
		"operator's cert. is none": {func(f folder) {
			f.write("server.pem", f.read("issued.key"))
			f.write("server.key", f.read("issued.key"))
		}, []string{"server.pem", "no certificate", "BEGIN CERTIFICATE"}},
		"operator's CA garbled": {func(f folder) {
			f.write("server.pem", f.read("issued.pem"))
			f.write("server.key", f.read("issued.key"))
			f.write("ca.pem", garbled("CERTIFICATE"))
		}, []string{"ca.pem", "can't be read"}},
		"a link to nowhere": {func(f folder) {
			f.link("gone", "server.pem")
			f.write("server.key", f.read("issued.key"))
		}, []string{"server.pem", "can't be read"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := madeFolder(t)
			tt.damage(folder{t, dir})
			_, err := pki.Open(t.Context(), config(dir))
			require.Error(t, err)
			assert.Contains(t, err.Error(), dir, "the error names the place")
			assert.NotContains(t, err.Error(), "\n")
			for _, want := range tt.want {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}

func TestOpenRefusesAnExpiredCA(t *testing.T) {
	t.Parallel()
	dir := madeFolder(t)
	c := config(dir)
	c.Now = at(3653)
	_, err := pki.Open(t.Context(), c)
	require.Error(t, err)
	assert.Contains(t, err.Error(), filepath.Join(dir, "ca.pem")+" expired on 2036-02-29")
}

func TestOpenRefusesAFolderThatCantBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(file), "file", nil)
	_, err := pki.Open(t.Context(), config(filepath.Join(file, "tls")))
	require.Error(t, err)
	assert.Contains(t, err.Error(), file)
}

func TestOpenStopsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pki.Open(ctx, config(t.TempDir()))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestOpenRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*pki.Config)
		want   string
	}{
		"no folder":     {func(c *pki.Config) { c.Dir = "" }, "folder"},
		"nobody":        {func(c *pki.Config) { c.Names, c.IPs = nil, nil }, "name or an address"},
		"a bad name":    {func(c *pki.Config) { c.Names = []string{"a b"} }, `"a b"`},
		"an empty name": {func(c *pki.Config) { c.Names = []string{""} }, `""`},
		"a wild middle": {func(c *pki.Config) { c.Names = []string{"a.*.example.com"} }, "a.*.example.com"},
		"a long name":   {func(c *pki.Config) { c.Names = []string{strings.Repeat("a.", 130) + "com"} }, "host name"},
		"no address":    {func(c *pki.Config) { c.IPs = []netip.Addr{{}} }, "address"},
		"a zone":        {func(c *pki.Config) { c.IPs = []netip.Addr{netip.MustParseAddr("fe80::1%eth0")} }, "fe80::1%eth0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t.TempDir())
			tt.change(&c)
			_, err := pki.Open(t.Context(), c)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestTheCommonNameFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63) + ".example.com"
	tests := map[string]struct {
		names []string
		ips   []netip.Addr
		want  string
	}{
		"the first that fits": {[]string{long, "short.example.com"}, nil, "short.example.com"},
		"an address":          {nil, []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.9")}, "192.0.2.9"},
		"none fits":           {[]string{long}, nil, "Dialtone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(madeFolder(t))
			c.Names, c.IPs = tt.names, tt.ips
			a, err := pki.Open(t.Context(), c)
			require.NoError(t, err)
			assert.Equal(t, tt.want, shown(t, a, "").Subject.CommonName)
		})
	}
}

// folder is a folder that a test damages.
type folder struct {
	t   *testing.T
	dir string
}

func (f folder) read(name string) []byte           { return read(f.t, f.dir, name) }
func (f folder) write(name string, content []byte) { write(f.t, f.dir, name, content) }
func (f folder) remove(name string)                { remove(f.t, f.dir, name) }
func (f folder) mkdir(name string)                 { require.NoError(f.t, os.Mkdir(filepath.Join(f.dir, name), 0o700)) }

func (f folder) link(to, name string) {
	require.NoError(f.t, os.Symlink(filepath.Join(f.dir, to), filepath.Join(f.dir, name)))
}

// anotherKey is a key that fits no certificate in the folder but one.
func (f folder) anotherKey() []byte { return f.read("issued.key") }

func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(dir, name)))
}

func garbled(block string) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: block, Bytes: []byte("garbled")})
}
