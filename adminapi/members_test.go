package adminapi_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listOf reads a list under the name that the wire has for it.
func listOf(t *testing.T, o map[string]any, name string) []map[string]any {
	t.Helper()
	raw, ok := o[name].([]any)
	require.True(t, ok, "%v", o)
	out := make([]map[string]any, len(raw))
	for i, item := range raw {
		out[i], _ = item.(map[string]any)
	}
	return out
}

func column(list []map[string]any, name string) []any {
	out := make([]any, len(list))
	for i, o := range list {
		out[i] = o[name]
	}
	return out
}

func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	bob := text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 102)), "personId")
	hall := o.made("/v1/workspaces?orgId="+o.org, fmt.Sprintf(`{"displayName":"Hall","supportedDevices":"phones","calling":{"type":"webexCalling","webexCalling":{"locationId":%q,"extension":"801"}}}`, o.location)).ID
	device := text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","workspaceId":%q}`, hall)), "id")
	path := "/v1/telephony/config/devices/" + device
	available := func(query string) []any {
		return column(listOf(t, o.ok(t, 200, "GET", path+"/availableMembers?"+query, ""), "members"), "id")
	}
	assert.Equal(t, []any{o.person, bob}, available("orgId="+o.org), "who isn't on it yet")
	assert.Equal(t, []any{bob}, available("extension=102"))
	assert.Empty(t, available("memberName=nobody"))
	assert.Equal(t, []any{bob}, available("max=1&start=1&order=fname&usageType=SHARED_LINE"))
	assert.Equal(t, float64(2), o.ok(t, 200, "GET", path+"/availableMembers/count", "")["totalCount"])
	assert.Equal(t, float64(3), o.ok(t, 200, "GET", "/v1/telephony/config/devices/availableMembers/count?usageType=DEVICE_OWNER", "")["totalCount"])

	// as clients send it: stale ports, a null, fields that they have read
	o.ok(t, 204, "PUT", path+"/members", fmt.Sprintf(`{"members":[
		{"id":%q,"port":9,"primaryOwner":false,"lineType":"SHARED_CALL_APPEARANCE","lineWeight":1,"hotlineEnabled":false,"hotlineDestination":null,"allowCallDeclineEnabled":false,"memberType":"PEOPLE","esn":"101"},
		{"id":%q,"port":1,"primaryOwner":true,"lineType":"PRIMARY","lineWeight":3,"hotlineEnabled":true,"hotlineDestination":"911","allowCallDeclineEnabled":true,"lineLabel":"Front door"}]}`, bob, hall))
	members := o.ok(t, 200, "GET", path+"/members", "")
	assert.Equal(t, float64(10), members["maxLineCount"])
	list := listOf(t, members, "members")
	assert.Equal(t, []any{hall, bob}, column(list, "id"))
	assert.Equal(t, []any{float64(1), float64(4)}, column(list, "port"))
	assert.Equal(t, []any{"PLACE", "PEOPLE"}, column(list, "memberType"))
	assert.Equal(t, []any{"PRIMARY", "SHARED_CALL_APPEARANCE"}, column(list, "lineType"))
	assert.Equal(t, []any{true, false}, column(list, "allowCallDeclineEnabled"))
	assert.Equal(t, []any{"Front door", nil}, column(list, "lineLabel"))
	assert.Equal(t, []any{".", "Baker"}, column(list, "lastName"))
	files := o.ok(t, 200, "GET", "/hub/v1/devices/"+device+"/files", "")
	assert.Equal(t, float64(2), files["revision"])

	mine := o.ok(t, 200, "GET", "/v1/telephony/config/people/"+bob+"/devices", "")
	devices := listOf(t, mine, "devices")
	assert.Equal(t, []any{"00562B043615"}, column(devices, "mac"))
	assert.Equal(t, []any{false}, column(devices, "primaryOwner"))
	assert.Equal(t, float64(35), mine["maxDeviceCount"])
	assert.Equal(t, float64(1), o.ok(t, 200, "GET", "/v1/telephony/config/people/"+bob+"/devices/count", "")["totalDeviceCount"])
	theirs := listOf(t, o.ok(t, 200, "GET", "/v1/telephony/config/workspaces/"+hall+"/devices", ""), "devices")
	assert.Equal(t, []any{"DEACTIVATED"}, column(theirs, "activationState"))
	o.ok(t, 204, "PUT", path+"/members", "")
	assert.Len(t, listOf(t, o.ok(t, 200, "GET", path+"/members", ""), "members"), 1, "no body: the primary owner alone")
	assert.Equal(t, float64(404), float64(o.ask(t, o.token, "GET", "/v1/telephony/config/people/"+hall+"/devices", "").status), "a workspace is no person")
}

func TestDevicesAreFoundByWhatTheyAre(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 200, "PATCH", "/v1/devices/"+o.device, `[{"op":"add","path":"tags","value":["lobby","züri"]}]`)
	o.ok(t, 200, "POST", "/v1/devices/activationCode?orgId="+o.org, fmt.Sprintf(`{"model":"8851","personId":%q}`, o.person))
	for query, want := range map[string]int{
		"": 2, "tag=lobby": 1, "tag=lobby,züri": 1, "tag=lobby&tag=other": 0, "connectionStatus=activating": 1, "connectionStatus=unknown": 1, "connectionStatus=connected": 0,
		"connectionStatus=offline_expired": 0, "type=phone": 2, "type=roomdesk": 0, "product=Cisco+8851": 1, "product=Nothing": 0, "serial=x": 0, "software=x": 0, "errorCode=x": 0,
		"capability=xapi": 0, "devicePlatform=cisco": 2, "devicePlatform=microsoftTeamsRoom": 0, "plannedMaintenance=off": 2, "plannedMaintenance=on": 0,
		"personId=" + o.person: 2, "workspaceId=" + o.person: 2, "personId=" + o.person + "&workspaceId=" + o.person: 0, "workspaceLocationId=" + o.location: 2, "max=1": 1,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/devices?"+query, "")), want, query)
	}
	for _, body := range []string{`[]`, `[{"op":"add","path":"tags","value":[]},{"op":"remove","path":"tags"}]`, `{"op":"move","path":"tags"}`, `{"op":"add","path":"mac","value":["x"]}`, `{"op":"add","path":"tags","value":[" "]}`} {
		got := o.ask(t, o.token, "PATCH", "/v1/devices/"+o.device, body)
		assert.Equal(t, 400, got.status, body)
	}
	assert.Equal(t, []any{"lobby", "züri"}, o.ok(t, 200, "GET", "/v1/devices/"+o.device, "")["tags"])
	assert.Equal(t, []any{}, o.ok(t, 200, "PATCH", "/v1/devices/"+o.device, `{"op":"remove","path":"tags"}`)["tags"])
}

// TestCredentialsAreShownOnce reveals, rotates, and compares the files of a revision by their hashes.
func TestCredentialsAreShownOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	bob := text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 102)), "personId")
	device := text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q}`, bob)), "id")
	path := "/hub/v1/devices/" + device
	assert.NotContains(t, o.ask(t, o.token, "GET", path+"/credentials", "").body, `"password"`)
	shown := listOf(t, o.ok(t, 200, "POST", path+"/credentials/reveal", ""), "lines")
	assert.Regexp(t, `^[A-Za-z0-9._-]{20,}$`, shown[0]["password"])
	again := o.ask(t, o.token, "POST", path+"/credentials/reveal", "")
	assert.Equal(t, 409, again.status)
	assert.Contains(t, again.body, `"errorCode":90031`)
	next := listOf(t, o.ok(t, 200, "POST", path+"/credentials/rotate", `{"overlapMinutes":60,"reveal":true}`), "lines")
	assert.NotEqual(t, shown[0]["password"], next[0]["password"])
	assert.Equal(t, "2026-05-01T09:00:00.123Z", next[0]["previousUntil"])
	for _, bad := range []string{`{"overlapMinutes":-1}`, `{"overlapMinutes":43201}`} {
		assert.Equal(t, 400, o.ask(t, o.token, "POST", path+"/credentials/rotate", bad).status, bad)
	}
	own := listOf(t, o.ok(t, 200, "GET", path+"/revisions/2", ""), "files")
	last := own[len(own)-1]
	assert.NotContains(t, last["body"], next[0]["password"])
	file := o.ok(t, 200, "POST", path+"/revisions/2/reveal", fmt.Sprintf(`{"path":%q}`, last["path"]))
	assert.Equal(t, last["sha256"], file["sha256"])
	raw, err := base64.StdEncoding.DecodeString(text(file, "body"))
	require.NoError(t, err)
	assert.Contains(t, string(raw), next[0]["password"])
	diff := listOf(t, o.ok(t, 200, "GET", path+"/diff?from=1&to=2", ""), "files")
	require.Len(t, diff, 1)
	assert.Contains(t, diff[0]["diff"], "rev-2")
	events := o.ask(t, o.token, "GET", "/hub/v1/audit?kind=line.credentials_shown", "").body
	assert.NotContains(t, events, next[0]["password"])
	assert.NotContains(t, o.log.String(), next[0]["password"])
	assert.Equal(t, float64(3), o.ok(t, 200, "POST", path+"/rollback", `{"to":"2026-05-01T08:00:01Z"}`)["revision"])
	for _, bad := range []string{`{"to":""}`, `{"to":"yesterday"}`} {
		assert.Equal(t, 400, o.ask(t, o.token, "POST", path+"/rollback", bad).status, bad)
	}
	assert.Equal(t, 404, o.ask(t, o.token, "GET", path+"/revisions/99", "").status)
}

// TestToolsGetAReadyFile hands a phone over to a partner's own tool.
func TestToolsGetAReadyFile(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for model, want := range map[string][]string{
		"Yealink T54W Partner Managed":     {"#!version:1.0.0.1\n", "account.1.password = %s\n", "account.1.sip_server.1.address = "},
		"Poly VVX 450 Partner Managed":     {"<polycomConfig", `reg.1.auth.password="%s"`, `reg.1.server.1.address="`},
		"Generic IPPhone Customer Managed": {`"addressOfRecord": "sip:`, `"password": "%s"`, `"srvRecord": "_sips._tcp.`},
	} {
		mac := newID()[26:]
		device := text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"02%s","model":%q,"personId":%q,"password":"Own-Password-1"}`, mac, model, o.person)), "id")
		path := "/hub/v1/devices/" + device + "/configuration"
		masked := o.ok(t, 200, "GET", path, "")
		assert.Contains(t, masked["body"], fmt.Sprintf(want[1], "********"), model)
		assert.NotContains(t, masked["body"], "Own-Password-1")
		assert.Equal(t, 409, o.ask(t, o.token, "POST", path, "").status, "whoever chose the password knows it")
		o.ok(t, 200, "POST", "/hub/v1/devices/"+device+"/credentials/rotate", "")
		ready := o.ok(t, 200, "POST", path, "")
		password := listOf(t, ready, "lines")[0]["password"]
		assert.Contains(t, ready["body"], want[0], model)
		assert.Contains(t, ready["body"], fmt.Sprintf(want[1], password), model)
		assert.Contains(t, ready["body"], want[2], model)
		assert.NotContains(t, ready["body"], "8443", "nothing about where files come from")
		assert.Equal(t, 409, o.ask(t, o.token, "POST", path, "").status, "once")
	}
	got := o.ask(t, o.token, "GET", "/hub/v1/devices/"+o.device+"/configuration", "")
	assert.Equal(t, 400, got.status)
	assert.Contains(t, got.body, "fetches its configuration from here")
}
