package adminapi_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

const reportsPath = "/v1/wholesale/billing/reports"

// orderReport orders a report for some days, with more fields, and returns its address.
func (o *office) orderReport(t *testing.T, start, end, more string) string {
	t.Helper()
	return reportsPath + "/" + text(o.ok(t, 200, "POST", reportsPath, fmt.Sprintf(`{"billingStartDate":%q,"billingEndDate":%q%s}`, start, end, more)), "id")
}

func TestAReportGoesThroughItsLife(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	o.promises.Hold()
	ordered := o.ok(t, 200, "POST", reportsPath, newReport)
	id := text(ordered, "id")
	assert.Equal(t, map[string]any{"id": id, "billingStartDate": "2026-04-01", "billingEndDate": "2026-04-30", "type": "PARTNER", "category": "RECONCILIATION"}, ordered)
	me := items(t, o.ok(t, 200, "GET", "/hub/v1/admins", ""))[0]["id"]
	report := func(status string, errors ...any) map[string]any {
		return map[string]any{
			"id": id, "billingStartDate": "2026-04-01", "billingEndDate": "2026-04-30", "type": "PARTNER", "category": "RECONCILIATION", "status": status,
			"created": "2026-05-01T08:00:00.123Z", "createdBy": me, "errors": append([]any{}, errors...),
		}
	}
	listed := func(status string) []map[string]any {
		return []map[string]any{{"id": id, "billingStartDate": "2026-04-01", "billingEndDate": "2026-04-30", "type": "PARTNER", "category": "RECONCILIATION", "status": status}}
	}
	at := reportsPath + "/" + id
	assert.Equal(t, report("IN_PROGRESS"), o.ok(t, 200, "GET", at, ""))
	assert.Equal(t, listed("IN_PROGRESS"), items(t, o.ok(t, 200, "GET", reportsPath, "")))
	require.NoError(t, o.promises.Do(t.Context()))
	assert.Equal(t, report("FAILED", map[string]any{"code": 90099.0, "description": "It can't be counted."}), o.ok(t, 200, "GET", at, ""))
	assert.Equal(t, listed("FAILED"), items(t, o.ok(t, 200, "GET", reportsPath, "")))
	o.ok(t, 204, "DELETE", at, "")

	o.uncounted = nil
	id = text(o.ok(t, 200, "POST", reportsPath, newReport), "id")
	done := o.ok(t, 200, "GET", reportsPath+"/"+id, "")
	link, _ := done["tempDownloadURL"].(string)
	delete(done, "tempDownloadURL")
	assert.Equal(t, report("COMPLETED"), done)
	require.Regexp(t, `^http://example\.com/[0-9a-f-]{36}/WHOLESALE/[0-9a-f-]{36}\.csv\?Expires=1777624200&Key-Pair-Id=K1&Signature=[\w-]{43}$`, link)
	file := o.ask(t, "", "GET", strings.TrimPrefix(link, "http://example.com"), "")
	assert.Equal(t, 200, file.status, file.body)
	assert.Equal(t, "text/csv; charset=utf-8", file.header.Get("Content-Type"))
	assert.Equal(t, 404, o.ask(t, "", "GET", strings.TrimPrefix(link, "http://example.com")+"x", "").status, "another signature")
	assert.Equal(t, listed("COMPLETED"), items(t, o.ok(t, 200, "GET", reportsPath, "")))
	again := o.ask(t, o.token, "POST", reportsPath, newReport)
	assert.Equal(t, 409, again.status)
	assert.Contains(t, again.body, `"errorCode":90051`)
	checkError(t, again, "again")
	o.ok(t, 200, "POST", reportsPath, `{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","type":"USER"}`)
	o.ok(t, 204, "DELETE", reportsPath+"/"+id, "")
	assert.Equal(t, 404, o.ask(t, "", "GET", strings.TrimPrefix(link, "http://example.com"), "").status, "its report is gone")
	o.ok(t, 200, "POST", reportsPath, newReport)

	kinds := []string{}
	for _, e := range items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+id, "")) {
		kinds = append(kinds, text(e, "kind"))
	}
	assert.Equal(t, []string{"billing_report.deleted", "billing_report.finished", "billing_report.ordered"}, kinds)
}

func TestAReportThatIsGivenUpSaysSo(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	o.promises.Hold()
	at := o.orderReport(t, "2026-04-01", "2026-04-30", "")
	require.NoError(t, o.promises.GiveUp(t.Context(), errors.New("db.internal was away")))
	got := o.ask(t, o.token, "GET", at, "")
	assert.Contains(t, got.body, `"status":"FAILED"`)
	assert.Contains(t, got.body, `"errors":[{"code":90099,"description":"This took too many attempts.`)
	assert.NotContains(t, got.body, "db.internal")
}

func TestTheAnswerToAnOrderRepeatsIt(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for more, want := range map[string][3]any{
		``:                                              {"PARTNER", "RECONCILIATION", nil},
		`,"internal":true`:                              {"PARTNER", "RECONCILIATION", true},
		`,"internal":false`:                             {"PARTNER", "RECONCILIATION", false},
		`,"internal":null,"type":"CUSTOMER"`:            {"CUSTOMER", "RECONCILIATION", nil},
		`,"type":"USER","subPartnerOrgId":""`:           {"USER", "RECONCILIATION", nil},
		`,"type":"","category":"","more":[1]`:           {"PARTNER", "RECONCILIATION", nil},
		`,"category":"POINT_IN_TIME"`:                   {"PARTNER", "POINT_IN_TIME", nil},
		`,"type":null,"subPartnerOrgId":null`:           {"PARTNER", "RECONCILIATION", nil},
		`,"category":"RECONCILIATION","type":"PARTNER"`: {"PARTNER", "RECONCILIATION", nil},
	} {
		got := o.ok(t, 200, "POST", reportsPath, `{"billingStartDate":"2026-04-01T22:00:00.000Z","billingEndDate":"2026-04-30T00:30:00+02:00"`+more+`}`)
		assert.Equal(t, want, [3]any{got["type"], got["category"], got["internal"]}, more)
		assert.Equal(t, "2026-04-01 2026-04-30", text(got, "billingStartDate")+" "+text(got, "billingEndDate"), "the date counts as it is written")
		assert.NotContains(t, o.ok(t, 200, "GET", reportsPath+"/"+text(got, "id"), ""), "internal")
	}
}

func TestTheRulesOfAnOrderAreToldByField(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	stranger := text(object(t, o.ask(t, o.others, "POST", "/hub/v1/subPartners", newSubPartner("theirs")).body), "orgId")
	for body, want := range map[string][]string{
		`{}`: {`"errorCode":1001`, `"fieldName":"billingStartDate"`, `"fieldName":"billingEndDate"`},
		`{"billingStartDate":"2026-05-01","billingEndDate":"2021-04-30"}`:                                               {`"fieldName":"billingStartDate"`, `"fieldName":"billingEndDate"`, "must be before today, 2026-05-01 in the time zone of your billing subscription", "reports go back 5 years"},
		`{"billingStartDate":"2026-04-02","billingEndDate":"2026-04-01"}`:                                               {`"fieldName":"billingEndDate"`, "must not be before billingStartDate, 2026-04-02"},
		`{"billingStartDate":"2026-04-31","billingEndDate":"x","type":"ALL","category":"x","subPartnerOrgId":"x"}`:      {`"fieldName":"billingStartDate"`, `"fieldName":"billingEndDate"`, `"fieldName":"type"`, `"fieldName":"category"`, `"fieldName":"subPartnerOrgId"`},
		`{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","subPartnerOrgId":"` + stranger + `"}`:          {`"errorCode":90001`, `"fieldName":"subPartnerOrgId"`},
		`{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","subPartnerOrgId":"` + newID() + `"}`:           {`"errorCode":90001`, `"fieldName":"subPartnerOrgId"`},
		`{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","subPartnerOrgId":"\u0000"}`:                    {`"errorCode":90001`, `"fieldName":"subPartnerOrgId"`},
		`{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","subPartnerOrgId":"` + string(o.partner) + `"}`: {`"errorCode":90001`, `"fieldName":"subPartnerOrgId"`},
		`{"billingStartDate":20260401,"billingEndDate":"2026-04-30"}`:                                                   {`"fieldName":"billingStartDate"`},
		`{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","internal":"yes"}`:                              {`"fieldName":"internal"`},
	} {
		got := o.ask(t, o.token, "POST", reportsPath, body)
		assert.Equal(t, 400, got.status, "%s: %s", body, got.body)
		for _, part := range want {
			assert.Contains(t, got.body, part, body)
		}
		checkError(t, got, body)
	}
	assert.Empty(t, items(t, o.ok(t, 200, "GET", reportsPath, "")), "nothing of it was kept")
}

func TestAReportThatIsntThereHasTheWiresNumber(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for _, id := range []string{newID(), "nonsense", "%00%ff", "Y2lzY29zcGFyazovL3VzL0JJTExJTkdfUkVQT1JULzViOGQ1MThhLThmMDAtNDUxYi1hNDA2LWVhZjQ5YjRhN2ZhOA"} {
		for _, method := range []string{"GET", "DELETE"} {
			got := o.ask(t, o.token, method, reportsPath+"/"+id, "")
			assert.Equal(t, 404, got.status, id)
			assert.Equal(t, `{"message":"Billing Report not found.","errors":[{"errorCode":2024,"description":"Billing Report not found."}],`, strings.SplitAfter(got.body, "],")[0], id)
		}
	}
	id := last(o.orderReport(t, "2026-04-01", "2026-04-30", ""))
	for _, spelling := range []string{id, id + "%3D%3D", uuidOf(t, id), strings.ToUpper(uuidOf(t, id))} {
		assert.Equal(t, id, o.ok(t, 200, "GET", reportsPath+"/"+spelling, "")["id"], spelling)
	}
	o.ok(t, 204, "DELETE", reportsPath+"/"+id, "")
	o.ok(t, 404, "DELETE", reportsPath+"/"+id, "")
}

func TestReportsAreListedAsAsked(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	names := map[string]string{}
	order := func(name, start, end, more string) { names[last(o.orderReport(t, start, end, more))] = name }
	order("a", "2026-03-01", "2026-03-31", `,"type":"USER"`)
	order("b", "2026-02-01", "2026-04-30", "")
	o.uncounted = nil
	order("c", "2026-01-01", "2026-03-31", "")
	o.promises.Hold()
	order("d", "2026-03-01", "2026-03-02", `,"type":"CUSTOMER"`)
	for query, want := range map[string]string{
		"":                             "cbad",
		"?sortBy=billingStartDate":     "cbad",
		"?sortBy=billingEndDate":       "dacb",
		"?sortBy=status":               "cabd",
		"?sortBy=id":                   "abcd",
		"?billingStartDate=2026-03-01": "ad",
		"?billingStartDate=2026-03-01T00:00:00.000Z":             "ad",
		"?billingEndDate=2026-03-31T22:00:00%2B02:00":            "ca",
		"?billingStartDate=2026-03-01&type=CUSTOMER":             "d",
		"?billingStartDate=2026-03-01&billingEndDate=2026-03-31": "a",
		"?billingStartDate=1999-01-01":                           "",
		"?type=USER":                                             "a",
		"?status=FAILED":                                         "ba",
		"?status=COMPLETED":                                      "c",
		"?status=IN_PROGRESS&type=CUSTOMER":                      "d",
		"?status=&type=&sortBy=&max=&subPartnerOrgId=":           "cbad",
		"?subPartnerOrgId=" + newID():                            "",
		"?subPartnerOrgId=" + string(o.partner):                  "",
		"?max=2":                                                 "cb",
		"?max=2&offset=1":                                        "ba",
		"?offset=4":                                              "",
	} {
		got := ""
		for _, item := range items(t, o.ok(t, 200, "GET", reportsPath+query, "")) {
			got += names[text(item, "id")]
		}
		assert.Equal(t, want, got, query)
	}
	for query, field := range map[string]string{
		"type=partner": "type", "status=DONE": "status", "sortBy=created": "sortBy", "billingStartDate=x": "billingStartDate", "billingEndDate=2026-02-30": "billingEndDate",
		"subPartnerOrgId=x": "subPartnerOrgId", "max=0": "max", "max=x": "max", "offset=-1": "offset",
	} {
		got := o.ask(t, o.token, "GET", reportsPath+"?"+query, "")
		assert.Equal(t, 400, got.status, query)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`, query)
		checkError(t, got, query)
	}
	assert.JSONEq(t, `{"items":[]}`, o.ask(t, o.others, "GET", reportsPath, "").body)
}

// This list has a hundred rows on a page where others have fifty, and leads on by its links alone.
func TestAPageOfReportsHasAHundred(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for range 101 {
		o.orderReport(t, "2026-04-01", "2026-04-30", "")
	}
	first := o.ask(t, o.token, "GET", reportsPath+"?status=FAILED", "")
	assert.Len(t, items(t, object(t, first.body)), 100)
	next, err := url.Parse(links(first.header.Get("Link"))["next"])
	require.NoError(t, err)
	assert.Equal(t, url.Values{"status": {"FAILED"}, "max": {"100"}, "offset": {"100"}}, next.Query())
	second := o.ask(t, o.token, "GET", next.RequestURI(), "")
	assert.Len(t, items(t, object(t, second.body)), 1)
	assert.NotContains(t, links(second.header.Get("Link")), "next")
	assert.Len(t, items(t, o.ok(t, 200, "GET", reportsPath+"?max=100000", "")), 100, "more than the most means the most")
}

func TestReportsOfSubPartners(t *testing.T) {
	t.Parallel()
	x := newTree(t)
	about := fmt.Sprintf(`{"billingStartDate":"2026-04-01","billingEndDate":"2026-04-30","subPartnerOrgId":%q}`, x.sub)
	ours := reportsPath + "/" + text(x.ok(t, 200, "POST", reportsPath, about), "id")
	x.orderReport(t, "2026-04-01", "2026-04-30", "")
	theirs := x.subs.orderReport(t, "2026-04-01", "2026-04-30", "")

	// The parent finds what it ordered about its sub-partner; what the sub-partner ordered itself is there when the parent acts for it.
	count := func(o *office, query string) int { return len(items(t, o.ok(t, 200, "GET", reportsPath+query, ""))) }
	assert.Equal(t, 2, count(x.office, ""))
	assert.Equal(t, 1, count(x.office, "?subPartnerOrgId="+x.sub))
	assert.Equal(t, 0, count(x.office, "?subPartnerOrgId="+x.sibling))
	assert.Equal(t, 1, count(x.office, "?"+behalf(x.sub)))
	assert.Equal(t, 1, count(x.subs, ""))
	assert.Equal(t, 0, count(x.subs, "?subPartnerOrgId="+x.sub), "it has none of its own")
	x.ok(t, 404, "GET", theirs, "")
	x.ok(t, 200, "GET", theirs+"?"+behalf(x.sub), "")
	x.subs.ok(t, 404, "GET", ours, "")
	x.subs.ok(t, 404, "DELETE", ours, "")
	for name, token := range map[string]string{"a stranger": x.others, "the sub-partner itself": x.subs.token} {
		got := x.ask(t, token, "POST", reportsPath, about)
		assert.Equal(t, 400, got.status, name)
		assert.Contains(t, got.body, `"errorCode":90001`, name)
	}

	// Suspended, it may look and delete; its parent still counts it.
	x.ok(t, 200, "PUT", "/hub/v1/subPartners/"+x.sub, `{"provisioningState":"suspended"}`)
	assert.Equal(t, 403, x.ask(t, x.subs.token, "POST", reportsPath, newReport).status)
	x.subs.ok(t, 200, "GET", theirs, "")
	x.subs.ok(t, 204, "DELETE", theirs, "")
	x.ok(t, 200, "POST", reportsPath, about)
	x.ok(t, 204, "DELETE", ours, "")
}

func TestWhoMayOrderAndRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := o.orderReport(t, "2026-04-01", "2026-04-30", "")
	for role, want := range map[customer.Role][2]int{
		customer.RoleFullPartner: {200, 200}, customer.RoleWholesale: {200, 200}, customer.RoleReadOnlyPartner: {403, 200}, customer.RoleDevice: {403, 403},
	} {
		token := o.tokenOf(t, role, "")
		assert.Equal(t, want, [2]int{o.ask(t, token, "POST", reportsPath, newReport).status, o.ask(t, token, "GET", at, "").status}, "%s", role)
		assert.Equal(t, want[1], o.ask(t, token, "GET", reportsPath, "").status, "%s", role)
	}
	assert.Equal(t, 403, o.ask(t, o.tokenOf(t, customer.RoleReadOnlyPartner, ""), "DELETE", at, "").status)
	assert.Equal(t, 403, o.ask(t, o.tokenOf(t, customer.RoleFullCustomer, o.org), "GET", at, "").status)
	assert.Equal(t, 204, o.ask(t, o.tokenOf(t, customer.RoleWholesale, ""), "DELETE", at, "").status)
}

// What the core says in every kind of failure has an answer, which is held against the documents.
func TestEveryFailureOfAReportHasItsStatus(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	at := o.orderReport(t, "2026-04-01", "2026-04-30", "")
	for name, c := range map[string]struct {
		token, method, path, body string
		status                    int
		headers                   []string
	}{
		"no token":        {"", "GET", reportsPath, "", 401, nil},
		"no scope":        {o.withScopes(t, customer.ScopeReportsRead), "POST", reportsPath, newReport, 403, nil},
		"no scope either": {o.withScopes(t, customer.ScopeReportsWrite), "GET", at, "", 403, nil},
		"wrong method":    {o.token, "PUT", at, newReport, 405, nil},
		"no method":       {o.token, "PATCH", reportsPath, newReport, 405, nil},
		"wrong type":      {o.token, "POST", reportsPath, "a=b", 415, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"no body":         {o.token, "POST", reportsPath, "", 400, nil},
	} {
		got := o.ask(t, c.token, c.method, c.path, c.body, c.headers...)
		assert.Equal(t, c.status, got.status, "%s: %s", name, got.body)
		checkError(t, got, name)
	}
	require.NoError(t, o.db.Close())
	for _, r := range [][3]string{{"POST", reportsPath, newReport}, {"GET", reportsPath, ""}, {"GET", at, ""}, {"DELETE", at, ""}} {
		got := o.ask(t, o.token, r[0], r[1], r[2])
		assert.Equal(t, 503, got.status, "%v: %s", r, got.body)
		checkError(t, got, r[0])
	}
}
