package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is said nearest to the phone counts: its location, its organisation, the server.
func TestWhetherCallsToTheEchoMustBeEncrypted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	organization, location := "/hub/v1/organizations/"+o.org+"/echo", "/hub/v1/locations/"+o.location+"/echo"
	said := func(set, counts string) map[string]any { return map[string]any{"encryption": set, "effective": counts} }
	assert.Equal(t, said("default", "offered"), o.ok(t, 200, "GET", organization, ""))
	assert.Equal(t, said("default", "offered"), o.ok(t, 200, "GET", location, ""))
	assert.Equal(t, said("demanded", "demanded"), o.ok(t, 200, "PUT", organization, `{"encryption":"demanded"}`))
	assert.Equal(t, said("default", "demanded"), o.ok(t, 200, "GET", location, ""))
	assert.Equal(t, said("offered", "offered"), o.ok(t, 200, "PUT", location, `{"encryption":"offered"}`))
	o.ok(t, 200, "PUT", location, `{"encryption":"offered"}`) // no change, no event
	assert.Equal(t, said("demanded", "demanded"), o.ok(t, 200, "GET", organization, ""))
	assert.Equal(t, said("default", "demanded"), o.ok(t, 200, "PUT", location, `{"encryption":"default"}`))
	for path, kind := range map[string]string{organization: "organization.echo_changed", location: "location.echo_changed"} {
		for _, body := range []string{`{"encryption":"always"}`, `{"encryption":""}`} {
			got := o.ask(t, o.token, "PUT", path, body)
			assert.Equal(t, 400, got.status, got.body)
			assert.Contains(t, got.body, `"fieldName":"encryption"`)
		}
		events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind="+kind, ""))
		if kind == "organization.echo_changed" {
			assert.Len(t, events, 1)
		} else {
			assert.Len(t, events, 2)
		}
	}
}
