package pki

import (
	"crypto/rsa"
	"crypto/tls"
	"fmt"
)

// The files that an operator whose own certificate isn't RSA puts beside it for old phones.
const (
	legacyCertificate = "server-rsa.pem"
	legacyKey         = "server-rsa.key"
)

// legacySuites are what phones know that were made before TLS 1.2, and those of TLS 1.2 that have no others: with forward secrecy first, then RSA key
// exchange; AES only, as 3DES and RC4 can be broken from what is heard.
func legacySuites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	}
}

// LegacyServerConfig is ServerConfig for a listener of its own, for phones that know no TLS that is safe today: TLS 1.0 to 1.2, also with RSA key exchange
// and CBC, and an RSA certificate. An operator's certificate of another kind needs one beside it, server-rsa.pem and server-rsa.key; an error says so.
func (a *Authority) LegacyServerConfig() (*tls.Config, error) {
	certificate := a.certificate
	if _, ok := certificate().PrivateKey.(*rsa.PrivateKey); !ok {
		beside, err := a.openLegacy()
		if err != nil {
			return nil, err
		}
		certificate = beside.certificate
	}
	return &tls.Config{ //nolint:gosec // G402: TLS 1.0 is what this listener is for, and why it is off unless asked for
		MinVersion:     tls.VersionTLS10,
		MaxVersion:     tls.VersionTLS12,
		CipherSuites:   legacySuites(),
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(), nil },
	}, nil
}

// openLegacy opens the RSA certificate beside the operator's own.
func (a *Authority) openLegacy() (*Authority, error) {
	if !exists(a.path(legacyCertificate)) && !exists(a.path(legacyKey)) {
		return nil, fmt.Errorf("%s holds no RSA certificate, which the listener for old phones needs: put one beside it as %s and %s", a.path(operatorCertificate), legacyCertificate, legacyKey)
	}
	beside := &Authority{config: a.config}
	if err := beside.openPair(legacyCertificate, legacyKey); err != nil {
		return nil, err
	}
	first, err := beside.load()
	if err != nil {
		return nil, err
	}
	if _, ok := first.PrivateKey.(*rsa.PrivateKey); !ok {
		return nil, fmt.Errorf("%s holds no RSA certificate, which old phones need: put one there", a.path(legacyCertificate))
	}
	beside.show(first)
	return beside, nil
}
