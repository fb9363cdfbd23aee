package deviceprofiles

import "slices"

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

// ReadBy reports whether the phones of a family read files that are encrypted so.
func (how Encryption) ReadBy(f Family) bool {
	p := packs().byFamily[f]
	return p != nil && slices.Contains(p.Encryption, how)
}
