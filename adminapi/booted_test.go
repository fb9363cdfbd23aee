package adminapi_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/provisioning"
)

// newBusyOffice has a phone, and the core that phones talk to at work.
func newBusyOffice(t *testing.T) (*office, *provisioning.Service) {
	t.Helper()
	var core *provisioning.Service
	o := newEmptyOffice(t, func(c *adminapi.Config) { core, _ = c.Devices.(*provisioning.Service) })
	require.NotNil(t, core)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- core.Run(ctx) }()
	t.Cleanup(func() { // runs before the database closes
		stop()
		assert.NoError(t, <-ended)
	})
	o.fill(t)
	return o, core
}

var desk = netip.MustParseAddrPort("192.0.2.7:5070")

// register registers the phone's line from its desk for a while; 0 takes it away.
func register(t *testing.T, o *office, core *provisioning.Service, sequence uint32, length time.Duration) {
	t.Helper()
	owner, _ := o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+o.device, "")["owner"].(map[string]any)
	user, domain, _ := strings.Cut(text(owner, "linePort"), "@")
	line, err := o.db.Provisioning().AnyTenantLine(t.Context(), domain, user)
	require.NoError(t, err)
	_, err = core.Register(t.Context(), provisioning.RegisterRequest{
		Line: line, CallID: "call-1", CSeq: sequence, Transport: "tls", Source: desk, UserAgent: "Yealink SIP-T54W 96.86.0.100",
		Contacts: []provisioning.RegisterContact{{URI: "sip:" + user + "@192.0.2.7:5070;transport=tls", Expires: length, Q: 1000}},
	})
	require.NoError(t, err)
}

func TestAPhoneIsSeenRegisteredAndGone(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	hub := "/hub/v1/devices/" + o.device
	register(t, o, core, 1, time.Hour)
	got := o.ok(t, 200, "GET", hub+"/registration", "")
	bindings, _ := got["bindings"].([]any)
	require.Len(t, bindings, 1)
	binding, _ := bindings[0].(map[string]any)
	assert.Equal(t, true, got["registered"])
	assert.Regexp(t, `^sip:[a-z0-9]{10}@192\.0\.2\.7:5070;transport=tls$`, binding["contact"])
	delete(binding, "contact")
	assert.Equal(t, map[string]any{
		"transport": "tls", "expires": "2026-05-01T09:00:00.123Z", "userAgent": "Yealink SIP-T54W 96.86.0.100", "port": 1.0, "source": "192.0.2.7:5070",
		"encrypted": true, "registered": "2026-05-01T08:00:00.123Z", "node": "", "q": 1.0,
	}, binding)
	assert.Equal(t, "behind", drift(t, got), "it never fetched")
	assert.Equal(t, []map[string]any{{
		"time": "2026-05-01T08:00:00.123Z", "door": "sip", "peer": "192.0.2.7", "request": "REGISTER over tls", "answer": "registered",
		"rule": "the line's password was right", "revision": 1.0, "id": "1", "userAgent": "Yealink SIP-T54W 96.86.0.100", "proof": "digest", "bytes": 0.0, "byAddress": false,
	}}, items(t, o.ok(t, 200, "GET", hub+"/trace", "")))
	device := o.ok(t, 200, "GET", "/v1/devices/"+o.device, "")
	assert.Equal(t, "connected", device["connectionStatus"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", device["firstSeen"])
	assert.Equal(t, "2026-05-01T08:00:00.123Z", device["lastSeen"])
	assert.Equal(t, "192.0.2.7", o.ok(t, 200, "GET", "/v1/telephony/config/devices/"+o.device, "")["ip"])

	register(t, o, core, 2, 0)
	got = o.ok(t, 200, "GET", hub+"/registration", "")
	assert.Equal(t, []any{false, []any{}}, []any{got["registered"], got["bindings"]})
	assert.Equal(t, "away", drift(t, got))
	history, _ := got["history"].([]any)
	require.Len(t, history, 2)
	assert.Equal(t, "disconnected", o.ok(t, 200, "GET", "/v1/devices/"+o.device, "")["connectionStatus"])
	trace := items(t, o.ok(t, 200, "GET", hub+"/trace", ""))
	require.Len(t, trace, 2)
	assert.ElementsMatch(t, []any{"unregistered", "registered"}, []any{trace[0]["answer"], trace[1]["answer"]})
}

// TestSecretsThatWeMadeAreMasked takes what the phone is really served, and looks for each secret in it in what administrators are shown.
func TestSecretsThatWeMadeAreMasked(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	hub := "/hub/v1/devices/" + o.device
	o.ok(t, 201, "POST", hub+"/enrolment", `{"minutes":60}`)
	served, err := core.Open(t.Context(), provisioning.Request{
		Path: "/805ec0aabbcc.cfg", UserAgent: "Yealink SIP-T54W 96.86.0.100 80:5e:c0:aa:bb:cc", Peer: desk, Transport: provisioning.HTTPS,
	})
	require.NoError(t, err)
	answer := o.ask(t, o.token, "GET", hub+"/files", "")
	require.Equal(t, 200, answer.status, answer.body)
	shown := ""
	files, _ := object(t, answer.body)["files"].([]any)
	for _, entry := range files {
		if file, _ := entry.(map[string]any); text(file, "path") == "805ec0aabbcc.cfg" {
			shown = text(file, "body")
		}
	}
	full, masked := strings.Split(string(served.Body), "\n"), strings.Split(shown, "\n")
	require.Len(t, masked, len(full), "the same file but for its secrets")
	secrets := map[string]bool{}
	for i, line := range masked {
		before, after, found := strings.Cut(line, "********")
		if !found {
			assert.Equal(t, full[i], line)
			continue
		}
		secrets[strings.TrimSuffix(strings.TrimPrefix(full[i], before), after)] = true
	}
	assert.Contains(t, secrets, "Own-Password-1", "the line's own")
	assert.GreaterOrEqual(t, len(secrets), 3, "the line's, the phone's over HTTPS and that of its menu: %d", len(secrets))
	everything := o.log.String()
	for _, path := range []string{"/v1/devices", "/v1/devices/" + o.device, "/v1/telephony/config/devices/" + o.device, hub + "/files", hub + "/trace"} {
		everything += o.ask(t, o.token, "GET", path, "").body
	}
	for word := range secrets {
		assert.NotContains(t, everything, strings.TrimPrefix(word, "admin:"))
	}
}

// TestAPasswordInTheWrongPlaceIsntRepeated: messages about what can't be read must not quote it.
func TestAPasswordInTheWrongPlaceIsntRepeated(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/v1/telephony/config/devices/" + o.device
	for _, body := range []string{
		`{"sipPassword":["Hunter-Two-22"]}`, `{"sipPassword":{"x":"Hunter-Two-22"}}`, `{"sipPassword":"Hunter-Two-22"`, `Hunter-Two-22`, `"Hunter-Two-22"`,
		`{"sipPassword":"Hunter-Two-22 ü"}`, `{"password":"Hunter-Two-22"}`,
	} {
		got := o.ask(t, o.token, "PUT", path, body)
		assert.Equal(t, 400, got.status, body)
		assert.NotContains(t, got.body, "Hunter-Two", body)
	}
	assert.NotContains(t, o.log.String(), "Hunter-Two")
}

// drift is the word for where a phone is.
func drift(t *testing.T, registration map[string]any) any {
	t.Helper()
	d, _ := registration["drift"].(map[string]any)
	require.NotEmpty(t, d["sentence"])
	return d["status"]
}
