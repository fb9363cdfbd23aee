package pki

import (
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"slices"
)

// The files that an operator whose own certificate isn't RSA puts beside it for old phones.
const (
	legacyCertificate = "server-rsa.pem"
	legacyKey         = "server-rsa.key"
)

// ephemeralSuites have forward secrecy; the server signs in their handshake. AES and ChaCha only, as 3DES and RC4 can be broken from what is heard.
func ephemeralSuites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	}
}

// staticSuites exchange keys by RSA, as phones do that were made before there were others.
func staticSuites() []uint16 {
	return []uint16{
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
	config := &tls.Config{ //nolint:gosec // G402: TLS 1.0 is what this listener is for, and why it is off unless asked for
		MinVersion:     tls.VersionTLS10,
		MaxVersion:     tls.VersionTLS12,
		CipherSuites:   append(ephemeralSuites(), staticSuites()...),
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(), nil },
	}
	unsigned := config.Clone()
	unsigned.CipherSuites = staticSuites()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedVersions, tls.VersionTLS12) && !slices.ContainsFunc(hello.SignatureSchemes, isModernRSA) {
			return unsigned, nil
		}
		return nil, nil //nolint:nilnil // that is crypto/tls's way to say: this configuration
	}
	return config, nil
}

// isModernRSA reports whether a scheme is one that crypto/tls signs with in TLS 1.2. It refuses SHA-1, which is all that the first phones with TLS 1.2
// take: for them there must be no signature, and so no forward secrecy, and no question for a certificate of theirs.
func isModernRSA(scheme tls.SignatureScheme) bool {
	switch scheme {
	case tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512:
		return true
	default:
		return false
	}
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
