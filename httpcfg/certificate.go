package httpcfg

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
)

// CertificateHeader is how a trusted proxy passes on the certificate that a phone showed it.
type CertificateHeader string

// The headers.
const (
	NoCertificateHeader CertificateHeader = ""                  // none is read
	ClientCert          CertificateHeader = "Client-Cert"       // RFC 9440, with Client-Cert-Chain for the certificates between
	SSLClientCert       CertificateHeader = "X-SSL-Client-Cert" // PEM with percent escapes, as nginx's $ssl_client_escaped_cert
)

// The bounds of what a phone may show. Factory certificates have one to two kB, and two others between them and their root.
const (
	maxCertificates     = 6
	maxCertificateBytes = 24 << 10 // of all together, in DER
)

// bounded returns certificates, or none when there are too many of them or they are too large.
func bounded(certificates []*x509.Certificate) []*x509.Certificate {
	size := 0
	for _, c := range certificates {
		size += len(c.Raw)
	}
	if len(certificates) > maxCertificates || size > maxCertificateBytes {
		return nil
	}
	return certificates
}

// read returns the certificates that a proxy passed on, the phone's first. What is malformed, too much or there twice is as if nothing was there.
func (c CertificateHeader) read(header http.Header) []*x509.Certificate {
	values := header[http.CanonicalHeaderKey(string(c))]
	if c == NoCertificateHeader || len(values) != 1 {
		return nil
	}
	var all [][]byte
	switch c {
	case ClientCert:
		all = readClientCert(values[0], header["Client-Cert-Chain"])
	case SSLClientCert:
		all = readEscapedPEM(values[0])
	}
	return parsed(all)
}

// parsed parses certificates, or none of them when one is broken.
func parsed(all [][]byte) []*x509.Certificate {
	if len(all) > maxCertificates {
		return nil
	}
	certificates := make([]*x509.Certificate, 0, len(all))
	for _, der := range all {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil
		}
		certificates = append(certificates, c)
	}
	return bounded(certificates)
}

// readClientCert reads RFC 9440: the phone's certificate is a byte sequence, those between are a list of such.
func readClientCert(own string, between []string) [][]byte {
	der, rest, ok := byteSequence(own)
	if !ok || rest != "" {
		return nil
	}
	all := [][]byte{der}
	for _, list := range between {
		for rest = list; rest != "" && len(all) <= maxCertificates; rest = strings.TrimPrefix(rest, ",") {
			if der, rest, ok = byteSequence(rest); !ok || rest != "" && rest[0] != ',' {
				return nil
			}
			all = append(all, der)
		}
	}
	return all
}

// byteSequence reads one byte sequence (RFC 8941 section 3.3.5) with the white space around it, and returns what follows. Parameters, which
// RFC 9440 has none of, are refused.
func byteSequence(s string) (der []byte, rest string, ok bool) {
	s, begun := strings.CutPrefix(strings.TrimLeft(s, " \t"), ":")
	encoded, rest, ended := strings.Cut(s, ":")
	if !begun || !ended || len(encoded) > base64.StdEncoding.EncodedLen(maxCertificateBytes) || strings.ContainsAny(encoded, "\r\n") {
		return nil, "", false
	}
	der, err := base64.StdEncoding.DecodeString(encoded)
	return der, strings.TrimLeft(rest, " \t"), err == nil && len(der) > 0
}

// readEscapedPEM reads PEM with percent escapes, in which a plus is a plus.
func readEscapedPEM(value string) [][]byte {
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil
	}
	var all [][]byte
	for rest := []byte(text); len(all) <= maxCertificates; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil
		}
		all = append(all, block.Bytes)
	}
	return all
}
