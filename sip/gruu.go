package sip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dialtone/provisioning"
)

// gruus makes addresses that lead to one phone of a line and to no other (RFC 5627). The public one is line and instance in clear. The temporary
// one is both encrypted, another in every answer, so that whoever is called by it learns neither; nothing is stored for it, and any node with the
// same key can read it.
type gruus struct{ cipher cipher.AEAD }

// temporaryPrefix begins the user part of a temporary address, so that no line is taken for one.
const temporaryPrefix = "tgruu."

var gruuEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding) //nolint:gochecknoglobals // never changes. User parts are compared with case, but not by all

// newGRUUs makes them from a secret of 16 bytes or more; from none, there are no temporary ones.
func newGRUUs(key []byte) (*gruus, error) {
	if len(key) == 0 {
		return &gruus{}, nil
	}
	if len(key) < 16 {
		return nil, errors.New("sip: GRUUKey has fewer than 16 bytes")
	}
	sum := sha256.Sum256(key)
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	sealer, err := cipher.NewGCM(block)
	return &gruus{cipher: sealer}, err
}

// public returns the address that stays the phone's for as long as it is the line's. The instance stands in it without its angle brackets.
func (g *gruus) public(aor addressOfRecord, instance string) string {
	return "sip:" + url.PathEscape(aor.user) + "@" + aor.domain + ";gr=" + escapeParameter(strings.Trim(instance, "<>"))
}

// temporary returns an address that nobody can tell the phone by; "" if there is no key. It is bound to the Call-ID: a phone that starts anew has
// others (RFC 5627 section 4.1).
func (g *gruus) temporary(aor addressOfRecord, binding provisioning.Binding) string {
	if g.cipher == nil {
		return ""
	}
	nonce := make([]byte, g.cipher.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	plain := strings.Join([]string{aor.user, binding.InstanceID, binding.CallID}, "\n")
	sealed := g.cipher.Seal(nonce, nonce, []byte(plain), []byte(aor.domain))
	return "sip:" + temporaryPrefix + gruuEncoding.EncodeToString(sealed) + "@" + aor.domain + ";gr"
}

// resolve reads whose a temporary address is: the user of the domain, the instance, and the Call-ID of the registration that it was given with.
func (g *gruus) resolve(u uri) (user, instance, callID string, ok bool) {
	text, ok := strings.CutPrefix(u.userInfo, temporaryPrefix)
	if !ok || g.cipher == nil {
		return "", "", "", false
	}
	raw, err := gruuEncoding.DecodeString(strings.ToLower(text))
	if err != nil || len(raw) < g.cipher.NonceSize() {
		return "", "", "", false
	}
	plain, err := g.cipher.Open(nil, raw[:g.cipher.NonceSize()], raw[g.cipher.NonceSize():], []byte(u.host))
	if err != nil {
		return "", "", "", false
	}
	parts := strings.SplitN(string(plain), "\n", 3)
	if len(parts) != 3 {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

// isGRUU reports whether a contact is such an address itself, which would lead to nowhere but back to us.
func isGRUU(contact string, aor addressOfRecord) bool {
	if !strings.Contains(strings.ToLower(contact), aor.domain) {
		return false
	}
	u, ok := parseURI(contact)
	if !ok || u.host != aor.domain {
		return false
	}
	for parameter := range strings.SplitSeq(u.parameters, ";") {
		if name, _, _ := strings.Cut(parameter, "="); name == "gr" {
			return true
		}
	}
	return false
}

// escapeParameter writes a value of a URI parameter: what RFC 3261 section 25.1 doesn't allow there is escaped.
func escapeParameter(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("-_.!~*'()[]/:&+$", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}
