// Package pki holds the certificates that the server shows to phones and clients: the operator's own, or ones that it makes.
//
// It owns the files of one folder, a small certificate authority (CA) for installations that bring no certificate, and the tls.Config that the
// doors listen with. It never listens, never judges a client and never hands out a private key. Start at Open, then own.go for what it makes
// and operator.go for what it is given; reload.go exchanges certificates while the server runs.
package pki

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config says where the files are and whom the certificate is for.
type Config struct {
	Dir   string       // made when it isn't there, open to its owner alone
	Names []string     // host names by which phones and clients reach us, wildcards too; the first one is the certificate's common name
	IPs   []netip.Addr // addresses by which they do; a name or an address is required

	Now    func() time.Time // default time.Now
	Random io.Reader        // for serial numbers and the CA's name, default crypto/rand; keys always come from the system's source
	Logger *slog.Logger     // default slog.Default()
}

// Authority is the certificate that we show, and the CA behind it where that is known. It is safe for concurrent use.
type Authority struct {
	config        Config
	caCertificate []byte
	load          func() (*tls.Certificate, error) // reads the certificate again, or makes a new one when its time has come
	current       atomic.Pointer[tls.Certificate]

	checking  sync.Mutex   // held by the one who looks whether there is a newer certificate
	nextCheck atomic.Int64 // Unix time in nanoseconds
	lastError string       // of the last check, guarded by checking: each failure is logged once
}

// Open reads or makes the certificate. If Dir holds server.pem and server.key, the operator put them there and they are used: PEM, the
// certificate first and then those that lead to its root, the key without a passphrase. Otherwise the folder gets a CA (ca.pem, ca.key: RSA-2048, 10
// years) and a certificate of its own for the names and addresses (issued.pem, issued.key: RSA-2048, as phones made before about 2019
// take no other kind; 825 days), which is made anew when it has less than 30 days left or when names or addresses have changed.
//
// An error names the file and says what to do. A certificate that has expired, or that doesn't name us, is only warned about: a phone whose
// clock is wrong, or that doesn't check, is still better served than refused.
func Open(ctx context.Context, c Config) (*Authority, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder for certificates can't be made: %w", err)
	}
	a := &Authority{config: c}
	open := a.openOwn
	if exists(a.path(operatorCertificate)) || exists(a.path(operatorKey)) {
		open = a.openOperators
	}
	if err := open(ctx); err != nil {
		return nil, err
	}
	certificate, err := a.load()
	if err != nil {
		return nil, err
	}
	a.show(certificate)
	return a, nil
}

// show shows a certificate from now on, until the next check.
func (a *Authority) show(certificate *tls.Certificate) {
	a.current.Store(certificate)
	a.nextCheck.Store(a.config.Now().Add(checkInterval).UnixNano())
}

// CACertificate returns the CA certificate that phones must trust, as PEM; nil when the operator's certificate needs none of ours, because its ca.pem
// isn't there or isn't the one that signed it. The caller must not write to it.
func (a *Authority) CACertificate() []byte { return a.caCertificate }

// ServerConfig returns a new configuration for a listener: TLS 1.2 at least, resumption by session tickets, the same certificate for whatever name
// a client asks for and for one that asks for none. Clients aren't asked for a certificate. A certificate that is exchanged on disk is
// shown within seconds, without a restart.
func (a *Authority) ServerConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.certificate(), nil },
	}
}

// dnsName is what may stand in a certificate: a host name, or a wildcard for its first label (RFC 9525 section 6.3).
var dnsName = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (c Config) validate() error {
	if c.Dir == "" {
		return errors.New("pki: no folder for certificates is given")
	}
	if len(c.Names)+len(c.IPs) == 0 {
		return errors.New("pki: a certificate needs a name or an address to be for")
	}
	for _, name := range c.Names {
		if !dnsName.MatchString(canonical(name)) || len(name) > 253 {
			return fmt.Errorf("pki: %q is no host name that a certificate could be for", name)
		}
	}
	for _, ip := range c.IPs {
		if !ip.IsValid() || ip.Zone() != "" {
			return fmt.Errorf("pki: %s is no address that a certificate could be for", ip)
		}
	}
	return nil
}

func (c Config) withDefaults() Config {
	var names []string
	for _, name := range c.Names {
		if name = canonical(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var ips []netip.Addr
	for _, ip := range c.IPs {
		if ip = ip.Unmap(); !slices.Contains(ips, ip) {
			ips = append(ips, ip)
		}
	}
	c.Names, c.IPs = names, ips
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (a *Authority) path(name string) string { return filepath.Join(a.config.Dir, name) }
