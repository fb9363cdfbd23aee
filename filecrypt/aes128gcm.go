package filecrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"

	"dialtone/fault"
	"dialtone/secret"
)

// ContentEncoding is what the header Content-Encoding says of a body that AES128GCM made.
const ContentEncoding = "aes128gcm"

// The parts of the format (RFC 8188 section 2).
const (
	gcmSaltSize    = 16
	gcmFixedHeader = gcmSaltSize + 4 + 1 // salt, record size, length of the key id
	gcmRecordSize  = 4096                // what we write; a record with its tag and delimiter
	gcmTag         = 16
	gcmOverhead    = gcmTag + 1 // the tag, and the delimiter behind the data
	maxKeyID       = 255        // its length is one byte

	delimiterMore = 1 // behind the data of every record but the last
	delimiterLast = 2
)

// AES128GCM encrypts the body of an HTTP answer under input keying material (RFC 8188), in records of 4096 bytes. keyID names the key to the reader
// and goes in the clear; "" if there is nothing to tell apart. Whether Cisco's phones take the material as it is written, and whether they look at the
// key id, is unconfirmed. Unlike OpenSSL's, a file that somebody changed or cut isn't accepted.
//
// fault.Invalid: the material is empty, or the key id is longer than 255 bytes.
func AES128GCM(plain []byte, ikm secret.Text, keyID string) ([]byte, error) {
	salt, err := derivedSalt(plain, ikm, ContentEncoding, gcmSaltSize)
	if err != nil {
		return nil, err
	}
	return sealRecords(plain, ikm, keyID, salt, gcmRecordSize)
}

func sealRecords(plain []byte, ikm secret.Text, keyID string, salt []byte, recordSize int) ([]byte, error) {
	if len(keyID) > maxKeyID {
		return nil, fault.InvalidField("keyId", "must have at most %d bytes", maxKeyID)
	}
	records, err := newRecords(ikm, salt)
	if err != nil {
		return nil, err
	}
	room := recordSize - gcmOverhead
	count := max(1, (len(plain)+room-1)/room) // an empty content is one record
	out := make([]byte, 0, gcmFixedHeader+len(keyID)+len(plain)+count*gcmOverhead)
	out = append(out, salt...)
	out = binary.BigEndian.AppendUint32(out, uint32(recordSize)) //nolint:gosec // 4096, or a test's
	out = append(append(out, byte(len(keyID))), keyID...)        //nolint:gosec // at most 255
	for number := range count {
		data, delimiter := plain[number*room:], byte(delimiterLast)
		if number < count-1 {
			data, delimiter = data[:room], delimiterMore
		}
		record := append(append(make([]byte, 0, recordSize), data...), delimiter)
		out = records.aead.Seal(out, records.nonce(number), record, nil)
	}
	return out, nil
}

// OpenAES128GCM is AES128GCM undone, for bodies of any record size; it returns the key id too. fault.Invalid: another key, or the body was changed, cut or
// is none.
func OpenAES128GCM(body []byte, ikm secret.Text) (plain []byte, keyID string, err error) {
	if len(body) < gcmFixedHeader {
		return nil, "", unreadable(ContentEncoding)
	}
	size := int64(binary.BigEndian.Uint32(body[gcmSaltSize:]))
	start := gcmFixedHeader + int(body[gcmFixedHeader-1])
	if size <= gcmOverhead || len(body) < start {
		return nil, "", unreadable(ContentEncoding)
	}
	records, err := newRecords(ikm, body[:gcmSaltSize])
	if err != nil {
		return nil, "", err
	}
	keyID, rest := string(body[gcmFixedHeader:start]), body[start:]
	for number := 0; ; number++ {
		length := min(int64(len(rest)), size)
		last := length == int64(len(rest))
		data, ok := records.open(number, rest[:length], last)
		if !ok {
			return nil, "", unreadable(ContentEncoding)
		}
		plain, rest = append(plain, data...), rest[length:]
		if last {
			return plain, keyID, nil
		}
	}
}

// records are the key and the nonces of one body.
type records struct {
	aead      cipher.AEAD
	baseNonce []byte
}

// newRecords derives key and nonces (RFC 8188 sections 2.2 and 2.3).
func newRecords(ikm secret.Text, salt []byte) (records, error) {
	key, err := hkdf.Key(sha256.New, []byte(ikm.Reveal()), salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return records{}, fault.Wrap(fault.Internal, err, "deriving the key")
	}
	nonce, err := hkdf.Key(sha256.New, []byte(ikm.Reveal()), salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return records{}, fault.Wrap(fault.Internal, err, "deriving the nonce")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return records{}, fault.Wrap(fault.Internal, err, "making the cipher")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return records{}, fault.Wrap(fault.Internal, err, "making the cipher")
	}
	return records{aead: aead, baseNonce: nonce}, nil
}

// nonce is the base nonce with the record's number in its last eight bytes; the four before stay, as no body has that many records.
func (r records) nonce(number int) []byte {
	nonce := append([]byte(nil), r.baseNonce...)
	low := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^uint64(number)) //nolint:gosec // numbers count from 0
	return nonce
}

// open decrypts one record and takes its padding off: zeros behind the delimiter, which must say truly whether the record is the last one.
func (r records) open(number int, record []byte, last bool) ([]byte, bool) {
	data, err := r.aead.Open(nil, r.nonce(number), record, nil)
	if err != nil {
		return nil, false
	}
	end := len(data) - 1
	for end >= 0 && data[end] == 0 {
		end--
	}
	if end < 0 || (data[end] == delimiterLast) != last || (data[end] == delimiterMore) == last {
		return nil, false
	}
	return data[:end], true
}
