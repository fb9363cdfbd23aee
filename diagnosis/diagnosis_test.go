package diagnosis_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/diagnosis"
)

// The page for people says what the program says, in the same order.
func TestThePageHasEveryCause(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/why.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(page), "| cause | sentence | next step |\n|---|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	seen := map[diagnosis.Code]bool{}
	for _, c := range diagnosis.Causes() {
		assert.False(t, seen[c.Code], "%s is there twice", c.Code)
		seen[c.Code] = true
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", c.Code, c.Sentence, c.NextStep))
	}
	assert.Equal(t, want, strings.Split(table, "\n"))
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// desk is a phone that is as it should be.
func desk() diagnosis.Facts {
	return diagnosis.Facts{
		Now: noon, MAC: "805EC0AABBCC",
		Device:        &diagnosis.Device{Model: "Yealink T54W", Vendor: "yealink", Family: "yealink", Configured: true, Revision: 2},
		Registrations: []diagnosis.Registration{{Port: 1, Expires: noon.Add(time.Hour)}},
		Contacts: []diagnosis.Contact{
			{Time: noon, Door: "sip", Outcome: diagnosis.Registered},
			{Time: noon.Add(-time.Minute), Door: "https", Outcome: diagnosis.Served, Revision: 2, Request: "GET /805ec0aabbcc.cfg"},
		},
	}
}

// before puts newer contacts before those that are there.
func before(f diagnosis.Facts, more ...diagnosis.Contact) diagnosis.Facts {
	f.Contacts = append(more, f.Contacts...)
	return f
}

func TestWhatIsOverCountsNoMore(t *testing.T) {
	t.Parallel()
	f := desk()
	f.Contacts = append(f.Contacts, diagnosis.Contact{Time: noon.Add(-2 * time.Minute), Door: "https", Outcome: diagnosis.WrongProof})
	assert.Equal(t, diagnosis.Code("dial_tone"), diagnosis.Explain(f).Cause)
}

func TestARegisteredPhoneMayStillBeInTrouble(t *testing.T) {
	t.Parallel()
	f := before(desk(), diagnosis.Contact{Time: noon.Add(time.Minute), Door: "https", Outcome: diagnosis.WrongProof, Request: "GET /x"})
	v := diagnosis.Explain(f)
	assert.Equal(t, diagnosis.Code("wrong_http_password"), v.Cause)
	assert.True(t, v.States.Registered)
	assert.Equal(t, noon.Add(time.Hour), v.States.ExpectedBy)
}

func TestARegistrationIsWorthItsNode(t *testing.T) {
	t.Parallel()
	f := desk()
	f.Registrations[0].Node, f.Registrations[0].NodeGone = "one", noon.Add(-time.Minute)
	v := diagnosis.Explain(f)
	assert.Equal(t, diagnosis.Code("node_gone"), v.Cause)
	assert.Equal(t, "The phone 805EC0AABBCC is registered with the server one, which was last heard of at 2026-05-01 11:59 UTC: it can't be reached.", v.Sentence)
	f.Registrations = append(f.Registrations, diagnosis.Registration{Port: 1, Expires: noon.Add(time.Minute), Node: "two"})
	assert.Equal(t, diagnosis.Code("dial_tone"), diagnosis.Explain(f).Cause, "it is somewhere else as well")
}

func TestTroubleOfYesterdayIsntTodays(t *testing.T) {
	t.Parallel()
	f := desk()
	f.Registrations, f.Contacts = nil, []diagnosis.Contact{
		{Time: noon, Door: "https", Outcome: diagnosis.NoProof}, {Time: noon.Add(-2 * time.Hour), Door: "https", Outcome: diagnosis.Throttled},
	}
	assert.Equal(t, diagnosis.Code("locked"), diagnosis.Explain(f).Cause)
}

func TestAPhoneOfSomebodyElsesFile(t *testing.T) {
	t.Parallel()
	f := desk()
	f.Device.Configured, f.Contacts = false, f.Contacts[:1]
	assert.Equal(t, diagnosis.Code("dial_tone_own_file"), diagnosis.Explain(f).Cause)
}

// Whatever is known, something is said, in whole sentences.
func TestThereIsAlwaysAnAnswer(t *testing.T) {
	t.Parallel()
	outcomes := []diagnosis.Outcome{
		diagnosis.Other, diagnosis.Bootstrap, diagnosis.Served, diagnosis.NoProof, diagnosis.WrongProof, diagnosis.BadCertificate, diagnosis.HandshakeFailed,
		diagnosis.Throttled, diagnosis.OtherPhone, diagnosis.OtherFamily, diagnosis.Unexpanded, diagnosis.Enterprise, diagnosis.Optional, diagnosis.Missing,
		diagnosis.WrongPath, diagnosis.ClearCode, diagnosis.WrongCode, diagnosis.ExpiredCode, diagnosis.OurFault, diagnosis.Registered, diagnosis.Unregistered,
		diagnosis.WrongPassword, diagnosis.UnknownSIP, diagnosis.Lookup, diagnosis.Uploaded,
		diagnosis.EchoRefused, diagnosis.EchoUnacknowledged, diagnosis.EchoNoKeys, diagnosis.EchoSilent, diagnosis.EchoUnreadable, diagnosis.EchoOneWay,
		diagnosis.EchoLossy, diagnosis.EchoClear, diagnosis.EchoWell,
	}
	rapid.Check(t, func(t *rapid.T) {
		f := diagnosis.Facts{Now: noon, MAC: "805EC0AABBCC", Elsewhere: rapid.Bool().Draw(t, "elsewhere")}
		if rapid.Bool().Draw(t, "device") {
			f.Device = &diagnosis.Device{
				Model: "Poly VVX 450", Vendor: "poly", Family: "poly", Configured: rapid.Bool().Draw(t, "configured"), Revision: rapid.Int64Range(1, 3).Draw(t, "revision"),
				ByName: rapid.Bool().Draw(t, "by name"), CodeWaiting: rapid.Bool().Draw(t, "waiting"), Domain: "c.example",
			}
		}
		at := noon
		for range rapid.IntRange(0, 6).Draw(t, "contacts") {
			at = at.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			f.Contacts = append(f.Contacts, diagnosis.Contact{
				Time: at, Door: rapid.SampledFrom([]string{"dns", "tftp", "http", "https", "sip"}).Draw(t, "door"), Request: "GET /x", Answer: "denied", Rule: "r",
				Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), Revision: rapid.Int64Range(0, 3).Draw(t, "served"),
				Agent: rapid.SampledFrom([]diagnosis.Agent{
					{}, {Vendor: "yealink", Family: "yealink", Model: "T54W", Version: "96.86.0.70"}, {Vendor: "poly", Family: "poly", Model: "VVX_450", Version: "4.1.4.7430"},
				}).Draw(t, "agent"),
			})
		}
		if rapid.Bool().Draw(t, "registered") {
			f.Registrations = []diagnosis.Registration{{Port: 1, Expires: noon.Add(time.Minute)}}
			if rapid.Bool().Draw(t, "node gone") {
				f.Registrations[0].Node, f.Registrations[0].NodeGone = "one", noon
			}
		}
		v := diagnosis.Explain(f)
		assert.NotEmpty(t, v.Cause)
		for _, said := range []string{v.Sentence, v.NextStep} {
			assert.Regexp(t, `^[A-Z].*\.$`, said)
			assert.NotRegexp(t, `\{[a-z]+\}`, said)
		}
	})
}

func TestNearAddresses(t *testing.T) {
	t.Parallel()
	near := diagnosis.NearMACs("805ec0aabbcc")
	assert.Len(t, near, 12*15+8, "three of the eleven pairs are equal digits")
	assert.Contains(t, near, "805EC0AABBCD")
	assert.Contains(t, near, "085EC0AABBCC")
	assert.NotContains(t, near, "805EC0AABBCC")
	assert.Empty(t, diagnosis.NearMACs("805EC0"))
	assert.Equal(t, diagnosis.OneDigit, diagnosis.SlipBetween("805EC0AABBCC", "805EC0AABBCD"))
	assert.Equal(t, diagnosis.TwoSwapped, diagnosis.SlipBetween("805EC0AABBCC", "085ec0aabbcc"))
	for _, other := range []string{"805EC0AABBCC", "805EC0AABBDD", "805EC0AABB", "508EC0AABBCC"} {
		assert.Equal(t, diagnosis.NoSlip, diagnosis.SlipBetween("805EC0AABBCC", other), other)
	}
	rapid.Check(t, func(t *rapid.T) {
		mac := rapid.StringMatching(`[0-9A-F]{12}`).Draw(t, "mac")
		for _, n := range diagnosis.NearMACs(mac) {
			assert.NotEqual(t, diagnosis.NoSlip, diagnosis.SlipBetween(mac, n))
			assert.Contains(t, diagnosis.NearMACs(n), mac)
		}
	})
}

func TestSilentSites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		site diagnosis.Site
		want diagnosis.Silence
	}{
		"all is well":                        {diagnosis.Site{Phones: 5, Fetched: 5, FetchedLately: 5, Registered: 5, RegisteredLately: 5}, diagnosis.NotSilent},
		"nothing was ever heard":             {diagnosis.Site{Phones: 5}, diagnosis.NotSilent},
		"two phones are no site":             {diagnosis.Site{Phones: 2, Fetched: 2, Registered: 2}, diagnosis.NotSilent},
		"they register and don't fetch":      {diagnosis.Site{Phones: 5, Fetched: 5, Registered: 5, RegisteredLately: 5}, diagnosis.FetchesSilent},
		"they fetch and don't register":      {diagnosis.Site{Phones: 5, Fetched: 5, FetchedLately: 5, Registered: 5}, diagnosis.RegistersSilent},
		"nothing any more":                   {diagnosis.Site{Phones: 5, Fetched: 5, Registered: 5}, diagnosis.AllSilent},
		"one of many still fetches":          {diagnosis.Site{Phones: 20, Fetched: 20, FetchedLately: 1, Registered: 20, RegisteredLately: 20}, diagnosis.FetchesSilent},
		"some of many are switched off":      {diagnosis.Site{Phones: 20, Fetched: 20, FetchedLately: 12, Registered: 20, RegisteredLately: 12}, diagnosis.NotSilent},
		"they are refused":                   {diagnosis.Site{Phones: 5, Fetched: 5, FetchedLately: 5, Registered: 5, RegisteredLately: 5, Refused: 3}, diagnosis.FetchesRefused},
		"a few of many are refused":          {diagnosis.Site{Phones: 20, Fetched: 20, FetchedLately: 20, Registered: 20, RegisteredLately: 20, Refused: 3}, diagnosis.NotSilent},
		"phones that nobody writes files of": {diagnosis.Site{Phones: 5, Registered: 5}, diagnosis.RegistersSilent},
	} {
		assert.Equal(t, c.want, diagnosis.SilenceOf(c.site), name)
		sentence, next := c.want.Sentence("Shop", c.site)
		assert.Equal(t, c.want == diagnosis.NotSilent, sentence == "" && next == "", name)
	}
}

// A setting that keeps the phone from looking up the registrar is the likelier cause than what was asked.
func TestASettingThatDefeatsTheLookupIsNamed(t *testing.T) {
	t.Parallel()
	f := desk()
	f.Registrations, f.Contacts = nil, f.Contacts[1:]
	f.Device.ByName, f.Device.Domain = true, "c.example"
	assert.Contains(t, diagnosis.Explain(f).Sentence, "nobody has asked for c.example")
	f.Device.Obstacle = "its file 805ec0aabbcc.cfg sets account.1.sip_server.1.port to \"5060\", and a port keeps it from looking up SRV records"
	v := diagnosis.Explain(f)
	assert.Equal(t, diagnosis.Code("no_srv"), v.Cause)
	assert.Contains(t, v.Sentence, f.Device.Obstacle+".")
}
