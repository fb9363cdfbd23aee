package devicecert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // G505: some makers' certificates are signed so; only where the operator allows it
	"crypto/x509"
	"time"

	"dialtone/fault"
)

const (
	// maxPath is how many certificates a path has at most, the phone's and the root included.
	maxPath = 4
	// maxChecks bounds the signatures that one phone makes us check: a hostile chain mustn't cost more than an honest one with a detour.
	maxChecks = 12
)

// search looks for the way from a phone's certificate to a root of one maker.
type search struct {
	vendor    vendor
	presented []*x509.Certificate
	now       time.Time
	checks    int
	known     bool // a certificate of the maker's issued what was looked at, so that this maker's refusal is the telling one
}

// toRoot returns nil when the certificate leads to a root.
func (s *search) toRoot(leaf *x509.Certificate) error { return s.climb(leaf, 1, 0) }

// climb looks for a way from a certificate that is so far up the path, with so many CAs below it that someone else issued.
func (s *search) climb(c *x509.Certificate, depth, below int) error {
	if err := s.judge(c); err != nil {
		return err
	}
	if depth > 1 && s.vendor.isRoot(c) {
		return nil
	}
	refused := unknownIssuer(c)
	if depth == maxPath {
		return fault.New(fault.Denied, "The certificate's path to a root is longer than %d certificates.", maxPath)
	}
	for _, issuer := range s.issuersOf(c) {
		if s.checks++; s.checks > maxChecks {
			return fault.New(fault.Denied, "The certificates that were shown lead too many ways.")
		}
		s.known = s.known || s.vendor.has(issuer)
		if err := s.issued(issuer, c, below); err != nil {
			refused = err
			continue
		}
		further := below
		if string(issuer.RawIssuer) != string(issuer.RawSubject) {
			further++
		}
		if refused = s.climb(issuer, depth+1, further); refused == nil {
			return nil
		}
	}
	return refused
}

// judge refuses what is revoked, or isn't valid now.
func (s *search) judge(c *x509.Certificate) error {
	switch {
	case s.vendor.revokes(c):
		return fault.New(fault.Denied, "The certificate with serial number %s has been revoked by its maker.", c.SerialNumber.Text(16))
	case s.now.Before(c.NotBefore):
		return fault.New(fault.Denied, "The certificate is valid from %s on.", c.NotBefore.UTC().Format(time.DateOnly))
	case s.now.After(c.NotAfter) && !s.vendor.policy.Expired:
		return fault.New(fault.Denied, "The certificate of %s expired on %s. The policy of %s can let it count all the same.", short(c.Subject.String()), c.NotAfter.UTC().Format(time.DateOnly), s.vendor.name)
	}
	return nil
}

// issuersOf returns the loaded and the presented CAs with the name of a certificate's issuer, the loaded ones first.
func (s *search) issuersOf(c *x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, list := range [][]*x509.Certificate{s.vendor.cas, s.presented} {
		for _, ca := range list {
			if string(ca.RawSubject) == string(c.RawIssuer) && !ca.Equal(c) {
				out = append(out, ca)
			}
		}
	}
	return out
}

// issued refuses an issuer that may issue nothing, or that didn't issue the certificate. below counts the CAs between.
func (s *search) issued(issuer, c *x509.Certificate, below int) error {
	limited := issuer.MaxPathLen > 0 || issuer.MaxPathLenZero
	switch {
	case !mayIssue(issuer):
		return fault.New(fault.Denied, "%s isn't a certificate that may issue others.", short(issuer.Subject.String()))
	case limited && below > issuer.MaxPathLen:
		return fault.New(fault.Denied, "%s may not issue over so many steps.", short(issuer.Subject.String()))
	}
	return checkSignature(issuer, c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature, s.vendor.policy.SHA1)
}

// mayIssue reports whether a certificate is a CA's (RFC 5280 sections 4.2.1.3 and 4.2.1.9). Other extensions are passed over, critical or not: makers put
// odd ones into their certificates.
func mayIssue(c *x509.Certificate) bool {
	return c.BasicConstraintsValid && c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// isRoot reports whether a path may end here: the certificate was loaded, and whoever issued it wasn't.
func (v vendor) isRoot(c *x509.Certificate) bool {
	if !v.has(c) {
		return false
	}
	for _, ca := range v.cas {
		if string(ca.RawSubject) == string(c.RawIssuer) && !ca.Equal(c) && string(c.RawIssuer) != string(c.RawSubject) {
			return false
		}
	}
	return true
}

func (v vendor) has(c *x509.Certificate) bool {
	for _, ca := range v.cas {
		if ca.Equal(c) {
			return true
		}
	}
	return false
}

// checkSignature refuses what the issuer's key didn't sign. The library refuses SHA-1 whatever one wants, so that this is by hand.
func checkSignature(issuer *x509.Certificate, algorithm x509.SignatureAlgorithm, signed, signature []byte, allowSHA1 bool) error {
	var err error
	switch algorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		if !allowSHA1 {
			return fault.New(fault.Denied, "The certificate is signed with SHA-1, which the policy of its maker doesn't allow.")
		}
		err = checkSHA1(issuer, algorithm, signed, signature)
	default:
		err = issuer.CheckSignature(algorithm, signed, signature)
	}
	if err != nil {
		return fault.Wrap(fault.Denied, err, "%s didn't sign the certificate", short(issuer.Subject.String()))
	}
	return nil
}

func checkSHA1(issuer *x509.Certificate, algorithm x509.SignatureAlgorithm, signed, signature []byte) error {
	sum := sha1.Sum(signed)
	switch key := issuer.PublicKey.(type) {
	case *rsa.PublicKey:
		if algorithm == x509.SHA1WithRSA {
			return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
		}
	case *ecdsa.PublicKey:
		if algorithm == x509.ECDSAWithSHA1 && ecdsa.VerifyASN1(key, sum[:], signature) {
			return nil
		}
	}
	return x509.ErrUnsupportedAlgorithm
}
