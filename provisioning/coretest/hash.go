package coretest

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"

	"dialtone/digest"
)

// Hash is H of RFC 7616, written apart from the code that it checks.
func Hash(a digest.Algorithm, text string) string {
	if a == "SHA-256" {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
