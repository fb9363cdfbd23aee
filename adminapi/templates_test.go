package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATemplateChangesAndItsCustomersDont(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := "/hub/v1/templates/" + o.template
	before := o.ok(t, 200, "GET", "/v1/wholesale/customers/"+o.customer, "")
	changed := o.ok(t, 200, "PUT", at, `{"name":"Grown","country":"CA","language":"fr","subscriptionId":"Sub-2"}`)
	assert.Equal(t, "Grown", changed["name"])
	assert.Equal(t, "fr_CA", changed["language"])
	assert.Equal(t, o.provisioningID, changed["provisioningId"], "what the API takes stays")
	assert.Equal(t, changed, o.ok(t, 200, "GET", at, ""))
	assert.Equal(t, before, o.ok(t, 200, "GET", "/v1/wholesale/customers/"+o.customer, ""))

	other := text(o.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"Other","country":"US","language":"en","subscriptionId":"S"}`), "id")
	taken := o.ask(t, o.token, "PUT", "/hub/v1/templates/"+other, `{"name":"Grown","country":"US","language":"en","subscriptionId":"S"}`)
	assert.Equal(t, 409, taken.status)
	assert.Contains(t, taken.body, `"fieldName":"name"`)
	bad := o.ask(t, o.token, "PUT", at, `{"name":"","country":"XX","language":"xx","subscriptionId":""}`)
	assert.Equal(t, 400, bad.status)
	assert.Equal(t, changed, o.ok(t, 200, "GET", at, ""))

	used := o.ask(t, o.token, "DELETE", at, "")
	assert.Equal(t, 409, used.status)
	assert.Contains(t, used.body, "1 customers were made with the template Grown")
	o.ok(t, 204, "DELETE", "/hub/v1/templates/"+other, "")
	o.ok(t, 404, "GET", "/hub/v1/templates/"+other, "")
	kinds := []string{}
	for _, e := range items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+other, "")) {
		kinds = append(kinds, text(e, "kind"))
	}
	assert.Equal(t, []string{"template.deleted", "template.created"}, kinds)
}
