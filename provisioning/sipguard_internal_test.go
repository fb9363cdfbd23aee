package provisioning

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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
	*now = now.Add(24 * time.Hour)
	assert.False(t, g.inStanding("home"))
}
