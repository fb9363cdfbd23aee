package provisioning

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/fault"
	"dialtone/secret"
)

// manyDevices has every device whose address is even, counts questions, and knows one password.
type manyDevices struct {
	Store
	asked  int
	access secret.Sealed
	until  time.Time
}

func (s *manyDevices) AnyTenantInboxTokens(context.Context, []string) (map[string]customer.Tenant, error) {
	return map[string]customer.Tenant{}, nil
}

func (s *manyDevices) AnyTenantDeviceByMAC(_ context.Context, mac deviceprofiles.MAC) (Device, error) {
	s.asked++
	if mac[5]%2 == 1 {
		return Device{}, fault.New(fault.NotFound, "There is no such device.")
	}
	return Device{ID: "d", Partner: customer.OrgID(string(rune(97 + mac[4]%2))), MAC: mac, Model: "DMS Yealink T54W", Access: s.access, EnrolmentUntil: s.until}, nil
}

// counted is a core with counters of what it does.
type counted struct {
	*Service
	store    *manyDevices
	unsealed int
	clock    time.Time
}

const phonePassword = "phone-Password-1"

func newCounted(t *testing.T) *counted {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	sealed, err := ring.Seal(accessOwner("d"), []byte(phonePassword))
	require.NoError(t, err)
	c := &counted{store: &manyDevices{access: sealed}, clock: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}
	c.Service, err = New(Config{Store: c.store, Keyring: ring, Now: func() time.Time { return c.clock }, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	c.unseal = func(owner string, sealed secret.Sealed) (secret.Text, error) {
		c.unsealed++
		return c.open(owner, sealed)
	}
	return c
}

// numbered is one of many addresses.
func numbered(n uint32) deviceprofiles.MAC {
	mac := deviceprofiles.MAC{0x80, 0x5e}
	binary.BigEndian.PutUint32(mac[2:], n)
	return mac
}

// proofOf makes a phone's answer to our challenge.
func proofOf(t testing.TB, mac deviceprofiles.MAC, password string) Proof {
	t.Helper()
	md5of := func(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }
	ha1 := digest.HA1(digest.MD5, mac.Lower(), AccessRealm, secret.New(password))
	answer := digest.Answer{Algorithm: digest.MD5, UserName: mac.Lower(), Realm: AccessRealm, Nonce: "n", URI: "/x", CNonce: "c", NC: 1, NCText: "00000001", QOP: "auth"}
	answer.Response = md5of(ha1 + ":n:00000001:c:auth:" + md5of("GET:/x"))
	return Proof{Digest: &answer, Method: "GET"}
}

// TestEveryAddressIsAsMuchWork counts what a refusal costs: for a phone that is there, for another customer's and for none.
func TestEveryAddressIsAsMuchWork(t *testing.T) {
	t.Parallel()
	known, others, none := numbered(0x000000), numbered(0x000100), numbered(0x000001)
	type cost struct{ asked, unsealed int }
	type outcome struct {
		err  string
		kind fault.Kind
		wait time.Duration
		rule string
		cost cost
	}
	for name, proof := range map[string]func(deviceprofiles.MAC) Proof{
		"nothing shown": func(deviceprofiles.MAC) Proof { return Proof{} },
		"wrong digest":  func(mac deviceprofiles.MAC) Proof { return proofOf(t, mac, "guess") },
		"wrong password": func(mac deviceprofiles.MAC) Proof {
			return Proof{Basic: &BasicProof{UserName: mac.Lower(), Password: secret.New("guess")}}
		},
		"wrong token": func(deviceprofiles.MAC) Proof { return Proof{token: secret.New("0123")} },
	} {
		of := func(mac deviceprofiles.MAC) []outcome {
			c := newCounted(t)
			var out []outcome
			for range 25 { // into the limits, and past them
				c.store.asked, c.unsealed = 0, 0
				a, err := c.admit(t.Context(), mac, Request{Peer: netip.MustParseAddrPort("192.0.2.7:1"), Transport: HTTPS, Proof: proof(mac)})
				require.Error(t, err)
				out = append(out, outcome{fault.Message(err), fault.KindOf(err), fault.RetryAfter(err), a.rule, cost{c.store.asked, c.unsealed}})
			}
			return out
		}
		want := of(none)
		assert.Equal(t, want, of(known), name)
		assert.Equal(t, want, of(others), name)
		assert.Equal(t, 1, want[0].cost.asked)
	}
}

// TestAHundredThousandPhonesBehindOneAddress come back within forty seconds, as after a power cut, and the server has forgotten them all. Each asks once
// without credentials, and two seconds later with them. Then somebody behind the same address probes, and they come once more.
func TestAHundredThousandPhonesBehindOneAddress(t *testing.T) {
	t.Parallel()
	const phones = 100_000
	c := newCounted(t)
	peer := netip.MustParseAddrPort("192.0.2.7:1")
	begun := c.clock
	ask := func(mac deviceprofiles.MAC, proof Proof) error {
		_, err := c.admit(t.Context(), mac, Request{Peer: peer, Transport: HTTPS, Proof: proof})
		return err
	}
	storm := func() {
		const late = phones / 20 // two of forty seconds
		for i := range uint32(phones + late) {
			c.clock = begun.Add(time.Duration(i) * 40 * time.Second / phones)
			if i < phones {
				require.True(t, fault.Is(ask(numbered(2*i), Proof{}), fault.Denied), "%d is challenged", i)
			}
			if i >= late {
				mac := numbered(2 * (i - late))
				require.NoError(t, ask(mac, proofOf(t, mac, phonePassword)))
			}
		}
	}
	guess := func(first uint32) {
		for i := range uint32(300) {
			mac := numbered(first + 2*i)
			_ = ask(mac, proofOf(t, mac, "guess"))
		}
		another := numbered(first + 1000)
		require.True(t, fault.Is(ask(another, proofOf(t, another, "guess")), fault.Limited))
		begun = c.clock
	}
	guess(1) // before the server has seen any of the phones
	storm()
	assert.Empty(t, c.probers.pending)
	guess(10_001)
	storm()
}

// TestProbersCantFillTheMemory asks from everywhere, for everything.
func TestProbersCantFillTheMemory(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	p := newProbers(func() time.Time { return now })
	for i := range uint32(maxPending + 5000) {
		at := p.placeOf(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), numbered(i))
		p.count(at, false)
		p.welcome(p.placeOf(at0, numbered(i)))
	}
	assert.LessOrEqual(t, len(p.pending), maxPending+1)
	assert.LessOrEqual(t, len(p.queue), 2*maxPending+1)
	assert.LessOrEqual(t, len(p.counted.young)+len(p.counted.old), 2*maxCounted)
	now = now.Add(proofGrace)
	p.wait(p.placeOf(at0, numbered(1)))
	assert.Empty(t, p.queue)
}

var at0 = netip.MustParseAddr("192.0.2.1")

func TestStandingIsKeptForALife(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	m := newMemory(2, time.Hour)
	m.add(1, now)
	assert.True(t, m.has(1, now.Add(time.Hour)))
	assert.True(t, m.has(1, now.Add(time.Hour+time.Minute)))
	assert.False(t, m.has(1, now.Add(2*time.Hour)), "forgotten after two lives at the latest")
	for i := range uint64(5) {
		m.add(i, now.Add(3*time.Hour))
	}
	assert.Equal(t, []bool{false, false, true, true, true}, []bool{m.has(0, now.Add(3*time.Hour)), m.has(1, now.Add(3*time.Hour)), m.has(2, now.Add(3*time.Hour)), m.has(3, now.Add(3*time.Hour)), m.has(4, now.Add(3*time.Hour))})
}
