package adminapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALocationIsConnected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := pstnOf(o) + "/connection"
	none := o.ask(t, o.token, "GET", at, "")
	assert.Equal(t, 404, none.status)
	assert.Contains(t, none.body, "has no PSTN connection yet")
	carrier := text(o.ok(t, 201, "POST", "/hub/v1/pstnVendors", pstnVendor("Carrier", `["US"]`)), "id")
	foreign := text(o.ok(t, 201, "POST", "/hub/v1/pstnVendors", pstnVendor("Träger", `["DE"]`)), "id")
	options := items(t, o.ok(t, 200, "GET", pstnOf(o)+"/connectionOptions?serviceTypes=MOBILE_NUMBERS", ""))
	require.Len(t, options, 2)
	assert.Equal(t, "LOCAL_GATEWAY", options[0]["pstnConnectionType"])
	want := map[string]any{
		"id": carrier, "displayName": "Carrier", "pstnServices": []any{"GEOGRAPHIC_NUMBERS", "TOLLFREE_NUMBERS"}, "pstnConnectionType": "NON_INTEGRATED_CCP",
	}
	assert.Equal(t, want, options[1])
	o.ok(t, 204, "PUT", at, fmt.Sprintf(`{"id":%q}`, carrier))
	assert.Equal(t, want, o.ok(t, 200, "GET", at, ""))
	inUse := o.ask(t, o.token, "DELETE", "/hub/v1/pstnVendors/"+carrier, "")
	assert.Equal(t, 409, inUse.status)
	abroad := o.ask(t, o.token, "PUT", "/v1/locations/"+o.location, `{"address":`+berlin+`}`)
	assert.Equal(t, 409, abroad.status)
	assert.Contains(t, abroad.body, `"errorCode":90030`)
	for body, c := range map[string]struct {
		status int
		want   string
	}{
		fmt.Sprintf(`{"id":%q}`, foreign): {409, `"errorCode":90030`}, fmt.Sprintf(`{"id":%q}`, o.person): {400, `"fieldName":"id"`},
		fmt.Sprintf(`{"id":%q,"premiseRouteType":"TRUNK","premiseRouteId":"1"}`, carrier): {400, `"fieldName":"id"`}, `{"premiseRouteType":"X","premiseRouteId":"1"}`: {400, `"fieldName":"premiseRouteType"`},
		`{"premiseRouteType":"TRUNK"}`: {400, `"fieldName":"premiseRouteId"`},
	} {
		got := o.ask(t, o.token, "PUT", at, body)
		assert.Equal(t, c.status, got.status, body)
		assert.Contains(t, got.body, c.want, body)
	}
	o.ok(t, 204, "PUT", at, fmt.Sprintf(`{"id":%q,"premiseRouteType":"TRUNK","premiseRouteId":"trunk-1"}`, options[0]["id"]))
	got := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, []any{"LOCAL_GATEWAY", "TRUNK", "trunk-1"}, []any{got["pstnConnectionType"], got["routeType"], got["routeId"]})
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=location.pstn_changed", "")), 2)
	o.ok(t, 204, "DELETE", "/hub/v1/pstnVendors/"+carrier, "")
}

func TestTheCallingPlanKeepsCostlyCallsOff(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := callingOf(o) + "/outgoingPermission"
	actions := func() map[string]string {
		out := map[string]string{}
		list, _ := o.ok(t, 200, "GET", at, "")["callingPermissions"].([]any)
		for _, entry := range list {
			p, _ := entry.(map[string]any)
			out[text(p, "callType")] = text(p, "action")
			if p["isCallTypeRestrictionEnabled"] == true {
				out[text(p, "callType")] += " fixed"
			}
		}
		return out
	}
	before := actions()
	assert.Len(t, before, 10)
	assert.Equal(t, "ALLOW", before["INTERNATIONAL"])
	assert.Equal(t, "ALLOW", before["PREMIUM_SERVICES_II"])
	o.ok(t, 204, "PUT", at, `{"callingPermissions":[{"callType":"INTERNATIONAL","action":"AUTH_CODE","transferEnabled":false},{"callType":"NATIONAL","action":"BLOCK"}]}`)
	changed := actions()
	assert.Equal(t, "AUTH_CODE", changed["INTERNATIONAL"])
	assert.Equal(t, "BLOCK", changed["NATIONAL"])
	for _, body := range []string{`{"callingPermissions":[{"callType":"X","action":"ALLOW"}]}`, `{"callingPermissions":[{"callType":"NATIONAL","action":"X"}]}`} {
		assert.Equal(t, 400, o.ask(t, o.token, "PUT", at, body).status, body)
	}
	o.ok(t, 202, "PUT", "/v1/wholesale/customers/"+o.customer, `{"packages":["webex_calling","cisco_calling_plan"]}`)
	planned := actions()
	for _, costly := range []string{"INTERNATIONAL", "PREMIUM_SERVICES_I", "PREMIUM_SERVICES_II"} {
		assert.Equal(t, "BLOCK fixed", planned[costly])
		got := o.ask(t, o.token, "PUT", at, `{"callingPermissions":[{"callType":"`+costly+`","action":"ALLOW"}]}`)
		assert.Equal(t, 409, got.status)
		assert.Contains(t, got.body, `"errorCode":90041`)
		o.ok(t, 204, "PUT", at, `{"callingPermissions":[{"callType":"`+costly+`","action":"BLOCK"},{"callType":"NATIONAL","action":"ALLOW"}]}`)
	}
	assert.Equal(t, "ALLOW", actions()["NATIONAL"])
	connection := o.ok(t, 200, "GET", pstnOf(o)+"/connection", "")
	assert.Equal(t, "CISCO_PSTN", connection["pstnConnectionType"])
	got := o.ask(t, o.token, "PUT", pstnOf(o)+"/connection", fmt.Sprintf(`{"id":%q}`, connection["id"]))
	assert.Equal(t, 400, got.status, "the plan can't be chosen by the API")
	o.ok(t, 202, "PUT", "/v1/wholesale/customers/"+o.customer, `{"packages":["webex_calling"]}`)
	assert.Equal(t, "AUTH_CODE", actions()["INTERNATIONAL"], "what was set before holds again")
}

func TestAnEmergencyAddressIsCheckedAndKept(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := pstnOf(o) + "/emergencyAddress"
	good := o.ok(t, 200, "POST", at+"/lookup", `{"address1":"2 Main Street","city":"Springfield","state":"illinois","postalCode":"627011234","country":"us"}`)
	assert.Equal(t, map[string]any{"addresses": []any{map[string]any{
		"address1": "2 Main Street", "city": "Springfield", "state": "IL", "postalCode": "62701-1234", "country": "US",
	}}}, good)
	bad := o.ok(t, 200, "POST", at+"/lookup", `{"address1":"2 Main Street","city":"Springfield","state":"XX","postalCode":"627011234","country":"us"}`)
	assert.Contains(t, fmt.Sprint(bad), "code:state")
	assert.Equal(t, true, o.ok(t, 200, "GET", callingOf(o), "")["e911SetupRequired"])
	id := text(o.ok(t, 201, "POST", at, springfield), "id")
	assert.Equal(t, false, o.ok(t, 200, "GET", callingOf(o), "")["e911SetupRequired"])
	one := pstnOf(o) + "/emergencyAddresses/" + id
	o.ok(t, 204, "PUT", one, springfield)
	assert.Equal(t, 400, o.ask(t, o.token, "PUT", one, berlin).status, "help doesn't come from abroad")
	second := text(o.ok(t, 201, "POST", at, springfield), "id")
	assert.NotEqual(t, id, second)
	o.ok(t, 404, "PUT", one, springfield)
}
