// Package filecrypt encrypts the files that phones fetch, in the two formats that their firmware is documented to read: that of the command
// openssl enc -aes-256-cbc -k, and encrypted content coding for HTTP (RFC 8188).
//
// It owns those formats, and the rule that the same content under the same secret gives the same bytes. It never chooses a secret, never learns
// which phone a file is for, and never stands in for TLS: the first format doesn't tell whether somebody changed a file on its way. Start at
// OpenSSL and AES128GCM. The Open functions are their counterparts, for phones that are simulated and for tests.
//
// # Why a salt that is no accident is safe
//
// Phones compare digests of what they fetch, and apply or restart for what is new to them. So the salt isn't random, but a keyed hash of the content
// (HMAC-SHA256 under a key derived from the secret), as in the SIV modes (RFC 5297, RFC 8452). What both formats need of a salt is that two
// different contents don't share one, as key, initialization vector and nonces are derived from secret and salt. Two contents share one only
// if the hash does. With the 16 bytes of RFC 8188 that won't happen; with the 8 bytes of OpenSSL it becomes likely after some four thousand million
// different files under one secret, and would then show of two files in CBC mode how many blocks they begin with in common, and no more.
// Without the secret nobody can compute the salt, so that it doesn't confirm a guess of the content. What a watcher does learn is that a file is the
// same as before, which the phone has to learn too. Whoever guesses secrets can check a guess against the salt; so they can against a random one
// and the first block: secrets here must be long and random, as secret's passwords are.
package filecrypt

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"

	"dialtone/fault"
	"dialtone/secret"
)

// derivedSalt returns size bytes, 32 at most, that depend on the content, the secret and the format alone.
func derivedSalt(content []byte, key secret.Text, format string, size int) ([]byte, error) {
	if key.IsZero() {
		return nil, fault.New(fault.Invalid, "There is no secret to encrypt the file with. Give the device one first.")
	}
	saltKey, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "dialtone filecrypt salt "+format, sha256.Size)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "deriving the salt")
	}
	mac := hmac.New(sha256.New, saltKey)
	mac.Write(content)
	return mac.Sum(nil)[:size], nil
}

// unreadable is what every failure of opening says: a wrong secret and a damaged file look the same.
func unreadable(format string) error {
	return fault.New(fault.Invalid, "The file can't be opened as %s: it was encrypted with another secret or in another way, or it is damaged.", format)
}
