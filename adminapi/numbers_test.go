package adminapi_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbersOf lists numbers as the calling API does.
func (o *office) numbersOf(t testing.TB, query string) []map[string]any {
	t.Helper()
	raw, ok := o.ok(t, 200, "GET", "/v1/telephony/config/numbers?"+query, "")["phoneNumbers"].([]any)
	require.True(t, ok)
	out := make([]map[string]any, len(raw))
	for i, n := range raw {
		out[i], _ = n.(map[string]any)
	}
	return out
}

// numbered is an office with a main number, a free one, a toll-free one and one of Bob's; Ada has an extension alone.
func numbered(t *testing.T) (*office, string) {
	t.Helper()
	o := newOffice(t)
	o.ok(t, 201, "POST", callingOf(o)+"/numbers", `{"phoneNumbers":["+12175550120","+12175550121","+12175550122"]}`)
	o.ok(t, 201, "POST", callingOf(o)+"/numbers", `{"phoneNumbers":["+18005550123"],"numberUsageType":"SERVICE","state":"INACTIVE"}`)
	o.ok(t, 204, "PUT", callingOf(o), `{"callingLineId":{"phoneNumber":"+12175550120"},"routingPrefix":"8"}`)
	body := fmt.Sprintf(`{"customerId":%q,"email":"bob@bakery.example","package":"webex_calling","provisioningParameters":{"firstName":"Bob","lastName":"Byte","primaryPhoneNumber":"+12175550122","extension":"122"}}`, o.customer)
	return o, text(o.ok(t, 200, "POST", "/v1/wholesale/subscribers", body), "personId")
}

func TestNumbersAreListedWithTheirOwners(t *testing.T) {
	t.Parallel()
	o, bob := numbered(t)
	shop := map[string]any{"id": o.location, "name": "Shop"}
	assert.Equal(t, []map[string]any{{
		"phoneNumber": "+12175550122", "extension": "122", "routingPrefix": "8", "esn": "8122", "state": "ACTIVE", "phoneNumberType": "PRIMARY", "mainNumber": false,
		"tollFreeNumber": false, "includedTelephonyTypes": "PSTN_NUMBER", "isServiceNumber": false, "isReservedNumber": false, "location": shop,
		"owner": map[string]any{"id": bob, "type": "PEOPLE", "firstName": "Bob", "lastName": "Byte"},
	}}, o.numbersOf(t, "phoneNumber=+12175550122"), "a plus sign that isn't escaped is taken too")
	assert.Equal(t, []map[string]any{{
		"extension": "101", "routingPrefix": "8", "esn": "8101", "state": "ACTIVE", "mainNumber": false, "tollFreeNumber": false, "isServiceNumber": false,
		"isReservedNumber": false, "location": shop, "owner": map[string]any{"id": o.person, "type": "PEOPLE", "firstName": "Ada", "lastName": "Baker"},
	}}, o.numbersOf(t, "numberType=EXTENSION"))
	for query, want := range map[string]int{
		"": 5, "orgId=" + o.org: 5, "locationId=" + o.location: 5, "available=true": 2, "available=false": 5, "state=INACTIVE": 1, "ownerId=" + bob: 1,
		"ownerName=byt": 1, "ownerType=PEOPLE": 2, "ownerType=PLACE": 0, "ownerType=HUNT_GROUP": 0, "extension=122": 1, "numberType=NUMBER": 4, "phoneNumberType=PRIMARY": 1,
		"phoneNumberType=FAX": 0, "tollFreeNumbers=true": 1, "tollFreeNumbers=true&includedTelephonyTypes=MOBILE_NUMBER": 0, "restrictedNonGeoNumbers=true": 0,
		"includedTelephonyTypes=MOBILE_NUMBER": 0, "includedTelephonyTypes=PSTN_NUMBER": 4, "serviceNumber=true": 1, "serviceNumber=false": 4, "reservedNumber=true": 0,
		"reservedNumber=false": 5, "phoneNumber=5550": 4, "order=dn-desc": 5, "order=lastName": 5, "order=extension-asc": 5,
	} {
		assert.Len(t, o.numbersOf(t, query), want, query)
	}
	for query, field := range map[string]string{
		"available=true&ownerType=PEOPLE": "available", "available=true&numberType=EXTENSION": "available", "available=true&reservedNumber=true": "available",
		"available=yes": "available", "details=1": "details", "order=name": "order", "order=dn-up": "order", "numberType=BOTH": "numberType", "state=MAYBE": "state",
		"ownerType=ROBOT": "ownerType", "phoneNumberType=X": "phoneNumberType", "includedTelephonyTypes=X": "includedTelephonyTypes", "locationId=x": "locationId", "ownerId=x": "ownerId",
	} {
		got := o.ask(t, o.token, "GET", "/v1/telephony/config/numbers?"+query, "")
		assert.Equal(t, 400, got.status, query)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`, query)
	}
	assert.Equal(t, map[string]any{
		"assigned": 2.0, "unAssigned": 2.0, "inActive": 1.0, "extensionOnly": 1.0, "tollFreeNumbers": 1.0, "mobileNumbers": 0.0, "serviceNumbers": 1.0, "total": 5.0,
	}, o.ok(t, 200, "GET", "/v1/telephony/config/numbers?details=true&max=1", "")["count"])
	assert.JSONEq(t, `{"phoneNumbers":[]}`, o.ask(t, o.others, "GET", "/v1/telephony/config/numbers", "").body)
}

// TestNumbersArePagedByTheLink goes from page to page as a client does, with numbers and extensions mixed.
func TestNumbersArePagedByTheLink(t *testing.T) {
	t.Parallel()
	o, _ := numbered(t)
	for _, first := range []string{"/v1/telephony/config/numbers?max=2", "/v1/telephony/config/numbers?max=2&order=dn"} {
		seen := map[string]bool{}
		pages := 0
		for target := first; target != ""; pages++ {
			got := o.ask(t, o.token, "GET", target, "")
			require.Equal(t, 200, got.status, got.body)
			list, _ := object(t, got.body)["phoneNumbers"].([]any)
			for _, entry := range list {
				n, _ := entry.(map[string]any)
				seen[text(n, "phoneNumber")+text(n, "extension")] = true
			}
			target = ""
			if next, err := url.Parse(links(got.header.Get("Link"))["next"]); err == nil && next.Path != "" {
				target = next.RequestURI()
			}
		}
		assert.Equal(t, 3, pages, first)
		assert.Len(t, seen, 5, first)
	}
}

func TestNumbersOfALocationChange(t *testing.T) {
	t.Parallel()
	o, _ := numbered(t)
	at := callingOf(o) + "/numbers"
	for _, body := range []string{
		`{"phoneNumbers":["12175550124"]}`, `{"phoneNumbers":["+12175550124"],"numberType":"X"}`, `{"phoneNumbers":["+12175550124"],"numberUsageType":"X"}`,
		`{"phoneNumbers":["+12175550124"],"state":"X"}`, `{"phoneNumbers":[]}`,
	} {
		assert.Equal(t, 400, o.ask(t, o.token, "POST", at, body).status, body)
	}
	single := o.ask(t, o.token, "POST", at, `{"phoneNumbers":["+12175550124","12175550125"]}`)
	assert.Equal(t, 400, single.status)
	assert.JSONEq(t, `[{"errors":[{"number":"12175550125","errorType":"ERROR","errorCode":"90000","errorTitle":"The number can't be added",
		"errorMessage":"must be a number in E.164 form, such as +12405551212; it is \"12175550125\""}]}]`, single.body)
	assert.Equal(t, "application/json", single.header.Get("Content-Type"))
	assert.NotEmpty(t, single.header.Get("trackingid"))
	o.ok(t, 201, "POST", at, `{"phoneNumbers":["+12175550124"],"numberType":"MOBILE","state":"INACTIVE"}`)
	assert.Equal(t, "MOBILE_NUMBER", o.numbersOf(t, "phoneNumber=%2B12175550124")[0]["includedTelephonyTypes"])
	o.ok(t, 204, "PUT", at, `{"phoneNumbers":["+12175550124"]}`)
	assert.Equal(t, "ACTIVE", o.numbersOf(t, "phoneNumber=%2B12175550124")[0]["state"])
	o.ok(t, 204, "PUT", at, `{"phoneNumbers":["+1 217 555 0124"],"action":"DEACTIVATE"}`)
	assert.Equal(t, "INACTIVE", o.numbersOf(t, "phoneNumber=%2B12175550124")[0]["state"])
	for _, c := range []struct {
		method, body string
		status       int
		want         string
	}{
		{"PUT", `{"phoneNumbers":["+12175550122"],"action":"DEACTIVATE"}`, 409, `"errorCode":90012`},
		{"PUT", `{"phoneNumbers":["+12175550120"],"action":"DEACTIVATE"}`, 409, "main number"},
		{"PUT", `{"phoneNumbers":["+12175550124"],"action":"X"}`, 400, `"fieldName":"action"`},
		{"PUT", `{"phoneNumbers":["+12175550124","+12175550199"]}`, 400, `"fieldName":"phoneNumbers[1]"`},
		{"DELETE", `{"phoneNumbers":["+12175550124","+12175550122"]}`, 409, "Somebody has the number +12175550122"},
		{"DELETE", `{"phoneNumbers":["+12175550120"]}`, 409, "main number"},
		{"DELETE", `{"phoneNumbers":["+12175550199"]}`, 400, "isn't in the location"},
	} {
		got := o.ask(t, o.token, c.method, at, c.body)
		assert.Equal(t, c.status, got.status, c.body)
		assert.Contains(t, got.body, c.want, c.body)
	}
	o.ok(t, 204, "DELETE", at, `{"phoneNumbers":["+12175550124","+12175550124"]}`)
	assert.Len(t, o.numbersOf(t, "numberType=NUMBER"), 4, "a call does all or nothing")
	got := o.ok(t, 200, "POST", "/v1/telephony/config/actions/validateNumbers/invoke?orgId="+o.org, `{"phoneNumbers":["+12175550121","+12175550150","+12175550150","x","+18005550151"]}`)
	assert.Equal(t, "ERRORS", got["status"])
	var states []string
	list, _ := got["phoneNumbers"].([]any)
	for _, entry := range list {
		n, _ := entry.(map[string]any)
		states = append(states, text(n, "state"))
	}
	assert.Equal(t, []string{"Duplicate", "Available", "Duplicate In List", "Invalid", "Available"}, states)
	taken := o.ask(t, o.others, "POST", "/v1/telephony/config/actions/validateNumbers/invoke", `{"phoneNumbers":["+12175550121"]}`)
	assert.Contains(t, taken.body, `"state":"Unavailable"`)
}

func TestNumbersMoveToAnotherLocation(t *testing.T) {
	t.Parallel()
	o, _ := numbered(t)
	annex := o.addLocation(newLocation("Annex", springfield))
	body := fmt.Sprintf(`{"operation":"MOVE","targetLocationId":%q,"numberList":[{"locationId":%q,"numbers":["+12175550120","+12175550121","+12175550122","+12175550199"]}]}`, annex, o.location)
	refused := o.ask(t, o.token, "POST", numberJobs, body)
	assert.Equal(t, 400, refused.status)
	assert.Contains(t, refused.body, `"fieldName":"targetLocationId"`)
	o.ok(t, 201, "POST", "/v1/telephony/config/locations", fmt.Sprintf(`{"id":%q}`, annex))
	made := o.ok(t, 202, "POST", numberJobs, body)
	assert.Equal(t, "STARTING", made["latestExecutionStatus"])
	at := numberJobs + "/" + text(made, "id")
	done := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, "COMPLETED", done["latestExecutionStatus"])
	assert.Equal(t, "COMPLETED_WITH_ERRORS", done["latestExecutionExitCode"])
	assert.Equal(t, map[string]any{"totalNumbers": 4.0, "numbersMoved": 1.0, "numbersUsageChanged": 0.0, "numbersFailed": 3.0}, done["counts"])
	assert.Equal(t, []map[string]any{done}, items(t, o.ok(t, 200, "GET", numberJobs, "")))
	failures := items(t, o.ok(t, 200, "GET", at+"/errors", ""))
	require.Len(t, failures, 3)
	assert.Equal(t, "+12175550120", failures[0]["item"])
	assert.Contains(t, fmt.Sprint(failures[0]["error"]), "code:90012 description:+12175550120 is the main number")
	assert.Contains(t, fmt.Sprint(failures[2]["error"]), "code:90001")
	assert.Len(t, o.numbersOf(t, "locationId="+annex), 1)
	for _, body := range []string{
		`{"operation":"MOVE","numberList":[]}`, fmt.Sprintf(`{"operation":"DELETE","numberList":[{"locationId":%q,"numbers":["+12175550121"]}]}`, annex),
		fmt.Sprintf(`{"operation":"NUMBER_USAGE_CHANGE","numberList":[{"locationId":%q,"numbers":["+12175550121"]}]}`, annex),
		fmt.Sprintf(`{"operation":"MOVE","targetLocationId":%q,"numberList":[{"locationId":%[1]q,"numbers":["+12175550121"]}]}`, annex),
	} {
		assert.Equal(t, 400, o.ask(t, o.token, "POST", numberJobs, body).status, body)
	}
	o.ok(t, 202, "POST", numberJobs, fmt.Sprintf(`{"operation":"NUMBER_USAGE_CHANGE","numberUsageType":"SERVICE","numberList":[{"locationId":%q,"numbers":["+12175550121"]}]}`, annex))
	assert.Equal(t, true, o.numbersOf(t, "locationId="+annex)[0]["isServiceNumber"])
}
