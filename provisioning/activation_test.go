package provisioning_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/provisioning/coretest"
	"dialtone/secret"
	"dialtone/store/pgtest"
)

// AnyTenantDeviceByCode finds nobody: the one phone was added by its address.
func (s *oneDevice) AnyTenantDeviceByCode(context.Context, []byte) (provisioning.Device, error) {
	return provisioning.Device{}, cmp.Or(s.err(), error(fault.New(fault.NotFound, "There is no such device.")))
}

// desk is a hall with a person to whom phones are sent.
type desk struct {
	*coretest.Hall
	owner customer.PersonID
	now   time.Time
	log   bytes.Buffer
	peer  netip.AddrPort
}

func newDesk(t *testing.T, url string) *desk {
	t.Helper()
	d := &desk{Hall: coretest.New(t, url), now: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), peer: netip.MustParseAddrPort("192.0.2.7:4000")}
	d.Clock = func() time.Time { return d.now }
	d.Config.Logger = slog.New(slog.NewTextHandler(&d.log, nil))
	d.renew(t)
	sub, err := d.People.AddSubscriber(t.Context(), d.Actor, customer.NewSubscriber{
		Customer: d.Customer.ID, Email: "ada@bakery.example", Packages: []customer.Package{customer.WebexCalling}, FirstName: "Ada", LastName: "Baker",
		CallingIdentity: customer.CallingIdentity{Extension: "1001", Location: d.Shop.ID},
	})
	require.NoError(t, err)
	d.owner = sub.Person
	return d
}

// renew starts the core again, as it is configured now.
func (d *desk) renew(t *testing.T) {
	t.Helper()
	d.Service = d.Over(t, d.Store)
	d.Announce(
		deviceprofiles.Service{HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443"},
		deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600},
	)
}

func (d *desk) order(t *testing.T) (provisioning.DeviceView, provisioning.Code) {
	t.Helper()
	view, code, err := d.OrderByCode(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{Model: "Cisco 8851", Person: d.owner})
	require.NoError(t, err)
	return view, code
}

const firstPhone, secondPhone = "00562b043615", "00562b043616"

func agentOf(mac string) string { return "Cisco-CP-8851-3PCC/12.0.7 (" + mac + ")" }

// bring lets a phone ask for https://HOST/CODE.
func (d *desk) bring(t testing.TB, mac, path string) (provisioning.Opened, error) {
	t.Helper()
	return d.Open(t.Context(), provisioning.Request{Path: "/" + path, UserAgent: agentOf(mac), Peer: d.peer, Transport: provisioning.HTTPS})
}

// history lists what happened to a device, the oldest first, revisions left out.
func (d *desk) history(t *testing.T, id provisioning.DeviceID) []string {
	t.Helper()
	events, _, err := d.Store.Events(t.Context(), d.Customer.Tenant(), customer.EventFilter{Subject: string(id)}, customer.Page{Max: 100})
	require.NoError(t, err)
	var kinds []string
	for _, e := range events {
		if e.Kind != customer.EventDeviceRevised {
			kinds = append([]string{string(e.Kind)}, kinds...)
		}
	}
	return kinds
}

// bothDatabases open a desk on each database.
func bothDatabases() map[string]func(t *testing.T) *desk {
	return map[string]func(t *testing.T) *desk{
		"SQLite": func(t *testing.T) *desk {
			t.Helper()
			return newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
		},
		"PostgreSQL": func(t *testing.T) *desk {
			t.Helper()
			pgtest.Require(t)
			return newDesk(t, pgtest.URL(t))
		},
	}
}

func TestAPhoneThatBringsTheCodeIsTheDevice(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			view, code := d.order(t)
			assert.Regexp(t, `^[0-9]{16}$`, code.Digits.Reveal())
			assert.Equal(t, "2026-05-08T08:00:00Z", code.Expires.Format(time.RFC3339))
			assert.Equal(t, provisioning.ActivationWaiting, view.Activation.State)
			assert.False(t, view.HasMAC())
			files, err := d.Files(t.Context(), d.Customer.Tenant(), view.ID)
			require.NoError(t, err)
			assert.Empty(t, files.Files, "nobody knows yet whose they are")

			typed := code.Digits.Reveal()
			file, err := d.bring(t, firstPhone, typed[:4]+"-"+typed[4:8]+"-"+typed[8:12]+"-"+typed[12:])
			require.NoError(t, err)
			assert.Contains(t, string(file.Body), "<GPP_SA")
			assert.Contains(t, string(file.Body), "<Profile_Rule ")
			assert.Equal(t, int64(2), file.Revision)
			after, err := d.Device(t.Context(), d.Customer.Tenant(), view.ID)
			require.NoError(t, err)
			assert.Equal(t, "00562B043615", after.MAC.String())
			assert.Equal(t, provisioning.ActivationDone, after.Activation.State)
			assert.Nil(t, after.Activation.Hash)
			assert.NotEqual(t, view.Access, after.Access)

			again, err := d.Open(t.Context(), provisioning.Request{
				Path: "/" + firstPhone + ".xml", UserAgent: agentOf(firstPhone), Peer: d.peer, Transport: provisioning.HTTPS,
				Proof: basic(firstPhone, passwordIn(t, file)),
			})
			require.NoError(t, err, "the file brought what the phone shows from now on")
			assert.Equal(t, file, again)

			for _, mac := range []string{firstPhone, secondPhone} {
				_, err = d.bring(t, mac, typed)
				assert.True(t, fault.Is(err, fault.Denied), "a code counts once")
			}
			assert.Equal(t, []string{"device.created", "device.code_issued", "device.activated"}, d.history(t, view.ID))
			revision, err := d.Store.Revision(t.Context(), d.Customer.Tenant(), view.ID, 2)
			require.NoError(t, err)
			assert.Equal(t, customer.EventDeviceActivated, revision.Change)
			assert.Equal(t, "system", revision.Actor)
		})
	}
}

// passwordIn reads the password that a Cisco phone shows from a file on.
func passwordIn(t *testing.T, file provisioning.Opened) secret.Text {
	t.Helper()
	_, rest, found := strings.Cut(string(file.Body), "<GPP_SA")
	require.True(t, found)
	_, rest, _ = strings.Cut(rest, ">")
	password, _, _ := strings.Cut(rest, "<")
	return secret.New(password)
}

func TestOneOfTwoPhonesWins(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			view, code := d.order(t)
			const phones = 8
			var wait sync.WaitGroup
			answers := make([]error, phones)
			for i := range phones {
				wait.Go(func() { _, answers[i] = d.bring(t, fmt.Sprintf("00562b0436%02d", i), code.Digits.Reveal()) })
			}
			wait.Wait()
			winner := -1
			for i, err := range answers {
				if err == nil {
					assert.Equal(t, -1, winner, "two phones have one device")
					winner = i
					continue
				}
				assert.True(t, fault.Is(err, fault.Denied), "%v", err)
			}
			require.NotEqual(t, -1, winner)
			after, err := d.Device(t.Context(), d.Customer.Tenant(), view.ID)
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("00562B0436%02d", winner), after.MAC.String())
			assert.Equal(t, []string{"device.created", "device.code_issued", "device.activated"}, d.history(t, view.ID))
		})
	}
}

func TestAnAddressThatIsTakenLeavesTheCode(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			_, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: firstPhone, Model: "8851", Person: d.owner})
			require.NoError(t, err)
			view, code := d.order(t)
			mac, err := deviceprofiles.ParseMAC(firstPhone)
			require.NoError(t, err)
			_, rule, err := d.ActivateWithCode(t.Context(), provisioning.Arrival{Code: code.Digits, MAC: mac, Families: []deviceprofiles.Family{deviceprofiles.CiscoMPP}})
			assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
			assert.Equal(t, provisioning.RuleTakenMAC, rule)
			_, err = d.bring(t, firstPhone, code.Digits.Reveal())
			assert.True(t, fault.Is(err, fault.Denied), "a stranger isn't told: %v", err)
			_, err = d.bring(t, secondPhone, code.Digits.Reveal())
			require.NoError(t, err)
			assert.Equal(t, []string{"device.created", "device.code_issued", "device.activated"}, d.history(t, view.ID))
		})
	}
}

// TestEveryCodeThatDoesntCountIsRefusedAlike compares what a stranger sees, and looks up what the administrator does.
func TestEveryCodeThatDoesntCountIsRefusedAlike(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	known, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: secondPhone, Model: "8851", Person: d.owner})
	require.NoError(t, err)
	tenant := d.Customer.Tenant()
	used, usedCode := d.order(t)
	_, err = d.bring(t, firstPhone, usedCode.Digits.Reveal())
	require.NoError(t, err)
	replaced, old := d.order(t)
	_, err = d.ReissueCode(t.Context(), d.Actor, tenant, replaced.ID)
	require.NoError(t, err)
	cancelled, gone := d.order(t)
	require.NoError(t, d.CancelCode(t.Context(), d.Actor, tenant, cancelled.ID))
	require.NoError(t, d.CancelCode(t.Context(), d.Actor, tenant, cancelled.ID), "twice is fine")
	removed, lost := d.order(t)
	require.NoError(t, d.RemoveDevice(t.Context(), d.Actor, tenant, removed.ID))
	late, lateCode := d.order(t)
	waiting, good := d.order(t)

	_, want := d.Open(t.Context(), provisioning.Request{Path: "/" + secondPhone + ".xml", Peer: d.peer, Transport: provisioning.HTTPS})
	require.True(t, fault.Is(want, fault.Denied))
	const third = "00562b043617"
	n := 0
	refused := func(name, path, agent string, change ...func(*provisioning.Request)) {
		t.Helper()
		n++ // each from another address, so that none is throttled
		r := provisioning.Request{Path: "/" + path, UserAgent: agent, Peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 1), Transport: provisioning.HTTPS}
		for _, c := range change {
			c(&r)
		}
		_, err := d.Open(t.Context(), r)
		assert.Equal(t, want, err, name)
	}
	over := func(transport provisioning.Transport) func(*provisioning.Request) {
		return func(r *provisioning.Request) { r.Transport = transport }
	}
	refused("unknown", "0000000000000000", agentOf(third))
	refused("used", usedCode.Digits.Reveal(), agentOf(third))
	refused("re-issued", old.Digits.Reveal(), agentOf(third))
	refused("cancelled", gone.Digits.Reveal(), agentOf(third))
	refused("device removed", lost.Digits.Reveal(), agentOf(third))
	refused("another family's user agent", good.Digits.Reveal(), "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
	refused("another vendor's address", good.Digits.Reveal()+"/805ec0aabbcc", "")
	refused("no address", good.Digits.Reveal(), "")
	refused("two addresses", good.Digits.Reveal()+"/"+third, agentOf(firstPhone))
	refused("an address that is taken", good.Digits.Reveal(), agentOf(secondPhone))
	refused("over HTTP", good.Digits.Reveal(), agentOf(third), over(provisioning.HTTP))
	refused("over TFTP", good.Digits.Reveal()+"/"+third, "", over(provisioning.TFTP))
	refused("the header alone", good.Digits.Reveal(), agentOf(third), func(r *provisioning.Request) { r.Header = true })
	d.now = lateCode.Expires
	refused("expired", lateCode.Digits.Reveal(), agentOf(third))
	d.now = lateCode.Expires.Add(-time.Millisecond)
	_, err = d.Open(t.Context(), provisioning.Request{Path: "/" + good.Digits.Reveal() + "/" + third, Peer: d.peer, Transport: provisioning.HTTPS})
	require.NoError(t, err, "none of it used the code up, and a path may say whose it is")

	rules := map[provisioning.DeviceID][]string{}
	for _, id := range []provisioning.DeviceID{known.ID, used.ID, late.ID, waiting.ID} {
		entries, err := d.Trace(t.Context(), tenant, id, provisioning.TraceFilter{}, 100)
		require.NoError(t, err)
		for _, e := range entries {
			rules[id] = append(rules[id], e.Rule)
			for _, c := range []provisioning.Code{usedCode, old, gone, lost, lateCode, good} {
				assert.NotContains(t, e.Request, c.Digits.Reveal())
			}
		}
	}
	assert.Contains(t, rules[late.ID], provisioning.RuleExpiredCode)
	for _, rule := range []string{provisioning.RuleActivated, provisioning.RuleOtherFamily, provisioning.RuleNameless, provisioning.RuleTakenMAC, provisioning.RuleClearCode} {
		assert.Contains(t, rules[waiting.ID], rule)
	}
	for _, c := range []provisioning.Code{usedCode, old, gone, lost, lateCode, good} {
		assert.NotContains(t, d.log.String(), c.Digits.Reveal())
	}
}

func TestGuessingCodesIsThrottledAndTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	_, code := d.order(t)
	for i := range 10 {
		_, err := d.bring(t, firstPhone, fmt.Sprintf("%016d", i))
		require.True(t, fault.Is(err, fault.Denied), "%v", err)
	}
	_, err := d.bring(t, firstPhone, code.Digits.Reveal())
	require.True(t, fault.Is(err, fault.Limited), "%v", err)
	assert.Equal(t, 30*time.Second, fault.RetryAfter(err))
	assert.Equal(t, 1, strings.Count(d.log.String(), "activation codes that don't count were tried"), "once a minute: %s", d.log.String())
	assert.Contains(t, d.log.String(), "peer=192.0.2.7 tries=1")

	d.peer = netip.MustParseAddrPort("192.0.2.8:1")
	d.now = d.now.Add(time.Minute)
	_, err = d.bring(t, firstPhone, "0000000000000000")
	require.True(t, fault.Is(err, fault.Denied), "%v", err)
	assert.Contains(t, d.log.String(), "peer=192.0.2.8 tries=10")
	_, err = d.bring(t, firstPhone, code.Digits.Reveal())
	require.NoError(t, err, "another address isn't kept out")
}

func TestNeighboursInIPv6AreOneSource(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	_, code := d.order(t)
	for i := range 10 {
		d.peer = netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%x]:1", i+1))
		_, err := d.bring(t, firstPhone, "0000000000000000")
		require.True(t, fault.Is(err, fault.Denied), "%v", err)
	}
	d.peer = netip.MustParseAddrPort("[2001:db8::ffff]:1")
	_, err := d.bring(t, firstPhone, code.Digits.Reveal())
	assert.True(t, fault.Is(err, fault.Limited), "%v", err)
	d.peer = netip.MustParseAddrPort("[2001:db8:0:1::1]:1")
	_, err = d.bring(t, firstPhone, code.Digits.Reveal())
	assert.NoError(t, err)
}

func TestACodeOutlivesTheRotationOfTheMasterKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	older, newer := newKey(t), newKey(t)
	d.keys(t, older)
	_, code := d.order(t)
	d.keys(t, newer)
	_, err := d.bring(t, firstPhone, code.Digits.Reveal())
	require.True(t, fault.Is(err, fault.Denied), "a stolen table is of no use without the key: %v", err)
	d.keys(t, newer, older)
	_, err = d.bring(t, firstPhone, code.Digits.Reveal())
	require.NoError(t, err)
}

func newKey(t *testing.T) string {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	return key
}

// keys starts the core again with other master keys.
func (d *desk) keys(t *testing.T, keys ...string) {
	t.Helper()
	ring, err := secret.ParseKeyring(strings.Join(keys, "\n"), rand.Reader)
	require.NoError(t, err)
	d.Config.Keyring = ring
	d.renew(t)
}

func TestOrderingByCodeHasRules(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	for field, in := range map[string]provisioning.NewDevice{
		"model":       {Model: "Yealink T54W", Person: d.owner},
		"personId":    {Model: "8851"},
		"workspaceId": {Model: "8851", Workspace: customer.MemberID(d.owner)},
	} {
		_, _, err := d.OrderByCode(t.Context(), d.Actor, d.Customer.Tenant(), in)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", field, err)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field)
	}
	_, _, err := d.OrderByCode(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{Person: d.owner})
	assert.Equal(t, "model", fault.ProblemsOf(err)[0].Field)

	there, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: firstPhone, Model: "8851", Person: d.owner})
	require.NoError(t, err)
	_, reissued := d.ReissueCode(t.Context(), d.Actor, d.Customer.Tenant(), there.ID)
	for _, err := range []error{reissued, d.CancelCode(t.Context(), d.Actor, d.Customer.Tenant(), there.ID)} {
		require.True(t, fault.Is(err, fault.Conflict), "%v", err)
		assert.Equal(t, fault.CodeHasPhone, fault.ProblemsOf(err)[0].Code)
	}
}

func TestAnotherCodeTakesThePlaceOfTheFirst(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			view, _ := d.order(t)
			require.NoError(t, d.CancelCode(t.Context(), d.Actor, d.Customer.Tenant(), view.ID))
			d.now = d.now.Add(24 * time.Hour)
			code, err := d.ReissueCode(t.Context(), d.Actor, d.Customer.Tenant(), view.ID)
			require.NoError(t, err)
			assert.Equal(t, "2026-05-09T08:00:00Z", code.Expires.Format(time.RFC3339))
			_, err = d.bring(t, firstPhone, code.Digits.Reveal())
			require.NoError(t, err)
			assert.Equal(t, []string{"device.created", "device.code_issued", "device.code_cancelled", "device.code_issued", "device.activated"}, d.history(t, view.ID))
		})
	}
}

func TestAWindowOfBeforeDoesntOutliveTheCode(t *testing.T) {
	t.Parallel()
	d := newDesk(t, filepath.Join(t.TempDir(), "desk.db"))
	view, code := d.order(t)
	_, err := d.OpenEnrolment(t.Context(), d.Actor, d.Customer.Tenant(), view.ID, time.Hour)
	require.NoError(t, err)
	_, err = d.bring(t, firstPhone, code.Digits.Reveal())
	require.NoError(t, err)
	_, err = d.Open(t.Context(), provisioning.Request{Path: "/" + firstPhone + ".xml", Peer: d.peer, Transport: provisioning.HTTPS})
	assert.True(t, fault.Is(err, fault.Denied), "%v", err)
}

func TestABrokenStoreIsNoWrongCode(t *testing.T) {
	t.Parallel()
	b := newBench(t, "00562B043615", "Cisco 8851")
	bring := func() error {
		_, err := b.Open(t.Context(), provisioning.Request{Path: "/5414011256173816", UserAgent: agentOf(secondPhone), Peer: netip.MustParseAddrPort("192.0.2.7:1"), Transport: provisioning.HTTPS})
		return err
	}
	b.store.broken = true
	for range 20 {
		require.True(t, fault.Is(bring(), fault.Unavailable), "the phone is to come back, and isn't held to have guessed")
	}
	b.store.broken = false
	assert.True(t, fault.Is(bring(), fault.Denied))
}
