package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATokenMayDoWhatItsMakerGivesIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made := o.ok(t, 201, "POST", "/hub/v1/tokens", `{"name":"DM tool","scopes":["spark-admin:devices_read","dialtone:tokens_write"],"expires":"2026-06-01T00:00:00Z"}`)
	token := text(made, "token")
	assert.Regexp(t, `^dtp_[A-Za-z0-9]{44}$`, token)
	assert.Equal(t, "2026-06-01T00:00:00.000Z", made["expires"])
	assert.Equal(t, "admin@example.com", made["admin"])
	assert.Equal(t, 200, o.ask(t, token, "GET", "/v1/devices", "").status)
	assert.Equal(t, 403, o.ask(t, token, "DELETE", "/v1/devices/"+o.device, "").status)
	more := o.ask(t, token, "POST", "/hub/v1/tokens", `{"name":"more","scopes":["spark-admin:devices_write"]}`)
	assert.Equal(t, 400, more.status)
	assert.Contains(t, more.body, `"fieldName":"scopes"`)

	list := items(t, o.ok(t, 200, "GET", "/hub/v1/tokens", ""))
	assert.Len(t, list, 2)
	assert.Equal(t, "bootstrap", list[0]["name"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", list[1]["lastUsed"])
	for _, item := range list {
		assert.NotContains(t, item, "token", "it is shown once")
	}
	id := text(made, "id")
	assert.Equal(t, 404, o.ask(t, o.others, "DELETE", "/hub/v1/tokens/"+id, "").status)
	assert.Equal(t, 204, o.ask(t, token, "DELETE", "/hub/v1/tokens/"+id, "").status, "its own, too")
	assert.Equal(t, 401, o.ask(t, token, "GET", "/v1/devices", "").status)
	assert.Equal(t, 404, o.ask(t, o.token, "DELETE", "/hub/v1/tokens/"+id, "").status)
	assert.NotContains(t, o.log.String(), token)
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?subject="+id, "")), 2)
}

func TestATokenThatCantBe(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	for body, field := range map[string]string{
		`{"name":"","scopes":["dialtone:audit_read"]}`:                                   "name",
		`{"name":"x","scopes":[]}`:                                                       "scopes",
		`{"name":"x","scopes":["dialtone:everything"]}`:                                  "scopes",
		`{"name":"x","scopes":["dialtone:audit_read","dialtone:audit_read"]}`:            "scopes",
		`{"name":"x","scopes":["dialtone:audit_read"],"expires":"2026-05-01T08:00:00Z"}`: "expires",
		`{"name":"x","scopes":["dialtone:audit_read"],"expires":"next year"}`:            "expires",
	} {
		got := o.ask(t, o.token, "POST", "/hub/v1/tokens", body)
		assert.Equal(t, 400, got.status, body)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`, body)
	}
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/tokens", "")), 1)
}
