package provisioning

import (
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/filecrypt"
	"dialtone/secret"
)

// encrypt encrypts a phone's own file with its key, Access.FileKey. The same file and key give the same bytes. fault.NotFound when the phones of the family
// can't read files that are encrypted so; fault.Invalid without a key.
func encrypt(file deviceprofiles.File, f deviceprofiles.Family, how deviceprofiles.Encryption, key secret.Text) (deviceprofiles.File, error) {
	if !how.ReadBy(f) {
		return deviceprofiles.File{}, fault.New(fault.NotFound, "Phones of the family %s don't read files that are encrypted by %s.", f, strings.TrimPrefix(string(how), "enc-"))
	}
	out := deviceprofiles.File{ContentType: "application/octet-stream", Encoding: file.Encoding}
	var err error
	switch how {
	case deviceprofiles.EncryptGCM:
		out.Body, err = filecrypt.AES128GCM(file.Body, key, "")
		out.Encoding = filecrypt.ContentEncoding
	case deviceprofiles.EncryptMD5:
		out.Body, err = filecrypt.OpenSSL(file.Body, key, filecrypt.MD5, false)
	case deviceprofiles.EncryptSHA256:
		out.Body, err = filecrypt.OpenSSL(file.Body, key, filecrypt.SHA256, false)
	}
	return out, err
}
