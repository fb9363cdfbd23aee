package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheAuditSaysWhoDidWhat(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ok(t, 202, "PUT", "/v1/wholesale/customers/"+o.customer, `{"packages":["webex_calling","webex_suite"],"externalId":"bakery-2"}`)
	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	o.ok(t, 204, "DELETE", "/v1/wholesale/subscribers/"+o.subscriber, "")
	kinds := func(query string) []string {
		var out []string
		for _, e := range items(t, o.ok(t, 200, "GET", "/hub/v1/audit?max=100&"+query, "")) {
			out = append(out, text(e, "kind"))
		}
		return out
	}
	assert.Equal(t, []string{
		"device.deleted", "subscriber.deleted", "package.removed", "device.revised", "line.credentials_rotated", "customer.fulfilled", "customer.changed",
		"device.created", "package.assigned", "subscriber.created", "customer.fulfilled", "location.created", "customer.created", "template.created", "token.created", "partner.created",
	}, kinds(""))
	assert.Equal(t, []string{"device.deleted", "device.revised", "line.credentials_rotated", "device.created"}, kinds("subject="+o.device))
	assert.Equal(t, []string{"customer.changed"}, kinds("kind=customer.changed&actor=ADMIN@example.com&orgId="+o.org))
	assert.Empty(t, kinds("actor=somebody@example.com"))
	assert.Empty(t, kinds("until=2026-05-01T08:00:00Z"))
	assert.Len(t, kinds("from=2026-05-01T08:00:00Z&until=2026-05-01T08:00:01Z"), 16)
	assert.NotContains(t, kinds("orgId="+o.org), "template.created", "what concerns the partner isn't the customer's")

	changed := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=customer.changed", ""))[0]
	assert.Equal(t, "admin@example.com", changed["actor"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", changed["time"])
	data, ok := changed["data"].(map[string]any)
	require.True(t, ok)
	before, after := data["before"].(map[string]any), data["after"].(map[string]any)
	assert.Equal(t, "bakery", before["externalId"])
	assert.Equal(t, "bakery-2", after["externalId"])
	assert.Equal(t, []any{"webex_calling"}, before["packages"])

	all := o.ask(t, o.token, "GET", "/hub/v1/audit?max=100", "").body
	for _, word := range []string{sipPassword, "Another-Password-1", o.token} {
		assert.NotContains(t, all, word)
	}
	foreign := items(t, object(t, o.ask(t, o.others, "GET", "/hub/v1/audit", "").body))
	assert.Len(t, foreign, 2, "another partner sees its own beginning")
	for _, bad := range []string{"subject=x", "from=yesterday", "until=x"} {
		assert.Equal(t, 400, o.ask(t, o.token, "GET", "/hub/v1/audit?"+bad, "").status, bad)
	}
}
