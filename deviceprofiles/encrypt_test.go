package deviceprofiles_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/secret"
)

func TestAPathAsksForAWayToEncrypt(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]deviceprofiles.Encryption{
		"/00562b043615.xml": "", "/enc-md5/00562b043615.xml": "enc-md5", "/ENC-SHA256/00562b043615.xml": "enc-sha256", "/p//enc-gcm/00562b043615.xml": "enc-gcm",
	} {
		hit, err := deviceprofiles.Match(path, "")
		require.NoError(t, err)
		assert.Equal(t, want, hit.Encryption, path)
	}
	assert.True(t, deviceprofiles.EncryptGCM.ReadBy("cisco-mpp"))
	assert.False(t, deviceprofiles.EncryptMD5.ReadBy("poly"))
	assert.False(t, deviceprofiles.EncryptMD5.ReadBy("no such family"))
}

// The setting moves the phone to the folder that says how, and gives it the key; switched off again, the mark goes back.
func TestTheSettingMovesThePhoneToItsEncryptedFile(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	s.Access.FileKey = secret.New("file-key-of-this-phone-1")
	key := tag("Phone", "%EVERY_FILE_ENCRYPTION%")
	for _, c := range []struct{ value, mark, folder, key, material string }{
		{"SHA256", "sealed", "enc-sha256", "file-key-of-this-phone-1", ""},
		{"RFC8188", "sealed", "enc-gcm", "file-key-of-this-phone-1", "file-key-of-this-phone-1"},
		{"OFF", "enrolled", "", "", ""},
	} {
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{key: plain(c.value)}
		got := own(t, s)
		assert.Equal(t, []string{c.mark, c.folder, c.key, c.material}, []string{got["GPP_A"], got["GPP_B"], got["GPP_SB"], got["IKM_HTTP_Encrypt_Content"]}, c.value)
	}
	s.Values = nil
	got := own(t, s)
	assert.Equal(t, "enrolled", got["GPP_A"])
	assert.NotContains(t, got, "IKM_HTTP_Encrypt_Content")
}
