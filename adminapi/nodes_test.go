package adminapi_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/nodes"
)

// aNode is longer than what tests take for a word.
var aNode = nodes.Name(strings.Repeat("edge-", 9) + "1")

// announce lets a node say that it was there, some time ago.
func (o *office) announce(name nodes.Name) {
	n := nodes.Node{Name: name, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TLS: 5061, Priority: 10, Weight: 10, Alive: true, Seen: time.Unix(1, 0)}
	if err := o.db.Nodes().AnyTenantAnnounce(context.Background(), n); err != nil {
		panic(err)
	}
}

func ofANode(action string) func(*office) string {
	return func(o *office) string {
		o.announce(aNode)
		return "/hub/v1/nodes/" + string(aNode) + action
	}
}

func TestTheOperatorDrainsANode(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.announce("fra1")
	got := o.ok(t, 200, "POST", "/hub/v1/nodes/fra1/drain", "")
	assert.Equal(t, []any{"fra1", "draining", 1010.0}, []any{got["name"], got["state"], got["priority"]})
	assert.Equal(t, "draining", text(items(t, o.ok(t, 200, "GET", "/hub/v1/nodes", ""))[0], "state"))
	assert.Equal(t, "serving", text(o.ok(t, 200, "POST", "/hub/v1/nodes/fra1/resume", ""), "state"))
	for _, wrong := range []string{"nobody", "fra1%00"} {
		assert.Equal(t, 404, o.ask(t, o.token, "POST", "/hub/v1/nodes/"+wrong+"/drain", "").status, wrong)
	}
	assert.Equal(t, 404, o.ask(t, o.others, "POST", "/hub/v1/nodes/fra1/drain", "").status, "another partner's administrator isn't the operator's")
	o.ok(t, 204, "DELETE", "/hub/v1/nodes/fra1", "")
	var kinds []string
	for _, kind := range []string{"node.drained", "node.resumed", "node.forgotten"} {
		for _, e := range items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind="+kind, "")) {
			kinds = append(kinds, text(e, "kind")+" "+text(e, "subject")+" "+text(e, "actor"))
		}
	}
	assert.Equal(t, []string{"node.drained fra1 admin@example.com", "node.resumed fra1 admin@example.com", "node.forgotten fra1 admin@example.com"}, kinds)
	assert.Equal(t, 403, o.ask(t, o.tokenOf(t, customer.RoleWholesale, ""), "POST", "/hub/v1/nodes/fra1/drain", "").status)
	require.Empty(t, items(t, o.ok(t, 200, "GET", "/hub/v1/nodes", "")))
}
