package adminapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newRichOffice has a customer with every package of these tests, and its administrator alone.
func newRichOffice(t *testing.T) *office {
	t.Helper()
	o := newEmptyOffice(t, nil)
	template := o.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"Small","country":"US","language":"en_US","subscriptionId":"Sub-1"}`)
	o.provisioningID = text(template, "provisioningId")
	body := strings.Replace(o.newCustomer("rich"), `["webex_calling"]`,
		`["webex_calling","webex_calling_standard","webex_meetings","webex_suite","attendant_console","cx_premium_agent"]`, 1)
	o.customer = last(text(o.ok(t, 202, "POST", "/v1/wholesale/customers", body), "url"))
	o.org = text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+o.customer, ""), "orgId")
	o.location = text(items(t, o.ok(t, 200, "GET", "/v1/locations?orgId="+o.org, ""))[0], "id")
	o.ok(t, 201, "POST", "/v1/telephony/config/locations/"+o.location+"/numbers", `{"phoneNumbers":["+12175550123"]}`)
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("admin", 100)) // the first one administers the customer
	return o
}

func (o *office) add(t *testing.T, email, packages, parameters string) map[string]any {
	t.Helper()
	return o.ok(t, 200, "POST", "/v1/wholesale/subscribers", fmt.Sprintf(
		`{"customerId":%q,"email":%q,"packages":%s,"provisioningParameters":%s}`, o.customer, email, packages, parameters))
}

func (o *office) phone(t *testing.T, mac, person string) string {
	t.Helper()
	return text(o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":%q,"model":"Cisco 8851","personId":%q}`, mac, person)), "id")
}

func TestASubscriberMovesBetweenPackages(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	bob := o.add(t, "bob@rich.example", `["webex_meetings"]`, `{}`)
	at := "/v1/wholesale/subscribers/" + text(bob, "id")
	got := o.ask(t, o.token, "GET", at, "")
	assert.Equal(t, "http://example.com"+at, got.header.Get("Location"))
	assert.Equal(t, bob, object(t, got.body))

	refused := o.ask(t, o.token, "PUT", at, `{"package":"webex_calling","provisioningParameters":{}}`)
	assert.Equal(t, 400, refused.status)
	assert.Contains(t, refused.body, `"fieldName":"provisioningParameters"`, "a move to calling needs a number or an extension")
	moved := o.ok(t, 200, "PUT", at, `{"packages":["webex_calling","attendant_console"],"provisioningParameters":{"primaryPhoneNumber":"+1-217-555-0123","extension":"101"}}`)
	assert.Equal(t, "webex_calling", moved["package"])
	assert.Equal(t, []any{"webex_calling", "attendant_console"}, moved["packages"])
	assert.Equal(t, bob["personId"], moved["personId"])
	device := o.phone(t, "00562B043615", text(bob, "personId"))

	again := o.ok(t, 200, "PUT", at, `{"packages":["webex_suite"],"provisioningParameters":{"extension":"999"}}`)
	assert.Equal(t, []any{"webex_suite"}, again["packages"])
	o.ok(t, 200, "GET", "/v1/devices/"+device, "")
	taken := o.ask(t, o.token, "POST", "/v1/wholesale/subscribers", o.newPerson("carl", 101))
	assert.Equal(t, 409, taken.status, "who has calling already keeps the extension, whatever is sent")

	o.ok(t, 200, "PUT", at, `{"package":"webex_meetings"}`)
	o.ok(t, 404, "GET", "/v1/devices/"+device, "")
	carl := o.ok(t, 200, "POST", "/v1/wholesale/subscribers", strings.Replace(o.newPerson("carl", 101), `"extension"`, `"primaryPhoneNumber":"+12175550123","extension"`, 1))
	assert.Equal(t, "provisioned", carl["status"], "number and extension were free again")
}

func TestAStandardPackageHoldsOnePhone(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	bob := o.add(t, "bob@rich.example", `["webex_calling"]`, `{"extension":"101"}`)
	at := "/v1/wholesale/subscribers/" + text(bob, "id")
	o.phone(t, "00562B043615", text(bob, "personId"))
	second := o.phone(t, "00562B043616", text(bob, "personId"))
	got := o.ask(t, o.token, "PUT", at, `{"package":"webex_calling_standard"}`)
	assert.Equal(t, 409, got.status, got.body)
	assert.Equal(t, "webex_calling", o.ok(t, 200, "GET", at, "")["package"], "nothing of it stays")
	o.ok(t, 204, "DELETE", "/v1/devices/"+second, "")
	o.ok(t, 200, "PUT", at, `{"package":"webex_calling_standard"}`)
}

func TestAnAdministratorsPackageDoesntGoDown(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	admin := items(t, o.ok(t, 200, "GET", "/v1/wholesale/subscribers?email=admin@bakery.example", ""))[0]
	at := "/v1/wholesale/subscribers/" + text(admin, "id")
	got := o.ask(t, o.token, "PUT", at, `{"package":"webex_meetings"}`)
	assert.Equal(t, 409, got.status, got.body)
	o.ok(t, 200, "PUT", at, `{"package":"webex_suite"}`)
}

func TestARemovedSubscriberCanComeBack(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	bob := o.add(t, "bob@rich.example", `["webex_calling"]`, `{"firstName":"Bob","extension":"101"}`)
	at := "/v1/wholesale/subscribers/" + text(bob, "id")
	device := o.phone(t, "00562B043615", text(bob, "personId"))
	o.ok(t, 204, "DELETE", at, "")
	o.ok(t, 404, "GET", at, "")
	o.ok(t, 404, "DELETE", at, "")
	o.ok(t, 404, "PUT", at, `{"package":"webex_calling"}`)
	o.ok(t, 404, "GET", "/v1/devices/"+device, "")
	back := o.add(t, "BOB@rich.example", `["webex_calling"]`, `{"extension":"101"}`)
	assert.Equal(t, bob["personId"], back["personId"], "the person stayed")
	assert.NotEqual(t, bob["id"], back["id"])
}

func TestPackagesOutsideTheOldFieldAreLeftOutOfIt(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	agent := o.add(t, "agent@rich.example", `["cx_premium_agent"]`, `{}`)
	assert.NotContains(t, agent, "package")
	assert.Equal(t, []any{"cx_premium_agent"}, agent["packages"])
}

func TestAPrecheckSaysWhatProvisioningWould(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	passed := map[string]any{"message": "success", "info": []any{map[string]any{"infoCode": 100.0, "description": "Provisioning preCheck validation successful."}}}
	const subscribers, customers = "/v1/wholesale/subscribers", "/v1/wholesale/customers"
	for name, c := range map[string]struct{ path, body string }{
		"a person":             {subscribers, o.newPerson("bob", 101)},
		"a taken extension":    {subscribers, o.newPerson("bob", 100)},
		"a taken e-mail":       {subscribers, o.newPerson("admin", 101)},
		"both package fields":  {subscribers, `{"email":"x@y.example","package":"webex_calling","packages":["webex_calling"]}`},
		"an unknown customer":  {subscribers, strings.Replace(o.newPerson("bob", 101), o.customer, "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958", 1)},
		"a customer":           {customers, o.newCustomer("next")},
		"a taken external id":  {customers, o.newCustomer("rich")},
		"a customer in India":  {customers, strings.Replace(o.newCustomer("next"), `"country":"US"`, `"country":"IN"`, 1)},
		"an unknown template":  {customers, strings.Replace(o.newCustomer("next"), o.provisioningID, "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958", 1)},
		"a name with per cent": {customers, strings.Replace(o.newCustomer("next"), "Bakery", "100 % Bakery", 1)},
	} {
		for range 2 { // a check changes nothing, so that the second says the same
			check := o.ask(t, o.token, "POST", c.path+"/validate", c.body)
			if check.status == 200 {
				assert.Equal(t, passed, object(t, check.body), name)
			}
		}
		check, done := o.ask(t, o.token, "POST", c.path+"/validate", c.body), o.ask(t, o.token, "POST", c.path, c.body)
		if done.status < 300 {
			assert.Equal(t, 200, check.status, name)
			continue
		}
		assert.Equal(t, done.status, check.status, name)
		assert.Equal(t, trackingID.ReplaceAllString(done.body, ""), trackingID.ReplaceAllString(check.body, ""), name)
	}
	for body, want := range map[string]int{
		`{"email":"new@rich.example","customerId":"` + o.customer + `"}`: 200, `{"email":"admin@bakery.example"}`: 409, `{"email":"nonsense"}`: 400, `{}`: 400,
	} {
		assert.Equal(t, want, o.ask(t, o.token, "POST", subscribers+"/validate", body).status, body)
	}
	for body, want := range map[string]int{
		`{"address":` + address + `,"customerInfo":{"primaryEmail":"new@rich.example"}}`: 200, `{"address":` + address + `}`: 200, `{"address":{"country":"US"}}`: 400,
		`{"address":` + address + `,"customerInfo":{"primaryEmail":"Admin@bakery.example"}}`: 409,
	} {
		assert.Equal(t, want, o.ask(t, o.token, "POST", customers+"/validate", body).status, body)
	}
}

func TestSubscribersAreSortedAndFilteredByTime(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	o.add(t, "bob@rich.example", `["webex_meetings"]`, `{}`)
	emails := func(query string) []string {
		var out []string
		for _, item := range items(t, o.ok(t, 200, "GET", "/v1/wholesale/subscribers?"+query, "")) {
			out = append(out, text(item, "email"))
		}
		return out
	}
	both := []string{"admin@bakery.example", "bob@rich.example"}
	assert.Equal(t, both, emails("sortBy=created&sortOrder=asc"))
	assert.Equal(t, []string{both[1], both[0]}, emails("sortBy=lastStatusChange&sortOrder=DESC"))
	for _, before := range []string{"1777622399999", "2026-05-01T07:59:59Z", "2026-05-01", "2026-05-01T08:00:00.122+0000"} { // the clock stands at 08:00:00.123456
		assert.Equal(t, both, emails("after="+url.QueryEscape(before)), before)
		assert.Equal(t, both, emails("lastStatusChange="+url.QueryEscape(before)), before)
	}
	assert.Empty(t, emails("after=2026-05-01T08:00:01Z"))
	assert.Empty(t, emails("lastStatusChange=1777622401000"))
	for _, bad := range []string{"after=yesterday", "lastStatusChange=-1", "sortBy=userCreationTimestamp", "sortOrder=UP"} {
		assert.Equal(t, 400, o.ask(t, o.token, "GET", "/v1/wholesale/subscribers?"+bad, "").status, bad)
	}
}

func TestNobodyActsForASubPartnerThatIsntThere(t *testing.T) {
	t.Parallel()
	o := newRichOffice(t)
	got := o.ask(t, o.token, "GET", "/v1/wholesale/customers?onBehalfOfSubPartnerOrgId="+o.org, "")
	require.Equal(t, 404, got.status)
	checkError(t, got, "on behalf")
}
