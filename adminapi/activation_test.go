package adminapi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
)

// bring lets a Cisco phone ask for https://HOST/CODE.
func bring(t *testing.T, core *provisioning.Service, mac, code string) error {
	t.Helper()
	_, err := core.Open(t.Context(), provisioning.Request{
		Path: "/" + code, UserAgent: "Cisco-CP-8851-3PCC/12.0.7 (" + mac + ")", Peer: desk, Transport: provisioning.HTTPS,
	})
	return err
}

// pending orders a device by code and returns its id and the code.
func (o *office) pending(t *testing.T) (device, code string) {
	t.Helper()
	got := o.ok(t, 200, "POST", "/v1/devices/activationCode?orgId="+o.org, fmt.Sprintf(`{"personId":%q,"model":"Cisco 8851"}`, o.person))
	require.Len(t, got, 2)
	require.Regexp(t, `^[0-9]{16}$`, got["code"])
	require.Equal(t, "2026-05-08T08:00:00.123Z", got["expiryTime"])
	list := items(t, o.ok(t, 200, "GET", "/v1/devices", ""))
	last := list[len(list)-1]
	require.Equal(t, "activating", last["connectionStatus"])
	require.NotContains(t, last, "mac")
	return text(last, "id"), text(got, "code")
}

func TestADeviceIsOrderedByCodeAndBecomesThePhone(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	device, code := o.pending(t)
	details := o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+device, "")
	assert.Equal(t, "activating", details["activationState"])
	assert.NotContains(t, details, "mac")
	assert.Equal(t, map[string]any{"revision": 1.0, "files": []any{}}, o.ok(t, 200, "GET", "/hub/v1/devices/"+device+"/files", ""))

	again := o.ok(t, 200, "POST", "/hub/v1/devices/"+device+"/activationCode", "")
	assert.NotEqual(t, code, again["code"])
	require.Error(t, bring(t, core, "00562b043615", code), "a new code ends the one before")
	require.NoError(t, bring(t, core, "00562b043615", text(again, "code")))
	got := o.ok(t, 200, "GET", "/v1/devices/"+device, "")
	assert.Equal(t, "00562B043615", got["mac"])
	assert.Contains(t, []any{"unknown", "disconnected"}, got["connectionStatus"], "seen or not, by when the trace is written")
	details = o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+device, "")
	assert.Equal(t, "activated", details["activationState"])
	assert.Equal(t, "deactivated", o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+o.device, "")["activationState"], "added by its address")

	for _, method := range []string{"POST", "DELETE"} {
		late := o.ask(t, o.token, method, "/hub/v1/devices/"+device+"/activationCode", "")
		assert.Equal(t, 409, late.status, late.body)
		assert.Contains(t, late.body, `"errorCode":90070`)
	}
	kinds := map[any]bool{}
	for _, e := range items(t, o.ok(t, 200, "GET", "/hub/v1/audit?max=100", "")) {
		kinds[e["kind"]] = true
	}
	assert.True(t, kinds["device.code_issued"] && kinds["device.activated"])
	secrets := o.log.String() + o.ask(t, o.token, "GET", "/hub/v1/audit?max=100", "").body + o.ask(t, o.token, "GET", "/hub/v1/devices/"+device+"/trace", "").body
	assert.NotContains(t, secrets, code)
	assert.NotContains(t, secrets, text(again, "code"))
}

func TestACancelledCodeLeavesTheDevice(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	device, code := o.pending(t)
	path := "/hub/v1/devices/" + device + "/activationCode"
	o.ok(t, 204, "DELETE", path, "")
	o.ok(t, 204, "DELETE", path, "")
	require.Error(t, bring(t, core, "00562b043615", code))
	assert.Equal(t, "activating", o.ok(t, 200, "GET", "/v1/devices/"+device, "")["connectionStatus"])
	code = text(o.ok(t, 200, "POST", path, ""), "code")
	o.passed.Add(int64(7 * 24 * time.Hour))
	require.Error(t, bring(t, core, "00562b043615", code), "it is over")
	require.NoError(t, bring(t, core, "00562b043615", text(o.ok(t, 200, "POST", path, ""), "code")))
}

func TestWhatCanBeOrderedByCode(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for body, field := range map[string]string{
		fmt.Sprintf(`{"personId":%q}`, o.person):                                    "model",
		fmt.Sprintf(`{"personId":%q,"model":"Yealink T54W"}`, o.person):             "model",
		fmt.Sprintf(`{"personId":%q,"model":"Toaster"}`, o.person):                  "model",
		`{"model":"Cisco 8851"}`:                                                    "personId",
		fmt.Sprintf(`{"personId":%q,"workspaceId":%[1]q,"model":"8851"}`, o.person): "personId",
		fmt.Sprintf(`{"personId":%q,"model":"8851"}`, o.device):                     "personId",
	} {
		got := o.ask(t, o.token, "POST", "/v1/devices/activationCode", body)
		assert.Equal(t, 400, got.status, "%s: %s", body, got.body)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`, body)
	}
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/devices", "")), 1, "nothing is left of what was refused")
}

func TestABrokenPhoneIsReplaced(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	register(t, o, core, 1, time.Hour)
	path := "/hub/v1/devices/" + o.device + "/replace"
	before := o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+o.device, "")
	got := o.ok(t, 200, "POST", path, `{"mac":"00-56-2b-04-36-15","model":"8851"}`)
	device, _ := got["device"].(map[string]any)
	assert.Equal(t, o.device, device["id"])
	assert.Equal(t, "00562B043615", device["mac"])
	assert.Equal(t, "Cisco 8851", device["product"])
	assert.NotContains(t, got, "code")
	assert.Equal(t, false, o.ok(t, 200, "GET", "/hub/v1/devices/"+o.device+"/registration", "")["registered"])
	after := o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+o.device, "")
	assert.Equal(t, before["owner"], after["owner"], "the line stays")

	got = o.ok(t, 200, "POST", path, `{"byCode":true}`)
	device, _ = got["device"].(map[string]any)
	assert.Equal(t, "activating", device["connectionStatus"])
	assert.Equal(t, "2026-05-08T08:00:00.123Z", got["expiryTime"])
	require.NoError(t, bring(t, core, "00562b043616", text(got, "code")))
	assert.Equal(t, "00562B043616", o.ok(t, 200, "GET", "/v1/devices/"+o.device, "")["mac"])

	o.ok(t, 200, "POST", "/v1/devices", fmt.Sprintf(`{"mac":"00562B043617","model":"8851","personId":%q}`, o.person))
	for body, want := range map[string]string{
		`{}`:                                    `"fieldName":"mac"`,
		`{"mac":"00562B043618","byCode":true}`:  `"fieldName":"mac"`,
		`{"mac":"zz"}`:                          `"errorCode":25220`,
		`{"mac":"00562B043617"}`:                `"errorCode":5675`,
		`{"byCode":true,"model":"T54W"}`:        `"fieldName":"model"`,
		`{"mac":"00562B043618","model":"nope"}`: `"fieldName":"model"`,
	} {
		refused := o.ask(t, o.token, "POST", path, body)
		assert.Contains(t, []int{400, 409}, refused.status, body)
		assert.Contains(t, refused.body, want, body)
	}
}
