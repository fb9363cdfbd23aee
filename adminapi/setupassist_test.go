package adminapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// newSetupAssist orders help for the office's customer; today is Friday, 1 May 2026.
func (o *office) newSetupAssist(seats int, target string) string {
	return fmt.Sprintf(`{"orgId":%q,"locationId":%q,"numberOfLocations":2,"seats":%d,"targetDate":%q,"contacts":[{"name":"Ada Smith","email":"Ada@example.com","phone":"+12175550100"}]}`,
		o.org, o.location, seats, target)
}

func TestSetupAssistIsOrderedAndCancelled(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const path = "/hub/v1/setup-assist/orders"
	made := o.ok(t, 201, "POST", path, o.newSetupAssist(5, "2026-05-11"))
	at := path + "/" + text(made, "id")
	assert.Equal(t, map[string]any{
		"id": made["id"], "partnerOrgId": made["partnerOrgId"], "orgId": o.org, "subscriptionId": made["subscriptionId"], "locationId": o.location,
		"numberOfLocations": 2.0, "seats": 5.0, "serviceName": "SETUP_ASSIST_EXPRESS", "targetDate": "2026-05-11", "status": "ordered",
		"contacts":  []any{map[string]any{"name": "Ada Smith", "email": "ada@example.com", "phone": "+12175550100"}},
		"orderedBy": "admin@example.com", "created": "2026-05-01T08:00:00.123Z",
	}, made)
	assert.NotEmpty(t, made["subscriptionId"])
	assert.Equal(t, made, o.ok(t, 200, "GET", at, ""))
	second := o.ok(t, 201, "POST", path, o.newSetupAssist(6, "2026-05-29"))
	assert.Equal(t, "SETUP_ASSIST_STANDARD", second["serviceName"])
	assert.Equal(t, []map[string]any{made, second}, items(t, o.ok(t, 200, "GET", path+"?orgId="+o.org, "")))
	assert.Equal(t, 404, o.ask(t, o.others, "GET", at, "").status)
	assert.Equal(t, 404, o.ask(t, o.others, "DELETE", at, "").status)
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", path, "").body)))
	refused := o.ask(t, o.others, "POST", path, o.newSetupAssist(5, "2026-05-29"))
	assert.Equal(t, 400, refused.status)
	assert.Contains(t, refused.body, `"errorCode":90001`)

	o.ok(t, 204, "DELETE", at, "")
	o.ok(t, 204, "DELETE", at, "")
	gone := o.ok(t, 200, "GET", at, "")
	assert.Equal(t, "cancelled", gone["status"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", gone["cancelled"])
	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+text(made, "id"), ""))
	assert.Len(t, events, 2)
	assert.Equal(t, "setup_assist.cancelled", events[0]["kind"])
	assert.Equal(t, "setup_assist.ordered", events[1]["kind"])
}

func TestSetupAssistIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const path = "/hub/v1/setup-assist/orders"
	for _, c := range []struct{ body, code, field string }{
		{o.newSetupAssist(5, "2026-05-10"), "90000", "targetDate"}, // Sunday, before the sixth business day
		{o.newSetupAssist(5, "2026-05-08"), "90000", "targetDate"},
		{o.newSetupAssist(5, "soon"), "90000", "targetDate"},
		{o.newSetupAssist(5, ""), "1001", "targetDate"},
		{o.newSetupAssist(0, "2026-05-29"), "90000", "seats"},
		{`{"orgId":"","locationId":"","seats":1,"targetDate":"2026-05-29","contacts":[]}`, "1001", "orgId"},
		{fmt.Sprintf(`{"orgId":%q,"locationId":"","seats":1,"targetDate":"2026-05-29","contacts":[]}`, o.org), "1001", "contacts"},
		{fmt.Sprintf(`{"orgId":%q,"locationId":%q,"seats":1,"targetDate":"2026-05-29","contacts":[{"name":"A","email":"a@example.com"}]}`, o.org, o.org), "90001", "locationId"},
		{fmt.Sprintf(`{"orgId":%q,"locationId":%q,"seats":1,"targetDate":"2026-05-29","contacts":[{"name":"","email":"a"}]}`, o.org, o.location), "90000", "contacts[0].email"},
	} {
		got := o.ask(t, o.token, "POST", path, c.body)
		assert.Equal(t, 400, got.status, got.body)
		assert.Contains(t, got.body, `"errorCode":`+c.code, c.body)
		assert.Contains(t, got.body, c.field, c.body)
	}
}
