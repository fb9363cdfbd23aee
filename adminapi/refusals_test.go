package adminapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/customer"
)

// routed is one route with what it needs.
type routed struct {
	method     string
	documented string // path as in the OpenAPI document
	scope      customer.Scope
	status     int
	path       func(o *office) string
	body       func(o *office) string // nil: takes none
}

func at(path string) func(*office) string { return func(*office) string { return path } }

func ofDevice(format string) func(*office) string {
	return func(o *office) string { return fmt.Sprintf(format, o.device) }
}

// ofAnUpstream sets one.
func ofAnUpstream(o *office) string {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPut, "/hub/v1/upstream", strings.NewReader(`{"host":"192.0.2.1:5070"}`))
	r.Header.Set("Authorization", "Bearer "+o.token)
	o.door.ServeHTTP(w, r)
	return "/hub/v1/upstream"
}

func ofSubscriber(o *office) string { return "/v1/wholesale/subscribers/" + o.subscriber }

// ofAToken is the path of a token that was made for it.
func ofAToken(o *office) string {
	return "/hub/v1/tokens/" + o.made("/hub/v1/tokens", `{"name":"to be revoked","scopes":["dialtone:tokens_read"]}`).ID
}

// ofAnInboxToken is the path of an inbox token that was made for it.
func ofAnInboxToken(o *office) string {
	return "/hub/v1/inboxTokens/" + o.made("/hub/v1/inboxTokens?orgId="+o.org, `{"name":"made"}`).ID
}

// ofAnIntegration is the path of an integration that was made for it.
func ofAnIntegration(o *office) string {
	return "/hub/v1/integrations/" + o.made("/hub/v1/integrations", `{"name":"made","scopes":["dialtone:tokens_write"]}`).ID
}

// ofATemplate is the path of a template that was made for it.
func ofATemplate(o *office) string {
	return "/hub/v1/templates/" + o.made("/hub/v1/templates", `{"name":"made-`+newID()+`","country":"US","language":"en_US","subscriptionId":"S"}`).ID
}

// ofASubPartner is the path of a sub-partner that was made for it.
func ofASubPartner(o *office) string {
	return "/hub/v1/subPartners/" + o.made("/hub/v1/subPartners", newSubPartner("made-"+newID())).OrgID
}

func newSubPartner(name string) string {
	return fmt.Sprintf(`{"name":%q,"subscriptionId":"Sub-1","admin":{"email":"admin@%[1]s.example"}}`, name)
}

// ofAnAdmin is the path of an administrator that was made for it.
func ofAnAdmin(o *office) string {
	return "/hub/v1/admins/" + o.made("/hub/v1/admins", fmt.Sprintf(`{"email":"made-%s@example.com","role":"device_admin"}`, newID())).ID
}

// ofAPendingMove is the path of the consent mail of a subscriber who hasn't agreed yet.
func ofAPendingMove(o *office) string {
	name := "free-" + newID()
	return "/v1/subscribers/" + o.made("/v1/wholesale/subscribers", o.freed(name)).ID + "/emails/consentMove"
}

// freed makes an account that is nobody's: its customer is gone. It returns what asks for it.
func (o *office) freed(name string) string {
	gone := &office{}
	gone.customer = last(o.made("/v1/wholesale/customers", o.newCustomer(name)).URL)
	person := o.made("/v1/wholesale/subscribers", gone.newPerson(name, 101)).ID
	for _, path := range []string{"/v1/wholesale/subscribers/" + person, "/v1/wholesale/customers/" + gone.customer} {
		r := httptest.NewRequest(http.MethodDelete, path, nil)
		r.Header.Set("Authorization", "Bearer "+o.token)
		o.door.ServeHTTP(httptest.NewRecorder(), r)
	}
	return o.newPerson(name, int(time.Now().UnixNano()%900_000)+100_000)
}

// ofAnIdentityProvider is the path of an identity provider that was made for it.
func ofAnIdentityProvider(o *office) string {
	return "/hub/v1/identityProviders/" + o.made("/hub/v1/identityProviders", identityProvider("made-"+newID())).ID
}

// ofAPSTNVendor is the path of a vendor that was made for it.
func ofAPSTNVendor(o *office) string {
	return "/hub/v1/pstnVendors/" + o.made("/hub/v1/pstnVendors", pstnVendor("made-"+newID(), `["US"]`)).ID
}

// ofASetupAssist is the path of an order for Setup Assist that was made for it.
func ofASetupAssist(o *office) string {
	return "/hub/v1/setup-assist/orders/" + o.made("/hub/v1/setup-assist/orders", o.newSetupAssist(5, "2026-05-29")).ID
}

// ofAReport is the path of a billing report that was made for it.
func ofAReport(o *office) string {
	return "/v1/wholesale/billing/reports/" + o.made("/v1/wholesale/billing/reports", newReport).ID
}

// ofAReportState is the path of what became of a billing report that was made for it.
func ofAReportState(o *office) string {
	return "/hub/v1/billing/reports/" + o.made("/v1/wholesale/billing/reports", newReport).ID
}

// newReport can be ordered again and again, as it fails: no usage is counted.
const newReport = `{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30"}`

// ofAWebhook is a path of a webhook of the partner's: the first there is, or one that was made for it, as a partner can have twenty.
func ofAWebhook(below string) func(o *office) string {
	return func(o *office) string {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/hub/v1/webhooks", nil)
		r.Header.Set("Authorization", "Bearer "+o.token)
		o.door.ServeHTTP(w, r)
		var list struct{ Items []struct{ ID string } }
		if json.Unmarshal(w.Body.Bytes(), &list) == nil && len(list.Items) > 0 {
			return "/hub/v1/webhooks/" + list.Items[0].ID + below
		}
		return "/hub/v1/webhooks/" + o.made("/hub/v1/webhooks", newWebhook).ID + below
	}
}

const newWebhook = `{"name":"device manager","targetUrl":"https://tools.example.com/changes?key=hunter2"}`

// ofAHandover is the path of the file of a device that somebody else configures; fresh: whose passwords nobody has seen.
func ofAHandover(fresh bool) func(*office) string {
	return func(o *office) string {
		mac := strings.ToUpper(newID()[26:])
		id := o.made("/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"02%s","model":"Yealink T54W Partner Managed","personId":%q,"password":"Own-Password-1"}`, mac, o.person)).ID
		if fresh {
			_ = o.made("/hub/v1/devices/"+id+"/credentials/rotate", `{}`)
		}
		return "/hub/v1/devices/" + id + "/configuration"
	}
}

// ofAWaitingDevice is the path of the code of a device that waits for its phone; one is made if there is none yet.
func ofAWaitingDevice(o *office) string {
	waiting := func() string {
		r := httptest.NewRequest(http.MethodGet, "/v1/devices?max=100&orgId="+o.org, nil)
		r.Header.Set("Authorization", "Bearer "+o.token)
		w := httptest.NewRecorder()
		o.door.ServeHTTP(w, r)
		var list struct {
			Items []struct{ ID, ConnectionStatus string }
		}
		_ = json.Unmarshal(w.Body.Bytes(), &list)
		for _, d := range list.Items {
			if d.ConnectionStatus == "activating" {
				return "/hub/v1/devices/" + d.ID + "/activationCode"
			}
		}
		return ""
	}
	if path := waiting(); path != "" {
		return path
	}
	o.made("/v1/devices/activationCode?orgId="+o.org, fmt.Sprintf(`{"model":"8851","personId":%q}`, o.person))
	return waiting()
}

// ofACustomer is the path of a customer that was made for it, and that nobody subscribes with.
func ofACustomer(o *office) string {
	return "/v1/wholesale/customers/" + last(o.made("/v1/wholesale/customers", o.newCustomer("made-"+newID())).URL)
}

// ofAReview is a path of a review of a customer that was made for it.
func ofAReview(below string) func(o *office) string {
	return func(o *office) string { return "/hub/v1/rpl/reviews/" + o.reviewed().review + below }
}

// made creates something for a path. What goes wrong leaves a path that names nothing, and the test fails with that.
func (o *office) made(path, body string) (made struct{ ID, URL, OrgID string }) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+o.token)
	o.door.ServeHTTP(w, r)
	_ = json.Unmarshal(w.Body.Bytes(), &made)
	return made
}

func routes() []routed {
	const device, telephony, hub = "/v1/devices/{deviceId}", "/v1/telephony/config/devices/{deviceId}", "/hub/v1/devices/{deviceId}"
	const review, hook = "/hub/v1/rpl/reviews/{reviewId}", "/hub/v1/webhooks/{webhookId}"
	const workspace, virtualLine = "/v1/workspaces/{workspaceId}", "/v1/telephony/config/virtualLines/{virtualLineId}"
	const settingsOfWorkspace, settingsOfPerson = "/v1/telephony/config/workspaces/{workspaceId}/devices", "/v1/telephony/config/people/{personId}/devices/settings"
	return append(append(placeRoutes(), configurationRoutes()...), []routed{
		{"POST", "/hub/v1/templates", "dialtone:templates_write", 201, at("/hub/v1/templates"), at(`{"name":"Big","country":"US","language":"en_US","subscriptionId":"S"}`)},
		{"GET", "/hub/v1/templates", "dialtone:templates_read", 200, at("/hub/v1/templates"), nil},
		{"GET", "/hub/v1/templates/{id}", "dialtone:templates_read", 200, func(o *office) string { return "/hub/v1/templates/" + o.template }, nil},
		{"PUT", "/hub/v1/templates/{id}", "dialtone:templates_write", 200, ofATemplate, at(`{"name":"Changed","country":"DE","language":"de","subscriptionId":"S2"}`)},
		{"DELETE", "/hub/v1/templates/{id}", "dialtone:templates_write", 204, ofATemplate, nil},
		{"POST", "/hub/v1/identityProviders", "dialtone:templates_write", 201, at("/hub/v1/identityProviders"), at(identityProvider("new"))},
		{"GET", "/hub/v1/identityProviders", "dialtone:templates_read", 200, at("/hub/v1/identityProviders"), nil},
		{"GET", "/hub/v1/identityProviders/{id}", "dialtone:templates_read", 200, ofAnIdentityProvider, nil},
		{"PUT", "/hub/v1/identityProviders/{id}", "dialtone:templates_write", 200, ofAnIdentityProvider, at(identityProvider("changed"))},
		{"DELETE", "/hub/v1/identityProviders/{id}", "dialtone:templates_write", 204, ofAnIdentityProvider, nil},
		{"POST", "/hub/v1/pstnVendors", "dialtone:templates_write", 201, at("/hub/v1/pstnVendors"), at(pstnVendor("new", `["US"]`))},
		{"GET", "/hub/v1/pstnVendors", "dialtone:templates_read", 200, at("/hub/v1/pstnVendors"), nil},
		{"GET", "/hub/v1/pstnVendors/{id}", "dialtone:templates_read", 200, ofAPSTNVendor, nil},
		{"PUT", "/hub/v1/pstnVendors/{id}", "dialtone:templates_write", 200, ofAPSTNVendor, at(pstnVendor("changed", `["DE"]`))},
		{"DELETE", "/hub/v1/pstnVendors/{id}", "dialtone:templates_write", 204, ofAPSTNVendor, nil},
		{"GET", "/hub/v1/billing/reports/{reportId}", "spark-admin:wholesale_billing_reports_read", 200, ofAReportState, nil},
		{"POST", "/hub/v1/setup-assist/orders", "spark-admin:wholesale_customers_write", 201, at("/hub/v1/setup-assist/orders"), func(o *office) string { return o.newSetupAssist(12, "2026-05-29") }},
		{"GET", "/hub/v1/setup-assist/orders", "spark-admin:wholesale_customers_read", 200, at("/hub/v1/setup-assist/orders"), nil},
		{"GET", "/hub/v1/setup-assist/orders/{id}", "spark-admin:wholesale_customers_read", 200, ofASetupAssist, nil},
		{"DELETE", "/hub/v1/setup-assist/orders/{id}", "spark-admin:wholesale_customers_write", 204, ofASetupAssist, nil},
		{"POST", "/v1/wholesale/customers", "spark-admin:wholesale_customers_write", 202, at("/v1/wholesale/customers"), func(o *office) string { return o.newCustomer("other") }},
		{"GET", "/v1/wholesale/customers", "spark-admin:wholesale_customers_read", 200, at("/v1/wholesale/customers"), nil},
		{"GET", "/v1/wholesale/customers/{customerId}", "spark-admin:wholesale_customers_read", 200, func(o *office) string { return "/v1/wholesale/customers/" + o.customer }, nil},
		{"POST", "/v1/wholesale/subscribers", "spark-admin:wholesale_subscribers_write", 200, at("/v1/wholesale/subscribers"), func(o *office) string { return o.newPerson("bob", 102) }},
		{"PUT", "/v1/wholesale/customers/{customerId}", "spark-admin:wholesale_customers_write", 202, func(o *office) string { return "/v1/wholesale/customers/" + o.customer }, at(`{"packages":["webex_calling"]}`)},
		{"DELETE", "/v1/wholesale/customers/{customerId}", "spark-admin:wholesale_customers_write", 202, ofACustomer, nil},
		{"POST", "/v1/wholesale/customers/validate", "spark-admin:wholesale_customers_write", 200, at("/v1/wholesale/customers/validate"), func(o *office) string { return o.newCustomer("third") }},
		{"POST", "/v1/wholesale/subscribers/validate", "spark-admin:wholesale_subscribers_write", 200, at("/v1/wholesale/subscribers/validate"), func(o *office) string { return o.newPerson("carl", 103) }},
		{"GET", "/v1/wholesale/subscribers/{subscriberId}", "spark-admin:wholesale_subscribers_read", 200, ofSubscriber, nil},
		{"PUT", "/v1/wholesale/subscribers/{subscriberId}", "spark-admin:wholesale_subscribers_write", 200, ofSubscriber, at(`{"package":"webex_calling"}`)},
		{"GET", "/v1/wholesale/subscribers", "spark-admin:wholesale_subscribers_read", 200, at("/v1/wholesale/subscribers"), nil},
		{"POST", "/hub/v1/tokens", "dialtone:tokens_write", 201, at("/hub/v1/tokens"), at(`{"name":"export","scopes":["dialtone:tokens_write"]}`)},
		{"GET", "/hub/v1/tokens", "dialtone:tokens_read", 200, at("/hub/v1/tokens"), nil},
		{"DELETE", "/hub/v1/tokens/{tokenId}", "dialtone:tokens_write", 204, ofAToken, nil},
		{"POST", "/hub/v1/integrations", "dialtone:tokens_write", 201, at("/hub/v1/integrations"), at(`{"name":"export","redirectUris":["https://a.example/back"],"scopes":["dialtone:tokens_write"]}`)},
		{"GET", "/hub/v1/integrations", "dialtone:tokens_read", 200, at("/hub/v1/integrations"), nil},
		{"GET", "/hub/v1/integrations/{id}", "dialtone:tokens_read", 200, ofAnIntegration, nil},
		{"DELETE", "/hub/v1/integrations/{id}", "dialtone:tokens_write", 204, ofAnIntegration, nil},
		{"POST", "/hub/v1/integrations/{id}/grants", "dialtone:tokens_write", 201, func(o *office) string { return ofAnIntegration(o) + "/grants" }, at(`{"scopes":["dialtone:tokens_write"]}`)},
		{"GET", "/v1/wholesale/subPartners", "spark-admin:wholesale_sub_partners_read", 200, at("/v1/wholesale/subPartners"), nil},
		{"POST", "/hub/v1/subPartners", "spark-admin:wholesale_sub_partners_write", 201, at("/hub/v1/subPartners"), at(newSubPartner("indirect"))},
		{"GET", "/hub/v1/subPartners", "spark-admin:wholesale_sub_partners_read", 200, at("/hub/v1/subPartners"), nil},
		{"GET", "/hub/v1/subPartners/{subPartnerOrgId}", "spark-admin:wholesale_sub_partners_read", 200, ofASubPartner, nil},
		{"PUT", "/hub/v1/subPartners/{subPartnerOrgId}", "spark-admin:wholesale_sub_partners_write", 200, ofASubPartner, at(`{"name":"Renamed","provisioningState":"suspended"}`)},
		{"POST", "/hub/v1/admins", "dialtone:admins_write", 201, at("/hub/v1/admins"), at(`{"email":"new@example.com","role":"wholesale_admin"}`)},
		{"GET", "/hub/v1/admins", "dialtone:admins_read", 200, at("/hub/v1/admins"), nil},
		{"GET", "/hub/v1/admins/{adminId}", "dialtone:admins_read", 200, ofAnAdmin, nil},
		{"PUT", "/hub/v1/admins/{adminId}", "dialtone:admins_write", 200, ofAnAdmin, at(`{"role":"wholesale_admin"}`)},
		{"DELETE", "/hub/v1/admins/{adminId}", "dialtone:admins_write", 204, ofAnAdmin, nil},
		{"GET", "/hub/v1/customers/{customerId}", "spark-admin:wholesale_customers_read", 200, func(o *office) string { return "/hub/v1/customers/" + o.customer }, nil},
		{"GET", "/hub/v1/organizations/{orgId}", "spark-admin:wholesale_customers_read", 200, func(o *office) string { return "/hub/v1/organizations/" + o.org }, nil},
		{"PUT", "/hub/v1/organizations/{orgId}", "spark-admin:wholesale_customers_write", 200, func(o *office) string { return "/hub/v1/organizations/" + o.org }, at(`{"otherLicenses":"none","domains":[{"name":"bakery.example"}]}`)},
		{"GET", "/v1/telephony/config/supportedDevices", "spark-admin:telephony_config_read", 200, func(o *office) string { return "/v1/telephony/config/supportedDevices?orgId=" + o.org }, nil},
		{"GET", "/hub/v1/organizations/{orgId}/supportedDevices", "spark-admin:devices_read", 200, func(o *office) string { return "/hub/v1/organizations/" + o.org + "/supportedDevices" }, nil},
		{"PUT", "/hub/v1/organizations/{orgId}/supportedDevices", "spark-admin:devices_write", 200, func(o *office) string { return "/hub/v1/organizations/" + o.org + "/supportedDevices" }, at(`{"disabled":["Cisco 8811"]}`)},
		{"GET", "/hub/v1/organizations/{orgId}/echo", "spark-admin:telephony_config_read", 200, func(o *office) string { return "/hub/v1/organizations/" + o.org + "/echo" }, nil},
		{"PUT", "/hub/v1/organizations/{orgId}/echo", "spark-admin:telephony_config_write", 200, func(o *office) string { return "/hub/v1/organizations/" + o.org + "/echo" }, at(`{"encryption":"demanded"}`)},
		{"GET", "/hub/v1/locations/{locationId}/echo", "spark-admin:telephony_config_read", 200, func(o *office) string { return "/hub/v1/locations/" + o.location + "/echo" }, nil},
		{"PUT", "/hub/v1/locations/{locationId}/echo", "spark-admin:telephony_config_write", 200, func(o *office) string { return "/hub/v1/locations/" + o.location + "/echo" }, at(`{"encryption":"demanded"}`)},
		{"PUT", "/hub/v1/upstream", "dialtone:admins_write", 200, at("/hub/v1/upstream"), at(`{"host":"sip.example.com"}`)},
		{"GET", "/hub/v1/upstream", "dialtone:admins_read", 200, ofAnUpstream, nil},
		{"DELETE", "/hub/v1/upstream", "dialtone:admins_write", 204, ofAnUpstream, nil},
		{"GET", "/hub/v1/settings", "dialtone:admins_read", 200, at("/hub/v1/settings"), nil},
		{"PUT", "/hub/v1/settings", "dialtone:admins_write", 200, at("/hub/v1/settings"), at(`{"enable_wholesale_delayed_billing":true}`)},
		{"POST", "/v1/subscribers/{subscriberId}/emails/consentMove", "spark-admin:wholesale_subscribers_write", 204, ofAPendingMove, nil},
		{"POST", "/v1/wholesale/billing/reports", "spark-admin:wholesale_billing_reports_write", 200, at("/v1/wholesale/billing/reports"), at(newReport)},
		{"GET", "/v1/wholesale/billing/reports", "spark-admin:wholesale_billing_reports_read", 200, at("/v1/wholesale/billing/reports"), nil},
		{"GET", "/v1/wholesale/billing/reports/{id}", "spark-admin:wholesale_billing_reports_read", 200, ofAReport, nil},
		{"DELETE", "/v1/wholesale/billing/reports/{id}", "spark-admin:wholesale_billing_reports_write", 204, ofAReport, nil},
		{"GET", billingPath + "/usage", "spark-admin:wholesale_billing_reports_read", 200, at(billingPath + "/usage" + inApril), nil},
		{"GET", billingPath + "/usage/daily", "spark-admin:wholesale_billing_reports_read", 200, at(billingPath + "/usage/daily" + inApril), nil},
		{"GET", billingPath + "/timeline", "spark-admin:wholesale_billing_reports_read", 200, func(o *office) string { return billingPath + "/timeline" + inApril + "&orgId=" + o.org }, nil},
		{"POST", billingPath + "/reconciliations", "spark-admin:wholesale_billing_reports_write", 200, at(billingPath + "/reconciliations" + inApril), at("SERVICE_NAME,QUANTITY\nWEBEX_CALLING,1\n")},
		{"GET", billingPath + "/months", "spark-admin:wholesale_billing_reports_read", 200, at(billingPath + "/months"), nil},
		{"GET", billingPath + "/months/{month}", "spark-admin:wholesale_billing_reports_read", 200, ofApril(""), nil},
		{"POST", billingPath + "/months/{month}/close", "spark-admin:wholesale_billing_reports_write", 200, ofApril("/close"), nil},
		{"GET", billingPath + "/subscriptions", "spark-admin:wholesale_billing_reports_read", 200, at(billingPath + "/subscriptions"), nil},
		{"PUT", billingPath + "/subscriptions/{subscriptionId}", "spark-admin:wholesale_billing_reports_write", 200, ofASubscription, at(`{"timeZone":"America/New_York"}`)},
		{"POST", "/hub/v1/webhooks", "dialtone:webhooks_write", 201, at("/hub/v1/webhooks"), at(newWebhook)},
		{"GET", "/hub/v1/webhooks", "dialtone:webhooks_read", 200, at("/hub/v1/webhooks"), nil},
		{"GET", hook, "dialtone:webhooks_read", 200, ofAWebhook(""), nil},
		{"PUT", hook, "dialtone:webhooks_write", 200, ofAWebhook(""), at(newWebhook)},
		{"POST", hook + "/secret", "dialtone:webhooks_write", 200, ofAWebhook("/secret"), nil},
		{"GET", hook + "/deliveries", "dialtone:webhooks_read", 200, ofAWebhook("/deliveries"), nil},
		{"POST", hook + "/replay", "dialtone:webhooks_write", 200, ofAWebhook("/replay"), at(`{"dead":true}`)},
		{"POST", hook + "/ping", "dialtone:webhooks_write", 200, ofAWebhook("/ping"), nil},
		{"DELETE", hook, "dialtone:webhooks_write", 204, ofAWebhook(""), nil},
		{"GET", "/hub/v1/audit", "dialtone:audit_read", 200, at("/hub/v1/audit"), nil},
		{"GET", "/hub/v1/rpl/reviews", "dialtone:rpl_read", 200, at("/hub/v1/rpl/reviews"), nil},
		{"GET", review, "dialtone:rpl_read", 200, ofAReview(""), nil},
		{"POST", review + "/approve", "dialtone:rpl_write", 200, ofAReview("/approve"), at(`{"note":"somebody else"}`)},
		{"POST", review + "/deny", "dialtone:rpl_write", 200, ofAReview("/deny"), at(`{"note":"the same owner"}`)},
		{"POST", review + "/contacts", "dialtone:rpl_write", 200, ofAReview("/contacts"), at(`{"reached":false,"note":"no answer"}`)},
		{"POST", "/hub/v1/people/imports", "spark-admin:wholesale_subscribers_write", 202, ofImports, func(*office) string { return "email\nada@bakery.example\n" }},
		{"GET", "/hub/v1/people/imports", "spark-admin:wholesale_subscribers_read", 200, ofImports, nil},
		{"GET", "/hub/v1/people/imports/template", "spark-admin:wholesale_subscribers_read", 200, at("/hub/v1/people/imports/template"), nil},
		{"GET", "/hub/v1/people/imports/{importId}", "spark-admin:wholesale_subscribers_read", 200, ofAnImport, nil},
		{"GET", "/hub/v1/people/imports/{importId}/results", "spark-admin:wholesale_subscribers_read", 200, func(o *office) string { return ofAnImport(o) + "/results" }, nil},
		{"DELETE", "/hub/v1/people/imports/{importId}", "spark-admin:wholesale_subscribers_write", 204, ofAnImport, nil},
		{"POST", "/v1/devices", "spark-admin:devices_write", 200, func(o *office) string { return "/v1/devices?orgId=" + o.org },
			func(o *office) string {
				return fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q}`, o.person)
			}},
		{"GET", "/v1/devices", "spark-admin:devices_read", 200, at("/v1/devices"), nil},
		{"GET", "/hub/v1/devices/changes", "spark-admin:devices_read", 200, at("/hub/v1/devices/changes"), nil},
		{"GET", device, "spark-admin:devices_read", 200, ofDevice("/v1/devices/%s"), nil},
		{"GET", telephony, "spark-admin:telephony_config_read", 200, ofDevice("/v1/telephony/config/devices/%s"), nil},
		{"PUT", telephony, "spark-admin:telephony_config_write", 204, ofDevice("/v1/telephony/config/devices/%s"), at(`{"sipPassword":"Another-Password-1"}`)},
		{"POST", hub + "/enrolment", "spark-admin:devices_write", 201, ofDevice("/hub/v1/devices/%s/enrolment"), at(`{"minutes":5}`)},
		{"DELETE", hub + "/enrolment", "spark-admin:devices_write", 204, ofDevice("/hub/v1/devices/%s/enrolment"), nil},
		{"GET", "/hub/v1/sip/bans", "spark-admin:devices_read", 200, at("/hub/v1/sip/bans"), nil},
		{"DELETE", "/hub/v1/sip/bans/{address}", "spark-admin:devices_write", 204, ofABan, nil},
		{"GET", "/hub/v1/nodes", "spark-admin:devices_read", 200, at("/hub/v1/nodes"), nil},
		{"POST", "/hub/v1/nodes/{name}/drain", "dialtone:nodes_write", 200, ofANode("/drain"), nil},
		{"POST", "/hub/v1/nodes/{name}/resume", "dialtone:nodes_write", 200, ofANode("/resume"), nil},
		{"DELETE", "/hub/v1/nodes/{name}", "dialtone:nodes_write", 204, ofANode(""), nil},
		{"GET", "/hub/v1/firmware", "spark-admin:devices_read", 200, at("/hub/v1/firmware"), nil},
		{"GET", hub + "/files", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/files"), nil},
		{"GET", hub + "/registration", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/registration"), nil},
		{"POST", hub + "/actions/reboot/invoke", "spark-admin:devices_write", 204, ofDevice("/hub/v1/devices/%s/actions/reboot/invoke"), nil},
		{"POST", telephony + "/actions/applyChanges/invoke", "spark-admin:telephony_config_write", 204, ofDevice("/v1/telephony/config/devices/%s/actions/applyChanges/invoke"), nil},
		{"POST", "/v1/telephony/config/devices/actions/validateMacs/invoke", "spark-admin:telephony_config_write", 200, at("/v1/telephony/config/devices/actions/validateMacs/invoke"), at(`{"macs":["ab125678cdef"]}`)},
		{"GET", telephony + "/members", "spark-admin:telephony_config_read", 200, ofDevice("/v1/telephony/config/devices/%s/members"), nil},
		{"PUT", telephony + "/members", "spark-admin:telephony_config_write", 204, ofDevice("/v1/telephony/config/devices/%s/members"),
			func(o *office) string {
				return fmt.Sprintf(`{"members":[{"id":%q,"port":1,"primaryOwner":true,"lineType":"PRIMARY","lineWeight":2,"hotlineEnabled":false,"hotlineDestination":"","allowCallDeclineEnabled":true}]}`, o.person)
			}},
		{"GET", "/v1/telephony/config/devices/availableMembers", "spark-admin:telephony_config_read", 200, at("/v1/telephony/config/devices/availableMembers"), nil},
		{"GET", "/v1/telephony/config/devices/availableMembers/count", "spark-admin:telephony_config_read", 200, at("/v1/telephony/config/devices/availableMembers/count"), nil},
		{"GET", telephony + "/availableMembers", "spark-admin:telephony_config_read", 200, ofDevice("/v1/telephony/config/devices/%s/availableMembers"), nil},
		{"GET", telephony + "/availableMembers/count", "spark-admin:telephony_config_read", 200, ofDevice("/v1/telephony/config/devices/%s/availableMembers/count"), nil},
		{"GET", "/v1/telephony/config/people/{personId}/devices", "spark-admin:telephony_config_read", 200, ofPerson("/v1/telephony/config/people/%s/devices"), nil},
		{"GET", "/v1/telephony/config/people/{personId}/devices/count", "spark-admin:telephony_config_read", 200, ofPerson("/v1/telephony/config/people/%s/devices/count"), nil},
		{"GET", settingsOfWorkspace, "spark-admin:telephony_config_read", 200, ofAWorkspace("/v1/telephony/config/workspaces/%s/devices"), nil},
		{"GET", virtualLine + "/devices", "spark-admin:telephony_config_read", 200, func(o *office) string { return ofAVirtualLine(o) + "/devices" }, nil},
		{"PATCH", device, "spark-admin:devices_write", 200, ofDevice("/v1/devices/%s"), at(`{"op":"add","path":"tags","value":["lobby"]}`)},
		{"GET", hub + "/credentials", "dialtone:credentials_read", 200, ofDevice("/hub/v1/devices/%s/credentials"), nil},
		{"POST", hub + "/credentials/rotate", "dialtone:credentials_write", 200, ofDevice("/hub/v1/devices/%s/credentials/rotate"), at(`{"overlapMinutes":60}`)},
		{"POST", hub + "/credentials/reveal", "dialtone:credentials_write", 200, ofDevice("/hub/v1/devices/%s/credentials/reveal"), nil},
		{"POST", hub + "/credentials/compromised", "dialtone:credentials_write", 200, ofDevice("/hub/v1/devices/%s/credentials/compromised"), at(`{"enrolMinutes":60}`)},
		{"GET", hub + "/configuration", "dialtone:credentials_read", 200, ofAHandover(false), nil},
		{"POST", hub + "/configuration", "dialtone:credentials_write", 200, ofAHandover(true), nil},
		{"GET", hub + "/revisions", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/revisions"), nil},
		{"GET", hub + "/revisions/{revision}", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/revisions/1"), nil},
		{"POST", hub + "/revisions/{revision}/reveal", "dialtone:credentials_write", 200, ofDevice("/hub/v1/devices/%s/revisions/1/reveal"), at(`{"path":"805ec0aabbcc.cfg"}`)},
		{"GET", hub + "/diff", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/diff?from=1&to=1"), nil},
		{"POST", hub + "/rollback", "spark-admin:devices_write", 200, ofDevice("/hub/v1/devices/%s/rollback"), at(`{"to":"1"}`)},
		{"GET", hub + "/uploads", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/uploads"), nil},
		{"GET", hub + "/uploads/{name}", "spark-admin:devices_read", 200, ofAnUpload, nil},
		{"DELETE", hub + "/uploads/{name}", "spark-admin:devices_write", 204, ofAnUpload, nil},
		{"GET", hub + "/why", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/why"), nil},
		{"GET", "/hub/v1/why", "spark-admin:devices_read", 200, at("/hub/v1/why?mac=805EC0AABBCC"), nil},
		{"GET", "/hub/v1/devices/unknown", "spark-admin:devices_read", 200, at("/hub/v1/devices/unknown"), nil},
		{"POST", "/hub/v1/inboxTokens", "spark-admin:devices_write", 201, func(o *office) string { return "/hub/v1/inboxTokens?orgId=" + o.org }, at(`{"name":"Shop"}`)},
		{"GET", "/hub/v1/inboxTokens", "spark-admin:devices_read", 200, func(o *office) string { return "/hub/v1/inboxTokens?orgId=" + o.org }, nil},
		{"POST", "/hub/v1/inboxTokens/{tokenId}/rotate", "spark-admin:devices_write", 200, func(o *office) string { return ofAnInboxToken(o) + "/rotate" }, nil},
		{"DELETE", "/hub/v1/inboxTokens/{tokenId}", "spark-admin:devices_write", 204, ofAnInboxToken, nil},
		{"GET", "/hub/v1/alarms", "spark-admin:devices_read", 200, at("/hub/v1/alarms"), nil},
		{"GET", hub + "/trace", "spark-admin:devices_read", 200, ofDevice("/hub/v1/devices/%s/trace"), nil},
		{"POST", "/v1/workspaces", "spark-admin:workspaces_write", 201, func(o *office) string { return "/v1/workspaces?orgId=" + o.org }, at(newWorkspace("Hall"))},
		{"GET", "/v1/workspaces", "spark-admin:workspaces_read", 200, at("/v1/workspaces"), nil},
		{"GET", workspace, "spark-admin:workspaces_read", 200, ofAWorkspace("/v1/workspaces/%s"), nil},
		{"PUT", workspace, "spark-admin:workspaces_write", 200, ofAWorkspace("/v1/workspaces/%s"), at(`{"displayName":"Grand Hall"}`)},
		{"DELETE", workspace, "spark-admin:workspaces_write", 204, ofAWorkspace("/v1/workspaces/%s"), nil},
		{"GET", settingsOfWorkspace + "/settings", "spark-admin:telephony_config_read", 200, ofAWorkspace("/v1/telephony/config/workspaces/%s/devices/settings"), nil},
		{"PUT", settingsOfWorkspace + "/settings", "spark-admin:telephony_config_write", 204, ofAWorkspace("/v1/telephony/config/workspaces/%s/devices/settings"), at(`{"compression":"ON"}`)},
		{"PUT", settingsOfWorkspace, "spark-admin:telephony_config_write", 204, ofAWorkspace("/v1/telephony/config/workspaces/%s/devices"), at(`{"enabled":false}`)},
		{"GET", settingsOfPerson, "spark-admin:telephony_config_read", 200, ofPerson("/v1/telephony/config/people/%s/devices/settings"), nil},
		{"PUT", settingsOfPerson, "spark-admin:telephony_config_write", 204, ofPerson("/v1/telephony/config/people/%s/devices/settings"), at(`{"compression":"ON"}`)},
		{"PUT", settingsOfPerson + "/hoteling", "spark-admin:telephony_config_write", 204, ofPerson("/v1/telephony/config/people/%s/devices/settings/hoteling"), at(`{"hoteling":{"enabled":true}}`)},
		{"POST", "/v1/telephony/config/virtualLines", "spark-admin:telephony_config_write", 201, func(o *office) string { return "/v1/telephony/config/virtualLines?orgId=" + o.org },
			func(*office) string { return newVirtualLine() }},
		{"GET", "/v1/telephony/config/virtualLines", "spark-admin:telephony_config_read", 200, at("/v1/telephony/config/virtualLines"), nil},
		{"GET", virtualLine, "spark-admin:telephony_config_read", 200, ofAVirtualLine, nil},
		{"PUT", virtualLine, "spark-admin:telephony_config_write", 204, ofAVirtualLine, at(`{"lastName":"Counter"}`)},
		{"DELETE", virtualLine, "spark-admin:telephony_config_write", 204, ofAVirtualLine, nil},
		{"GET", "/v1/people", "spark-admin:people_read", 200, at("/v1/people"), nil},
		{"GET", "/v1/people/{personId}", "spark-admin:people_read", 200, ofPerson("/v1/people/%s?callingData=true"), nil},
		{"PUT", "/v1/people/{personId}", "spark-admin:people_write", 200, ofPerson("/v1/people/%s"), at(`{"firstName":"Augusta"}`)},
		{"GET", "/v1/licenses", "spark-admin:licenses_read", 200, func(o *office) string { return "/v1/licenses?orgId=" + o.org }, nil},
		{"GET", "/v1/licenses/{licenseId}", "spark-admin:licenses_read", 200, ofALicense, nil},
		{"PATCH", "/v1/licenses/users", "spark-admin:people_write", 200, at("/v1/licenses/users"), func(o *office) string {
			return fmt.Sprintf(`{"personId":%q,"licenses":[{"id":%q}]}`, o.person, o.license())
		}},
		{"POST", "/v1/devices/activationCode", "spark-admin:devices_write", 200, func(o *office) string { return "/v1/devices/activationCode?orgId=" + o.org },
			func(o *office) string {
				return fmt.Sprintf(`{"model":"DMS Cisco 8851","personId":%q}`, o.person)
			}},
		{"POST", hub + "/activationCode", "spark-admin:devices_write", 200, ofAWaitingDevice, nil},
		{"DELETE", hub + "/activationCode", "spark-admin:devices_write", 204, ofAWaitingDevice, nil},
		{"POST", hub + "/replace", "spark-admin:devices_write", 200, ofDevice("/hub/v1/devices/%s/replace"), at(`{"mac":"805EC0AABBDD"}`)},
		{"DELETE", device, "spark-admin:devices_write", 204, ofDevice("/v1/devices/%s"), nil},
		{"DELETE", "/v1/wholesale/subscribers/{subscriberId}", "spark-admin:wholesale_subscribers_write", 204, ofSubscriber, nil},
	}...)
}

func (r routed) bodyOf(o *office) string {
	if r.body == nil {
		return ""
	}
	return r.body(o)
}

// TestEveryRouteAsksWhoAndWhetherTheyMay asks each route without a token, with a wrong one, with all scopes but its own, and with its own alone.
func TestEveryRouteAsksWhoAndWhetherTheyMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, r := range routes() {
		name, path, body := r.method+" "+r.documented, r.path(o), r.bodyOf(o)
		for _, token := range []string{"", "dtp_guess", strings.ToUpper(o.token)} {
			got := o.ask(t, token, r.method, path, body)
			assert.Equal(t, 401, got.status, name)
			assert.Equal(t, `Bearer realm="dialtone"`, got.header.Get("WWW-Authenticate"), name)
		}
		basic := o.ask(t, "", r.method, path, body, "Authorization", "Basic YWRtaW46YWRtaW4=")
		assert.Equal(t, 401, basic.status, name)
		var others []customer.Scope
		for _, other := range routes() {
			if other.scope != r.scope {
				others = append(others, other.scope)
			}
		}
		got := o.ask(t, o.withScopes(t, others...), r.method, path, body)
		assert.Equal(t, 403, got.status, name)
		assert.Contains(t, got.body, string(r.scope), "the message names what is missing")
		got = o.ask(t, o.withScopes(t, r.scope), r.method, path, body)
		assert.Equal(t, r.status, got.status, "%s: %s", name, got.body)
	}
}

var trackingID = regexp.MustCompile(`"trackingId":"[^"]+"`)

// TestAnotherPartnersThingsArentThere compares the answer for another partner's id with the answer for an id that nobody has.
func TestAnotherPartnersThingsArentThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, r := range routes() {
		if !r.namesTheirs() {
			continue
		}
		path, body := r.path(o), r.bodyOf(o)
		foreign := o.ask(t, o.others, r.method, path, body)
		parts := strings.Split(path, "/")
		for i, part := range parts {
			if isID(part) {
				parts[i] = nobody
			}
		}
		unknown := o.ask(t, o.others, r.method, strings.Join(parts, "/"), body)
		assert.Equal(t, 404, foreign.status, "%s %s: %s", r.method, path, foreign.body)
		assert.Equal(t, 404, unknown.status, "%s %s: %s", r.method, path, unknown.body)
		assert.Equal(t, trackingID.ReplaceAllString(unknown.body, ""), trackingID.ReplaceAllString(foreign.body, ""))
		nonsense := o.ask(t, o.token, r.method, strings.ReplaceAll(strings.Join(parts, "/"), nobody, "%00%ff.."), body)
		assert.Equal(t, 404, nonsense.status, "%s: %s", path, nonsense.body)
	}
	for _, path := range []string{"/v1/locations?orgId=", "/v1/devices?orgId=", "/v1/telephony/config/supportedDevices?orgId="} {
		assert.Equal(t, 404, o.ask(t, o.others, "GET", path+o.org, "").status, path)
	}
	created := o.ask(t, o.others, "POST", "/v1/wholesale/subscribers", o.newPerson("mallory", 666))
	assert.Equal(t, 400, created.status)
	assert.Contains(t, created.body, `"fieldName":"customerId"`)
}

func TestWhatIsNoRouteSaysSo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for path, status := range map[string]int{"/": 404, "/v1": 404, "/v1/devices/": 404, "/v1//devices": 404, "/v2/devices": 404, "/../etc/passwd": 404} {
		got := o.ask(t, o.token, "GET", path, "")
		assert.Equal(t, status, got.status, path)
		checkError(t, got, path)
	}
	patched := map[string]bool{}
	for _, r := range routes() {
		patched[r.documented] = patched[r.documented] || r.method == "PATCH"
	}
	for _, r := range routes() {
		if patched[r.documented] || r.documented == "/v1/devices/activationCode" { // which reads like a device's path
			continue
		}
		got := o.ask(t, o.token, "PATCH", r.path(o), `{}`)
		assert.Equal(t, 405, got.status, r.documented)
		assert.NotEmpty(t, got.header.Get("Allow"), r.documented)
		checkError(t, got, r.documented)
	}
}

func TestEveryAnswerNamesItsRequest(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	assert.Equal(t, "CLIENT_1", o.ask(t, o.token, "GET", "/v1/devices", "", "TrackingID", "CLIENT_1").header.Get("trackingid"))
	for _, bad := range []string{"", "a b", "ü", strings.Repeat("x", 129), "a\x7f"} {
		assert.Regexp(t, `^DIALTONE_[0-9a-f-]{36}$`, o.ask(t, o.token, "GET", "/v1/devices", "", "TrackingID", bad).header.Get("trackingid"), bad)
	}
	assert.Contains(t, o.log.String(), "tracking_id=CLIENT_1")
}

func TestOurOwnFailuresTellNothing(t *testing.T) {
	t.Parallel()
	for name, panics := range map[string]bool{"error": false, "panic": true} {
		o := newEmptyOffice(t, func(c *adminapi.Config) { c.Customers = brokenCustomers{customersCore: c.Customers, panics: panics} })
		got := o.ask(t, o.token, "GET", "/hub/v1/templates", "")
		assert.Equal(t, 500, got.status, name)
		checkError(t, got, name)
		assert.NotContains(t, got.body, "db.internal")
		assert.NotContains(t, got.body, "hunter2")
		assert.Contains(t, o.log.String(), got.header.Get("trackingid"), "the log has it, with the cause")
		assert.Equal(t, 200, o.ask(t, o.token, "GET", "/v1/devices", "").status, "and the others are served")
	}
	o := newEmptyOffice(t, func(c *adminapi.Config) {
		c.Ready = func(context.Context) error { return errors.New("db.internal is away") }
	})
	got := o.ask(t, "", "GET", "/readyz", "")
	assert.Equal(t, 503, got.status)
	assert.NotContains(t, got.body, "db.internal")
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	require.NoError(t, o.db.Close())
	got = o.ask(t, o.token, "GET", "/v1/devices", "")
	assert.Equal(t, 503, got.status, "a broken store is never 401 or 404")
	checkError(t, got, "closed store")
}
