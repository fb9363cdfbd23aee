package adminapi_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/billing"
	"dialtone/customer"
	"dialtone/usage"
)

var updateReports = flag.Bool("update", false, "write the golden files anew; read them before you commit them")

// chronicle is an office whose reports are counted, and where years go by.
type chronicle struct {
	*office
	config adminapi.Config
	ledger *billing.Ledger
	names  []string // pairs of an id and the name that golden files have for it
}

func newChronicle(t *testing.T) *chronicle {
	t.Helper()
	c := &chronicle{}
	c.office = newEmptyOffice(t, func(config *adminapi.Config) { c.config = *config })
	c.ledger = billing.NewLedger(billing.LedgerConfig{Store: c.db.Billing(), Now: c.config.Now})
	reports := billing.NewService(billing.Config{
		Store: c.promises.Billing(c.db.Billing()), Counter: c.ledger, Now: c.config.Now, NewID: newID, LinkKey: []byte("a key for tests alone"),
	})
	c.promises.Employ(reports.Workers()...)
	c.config.Billing = reports
	server, err := adminapi.New(c.config)
	require.NoError(t, err)
	c.door = server.Handler()
	c.name(string(c.partner), "partner")
	return c
}

// name has an id called something in golden files; on the wire it may be encoded.
func (c *chronicle) name(id, name string) string {
	raw := id
	if plain, err := base64.RawURLEncoding.DecodeString(id); err == nil && strings.HasPrefix(string(plain), "ciscospark://") {
		raw = string(plain[strings.LastIndexByte(string(plain), '/')+1:])
	}
	c.names = append(c.names, raw, name)
	return id
}

// goTo sets the clock. A day's closing comes before whatever happens on it.
func (c *chronicle) goTo(t *testing.T, at string) {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, at)
	require.NoError(t, err)
	c.passed.Add(int64(moment.Sub(c.config.Now())))
	require.NoError(t, c.ledger.CloseDays(t.Context()))
}

func (c *chronicle) setZone(t *testing.T, subscription, name string) {
	t.Helper()
	zone, err := usage.ParseZone(name)
	require.NoError(t, err)
	require.NoError(t, c.db.Billing().Update(t.Context(), customer.Tenant{Partner: c.partner}, func(tx billing.Tx) error {
		return tx.SetZone(t.Context(), c.partner, subscription, zone)
	}))
}

// subscribe adds somebody, and returns the path of the subscriber.
func (c *chronicle) subscribe(t *testing.T, name, pkg string, extension int) string {
	t.Helper()
	body := strings.NewReplacer(`"webex_calling"`, fmt.Sprintf("%q", pkg), `"extension"`, fmt.Sprintf(`"locationId":%q,"extension"`, c.location)).Replace(c.newPerson(name, extension))
	made := c.ok(t, 200, "POST", "/v1/wholesale/subscribers", body)
	c.name(text(made, "personId"), name+"-user")
	return "/v1/wholesale/subscribers/" + c.name(text(made, "id"), name)
}

// early writes what was assigned before licences had ids.
func (c *chronicle) early(t *testing.T, org string) {
	t.Helper()
	tenant := customer.Tenant{Partner: c.partner, Customer: customer.OrgID(org)}
	facts := map[string]any{"person": "old-user", "package": "webex_voice", "location": ""}
	require.NoError(t, c.db.Customers().Update(t.Context(), tenant, func(tx customer.Tx) error {
		return tx.Record(t.Context(), customer.Event{Time: c.config.Now(), Tenant: tenant, Actor: "a", Kind: customer.EventPackageAssigned, Subject: "old", Data: facts})
	}))
}

// tellStory is what happened to two customers of a partner in five years.
func (c *chronicle) tellStory(t *testing.T) {
	t.Helper()
	c.fill(t)
	c.name(c.org, "bakery")
	c.name(c.location, "shop")
	c.name(c.subscriber, "ada")
	c.name(c.person, "ada-user")
	c.setZone(t, "Sub-1", "Europe/Berlin")
	c.ok(t, 202, "PUT", "/v1/wholesale/customers/"+c.customer, `{"packages":["webex_calling","webex_suite","webex_meetings","attendant_console","common_area_calling"]}`)
	annex := c.name(c.addLocation(newLocation("Annex", springfield)), "annex")
	c.ok(t, 201, "POST", "/v1/telephony/config/locations", fmt.Sprintf(`{"id":%q}`, annex))
	raw := c.names[2]

	c.goTo(t, "2026-10-25T00:30:00Z") // the first half past two
	c.early(t, raw)
	bob := c.subscribe(t, "bob", "webex_meetings", 102)
	c.goTo(t, "2026-10-25T12:00:00Z")
	c.ok(t, 200, "PUT", "/v1/people/"+c.person+"?callingData=true", fmt.Sprintf(`{"displayName":"Ada Baker","locationId":%q}`, annex))
	c.goTo(t, "2027-03-28T01:30:00Z") // half past three, as there is no half past two
	hall := c.ok(t, 201, "POST", "/v1/workspaces", c.hall(`"801"`))
	c.name(text(hall, "id"), "hall")
	c.goTo(t, "2027-03-28T10:00:00Z")
	c.ok(t, 204, "DELETE", bob, "")
	cyd := c.subscribe(t, "cyd", "webex_suite", 103)

	c.secondCustomer(t)
	c.goTo(t, "2028-02-10T17:00:00Z") // noon in New York
	c.subscribe(t, "dan", "webex_calling", 201)
	c.goTo(t, "2028-02-29T05:00:00Z") // its leap day begins
	eve := c.subscribe(t, "eve", "webex_calling", 202)
	c.goTo(t, "2028-02-29T17:00:00Z")
	c.ok(t, 204, "DELETE", eve, "")
	c.ok(t, 204, "DELETE", cyd, "")
}

// secondCustomer adds one on a subscription in another zone; the people to come are its own.
func (c *chronicle) secondCustomer(t *testing.T) {
	t.Helper()
	template := c.ok(t, 201, "POST", "/hub/v1/templates", `{"name":"East","country":"US","language":"en_US","subscriptionId":"Sub-2"}`)
	c.setZone(t, "Sub-2", "America/New_York")
	c.provisioningID = text(template, "provisioningId")
	body := strings.Replace(c.newCustomer("mill"), `"externalId":"mill"`, `"externalId":"=mill, \"old\""`, 1)
	c.customer = last(text(c.ok(t, 202, "POST", "/v1/wholesale/customers", body), "url"))
	c.org = c.name(text(c.ok(t, 200, "GET", "/v1/wholesale/customers/"+c.customer, ""), "orgId"), "mill")
	c.location = c.name(text(items(t, c.ok(t, 200, "GET", "/v1/locations?orgId="+c.org, ""))[0], "id"), "east")
}

// product is the part of a licence's id that is another one in each run.
var product = regexp.MustCompile(`(:[A-Z-]+)_[0-9a-f-]{36}`)

// csv orders a report and returns its file as it is downloaded without a token, with names for ids.
func (c *chronicle) csv(t *testing.T, kind, start, end string) string {
	t.Helper()
	at := c.orderReport(t, start, end, fmt.Sprintf(`,"type":%q`, kind))
	link := text(c.ok(t, 200, "GET", at, ""), "tempDownloadURL")
	file := c.ask(t, "", "GET", strings.TrimPrefix(link, "http://example.com"), "")
	require.Equal(t, 200, file.status, file.body)
	return product.ReplaceAllString(strings.NewReplacer(c.names...).Replace(file.body), "${1}_product")
}

func TestFilesOfRareDays(t *testing.T) {
	t.Parallel()
	c := newChronicle(t)
	c.tellStory(t)
	c.goTo(t, "2031-10-25T06:00:00Z")
	for _, days := range []struct{ name, first, last string }{
		{"autumn", "2026-10-25", "2026-10-25"}, // 25 hours in Berlin
		{"spring", "2027-03-28", "2027-03-28"}, // 23 hours
		{"leap", "2028-02-01", "2028-02-29"},
		{"fiveyears", "2026-10-25", "2031-10-24"}, // all that there can be
	} {
		for _, kind := range billing.Types() {
			got := c.csv(t, string(kind), days.first, days.last)
			file := filepath.Join("testdata", "report-"+days.name+"-"+strings.ToLower(string(kind))+".csv")
			if *updateReports {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "%s %s", days.name, kind)
		}
	}
	for _, days := range [][2]string{{"2026-10-24", "2031-10-24"}, {"2026-10-25", "2031-10-25"}} {
		got := c.ask(t, c.token, "POST", reportsPath, fmt.Sprintf(`{"billingStartDate":%q,"billingEndDate":%q}`, days[0], days[1]))
		assert.Equal(t, 400, got.status, "a day more, and today: %v", days)
	}
}
