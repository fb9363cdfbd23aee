package media

import (
	"bytes"
	"crypto"
	_ "crypto/sha256" // registers what fingerprints are made by
	_ "crypto/sha512"
	"encoding/hex"
	"strings"
)

// fingerprint is the hash of a certificate, as a description says it (RFC 8122 section 5).
type fingerprint struct {
	hash crypto.Hash
	sum  string // raw bytes
}

// parseFingerprint reads "sha-256 AB:CD:...". SHA-1 and MD5 are none: who can forge them can sit between the ends.
func parseFingerprint(s string) (fingerprint, bool) {
	name, digits, _ := strings.Cut(strings.TrimSpace(s), " ")
	hashes := map[string]crypto.Hash{"sha-256": crypto.SHA256, "sha-384": crypto.SHA384, "sha-512": crypto.SHA512}
	hash, ok := hashes[strings.ToLower(name)]
	if !ok {
		return fingerprint{}, false
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), ":", ""))
	return fingerprint{hash: hash, sum: string(raw)}, err == nil && len(raw) == hash.Size()
}

// matches reports whether a certificate in DER is the one.
func (f fingerprint) matches(certificate []byte) bool {
	if f.sum == "" {
		return false
	}
	h := f.hash.New()
	h.Write(certificate)
	return bytes.Equal(h.Sum(nil), []byte(f.sum))
}

// fingerprintOf writes the value of a=fingerprint for our own certificate.
func fingerprintOf(certificate []byte) string {
	h := crypto.SHA256.New()
	h.Write(certificate)
	digits := strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return "sha-256 " + strings.Join(pairs, ":")
}
