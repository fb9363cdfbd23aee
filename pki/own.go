package pki

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"
)

// The files that we make. The keys are written before the certificates, so that a crash in between leaves nothing worse than a key, for which
// the certificate is made at the next start.
const (
	caCertificate     = "ca.pem"
	caKey             = "ca.key"
	issuedCertificate = "issued.pem"
	issuedKey         = "issued.key"
)

const (
	day         = 24 * time.Hour
	caLifetime  = 3652 * day // ten years, as phones that trust it are hard to teach another one
	lifetime    = 825 * day  // the longest that clients accept (CA/Browser Forum before 2020; Apple for private CAs)
	renewBefore = 30 * day
	// backdated makes certificates valid for phones whose clock is a bit behind, or in another time zone.
	backdated = day
	keyBits   = 2048
)

// openOwn opens our CA, or makes it, and has certificates issued by it.
func (a *Authority) openOwn(ctx context.Context) error {
	authority, authorityKey, err := a.openCA(ctx)
	if err != nil {
		return err
	}
	key, err := a.openKey(ctx, issuedKey)
	if err != nil {
		return err
	}
	a.caCertificate = encodeCertificate(authority.Raw)
	var current *tls.Certificate
	a.load = func() (*tls.Certificate, error) {
		if current != nil && a.isGood(current.Leaf, authority, key) {
			return current, nil
		}
		leaf, err := a.readCertificate(issuedCertificate)
		if err != nil || !a.isGood(leaf, authority, key) {
			leaf, err = a.issue(authority, authorityKey, key)
		}
		if err != nil {
			return nil, err
		}
		current = &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
		return current, nil
	}
	return nil
}

// openCA reads ca.pem and ca.key, or makes them.
func (a *Authority) openCA(ctx context.Context) (*x509.Certificate, *rsa.PrivateKey, error) {
	known := exists(a.path(caCertificate))
	if known && !exists(a.path(caKey)) {
		return nil, nil, fmt.Errorf("%s is there, but %s isn't: put the key back, put %s and %s there to use a certificate of your own, or take %s away to have a new CA made",
			a.path(caCertificate), caKey, operatorCertificate, operatorKey, caCertificate)
	}
	key, err := a.openKey(ctx, caKey)
	if err != nil {
		return nil, nil, err
	}
	if !known {
		certificate, err := a.makeCA(key)
		return certificate, key, err
	}
	certificate, err := a.readCertificate(caCertificate)
	if err != nil {
		return nil, nil, err
	}
	return certificate, key, a.checkCA(certificate, key)
}

func (a *Authority) checkCA(certificate *x509.Certificate, key *rsa.PrivateKey) error {
	path := a.path(caCertificate)
	switch left := certificate.NotAfter.Sub(a.config.Now()); {
	case !key.PublicKey.Equal(certificate.PublicKey):
		return fmt.Errorf("%s doesn't fit %s: put the pair back from a backup, or take both away to have a new CA made", a.path(caKey), path)
	case !certificate.IsCA:
		return fmt.Errorf("%s is no CA certificate: put the pair back from a backup, or take it and %s away to have a new CA made", path, caKey)
	case left <= 0:
		return fmt.Errorf("%s expired on %s: take it and %s away to have a new CA made; phones then have to fetch it again",
			path, certificate.NotAfter.Format(time.DateOnly), caKey)
	case left < 365*day:
		a.config.Logger.Warn("the CA expires within a year: plan a new one, which phones have to fetch before that", "file", path, "expires", certificate.NotAfter)
	}
	return nil
}

// makeCA makes the CA's certificate for its key.
func (a *Authority) makeCA(key *rsa.PrivateKey) (*x509.Certificate, error) {
	id := make([]byte, 4)
	if _, err := io.ReadFull(a.config.Random, id); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	now := a.config.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Dialtone"}, CommonName: "Dialtone CA " + hex.EncodeToString(id)},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true, // it signs servers, no other CAs
	}
	certificate, err := a.sign(template, template, &key.PublicKey, key, caCertificate)
	if err == nil {
		a.config.Logger.Info("made a CA of our own", "file", a.path(caCertificate), "name", template.Subject.CommonName)
	}
	return certificate, err
}

// issue makes a certificate for our names and addresses. The key stays the same, so that the files fit each other at every moment.
func (a *Authority) issue(authority *x509.Certificate, authorityKey, key *rsa.PrivateKey) (*x509.Certificate, error) {
	now := a.config.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: a.commonName()},
		NotBefore:             now.Add(-backdated),
		NotAfter:              a.expiry(authority),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, // the second is for RSA key exchange (RFC 5246 section 7.4.2)
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              a.config.Names,
		IPAddresses:           addresses(a.config.IPs),
	}
	certificate, err := a.sign(template, authority, &key.PublicKey, authorityKey, issuedCertificate)
	if err == nil {
		a.config.Logger.Info("made a server certificate", "file", a.path(issuedCertificate), "names", a.config.Names, "addresses", a.config.IPs, "expires", template.NotAfter)
	}
	return certificate, err
}

// expiry is when a certificate that is issued now expires: never later than its CA.
func (a *Authority) expiry(authority *x509.Certificate) time.Time {
	full := a.config.Now().Add(lifetime - backdated) // the lifetime counts from the back-dated beginning
	if authority.NotAfter.Before(full) {
		return authority.NotAfter
	}
	return full.UTC().Truncate(time.Second) // as precise as it is written
}

// commonName is the first name, or address, that fits into a common name's 64 bytes (RFC 5280 appendix A.1).
func (a *Authority) commonName() string {
	for _, name := range a.config.Names {
		if len(name) <= 64 {
			return name
		}
	}
	for _, ip := range a.config.IPs {
		return ip.String()
	}
	return "Dialtone"
}

// isGood reports whether the certificate that was issued earlier still does.
func (a *Authority) isGood(leaf, authority *x509.Certificate, key *rsa.PrivateKey) bool {
	now := a.config.Now()
	fresh := leaf.NotAfter.Sub(now) >= renewBefore || !a.expiry(authority).After(leaf.NotAfter) // no use in making one that ends no later
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now})
	return fresh && err == nil && key.PublicKey.Equal(leaf.PublicKey) &&
		sameSet(leaf.DNSNames, a.config.Names) && sameSet(texts(leaf.IPAddresses), texts(addresses(a.config.IPs)))
}

func (a *Authority) sign(template, parent *x509.Certificate, public *rsa.PublicKey, signer *rsa.PrivateKey, name string) (*x509.Certificate, error) {
	serial := make([]byte, 16) // RFC 5280 section 4.1.2.2: positive, at most 20 bytes
	if _, err := io.ReadFull(a.config.Random, serial); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	serial[0] = serial[0]&0x7f | 0x40
	template.SerialNumber = new(big.Int).SetBytes(serial)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", a.path(name), err)
	}
	if err := a.write(name, encodeCertificate(der), 0o644); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// openKey reads a private key of ours, or makes it.
func (a *Authority) openKey(ctx context.Context, name string) (*rsa.PrivateKey, error) {
	if exists(a.path(name)) {
		return a.readKey(name)
	}
	if err := ctx.Err(); err != nil { // making a key takes a moment
		return nil, context.Cause(ctx)
	}
	key, err := rsa.GenerateKey(a.config.Random, keyBits)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", a.path(name), err)
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", a.path(name), err)
	}
	return key, a.write(name, text, 0o600)
}

func addresses(ips []netip.Addr) []net.IP {
	out := make([]net.IP, len(ips))
	for i, ip := range ips {
		out[i] = ip.AsSlice()
	}
	return out
}

func texts(ips []net.IP) []string {
	out := make([]string, len(ips))
	for i, ip := range ips {
		out[i] = ip.String()
	}
	return out
}

func sameSet[T cmp.Ordered](a, b []T) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
