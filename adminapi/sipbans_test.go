package adminapi_test

import (
	"context"
	"encoding/base64"
	"hash/fnv"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
	"dialtone/provisioning"
)

var _ adminapi.SIPBans = (*provisioning.Service)(nil)

// ban bans an address, and lets the office's phone have come from where it is told to.
func (o *office) ban(address, phone string) {
	ctx, at, bans := context.Background(), time.Date(2026, 5, 1, 7, 59, 0, 0, time.UTC), o.db.Provisioning()
	raw, _ := base64.RawURLEncoding.DecodeString(o.device)
	err := bans.AppendTrace(ctx, []provisioning.TraceEntry{{
		Device: provisioning.DeviceID(last(string(raw))), Peer: netip.MustParseAddr(phone), Time: at, Door: "sip", Standing: provisioning.StandingRegistered,
	}}, provisioning.TraceBound{Keep: 10, Every: 1})
	if err != nil {
		panic(err)
	}
	a := netip.MustParseAddr(address)
	if err := bans.AnyTenantNoteSIPBans(ctx, []provisioning.SIPBan{{
		Address: a, Peer: a, Reason: "tried one SIP user after another", First: at, Last: at.Add(time.Second), Count: 21, Until: at.Add(time.Hour),
	}}, at, 100); err != nil {
		panic(err)
	}
}

// ofABan is the path of a ban of an address that the office's phone comes from.
func ofABan(o *office) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(newID()))
	n := sum.Sum32()
	address := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String()
	o.ban(address, address)
	return "/hub/v1/sip/bans/" + address
}

func TestBansOfOnesOwnSitesAreSeenAndLifted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const bans = "/hub/v1/sip/bans"
	o.ban("192.0.2.7", "192.0.2.7")
	o.ban("198.51.100.9", "192.0.2.7") // where no phone of theirs is
	assert.Equal(t, []map[string]any{{
		"address": "192.0.2.7", "peer": "192.0.2.7", "reason": "tried one SIP user after another", "count": 21.0,
		"firstSeen": "2026-05-01T07:59:00.000Z", "lastSeen": "2026-05-01T07:59:01.000Z", "until": "2026-05-01T08:59:00.000Z",
	}}, items(t, o.ok(t, 200, "GET", bans, "")))
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", bans, "").body)))
	assert.Equal(t, 404, o.ask(t, o.others, "DELETE", bans+"/192.0.2.7", "").status)
	assert.Equal(t, 404, o.ask(t, o.token, "DELETE", bans+"/198.51.100.9", "").status, "it is nobody's of theirs")
	assert.Equal(t, 404, o.ask(t, o.token, "DELETE", bans+"/here", "").status)
	require.Equal(t, 204, o.ask(t, o.token, "DELETE", bans+"/192.0.2.7", "").status)
	assert.Empty(t, items(t, o.ok(t, 200, "GET", bans, "")))
	assert.Equal(t, 404, o.ask(t, o.token, "DELETE", bans+"/192.0.2.7", "").status)
	events := items(t, o.ok(t, 200, "GET", "/hub/v1/audit?max=1", ""))
	assert.Equal(t, "sip.ban_lifted", events[0]["kind"])
}
