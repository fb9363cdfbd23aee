package adminapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

// decide answers the page behind a link of a mail.
func (o *office) decide(t *testing.T, link, decision string) reply {
	t.Helper()
	path := strings.TrimPrefix(link, "https://hub.example.test")
	require.NotEqual(t, link, path, link)
	return o.ask(t, "", "POST", path, url.Values{"decision": {decision}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (o *office) page(t *testing.T, link string) reply {
	t.Helper()
	return o.ask(t, "", "GET", strings.TrimPrefix(link, "https://hub.example.test"), "")
}

func only(t *testing.T, mails []customer.Mail) customer.Mail {
	t.Helper()
	require.Len(t, mails, 1)
	return mails[0]
}

func TestAFreeAccountMovesWhenThePersonAgrees(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	assert.Empty(t, o.mails.take(), "the first subscriber is the administrator, who gets no welcome")
	o.ok(t, 201, "POST", "/v1/telephony/config/locations/"+o.location+"/numbers", `{"phoneNumbers":["+12175550123"]}`)
	body := o.freed("grace")
	body = strings.Replace(body, `"lastName":"Baker"`, `"lastName":"Hopper","primaryPhoneNumber":"+12175550123"`, 1)
	o.mails.take()
	got := o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", body)
	require.Equal(t, 202, got.status, got.body)
	sub := object(t, got.body)
	assert.Equal(t, "pending_user_migration", sub["status"])
	assert.NotContains(t, sub, "personId")
	at := "/v1/wholesale/subscribers/" + text(sub, "id")
	assert.Equal(t, "http://example.com"+at, got.header.Get("Location"))
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/subscribers?status=pending_user_migration", "")), 1)
	mail := only(t, o.mails.take())
	assert.Equal(t, customer.Mail{
		ID: mail.ID, Kind: "consent_move", To: "grace@bakery.example", Name: "Ada Hopper", Language: "en_US", Brand: "Example Telecom", Customer: "Bakery", Link: mail.Link,
	}, mail)

	// The mail can be sent again; meanwhile the packages can't be changed.
	o.ok(t, 204, "POST", "/v1/subscribers/"+text(sub, "id")+"/emails/consentMove", "")
	again := only(t, o.mails.take())
	assert.NotEqual(t, mail.ID, again.ID)
	assert.Equal(t, 409, o.ask(t, o.token, "PUT", at, `{"package":"webex_calling"}`).status)

	page := o.page(t, mail.Link)
	assert.Equal(t, 200, page.status)
	assert.Contains(t, page.body, "Example Telecom would like to move the account grace@bakery.example to Bakery.")
	assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
	assert.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	o.ok(t, 200, "GET", at, "")
	assert.Equal(t, "pending_user_migration", o.ok(t, 200, "GET", at, "")["status"], "looking decides nothing")

	declined := o.decide(t, mail.Link, "decline")
	assert.Equal(t, 200, declined.status, declined.body)
	assert.Contains(t, fmt.Sprint(o.ok(t, 200, "GET", at, "")["errors"]), "errorCode:90023")
	accepted := o.decide(t, again.Link, "accept")
	assert.Equal(t, 200, accepted.status, accepted.body)
	after := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, "provisioned", after["status"])
	assert.NotEmpty(t, after["personId"])
	assert.NotContains(t, after, "errors")
	assert.Equal(t, customer.MailKind("welcome"), only(t, o.mails.take()).Kind)
	assigned := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=package.assigned&subject="+text(sub, "id"), ""))
	require.Len(t, assigned, 1, "billing begins when the account has moved")
	assert.Equal(t, "grace@bakery.example", assigned[0]["actor"])
	o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"00562B043615","model":"Cisco 8851","personId":%q}`, after["personId"]))

	for name, gone := range map[string]reply{"again": o.decide(t, again.Link, "accept"), "page": o.page(t, mail.Link)} {
		assert.Equal(t, 404, gone.status, name)
		assert.Contains(t, gone.body, "There is nothing to decide any more.")
	}
	resent := o.ask(t, o.token, "POST", "/v1/subscribers/"+text(sub, "id")+"/emails/consentMove", "")
	assert.Equal(t, 409, resent.status)
	assert.Contains(t, resent.body, `"errorCode":90024`)
}

func TestAMoveThatCantBeSaysWhy(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	body := strings.ReplaceAll(o.freed("grace"), `"extension":"`, `"extension":"2`)
	sub := o.ok(t, 202, "POST", "/v1/wholesale/subscribers", body)
	mails := o.mails.take()
	link := mails[len(mails)-1].Link
	taken := strings.Replace(body, "grace@", "first@", 1)
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", taken)
	got := o.decide(t, link, "accept")
	assert.Equal(t, 409, got.status)
	assert.Contains(t, got.body, "The extension is taken in this location.")
	after := o.ok(t, 200, "GET", "/v1/wholesale/subscribers/"+text(sub, "id"), "")
	assert.Equal(t, "pending_user_migration", after["status"])
	assert.Contains(t, fmt.Sprint(after["errors"]), "errorCode:90016")
	o.ok(t, 204, "DELETE", "/v1/wholesale/subscribers/"+text(sub, "id"), "")
	assert.Equal(t, 404, o.decide(t, link, "accept").status)
	again := o.ok(t, 202, "POST", "/v1/wholesale/subscribers", strings.Replace(body, `"extension":"2`, `"extension":"3`, 1))
	assert.Equal(t, "pending_user_migration", again["status"], "the account is free again")
}

func TestALinkThatIsntOursOpensNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 202, "POST", "/v1/wholesale/subscribers", o.freed("grace"))
	mails := o.mails.take()
	link := mails[len(mails)-1].Link
	token := link[strings.Index(link, "token=")+6:]
	for name, forged := range map[string]string{
		"none": "", "noise": "x", "no signature": strings.Split(token, ".")[0] + ".", "cut": token[:len(token)-2], "other signature": token[:len(token)-3] + "AAA",
		"dots": "...", "long": strings.Repeat("A", 5000) + ".A", "not text": "%00.%ff",
	} {
		got := o.page(t, "/hub/v1/consents?token="+forged)
		assert.Equal(t, 404, got.status, name)
		assert.Contains(t, got.body, "hold any more", name)
		assert.Equal(t, 404, o.decide(t, "https://hub.example.test/hub/v1/consents?token="+forged, "accept").status, name)
	}
	for _, answer := range []string{"", "maybe"} {
		assert.Equal(t, 400, o.decide(t, link, answer).status)
	}
	assert.NotContains(t, o.log.String(), token, "a link is a secret")
	assert.Equal(t, 200, o.page(t, link).status)
}

// attaching asks for a customer with an organisation that is there already.
func (o *office) attaching(externalID, org string) string {
	return fmt.Sprintf(`{"provisioningId":%q,"externalId":%q,"orgId":%q,"packages":["webex_calling"],"address":%s,
		"provisioningParameters":{"calling":{"location":{"name":"New shop","timezone":"America/Chicago","language":"en_us","address":%[4]s}}}}`, o.provisioningID, externalID, org, address)
}

// leave ends the customer of the office; its organisation stays.
func (o *office) leave(t *testing.T) {
	t.Helper()
	o.ok(t, 204, "DELETE", "/v1/wholesale/subscribers/"+o.subscriber, "")
	o.ok(t, 202, "DELETE", "/v1/wholesale/customers/"+o.customer, "")
}

// rival is the second partner's view, with a template of its own.
func (o *office) rival(t *testing.T, template string) *office {
	t.Helper()
	r := &office{door: o.door, db: o.db, log: o.log, token: o.others, others: o.token}
	r.provisioningID = text(r.ok(t, 201, "POST", "/hub/v1/templates", template), "provisioningId")
	return r
}

func TestAnOrganisationIsAttachedSilently(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.rival(t, `{"name":"Rival","country":"US","language":"en_US","subscriptionId":"R"}`)
	served := r.ask(t, r.token, "POST", "/v1/wholesale/customers", r.attaching("won", o.org))
	assert.Equal(t, 409, served.status)
	assert.Contains(t, served.body, `"errorCode":90018`)
	unknown := r.ask(t, r.token, "POST", "/v1/wholesale/customers", r.attaching("won", "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"))
	assert.Equal(t, 400, unknown.status)
	assert.Contains(t, unknown.body, `"fieldName":"orgId"`)

	before := o.ok(t, 200, "GET", "/hub/v1/customers/"+o.customer, "")
	assert.Equal(t, true, before["restrictedByPartner"])
	assert.Equal(t, map[string]any{"prefix": "+1", "own": true}, before["defaultDialIn"])
	o.leave(t)
	assert.Equal(t, false, o.ok(t, 200, "GET", "/hub/v1/organizations/"+o.org, "")["served"])
	r.ok(t, 200, "POST", "/v1/wholesale/customers/validate", r.attaching("won", o.org))
	url := text(r.ok(t, 202, "POST", "/v1/wholesale/customers", r.attaching("won", o.org)), "url")
	at := strings.TrimPrefix(url, "http://example.com")
	won := r.ok(t, 200, "GET", at, "")
	assert.Equal(t, "provisioned", won["status"])
	assert.Equal(t, o.org, won["orgId"])
	details := r.ok(t, 200, "GET", "/hub/v1/customers/"+last(at), "")
	for _, kept := range []string{"name", "primaryEmail", "language", "sipDomain", "orgId"} {
		assert.Equal(t, before[kept], details[kept], kept)
	}
	assert.Equal(t, "full_admin", details["partnerRole"])
	assert.Equal(t, false, details["restrictedByPartner"], "restricted mode is switched off")
	places := items(t, r.ok(t, 200, "GET", "/v1/locations?orgId="+o.org, ""))
	require.Len(t, places, 1, "it has a location already")
	assert.Equal(t, "Shop", places[0]["name"])
	o.ok(t, 404, "GET", "/hub/v1/organizations/"+o.org, "")
	o.ok(t, 404, "GET", "/v1/locations?orgId="+o.org, "")

	// Its people come along; whoever is first isn't an administrator for that.
	r.customer = last(at)
	back := r.ok(t, 200, "POST", "/v1/wholesale/subscribers", r.newPerson("ada", 101))
	assert.Equal(t, o.person, back["personId"])
	assert.Empty(t, o.mails.take(), "she was the administrator before, and still is")
}

func TestALargeOrganisationMustConsent(t *testing.T) {
	t.Parallel()
	for name, accept := range map[string]bool{"accept": true, "decline": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.ok(t, 200, "PUT", "/hub/v1/organizations/"+o.org, `{"domains":[{"name":"Bakery.Example."}],"otherLicenses":"active"}`)
			o.leave(t)
			o.mails.take()
			r := o.rival(t, `{"name":"Rival","country":"US","language":"en_US","subscriptionId":"R","allowAdminInviteEmails":true}`)
			r.fillOther(t)
			o.mails.take()
			checked := r.ask(t, r.token, "POST", "/v1/wholesale/customers/validate", r.attaching("won", o.org))
			assert.Equal(t, 409, checked.status, checked.body)
			assert.Contains(t, checked.body, `"errorCode":90022`)
			assert.Empty(t, o.mails.take())
			at := "/v1/wholesale/customers/" + last(text(r.ok(t, 202, "POST", "/v1/wholesale/customers", r.attaching("won", o.org)), "url"))
			waiting := r.ok(t, 200, "GET", at, "")
			assert.Equal(t, "error", waiting["status"])
			assert.NotContains(t, waiting, "orgId", "it isn't theirs yet")
			assert.Contains(t, fmt.Sprint(waiting["errors"]), "errorCode:90022")
			r.ok(t, 404, "GET", "/v1/locations?orgId="+o.org, "")
			mail := only(t, o.mails.take())
			assert.Equal(t, customer.MailKind("admin_invite"), mail.Kind)
			assert.Equal(t, "owner@bakery.example", mail.To)
			assert.Equal(t, "Other Telecom", mail.Brand)
			// What the partner's other customers have is none of this one's: it can be updated and keeps its location, and could be removed.
			r.ok(t, 202, "PUT", at, `{"packages":["webex_calling","webex_meetings"]}`)
			asked := only(t, o.mails.take())
			assert.Contains(t, fmt.Sprint(r.ok(t, 200, "GET", at, "")["errors"]), "errorCode:90022")
			mail.Link = asked.Link
			for _, e := range items(t, r.ok(t, 200, "GET", "/hub/v1/audit?subject="+last(at), "")) {
				assert.NotContains(t, e, "orgId", "%v: it has no organisation", e["kind"])
			}
			page := o.page(t, mail.Link)
			assert.Contains(t, page.body, "Let Other Telecom serve Bakery?")
			if !accept {
				assert.Equal(t, 200, o.decide(t, mail.Link, "decline").status)
				assert.Contains(t, fmt.Sprint(r.ok(t, 200, "GET", at, "")["errors"]), "errorCode:90023")
				return
			}
			assert.Equal(t, 200, o.decide(t, mail.Link, "accept").status)
			assert.Equal(t, "provisioned", r.ok(t, 200, "GET", at, "")["status"])
			assert.Equal(t, "provisioning_admin", r.ok(t, 200, "GET", "/hub/v1/customers/"+last(at), "")["partnerRole"], "it has licences from elsewhere")
			assert.Equal(t, 404, o.decide(t, mail.Link, "accept").status)
		})
	}
}

func TestAnOrganisationThatCantBeAttachedSaysWhy(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for body, want := range map[string]string{
		`{"otherLicenses":"none","domains":[{"name":"nodot"}]}`:                      `"fieldName":"domains"`,
		`{"domains":[{"name":"a.example"},{"name":"A.example"}]}`:                    "twice",
		`{"otherLicenses":"some"}`:                                                   `"fieldName":"otherLicenses"`,
		`{"domains":[` + strings.Repeat(`{"name":"a.b"},`, 100) + `{"name":"a.b"}]}`: `"errorCode":1002`,
	} {
		assert.Contains(t, o.ask(t, o.token, "PUT", "/hub/v1/organizations/"+o.org, body).body, want)
	}
	o.ok(t, 200, "PUT", "/hub/v1/organizations/"+o.org, `{"otherLicenses":"none","trial":true,"domains":[{"name":"bakery.example","claimed":true}]}`)
	o.leave(t)
	trial := o.ask(t, o.token, "POST", "/v1/wholesale/customers", o.attaching("again", o.org))
	assert.Equal(t, 409, trial.status)
	assert.Contains(t, trial.body, `"errorCode":90026`)
	o.ok(t, 200, "PUT", "/hub/v1/organizations/"+o.org, `{"otherLicenses":"none","trial":false,"domains":[{"name":"bakery.example","claimed":true}]}`)

	// The template doesn't let anybody be asked, until it does.
	o.mails.take()
	at := "/v1/wholesale/customers/" + last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", o.attaching("again", o.org)), "url"))
	assert.Contains(t, o.ask(t, o.token, "GET", at, "").body, "Switch admin-invite e-mails on in the template")
	assert.Empty(t, o.mails.take())
	o.ok(t, 200, "PUT", "/hub/v1/templates/"+o.template, `{"name":"Small","country":"US","language":"en_US","subscriptionId":"Sub-1","allowAdminInviteEmails":true}`)
	o.ok(t, 202, "PUT", at, `{"packages":["webex_calling"]}`)
	assert.Equal(t, 200, o.decide(t, only(t, o.mails.take()).Link, "accept").status)
	assert.Equal(t, "provisioned", o.ok(t, 200, "GET", at, "")["status"])
}

func TestAMailThatCantGoOutIsNoted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.mails.err = fault.New(fault.Invalid, "The mail server refused the address.")
	sub := o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("bob", 102))
	failed := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=mail.failed", ""))
	require.Len(t, failed, 1)
	assert.Equal(t, "system", failed[0]["actor"])
	assert.Equal(t, map[string]any{"kind": "welcome", "reason": "The mail server refused the address."}, failed[0]["data"])
	assert.NotEmpty(t, sub["personId"], "nobody is held up by a mail")
}

func TestBillingBeginsLater(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	with := func(externalID, start string) string {
		return strings.Replace(o.newCustomer(externalID), `"packages"`, `"billingStartDate":"`+start+`","packages"`, 1)
	}
	off := o.ask(t, o.token, "POST", "/v1/wholesale/customers", with("late", "2026-06-01"))
	assert.Equal(t, 409, off.status)
	assert.Contains(t, off.body, `"errorCode":90027`)
	assert.Equal(t, false, o.ok(t, 200, "GET", "/hub/v1/settings", "")["enable_wholesale_delayed_billing"])
	o.ok(t, 200, "PUT", "/hub/v1/settings", `{"enable_wholesale_delayed_billing":true}`)
	for start, status := range map[string]int{"2026-07-31": 400, "2026-04-30": 400, "soon": 400} {
		assert.Equal(t, status, o.ask(t, o.token, "POST", "/v1/wholesale/customers", with("late", start)).status, start)
	}
	at := last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", with("late", "2026-07-30")), "url"))
	assert.Equal(t, "2026-07-30", o.ok(t, 200, "GET", "/hub/v1/customers/"+at, "")["billingStartDate"], "the ninetieth day")
	o.ok(t, 202, "PUT", "/v1/wholesale/customers/"+at, `{"packages":["webex_calling"],"billingStartDate":"2026-05-01"}`)
	begun := o.ask(t, o.token, "PUT", "/v1/wholesale/customers/"+at, `{"packages":["webex_calling"],"billingStartDate":"2026-06-01"}`)
	assert.Equal(t, 409, begun.status, "it begins today: %s", begun.body)
	o.ok(t, 202, "PUT", "/v1/wholesale/customers/"+at, `{"packages":["webex_calling"]}`)
	assert.NotContains(t, o.ok(t, 200, "GET", "/hub/v1/customers/"+o.customer, ""), "billingStartDate")
}

// fillOther gives the rival a customer with a person, whom nothing here is about.
func (o *office) fillOther(t *testing.T) {
	t.Helper()
	o.customer = last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", o.newCustomer("theirs")), "url"))
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("somebody-of-theirs", 100))
}

func TestACustomerThatWaitsForConsentCanBeRemoved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 200, "PUT", "/hub/v1/organizations/"+o.org, `{"otherLicenses":"none","domains":[{"name":"bakery.example"}]}`)
	o.leave(t)
	r := o.rival(t, `{"name":"Rival","country":"US","language":"en_US","subscriptionId":"R","allowAdminInviteEmails":true}`)
	r.fillOther(t)
	at := "/v1/wholesale/customers/" + last(text(r.ok(t, 202, "POST", "/v1/wholesale/customers", r.attaching("won", o.org)), "url"))
	r.ok(t, 202, "DELETE", at, "")
	r.ok(t, 404, "GET", at, "")
	assert.Len(t, items(t, r.ok(t, 200, "GET", "/v1/wholesale/subscribers", "")), 1)
}
