package adminapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const template = `"name":"Full","country":"US","language":"en_US","subscriptionId":"Sub-1"`

func TestATemplateSaysAllThatCustomersGet(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	login := text(o.ok(t, 201, "POST", "/hub/v1/identityProviders", identityProvider("Example-Login")), "id")
	carrier := text(o.ok(t, 201, "POST", "/hub/v1/pstnVendors", pstnVendor("Carrier", `["US"]`)), "id")
	made := o.ok(t, 201, "POST", "/hub/v1/templates", fmt.Sprintf(`{%s,"type":"webex_for_wholesale","serviceProviderAdmin":"Ops@example.com","pstnVendorId":%q,
		"authentication":{"mode":"partner_oidc","identityProvider":"example-LOGIN"},"brandName":"Example","allowAdminInviteEmails":true,"allowNonPstnCalls":true}`, template, carrier))
	at := "/hub/v1/templates/" + text(made, "id")
	assert.Equal(t, map[string]any{
		"id": made["id"], "provisioningId": made["provisioningId"], "name": "Full", "country": "US", "language": "en_US", "subscriptionId": "Sub-1",
		"created": "2026-05-01T08:00:00.123Z", "type": "webex_for_wholesale", "serviceProviderAdmin": "ops@example.com", "pstnVendorId": carrier,
		"authentication": map[string]any{"mode": "partner_oidc", "identityProvider": "Example-Login"}, "brandName": "Example",
		"allowAdminInviteEmails": true, "allowNonPstnCalls": true,
	}, made)
	assert.Equal(t, made, o.ok(t, 200, "GET", at, ""))
	for what, path := range map[string]string{"identity provider Example-Login": "/hub/v1/identityProviders/" + login, "PSTN vendor Carrier": "/hub/v1/pstnVendors/" + carrier} {
		used := o.ask(t, o.token, "DELETE", path, "")
		assert.Equal(t, 409, used.status, used.body)
		assert.Contains(t, used.body, `"errorCode":90012`)
		assert.Contains(t, used.body, "The "+what+" is used by 1 templates.")
	}

	saml := o.ok(t, 200, "PUT", at, `{`+template+`,"authentication":{"mode":"partner_saml","entityId":"urn:example:idp"},"pstnVendorId":null}`)
	assert.Equal(t, map[string]any{"mode": "partner_saml", "entityId": "urn:example:idp"}, saml["authentication"])
	plain := o.ok(t, 200, "PUT", at, `{`+template+`,"authentication":null}`)
	assert.Equal(t, map[string]any{
		"id": made["id"], "provisioningId": made["provisioningId"], "name": "Full", "country": "US", "language": "en_US", "subscriptionId": "Sub-1",
		"created": "2026-05-01T08:00:00.123Z", "type": "webex_for_wholesale", "serviceProviderAdmin": "admin@example.com",
		"authentication": map[string]any{"mode": "webex"}, "allowAdminInviteEmails": false, "allowNonPstnCalls": false,
	}, plain, "the whole is replaced")
	o.ok(t, 204, "DELETE", "/hub/v1/identityProviders/"+login, "")
	o.ok(t, 204, "DELETE", "/hub/v1/pstnVendors/"+carrier, "")
}

func TestATemplateNamesAllThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	made := o.ask(t, o.others, "POST", "/hub/v1/pstnVendors", pstnVendor("Foreign", `["US"]`))
	foreign := text(object(t, made.body), "id")
	require.Equal(t, 201, o.ask(t, o.others, "POST", "/hub/v1/identityProviders", identityProvider("foreign")).status)
	for body, want := range map[string]string{
		fmt.Sprintf(`"name":"","type":"broadworks","serviceProviderAdmin":"nobody","brandName":%q,"pstnVendorId":%q,"authentication":{"mode":"partner_oidc","identityProvider":"foreign"}`, strings.Repeat("x", 81), foreign): "name 1001, type 90000, serviceProviderAdmin 90000, brandName 1002, authentication.identityProvider 90001, pstnVendorId 90001",
		`"pstnVendorId":"nonsense","authentication":{"mode":"password"}`:                              "authentication.mode 90000, pstnVendorId 90001",
		`"authentication":{"mode":"partner_saml","identityProvider":"foreign"}`:                       "authentication.entityId 1001, authentication.identityProvider 90000",
		`"authentication":{"mode":"partner_saml","entityId":"urn:"}`:                                  "authentication.entityId 90000",
		`"authentication":{"mode":"partner_saml","entityId":"just words"}`:                            "authentication.entityId 90000",
		`"authentication":{"mode":"partner_saml","entityId":"urn:` + strings.Repeat("x", 1021) + `"}`: "authentication.entityId 1002",
		`"authentication":{"mode":"partner_oidc","entityId":"urn:x"}`:                                 "authentication.entityId 90000, authentication.identityProvider 1001",
		`"authentication":{"entityId":"urn:x","identityProvider":"foreign"}`:                          "authentication.entityId 90000, authentication.identityProvider 90000",
	} {
		got := o.ask(t, o.token, "POST", "/hub/v1/templates", `{`+template+`,`+body+`}`)
		assert.Equal(t, 400, got.status, "%s: %s", body, got.body)
		list, _ := object(t, got.body)["errors"].([]any)
		found := make([]string, len(list))
		for i, entry := range list {
			e, _ := entry.(map[string]any)
			found[i] = fmt.Sprint(e["fieldName"], " ", e["errorCode"])
		}
		assert.Equal(t, want, strings.Join(found, ", "), body)
	}
	assert.Empty(t, items(t, o.ok(t, 200, "GET", "/hub/v1/templates", "")))
	o.ok(t, 201, "POST", "/hub/v1/templates", `{`+template+`,"authentication":{"mode":"partner_saml","entityId":"urn:`+strings.Repeat("x", 1020)+`"}}`)
}

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
