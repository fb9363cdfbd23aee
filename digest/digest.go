// Package digest is the server's half of digest access authentication, as SIP and HTTP share it: RFC 7616, its SIP profile RFC 8760, and
// RFC 3261 section 22.
//
// It owns the form of challenges and answers, the arithmetic that proves a password without sending it, and nonces that need no memory
// until somebody has proved a password with them. It never knows a user, a request or a socket, and never stores a password. Start at
// Challenge, then ParseAnswer and Answer.Matches; Nonces says whether the answer is of now.
package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"dialtone/secret"
)

// Algorithm is a digest algorithm by its name on the wire. The session variants and SHA-512-256 aren't spoken by any phone and aren't here.
type Algorithm string

// The algorithms. MD5 is what nearly all desk phones know; SHA-256 is RFC 8760's.
const (
	MD5    Algorithm = "MD5"
	SHA256 Algorithm = "SHA-256"
)

// HA1 is H(user:realm:password) in lower-case hex (RFC 7616 section 3.4.2): 32 characters for MD5, 64 for SHA-256. Whoever holds it can
// answer any challenge of that realm, so it is as secret as the password.
func HA1(a Algorithm, userName, realm string, password secret.Text) string {
	return a.hash(userName + ":" + realm + ":" + password.Reveal())
}

// hash returns H(text) in lower-case hex.
func (a Algorithm) hash(text string) string {
	if a == SHA256 {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Matches reports, in constant time, whether the answer proves ha1 for a request of a method (RFC 7616 section 3.4.1). ha1 must have been
// made for the answer's algorithm. Only qop "auth" can match, and none at all where the answer is WithoutQOP: without it the client counts no uses of a
// nonce, and "auth-int" would need the body. That the answer's URI, realm and user name are the request's is for the caller to compare.
func (a Answer) Matches(ha1, method string) bool {
	var middle string
	switch {
	case a.QOP == qopAuth:
		middle = a.NCText + ":" + a.CNonce + ":" + a.QOP + ":"
	case a.QOP != "" || !a.WithoutQOP:
		return false
	}
	want := a.Algorithm.hash(ha1 + ":" + a.Nonce + ":" + middle + a.Algorithm.hash(method+":"+a.URI))
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(a.Response))) == 1
}

// Challenge renders the value of a WWW-Authenticate header that asks for qop "auth". stale says that the password was right and only the
// nonce is too old, so that the client tries again without asking a person (RFC 7616 section 3.3).
func Challenge(a Algorithm, realm, nonce string, stale bool) string {
	var b strings.Builder
	b.Grow(96 + len(realm) + len(nonce))
	b.WriteString(`Digest realm="`)
	writeQuoted(&b, realm)
	b.WriteString(`", nonce="`)
	writeQuoted(&b, nonce)
	b.WriteString(`", algorithm=`)
	b.WriteString(string(a))
	b.WriteString(`, qop="auth"`)
	if stale {
		b.WriteString(`, stale=true`)
	}
	return b.String()
}

// writeQuoted writes the inside of a quoted string. Control characters can't be written into a header at all and are left out.
func writeQuoted(b *strings.Builder, s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case !isControl(c):
			b.WriteByte(c)
		}
	}
}
