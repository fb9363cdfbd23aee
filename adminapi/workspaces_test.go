package adminapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ofAWorkspace is a path of a workspace that was made for it.
func ofAWorkspace(format string) func(o *office) string {
	return func(o *office) string {
		return fmt.Sprintf(format, o.made("/v1/workspaces?orgId="+o.org, newWorkspace("made")).ID)
	}
}

func newWorkspace(name string) string { return fmt.Sprintf(`{"displayName":%q}`, name) }

// ofAVirtualLine is the path of a virtual line that was made for it.
func ofAVirtualLine(o *office) string {
	return "/v1/telephony/config/virtualLines/" + o.made("/v1/telephony/config/virtualLines?orgId="+o.org, newVirtualLine()).ID
}

// newVirtualLine has an extension that nobody has.
func newVirtualLine() string {
	return fmt.Sprintf(`{"firstName":"Front","lastName":"Desk","extension":"%d"}`, time.Now().UnixNano()%900_000+100_000)
}

func ofPerson(format string) func(*office) string {
	return func(o *office) string { return fmt.Sprintf(format, o.person) }
}

// ofALicense is the path of the customer's one licence.
func ofALicense(o *office) string { return "/v1/licenses/" + o.license() }

// license is the id of the customer's one licence.
func (o *office) license() string {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/v1/licenses?orgId="+o.org, nil)
	r.Header.Set("Authorization", "Bearer "+o.token)
	o.door.ServeHTTP(w, r)
	var list struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Items) == 0 {
		return "none"
	}
	return list.Items[0].ID
}

// hall asks for a workspace with calling.
func (o *office) hall(extension string) string {
	return fmt.Sprintf(`{"displayName":"Hall","orgId":%q,"locationId":%q,"supportedDevices":"phones","capacity":5,"type":"huddle","notes":"by the door",
		"calling":{"type":"webexCalling","webexCalling":{"locationId":%[2]q,"extension":%[3]s,"licenses":["%[4]s,%[4]s"]}},
		"calendar":{"type":"google","emailAddress":"hall@bakery.example"},"hotdeskingStatus":"on","deviceHostedMeetings":{"enabled":true,"siteUrl":"x.example.com"},
		"indoorNavigation":{"url":"https://maps.example.com"},"unknown":1}`, o.org, o.location, extension, o.license())
}

func TestAWorkspaceComesBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made := o.ok(t, 201, "POST", "/v1/workspaces", o.hall("801"))
	want := map[string]any{
		"id": made["id"], "orgId": o.org, "locationId": o.location, "workspaceLocationId": o.location, "displayName": "Hall", "capacity": 5.0, "type": "huddle",
		"created": "2026-05-01T08:00:00.123Z", "notes": "by the door", "hotdeskingStatus": "on", "supportedDevices": "phones", "devicePlatform": "cisco",
		"calling":          map[string]any{"type": "webexCalling", "webexCalling": map[string]any{"extension": "801", "locationId": o.location, "licenses": []any{o.license()}}},
		"calendar":         map[string]any{"type": "google", "emailAddress": "hall@bakery.example"},
		"indoorNavigation": map[string]any{"url": "https://maps.example.com"}, "health": map[string]any{"level": "ok", "issues": []any{}},
		"deviceHostedMeetings": map[string]any{"enabled": true, "siteUrl": "x.example.com"}, "plannedMaintenance": map[string]any{"mode": "off"},
	}
	assert.Equal(t, want, made)
	one := "/v1/workspaces/" + text(made, "id")
	assert.Equal(t, want, o.ok(t, 200, "GET", one, ""))
	shown := o.ok(t, 200, "GET", one+"?includeDevices=true&includeCapabilities=true", "")
	assert.Equal(t, []any{}, shown["devices"])
	assert.Contains(t, shown["capabilities"], "airQuality")

	changed := o.ok(t, 200, "PUT", one, `{"displayName":"Grand Hall","indoorNavigation":{"url":null},"calling":null}`)
	for _, gone := range []string{"capacity", "notes", "indoorNavigation"} {
		delete(want, gone)
	}
	want["displayName"], want["type"] = "Grand Hall", "notSet"
	assert.Equal(t, want, changed)
	o.ok(t, 204, "DELETE", one, "")
	o.ok(t, 404, "GET", one, "")
}

func TestWorkspacesAreFoundByEveryFilter(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 201, "POST", "/v1/workspaces", o.hall(`"801"`))
	o.ok(t, 201, "POST", "/v1/workspaces?orgId="+o.org, newWorkspace("Room"))
	for query, want := range map[string]int{
		"": 2, "?orgId=" + o.org: 2, "?displayName=HAL": 1, "?displayName=%25": 0, "?locationId=" + o.location: 1, "?workspaceLocationId=" + o.location: 1,
		"?floorId=x": 0, "?capacity=5": 1, "?capacity=-1": 1, "?type=huddle": 1, "?type=notSet": 1, "?calling=webexCalling": 1, "?calling=freeCalling": 1,
		"?supportedDevices=phones": 1, "?calendar=none": 1, "?calendar=google": 1, "?deviceHostedMeetingsEnabled=true": 1, "?deviceHostedMeetingsEnabled=false": 1,
		"?devicePlatform=cisco": 2, "?devicePlatform=microsoftTeamsRoom": 0, "?healthLevel=ok": 2, "?healthLevel=error": 0, "?plannedMaintenance=off": 2,
		"?plannedMaintenance=on": 0, "?customAttribute=x": 0, "?includeDevices=true&includeCapabilities=true": 2, "?max=1": 1, "?max=1&start=1": 1,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/workspaces"+query, "")), want, query)
	}
	for _, query := range []string{
		"capacity=x", "capacity=-2", "type=castle", "calling=x", "supportedDevices=x", "calendar=x", "deviceHostedMeetingsEnabled=x", "devicePlatform=x",
		"healthLevel=x", "plannedMaintenance=x", "locationId=x", "workspaceLocationId=x",
	} {
		got := o.ask(t, o.token, "GET", "/v1/workspaces?"+query, "")
		assert.Equal(t, 400, got.status, query)
		assert.Contains(t, got.body, fmt.Sprintf(`"fieldName":%q`, strings.Split(query, "=")[0]))
	}
	first := o.ask(t, o.token, "GET", "/v1/workspaces?max=1&calendar=none&orgId="+o.org, "")
	assert.Empty(t, links(first.header.Get("Link"))["next"])
	first = o.ask(t, o.token, "GET", "/v1/workspaces?max=1", "")
	assert.Contains(t, links(first.header.Get("Link"))["next"], "cursor=")
}

func TestAWorkspaceIsRefusedInTheWiresWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	foreign := "WEBEX-SUITE_6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"
	for body, want := range map[string]string{
		`{"displayName":"Hall"}`: `"errorCode":1001`,
		`{"displayName":"Hall","orgId":"ORG","calling":{"type":"webexCalling","webexCalling":{"extension":"101"}}}`:                              `"fieldName":"calling.webexCalling.extension"`,
		`{"displayName":"Hall","orgId":"ORG","calling":{"type":"webexCalling"}}`:                                                                 `"fieldName":"calling.webexCalling"`,
		`{"displayName":"Hall","orgId":"ORG","calling":{"type":"webexCalling","webexCalling":{"phoneNumber":"x"}}}`:                              `"fieldName":"calling.webexCalling.phoneNumber"`,
		`{"displayName":"Hall","orgId":"ORG","calling":{"type":"webexCalling","webexCalling":{"locationId":"x"}}}`:                               `"fieldName":"calling.webexCalling.locationId"`,
		`{"displayName":"Hall","orgId":"ORG","calling":{"type":"webexCalling","webexCalling":{"licenses":["` + foreign + `"]}}}`:                 `"fieldName":"calling.webexCalling.licenses"`,
		`{"displayName":"Hall","orgId":"ORG","sipAddress":"a@b"}`:                                                                                `"fieldName":"sipAddress"`,
		`{"displayName":"Hall","orgId":"ORG","hotdeskingStatus":"maybe"}`:                                                                        `"fieldName":"hotdeskingStatus"`,
		`{"displayName":"Hall","orgId":"ORG","locationId":"LOC","workspaceLocationId":"6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"}`:                   `"fieldName":"workspaceLocationId"`,
		`{"displayName":"Hall","orgId":"ORG","locationId":"6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"}`:                                               `"fieldName":"locationId"`,
		`{"displayName":"Hall","orgId":"ORG","capacity":-1}`:                                                                                     `"fieldName":"capacity"`,
		`{"displayName":"Hall","orgId":"ORG","calendar":{"type":"google"}}`:                                                                      `"fieldName":"calendar.emailAddress"`,
		`{"displayName":"Hall","orgId":"ORG","calling":{"type":"webexCalling","webexCalling":{"extension":"802","phoneNumber":"+12175559999"}}}`: `"fieldName":"calling.webexCalling.phoneNumber"`,
	} {
		got := o.ask(t, o.token, "POST", "/v1/workspaces", strings.NewReplacer("ORG", o.org, "LOC", o.location).Replace(body))
		assert.Contains(t, []int{400, 409}, got.status, body)
		assert.Contains(t, got.body, want, body)
		assert.NotContains(t, got.body, "provisioningParameters", body)
	}
}

func TestVirtualLinesAndPeople(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	lines := "/v1/telephony/config/virtualLines"
	o.ok(t, 201, "POST", "/v1/telephony/config/locations/"+o.location+"/numbers", `{"phoneNumbers":["+12175550123","+12175550124"]}`)
	made := o.ok(t, 201, "POST", lines+"?orgId="+o.org, `{"firstName":"Front","lastName":"Desk","extension":900,"phoneNumber":"+12175550123"}`)
	one := lines + "/" + text(made, "id")
	want := map[string]any{
		"id": made["id"], "firstName": "Front", "lastName": "Desk", "displayName": "Front Desk", "phoneNumber": "+12175550123", "extension": "900",
		"number": map[string]any{"external": "+12175550123", "extension": "900", "primary": true}, "location": map[string]any{"id": o.location, "name": "Shop"},
		"numberOfDevicesAssigned": 0.0, "license": map[string]any{"id": o.license(), "name": "Webex Calling - Professional"},
	}
	assert.Equal(t, want, o.ok(t, 200, "GET", one, ""))
	for query, found := range map[string]int{"": 1, "?ownerName=DESK": 1, "?ownerName=ada": 0, "?phoneNumber=0123": 1, "?extension=9": 1, "?locationId=" + o.location: 1, "?id=" + text(made, "id"): 1, "?id=" + o.person: 0} {
		list, _ := o.ok(t, 200, "GET", lines+query, "")["virtualLines"].([]any)
		assert.Len(t, list, found, query)
	}
	o.ok(t, 204, "PUT", one, `{"lastName":"Counter","phoneNumber":""}`)
	after := o.ok(t, 200, "GET", one, "")
	assert.Equal(t, "Front Counter", after["displayName"])
	assert.NotContains(t, after, "phoneNumber")
	taken := o.ask(t, o.token, "PUT", one, `{"extension":"101"}`)
	assert.Contains(t, taken.body, `"fieldName":"extension"`, "a person has it")
	o.ok(t, 204, "DELETE", one, "")

	person := "/v1/people/" + o.person
	brief := o.ok(t, 200, "GET", person, "")
	assert.Equal(t, map[string]any{
		"id": o.person, "emails": []any{"ada@bakery.example"}, "displayName": "Ada Baker", "firstName": "Ada", "lastName": "Baker", "orgId": o.org,
		"licenses": []any{o.license()}, "created": "2026-05-01T08:00:00.123Z", "type": "person",
	}, brief)
	whole := o.ok(t, 200, "PUT", person+"?callingData=true", `{"firstName":"Augusta","phoneNumbers":[{"type":"work","value":"+1 217 555 0124"},{"type":"mobile","value":"x"}]}`)
	assert.Equal(t, "Augusta Baker", whole["displayName"])
	assert.Equal(t, []any{
		map[string]any{"type": "work", "value": "+12175550124", "primary": true}, map[string]any{"type": "work_extension", "value": "101", "primary": false},
	}, whole["phoneNumbers"])
	assert.Equal(t, []any{"101", o.location}, []any{whole["extension"], whole["locationId"]})
	addresses, _ := whole["sipAddresses"].([]any)
	assert.Len(t, addresses, 1)
	whole = o.ok(t, 200, "PUT", person+"?callingData=true", `{"phoneNumbers":[]}`)
	assert.Len(t, whole["phoneNumbers"], 1)
	o.ok(t, 200, "PUT", person, `{"extension":"102"}`)
	for query, found := range map[string]int{
		"": 1, "?email=ADA@bakery.example": 1, "?displayName=august": 1, "?id=" + o.person + "," + o.person: 1, "?locationId=" + o.location: 1,
		"?callingData=true&orgId=" + o.org: 1, "?displayName=bob": 0,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/people"+query, "")), found, query)
	}
	assert.Equal(t, "101", o.ok(t, 200, "GET", person+"?callingData=true", "")["extension"], "not without callingData")
	assert.Equal(t, 400, o.ask(t, o.token, "GET", "/v1/people?id="+strings.Repeat(o.person+",", 85)+o.person, "").status)
	wrong := o.ask(t, o.token, "PUT", person+"?callingData=true", `{"extension":"1"}`)
	assert.Contains(t, wrong.body, `"fieldName":"extension"`)
	assert.Equal(t, 405, o.ask(t, o.token, "POST", "/v1/people", `{}`).status)
	assert.Equal(t, 405, o.ask(t, o.token, "DELETE", person, "").status)
}

func TestLicensesAreCountedAndChanged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 201, "POST", "/v1/workspaces", o.hall(`"801"`))
	want := map[string]any{
		"id": o.license(), "name": "Webex Calling - Professional", "totalUnits": 2.0, "consumedUnits": 2.0, "consumedByUsers": 1.0, "consumedByWorkspaces": 1.0,
		"subscriptionId": "Sub-1",
	}
	assert.Equal(t, []map[string]any{want}, items(t, o.ok(t, 200, "GET", "/v1/licenses?orgId="+o.org, "")))
	assert.Equal(t, want, o.ok(t, 200, "GET", "/v1/licenses/"+o.license(), ""))
	assert.Contains(t, o.ask(t, o.token, "GET", "/v1/licenses", "").body, `"fieldName":"orgId"`)
	patch := func(body string) reply {
		return o.ask(t, o.token, "PATCH", "/v1/licenses/users", strings.NewReplacer("PERSON", o.person, "LICENSE", o.license(), "ORG", o.org).Replace(body))
	}
	same := patch(`{"email":"ada@bakery.example","orgId":"ORG","licenses":[{"id":"LICENSE","operation":"add","properties":{"extension":101}}]}`)
	assert.Equal(t, map[string]any{"orgId": o.org, "personId": o.person, "email": "ada@bakery.example", "licenses": []any{o.license()}, "siteUrls": []any{}}, object(t, same.body))
	partly := patch(`{"personId":"PERSON","licenses":[{"id":"LICENSE","operation":"remove"},{"id":"x","operation":"add"},{"id":"LICENSE","operation":"burn"}]}`)
	require.Equal(t, 206, partly.status, partly.body)
	var told struct {
		Licenses []string
		Errors   []struct{ FieldName string }
	}
	require.NoError(t, json.Unmarshal([]byte(partly.body), &told))
	assert.Empty(t, told.Licenses)
	assert.Equal(t, []struct{ FieldName string }{{"licenses.id"}, {"licenses.operation"}}, told.Errors)
	assert.Empty(t, items(t, o.ok(t, 200, "GET", "/v1/devices?personId="+o.person, "")), "the phone went with the license")
	for body, want := range map[string]string{
		`{"personId":"PERSON","licenses":[{"id":"LICENSE"}]}`:                                    `"fieldName":"licenses.properties"`,
		`{"personId":"PERSON","licenses":[{"id":"LICENSE","properties":{"extension":"801"}}]}`:   `"fieldName":"licenses.properties.extension"`,
		`{"personId":"PERSON","licenses":[{"id":"LICENSE","properties":{"locationId":"nope"}}]}`: `"fieldName":"licenses.properties.locationId"`,
		`{"personId":"PERSON","licenses":[]}`:                                                    `"fieldName":"licenses"`,
		`{"personId":"PERSON","licenses":[{"id":"x"}]}`:                                          `"fieldName":"licenses.id"`,
		`{"licenses":[{"id":"LICENSE"}]}`:                                                        `"fieldName":"orgId"`,
		`{"orgId":"ORG","licenses":[{"id":"LICENSE"}]}`:                                          `"fieldName":"personId"`,
	} {
		assert.Contains(t, patch(body).body, want, body)
	}
	assert.Equal(t, 404, patch(`{"personId":"6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958","licenses":[{"id":"LICENSE"}]}`).status)
	back := patch(`{"personId":"PERSON","licenses":[{"id":"LICENSE","properties":{"extension":"102"}}]}`)
	assert.Equal(t, 200, back.status, back.body)
}

func TestDeviceSettingsOfAMember(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	person := "/v1/telephony/config/people/" + o.person + "/devices/settings"
	assert.Equal(t, map[string]any{"compression": "OFF"}, o.ok(t, 200, "GET", person, ""))
	o.ok(t, 204, "PUT", person, `{"compression":"ON"}`)
	assert.Equal(t, map[string]any{"compression": "ON"}, o.ok(t, 200, "GET", person, ""))
	assert.InDelta(t, 2, o.ok(t, 200, "GET", "/hub/v1/devices/"+o.device+"/files", "")["revision"], 0)
	assert.Contains(t, o.ask(t, o.token, "PUT", person, `{"compression":"on"}`).body, `"fieldName":"compression"`)
	o.ok(t, 204, "PUT", person+"/hoteling", `{"hoteling":{"enabled":true,"limitGuestUse":true,"guestHoursLimit":5}}`)
	assert.Contains(t, o.ask(t, o.token, "PUT", person+"/hoteling", `{"hoteling":{"enabled":true,"limitGuestUse":true}}`).body, `"fieldName":"hoteling.guestHoursLimit"`)
	assert.Contains(t, o.ask(t, o.token, "PUT", person+"/hoteling", `{"hoteling":{}}`).body, `"fieldName":"hoteling.enabled"`)
	workspace := "/v1/telephony/config/workspaces/" + text(o.ok(t, 201, "POST", "/v1/workspaces", o.hall(`"801"`)), "id") + "/devices"
	o.ok(t, 204, "PUT", workspace, `{"enabled":true,"limitGuestUse":true,"guestHoursLimit":24}`)
	assert.Contains(t, o.ask(t, o.token, "PUT", workspace, `{"enabled":true,"limitGuestUse":true}`).body, `"fieldName":"guestHoursLimit"`)
	assert.Equal(t, 404, o.ask(t, o.token, "GET", "/v1/telephony/config/workspaces/"+o.person+"/devices/settings", "").status, "a person is no workspace")
}
