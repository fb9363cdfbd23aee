package provisioning

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/filecrypt"
	"dialtone/secret"
)

func TestAFileIsEncryptedAsItsPathAsks(t *testing.T) {
	t.Parallel()
	key := secret.New("file-key-of-this-phone-1")
	plain := deviceprofiles.File{ContentType: "text/xml", Body: []byte("<flat-profile></flat-profile>")}

	one, err := encrypt(plain, "cisco-mpp", deviceprofiles.EncryptSHA256, key)
	require.NoError(t, err)
	assert.NotContains(t, string(one.Body), "flat-profile")
	opened, err := filecrypt.OpenOpenSSL(one.Body, key, filecrypt.SHA256)
	require.NoError(t, err)
	assert.Equal(t, string(plain.Body), string(opened))
	assert.Empty(t, one.Encoding)
	assert.Equal(t, "application/octet-stream", one.ContentType)

	two, err := encrypt(plain, "cisco-mpp", deviceprofiles.EncryptGCM, key)
	require.NoError(t, err)
	opened, _, err = filecrypt.OpenAES128GCM(two.Body, key)
	require.NoError(t, err)
	assert.Equal(t, string(plain.Body), string(opened))
	assert.Equal(t, "aes128gcm", two.Encoding)

	_, err = encrypt(plain, "poly", deviceprofiles.EncryptMD5, key)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	_, err = encrypt(plain, "cisco-mpp", deviceprofiles.EncryptMD5, secret.Text{})
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
}
