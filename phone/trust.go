package phone

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"
)

// trust decides which servers a phone believes: those that the system's roots, the given CA or a CA learned from the bootstrap vouch for.
type trust struct {
	insecure bool
	now      func() time.Time
	pools    []*x509.CertPool // the system's, the given one if any
	learned  *x509.CertPool
}

func newTrust(given *x509.CertPool, insecure bool, now func() time.Time) *trust {
	t := &trust{insecure: insecure, now: now, learned: x509.NewCertPool()}
	if system, err := x509.SystemCertPool(); err == nil { // a machine without roots trusts what it is given
		t.pools = append(t.pools, system)
	}
	if given != nil {
		t.pools = append(t.pools, given)
	}
	t.pools = append(t.pools, t.learned)
	return t
}

// learn takes in the CA certificates of a PEM text and returns their names.
func (t *trust) learn(text []byte) ([]string, error) {
	var names []string
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate in it can't be read")
		}
		t.learned.AddCert(certificate)
		names = append(names, certificate.Subject.CommonName)
	}
	if len(names) == 0 {
		return nil, errors.New("there is no certificate in PEM form in it")
	}
	return names, nil
}

// config is for one connection to the server of a name or address. Verification is ours instead of the standard library's, because a phone's
// trust is in several pools, which can't be joined; it checks the same things.
func (t *trust) config(server string) *tls.Config {
	return &tls.Config{
		ServerName:         server, // sent as SNI unless it is an address (RFC 6066 3)
		MinVersion:         tls.VersionTLS12,
		Time:               t.now,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection verifies
		VerifyConnection:   func(state tls.ConnectionState) error { return t.verify(server, state) },
	}
}

func (t *trust) verify(server string, state tls.ConnectionState) error {
	if t.insecure {
		return nil
	}
	if len(state.PeerCertificates) == 0 {
		return &untrusted{errors.New("it shows no certificate")}
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	var reason error
	for _, pool := range t.pools {
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
			DNSName: server, Roots: pool, Intermediates: between, CurrentTime: t.now(),
		})
		if err == nil {
			return nil
		}
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); reason == nil || !unknown {
			reason = err // a wrong name or date says more than one more CA that doesn't know the certificate
		}
	}
	return &untrusted{certificateWords(server, state.PeerCertificates[0], reason)}
}

// untrusted is a server whose certificate the phone doesn't believe.
type untrusted struct{ err error }

func (u *untrusted) Error() string { return u.err.Error() }
func (u *untrusted) Unwrap() error { return u.err }

func certificateWords(server string, leaf *x509.Certificate, err error) error {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		names := append([]string(nil), leaf.DNSNames...)
		for _, ip := range leaf.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) == 0 {
			return fmt.Errorf("its certificate names nobody, and should name %s", server)
		}
		return fmt.Errorf("its certificate is for %s, not for %s", strings.Join(names, ", "), server)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("its certificate is valid from %s to %s only", leaf.NotBefore.UTC().Format(time.DateOnly), leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("its certificate is signed by %q, which this phone doesn't trust", leaf.Issuer.CommonName)
	}
	return fmt.Errorf("its certificate isn't good: %w", err)
}

// inWords says why a connection failed, without the addresses and operations that the caller says better.
func inWords(err error) string {
	if u, ok := errors.AsType[*untrusted](err); ok {
		return u.Error()
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "nothing listens there"
	}
	if errors.Is(err, context.Canceled) {
		return "stopped"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
