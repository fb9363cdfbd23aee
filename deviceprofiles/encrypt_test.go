package deviceprofiles_test

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
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	key := secret.New("file-key-of-this-phone-1")
	for path, want := range map[string]deviceprofiles.Encryption{
		"/00562b043615.xml": "", "/enc-md5/00562b043615.xml": "enc-md5", "/ENC-SHA256/00562b043615.xml": "enc-sha256", "/p//enc-gcm/00562b043615.xml": "enc-gcm",
	} {
		hit, err := deviceprofiles.Match(path, "")
		require.NoError(t, err)
		assert.Equal(t, want, hit.Encryption, path)
	}
	plain, err := deviceprofiles.Render("00562b043615.xml", s)
	require.NoError(t, err)

	one, err := deviceprofiles.Encrypt(plain, "cisco-mpp", deviceprofiles.EncryptSHA256, key)
	require.NoError(t, err)
	assert.NotContains(t, string(one.Body), "flat-profile")
	opened, err := filecrypt.OpenOpenSSL(one.Body, key, filecrypt.SHA256)
	require.NoError(t, err)
	assert.Equal(t, string(plain.Body), string(opened))
	assert.Empty(t, one.Encoding)

	two, err := deviceprofiles.Encrypt(plain, "cisco-mpp", deviceprofiles.EncryptGCM, key)
	require.NoError(t, err)
	opened, _, err = filecrypt.OpenAES128GCM(two.Body, key)
	require.NoError(t, err)
	assert.Equal(t, string(plain.Body), string(opened))
	assert.Equal(t, "aes128gcm", two.Encoding)

	_, err = deviceprofiles.Encrypt(plain, "poly", deviceprofiles.EncryptMD5, key)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)
	_, err = deviceprofiles.Encrypt(plain, "cisco-mpp", deviceprofiles.EncryptMD5, secret.Text{})
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
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
