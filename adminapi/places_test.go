package adminapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inNoDocument reports whether a route of the calling API is described by none of the official documents at hand.
func inNoDocument(documented string) bool {
	for _, prefix := range []string{
		"/v1/telephony/config/locations", "/v1/telephony/config/numbers", "/v1/telephony/config/actions", "/v1/telephony/config/jobs/numbers", "/v1/telephony/pstn",
		"/v1/locations/{locationId}/floors",
	} {
		if strings.HasPrefix(documented, prefix) && !strings.HasSuffix(documented, "/devices/settings") {
			return true
		}
	}
	return false
}

// needsNoBody reports whether a route takes a body that says nothing, or none.
func needsNoBody(r routed) bool {
	for _, end := range []string{"/generatePassword/invoke", "/devices/{deviceId}/members", "/credentials/rotate", "/credentials/compromised"} {
		if strings.HasSuffix(r.documented, end) {
			return true
		}
	}
	return false
}

const berlin = `{"address1":"Invalidenstraße 1","city":"Berlin","postalCode":"10115","country":"de"}`

const springfield = `{"address1":"1 Main Street","city":"Springfield","state":"IL","postalCode":"62701","country":"US"}`

func newLocation(name, address string) string {
	return fmt.Sprintf(`{"name":%q,"timeZone":"America/Chicago","preferredLanguage":"en_US","announcementLanguage":"fr_FR","address":%s}`, name, address)
}

// ofLocation is a path below the office's location.
func ofLocation(prefix, below string) func(*office) string {
	return func(o *office) string { return prefix + o.location + below }
}

// ofALocation is the path of a location without calling that was made for it.
func ofALocation(o *office) string {
	return "/v1/locations/" + o.addLocation(newLocation("made", springfield))
}

// addLocation adds a location without calling to the office's customer, and returns its id.
func (o *office) addLocation(body string) string {
	return o.made("/v1/locations?orgId="+o.org, body).ID
}

// ofAFloor is the path of a floor of a location that was made for it.
func ofAFloor(o *office) string {
	floors := ofALocation(o) + "/floors"
	return floors + "/" + o.made(floors, `{"floorNumber":3}`).ID
}

// ofFloors is the path of the floors of a location that was made for it.
func ofFloors(o *office) string { return ofALocation(o) + "/floors" }

// withNumber is a path of the office's location, which has the number of a body then.
func withNumber(o *office) string {
	path := callingOf(o) + "/numbers"
	o.made(path, `{"phoneNumbers":["+12175550188"]}`)
	return path
}

func callingOf(o *office) string { return "/v1/telephony/config/locations/" + o.location }

func pstnOf(o *office) string { return "/v1/telephony/pstn/locations/" + o.location }

// connected is the path of the connection of the office's location, which has one then.
func connected(o *office) string {
	path := pstnOf(o) + "/connection"
	r := httptest.NewRequest(http.MethodPut, path, strings.NewReader(trunk))
	r.Header.Set("Authorization", "Bearer "+o.token)
	o.door.ServeHTTP(httptest.NewRecorder(), r)
	return path
}

const trunk = `{"premiseRouteType":"TRUNK","premiseRouteId":"trunk-1"}`

// ofAnEmergencyAddress is the path of the emergency address of the office's location, which has one then.
func ofAnEmergencyAddress(o *office) string {
	return pstnOf(o) + "/emergencyAddresses/" + o.made(pstnOf(o)+"/emergencyAddress", springfield).ID
}

const numberJobs = "/v1/telephony/config/jobs/numbers/manageNumbers"

func newNumberJob(o *office) string {
	return fmt.Sprintf(`{"operation":"NUMBER_USAGE_CHANGE","numberUsageType":"SERVICE","numberList":[{"locationId":%q,"numbers":["+12175550199"]}]}`, o.location)
}

// ofANumberJob is the path of a job that was made for it, on a number that isn't there.
func ofANumberJob(o *office) string {
	return numberJobs + "/" + o.made(numberJobs, newNumberJob(o)).ID
}

// placeRoutes are the routes of locations, floors, numbers and connections.
func placeRoutes() []routed {
	const one, floors, floor = "/v1/locations/{locationId}", "/v1/locations/{locationId}/floors", "/v1/locations/{locationId}/floors/{floorId}"
	const calling, pstn = "/v1/telephony/config/locations/{locationId}", "/v1/telephony/pstn/locations/{locationId}"
	const locationsRead, locationsWrite = "spark-admin:locations_read", "spark-admin:locations_write"
	const telephonyRead, telephonyWrite = "spark-admin:telephony_config_read", "spark-admin:telephony_config_write"
	const pstnRead, pstnWrite = "spark-admin:telephony_pstn_read", "spark-admin:telephony_pstn_write"
	const actions, config = calling + "/actions", "/v1/telephony/config/locations/"
	return []routed{
		{"GET", "/v1/locations", locationsRead, 200, at("/v1/locations"), nil},
		{"POST", "/v1/locations", locationsWrite, 201, func(o *office) string { return "/v1/locations?orgId=" + o.org }, at(newLocation("Annex", springfield))},
		{"GET", one, locationsRead, 200, ofLocation("/v1/locations/", ""), nil},
		{"PUT", one, locationsWrite, 204, ofLocation("/v1/locations/", ""), at(`{"name":"Shop","notes":"at the corner"}`)},
		{"DELETE", one, locationsWrite, 204, ofALocation, nil},
		{"GET", floors, locationsRead, 200, ofFloors, nil},
		{"POST", floors, locationsWrite, 201, ofFloors, at(`{"floorNumber":1,"displayName":"First"}`)},
		{"GET", floor, locationsRead, 200, ofAFloor, nil},
		{"PUT", floor, locationsWrite, 200, ofAFloor, at(`{"floorNumber":2}`)},
		{"DELETE", floor, locationsWrite, 204, ofAFloor, nil},
		{"GET", "/v1/telephony/config/locations", telephonyRead, 200, at("/v1/telephony/config/locations"), nil},
		{"POST", "/v1/telephony/config/locations", telephonyWrite, 201, at("/v1/telephony/config/locations"), func(o *office) string { return fmt.Sprintf(`{"id":%q}`, o.location) }},
		{"GET", calling, telephonyRead, 200, callingOf, nil},
		{"PUT", calling, telephonyWrite, 204, callingOf, at(`{"outsideDialDigit":"9"}`)},
		{"DELETE", "/hub/v1/locations/{locationId}/calling", telephonyWrite, 204, func(o *office) string {
			return strings.Replace(ofALocation(o), "/v1/", "/hub/v1/", 1) + "/calling"
		}, nil},
		{"POST", actions + "/validateExtensions/invoke", telephonyWrite, 200, ofLocation(config, "/actions/validateExtensions/invoke"), at(`{"extensions":["300"]}`)},
		{"POST", actions + "/generatePassword/invoke", telephonyWrite, 200, ofLocation(config, "/actions/generatePassword/invoke"), at(`{"generate":["sip"]}`)},
		{"GET", calling + "/features/emergencyCallbackNumber", telephonyRead, 200, ofLocation(config, "/features/emergencyCallbackNumber"), nil},
		{"PUT", calling + "/features/emergencyCallbackNumber", telephonyWrite, 204, ofLocation(config, "/features/emergencyCallbackNumber"), at(`{"selected":"LOCATION_NUMBER"}`)},
		{"GET", calling + "/outgoingPermission", telephonyRead, 200, ofLocation(config, "/outgoingPermission"), nil},
		{"PUT", calling + "/outgoingPermission", telephonyWrite, 204, ofLocation(config, "/outgoingPermission"), at(`{"callingPermissions":[{"callType":"NATIONAL","action":"BLOCK"}]}`)},
		{"GET", "/v1/telephony/config/numbers", telephonyRead, 200, at("/v1/telephony/config/numbers"), nil},
		{"POST", calling + "/numbers", telephonyWrite, 201, ofLocation(config, "/numbers"), at(`{"phoneNumbers":["+12175550124"]}`)},
		{"PUT", calling + "/numbers", telephonyWrite, 204, withNumber, at(`{"phoneNumbers":["+12175550188"],"action":"DEACTIVATE"}`)},
		{"DELETE", calling + "/numbers", telephonyWrite, 204, withNumber, at(`{"phoneNumbers":["+12175550188"]}`)},
		{"POST", "/v1/telephony/config/actions/validateNumbers/invoke", telephonyWrite, 200, at("/v1/telephony/config/actions/validateNumbers/invoke"), at(`{"phoneNumbers":["+12175550125"]}`)},
		{"POST", numberJobs, telephonyWrite, 202, at(numberJobs), newNumberJob},
		{"GET", numberJobs, telephonyRead, 200, at(numberJobs), nil},
		{"GET", numberJobs + "/{jobId}", telephonyRead, 200, ofANumberJob, nil},
		{"GET", numberJobs + "/{jobId}/errors", telephonyRead, 200, func(o *office) string { return ofANumberJob(o) + "/errors" }, nil},
		{"GET", pstn + "/connectionOptions", pstnRead, 200, func(o *office) string { return pstnOf(o) + "/connectionOptions" }, nil},
		{"GET", pstn + "/connection", pstnRead, 200, connected, nil},
		{"PUT", pstn + "/connection", pstnWrite, 204, connected, at(trunk)},
		{"POST", pstn + "/emergencyAddress", pstnWrite, 201, func(o *office) string { return pstnOf(o) + "/emergencyAddress" }, at(springfield)},
		{"POST", pstn + "/emergencyAddress/lookup", pstnRead, 200, func(o *office) string { return pstnOf(o) + "/emergencyAddress/lookup" }, at(springfield)},
		{"PUT", pstn + "/emergencyAddresses/{addressId}", pstnWrite, 204, ofAnEmergencyAddress, at(springfield)},
	}
}

func TestALocationIsMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.addLocation(`{"name":"Annex","timeZone":"Europe/Berlin","preferredLanguage":"de","announcementLanguage":"de_DE","latitude":"52.53","longitude":"-13.38","notes":"n","address":` + berlin + `}`)
	at := "/v1/locations/" + id
	want := map[string]any{
		"id": id, "name": "Annex", "orgId": o.org, "timeZone": "Europe/Berlin", "preferredLanguage": "de_de", "announcementLanguage": "de_de",
		"latitude": "52.53", "longitude": "-13.38", "notes": "n",
		"address": map[string]any{"address1": "Invalidenstraße 1", "city": "Berlin", "postalCode": "10115", "country": "DE"},
	}
	assert.Equal(t, want, o.ok(t, 200, "GET", at, ""))
	assert.Equal(t, []map[string]any{want}, items(t, o.ok(t, 200, "GET", "/v1/locations?name=NNE&orgId="+o.org, "")))
	o.ok(t, 204, "PUT", at, `{"name":"Annexe","timeZone":"Europe/Paris"}`)
	want["name"], want["timeZone"] = "Annexe", "Europe/Paris"
	assert.Equal(t, want, o.ok(t, 200, "GET", at, ""))
	o.ok(t, 404, "GET", "/v1/telephony/config/locations/"+id, "")
	o.ok(t, 204, "DELETE", at, "")
	o.ok(t, 404, "GET", at, "")

	for body, field := range map[string]string{
		`{"name":"x"}`: "address", newLocation("x", `{"address1":"1","city":"S","country":"US"}`): "address.state", newLocation(strings.Repeat("x", 257), springfield): "name",
		`{"latitude":"91","name":"x","timeZone":"UTC","preferredLanguage":"en","announcementLanguage":"en","address":` + springfield + `}`:   "latitude",
		`{"longitude":"1e2","name":"x","timeZone":"UTC","preferredLanguage":"en","announcementLanguage":"en","address":` + springfield + `}`: "longitude",
	} {
		got := o.ask(t, o.token, "POST", "/v1/locations?orgId="+o.org, body)
		assert.Equal(t, 400, got.status, body)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`)
	}
	got := o.ask(t, o.token, "POST", "/v1/locations", newLocation("x", springfield))
	assert.Equal(t, 400, got.status)
	assert.Contains(t, got.body, `"fieldName":"orgId"`)
	kept := o.ask(t, o.token, "DELETE", "/v1/locations/"+o.location, "")
	assert.Equal(t, 409, kept.status)
	assert.Contains(t, kept.body, "has calling")
	kept = o.ask(t, o.token, "DELETE", "/hub/v1/locations/"+o.location+"/calling", "")
	assert.Equal(t, 409, kept.status)
	assert.Contains(t, kept.body, "1 people and 1 devices belong to the location Shop")
	long := o.ask(t, o.token, "PUT", "/v1/locations/"+o.location, `{"name":"`+strings.Repeat("x", 81)+`"}`)
	assert.Equal(t, 400, long.status, "calling has shorter names")
}

func TestAChangeOfALocationReachesItsPhones(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	files := "/hub/v1/devices/" + o.device + "/files"
	before := o.ok(t, 200, "GET", files, "")
	o.ok(t, 204, "PUT", "/v1/locations/"+o.location, `{"notes":"nobody is told"}`)
	assert.Equal(t, before, o.ok(t, 200, "GET", files, ""))
	o.ok(t, 204, "PUT", "/v1/locations/"+o.location, `{"timeZone":"America/New_York"}`)
	after := o.ok(t, 200, "GET", files, "")
	assert.InDelta(t, 2, after["revision"], 0)
	assert.NotEqual(t, fmt.Sprint(before["files"]), fmt.Sprint(after["files"]))
	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=device.revised", ""))
	require.Len(t, events, 1)
	assert.Equal(t, "admin@example.com", events[0]["actor"])
}

func TestCallingIsSwitchedOnAndOff(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.addLocation(newLocation("Annex", springfield))
	at := "/v1/telephony/config/locations/" + id
	refused := o.ask(t, o.token, "POST", at+"/numbers", `{"phoneNumbers":["+12175550124"]}`)
	assert.Equal(t, 409, refused.status)
	assert.Contains(t, refused.body, `"errorCode":90040`)
	for range 2 {
		assert.Equal(t, map[string]any{"id": id}, o.ok(t, 201, "POST", "/v1/telephony/config/locations?orgId="+o.org, fmt.Sprintf(`{"id":%q,"name":"Annex"}`, id)))
	}
	got := o.ok(t, 200, "GET", at, "")
	domain := text(got, "defaultDomain")
	assert.Regexp(t, `^c[0-9a-z]{10}\.sip\.example\.test$`, domain)
	assert.Equal(t, map[string]any{
		"id": id, "name": "Annex", "announcementLanguage": "fr_fr", "callingLineId": map[string]any{"name": "Bakery"}, "enforceOutsideDialDigit": false,
		"defaultDomain": domain, "useChargeNumberForPChargeInfo": false, "e911SetupRequired": true,
	}, got)
	o.ok(t, 201, "POST", at+"/numbers", `{"phoneNumbers":["+12175550124","+18005550125"]}`)
	o.ok(t, 204, "PUT", at, `{"callingLineId":{"name":"Annex Ltd","phoneNumber":"+1 (217) 555-0124"},"outsideDialDigit":"9","enforceOutsideDialDigit":true,"routingPrefix":"81",
		"externalCallerIdName":"Bäckerei","pAccessNetworkInfo":"ELIN","chargeNumber":"+18005550125","useChargeNumberForPChargeInfo":true,"announcementLanguage":"en_gb",
		"connection":{"type":"ROUTE_GROUP","id":"g-1"}}`)
	o.ok(t, 201, "POST", "/v1/telephony/pstn/locations/"+id+"/emergencyAddress", springfield)
	want := map[string]any{
		"id": id, "name": "Annex", "announcementLanguage": "en_gb", "callingLineId": map[string]any{"name": "Annex Ltd", "phoneNumber": "+12175550124"},
		"enforceOutsideDialDigit": true, "outsideDialDigit": "9", "routingPrefix": "81", "externalCallerIdName": "Bäckerei", "pAccessNetworkInfo": "ELIN",
		"chargeNumber": "+18005550125", "useChargeNumberForPChargeInfo": true, "connection": map[string]any{"type": "ROUTE_GROUP", "id": "g-1"},
		"defaultDomain": domain, "e911SetupRequired": false,
	}
	assert.Equal(t, want, o.ok(t, 200, "GET", at, ""))
	list, _ := o.ok(t, 200, "GET", "/v1/telephony/config/locations?name=anne&order=desc", "")["locations"].([]any)
	require.Len(t, list, 1)
	for _, body := range []string{`{"routingPrefix":"x"}`, `{"outsideDialDigit":"12"}`, `{"callingLineId":{"phoneNumber":"+12175550199"}}`, `{"connection":{"type":"X","id":"1"}}`} {
		assert.Equal(t, 400, o.ask(t, o.token, "PUT", at, body).status, body)
	}
	taken := o.ask(t, o.token, "PUT", callingOf(o), `{"routingPrefix":"81"}`)
	assert.Equal(t, 409, taken.status)
	assert.Contains(t, taken.body, `"fieldName":"routingPrefix"`)
	kept := o.ask(t, o.token, "DELETE", at+"/numbers", `{"phoneNumbers":["+12175550124"]}`)
	assert.Equal(t, 409, kept.status)
	assert.Contains(t, kept.body, "is the main number of the location Annex")
	o.ok(t, 204, "PUT", at, `{"callingLineId":{"phoneNumber":""},"chargeNumber":""}`)
	o.ok(t, 204, "DELETE", at+"/numbers", `{"phoneNumbers":["+12175550124","+18005550125"]}`)
	o.ok(t, 204, "DELETE", "/hub/v1/locations/"+id+"/calling", "")
	o.ok(t, 404, "GET", at, "")
	o.ok(t, 204, "DELETE", "/v1/locations/"+id, "")
}

func TestExtensionsPasswordAndCallback(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := callingOf(o)
	got := o.ok(t, 200, "POST", at+"/actions/validateExtensions/invoke", `{"extensions":["101","300","300","1"]}`)
	assert.Equal(t, "ERRORS", got["status"])
	var states []string
	list, _ := got["extensionStatus"].([]any)
	for _, entry := range list {
		status, _ := entry.(map[string]any)
		states = append(states, text(status, "state"))
	}
	assert.Equal(t, []string{"DUPLICATE", "VALID", "DUPLICATE_IN_LIST", "INVALID"}, states)
	for _, body := range []string{"", "{}", `{"generate":["sip"]}`} {
		password := text(o.ok(t, 200, "POST", at+"/actions/generatePassword/invoke", body), "exampleSipPassword")
		assert.Regexp(t, `^[A-Za-z0-9._-]{20,}$`, password)
		assert.NotContains(t, o.log.String(), password)
	}
	callback := at + "/features/emergencyCallbackNumber"
	assert.Equal(t, "NONE", o.ok(t, 200, "GET", callback, "")["locationInfo"].(map[string]any)["effectiveLevel"])
	o.ok(t, 201, "POST", at+"/numbers", `{"phoneNumbers":["+12175550124","+12175550125"]}`)
	o.ok(t, 204, "PUT", at, `{"callingLineId":{"phoneNumber":"+12175550124"}}`)
	assert.Equal(t, 400, o.ask(t, o.token, "PUT", callback, fmt.Sprintf(`{"selected":"LOCATION_MEMBER_NUMBER","locationMemberId":%q}`, o.person)).status, "she has no number")
	body := fmt.Sprintf(`{"customerId":%q,"email":"bob@bakery.example","package":"webex_calling","provisioningParameters":{"firstName":"Bob","primaryPhoneNumber":"+12175550125"}}`, o.customer)
	bob := text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", body), "personId")
	o.ok(t, 204, "PUT", callback, fmt.Sprintf(`{"selected":"LOCATION_MEMBER_NUMBER","locationMemberId":%q}`, bob))
	assert.Equal(t, map[string]any{
		"selected": "LOCATION_MEMBER_NUMBER",
		"locationInfo": map[string]any{
			"phoneNumber": "+12175550124", "name": "Shop", "effectiveLevel": "LOCATION_NUMBER", "effectiveValue": "+12175550124", "quality": "RECOMMENDED",
		},
		"locationMemberInfo": map[string]any{
			"phoneNumber": "+12175550125", "firstName": "Bob", "lastName": "", "memberId": bob, "memberType": "PEOPLE", "effectiveLevel": "LOCATION_MEMBER_NUMBER",
			"effectiveValue": "+12175550125", "quality": "RECOMMENDED",
		},
	}, o.ok(t, 200, "GET", callback, ""))
}

func TestFloorsComeBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/v1/locations/" + o.location + "/floors"
	cellar := o.ok(t, 201, "POST", at, `{"floorNumber":-1,"displayName":"Cellar"}`)
	assert.Equal(t, map[string]any{"id": cellar["id"], "locationId": o.location, "floorNumber": -1.0, "displayName": "Cellar"}, cellar)
	one := at + "/" + text(cellar, "id")
	assert.Equal(t, cellar, o.ok(t, 200, "GET", one, ""))
	assert.Equal(t, []map[string]any{cellar}, items(t, o.ok(t, 200, "GET", at, "")))
	assert.Equal(t, 409, o.ask(t, o.token, "POST", at, `{"floorNumber":-1}`).status)
	assert.Equal(t, 400, o.ask(t, o.token, "POST", at, `{"floorNumber":1001}`).status)
	o.ok(t, 201, "POST", at, `{"floorNumber":0}`)
	changed := o.ok(t, 200, "PUT", one, `{"floorNumber":1}`)
	assert.Equal(t, map[string]any{"id": cellar["id"], "locationId": o.location, "floorNumber": 1.0}, changed)
	annex := ofALocation(o)
	o.ok(t, 404, "GET", annex+"/floors/"+text(cellar, "id"), "")
	o.ok(t, 204, "DELETE", one, "")
	o.ok(t, 404, "DELETE", one, "")
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+text(cellar, "id"), "")), 3)
}
