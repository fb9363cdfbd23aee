package adminapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mayBeEmpty reports whether a body may say nothing: it means what is usual, or a change that leaves things as they are.
func (r routed) mayBeEmpty() bool {
	for _, end := range []string{"/grants", "/devices/{deviceId}/members", "/credentials/rotate", "/credentials/compromised", "/getSettings/invoke", "/dynamicSettings", "/rotateCredentials", "/answerCompromise"} {
		if strings.HasSuffix(r.documented, end) {
			return true
		}
	}
	return r.method == "PUT" && slices.Contains([]string{
		"/v1/workspaces/{workspaceId}", "/v1/telephony/config/virtualLines/{virtualLineId}", "/v1/people/{personId}",
	}, r.documented)
}

// TestBodiesThatCantBeRead sends each route that takes a body what it can't read.
func TestBodiesThatCantBeRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, r := range routes() {
		if r.body == nil || mediaTypeFor(r.documented) != "application/json" { // files of people have tests of their own
			continue
		}
		path, name := r.path(o), r.method+" "+r.documented
		for what, c := range map[string]struct {
			body   string
			status int
		}{
			"cut":           {`{"name":`, 400},
			"text":          {`name=Big`, 400},
			"list":          {`[]`, 400},
			"null":          {`null`, 400},
			"empty object":  {`{}`, 400},
			"megabytes":     {`{"x":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
			"deep":          {strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_000), 400},
			"invalid UTF-8": {"{\"name\":\"\xff\",\"email\":\"\xff\",\"mac\":\"\xff\",\"sipPassword\":\"\xff\",\"phoneNumbers\":[\"\xff\"]}", 400},
		} {
			if what == "empty object" && r.mayBeEmpty() {
				continue
			}
			if (what == "empty object" || what == "null") && needsNoBody(r) {
				continue
			}
			got := o.ask(t, o.token, r.method, path, c.body)
			assert.Equal(t, c.status, got.status, "%s %s: %s", name, what, got.body)
			checkError(t, got, name+" "+what)
		}
		if !needsNoBody(r) {
			assert.Equal(t, 400, o.ask(t, o.token, r.method, path, "").status, "%s without a body", name)
		}
		form := o.ask(t, o.token, r.method, path, "a=b", "Content-Type", "application/x-www-form-urlencoded")
		assert.Equal(t, 415, form.status, "%s: %s", name, form.body)
		checkError(t, form, name)
	}
}

// checkError checks the one form that every error has.
func checkError(t *testing.T, got reply, name string) {
	t.Helper()
	assert.Equal(t, "application/json", got.header.Get("Content-Type"), name)
	e := object(t, got.body)
	assert.NotEmpty(t, e["message"], name)
	assert.Equal(t, got.header.Get("trackingid"), e["trackingId"], name)
	for field := range e {
		assert.Contains(t, []string{"message", "errors", "trackingId"}, field, name)
	}
}

func TestAWrongTypeNamesItsField(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, c := range []struct{ path, body, field string }{
		{"/hub/v1/templates", `{"name":5,"country":"US","language":"en_US","subscriptionId":"S"}`, "name"},
		{"/v1/wholesale/customers", `{"packages":"webex_calling"}`, "packages"},
		{"/v1/wholesale/customers", `{"customerInfo":{"name":[]}}`, "customerInfo.name"},
		{"/v1/wholesale/subscribers", `{"provisioningParameters":{"extension":{}}}`, "provisioningParameters.extension"},
		{"/hub/v1/devices/" + o.device + "/enrolment", `{"minutes":"sixty"}`, "minutes"},
		{"/hub/v1/devices/" + o.device + "/enrolment", `{"minutes":1.5}`, "minutes"},
	} {
		got := o.ask(t, o.token, "POST", c.path, c.body)
		assert.Equal(t, 400, got.status, c.body)
		list, _ := object(t, got.body)["errors"].([]any)
		require.NotEmpty(t, list, got.body)
		first, _ := list[0].(map[string]any)
		assert.Equal(t, c.field, first["fieldName"], got.body)
	}
}

func TestClientsMaySendMoreAndNull(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"Big","country":"US","language":"en_US","subscriptionId":"S","vendor":{"x":[1]},"$schema":"x"}`)
	body := fmt.Sprintf(`{"customerId":%q,"email":"bob@bakery.example","package":"webex_calling","packages":null,"provisioningParameters":
		{"firstName":null,"lastName":null,"primaryPhoneNumber":null,"extension":"102","locationId":null,"more":1}}`, o.customer)
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", body)
	o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q,"workspaceId":null,"password":null}`, o.person))
}

func TestRulesAreToldByField(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1/devices?orgId=" + o.org, fmt.Sprintf(`{"mac":"805EC0AABBCC","model":"Cisco 8851","personId":%q}`, o.person), 409, `"errorCode":5675`},
		{"/v1/devices?orgId=" + o.org, fmt.Sprintf(`{"mac":"zz","model":"Cisco 8851","personId":%q}`, o.person), 400, `"fieldName":"mac"`},
		{"/v1/devices?orgId=" + o.org, fmt.Sprintf(`{"mac":"00562B043615","model":"Toaster","personId":%q}`, o.person), 400, `"fieldName":"model"`},
		{"/v1/devices?orgId=" + o.org, `{"mac":"00562B043615","model":"Cisco 8851","personId":"x"}`, 400, `"fieldName":"personId"`},
		{"/v1/wholesale/subscribers", o.newPerson("ada", 102), 409, `"errorCode":10022`},
		{"/v1/wholesale/subscribers", o.newPerson("bob", 101), 409, `"fieldName":"provisioningParameters.extension"`},
		{"/v1/wholesale/customers", o.newCustomer("bakery"), 409, `"fieldName":"externalId"`},
		{"/hub/v1/templates", `{"name":"Small","country":"US","language":"en_US","subscriptionId":"S"}`, 409, `"fieldName":"name"`},
	} {
		got := o.ask(t, o.token, "POST", c.path, c.body)
		assert.Equal(t, c.status, got.status, got.body)
		assert.Contains(t, got.body, c.want)
		checkError(t, got, c.body)
	}
}
