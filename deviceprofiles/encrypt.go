package deviceprofiles

import (
	"slices"
	"strings"

	"dialtone/fault"
	"dialtone/filecrypt"
	"dialtone/secret"
)

// Encryption is how a phone's own file is encrypted on its way, beneath TLS. A phone asks for it by a folder of the path, as the same phone may ask for
// its file in the clear before it has the key.
type Encryption string

// The ways to encrypt a file. Which digest a phone's firmware takes with the first two isn't confirmed, so that both are there.
const (
	EncryptMD5    Encryption = "enc-md5"    // openssl enc -aes-256-cbc -md md5
	EncryptSHA256 Encryption = "enc-sha256" // openssl enc -aes-256-cbc -md sha256
	EncryptGCM    Encryption = "enc-gcm"    // RFC 8188, aes128gcm
)

// encryptionOf finds the way of encryption among folders in lower case; "" for none.
func encryptionOf(folders []string) Encryption {
	for _, how := range []Encryption{EncryptMD5, EncryptSHA256, EncryptGCM} {
		if slices.Contains(folders, string(how)) {
			return how
		}
	}
	return ""
}

// Encrypt encrypts a phone's own file with its key, Access.FileKey. The same file and key give the same bytes. fault.NotFound when the phones of a family
// can't read files that are encrypted so; fault.Invalid without a key.
func Encrypt(file File, f Family, how Encryption, key secret.Text) (File, error) {
	p := packs().byFamily[f]
	if p == nil || !slices.Contains(p.Encryption, how) {
		return File{}, fault.New(fault.NotFound, "Phones of the family %s don't read files that are encrypted by %s.", f, strings.TrimPrefix(string(how), "enc-"))
	}
	var body []byte
	var err error
	switch how {
	case EncryptGCM:
		body, err = filecrypt.AES128GCM(file.Body, key, "")
		file.Encoding = filecrypt.ContentEncoding
	case EncryptMD5:
		body, err = filecrypt.OpenSSL(file.Body, key, filecrypt.MD5, false)
	case EncryptSHA256:
		body, err = filecrypt.OpenSSL(file.Body, key, filecrypt.SHA256, false)
	}
	return File{ContentType: "application/octet-stream", Encoding: file.Encoding, Body: body}, err
}
