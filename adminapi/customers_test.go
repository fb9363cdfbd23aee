package adminapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limited provisions a customer with quantities and a first subscriber, and returns its path.
func (o *office) limited(t *testing.T, externalID string, calling, meetings int) string {
	t.Helper()
	body := strings.Replace(o.newCustomer(externalID), `["webex_calling"]`, `["webex_calling","webex_meetings"]`, 1)
	body = strings.Replace(body, `"provisioningParameters":{`, fmt.Sprintf(`"provisioningParameters":{"packages":{"limits":{"webex_calling":%d,"webex_meetings":%d}},`, calling, meetings), 1)
	o.customer = last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", body), "url"))
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", strings.Replace(o.newPerson("first", 201), "bakery.example", externalID+".example", 1))
	return "/v1/wholesale/customers/" + o.customer
}

func TestACustomersPackagesAreAWholeTarget(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/v1/wholesale/customers/" + o.customer
	got := o.ask(t, o.token, "PUT", at, `{"packages":["webex_calling","webex_suite","attendant_console"],"externalId":"bakery-2","address":{"addressLine1":"2 Side Street",
		"city":"Springfield","stateOrProvince":"IL","zipOrPostalCode":"62702","country":"US"},"provisioningParameters":{}}`)
	require.Equal(t, 202, got.status, got.body)
	assert.Equal(t, "http://example.com"+at, got.header.Get("Location"))
	assert.Equal(t, "http://example.com"+at, object(t, got.body)["url"])
	after := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, []any{"webex_calling", "webex_suite", "attendant_console"}, after["packages"])
	assert.Equal(t, "bakery-2", after["externalId"])
	assert.Equal(t, "2 Side Street", after["address"].(map[string]any)["addressLine1"])
	assert.Equal(t, "bakery-2", o.ok(t, 200, "GET", "/v1/wholesale/subscribers/"+o.subscriber, "")["externalCustomerId"])
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/subscribers?externalCustomerId=bakery-2", "")), 1)

	o.ok(t, 202, "PUT", at, `{"packages":["webex_calling"]}`)
	assert.Equal(t, []any{"webex_calling"}, o.ok(t, 200, "GET", at, "")["packages"])
	assert.Equal(t, "2 Side Street", o.ok(t, 200, "GET", at, "")["address"].(map[string]any)["addressLine1"], "what isn't sent stays")
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/locations?orgId="+o.org, "")), 1)
}

// A 202 is a promise: the customer is there at once, and says what it waits for.
func TestACustomerSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	body := strings.Replace(o.newCustomer("waiting"), `["webex_calling"]`, `["webex_calling","webex_meetings"]`, 1)
	at := "/v1/wholesale/customers/" + last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", body), "url"))
	waiting := o.ok(t, 200, "GET", at+"?includePackageLicenseInfo=true", "")
	assert.Equal(t, "provisioning", waiting["status"])
	assert.NotContains(t, waiting, "orgId")
	states := func(c map[string]any) string { return fmt.Sprint(c["resourceDetails"].(map[string]any)["packages"]) }
	assert.Equal(t, "[map[name:webex_calling status:provisioning] map[name:webex_meetings status:provisioning]]", states(waiting))
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/customers?status=provisioning", "")), 1)
	for _, busy := range []reply{
		o.ask(t, o.token, "PUT", at, `{"packages":["webex_calling"]}`), o.ask(t, o.token, "DELETE", at, ""),
		o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", strings.Replace(o.newPerson("early", 1), o.customer, last(at), 1)),
	} {
		assert.Equal(t, 409, busy.status, busy.body)
		assert.Contains(t, busy.body, `"errorCode":90010`)
	}
	require.NoError(t, o.promises.GiveUp(t.Context(), assert.AnError))
	failed := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, "error", failed["status"])
	assert.Contains(t, fmt.Sprint(failed["errors"]), "errorCode:90099")
	assert.Contains(t, states(failed), "name:webex_calling status:error")
	o.ok(t, 202, "PUT", at, `{"packages":["webex_calling","webex_meetings"]}`)
	assert.Equal(t, "provisioned", o.ok(t, 200, "GET", at, "")["status"])

	o.promises.Hold()
	o.ok(t, 202, "DELETE", at, "")
	assert.Equal(t, "deleting", o.ok(t, 200, "GET", at, "")["status"])
	require.NoError(t, o.promises.Do(t.Context()))
	o.ok(t, 404, "GET", at, "")
}

func TestAChangeOfACustomerThatCantBe(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/v1/wholesale/customers/" + o.customer
	o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer("other"))
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		`{}`:                           {400, `"fieldName":"packages"`},
		`{"packages":["webex_suite"]}`: {409, "1 subscribers and workspaces have webex_calling"},
		`{"packages":["webex_calling","attendant_consul"]}`:                                                   {400, `"fieldName":"packages"`},
		`{"packages":["webex_calling"],"externalId":"other"}`:                                                 {409, `"fieldName":"externalId"`},
		`{"packages":["webex_calling"],"address":{"country":"US"}}`:                                           {400, `"fieldName":"address.city"`},
		`{"packages":["webex_calling"],"provisioningParameters":{"packages":{"limits":{"webex_calling":5}}}}`: {400, `"fieldName":"provisioningParameters.packages.limits"`},
	} {
		got := o.ask(t, o.token, "PUT", at, body)
		assert.Equal(t, want.status, got.status, "%s: %s", body, got.body)
		assert.Contains(t, got.body, want.text, body)
	}
	assert.Equal(t, "bakery", o.ok(t, 200, "GET", at, "")["externalId"], "nothing of it stays")
}

func TestQuantitiesFollowTheirRules(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := o.limited(t, "limited", 3, 2)
	change := func(packages, limits string) reply {
		return o.ask(t, o.token, "PUT", at, fmt.Sprintf(`{"packages":%s,"provisioningParameters":{"packages":{"limits":%s}}}`, packages, limits))
	}
	const both = `["webex_calling","webex_meetings"]`
	assert.Equal(t, 202, change(both, `{"webex_calling":1}`).status, "the other one stays as it is")
	full := o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", o.newPerson("second", 202))
	assert.Equal(t, 409, full.status, full.body)
	assert.Contains(t, full.body, "All 1 of the customer's webex_calling are assigned")
	assert.Equal(t, 202, change(both, `{"webex_calling":2}`).status)
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("second", 202))
	assert.Equal(t, 409, change(both, `{"webex_calling":1}`).status, "below what is assigned")
	assert.Equal(t, 400, change(both, `{"webex_calling":0}`).status)
	assert.Equal(t, 400, change(`["webex_calling","webex_suite"]`, `{}`).status, "a new package needs one too")
	assert.Equal(t, 202, change(`["webex_calling","webex_suite"]`, `{"webex_suite":1}`).status)
	assert.Equal(t, 409, change(`["webex_suite"]`, `{}`).status)
}

// TestTheLastUnitGoesToOne asks for the last unit of a package by several at once.
func TestTheLastUnitGoesToOne(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.limited(t, "limited", 2, 1)
	statuses := make([]int, 6)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("p", i), 300+i)).status
		})
	}
	all.Wait()
	won := 0
	for _, status := range statuses {
		if status == 200 {
			won++
			continue
		}
		assert.Equal(t, 409, status)
	}
	assert.Equal(t, 1, won)
}

func TestACustomerWithoutCallingGetsItsLocationWithIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	body := fmt.Sprintf(`{"provisioningId":%q,"externalId":"meet","packages":["webex_meetings"],"address":%s,"customerInfo":{"name":"Meet","primaryEmail":"a@meet.example"}}`, o.provisioningID, address)
	url := text(o.ok(t, 202, "POST", "/v1/wholesale/customers", body), "url")
	at := strings.TrimPrefix(url, "http://example.com")
	got := o.ask(t, o.token, "PUT", at, `{"packages":["webex_meetings","webex_calling"]}`)
	assert.Equal(t, 400, got.status)
	assert.Contains(t, got.body, `"fieldName":"provisioningParameters.calling.location"`)
	o.ok(t, 202, "PUT", at, `{"packages":["webex_meetings","webex_calling"],"provisioningParameters":{"calling":{"location":
		{"name":"Office","timezone":"Europe/Berlin","language":"de_de","address":{"addressLine1":"Allee 1","city":"Berlin","zipOrPostalCode":"10115","country":"DE"}}}}}`)
	org := text(o.ok(t, 200, "GET", at, ""), "orgId")
	assert.Equal(t, "Office", items(t, o.ok(t, 200, "GET", "/v1/locations?orgId="+org, ""))[0]["name"])
}

func TestLicencesAreNamedWhenAskedFor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/v1/wholesale/customers/" + o.customer
	licences := func(query string) any {
		details := o.ok(t, 200, "GET", at+query, "")["resourceDetails"].(map[string]any)
		return details["packages"].([]any)[0].(map[string]any)["licenseIds"]
	}
	assert.Nil(t, licences(""))
	assert.Nil(t, licences("?includePackageLicenseInfo=false"))
	first := licences("?includePackageLicenseInfo=true")
	require.Len(t, first, 1)
	assert.Equal(t, first, licences("?includePackageLicenseInfo=true"), "the same at each call")
	assert.Equal(t, 400, o.ask(t, o.token, "GET", at+"?includePackageLicenseInfo=maybe", "").status)
}

func TestARemovedCustomerLeavesItsExternalIdFree(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/v1/wholesale/customers/" + o.customer
	busy := o.ask(t, o.token, "DELETE", at, "")
	assert.Equal(t, 409, busy.status)
	assert.Contains(t, busy.body, "1 subscribers")
	o.ok(t, 204, "DELETE", "/v1/wholesale/subscribers/"+o.subscriber, "")
	gone := o.ask(t, o.token, "DELETE", at, "")
	assert.Equal(t, 202, gone.status)
	assert.Empty(t, gone.body)
	o.ok(t, 404, "GET", at, "")
	o.ok(t, 404, "DELETE", at, "")
	o.ok(t, 404, "PUT", at, `{"packages":["webex_calling"]}`)
	o.ok(t, 404, "GET", "/v1/devices?orgId="+o.org, "")
	assert.Empty(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/customers", "")))
	o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer("bakery"))
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=customer.deleted", "")), 1)
}
