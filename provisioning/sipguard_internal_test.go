package provisioning

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dialtone/fault"
)

// guarded is a guard with a clock that a test sets.
func guarded() (*sipGuard, *time.Time) {
	now := noon
	return newSIPGuard(func() time.Time { return now }), &now
}

var stranger = netip.MustParseAddr("198.51.100.7")

func TestWhoTriesUserAfterUserIsBannedForAWhile(t *testing.T) {
	t.Parallel()
	g, now := guarded()
	g.proved("198.51.100.7 ada@x")
	for i := range 19 {
		assert.False(t, g.failed(stranger, fmt.Sprint(i), "p", false))
		assert.False(t, g.failed(stranger, fmt.Sprint(i), "p", false), "the same again counts once")
	}
	assert.False(t, g.banned(stranger, "p"))
	assert.True(t, g.failed(stranger, "twentieth", "p", false))
	assert.True(t, g.banned(stranger, "p"))
	assert.True(t, g.banned(netip.MustParseAddr("::ffff:198.51.100.7"), "p"))
	assert.False(t, g.failed(stranger, "more", "p", false), "it is said once")
	assert.False(t, g.banned(netip.MustParseAddr("198.51.100.8"), "p"))
	assert.False(t, g.banned(stranger, "198.51.100.7 ada@x"), "a phone at the same address that has registered goes on")
	*now = now.Add(15 * time.Minute)
	assert.False(t, g.banned(stranger, "p"))
	assert.False(t, g.failed(stranger, "again", "p", false), "it starts from nothing")
}

func TestAnOfficeWithOldPasswordsIsNoScanner(t *testing.T) {
	t.Parallel()
	g, now := guarded()
	for i := range 99 {
		assert.False(t, g.failed(stranger, fmt.Sprint(i), "p", true))
	}
	*now = now.Add(10 * time.Minute)
	for i := range 99 {
		assert.False(t, g.failed(stranger, fmt.Sprint("b", i), "p", true), "a window has ended")
	}
	assert.True(t, g.failed(stranger, "one more", "p", true))
}

func TestNoAddressOfAHostsNetworkHelpsIt(t *testing.T) {
	t.Parallel()
	g, _ := guarded()
	for i := range 20 {
		g.failed(netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)), fmt.Sprint(i), "p", false)
	}
	assert.True(t, g.banned(netip.MustParseAddr("2001:db8::ffff"), "p"))
	assert.False(t, g.banned(netip.MustParseAddr("2001:db8:0:1::1"), "p"))
}

func TestALineThatEverybodyTriesIsClosedToThoseItDoesntKnow(t *testing.T) {
	t.Parallel()
	g, now := guarded()
	g.proved("home")
	for i := range 50 {
		g.failed(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "ada@x", fmt.Sprint(i), true)
	}
	assert.Equal(t, 10*time.Second, g.wait("ada@x", "elsewhere"))
	assert.Zero(t, g.wait("ada@x", "home"))
	assert.Zero(t, g.wait("bob@x", "elsewhere"))
	assert.False(t, g.failed(stranger, "ada@x", "home", true), "who is in good standing isn't counted")
	*now = now.Add(12 * time.Hour)
	assert.True(t, g.inStanding("home"), "for half a day at least")
	*now = now.Add(12 * time.Hour)
	assert.False(t, g.inStanding("home"))
}

// TestABanIsTheOtherNodesToo passes what one guard knows on to another, as the database does.
func TestABanIsTheOtherNodesToo(t *testing.T) {
	t.Parallel()
	g, now := guarded()
	g.proved("198.51.100.7 ada@x")
	start := *now
	for i := range 20 {
		g.failed(stranger, fmt.Sprint(i), "p", false)
	}
	*now = now.Add(time.Second)
	assert.True(t, g.banned(stranger, "p"))
	news := g.unwritten()
	want := SIPBan{Address: stranger, Peer: stranger, Reason: banReason, First: start, Last: *now, Count: 21, Until: start.Add(banLength)}
	assert.Equal(t, []SIPBan{want}, news)
	assert.Empty(t, g.unwritten())
	g.writeAgain(news)
	assert.Equal(t, []SIPBan{want}, g.unwritten(), "the database was away")

	other, _ := guarded()
	other.learn(news)
	assert.True(t, other.banned(stranger, "p"))
	assert.Equal(t, 1, other.inForce())
	assert.False(t, other.failed(stranger, "more", "p", false), "it isn't said again")
	assert.Equal(t, int64(2), other.unwritten()[0].Count, "each counts what it met")

	want.Lifted = start.Add(time.Minute)
	for _, node := range []*sipGuard{g, other} {
		node.learn([]SIPBan{want})
		assert.False(t, node.banned(stranger, "p"))
		assert.Zero(t, node.inForce())
		assert.Empty(t, node.unwritten())
	}
	for i := range 20 {
		g.failed(stranger, fmt.Sprint(i), "p", false)
	}
	g.learn([]SIPBan{want})
	assert.True(t, g.banned(stranger, "p"), "who goes on guessing is banned anew")
}

// registeredElsewhere has one line, which is registered from an address at another node.
type registeredElsewhere struct{ Store }

func (registeredElsewhere) AnyTenantLine(_ context.Context, domain, user string) (LineOwner, error) {
	if user != "ada" || domain != "x" {
		return LineOwner{}, fault.New(fault.NotFound, "There is no such line.")
	}
	return LineOwner{Line: Line{ID: "l"}}, nil
}

func (registeredElsewhere) AnyTenantLineRegistrations(context.Context, []LineID, time.Time) (map[LineID]StoredLineRegistration, error) {
	return map[LineID]StoredLineRegistration{"l": {Bindings: []Binding{{Source: netip.AddrPortFrom(stranger, 5060)}}}}, nil
}

// TestAPhoneOfABannedAddressIsKnownEverywhere lets a phone come from another node, where it was in good standing: its first request is met with silence.
func TestAPhoneOfABannedAddressIsKnownEverywhere(t *testing.T) {
	t.Parallel()
	g, _ := guarded()
	s := &Service{guard: g, store: registeredElsewhere{}, now: g.now}
	g.learn([]SIPBan{{Address: stranger, Until: noon.Add(time.Hour)}})
	for _, user := range []string{"Ada", "eve"} {
		assert.True(t, s.SIPBanned(stranger, user, "X"))
		assert.True(t, s.SIPBanned(stranger, user, "X"))
		s.settleDoubt(t.Context(), <-g.doubts)
		assert.Empty(t, g.doubts, "asked once")
		assert.Equal(t, user == "eve", s.SIPBanned(stranger, user, "X"))
	}
	for i := range 2 * doubtsWaiting {
		assert.True(t, s.SIPBanned(stranger, fmt.Sprint(i), "x"))
	}
	assert.Len(t, g.doubts, doubtsWaiting, "a scanner's questions are dropped")
}
