package adminapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// addCisco adds a phone with static settings for another person of the office, and returns its id.
func (o *office) addCisco(t testing.TB, mac string, extension int) string {
	t.Helper()
	person := text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("p", extension), extension)), "personId")
	return text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":%q,"model":"Cisco 8851","personId":%q}`, mac, person)), "id")
}

// run starts a job, which is over when the answer comes, and returns how it ended.
func (o *office) run(t testing.TB, name string, started int, body string) map[string]any {
	t.Helper()
	job := o.ok(t, started, "POST", jobsPath+name+"?orgId="+o.org, body)
	assert.Equal(t, "STARTING", job["latestExecutionStatus"])
	return o.ok(t, 200, "GET", jobsPath+name+"/"+text(job, "id"), "")
}

// effective returns where a setting of a device comes from: value, level and actor.
func (o *office) effective(t testing.TB, device, scope, name string) string {
	t.Helper()
	for _, one := range items(t, o.ok(t, 200, "GET", "/hub/v1/devices/"+device+"/settings/effective", "")) {
		if one["scope"] == scope && one["name"] == name {
			return fmt.Sprintf("%s %s %s", one["value"], one["level"], text(one, "actor"))
		}
	}
	return "none"
}

func (o *office) files(t testing.TB, device string) string {
	t.Helper()
	return o.ask(t, o.token, "GET", "/hub/v1/devices/"+device+"/files", "").body
}

// A setting of the organisation reaches the phones, until a location and then a device says otherwise; each level shows who said so.
func TestSettingsCascade(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	cisco := o.addCisco(t, "00562B043615", 201)
	assert.Equal(t, "true SYSTEM_DEFAULT ", o.effective(t, cisco, "mpp", "cdpEnabled"))
	ended := o.run(t, "callDeviceSettings", 200, `{"customizations":{"mpp":{"cdpEnabled":"false","vlan":{"enabled":true,"value":"12"}}}}`)
	assert.Equal(t, "COMPLETED", ended["latestExecutionExitCode"])
	assert.InDelta(t, 1, ended["deviceCount"], 0, "the Yealink phone has no such settings")
	assert.InDelta(t, 100, ended["percentageComplete"], 0)
	assert.Equal(t, "false ORGANIZATION admin@example.com", o.effective(t, cisco, "mpp", "cdpEnabled"))
	assert.Contains(t, o.files(t, cisco), `>12</VLAN_ID`)

	o.run(t, "callDeviceSettings", 200, fmt.Sprintf(`{"locationId":%q,"locationCustomizationsEnabled":"true","customizations":{"mpp":{"vlan":{"value":13}}}}`, o.location))
	assert.Equal(t, "13 LOCATION admin@example.com", o.effective(t, cisco, "mpp", "vlan.value"))
	o.ok(t, 204, "PUT", telephonyPath+"/devices/"+cisco+"/settings?deviceModel=Cisco%208851", `{"customEnabled":true,"customizations":{"mpp":{"vlan":{"value":14},"multicast":null}}}`)
	assert.Equal(t, "14 DEVICE admin@example.com", o.effective(t, cisco, "mpp", "vlan.value"))
	assert.Contains(t, o.files(t, cisco), `>14</VLAN_ID`)

	got := o.ok(t, 200, "GET", telephonyPath+"/devices/"+cisco+"/settings", "")
	assert.Equal(t, true, got["customEnabled"])
	assert.Equal(t, false, got["updateInProgress"])
	groups, _ := got["customizations"].(map[string]any)
	mpp, _ := groups["mpp"].(map[string]any)
	assert.Equal(t, map[string]any{"enabled": true, "value": 14.0, "pcPort": 1.0}, mpp["vlan"])
	assert.Equal(t, false, mpp["cdpEnabled"])
	assert.Len(t, groups, 1)
	organization := o.ok(t, 200, "GET", telephonyPath+"/devices/settings?orgId="+o.org, "")
	assert.InDelta(t, 1, organization["deviceCount"], 0)
	assert.InDelta(t, 1777622400123, organization["lastUpdateTime"], 0)

	// What is taken back comes from the level above again, and the phone is told so.
	o.ok(t, 204, "PUT", telephonyPath+"/devices/"+cisco+"/settings", `{"customEnabled":false,"customizations":{}}`)
	assert.Equal(t, "13 LOCATION admin@example.com", o.effective(t, cisco, "mpp", "vlan.value"))
	o.run(t, "callDeviceSettings", 200, fmt.Sprintf(`{"locationId":%q,"locationCustomizationsEnabled":false}`, o.location))
	assert.Equal(t, "12 ORGANIZATION admin@example.com", o.effective(t, cisco, "mpp", "vlan.value"))
	location := o.ok(t, 200, "GET", telephonyPath+"/locations/"+o.location+"/devices/settings", "")
	assert.Equal(t, false, location["customEnabled"])
}

func TestDynamicSettingsCascade(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	tags := `{"tags":[{"familyOrModelDisplayName":"Yealink","tag":"%ENABLE_LLDP%","action":"SET","value":"0"},{"familyOrModelDisplayName":"Yealink","tag":"%PHONE_LOCK_PIN%","action":"SET","value":"271828"}]}`
	ended := o.run(t, "dynamicDeviceSettings", 202, tags)
	assert.Equal(t, "CUSTOMER", ended["target"])
	assert.InDelta(t, 1, ended["updatedCount"], 0)
	assert.Contains(t, o.files(t, o.device), "static.network.lldp.enable = 0")
	o.ok(t, 204, "PUT", telephonyPath+"/devices/"+o.device+"/dynamicSettings", `{"tags":[{"tag":"%ENABLE_LLDP%","action":"SET","value":1}]}`)
	got := o.ok(t, 200, "POST", telephonyPath+"/lists/devices/"+o.device+"/dynamicSettings/actions/getSettings/invoke", `{"tags":["%ENABLE_LLDP%","%PHONE_LOCK_PIN%","%NOTHING%"]}`)
	assert.Equal(t, []any{
		map[string]any{"familyOrModelDisplayName": "Yealink", "tag": "%ENABLE_LLDP%", "value": "1", "parentValue": "0", "parentLevel": "ORGANIZATION"},
		map[string]any{"familyOrModelDisplayName": "Yealink", "tag": "%PHONE_LOCK_PIN%", "parentValue": "********", "parentLevel": "ORGANIZATION"},
	}, got["tags"])
	o.ok(t, 204, "PUT", telephonyPath+"/devices/"+o.device+"/dynamicSettings", `{"tags":[{"tag":"%ENABLE_LLDP%","action":"CLEAR"}]}`)
	assert.Equal(t, "false ORGANIZATION admin@example.com", o.effective(t, o.device, "Yealink", "%ENABLE_LLDP%"))
	bad := o.ask(t, o.token, "PUT", telephonyPath+"/devices/"+o.device+"/dynamicSettings", `{"tags":[{"tag":"%ENABLE_LLDP%","action":"SET","value":"7"},{"tag":"%X%","action":"CLEAR"},{"tag":"%ENABLE_LLDP%","action":"TOGGLE"}]}`)
	assert.Equal(t, 400, bad.status)
	for _, field := range []string{"tags[0].value", "tags[1].tag", "tags[2].action"} {
		assert.Contains(t, bad.body, `"fieldName":"`+field+`"`)
	}
	for _, where := range []string{o.files(t, o.device), o.log.String(), o.ask(t, o.token, "GET", "/hub/v1/audit?max=100", "").body} {
		assert.NotContains(t, where, "271828")
	}
}

// What a preview says is what the phone is told afterwards.
func TestATemplateIsPreviewedAndApplied(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	template := o.madeTemplate()
	body := fmt.Sprintf(`"action":"APPLY_TEMPLATE","templateId":%q,"locationIds":[%q]}`, template, o.location)
	count := o.ok(t, 200, "POST", telephonyPath+"/devices/actions/previewApplyLineKeyTemplate/invoke?orgId="+o.org, "{"+body)
	assert.InDelta(t, 1, count["deviceCount"], 0)
	before := o.files(t, o.device)
	preview := o.ask(t, o.token, "POST", "/hub/v1/devices/preview?orgId="+o.org, `{"kind":"applyLineKeyTemplate",`+body)
	require.Equal(t, 200, preview.status, preview.body)
	assert.Equal(t, before, o.files(t, o.device), "a preview changes nothing")
	devices, _ := object(t, preview.body)["devices"].([]any)
	require.Len(t, devices, 1)
	one, _ := devices[0].(map[string]any)
	assert.Equal(t, "805EC0AABBCC", one["mac"])
	list, _ := one["files"].([]any)
	require.Len(t, list, 1, preview.body)
	file, _ := list[0].(map[string]any)
	assert.Contains(t, file["diff"], "+linekey.2.value = 1000\n")

	ended := o.run(t, "applyLineKeyTemplate", 202, "{"+body)
	assert.InDelta(t, 1, ended["updatedCount"], 0)
	assert.InDelta(t, 0, ended["advisoryCount"], 0)
	after := object(t, o.files(t, o.device))
	shown := fmt.Sprint(after["files"])
	for _, line := range strings.Split(text(file, "diff"), "\n") {
		if added, is := strings.CutPrefix(line, "+"); is && !strings.HasPrefix(line, "+++") {
			assert.Contains(t, shown, added)
		}
	}
	layout := o.ok(t, 200, "GET", telephonyPath+"/devices/"+o.device+"/layout", "")
	assert.Equal(t, "CUSTOM", layout["layoutMode"])
	assert.Len(t, layout["lineKeys"], 2)

	o.run(t, "applyLineKeyTemplate", 202, `{"action":"APPLY_DEFAULT_TEMPLATES","excludeDevicesWithCustomLayout":true}`)
	assert.Equal(t, "CUSTOM", o.ok(t, 200, "GET", telephonyPath+"/devices/"+o.device+"/layout", "")["layoutMode"])
	o.run(t, "applyLineKeyTemplate", 202, `{"action":"APPLY_DEFAULT_TEMPLATES"}`)
	assert.Equal(t, map[string]any{"layoutMode": "DEFAULT", "userReorderEnabled": false, "lineKeys": []any{}}, o.ok(t, 200, "GET", telephonyPath+"/devices/"+o.device+"/layout", ""))
	assert.NotContains(t, o.files(t, o.device), "Front desk")
	assert.Contains(t, o.files(t, o.device), "linekey.2.type", "the phone would keep the key otherwise")
}

func TestOneJobOfAnOrganisationRunsAtATime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	job := o.ok(t, 202, "POST", jobsPath+"rebuildPhones?orgId="+o.org, rebuildJob(o))
	assert.Equal(t, "UNKNOWN", job["latestExecutionExitCode"])
	for path, body := range map[string]string{"callDeviceSettings": settingsJob(o), "dynamicDeviceSettings": tagsJob(o), "applyLineKeyTemplate": templateJob(o), "rebuildPhones": rebuildJob(o)} {
		got := o.ask(t, o.token, "POST", jobsPath+path+"?orgId="+o.org, body)
		assert.Equal(t, 409, got.status, path)
		assert.Contains(t, got.body, `"errorCode":90071`, path)
	}
	assert.Equal(t, 409, o.ask(t, o.token, "PUT", telephonyPath+"/devices/"+o.device+"/dynamicSettings", `{"tags":[{"tag":"%ENABLE_LLDP%","action":"SET","value":"0"}]}`).status)
	assert.Equal(t, 409, o.ask(t, o.token, "PUT", telephonyPath+"/devices/"+o.device+"/settings", `{"customEnabled":false}`).status)
	assert.Equal(t, true, o.ok(t, 200, "GET", telephonyPath+"/devices/settings?orgId="+o.org, "")["updateInProgress"])
	require.NoError(t, o.promises.Do(t.Context()))
	ended := o.ok(t, 200, "GET", jobsPath+"rebuildPhones/"+text(job, "id"), "")
	assert.Equal(t, "COMPLETED", ended["latestExecutionStatus"])
	assert.Contains(t, o.files(t, o.device), `"revision":2`)
	o.ok(t, 404, "GET", jobsPath+"callDeviceSettings/"+text(job, "id"), "")
}

func TestJobsAreAboutOneOrganisation(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, r := range configurationRoutes() {
		path := r.path(o)
		if !strings.Contains(path, "?orgId=") {
			continue
		}
		got := o.ask(t, o.token, r.method, strings.TrimSuffix(path, "?orgId="+o.org), r.bodyOf(o))
		assert.Equal(t, 400, got.status, "%s %s: %s", r.method, path, got.body)
		assert.Contains(t, got.body, `"fieldName":"orgId"`, path)
	}
}

func TestWhatCantBeSetIsNamed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	device := telephonyPath + "/devices/" + o.device
	for _, c := range []struct{ method, path, body, field string }{
		{"PUT", device + "/settings", `{"customEnabled":true,"customizations":{"mpp":{"cdpEnabled":true}}}`, "customizations.mpp"},
		{"PUT", device + "/settings?deviceModel=Cisco%208851", `{"customEnabled":true}`, "deviceModel"},
		{"PUT", device + "/settings", `{"customizations":{}}`, "customEnabled"},
		{"PUT", device + "/layout", `{"layoutMode":"ODD"}`, "layoutMode"},
		{"PUT", device + "/layout", `{"layoutMode":"CUSTOM","lineKeys":[{"lineKeyIndex":1,"lineKeyType":"OPEN"}]}`, "lineKeys[0].lineKeyType"},
		{"POST", telephonyPath + "/devices/lineKeyTemplates?orgId=" + o.org, `{"templateName":"x","deviceModel":"Nothing","lineKeys":[]}`, "deviceModel"},
		{"POST", telephonyPath + "/devices/lineKeyTemplates?orgId=" + o.org, strings.Replace(lineKeyTemplate("x"), `"x"`, `""`, 1), "templateName"},
		{"POST", jobsPath + "callDeviceSettings?orgId=" + o.org, `{"customizations":{"mpp":{"vlan":{"value":"high"}}}}`, "customizations.mpp.vlan.value"},
		{"POST", jobsPath + "callDeviceSettings?orgId=" + o.org, `{"locationId":"6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958","customizations":{}}`, "locationId"},
		{"POST", jobsPath + "callDeviceSettings?orgId=" + o.org, `{}`, "customizations"},
		{"POST", jobsPath + "dynamicDeviceSettings?orgId=" + o.org, `{"tags":[]}`, "tags"},
		{"POST", jobsPath + "applyLineKeyTemplate?orgId=" + o.org, `{"action":"APPLY_TEMPLATE"}`, "templateId"},
		{"POST", jobsPath + "applyLineKeyTemplate?orgId=" + o.org, `{"action":"APPLY_TEMPLATE","templateId":"6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"}`, "templateId"},
		{"POST", jobsPath + "applyLineKeyTemplate?orgId=" + o.org, `{"action":"APPLY_DEFAULT_TEMPLATES","locationIds":[""]}`, "locationIds[0]"},
		{"POST", jobsPath + "rebuildPhones?orgId=" + o.org, `{}`, "locationId"},
		{"POST", "/hub/v1/devices/preview?orgId=" + o.org, `{"kind":"rotate"}`, "kind"},
		{"DELETE", telephonyPath + "/devices/backgroundImages?orgId=" + o.org, `{"backgroundImages":[]}`, "backgroundImages"},
	} {
		got := o.ask(t, o.token, c.method, c.path, c.body)
		assert.Equal(t, 400, got.status, "%s %s %s: %s", c.method, c.path, c.body, got.body)
		assert.Contains(t, got.body, `"fieldName":"`+c.field+`"`, "%s %s", c.path, c.body)
	}
}

func TestImagesAreUploadedUsedAndDeleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	cisco := o.addCisco(t, "00562B043615", 201)
	upload := telephonyPath + "/devices/" + cisco + "/actions/backgroundImageUpload/invoke"
	images := telephonyPath + "/devices/backgroundImages?orgId=" + o.org
	got := o.ok(t, 201, "POST", upload, imageForm("Logo.png", picture(320, 240)))
	assert.Equal(t, "Logo", got["filename"])
	assert.Equal(t, "1", got["count"])
	path := text(got, "backgroundImageUrl")
	assert.Regexp(t, `^/dms/Cisco_Phone_Background/[0-9a-f]{32}\.png$`, path)
	assert.Equal(t, []any{map[string]any{"backgroundImageUrl": path, "fileName": "Logo"}}, o.ok(t, 200, "GET", images, "")["backgroundImages"])
	for name, body := range map[string]string{
		"no picture": imageForm("x", "GIF89a"), "empty": imageForm("x", ""), "wide": imageForm("x", picture(4097, 1)), "no name": imageForm("", picture(1, 1)), "slash": imageForm("../x", picture(1, 1)),
		"half": imageForm("x", picture(320, 240))[:150],
	} {
		if name == "no name" {
			body = strings.Replace(body, `filename="x.png"`, `filename=""`, 1)
		}
		assert.Equal(t, 400, o.ask(t, o.token, "POST", upload, body).status, name)
	}
	assert.Equal(t, 400, o.ask(t, o.token, "POST", upload, imageForm("x", picture(1, 1)+strings.Repeat("x", 625<<10))).status)
	assert.Equal(t, 413, o.ask(t, o.token, "POST", upload, imageForm("x", strings.Repeat("x", 2<<20))).status)
	assert.Equal(t, 409, o.ask(t, o.token, "POST", upload, imageForm("Logo.jpg", picture(1, 1))).status, "the name is in use")
	assert.Equal(t, 415, o.ask(t, o.token, "POST", upload, `{}`, "Content-Type", "application/json").status)

	o.run(t, "callDeviceSettings", 200, fmt.Sprintf(`{"customizations":{"mpp":{"background":{"image":"CUSTOM_BACKGROUND","customUrl":%q}}}}`, path))
	assert.Contains(t, o.files(t, cisco), "http://phones.example.test:8081"+path)
	kept := o.ok(t, http.StatusPartialContent, "DELETE", images, `{"backgroundImages":[{"fileName":"Logo"},{"fileName":"nothing"}]}`)
	assert.Equal(t, "1", kept["count"])
	used, _ := items(t, kept)[0]["result"].(map[string]any)
	problem, _ := used["error"].(map[string]any)
	assert.InDelta(t, 4305, problem["errorCode"], 0)
	gone := o.ok(t, 200, "DELETE", images, `{"backgroundImages":[{"fileName":"Logo","forceDelete":"true"}]}`)
	assert.Equal(t, "0", gone["count"])
	assert.NotContains(t, o.files(t, cisco), path)
	assert.Equal(t, "CISCO_DARK_BLUE SYSTEM_DEFAULT ", o.effective(t, cisco, "mpp", "background.image"))
}

func TestWhomKeysWatch(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	cisco := text(o.ok(t, 200, "POST", "/v1/devices", fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q}`, o.person)), "id")
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 102))
	bob := ""
	for _, p := range items(t, o.ok(t, 200, "GET", "/v1/people?orgId="+o.org, "")) {
		if strings.HasPrefix(fmt.Sprint(p["emails"]), "[bob") {
			bob = text(p, "id")
		}
	}
	list := "/hub/v1/people/" + o.person + "/monitoring"
	assert.Equal(t, map[string]any{"monitoring": []any{}}, o.ok(t, 200, "GET", list, ""))
	o.ok(t, 204, "PUT", list, fmt.Sprintf(`{"monitoring":[{"type":"MEMBER","memberId":%q,"displayName":"passed over"},{"type":"PARK","number":"701","label":"Park 1"}]}`, bob))
	seen := o.ok(t, 200, "GET", list, "")
	entries, _ := seen["monitoring"].([]any)
	require.Len(t, entries, 2)
	first, _ := entries[0].(map[string]any)
	assert.Equal(t, []string{"MEMBER", bob}, []string{text(first, "type"), text(first, "memberId")})
	assert.Equal(t, map[string]any{"type": "PARK", "number": "701", "label": "Park 1"}, entries[1])
	keys := items(t, o.ok(t, 200, "GET", "/hub/v1/devices/"+cisco+"/keys", ""))
	require.Len(t, keys, 10)
	assert.Equal(t, []any{"PRIMARY_LINE", float64(1)}, []any{keys[0]["type"], keys[0]["line"]})
	assert.Equal(t, []any{"MONITOR", "102", false}, []any{keys[1]["type"], keys[1]["value"], keys[1]["unsupported"]})
	assert.Equal(t, map[string]any{"module": 0.0, "index": 3.0, "type": "CALL_PARK_EXTENSION", "label": "Park 1", "value": "701", "unsupported": false}, keys[2])
	o.ok(t, 204, "PUT", telephonyPath+"/devices/"+cisco+"/layout", `{"layoutMode":"CUSTOM","lineKeys":[{"lineKeyIndex":1,"lineKeyType":"PRIMARY_LINE"},{"lineKeyIndex":2,"lineKeyType":"MODE_MANAGEMENT"}]}`)
	keys = items(t, o.ok(t, 200, "GET", "/hub/v1/devices/"+cisco+"/keys", ""))
	assert.Equal(t, []any{"MODE_MANAGEMENT", true}, []any{keys[1]["type"], keys[1]["unsupported"]})
	for body, field := range map[string]string{
		`{"monitoring":[{"type":"MEMBER"}]}`:                                          "monitoring[0].memberId",
		`{"monitoring":[{"type":"MEMBER","memberId":"nonsense!"}]}`:                   "monitoring[0].memberId",
		fmt.Sprintf(`{"monitoring":[{"type":"MEMBER","memberId":%q}]}`, o.person):     "monitoring[0].memberId",
		`{"monitoring":[{"type":"NUMBER","number":"1;2"}]}`:                           "monitoring[0].number",
		`{"monitoring":[{"type":"PARK","number":"1"},{"type":"ODD","number":"200"}]}`: "monitoring[1].type",
	} {
		got := o.ask(t, o.token, "PUT", list, body)
		assert.Equal(t, 400, got.status, body)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`, body)
	}
	o.ok(t, 204, "PUT", list, `{"monitoring":[]}`)
	assert.Equal(t, map[string]any{"monitoring": []any{}}, o.ok(t, 200, "GET", list, ""))
}
