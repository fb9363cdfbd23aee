// Package secret holds the two forms in which a secret exists here: Text in memory, which masks itself wherever it is printed, logged
// or encoded, and Sealed at rest, which only a Keyring opens.
//
// It owns masking, sealing (AES-256-GCM) and the making of random passwords. It never stores anything and never logs. Start at Text, then
// Keyring.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Mask is what is shown instead of a secret, whatever its length.
const Mask = "********"

// Text is a secret in memory. Every way of turning it into text gives Mask, except Reveal.
type Text struct{ value string }

// New wraps a secret.
func New(value string) Text { return Text{value: value} }

// Reveal returns the secret itself. Its callers are the few places where a secret has to leave, so that a search for Reveal lists them all.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == "" }

// Equal compares in constant time for secrets of the same length.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.value), []byte(other.value)) == 1
}

// String returns Mask.
func (t Text) String() string { return Mask }

// GoString returns Mask, for %#v.
func (t Text) GoString() string { return Mask }

// Format writes Mask for every verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mask) }

// MarshalText returns Mask, for JSON, XML and their like.
func (t Text) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// LogValue returns Mask, for slog.
func (t Text) LogValue() slog.Value { return slog.StringValue(Mask) }

// passwordAlphabet is legal in every vendor's file format and in a SIP digest: letters and digits that a person can tell apart when
// reading them aloud, and the three signs that no format escapes.
const passwordAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_."

// PasswordLength is the length of generated passwords in characters: 24 of 59 signs are more than 140 bits.
const PasswordLength = 24

// NewPassword makes a random password of PasswordLength characters. It fails only if random does.
func NewPassword(random io.Reader) (Text, error) {
	s, err := Random(random, passwordAlphabet, PasswordLength)
	if err != nil {
		return Text{}, err
	}
	return New(s), nil
}

// Random returns n characters drawn evenly from alphabet, which must hold 1 to 256 single-byte characters.
func Random(random io.Reader, alphabet string, n int) (string, error) {
	limit := 256 - 256%len(alphabet) // bytes from here on would favour the first letters
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		if _, err := io.ReadFull(random, buf); err != nil {
			return "", fmt.Errorf("reading random bytes: %w", err)
		}
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out), nil
}
