package adminapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/secret"
	"dialtone/webhook"
)

const hooks = "/hub/v1/webhooks"

func TestAWebhookIsToldWhatTheFeedShows(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made := o.ok(t, 201, "POST", hooks, newWebhook)
	key := text(made, "secret")
	assert.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, key)
	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	require.NoError(t, o.webhooks.DeliverDue(t.Context()))
	got := o.endpoint.take(0, nil)
	require.Len(t, got, 2, "what was before it isn't sent")
	changes := items(t, o.ok(t, 200, "GET", feed, ""))
	for i, change := range changes[len(changes)-2:] {
		assert.Equal(t, map[string]any{"type": change["kind"], "timestamp": change["time"], "data": change}, object(t, string(got[i].Body)))
		assert.Equal(t, "https://tools.example.com/changes?key=hunter2", got[i].Target)
		assert.Equal(t, "msg_"+text(change, "id")+"_"+uuidOf(t, text(made, "id")), got[i].ID)
		assert.Equal(t, webhook.Sign(got[i].ID, got[i].Time, got[i].Body, secret.New(key)), got[i].Signature)
	}
	shown := o.ok(t, 200, "GET", hooks+"/"+text(made, "id"), "")
	assert.Equal(t, map[string]any{
		"id": made["id"], "name": "device manager", "targetUrl": "https://tools.example.com/changes?key=hunter2", "kinds": []any{}, "status": "active",
		"created": "2026-05-01T08:00:00.123Z", "lastDelivery": "2026-05-01T08:00:00.123Z", "next": o.ok(t, 200, "GET", feed, "")["next"],
	}, shown, "the secret isn't shown again")
	assert.Equal(t, []map[string]any{shown}, items(t, o.ok(t, 200, "GET", hooks, "")))
	for _, path := range []string{hooks, "/hub/v1/audit"} {
		assert.NotContains(t, o.ask(t, o.token, "GET", path, "").body, key)
	}
	assert.NotContains(t, o.ask(t, o.token, "GET", "/hub/v1/audit", "").body, "hunter2")
	assert.NotContains(t, o.log.String(), "hunter2")
	assert.NotContains(t, o.log.String(), key)
}

func TestAWebhookIsAboutWhatItSays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	second := o.made("/v1/wholesale/customers", o.newCustomer("second"))
	org := text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+last(second.URL), ""), "orgId")
	const create = `{"name":%q,"targetUrl":"https://%[1]s.example.com","orgId":%q,"kinds":[%s],"status":%q}`
	o.ok(t, 201, "POST", hooks, fmt.Sprintf(create, "ours", o.org, "", ""))
	o.ok(t, 201, "POST", hooks, fmt.Sprintf(create, "theirs", org, "", ""))
	kinds := text(o.ok(t, 201, "POST", hooks, fmt.Sprintf(create, "kinds", "", `"line.*","enrolment.opened"`, "active")), "id")
	off := text(o.ok(t, 201, "POST", hooks, fmt.Sprintf(create, "off", "", "", "disabled")), "id")
	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	told := func() (hosts string) {
		require.NoError(t, o.webhooks.DeliverDue(t.Context()))
		for _, m := range o.endpoint.take(0, nil) {
			hosts += strings.TrimSuffix(strings.TrimPrefix(m.Target, "https://"), ".example.com") + " " + text(object(t, string(m.Body)), "type") + ","
		}
		return hosts
	}
	assert.Equal(t, "ours line.credentials_rotated,ours device.revised,kinds line.credentials_rotated,", told())
	o.ok(t, 200, "PUT", hooks+"/"+kinds, fmt.Sprintf(create, "theirs", org, "", ""))
	o.ok(t, 200, "PUT", hooks+"/"+off, fmt.Sprintf(create, "on", "", `"device.*"`, "active"))
	assert.Equal(t, "on device.revised,", told(), "it goes on where it was")
	assert.Len(t, items(t, o.ok(t, 200, "GET", hooks+"?orgId="+org, "")), 2)
	o.ok(t, 204, "DELETE", hooks+"/"+off, "")
	o.ok(t, 404, "GET", hooks+"/"+off, "")
	for kind, want := range map[string]int{"webhook.created": 4, "webhook.changed": 2, "webhook.deleted": 1} {
		assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind="+kind, "")), want, kind)
	}
}

func TestSecretsAreReplacedWithoutAGap(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made := o.ok(t, 201, "POST", hooks, newWebhook)
	path := hooks + "/" + text(made, "id")
	fresh := o.ok(t, 200, "POST", path+"/secret", "")
	assert.NotEqual(t, made["secret"], fresh["secret"])
	assert.Equal(t, "2026-05-02T08:00:00.123Z", fresh["oldSecretUntil"])
	ping := func(keys ...string) {
		assert.Equal(t, map[string]any{"status": 204.0}, o.ok(t, 200, "POST", path+"/ping", ""))
		got := o.endpoint.take(0, nil)
		require.Len(t, got, 1)
		assert.Equal(t, "webhook.ping", text(object(t, string(got[0].Body)), "type"))
		secrets := make([]secret.Text, len(keys))
		for i, key := range keys {
			secrets[i] = secret.New(key)
		}
		assert.Equal(t, webhook.Sign(got[0].ID, got[0].Time, got[0].Body, secrets...), got[0].Signature)
	}
	ping(text(fresh, "secret"), text(made, "secret"))
	o.passed.Add(int64(24 * time.Hour))
	ping(text(fresh, "secret"))
	o.endpoint.take(0, errors.New("no route to host"))
	assert.Equal(t, map[string]any{"status": 0.0, "failure": "no route to host"}, o.ok(t, 200, "POST", path+"/ping", ""))
	o.endpoint.take(500, nil)
	assert.Equal(t, map[string]any{"status": 500.0}, o.ok(t, 200, "POST", path+"/ping", ""))
}

func TestWhatWaitsIsListedAndReplayed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	begin := text(o.ok(t, 200, "GET", feed, ""), "next")
	path := hooks + "/" + text(o.ok(t, 201, "POST", hooks, newWebhook), "id")
	o.endpoint.take(500, nil)
	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	require.NoError(t, o.webhooks.DeliverDue(t.Context()))
	waiting := items(t, o.ok(t, 200, "GET", path+"/deliveries", ""))
	require.Len(t, waiting, 1)
	change, _ := waiting[0]["change"].(map[string]any)
	assert.Equal(t, "line.credentials_rotated", change["kind"])
	assert.Equal(t, "pending", waiting[0]["state"])
	assert.Equal(t, "The endpoint answered 500.", waiting[0]["failure"])
	assert.InDelta(t, 1, waiting[0]["tries"], 0)
	assert.Equal(t, "2026-05-01T08:00:00.123Z", text(o.ok(t, 200, "GET", path, ""), "failingSince"))
	assert.Empty(t, items(t, o.ok(t, 200, "GET", path+"/deliveries?state=dead", "")))

	assert.Len(t, o.endpoint.take(0, nil), 1)
	assert.Equal(t, map[string]any{"dead": 0.0}, o.ok(t, 200, "POST", path+"/replay", `{"after":"`+begin+`"}`))
	require.NoError(t, o.webhooks.DeliverDue(t.Context()))
	assert.Len(t, o.endpoint.take(0, nil), 2)
	assert.Empty(t, items(t, o.ok(t, 200, "GET", path+"/deliveries?state=pending", "")))
	for body, want := range map[string]string{
		`{}`: "exactly one", `{"after":"` + begin + `","dead":true}`: "exactly one", `{"after":"now"}`: "isn't a cursor of ours",
		`{"after":"MS4wLjk5OTk5OTk5"}`: "the log hasn't reached",
	} {
		got := o.ask(t, o.token, "POST", path+"/replay", body)
		assert.Equal(t, 400, got.status, body)
		assert.Contains(t, got.body, want, body)
		assert.Contains(t, got.body, `"fieldName":"after"`)
	}
	got := o.ask(t, o.token, "GET", path+"/deliveries?state=lost", "")
	assert.Equal(t, 400, got.status)
	assert.Contains(t, got.body, `"fieldName":"state"`)
}

func TestWebhooksThatBreakARule(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for body, field := range map[string]string{
		`{"targetUrl":"https://a.example"}`:                                                  "name",
		`{"name":"` + strings.Repeat("x", 81) + `","targetUrl":"https://a.example"}`:         "name",
		`{"name":"a\u0000b","targetUrl":"https://a.example"}`:                                "name",
		`{"name":"a","targetUrl":"http://a.example"}`:                                        "targetUrl",
		`{"name":"a","targetUrl":"https://10.0.0.1"}`:                                        "targetUrl",
		`{"name":"a","targetUrl":"https://a.example","kinds":["Everything"]}`:                "kinds",
		`{"name":"a","targetUrl":"https://a.example","status":"paused"}`:                     "status",
		`{"name":"a","targetUrl":"https://a.example","orgId":"` + o.customer + `"}`:          "orgId",
		`{"name":"a","targetUrl":"https://a.example","orgId":"not an id","status":"active"}`: "orgId",
	} {
		got := o.ask(t, o.token, "POST", hooks, body)
		assert.Equal(t, 400, got.status, "%s: %s", body, got.body)
		assert.Contains(t, got.body, `"fieldName":"`+field+`"`, body)
	}
	for range 20 {
		o.ok(t, 201, "POST", hooks, newWebhook)
	}
	got := o.ask(t, o.token, "POST", hooks, newWebhook)
	assert.Equal(t, 409, got.status)
	assert.Contains(t, got.body, `"errorCode":90060`)
}
