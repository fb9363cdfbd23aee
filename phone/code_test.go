package phone_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/phone"
	"dialtone/secret"
)

const activationCode = "5414-0112-5617-3816"

// activated is a site that gives a phone's own file for a code, once, and with the phone's own password from then on.
func activated(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	own := strings.Replace(fill(t, "cisco/device.xml", s.names), "</flat-profile>", `<GPP_SA ua="na">Fetch-Pass.1</GPP_SA>
		<Profile_Rule ua="na">[--uid $MA --pwd $SA]`+s.https+`/$MA.xml</Profile_Rule></flat-profile>`, 1)
	s.own.put("00562b043615.xml", own)
	s.own.put(activationCode, own)
	var used atomic.Bool
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("00562b043615:Fetch-Pass.1"))
	s.own.guard(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/"+activationCode && used.CompareAndSwap(false, true) || r.Header.Get("Authorization") == want {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="phones"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	return s
}

func TestACiscoPhoneTakesACode(t *testing.T) {
	t.Parallel()
	s := activated(t)
	config := phone.BootConfig{MAC: ciscoMAC, Model: "Cisco 8851", Server: s.https, Code: secret.New(activationCode), CA: s.ca.pool()}
	result, said, err := boot(t, config)
	require.NoError(t, err, said)
	var files []string
	for _, f := range result.Files {
		files = append(files, f.Path)
	}
	assert.Equal(t, []string{"/********", "/00562b043615.xml"}, files, "what the file put in the place of the code is followed")
	assert.Equal(t, "00562b043615", result.Access.UserName)
	assert.Equal(t, "Fetch-Pass.1", result.Access.Password.Reveal())
	assert.Len(t, result.Registrations, 1)
	assert.NotContains(t, said, "5414")

	_, said, err = boot(t, config)
	failed := &phone.StepError{}
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "fetch", failed.Step, "a code counts once")
	assert.NotContains(t, said+err.Error(), "5414")
}

func TestWhereNoCodeCanBeTyped(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]phone.BootConfig{
		"code":    {Model: "Yealink T54W", Server: "https://127.0.0.1", Code: secret.New(activationCode)},
		"code ":   {Model: "Cisco 8851", Server: "https://127.0.0.1", Code: secret.New("5414")},
		"server":  {Model: "Cisco 8851", Server: "http://127.0.0.1", Code: secret.New(activationCode)},
		"server ": {Model: "Cisco 8851", Server: "127.0.0.1", Code: secret.New(activationCode)},
	} {
		c.MAC = ciscoMAC
		_, err := phone.Boot(t.Context(), c, &bytes.Buffer{})
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", field, err)
		assert.Equal(t, strings.TrimSpace(field), fault.ProblemsOf(err)[0].Field)
		assert.NotContains(t, err.Error(), "5617")
	}
}
