package adminapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func pstnVendor(name, countries string) string {
	return fmt.Sprintf(`{"name":%q,"countries":%s}`, name, countries)
}

func TestAPSTNVendorComesBack(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	made := o.ok(t, 201, "POST", "/hub/v1/pstnVendors", pstnVendor("Example Carrier", `["us","CA","US"]`))
	at := "/hub/v1/pstnVendors/" + text(made, "id")
	assert.Equal(t, map[string]any{
		"id": made["id"], "name": "Example Carrier", "countries": []any{"CA", "US"}, "created": "2026-05-01T08:00:00.123Z",
	}, made)
	assert.Equal(t, made, o.ok(t, 200, "GET", at, ""))
	assert.Equal(t, []map[string]any{made}, items(t, o.ok(t, 200, "GET", "/hub/v1/pstnVendors", "")))
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", "/hub/v1/pstnVendors", "").body)))
	o.ok(t, 201, "POST", "/hub/v1/pstnVendors", pstnVendor("Second", `["DE"]`))
	assert.Contains(t, o.ask(t, o.token, "GET", "/hub/v1/pstnVendors?max=1", "").header.Get("Link"), `rel="next"`)

	changed := o.ok(t, 200, "PUT", at, pstnVendor("Carrier", `["DE"]`))
	assert.Equal(t, []any{"DE"}, changed["countries"])
	taken := o.ask(t, o.token, "PUT", at, pstnVendor("Second", `["DE"]`))
	assert.Equal(t, 409, taken.status)
	assert.Contains(t, taken.body, `"errorCode":90014`)
	assert.Equal(t, changed, o.ok(t, 200, "GET", at, ""))

	o.ok(t, 204, "DELETE", at, "")
	o.ok(t, 404, "GET", at, "")
	o.ok(t, 404, "PUT", at, pstnVendor("Third", `["DE"]`))
	o.ok(t, 404, "DELETE", at, "")
	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+text(made, "id"), ""))
	assert.Len(t, events, 3)
	assert.Equal(t, "pstn_vendor.changed", events[1]["kind"])
	assert.Equal(t, map[string]any{
		"before": map[string]any{"name": "Example Carrier", "countries": []any{"CA", "US"}},
		"after":  map[string]any{"name": "Carrier", "countries": []any{"DE"}},
	}, events[1]["data"])
}

func TestAVendorThatDoesntServeTheCountryIsAResult(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	carrier := text(o.ok(t, 201, "POST", "/hub/v1/pstnVendors", pstnVendor("Carrier", `["DE"]`)), "id")
	o.provisioningID = text(o.ok(t, 201, "POST", "/hub/v1/templates", fmt.Sprintf(`{%s,"pstnVendorId":%q}`, template, carrier)), "provisioningId")
	checked := o.ask(t, o.token, "POST", "/v1/wholesale/customers/validate", o.newCustomer("served"))
	assert.Equal(t, 409, checked.status)
	assert.Contains(t, checked.body, `"errorCode":90030`)
	assert.Contains(t, checked.body, `"fieldName":"provisioningParameters.calling.location.address.country"`)

	at := "/v1/wholesale/customers/" + last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer("served")), "url"))
	failed := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, "error", failed["status"])
	assert.Contains(t, fmt.Sprint(failed["resourceDetails"]), "The PSTN vendor Carrier doesn't serve US")
	assert.Contains(t, fmt.Sprint(failed["resourceDetails"]), "errorCode:90030")
	assert.Equal(t, 409, o.ask(t, o.token, "DELETE", "/hub/v1/pstnVendors/"+carrier, "").status)
	o.ok(t, 200, "PUT", "/hub/v1/pstnVendors/"+carrier, pstnVendor("Carrier", `["DE","US"]`))
	o.ok(t, 202, "PUT", at, `{"packages":["webex_calling"]}`)
	assert.Equal(t, "provisioned", o.ok(t, 200, "GET", at, "")["status"])
}
