package secret

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeySize is the size of a master key in bytes (AES-256).
const KeySize = 32

// sealVersion is the first byte of everything sealed, so that another scheme can follow this one.
const sealVersion = 1

// ErrUnsealable means that the bytes were sealed under a key that the ring doesn't hold, for another owner, or were changed.
var ErrUnsealable = errors.New("secret: can't be opened with the keys at hand")

// Sealed is a secret at rest: version, key id (4 bytes), nonce (12 bytes), ciphertext and tag.
type Sealed []byte

// Keyring seals under its first key and opens what any of its keys sealed: to rotate the master key, put the new one first.
// It is safe for concurrent use.
type Keyring struct {
	random io.Reader
	keys   []masterKey
}

type masterKey struct {
	id   [4]byte
	raw  []byte
	aead cipher.AEAD
}

// ParseKeyring reads master keys from text: one key a line, base64 of 32 bytes, the current one first; blank lines and lines that begin
// with # are passed over. random feeds nonces.
func ParseKeyring(text string, random io.Reader) (*Keyring, error) {
	ring := &Keyring{random: random}
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != KeySize {
			return nil, fmt.Errorf("master key %d isn't base64 of %d bytes", len(ring.keys)+1, KeySize)
		}
		key, err := newMasterKey(raw)
		if err != nil {
			return nil, err
		}
		ring.keys = append(ring.keys, key)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("reading master keys: %w", err)
	}
	if len(ring.keys) == 0 {
		return nil, errors.New("there is no master key in it")
	}
	return ring, nil
}

// NewMasterKey makes one line of a master key file.
func NewMasterKey(random io.Reader) (string, error) {
	raw := make([]byte, KeySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("reading random bytes: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

func newMasterKey(raw []byte) (masterKey, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return masterKey{}, fmt.Errorf("master key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return masterKey{}, fmt.Errorf("master key: %w", err)
	}
	sum := sha256.Sum256(raw)
	return masterKey{id: [4]byte(sum[:4]), raw: raw, aead: aead}, nil
}

// Seal encrypts plain for one owner. Opening needs the same owner, so that a sealed value copied to another row stays shut.
func (r *Keyring) Seal(owner string, plain []byte) (Sealed, error) {
	key := r.keys[0]
	out := make([]byte, 0, 5+key.aead.NonceSize()+len(plain)+key.aead.Overhead())
	out = append(out, sealVersion)
	out = append(out, key.id[:]...)
	nonce := out[len(out) : len(out)+key.aead.NonceSize()]
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	out = out[:len(out)+len(nonce)]
	return key.aead.Seal(out, nonce, plain, []byte(owner)), nil
}

// Open decrypts what Seal made for the same owner; ErrUnsealable otherwise.
func (r *Keyring) Open(owner string, sealed Sealed) ([]byte, error) {
	const header = 5
	if len(sealed) < header || sealed[0] != sealVersion {
		return nil, ErrUnsealable
	}
	for _, key := range r.keys {
		if !bytes.Equal(key.id[:], sealed[1:header]) {
			continue
		}
		size := key.aead.NonceSize()
		if len(sealed) < header+size {
			return nil, ErrUnsealable
		}
		plain, err := key.aead.Open(nil, sealed[header:header+size], sealed[header+size:], []byte(owner))
		if err != nil {
			return nil, ErrUnsealable
		}
		return plain, nil
	}
	return nil, ErrUnsealable
}

// Derive returns 32 bytes for one purpose from the current master key (HKDF-SHA256, RFC 5869): every node that shares the key derives
// the same ones, and none of them tells anything about the key.
func (r *Keyring) Derive(purpose string) []byte { return r.keys[0].derive(purpose) }

// DeriveAll returns what Derive does for each master key, the current one first: what was made while an older key was in use is found with the others.
func (r *Keyring) DeriveAll(purpose string) [][]byte {
	out := make([][]byte, len(r.keys))
	for i, key := range r.keys {
		out[i] = key.derive(purpose)
	}
	return out
}

func (k masterKey) derive(purpose string) []byte {
	out, err := hkdf.Key(sha256.New, k.raw, nil, "dialtone "+purpose, 32)
	if err != nil { // only for lengths that SHA-256 can't give; 32 isn't one
		panic("secret: " + err.Error())
	}
	return out
}
