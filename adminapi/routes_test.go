package adminapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATemplateComesBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	got := o.ok(t, 200, "GET", "/hub/v1/templates/"+o.template, "")
	assert.Equal(t, map[string]any{
		"id": o.template, "provisioningId": o.provisioningID, "name": "Small", "country": "US", "language": "en_US", "subscriptionId": "Sub-1",
		"created": "2026-05-01T08:00:00.123Z", "type": "webex_for_wholesale", "serviceProviderAdmin": "admin@example.com",
		"authentication": map[string]any{"mode": "webex"}, "allowAdminInviteEmails": false, "allowNonPstnCalls": false,
	}, got)
	assert.Equal(t, []map[string]any{got}, items(t, o.ok(t, 200, "GET", "/hub/v1/templates", "")))
}

func TestACustomerIsAcceptedAndThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	accepted := o.ask(t, o.token, "POST", "/v1/wholesale/customers", o.newCustomer("second"))
	require.Equal(t, 202, accepted.status, accepted.body)
	url := text(object(t, accepted.body), "url")
	assert.Equal(t, url, accepted.header.Get("Location"))
	assert.True(t, strings.HasPrefix(url, "http://example.com/v1/wholesale/customers/"), url)
	got := o.ok(t, 200, "GET", strings.TrimPrefix(url, "http://example.com"), "")
	assert.Equal(t, "second", got["externalId"])
	assert.Equal(t, "provisioned", got["status"])
	assert.Equal(t, []any{"webex_calling"}, got["packages"])
	assert.Equal(t, map[string]any{
		"addressLine1": "1 Main Street", "city": "Springfield", "stateOrProvince": "IL", "zipOrPostalCode": "62701", "country": "US",
	}, got["address"])
	assert.Equal(t, map[string]any{"packages": []any{map[string]any{"name": "webex_calling", "status": "provisioned"}}}, got["resourceDetails"])

	for query, want := range map[string]int{
		"": 2, "?externalId=second": 1, "?externalId=nobody": 0, "?orgId=" + o.org: 1, "?status=provisioned": 2, "?status=error,provisioned": 2,
		"?status=error&status=provisioned": 2, "?status=error": 0,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/customers"+query, "")), want, query)
	}
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", "/v1/wholesale/customers", "").body)))
}

func TestALocationTakesNumbers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	got := items(t, o.ok(t, 200, "GET", "/v1/locations?name=sho&orgId="+o.org, ""))
	require.Len(t, got, 1)
	assert.Equal(t, "Shop", got[0]["name"])
	assert.Equal(t, "America/Chicago", got[0]["timeZone"])
	assert.Equal(t, o.org, got[0]["orgId"])
	assert.Equal(t, map[string]any{"address1": "1 Main Street", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US"}, got[0]["address"])
	path := "/v1/telephony/config/locations/" + o.location + "/numbers?orgId=" + o.org
	for range 2 { // numbers that are there already are no mistake
		assert.Equal(t, map[string]any{}, o.ok(t, 201, "POST", path, `{"phoneNumbers":["+12175550123"],"state":"ACTIVE"}`))
	}
	body := fmt.Sprintf(`{"customerId":%q,"email":"bob@bakery.example","packages":["webex_calling"],"provisioningParameters":{"primaryPhoneNumber":"+12175550123"}}`, o.customer)
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", body)
}

func TestASubscriberIsFoundByEveryFilter(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	created := o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", strings.Replace(o.newPerson("bob", 102), `"102"`, `102`, 1)) // sloppy clients send a number
	require.Equal(t, 200, created.status, created.body)
	bob := object(t, created.body)
	assert.Equal(t, "http://example.com/v1/wholesale/subscribers/"+text(bob, "id"), created.header.Get("Location"))
	assert.Equal(t, "bob@bakery.example", bob["email"])
	assert.Equal(t, "webex_calling", bob["package"])
	assert.Equal(t, "bakery", bob["externalCustomerId"])
	assert.Equal(t, "provisioned", bob["status"])
	for query, want := range map[string]int{
		"": 2, "?customerId=" + o.customer: 2, "?personId=" + text(bob, "personId"): 1, "?externalCustomerId=bakery": 2, "?email=BOB@bakery.example": 1,
		"?status=provisioned": 2, "?status=pending_user_migration": 0,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/subscribers"+query, "")), want, query)
	}
}

func TestADeviceIsCreatedReadAndDeleted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	got := o.ok(t, 200, "GET", "/v1/devices/"+o.device, "")
	assert.Equal(t, "805EC0AABBCC", got["mac"])
	assert.Equal(t, "Ada Baker", got["displayName"])
	assert.Equal(t, "Yealink T54W", got["product"])
	assert.Equal(t, "phone", got["type"])
	assert.Equal(t, "unknown", got["connectionStatus"])
	assert.Equal(t, []any{}, got["tags"])
	assert.Equal(t, o.person, got["personId"])
	for query, want := range map[string]int{
		"": 1, "?mac=80-5E-C0-AA-BB-CC": 1, "?mac=000000000001": 0, "?personId=" + o.person: 1, "?locationId=" + o.location: 1, "?product=T54W": 1,
		"?product=Cisco%208851": 0, "?displayName=ADA": 1, "?displayName=t54": 1, "?displayName=%25": 0, "?orgId=" + o.org: 1,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/devices"+query, "")), want, query)
	}
	details := o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+text(got, "callingDeviceId"), "")
	assert.Equal(t, "DMS Yealink T54W", details["model"])
	owner, _ := details["owner"].(map[string]any)
	user := text(owner, "sipUserName")
	assert.Len(t, user, 10)
	assert.Regexp(t, `^`+user+`@c[0-9a-z]{10}\.sip\.example\.test$`, owner["linePort"])

	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	o.ok(t, 204, "DELETE", "/v1/devices/"+o.device, "")
	o.ok(t, 404, "GET", "/v1/devices/"+o.device, "")
	o.ok(t, 404, "DELETE", "/v1/devices/"+o.device, "")
	assert.Empty(t, items(t, o.ok(t, 200, "GET", "/v1/devices", "")))
}

func TestAnEnrolmentWindowOpensAndCloses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/hub/v1/devices/" + o.device + "/enrolment"
	assert.Equal(t, map[string]any{"expires": "2026-05-01T09:00:00.123Z"}, o.ok(t, 201, "POST", path, `{"minutes":60}`))
	o.ok(t, 204, "DELETE", path, "")
	for _, minutes := range []string{"0", "-1", "10081", "9223372036854775807"} {
		got := o.ask(t, o.token, "POST", path, `{"minutes":`+minutes+`}`)
		assert.Equal(t, 400, got.status, minutes)
		assert.Contains(t, got.body, `"fieldName":"minutes"`, minutes)
	}
}

func TestFilesRegistrationAndTraceOfAPhoneThatNeverBooted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	hub := "/hub/v1/devices/" + o.device
	registration := o.ok(t, 200, "GET", hub+"/registration", "")
	assert.Equal(t, "waiting", drift(t, registration))
	delete(registration, "drift")
	assert.Regexp(t, `^[a-z0-9]+\.`, registration["domain"])
	delete(registration, "domain")
	assert.Equal(t, map[string]any{
		"registered": false, "bindings": []any{}, "configuredRevision": 1.0, "fetchedRevision": 0.0, "resolvable": true, "history": []any{}, "lookupObstacles": []any{},
	}, registration)
	assert.Equal(t, map[string]any{"items": []any{}}, o.ok(t, 200, "GET", hub+"/trace", ""))
	files := o.ok(t, 200, "GET", hub+"/files", "")
	assert.InDelta(t, 1, files["revision"], 0)
	list, _ := files["files"].([]any)
	require.NotEmpty(t, list)
	paths := map[string][]any{}
	for _, entry := range list {
		file, _ := entry.(map[string]any)
		transports, _ := file["transports"].([]any)
		paths[text(file, "path")] = transports
		assert.NotEmpty(t, file["contentType"])
	}
	assert.Equal(t, []any{"https"}, paths["805ec0aabbcc.cfg"], "%v", paths)
}

func TestNoSecretIsToldOrLogged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	for _, path := range []string{
		"/v1/devices", "/v1/devices/" + o.device, "/v1/telephony/config/devices/" + o.device, "/hub/v1/devices/" + o.device + "/files",
	} {
		body := o.ask(t, o.token, "GET", path, "").body
		assert.NotContains(t, body, sipPassword, path)
		assert.NotContains(t, body, "Another-Password-1", path)
	}
	assert.Contains(t, o.ask(t, o.token, "GET", "/hub/v1/devices/"+o.device+"/files", "").body, "********")
	bad := o.ask(t, o.token, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Bad;Password-1"}`)
	assert.Equal(t, 400, bad.status)
	assert.NotContains(t, bad.body, "Bad;Password-1")
	for _, word := range []string{sipPassword, "Another-Password-1", "Bad;Password-1", o.token} {
		assert.NotContains(t, o.log.String(), word)
	}
}

func TestTheServerSaysHowItIs(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	assert.Equal(t, "ok\n", o.ask(t, "", "GET", "/healthz", "").body)
	ready := o.ask(t, "", "GET", "/readyz", "")
	assert.Equal(t, 200, ready.status)
	assert.Equal(t, "ready\n", ready.body)
	document := object(t, o.ask(t, "", "GET", "/openapi.json", "").body)
	paths, _ := document["paths"].(map[string]any)
	known := map[string]bool{"/hub/v1/consents": true, "/v1/access_token": true} // with tests of their own
	for _, r := range routes() {
		operations, _ := paths[r.documented].(map[string]any)
		assert.Contains(t, operations, strings.ToLower(r.method), r.documented)
		known[r.documented] = true
	}
	assert.Len(t, paths, len(known), "a route that isn't in the tests' table")
}
