package adminapi_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
)

const (
	billingPath = "/hub/v1/billing"
	inApril     = "?startDate=2026-04-01&endDate=2026-04-30"
)

// Who and where the usage of these tests is.
const (
	ownSubscriber = "0195a000-0000-7000-8000-000000000001"
	ownPerson     = "0195a000-0000-7000-8000-000000000002"
	ownWorkspace  = "0195a000-0000-7000-8000-000000000003"
	ownLocation   = "0195a000-0000-7000-8000-000000000004"
)

// happened writes an event about a package of the office's customer at a moment, as RFC 3339 has it.
func (o *office) happened(at string, kind customer.EventKind, subject string, facts map[string]any) error {
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return err
	}
	org, err := base64.RawURLEncoding.DecodeString(o.org)
	if err != nil {
		return err
	}
	tenant := customer.Tenant{Partner: o.partner, Customer: customer.OrgID(last(string(org)))}
	return o.db.Customers().Update(context.Background(), tenant, func(tx customer.Tx) error {
		return tx.Record(context.Background(), customer.Event{Time: moment, Tenant: tenant, Actor: "ada@example.com", Kind: kind, Subject: subject, Data: facts})
	})
}

// now is the office's time.
func (o *office) now() time.Time {
	return time.Date(2026, 5, 1, 8, 0, 0, 123456789, time.UTC).Add(time.Duration(o.passed.Load()))
}

// closeDays closes the days that are over.
func (o *office) closeDays() error {
	return billing.NewLedger(billing.LedgerConfig{Store: o.db.Billing(), Now: o.now}).CloseDays(context.Background())
}

// ofApril is a path of a month with usage that is over and whose days are closed.
func ofApril(below string) func(*office) string {
	return func(o *office) string {
		err := o.happened("2026-04-10T00:00:00Z", customer.EventPackageAssigned, newID(), map[string]any{"person": ownPerson, "package": "webex_calling"})
		if err != nil || o.closeDays() != nil {
			return billingPath + "/months/none"
		}
		return billingPath + "/months/2026-04" + below
	}
}

// ofASubscription is the path of a subscription on which nobody is counted. Its id is longer than what tests take for a word.
func ofASubscription(o *office) string {
	id := "subscription-" + newID()
	o.made("/hub/v1/templates", fmt.Sprintf(`{"name":"Of %s","country":"US","language":"en_US","subscriptionId":%[1]q}`, id))
	return billingPath + "/subscriptions/" + id
}

// counted is an office in whose April somebody moved, changed packages and left, and a workspace came; in May both hold something.
func counted(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	person := func(pkg string) map[string]any {
		return map[string]any{"person": ownPerson, "package": pkg, "location": ownLocation, "license": "license"}
	}
	for _, e := range []struct {
		at      string
		kind    customer.EventKind
		subject string
		facts   map[string]any
	}{
		{"2026-03-31T00:00:00Z", customer.EventPackageAssigned, ownSubscriber, person("webex_meetings")},
		{"2026-04-14T12:00:00Z", customer.EventPackageAssigned, ownSubscriber, person("webex_calling")},
		{"2026-04-30T06:00:00Z", customer.EventPackageAssigned, ownWorkspace, map[string]any{"workspace": ownWorkspace, "package": "common_area_calling"}},
	} {
		require.NoError(t, o.happened(e.at, e.kind, e.subject, e.facts))
	}
	require.NoError(t, o.closeDays())
	return o
}

// without drops what has a test of its own.
func without(o map[string]any, names ...string) map[string]any {
	for _, name := range names {
		delete(o, name)
	}
	return o
}

func TestUsageIsAddedUp(t *testing.T) {
	t.Parallel()
	o := counted(t)
	calling := map[string]any{"service": "WEBEX_CALLING", "sku": "DT-CALLING", "description": "Webex Calling", "quantity": "16.5", "provisional": "0"}
	got := o.ok(t, 200, "GET", billingPath+"/usage"+inApril, "")
	rows := items(t, got)
	require.Len(t, rows, 3)
	assert.Equal(t, []any{"COMMON_AREA_CALLING", "0.75"}, []any{rows[0]["service"], rows[0]["quantity"]})
	assert.Equal(t, calling, rows[1])
	assert.Equal(t, []any{"WEBEX_MEETINGS", "13.5"}, []any{rows[2]["service"], rows[2]["quantity"]})
	assert.Equal(t, map[string]any{
		"startDate": "2026-04-01", "endDate": "2026-04-30", "provisional": false, "asOf": "2026-05-01T08:00:00.123Z",
		"total": map[string]any{"quantity": "30.75", "provisional": "0"},
	}, without(got, "items"))

	today := o.ok(t, 200, "GET", billingPath+"/usage?startDate=2026-04-30&endDate=2026-05-01&groupBy=location&orgId="+o.org, "")
	assert.Equal(t, true, today["provisional"])
	rows = items(t, today)
	require.Len(t, rows, 2, "the office's own person came this moment")
	assert.Equal(t, []any{o.org, "bakery", "Sub-1", "COMMON_AREA_CALLING", "0.75", "0.333335"},
		[]any{rows[0]["orgId"], rows[0]["externalId"], rows[0]["subscriptionId"], rows[0]["service"], rows[0]["quantity"], rows[0]["provisional"]})
	assert.NotContains(t, rows[0], "locationId")
	assert.Equal(t, ownLocation, uuidOf(t, text(rows[1], "locationId")))

	page := o.ask(t, o.token, "GET", billingPath+"/usage"+inApril+"&max=1&offset=1", "")
	assert.Equal(t, []map[string]any{calling}, items(t, object(t, page.body)))
	assert.Contains(t, links(page.header.Get("Link"))["next"], "offset=2")
	assert.Contains(t, page.body, `"total":{"quantity":"30.75"`)
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", billingPath+"/usage"+inApril, "").body)))
}

func TestUsageHasAPointForEachDay(t *testing.T) {
	t.Parallel()
	o := counted(t)
	point := func(day, service, quantity, provisional string) []any {
		return []any{day, service, quantity, provisional}
	}
	var got [][]any
	for _, p := range items(t, o.ok(t, 200, "GET", billingPath+"/usage/daily?startDate=2026-04-14&endDate=2026-05-01&max=100", "")) {
		if day := text(p, "day"); day < "2026-04-16" || day > "2026-04-29" {
			got = append(got, point(day, text(p, "service"), text(p, "quantity"), text(p, "provisional")))
		}
	}
	assert.Equal(t, [][]any{
		point("2026-04-14", "WEBEX_CALLING", "0.5", "0"), point("2026-04-14", "WEBEX_MEETINGS", "0.5", "0"),
		point("2026-04-15", "WEBEX_CALLING", "1", "0"),
		point("2026-04-30", "COMMON_AREA_CALLING", "0.75", "0"), point("2026-04-30", "WEBEX_CALLING", "1", "0"),
		point("2026-05-01", "COMMON_AREA_CALLING", "0", "0.333335"), point("2026-05-01", "WEBEX_CALLING", "0", "0.333335"),
	}, got)
}

func TestATimelineSaysWhy(t *testing.T) {
	t.Parallel()
	o := counted(t)
	of := func(query string) map[string]any {
		return o.ok(t, 200, "GET", billingPath+"/timeline"+query+"&orgId="+o.org, "")
	}
	got := of("?startDate=2026-04-01&endDate=2026-05-01&subscriberId=" + ownSubscriber)
	assert.Equal(t, got["items"], of("?startDate=2026-04-01&endDate=2026-05-01&personId=" + ownPerson)["items"])
	assert.Equal(t, map[string]any{"quantity": "30", "provisional": "0.333335"}, got["total"])
	assert.Equal(t, "UTC", got["timeZone"])
	require.Len(t, items(t, got), 1)
	one := items(t, got)[0]
	assert.Equal(t, ownPerson, uuidOf(t, text(one, "personId")))
	stretches, _ := one["assignments"].([]any)
	require.Len(t, stretches, 2)
	meetings, _ := stretches[0].(map[string]any)
	assert.Equal(t, "Webex Meetings from 2026-03-31 00:00 until 2026-04-14 12:00: 13 whole days and 0.5 of 2026-04-14; counted from 2026-04-01 to 2026-05-01.", meetings["why"])
	calling, _ := stretches[1].(map[string]any)
	begins, _ := calling["begins"].(map[string]any)
	assert.Equal(t, begins, meetings["ends"], "one takes the other's place")
	assert.Equal(t, map[string]any{"event": begins["event"], "time": "2026-04-14T12:00:00.000Z", "actor": "ada@example.com", "kind": "package.assigned"}, begins)
	assert.Equal(t, map[string]any{
		"service": "WEBEX_CALLING", "sku": "DT-CALLING", "description": "Webex Calling", "from": "2026-04-14T12:00:00Z",
		"wholeDays": map[string]any{"startDate": "2026-04-15", "endDate": "2026-04-30", "days": 16.0},
		"partDays": []any{
			map[string]any{"day": "2026-04-14", "quantity": "0.5", "provisional": false}, map[string]any{"day": "2026-05-01", "quantity": "0.333335", "provisional": true},
		},
		"quantity": "16.5", "provisional": "0.333335",
		"why": "Webex Calling from 2026-04-14 12:00 until now: 16 whole days, 0.5 of 2026-04-14 and 0.333335 of 2026-05-01 so far.",
	}, without(calling, "begins", "locationId", "licenseId"))

	assert.Equal(t, map[string]any{"quantity": "0.75", "provisional": "0"}, of(inApril + "&workspaceId=" + ownWorkspace)["total"])
	first := of(inApril + "&max=1")
	assert.Len(t, items(t, first), 1)
	assert.Equal(t, map[string]any{"quantity": "30.75", "provisional": "0"}, first["total"], "of all pages")

	for query, want := range map[string][2]string{
		"/timeline" + inApril:                                                                                 {"400", `"fieldName":"orgId"`},
		"/timeline" + inApril + "&orgId=" + newID():                                                           {"404", "There is no such customer."},
		"/timeline" + inApril + "&orgId=" + o.org + "&subscriberId=" + newID():                                {"404", "There is no such subscriber"},
		"/timeline" + inApril + "&orgId=" + o.org + "&subscriberId=" + ownWorkspace:                           {"404", "There is no such subscriber"},
		"/timeline" + inApril + "&orgId=" + o.org + "&workspaceId=" + newID():                                 {"404", "There is no such workspace"},
		"/timeline" + inApril + "&orgId=" + o.org + "&personId=" + newID():                                    {"404", "There is no such person"},
		"/timeline" + inApril + "&orgId=" + o.org + "&personId=x":                                             {"400", `"fieldName":"personId"`},
		"/timeline" + inApril + "&orgId=" + o.org + "&personId=" + ownPerson + "&workspaceId=" + ownWorkspace: {"400", `"fieldName":"subscriberId"`},
	} {
		got := o.ask(t, o.token, "GET", billingPath+query, "")
		assert.Equal(t, want[0], fmt.Sprint(got.status), "%s: %s", query, got.body)
		assert.Contains(t, got.body, want[1], query)
	}
	stranger := o.ask(t, o.others, "GET", billingPath+"/timeline"+inApril+"&orgId="+o.org+"&subscriberId="+ownSubscriber, "")
	assert.Equal(t, 404, stranger.status)
	assert.Contains(t, stranger.body, "There is no such customer.")
}

func TestDaysThatCantBeShownAreToldByField(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for query, want := range map[string]string{
		"/usage": `"errorCode":1001`,
		"/usage?startDate=2026-05-01&endDate=2026-05-02":                   "must not be after today, 2026-05-01",
		"/usage?startDate=2021-04-30&endDate=2026-04-30":                   "must be 2021-05-01 or later",
		"/usage?startDate=2026-04-02&endDate=2026-04-01":                   "must not be before startDate, 2026-04-02",
		"/usage?startDate=2026-04-31&endDate=2026-04-01":                   `"fieldName":"startDate"`,
		"/usage" + inApril + "&groupBy=person":                             `"fieldName":"groupBy"`,
		"/usage" + inApril + "&orgId=x":                                    `"fieldName":"orgId"`,
		"/usage" + inApril + "&subPartnerOrgId=" + newID():                 `"errorCode":90001`,
		"/usage" + inApril + "&max=0":                                      `"fieldName":"max"`,
		"/usage/daily?startDate=2025-03-27&endDate=2026-05-01":             "must be 2026-04-30 or earlier: there can be 400 days at once",
		"/timeline?startDate=2026-05-02&endDate=2026-05-02&orgId=" + o.org: "must not be after today",
		"/months?orgId=x":                    `"fieldName":"orgId"`,
		"/months?subPartnerOrgId=" + newID(): `"errorCode":90001`,
		"/subscriptions?subPartnerOrgId=%00": `"errorCode":90001`,
	} {
		got := o.ask(t, o.token, "GET", billingPath+query, "")
		assert.Equal(t, 400, got.status, "%s: %s", query, got.body)
		assert.Contains(t, got.body, want, query)
		checkError(t, got, query)
	}
	o.ok(t, 200, "GET", billingPath+"/usage?startDate=2021-05-01&endDate=2026-05-01", "")
	o.ok(t, 200, "GET", billingPath+"/usage/daily?startDate=2025-03-28&endDate=2026-05-01", "")
}

func TestAnAccountIsComparedWithOurs(t *testing.T) {
	t.Parallel()
	o := counted(t)
	path := billingPath + "/reconciliations"
	file := "SERVICE_NAME;QUANTITY;LICENSE_ID\nWEBEX_CALLING;17,5;license\nWEBEX_MEETINGS;13,5;license\nWEBEX_SUITE;1;x\n"
	got := o.ok(t, 200, "POST", path+inApril, file)
	assert.Equal(t, map[string]any{
		"startDate": "2026-04-01", "endDate": "2026-04-30", "type": "CUSTOMER", "difference": "1.25",
		"ours": map[string]any{"quantity": "30.75", "rows": 3.0}, "theirs": map[string]any{"quantity": "32", "rows": 3.0},
		"causes": []any{
			map[string]any{"cause": "QUANTITY_DIFFERS", "count": 1.0, "difference": "1"},
			map[string]any{"cause": "MISSING_THERE", "count": 1.0, "difference": "-0.75"}, map[string]any{"cause": "MISSING_HERE", "count": 1.0, "difference": "1"},
		},
		"numberOfDifferences": 3.0,
		"differences": []any{
			map[string]any{"cause": "MISSING_THERE", "difference": "-0.75", "ours": map[string]any{"serviceName": "COMMON_AREA_CALLING", "quantity": "0.75"}},
			map[string]any{
				"cause": "QUANTITY_DIFFERS", "difference": "1", "ours": map[string]any{"serviceName": "WEBEX_CALLING", "licenseId": "license", "quantity": "16.5"},
				"theirs": map[string]any{"serviceName": "WEBEX_CALLING", "licenseId": "license", "quantity": "17.5"},
			},
			map[string]any{"cause": "MISSING_HERE", "difference": "1", "theirs": map[string]any{"serviceName": "WEBEX_SUITE", "licenseId": "x", "quantity": "1"}},
		},
	}, got)

	// A report of ours differs in nothing.
	for _, kind := range []string{"PARTNER", "CUSTOMER", "USER"} {
		rows := o.ok(t, 200, "POST", path+inApril+"&type="+kind, "SERVICE_NAME,QUANTITY\nWEBEX_CALLING,16.5\nWEBEX_MEETINGS,13.5\nCOMMON_AREA_CALLING,0.75\n")
		assert.Equal(t, []any{kind, "0", []any{}, []any{}}, []any{rows["type"], rows["difference"], rows["causes"], rows["differences"]})
	}
	for name, c := range map[string]struct{ query, file, want string }{
		"not a number":     {inApril, "SERVICE_NAME,QUANTITY\nWEBEX_CALLING,1\nWEBEX_CALLING,x\n", `"fieldName":"QUANTITY"`},
		"its line":         {inApril, "SERVICE_NAME,QUANTITY\nWEBEX_CALLING,1\nWEBEX_CALLING,x\n", "in line 3, cell 2"},
		"an open mark":     {inApril, "SERVICE_NAME,QUANTITY\n\"WEBEX,1\n", "can't be read: a quotation mark"},
		"nothing":          {inApril, "", "The file is empty"},
		"without a column": {inApril, "SERVICE_NAME\nx\n", "no column QUANTITY"},
		"today":            {"?startDate=2026-04-01&endDate=2026-05-01", file, "must be before today, 2026-05-01 in the time zone of your billing subscription"},
		"unknown type":     {inApril + "&type=ALL", file, `"fieldName":"type"`},
		"too few columns":  {inApril + "&type=PARTNER", file, "PARTNER reports have no column LICENSE_ID"},
	} {
		got := o.ask(t, o.token, "POST", path+c.query, c.file, "Content-Type", "text/csv")
		assert.Equal(t, 400, got.status, "%s: %s", name, got.body)
		assert.Contains(t, got.body, c.want, name)
		checkError(t, got, name)
	}
	assert.Equal(t, 415, o.ask(t, o.token, "POST", path+inApril, `{}`, "Content-Type", "application/json").status)
	large := o.ask(t, o.token, "POST", path+inApril, "SERVICE_NAME,QUANTITY,NOTE\nWEBEX_CALLING,1,"+strings.Repeat("x", 33<<20))
	assert.Equal(t, 413, large.status, large.body)
	assert.Equal(t, 200, o.ask(t, o.token, "POST", path+inApril, "SERVICE_NAME,QUANTITY,NOTE\nWEBEX_CALLING,1,"+strings.Repeat("x", 20<<20)).status)
}

func TestAMonthIsClosed(t *testing.T) {
	t.Parallel()
	o := counted(t)
	months := items(t, o.ok(t, 200, "GET", billingPath+"/months", ""))
	require.Len(t, months, 3)
	assert.Equal(t, []any{"2026-05", "open", "2026-04", "over", "2026-03", "over"},
		[]any{months[0]["month"], months[0]["state"], months[1]["month"], months[1]["state"], months[2]["month"], months[2]["state"]})
	assert.Equal(t, map[string]any{"quantity": "30.75", "provisional": "0"}, months[1]["total"])
	assert.Equal(t, map[string]any{"quantity": "0", "provisional": "0.66667"}, months[0]["total"])

	april := billingPath + "/months/2026-04"
	closed := o.ok(t, 200, "POST", april+"/close", "")
	assert.Equal(t, map[string]any{
		"month": "2026-04", "startDate": "2026-04-01", "endDate": "2026-04-30", "state": "closed", "closedAt": "2026-05-01T08:00:00.123Z", "closedBy": "admin@example.com",
		"asOf": "2026-05-01T08:00:00.123Z", "total": map[string]any{"quantity": "30.75", "provisional": "0"},
	}, without(o.ok(t, 200, "POST", april+"/close", ""), "services"))
	assert.Len(t, closed["services"], 3)
	o.passed.Add(int64(24 * time.Hour))
	assert.Equal(t, without(closed, "services"), without(o.ok(t, 200, "POST", april+"/close", ""), "services"), "later, too")
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=usage.month_closed", "")), 1)

	// What comes to light afterwards stands beside it.
	require.NoError(t, o.happened("2026-04-29T12:00:00Z", customer.EventPackageRemoved, ownSubscriber, map[string]any{"person": ownPerson, "package": "webex_calling"}))
	require.NoError(t, o.closeDays())
	got := o.ok(t, 200, "GET", april, "")
	assert.Equal(t, map[string]any{"quantity": "30.75", "provisional": "0"}, got["total"])
	adjustments, _ := got["adjustments"].(map[string]any)
	assert.Equal(t, []any{"30.75", "29.25", "-1.5"}, []any{adjustments["frozen"], adjustments["now"], adjustments["difference"]})
	assert.Len(t, adjustments["services"], 3)
	require.Len(t, items(t, got), 1)
	assert.Equal(t, map[string]any{
		"orgId": o.org, "service": "WEBEX_CALLING", "sku": "DT-CALLING", "description": "Webex Calling", "frozen": "16.5", "now": "15", "difference": "-1.5",
	}, without(items(t, got)[0], "locationId", "licenseId"))
	assert.Equal(t, items(t, got)[0]["orgId"], items(t, o.ok(t, 200, "GET", april+"?orgId="+o.org, ""))[0]["orgId"])
	assert.Len(t, items(t, o.ok(t, 200, "GET", billingPath+"/months?max=1", "")), 1)

	for path, want := range map[string]string{"/months/2026-05": "200", "/months/2026-06": "404", "/months/2026-02": "404", "/months/x": "404", "/months/2026-13": "404"} {
		assert.Equal(t, want, fmt.Sprint(o.ask(t, o.token, "GET", billingPath+path, "").status), path)
	}
	open := o.ask(t, o.token, "POST", billingPath+"/months/2026-05/close", "")
	assert.Equal(t, 409, open.status)
	assert.Contains(t, open.body, `"errorCode":90052`)
	assert.Contains(t, open.body, "The month 2026-05 is over in all time zones of your subscriptions at 2026-06-01T00:00:00Z.")
	checkError(t, open, "open")
	assert.Equal(t, 404, o.ask(t, o.others, "POST", april+"/close", "").status)
	assert.Equal(t, 404, o.ask(t, o.others, "GET", april, "").status)
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", billingPath+"/months", "").body)))
}

func TestASubscriptionHasATimeZone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	one := billingPath + "/subscriptions/Sub-1"
	sub := map[string]any{"id": "Sub-1", "timeZone": "UTC", "customers": 1.0}
	assert.Equal(t, []map[string]any{sub}, items(t, o.ok(t, 200, "GET", billingPath+"/subscriptions", "")))
	sub["timeZone"] = "America/New_York"
	for range 2 {
		assert.Equal(t, sub, o.ok(t, 200, "PUT", one, `{"timeZone":"America/New_York"}`))
	}
	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=billing.zone_set", ""))
	require.Len(t, events, 1)
	assert.Equal(t, map[string]any{"before": "UTC", "after": "America/New_York"}, events[0]["data"])
	assert.Equal(t, "Sub-1", events[0]["subject"])
	bad := o.ask(t, o.token, "PUT", one, `{"timeZone":"EST5"}`)
	assert.Equal(t, 400, bad.status)
	assert.Contains(t, bad.body, `"fieldName":"timeZone"`)
	assert.Equal(t, 404, o.ask(t, o.token, "PUT", billingPath+"/subscriptions/Sub-2", `{"timeZone":"UTC"}`).status)
	assert.Equal(t, 404, o.ask(t, o.others, "PUT", one, `{"timeZone":"UTC"}`).status)

	// In New York it is still yesterday.
	require.NoError(t, o.happened("2026-05-01T04:00:00Z", customer.EventPackageAssigned, ownSubscriber, map[string]any{"person": ownPerson, "package": "webex_calling"}))
	o.passed.Add(int64(19 * time.Hour))
	got := o.ok(t, 200, "GET", billingPath+"/usage?startDate=2026-05-01&endDate=2026-05-01", "")
	assert.Equal(t, true, got["provisional"])
	early := o.ask(t, o.token, "POST", billingPath+"/reconciliations?startDate=2026-05-01&endDate=2026-05-01", "SERVICE_NAME,QUANTITY\n")
	assert.Equal(t, 400, early.status, early.body)
	assert.Contains(t, early.body, "must be before today, 2026-05-01 in the time zone of your billing subscription")
	report := o.ask(t, o.token, "POST", "/v1/wholesale/billing/reports", `{"billingStartDate":"2026-05-01","billingEndDate":"2026-05-01"}`)
	assert.Equal(t, 400, report.status, report.body)
	assert.Contains(t, report.body, "must be before today, 2026-05-01 in the time zone of your billing subscription")

	o.passed.Add(int64(2 * time.Hour))
	require.NoError(t, o.closeDays())
	late := o.ask(t, o.token, "PUT", one, `{"timeZone":"Europe/Berlin"}`)
	assert.Equal(t, 409, late.status, late.body)
	assert.Contains(t, late.body, "Days of the subscription Sub-1 are counted in the time zone America/New_York since 2026-05-01")
	assert.Contains(t, late.body, `"errorCode":90053`)
	checkError(t, late, "late")
	sub["countedSince"] = "2026-05-01"
	assert.Equal(t, sub, o.ok(t, 200, "PUT", one, `{"timeZone":"America/New_York"}`), "the same again changes nothing")
}

func TestUsageOfASubPartner(t *testing.T) {
	t.Parallel()
	x := newTree(t)
	require.NoError(t, x.subs.happened("2026-04-10T00:00:00Z", customer.EventPackageAssigned, ownSubscriber, map[string]any{"person": ownPerson, "package": "webex_calling"}))
	require.NoError(t, x.closeDays())
	about := "&subPartnerOrgId=" + x.sub
	quantity := func(path string) any {
		total, _ := x.ok(t, 200, "GET", billingPath+path, "")["total"].(map[string]any)
		return total["quantity"]
	}
	assert.Equal(t, "0", quantity("/usage"+inApril))
	assert.Equal(t, "21", quantity("/usage"+inApril+about))
	assert.Equal(t, "21", quantity("/usage"+inApril+about+"&orgId="+x.subs.org))
	assert.Equal(t, "21", quantity("/timeline"+inApril+about+"&orgId="+x.subs.org+"&subscriberId="+ownSubscriber))
	x.ok(t, 404, "GET", billingPath+"/usage"+inApril+"&orgId="+x.subs.org, "")
	x.ok(t, 404, "GET", billingPath+"/usage"+inApril+about+"&orgId="+x.org, "")
	x.ok(t, 400, "GET", billingPath+"/usage"+inApril+"&subPartnerOrgId="+string(x.partner), "")
	x.ok(t, 404, "POST", billingPath+"/months/2026-04/close", "")
	x.ok(t, 200, "POST", billingPath+"/months/2026-04/close?"+about[1:], "")
	assert.Equal(t, "closed", x.subs.ok(t, 200, "GET", billingPath+"/months/2026-04", "")["state"], "it is the sub-partner's")
	assert.Equal(t, "Sub-1", items(t, x.ok(t, 200, "GET", billingPath+"/subscriptions?"+about[1:], ""))[0]["id"])
	x.ok(t, 200, "POST", billingPath+"/reconciliations"+inApril+about, "SERVICE_NAME,QUANTITY\n")
}

// What is assigned before billing begins is shown, and counts from that day on.
func TestATimelineKnowsWhenBillingBegins(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 200, "PUT", "/hub/v1/settings", `{"enable_wholesale_delayed_billing":true}`)
	accepted := o.ok(t, 202, "POST", "/v1/wholesale/customers", strings.Replace(o.newCustomer("later"), `"packages"`, `"billingStartDate":"2026-05-04","packages"`, 1))
	o.customer = last(text(accepted, "url"))
	o.org = text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+o.customer, ""), "orgId")
	person := o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson("late", 102))
	o.passed.Add(int64(7 * 24 * time.Hour))
	days := "?startDate=2026-05-01&endDate=2026-05-07&orgId=" + o.org
	for range 2 { // while the days are open, and when they are closed
		got := o.ok(t, 200, "GET", billingPath+"/timeline"+days+"&personId="+text(person, "personId"), "")
		assert.Equal(t, map[string]any{"quantity": "4", "provisional": "0"}, got["total"])
		stretches, _ := items(t, got)[0]["assignments"].([]any)
		require.Len(t, stretches, 1)
		one, _ := stretches[0].(map[string]any)
		assert.Equal(t, "2026-05-04", one["billedFrom"])
		assert.Equal(t, "Webex Calling from 2026-05-01 08:00:00 until now: 4 whole days; billed from 2026-05-04 on; counted from 2026-05-01 to 2026-05-07.", one["why"])
		assert.Equal(t, map[string]any{"quantity": "4", "provisional": "0"}, o.ok(t, 200, "GET", billingPath+"/usage"+days, "")["total"])
		require.NoError(t, o.closeDays())
	}
}
