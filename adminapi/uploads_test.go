package adminapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
	"dialtone/secret"
)

// sends lets the office's phone send a file, and returns the file's name.
func (o *office) sends(ending, body string) (string, error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/v1/devices/"+o.device, nil)
	r.Header.Set("Authorization", "Bearer "+o.token)
	o.door.ServeHTTP(w, r)
	var device struct{ MAC string }
	if err := json.Unmarshal(w.Body.Bytes(), &device); err != nil {
		return "", err
	}
	password, err := o.access(device.MAC)
	if err != nil {
		return "", err
	}
	name := strings.ToLower(device.MAC) + ending
	_, err = o.core.Upload(context.Background(), provisioning.Upload{
		Request: provisioning.Request{Path: "/" + name, Peer: desk, Transport: provisioning.HTTPS, Proof: provisioning.Proof{Basic: &provisioning.BasicProof{UserName: device.MAC, Password: password}}},
		Body:    strings.NewReader(body),
	})
	return name, err
}

// access is the password that a phone shows over HTTPS.
func (o *office) access(address string) (secret.Text, error) {
	mac, err := deviceprofiles.ParseMAC(address)
	if err != nil {
		return secret.Text{}, err
	}
	device, err := o.db.Provisioning().AnyTenantDeviceByMAC(context.Background(), mac)
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := o.ring.Open("device-access:"+string(device.ID), device.Access)
	return secret.New(string(plain)), err
}

// ofAnUpload is the path of a log that the phone has just sent.
func ofAnUpload(o *office) string {
	name, _ := o.sends("-sys.log", "booted\n") // nothing is kept once somebody has answered a compromise of the phone
	return "/hub/v1/devices/" + o.device + "/uploads/" + name
}

func TestWhatAPhoneSentIsListedReadAndDeleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/hub/v1/devices/" + o.device + "/uploads"
	assert.Empty(t, items(t, o.ok(t, 200, "GET", path, "")))
	const overrides = "#!version:1.0.0.1\naccount.1.password = Hunter-Two-22\n<script>alert(1)</script>\n"
	for ending, body := range map[string]string{"-local.cfg": overrides, "-contact.xml": "<root/>", "-problem.tgz": "\x1f\x8b\x00", "-sys.log": ""} {
		_, err := o.sends(ending, body)
		require.NoError(t, err)
	}
	const at = "2026-05-01T08:00:00.123Z"
	assert.Equal(t, []map[string]any{
		{"name": "805ec0aabbcc-contact.xml", "kind": "directory", "size": 7.0, "secret": false, "created": at, "changed": at},
		{"name": "805ec0aabbcc-local.cfg", "kind": "override", "size": float64(len(overrides)), "secret": true, "created": at, "changed": at},
		{"name": "805ec0aabbcc-problem-20260501-080000.123.tgz", "kind": "problem", "size": 3.0, "secret": true, "created": at, "changed": at},
		{"name": "805ec0aabbcc-sys.log", "kind": "log", "size": 0.0, "secret": false, "created": at, "changed": at},
	}, items(t, o.ok(t, 200, "GET", path, "")))

	weak := o.withScopes(t, customer.ScopeDevicesRead, customer.ScopeDevicesWrite, customer.ScopeCredentialsRead)
	for _, secret := range []string{"/805ec0aabbcc-local.cfg", "/805ec0aabbcc-problem-20260501-080000.123.tgz"} {
		refused := o.ask(t, weak, "GET", path+secret, "")
		assert.Equal(t, 403, refused.status)
		assert.Contains(t, refused.body, "dialtone:credentials_write")
		assert.NotContains(t, refused.body, "Hunter")
	}
	contacts := o.ask(t, weak, "GET", path+"/805ec0aabbcc-contact.xml", "")
	assert.Equal(t, "text/plain; charset=utf-8", contacts.header.Get("Content-Type"))
	got := o.ask(t, o.token, "GET", path+"/805ec0aabbcc-local.cfg", "")
	assert.Equal(t, overrides, got.body)
	assert.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
	assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
	assert.Equal(t, `attachment; filename="805ec0aabbcc-local.cfg"`, got.header.Get("Content-Disposition"))
	archive := o.ask(t, o.token, "GET", path+"/805ec0aabbcc-problem-20260501-080000.123.tgz", "")
	assert.Equal(t, "application/octet-stream", archive.header.Get("Content-Type"))
	audit := o.ask(t, o.token, "GET", "/hub/v1/audit?max=100", "").body
	assert.Contains(t, audit, "line.credentials_shown")
	assert.NotContains(t, audit+o.log.String(), "Hunter-Two")

	assert.Equal(t, 204, o.ask(t, weak, "DELETE", path+"/805ec0aabbcc-local.cfg", "").status)
	for _, method := range []string{"GET", "DELETE"} {
		for _, name := range []string{"/805ec0aabbcc-local.cfg", "/x", "/..%2f..", "/%00"} {
			assert.Equal(t, 404, o.ask(t, o.token, method, path+name, "").status, name)
		}
	}
}

// A port that the user has set at the phone keeps it from looking up the registrar, and is shown with its registration.
func TestAnOverrideThatDefeatsTheLookupIsShown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	name, err := o.sends("-local.cfg", "account.1.sip_server.1.port = 5060\naccount.1.password = Hunter-Two-22\n")
	require.NoError(t, err)
	got := o.ok(t, 200, "GET", "/hub/v1/devices/"+o.device+"/registration", "")
	assert.Equal(t, []any{map[string]any{
		"file": name, "setting": "account.1.sip_server.1.port", "value": "5060", "says": "a port beside the server's name keeps the phone from looking up SRV records",
	}}, got["lookupObstacles"])
}
