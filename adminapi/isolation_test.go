package adminapi_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// tree is an office with every level there is: the partner with two customers and two sub-partners, one of which has a customer, and another
// partner beside it.
type tree struct {
	*office
	sub, sibling string            // organisations of the sub-partners
	subs         *office           // the first sub-partner's own view: its token, template, customer, ...
	tokens       map[string]string // of an administrator for each role, by its name
}

func newTree(t *testing.T) *tree {
	t.Helper()
	o := newOffice(t)
	x := &tree{office: o, tokens: map[string]string{}}
	sub := o.ok(t, 201, "POST", "/hub/v1/subPartners", newSubPartner("indirect"))
	x.sub = text(sub, "orgId")
	x.sibling = text(o.ok(t, 201, "POST", "/hub/v1/subPartners", newSubPartner("sibling")), "orgId")
	first, _ := sub["admin"].(map[string]any)
	token := o.ok(t, 201, "POST", "/hub/v1/tokens?"+behalf(x.sub), fmt.Sprintf(`{"name":"first","adminId":%q,"scopes":["%s"]}`, text(first, "id"), joined(customer.AllScopes())))
	x.subs = &office{door: o.door, db: o.db, log: o.log, token: text(token, "token"), others: o.others, loadList: o.loadList, core: o.core, ring: o.ring}
	x.subs.partner = customer.OrgID(uuidOf(t, x.sub))
	x.subs.fillAs(t, "indirect", "00562B0AAAAA", "admin-of-indirect")
	for role, org := range map[customer.Role]string{
		customer.RoleFullPartner: "", customer.RoleWholesale: "", customer.RoleReadOnlyPartner: "",
		customer.RoleFullCustomer: o.org, customer.RoleReadOnlyCustomer: o.org, customer.RoleDevice: o.org,
	} {
		x.tokens[string(role)] = o.tokenOf(t, role, org)
	}
	x.tokens["device_admin of the partner"] = o.tokenOf(t, customer.RoleDevice, "")
	x.tokens["sub-partner"] = x.subs.token
	return x
}

func behalf(org string) string { return "onBehalfOfSubPartnerOrgId=" + org }

func joined(scopes []customer.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, `","`)
}

// tokenOf makes an administrator with a role, and a token with all that the role allows.
func (o *office) tokenOf(t *testing.T, role customer.Role, org string) string {
	t.Helper()
	admin := o.ok(t, 201, "POST", "/hub/v1/admins", fmt.Sprintf(`{"email":"%s-%s@example.com","role":%q,"orgId":%q}`, role, newID(), role, org))
	var scopes []customer.Scope
	for _, s := range customer.AllScopes() {
		if role.Allows(s) {
			scopes = append(scopes, s)
		}
	}
	made := o.ok(t, 201, "POST", "/hub/v1/tokens", fmt.Sprintf(`{"name":"of a role","adminId":%q,"scopes":["%s"]}`, text(admin, "id"), joined(scopes)))
	return text(made, "token")
}

// Every route is walked by every role with an id from every level that isn't the role's: the answer is 401, 403 or 404, and the very same, to the
// letter, as for an id that nobody has.
func TestNobodySeesAcrossTheirWalls(t *testing.T) {
	t.Parallel()
	x := newTree(t)
	second := x.made("/v1/wholesale/customers", x.newCustomer("second"))
	secondOrg := text(x.ok(t, 200, "GET", "/v1/wholesale/customers/"+last(second.URL), ""), "orgId")
	foreigners := map[string][]*office{}
	for name := range x.tokens {
		foreigners[name] = []*office{x.subs} // a sub-partner's things, without saying that one acts for it
	}
	foreigners["sub-partner"] = []*office{x.office}
	foreigners["other partner"], x.tokens["other partner"] = []*office{x.office, x.subs}, x.others
	checked := 0
	for name, token := range x.tokens {
		for _, owner := range foreigners[name] {
			for _, r := range routes() {
				if !r.namesTheirs() || r.scope == customer.ScopeNodesWrite { // the installation's servers are nobody's
					continue
				}
				path, body := r.path(owner), r.bodyOf(owner)
				foreign := x.ask(t, token, r.method, path, body)
				unknown := x.ask(t, token, r.method, withNobody(path, nobody), body)
				at := fmt.Sprintf("%s: %s %s", name, r.method, r.documented)
				assert.Contains(t, []int{401, 403, 404}, foreign.status, "%s: %s", at, foreign.body)
				assert.Equal(t, unknown.status, foreign.status, at)
				assert.Equal(t, trackingID.ReplaceAllString(unknown.body, ""), trackingID.ReplaceAllString(foreign.body, ""), at)
				checked++
			}
		}
		for _, org := range []string{secondOrg, x.sub, x.subs.org} {
			x.assertNoOrg(t, name, token, org, org == secondOrg, nobody)
		}
	}
	assert.Greater(t, checked, 200)
}

// assertNoOrg asks for a list of an organisation that isn't the role's: as if nobody had it. Roles of the partner see all of its customers.
func (x *tree) assertNoOrg(t *testing.T, name, token, org string, own bool, nobody string) {
	t.Helper()
	ofPartner := name != string(customer.RoleFullCustomer) && name != string(customer.RoleReadOnlyCustomer) && name != string(customer.RoleDevice)
	if own && ofPartner && name != "sub-partner" && name != "other partner" || name == "sub-partner" && (org == x.subs.org || org == x.sub) {
		return
	}
	for _, path := range []string{"/v1/locations?orgId=", "/v1/devices?orgId=", "/hub/v1/audit?orgId=", "/v1/telephony/config/supportedDevices?orgId=", "/hub/v1/devices/changes?orgId=", "/hub/v1/devices/unknown?orgId=", "/hub/v1/alarms?orgId=", "/hub/v1/sip/bans?orgId=", "/hub/v1/inboxTokens?orgId=", "/hub/v1/why?mac=805EC0AABBCC&orgId=", "/v1/telephony/config/numbers?orgId=", "/v1/telephony/config/locations?orgId=",
		"/v1/workspaces?orgId=", "/v1/people?orgId=", "/v1/licenses?orgId=", "/v1/telephony/config/virtualLines?orgId=",
		billingPath + "/usage" + inApril + "&orgId=", billingPath + "/usage/daily" + inApril + "&orgId=", billingPath + "/timeline" + inApril + "&orgId=", billingPath + "/months?orgId=",
	} {
		foreign, unknown := x.ask(t, token, "GET", path+org, ""), x.ask(t, token, "GET", path+nobody, "")
		assert.Contains(t, []int{401, 403, 404}, foreign.status, "%s %s: %s", name, path, foreign.body)
		assert.Equal(t, trackingID.ReplaceAllString(unknown.body, ""), trackingID.ReplaceAllString(foreign.body, ""), "%s %s", name, path)
	}
}

// namesTheirs reports whether a route's path names something that is somebody's. A month has the same name for everybody.
func (r routed) namesTheirs() bool {
	return strings.Contains(strings.ReplaceAll(r.documented, "{month}", ""), "{")
}

// isID reports whether a part of a path names something: by an id, or by an address.
func isID(part string) bool {
	_, err := netip.ParseAddr(part)
	return len(part) > 40 || err == nil
}

// withNobody puts an id that nobody has in the place of the ids of a path.
func withNobody(path, nobody string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if isID(part) {
			parts[i] = nobody
		}
	}
	return strings.Join(parts, "/")
}

// Each role may do what it is for, and nothing else: told by the scope that a route needs, and by nothing that the token could add.
func TestEachRoleMayDoItsPart(t *testing.T) {
	t.Parallel()
	x := newTree(t)
	for _, r := range routes() {
		for _, role := range []customer.Role{customer.RoleWholesale, customer.RoleReadOnlyPartner, customer.RoleFullCustomer, customer.RoleReadOnlyCustomer, customer.RoleDevice} {
			if role.Allows(r.scope) {
				continue
			}
			got := x.ask(t, x.tokens[string(role)], r.method, r.path(x.office), r.bodyOf(x.office))
			assert.Equal(t, 403, got.status, "%s: %s %s: %s", role, r.method, r.documented, got.body)
		}
	}
	for role, want := range map[customer.Role]int{customer.RoleReadOnlyPartner: 200, customer.RoleWholesale: 200, customer.RoleFullCustomer: 403, customer.RoleDevice: 403} {
		assert.Equal(t, want, x.ask(t, x.tokens[string(role)], "GET", "/v1/wholesale/customers", "").status, "%s", role)
	}
	for _, path := range []string{"customers", "subscribers"} { // their scope isn't enough
		got := x.ask(t, x.tokens[string(customer.RoleWholesale)], "POST", "/v1/wholesale/"+path+"/validate", x.newPerson("x", 1))
		assert.Equal(t, 403, got.status, got.body)
		assert.Contains(t, got.body, "A precheck needs the role full_partner_admin.")
	}
	for role, want := range map[customer.Role]int{customer.RoleFullCustomer: 204, customer.RoleReadOnlyCustomer: 403, customer.RoleDevice: 403} {
		assert.Equal(t, want, x.ask(t, x.tokens[string(role)], "PUT", "/v1/locations/"+x.location, `{"notes":"seen"}`).status, "%s", role)
		assert.Equal(t, 200, x.ask(t, x.tokens[string(role)], "GET", "/v1/locations/"+x.location, "").status, "%s", role)
	}
	// A customer's administrator sees its own customer, though it doesn't say which.
	second := last(x.made("/v1/wholesale/customers", x.newCustomer("second")).URL)
	require.NotEmpty(t, second)
	list := func(token string) []map[string]any {
		return items(t, object(t, x.ask(t, token, "GET", "/v1/locations?name=shop", "").body))
	}
	assert.Greater(t, len(list(x.tokens["device_admin of the partner"])), 1)
	assert.Len(t, list(x.tokens[string(customer.RoleFullCustomer)]), 1)
	assert.Equal(t, 200, x.ask(t, x.tokens[string(customer.RoleFullCustomer)], "GET", "/v1/devices/"+x.device, "").status)
	assert.Len(t, items(t, object(t, x.ask(t, x.tokens[string(customer.RoleReadOnlyCustomer)], "GET", "/hub/v1/audit?max=100&kind=location.created&subject="+x.location, "").body)), 1)
}

func TestASubPartnerWorksLikeAPartner(t *testing.T) {
	t.Parallel()
	x := newTree(t)
	// The parent sees it in the list, in both spellings, and acts for it.
	list := x.ok(t, 200, "GET", "/v1/wholesale/subPartners?provisioningState=active&max=1", "")
	assert.Len(t, items(t, list), 1)
	assert.Equal(t, list["items"], list["subPartners"])
	one := items(t, list)[0]
	assert.Equal(t, map[string]any{
		"orgId": x.sub, "subscriptionId": "Sub-1", "provisioningState": "active", "created": "2026-05-01T08:00:00.123Z", "billingStartDate": "2026-05-01T00:00:00.000Z",
	}, one)
	assert.Len(t, items(t, x.ok(t, 200, "GET", "/v1/wholesale/customers", "")), 1, "its own alone")
	theirs := items(t, x.ok(t, 200, "GET", "/v1/wholesale/customers?"+behalf(x.sub), ""))
	require.Len(t, theirs, 1)
	assert.Equal(t, x.subs.customer, text(theirs[0], "id"))
	x.ok(t, 202, "PUT", "/v1/wholesale/customers/"+x.subs.customer+"?"+behalf(x.sub), `{"packages":["webex_calling","webex_suite"]}`)
	x.ok(t, 404, "GET", "/v1/wholesale/customers/"+x.subs.customer, "")
	changed := items(t, x.subs.ok(t, 200, "GET", "/hub/v1/audit?kind=customer.changed", ""))
	require.Len(t, changed, 1)
	assert.Equal(t, "admin@example.com", text(changed[0], "actor"), "the sub-partner sees who did it")

	own := x.subs.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"On the parent's","country":"US","language":"en","subscriptionId":"another"}`)
	assert.Equal(t, "Sub-1", text(own, "subscriptionId"))

	// Nobody acts for what isn't theirs.
	for name, c := range map[string]struct{ token, org string }{
		"itself": {x.token, last(x.org)}, "a stranger's": {x.others, x.sub}, "a sibling": {x.subs.token, x.sibling}, "its own parent": {x.subs.token, string(x.partner)},
		"no id": {x.token, "%00"}, "nobody": {x.token, "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"}, "a customer's admin": {x.tokens["full_customer_admin"], x.sub},
	} {
		got := x.ask(t, c.token, "GET", "/v1/devices?"+behalf(c.org), "")
		assert.Equal(t, 404, got.status, "%s: %s", name, got.body)
		assert.Equal(t, `{"message":"There is no such sub-partner.","errors":[{"description":"There is no such sub-partner."}],`, strings.SplitAfter(got.body, "],")[0], name)
	}
	assert.Equal(t, 403, x.subs.ask(t, x.subs.token, "POST", "/hub/v1/subPartners", newSubPartner("deeper")).status, "there is one level")

	// Suspended, it may look and delete.
	x.ok(t, 200, "PUT", "/hub/v1/subPartners/"+x.sub, `{"provisioningState":"suspended"}`)
	for _, token := range []string{x.subs.token, x.token} {
		query := ""
		if token == x.token {
			query = "?" + behalf(x.sub)
		}
		assert.Equal(t, 200, x.ask(t, token, "GET", "/v1/wholesale/customers/"+x.subs.customer+query, "").status)
		for _, refused := range []reply{
			x.ask(t, token, "PUT", "/v1/wholesale/customers/"+x.subs.customer+query, `{"packages":["webex_calling"]}`),
			x.ask(t, token, "POST", "/v1/wholesale/subscribers"+query, x.subs.newPerson("late", 900)),
			x.ask(t, token, "POST", "/hub/v1/templates"+query, `{}`),
		} {
			assert.Equal(t, 403, refused.status, refused.body)
			assert.Contains(t, refused.body, "suspended")
		}
	}
	x.subs.ok(t, 204, "DELETE", "/v1/wholesale/subscribers/"+x.subs.subscriber, "")
	x.ok(t, 200, "PUT", "/hub/v1/subPartners/"+x.sub, `{"provisioningState":"active"}`)
	x.subs.ok(t, 200, "POST", "/v1/wholesale/subscribers", x.subs.newPerson("back", 901))
}

func TestAdministrators(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for body, want := range map[string]string{
		`{"email":"x@example.com"}`:                                                                     `"fieldName":"role"`,
		`{"email":"x","role":"wholesale_admin"}`:                                                        `"fieldName":"email"`,
		`{"email":"x@example.com","role":"full_customer_admin"}`:                                        `"fieldName":"orgId"`,
		`{"email":"x@example.com","role":"wholesale_admin","orgId":"` + o.org + `"}`:                    `"fieldName":"orgId"`,
		`{"email":"x@example.com","role":"device_admin","orgId":"` + o.customer + `"}`:                  `"errorCode":90001`,
		`{"email":"x@example.com","role":"god"}`:                                                        `it is \"god\"`,
		`{"email":"admin@example.com","role":"device_admin"}`:                                           `"errorCode":10022`,
		`{"email":"x@example.com","role":"device_admin","firstName":"` + strings.Repeat("x", 65) + `"}`: `"errorCode":1002`,
	} {
		got := o.ask(t, o.token, "POST", "/hub/v1/admins", body)
		assert.Contains(t, []int{400, 409}, got.status, body)
		assert.Contains(t, got.body, want)
	}
	only := items(t, o.ok(t, 200, "GET", "/hub/v1/admins", ""))
	require.Len(t, only, 1)
	me := "/hub/v1/admins/" + text(only[0], "id")
	for _, refused := range []reply{o.ask(t, o.token, "PUT", me, `{"role":"device_admin"}`), o.ask(t, o.token, "DELETE", me, "")} {
		assert.Equal(t, 409, refused.status, "nobody would be left: %s", refused.body)
	}
	second := o.ok(t, 201, "POST", "/hub/v1/admins", `{"email":"Second@Example.com","firstName":"Ada","role":"full_partner_admin"}`)
	assert.Equal(t, "second@example.com", second["email"])
	theirs := o.ok(t, 201, "POST", "/hub/v1/tokens", fmt.Sprintf(`{"name":"hers","adminId":%q,"scopes":["spark-admin:devices_read","dialtone:admins_read","dialtone:tokens_read"]}`, second["id"]))
	token := text(theirs, "token")
	assert.Equal(t, 200, o.ask(t, token, "GET", "/hub/v1/admins", "").status)

	// A role that is taken away is felt at once, whatever the token says.
	at := "/hub/v1/admins/" + text(second, "id")
	o.ok(t, 200, "PUT", at, `{"role":"device_admin"}`)
	assert.Equal(t, 403, o.ask(t, token, "GET", "/hub/v1/admins", "").status)
	assert.Equal(t, 200, o.ask(t, token, "GET", "/v1/devices", "").status)
	assert.Len(t, items(t, object(t, o.ask(t, token, "GET", "/hub/v1/tokens", "").body)), 1, "her own alone")
	assert.Greater(t, len(items(t, o.ok(t, 200, "GET", "/hub/v1/tokens", ""))), 1)
	denied := o.ask(t, o.token, "POST", "/hub/v1/tokens", fmt.Sprintf(`{"name":"more","adminId":%q,"scopes":["dialtone:admins_write"]}`, second["id"]))
	assert.Contains(t, denied.body, "the role device_admin doesn't allow it")
	o.ok(t, 204, "DELETE", at, "")
	assert.Equal(t, 401, o.ask(t, token, "GET", "/v1/devices", "").status)
}
