package adminapi_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const feed = "/hub/v1/devices/changes"

func kindsOf(list []map[string]any) []string {
	kinds := []string{}
	for _, item := range list {
		kinds = append(kinds, text(item, "kind"))
	}
	return kinds
}

func TestDevicesAreFollowed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now := o.ok(t, 200, "GET", feed+"?after=now", "")
	assert.Equal(t, []any{}, now["items"])
	o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	o.ok(t, 201, "POST", "/hub/v1/devices/"+o.device+"/enrolment", `{"minutes":5}`)
	o.ok(t, 204, "DELETE", "/v1/devices/"+o.device, "")

	all := o.ok(t, 200, "GET", feed, "")
	want := []string{"device.created", "line.credentials_rotated", "device.revised", "enrolment.opened", "device.deleted"}
	assert.Equal(t, want, kindsOf(items(t, all)))
	revised := items(t, all)[2]
	audited := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=device.revised", ""))
	assert.Equal(t, map[string]any{
		"id": revised["id"], "time": "2026-05-01T08:00:00.123Z", "kind": "device.revised", "deviceId": o.device, "orgId": o.org, "actor": "admin@example.com",
		"revision": 2.0, "data": audited[0]["data"],
	}, revised)
	assert.Equal(t, audited[0]["id"], revised["id"], "one event has one id")
	assert.Equal(t, want[1:], kindsOf(items(t, o.ok(t, 200, "GET", feed+"?after="+text(now, "next"), ""))))

	end := o.ok(t, 200, "GET", feed+"?after="+text(all, "next"), "")
	assert.Equal(t, map[string]any{"items": []any{}, "next": all["next"]}, end, "the end is a place to go on from")
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", feed, "").body)), "a partner sees its own")
}

func TestAFollowerSeesEachChangeOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for range 3 {
		o.ok(t, 204, "PUT", "/v1/telephony/config/devices/"+o.device, `{"sipPassword":"Another-Password-1"}`)
	}
	whole := items(t, o.ok(t, 200, "GET", feed+"?max=1000&orgId="+o.org, ""))
	require.Len(t, whole, 7)
	var pages []map[string]any
	after := ""
	for range 5 {
		page := o.ok(t, 200, "GET", feed+"?max=2&after="+after, "")
		assert.LessOrEqual(t, len(items(t, page)), 2)
		pages, after = append(pages, items(t, page)...), text(page, "next")
	}
	assert.Equal(t, whole, pages)
}

func TestWhatIsNoCursorIsRefused(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, nil)
	encoded := func(plain string) string { return base64.RawURLEncoding.EncodeToString([]byte(plain)) }
	for _, bad := range []string{
		"x", "NOW", "\x00", encoded("1.0"), encoded("2.0.0"), encoded("1.-1.0"), encoded("1.0.-1"), encoded("1.0.0 "), encoded("1.00.0"), encoded("1.0.9223372036854775808"),
		encoded("1.0.0.0"), encoded("1.0.0") + "=", fmt.Sprint(make([]int, 100)),
	} {
		got := o.ask(t, o.token, "GET", feed+"?after="+url.QueryEscape(bad), "")
		assert.Equal(t, 400, got.status, "%q: %s", bad, got.body)
		assert.Contains(t, got.body, `"fieldName":"after"`, bad)
	}
	for _, bad := range []string{"0", "-1", "many"} {
		got := o.ask(t, o.token, "GET", feed+"?max="+bad, "")
		assert.Equal(t, 400, got.status, bad)
		assert.Contains(t, got.body, `"fieldName":"max"`)
	}
	begin := o.ok(t, 200, "GET", feed, "")
	assert.Equal(t, map[string]any{"items": []any{}, "next": encoded("1.0.0")}, begin)
}
