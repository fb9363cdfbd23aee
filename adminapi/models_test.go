package adminapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

const supportedDevices = "/v1/telephony/config/supportedDevices"

// models are the catalogue's entries in an answer, by wire name.
func (o *office) models(t *testing.T, token, query string) map[string]map[string]any {
	t.Helper()
	got := o.ask(t, token, "GET", supportedDevices+query, "")
	require.Equal(t, 200, got.status, got.body)
	body := object(t, got.body)
	assert.Equal(t, []any{"STABLE", "STABLE_DELAY", "PREVIEW", "BETA", "TESTING"}, body["upgradeChannelList"])
	list, ok := body["devices"].([]any)
	require.True(t, ok)
	out := map[string]map[string]any{}
	for _, entry := range list {
		m, _ := entry.(map[string]any)
		out[text(m, "model")] = m
	}
	assert.Len(t, out, len(list))
	return out
}

func TestTheCatalogueIsFiltered(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	all := o.models(t, o.token, "")
	assert.Greater(t, len(all), 300)
	types, laidOut := map[string]int{}, 0
	for _, m := range all {
		types[text(m, "type")]++
		if m["allowConfigureLayoutEnabled"] == true {
			laidOut++
		}
	}
	assert.Greater(t, laidOut, 50)
	assert.Equal(t, []string{"ATA", "DESK_PHONE", "GENERIC_SIP", "MPP"}, slices.Sorted(maps.Keys(types)))
	for query, want := range map[string]int{
		"?type=MPP": types["MPP"], "?type=not:MPP": len(all) - types["MPP"], "?type=GENERIC_SIP": types["GENERIC_SIP"], "?type=ATA": types["ATA"], "?type=ESIM": 0, "?type=not%3AESIM": len(all),
		"?allowConfigureLayoutEnabled=true": laidOut, "?allowConfigureLayoutEnabled=false": len(all) - laidOut, "?type=MPP&allowConfigureLayoutEnabled=true": 16, "?orgId=" + o.org: len(all),
	} {
		assert.Len(t, o.models(t, o.token, query), want, query)
	}
	for query, field := range map[string]string{"?type=PHONE": "type", "?type=not:": "type", "?type=not:not:MPP": "type", "?allowConfigureLayoutEnabled=maybe": "allowConfigureLayoutEnabled"} {
		got := o.ask(t, o.token, "GET", supportedDevices+query, "")
		assert.Equal(t, 400, got.status, query)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`)
	}
}

// TestModelsAreWhatTheOfficialDocumentShows compares with the document's examples, word for word.
func TestModelsAreWhatTheOfficialDocumentShows(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../shared/specs/webex-device.json")
	if os.IsNotExist(err) {
		t.Skip("skipped: the official document isn't on this machine")
	}
	require.NoError(t, err)
	var document struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	var schema struct {
		Example struct{ Devices []map[string]any }
	}
	require.NoError(t, json.Unmarshal(document.Components.Schemas["supportedDevicesObject"], &schema))
	examples := schema.Example.Devices
	require.Len(t, examples, 2)
	o := newOffice(t)
	models := o.models(t, o.token, "")
	for _, example := range examples {
		ours := models[text(example, "model")]
		require.NotNil(t, ours, example["model"])
		for field, value := range example {
			assert.Equal(t, value, ours[field], "%s %s", example["model"], field)
		}
	}
}

func TestAModelOnTheWire(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	assert.Equal(t, map[string]any{
		"model": "Yealink T54W Partner Managed", "displayName": "Yealink T54W", "familyDisplayName": "Yealink", "type": "GENERIC_SIP", "manufacturer": "THIRD_PARTY", "managedBy": "PARTNER",
		"supportedFor": []any{"PEOPLE", "PLACE"}, "onboardingMethod": []any{"MAC_ADDRESS"}, "numberOfLinePorts": 16.0, "numberOfLineKeyButtons": 27.0,
		"kemSupportEnabled": true, "kemModuleCount": 3.0, "kemLinesSupportEnabled": false, "upgradeChannelEnabled": false, "deviceSettingsConfiguration": "NONE",
		"supportsLogCollection": "NONE", "allowConfigureLayoutEnabled": false, "allowConfigureLinesEnabled": true, "allowConfigurePortsEnabled": false,
		"allowConfigurePhoneSettingsEnabled": false, "customizableLineLabelEnabled": false, "customizedBehaviorsEnabled": false, "portNumberSupportEnabled": false,
		"supportsLinePortReorderingEnabled": false, "additionalPrimaryLineAppearancesEnabled": false, "additionalSecondaryLineAppearancesEnabled": false,
		"supportsApplyChangesEnabled": false, "supportsHotlineEnabled": false, "callDeclinedEnabled": false, "allowHotelingHostEnabled": false, "supportsHotDeskOnly": false,
		"basicEmergencyNomadicEnabled": false, "t38Enabled": false, "touchScreenPhone": false,
	}, o.models(t, o.token, "")["Yealink T54W Partner Managed"])
	cisco := o.models(t, o.token, "?type=MPP")["DMS Cisco 8851"]
	assert.Equal(t, []any{"KEM_14_KEYS", "KEM_18_KEYS"}, cisco["kemModuleType"])
	assert.Equal(t, []any{"MAC_ADDRESS", "ACTIVATION_CODE"}, cisco["onboardingMethod"])
	assert.Equal(t, "WEBEX_CALLING_DEVICE_CONFIGURATION", cisco["deviceSettingsConfiguration"])
}

func TestAPartnerSwitchesModelsOff(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/hub/v1/organizations/" + o.org + "/supportedDevices"
	assert.Equal(t, map[string]any{"disabled": []any{}}, o.ok(t, 200, "GET", path, ""))
	want := map[string]any{"disabled": []any{"DMS Cisco 8851", "Yealink T54W Partner Managed"}}
	for range 2 { // the second changes nothing
		assert.Equal(t, want, o.ok(t, 200, "PUT", path, `{"disabled":["Yealink T54W Partner Managed","8851","DMS Cisco 8851"]}`))
	}
	assert.Equal(t, want, o.ok(t, 200, "GET", path, ""))

	all, theirs := o.models(t, o.token, ""), o.models(t, o.token, "?orgId="+o.org)
	assert.Len(t, theirs, len(all)-2)
	assert.Contains(t, all, "DMS Cisco 8851", "other organisations can have it")
	assert.NotContains(t, theirs, "DMS Cisco 8851")
	assert.Contains(t, theirs, "DMS Yealink T54W")

	phone := fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q}`, o.person)
	refused := o.ask(t, o.token, "POST", "/v1/devices", phone)
	assert.Equal(t, 400, refused.status)
	assert.Contains(t, refused.body, `"fieldName":"model"`)
	assert.Contains(t, refused.body, "DMS Cisco 8851 is switched off for this organisation")

	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=organization.models_disabled", ""))
	require.Len(t, events, 1)
	assert.Equal(t, map[string]any{"before": []any{}, "after": []any{"DMS Cisco 8851", "Yealink T54W Partner Managed"}}, events[0]["data"])
	for body, field := range map[string]string{`{"disabled":["Toaster"]}`: "disabled", `{"disabled":null}`: "disabled", `{}`: "disabled", `{"disabled":"8851"}`: "disabled", `{"disabled":["DMS Toaster 192"]}`: "disabled"} {
		got := o.ask(t, o.token, "PUT", path, body)
		assert.Equal(t, 400, got.status, body)
		assert.Contains(t, got.body, field, body)
	}
	o.ok(t, 200, "PUT", path, `{"disabled":[]}`)
	o.ok(t, 200, "POST", "/v1/devices", phone)
	o.ok(t, 200, "PUT", path, `{"disabled":["8851"]}`)
	assert.Equal(t, "Cisco 8851", text(items(t, o.ok(t, 200, "GET", "/v1/devices?product=8851", ""))[0], "product"), "what is there stays")
}

// An organisation's own administrators see what is switched off, and can't switch it on.
func TestOnlyThePartnerSwitchesModels(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/hub/v1/organizations/" + o.org + "/supportedDevices"
	o.ok(t, 200, "PUT", path, `{"disabled":["8851"]}`)
	for role, c := range map[customer.Role]struct {
		org      string
		get, put int
	}{
		customer.RoleFullPartner: {"", 200, 200}, customer.RoleWholesale: {"", 200, 200}, customer.RoleReadOnlyPartner: {"", 200, 403}, customer.RoleDevice: {"", 200, 200},
		customer.RoleFullCustomer: {o.org, 200, 403}, customer.RoleReadOnlyCustomer: {o.org, 200, 403},
	} {
		token := o.tokenOf(t, role, c.org)
		assert.Equal(t, c.get, o.ask(t, token, "GET", path, "").status, "%s", role)
		got := o.ask(t, token, "PUT", path, `{"disabled":["8851"]}`)
		assert.Equal(t, c.put, got.status, "%s: %s", role, got.body)
		if c.org != "" {
			assert.NotContains(t, o.models(t, token, ""), "DMS Cisco 8851", "%s sees what its organisation can have", role)
		}
	}
	assert.Equal(t, 404, o.ask(t, o.token, "GET", "/hub/v1/organizations/"+string(o.partner)+"/supportedDevices", "").status, "a partner is no organisation of a customer")
	assert.Equal(t, 404, o.ask(t, o.token, "PUT", "/hub/v1/organizations/"+string(o.partner)+"/supportedDevices", `{"disabled":[]}`).status)
}

// A product is one, however it is managed.
func TestOneProductIsManagedInSeveralWays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other := object(t, o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 102)).body)
	body := func(password string) string {
		return fmt.Sprintf(`{"mac":"805EC0AABB01","model":"Yealink T54W Partner Managed","personId":%q%s}`, text(other, "personId"), password)
	}
	refused := o.ask(t, o.token, "POST", "/v1/devices", body(""))
	assert.Equal(t, 400, refused.status)
	assert.Contains(t, refused.body, `"fieldName":"password"`)
	d := o.ok(t, 200, "POST", "/v1/devices", body(`,"password":"`+sipPassword+`"`))
	assert.Equal(t, []any{"Yealink T54W", "PARTNER", "THIRD_PARTY"}, []any{d["product"], d["managedBy"], d["manufacturer"]})
	assert.Empty(t, o.ok(t, 200, "GET", "/hub/v1/devices/"+text(d, "id")+"/files", "")["files"], "its partner's tool configures it")
	for _, product := range []string{"Yealink%20T54W", "T54W", "DMS%20Yealink%20T54W"} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/devices?product="+product, "")), 2, product)
	}
}
