package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// The files that an operator puts into the folder.
const (
	operatorCertificate = "server.pem"
	operatorKey         = "server.key"
)

// openOperators uses the pair that the operator put into the folder.
func (a *Authority) openOperators(context.Context) error {
	if err := a.openPair(operatorCertificate, operatorKey); err != nil {
		return err
	}
	return a.findOperatorsCA()
}

// openPair uses a pair of files, and reads it again whenever it has changed.
func (a *Authority) openPair(certificateName, keyName string) error {
	var last fileStamp
	var current *tls.Certificate
	a.load = func() (*tls.Certificate, error) {
		stamp, err := a.stampOf(certificateName, keyName)
		if err != nil {
			return nil, err
		}
		if current != nil && stamp == last {
			return current, nil
		}
		pair, err := a.readPair(certificateName, keyName)
		if err != nil {
			return nil, err
		}
		a.warnAbout(certificateName, pair.Leaf)
		current, last = pair, stamp
		return current, nil
	}
	_, err := a.readPair(certificateName, keyName)
	return err
}

func (a *Authority) readPair(certificateName, keyName string) (*tls.Certificate, error) {
	certificatePath, keyPath := a.path(certificateName), a.path(keyName)
	for _, other := range [][2]string{{certificateName, keyName}, {keyName, certificateName}} {
		if !exists(a.path(other[0])) {
			return nil, fmt.Errorf("%s is there, but %s isn't: put it beside the other, or take both away to have a certificate made", a.path(other[1]), other[0])
		}
	}
	if _, err := a.readCertificates(certificateName); err != nil {
		return nil, err
	}
	if _, err := a.readFile(keyName); err != nil {
		return nil, err
	}
	a.warnIfOpen(keyName)
	pair, err := tls.LoadX509KeyPair(certificatePath, keyPath)
	switch {
	case err == nil:
		return &pair, nil
	case strings.Contains(err.Error(), "does not match"):
		return nil, fmt.Errorf("%s doesn't fit the first certificate of %s: put the key that belongs to it there, and the server's own certificate before those of its CA", keyPath, certificatePath)
	default:
		return nil, fmt.Errorf("%s holds no private key that can be read (%w): put it there as PEM, without a passphrase", keyPath, err)
	}
}

// findOperatorsCA takes ca.pem for the CA that phones must trust, if it is: one left over from another certificate would make phones refuse us.
func (a *Authority) findOperatorsCA() error {
	if !exists(a.path(caCertificate)) {
		return nil
	}
	roots, err := a.readCertificates(caCertificate)
	if err != nil {
		return err
	}
	chain, err := a.readCertificates(operatorCertificate)
	if err != nil {
		return err
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: middleOf(chain[0]), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	for _, intermediate := range chain[1:] {
		options.Intermediates.AddCert(intermediate)
	}
	if _, err := chain[0].Verify(options); err != nil {
		a.config.Logger.Warn("the CA certificate isn't the one that signed the server's, so that phones aren't told of it", "file", a.path(caCertificate), "error", err)
		return nil
	}
	a.caCertificate, err = a.readFile(caCertificate)
	return err
}

// middleOf is a moment at which the certificate is valid: whether it has expired is another question than who signed it.
func middleOf(leaf *x509.Certificate) time.Time {
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
}

// warnAbout warns about what will make phones refuse an operator's certificate.
func (a *Authority) warnAbout(name string, leaf *x509.Certificate) {
	path, now := a.path(name), a.config.Now()
	switch {
	case now.After(leaf.NotAfter):
		a.config.Logger.Warn("the server certificate has expired: phones that check it refuse us; put a new one there", "file", path, "expired", leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		a.config.Logger.Warn("the server certificate isn't valid yet", "file", path, "begins", leaf.NotBefore)
	case leaf.NotAfter.Sub(now) < renewBefore:
		a.config.Logger.Warn("the server certificate expires soon: put a new one there", "file", path, "expires", leaf.NotAfter)
	}
	for _, name := range a.config.Names {
		if leaf.VerifyHostname(strings.Replace(name, "*", "any", 1)) != nil {
			a.config.Logger.Warn("the server certificate isn't for a name by which phones reach us", "file", path, "name", name)
		}
	}
	for _, ip := range a.config.IPs {
		if leaf.VerifyHostname(ip.String()) != nil {
			a.config.Logger.Warn("the server certificate isn't for an address by which phones reach us", "file", path, "address", ip.String())
		}
	}
}
