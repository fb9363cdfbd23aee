package filecrypt

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"io"

	"dialtone/fault"
	"dialtone/secret"
)

// Hash is the digest with which key and initialization vector are made of a passphrase. It isn't written in the file: both sides must know.
type Hash string

// The digests: the default of openssl enc until 1.0.2, and that since 1.1.0.
const (
	MD5    Hash = "md5"
	SHA256 Hash = "sha256"
)

// The parts of the format.
const (
	saltedMark   = "Salted__"
	saltSize     = 8
	aes256Key    = 32
	gzipMark     = "\x1f\x8b"
	maxOpened    = 16 << 20 // bytes after decompression: the largest file that we write is far below one MiB
	openSSLLabel = "openssl aes-256-cbc"
)

// OpenSSL encrypts as openssl enc -aes-256-cbc -k PASSPHRASE -md HASH does: the mark Salted__, 8 bytes of salt, and AES-256-CBC with PKCS#7 padding;
// key and initialization vector by EVP_BytesToKey with one round. With compress the content is packed by gzip first, which the phone recognises
// by itself. Cisco reads it with --key in a profile rule, Grandstream with the password of P1359.
//
// Neither this nor the phone's check of it tells who made the file. fault.Invalid: the passphrase is empty, or the hash is none of the two.
func OpenSSL(plain []byte, passphrase secret.Text, hash Hash, compress bool) ([]byte, error) {
	if compress {
		var err error
		if plain, err = packed(plain); err != nil {
			return nil, err
		}
	}
	salt, err := derivedSalt(plain, passphrase, openSSLLabel, saltSize)
	if err != nil {
		return nil, err
	}
	block, vector, err := passphraseCipher(passphrase, salt, hash)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(saltedMark)+saltSize+len(plain)+aes.BlockSize)
	out = append(append(out, saltedMark...), salt...)
	body := padded(plain)
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(body, body)
	return append(out, body...), nil
}

// OpenOpenSSL is OpenSSL undone, as a phone does it: what turns out to be packed by gzip is unpacked, to 16 MiB at most. fault.Invalid: another
// passphrase or hash, or the file is damaged. Most damage is noticed by nobody: the format has no check of its own.
func OpenOpenSSL(file []byte, passphrase secret.Text, hash Hash) ([]byte, error) {
	const header = len(saltedMark) + saltSize
	if len(file) < header+aes.BlockSize || len(file)%aes.BlockSize != 0 || string(file[:len(saltedMark)]) != saltedMark {
		return nil, unreadable(openSSLLabel)
	}
	block, vector, err := passphraseCipher(passphrase, file[len(saltedMark):header], hash)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(file)-header)
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(plain, file[header:])
	plain, ok := unpadded(plain)
	if !ok {
		return nil, unreadable(openSSLLabel)
	}
	if bytes.HasPrefix(plain, []byte(gzipMark)) {
		return unpacked(plain)
	}
	return plain, nil
}

// passphraseCipher makes key and initialization vector: D1 = H(passphrase salt), Dn = H(Dn-1 passphrase salt), as many as it takes
// (EVP_BytesToKey(3), count 1).
func passphraseCipher(passphrase secret.Text, salt []byte, hash Hash) (cipher.Block, []byte, error) {
	digest, err := hash.digest()
	if err != nil {
		return nil, nil, err
	}
	var material, last []byte
	for len(material) < aes256Key+aes.BlockSize {
		last = digest(append(append(last, passphrase.Reveal()...), salt...))
		material = append(material, last...)
	}
	block, err := aes.NewCipher(material[:aes256Key])
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "making the cipher")
	}
	return block, material[aes256Key : aes256Key+aes.BlockSize], nil
}

func (h Hash) digest() (func([]byte) []byte, error) {
	switch h {
	case MD5:
		return func(b []byte) []byte { sum := md5.Sum(b); return sum[:] }, nil
	case SHA256:
		return func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] }, nil
	default:
		return nil, fault.InvalidField("hash", "must be %s or %s, as the phone's firmware expects it", MD5, SHA256)
	}
}

// padded returns a copy that fills whole blocks (PKCS#7, RFC 5652 section 6.3): there is always at least one byte of padding.
func padded(plain []byte) []byte {
	n := aes.BlockSize - len(plain)%aes.BlockSize
	return append(append(make([]byte, 0, len(plain)+n), plain...), bytes.Repeat([]byte{byte(n)}, n)...)
}

// unpadded takes the padding off; false if it is none.
func unpadded(plain []byte) ([]byte, bool) {
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize || n > len(plain) {
		return nil, false
	}
	end := len(plain) - n
	return plain[:end], bytes.Count(plain[end:], []byte{byte(n)}) == n
}

// packed compresses without a time and a name in the header, which would differ each time. Another release of Go may compress otherwise: then a file
// that is rendered anew is new to its phone, once.
func packed(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "compressing the file")
	}
	return out.Bytes(), nil
}

func unpacked(file []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, unreadable("gzip")
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxOpened+1))
	if err != nil || len(plain) > maxOpened {
		return nil, unreadable("gzip")
	}
	return plain, nil
}
