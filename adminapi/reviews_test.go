package adminapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	deniedName = "Bronvarr Dock Traders"
	screenList = "_id,source,type,name,alt_names,addresses,programs,start_date,source_list_url\n" +
		"t1,Entity List,Entity,Bronvarr Dock Traders,Bronvarr,\"9 Harbour Row, Springfield, IL, US\",P1,2020-01-01,https://list.example\n"
)

// underReview is a customer with a review that nobody has decided.
type underReview struct{ customer, externalID, review string }

// reviewed makes a customer with a listed name. What goes wrong leaves ids that name nothing, and the test fails with that.
func (o *office) reviewed() (made underReview) {
	if o.loadList(screenList) != nil {
		return made
	}
	made.externalID = "listed-" + newID()
	made.customer = last(o.made("/v1/wholesale/customers", strings.Replace(o.newCustomer(made.externalID), `"name":"Bakery"`, `"name":"`+deniedName+`"`, 1)).URL)
	r := httptest.NewRequest(http.MethodGet, "/hub/v1/rpl/reviews?customerId="+made.customer, nil)
	r.Header.Set("Authorization", "Bearer "+o.token)
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, r)
	var list struct{ Items []struct{ ID string } }
	if json.Unmarshal(w.Body.Bytes(), &list) == nil && len(list.Items) == 1 {
		made.review = list.Items[0].ID
	}
	return made
}

func (o *office) statusOf(t *testing.T, customer string) string {
	t.Helper()
	return text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+customer, ""), "status")
}

func TestAReviewIsReadAndApproved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.reviewed()
	path := "/hub/v1/rpl/reviews/" + c.review
	got := o.ok(t, 200, "GET", path, "")
	assert.Equal(t, map[string]any{
		"id": c.review, "customerId": c.customer, "orgId": got["orgId"], "state": "pending", "opened": "2026-05-01T08:00:00.123Z", "contacts": []any{},
		"hits": []any{map[string]any{
			"entryId": "t1", "source": "Entity List", "type": "Entity", "name": deniedName, "altNames": []any{"Bronvarr"}, "programs": []any{"P1"},
			"addresses": []any{"9 Harbour Row, Springfield, IL, US"}, "startDate": "2020-01-01", "listUrl": "https://list.example",
			"subjectName": deniedName, "listedName": deniedName, "score": 1000.0, "reason": got["hits"].([]any)[0].(map[string]any)["reason"],
		}},
	}, got)
	assert.Contains(t, fmt.Sprint(got["hits"]), "Compare it with the entry before you decide.")
	assert.Equal(t, "pending_rpl_review", o.statusOf(t, c.customer))
	for query, want := range map[string]int{
		"": 1, "?state=pending": 1, "?state=approved": 0, "?state=nonsense": 0, "?customerId=" + c.customer: 1, "?customerId=" + o.customer: 0,
		"?customerId=" + uuidOf(t, c.customer) + "&state=pending": 1,
	} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/rpl/reviews"+query, "")), want, query)
	}
	o.ok(t, 400, "GET", "/hub/v1/rpl/reviews?customerId=x", "")
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", "/hub/v1/rpl/reviews", "").body)))

	got = o.ok(t, 200, "POST", path+"/approve", `{"note":"another company"}`)
	assert.Equal(t, "approved", got["state"])
	assert.Equal(t, "admin@example.com", got["decidedBy"])
	assert.Equal(t, "another company", got["decidedNote"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", got["decided"])
	assert.Equal(t, "provisioned", o.statusOf(t, c.customer))
	for action, body := range map[string]string{"/approve": `{"note":"x"}`, "/deny": `{"note":"x"}`, "/contacts": `{"reached":true}`} {
		late := o.ask(t, o.token, "POST", path+action, body)
		assert.Equal(t, 409, late.status, action)
		assert.Contains(t, late.body, `"errorCode":90028`, action)
	}
}

func TestTheListOfCustomersPagesByWhatIsShown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first, second := o.reviewed(), o.reviewed()
	got := o.ask(t, o.token, "GET", "/v1/wholesale/customers?status=pending_rpl_review&max=1", "")
	list := items(t, object(t, got.body))
	require.Len(t, list, 1)
	assert.Equal(t, first.customer, list[0]["id"])
	next, err := url.Parse(links(got.header.Get("Link"))["next"])
	require.NoError(t, err)
	got = o.ask(t, o.token, "GET", next.RequestURI(), "")
	list = items(t, object(t, got.body))
	require.Len(t, list, 1)
	assert.Equal(t, second.customer, list[0]["id"])
	assert.NotContains(t, links(got.header.Get("Link")), "next")
	list = items(t, o.ok(t, 200, "GET", "/v1/wholesale/customers?status=provisioned", ""))
	require.Len(t, list, 1)
	assert.Equal(t, o.customer, list[0]["id"])
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/customers?status=provisioned,pending_rpl_review", "")), 3)
}

func TestADenialShowsUntilWhenItCanBeCured(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.reviewed()
	path := "/hub/v1/rpl/reviews/" + c.review
	got := o.ok(t, 200, "POST", path+"/deny", `{"note":"the same owner"}`)
	assert.Equal(t, "denied", got["state"])
	assert.Equal(t, "2026-05-31T08:00:00.123Z", got["cureUntil"])
	assert.Equal(t, "pending_rpl_review", o.statusOf(t, c.customer))
	again := o.ask(t, o.token, "POST", path+"/deny", `{"note":"once more"}`)
	assert.Equal(t, 409, again.status)
	assert.Contains(t, again.body, "Approve it before 2026-05-31")
	o.ok(t, 200, "POST", path+"/approve", `{"note":"a new owner"}`)
	assert.Equal(t, "provisioned", o.statusOf(t, c.customer))
}

func TestThreeAttemptsInVainDeprovision(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := o.reviewed()
	o.ok(t, 200, "POST", "/v1/wholesale/subscribers", fmt.Sprintf(`{"customerId":%q,"email":"ada@dock.example","package":"webex_calling","provisioningParameters":{"extension":"101"}}`, c.customer))
	path := "/hub/v1/rpl/reviews/" + c.review
	for i := range 3 {
		got := o.ok(t, 200, "POST", path+"/contacts", `{"reached":false,"note":"no answer"}`)
		attempts, _ := got["contacts"].([]any)
		assert.Len(t, attempts, i+1)
		assert.Equal(t, map[string]any{"time": "2026-05-01T08:00:00.123Z", "by": "admin@example.com", "reached": false, "note": "no answer"}, attempts[i])
	}
	got := o.ok(t, 200, "GET", path, "")
	assert.Equal(t, "deprovision", got["state"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", got["deprovisionTime"])
	o.ok(t, 404, "GET", "/v1/wholesale/customers/"+c.customer, "")
	assert.Empty(t, items(t, o.ok(t, 200, "GET", "/v1/wholesale/subscribers?email=ada@dock.example", "")))
	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+c.review, ""))
	assert.Equal(t, "review.deprovisioned", events[0]["kind"])
	assert.Equal(t, "system", events[0]["actor"])
	assert.Len(t, events, 5)
}

func TestADecisionNamesWhatItLacks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/hub/v1/rpl/reviews/" + o.reviewed().review
	for _, c := range []struct{ action, body, field string }{
		{"/approve", `{}`, "note"}, {"/deny", `{"note":" "}`, "note"}, {"/contacts", `{"note":"x"}`, "reached"}, {"/contacts", `{"reached":"yes"}`, "reached"},
		{"/contacts", `{"reached":true,"note":"` + strings.Repeat("x", 2001) + `"}`, "note"},
	} {
		got := o.ask(t, o.token, "POST", path+c.action, c.body)
		assert.Equal(t, 400, got.status, c.body)
		assert.Contains(t, got.body, `"fieldName":"`+c.field+`"`, c.body)
	}
}
