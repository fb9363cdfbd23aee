package billing_test

import (
	"cmp"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/store/pgtest"
	"dialtone/usage"
)

// happening is an event about a package as the recount sees it: numbers and texts, and nothing of the package usage.
type happening struct {
	second            int64 // since 1970
	number            int   // in the order of the log
	kind              customer.EventKind
	org, subject      string
	workspace         bool
	pkg, place, paper string // package, location, licence
}

// line is what a report has a row for.
type line struct{ org, service, subject, place, paper string }

// recount is who used how much, in millionths of a day.
type recount map[line]int64

// calendar counts days of a zone second by second, with the library's zones alone.
type calendar struct {
	first  int64   // second with which it begins
	day    []int   // of each second: how many days of the calendar it is behind the first
	length []int64 // of each day, in seconds; 0 for one that the zone left out
	begin  []int64 // of each day
}

// newCalendar asks of every second which day it is. Once a day has begun it isn't the one before any more, whatever the clocks say.
func newCalendar(t testing.TB, zone, first, last string) calendar {
	t.Helper()
	location, err := time.LoadLocation(zone)
	require.NoError(t, err)
	from, err := time.Parse(time.DateOnly, first)
	require.NoError(t, err)
	until, err := time.Parse(time.DateOnly, last)
	require.NoError(t, err)
	days := int(until.Sub(from)/(24*time.Hour)) + 1
	c := calendar{length: make([]int64, days), begin: make([]int64, days)}
	latest := -1
	for second := from.Unix() - 2*86400; latest < days; second++ {
		year, month, date := time.Unix(second, 0).In(location).Date()
		day := int(time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Sub(from) / (24 * time.Hour))
		if time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Before(from) {
			continue
		}
		for latest < day {
			if latest++; latest < days {
				c.begin[latest] = second
			}
		}
		if latest >= days {
			break
		}
		if c.day == nil {
			c.first = second
		}
		c.day = append(c.day, latest)
		c.length[latest]++
	}
	return c
}

// weight is what holding something during one second comes to: the places of its two ends in the day, rounded half up, and the one less the other.
func (c calendar) weight(second int64) int64 {
	day := c.day[second-c.first]
	length := c.length[day]
	place := func(elapsed int64) int64 { return (2*elapsed*1_000_000 + length) / (2 * length) }
	return place(second+1-c.begin[day]) - place(second-c.begin[day])
}

// count replays one subject's story second by second. Days before billed aren't counted.
func (r recount) count(c calendar, story []happening, billed int) {
	slices.SortFunc(story, func(a, b happening) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.number, b.number))
	})
	held := map[string]happening{}
	next := 0
	for i, day := range c.day {
		second := c.first + int64(i)
		for ; next < len(story) && story[next].second <= second; next++ {
			replay(held, story[next])
		}
		if day < billed || len(held) == 0 {
			continue
		}
		weight := c.weight(second)
		for pkg, h := range held {
			r[line{h.org, strings.ToUpper(pkg), h.subject, h.place, h.paper}] += weight
		}
	}
}

// replay is the story's meaning in its plainest form.
func replay(held map[string]happening, h happening) {
	before, holds := held[h.pkg]
	switch h.kind {
	case customer.EventPackageRemoved:
		delete(held, h.pkg)
	case customer.EventPackageMoved:
		if holds {
			before.place = h.place
			held[h.pkg] = before
		}
	case customer.EventPackageAssigned:
		if h.pkg != "attendant_console" { // an add-on has company, others don't
			for other := range held {
				if other != "attendant_console" {
					delete(held, other)
				}
			}
		}
		held[h.pkg] = h
	}
}

// described reads a CSV as a recount has it, for the columns that a type has, and holds its texts against those of its customers.
func (o *office) described(t testing.TB, r billing.Report, accounts map[string][2]string) recount {
	t.Helper()
	out, rows := recount{}, o.file(t, r)
	for _, row := range rows[1:] {
		cell := map[string]string{}
		for i, name := range rows[0] {
			cell[name] = row[i]
		}
		org := cell["CUSTOMER_ORG_ID"]
		if r.Type != billing.TypePartner {
			require.Equal(t, accounts[org], [2]string{cell["CUSTOMER_EXTERNAL_ID"], cell["SUBSCRIPTION_ID"]})
		} else {
			org = cell["SUBSCRIPTION_ID"]
		}
		require.Equal(t, []string{r.Start.String(), r.End.String()}, []string{cell["CONSUMPTION_START_DATE"], cell["CONSUMPTION_END_DATE"]})
		about := line{org, cell["SERVICE_NAME"], cell["SUBSCRIBER_ID"] + cell["WORKSPACE_ID"], cell["LOCATION_ID"], cell["LICENSE_ID"]}
		require.NotContains(t, out, about, "two rows about one thing")
		units, _, ok := usage.ParseUnits(cell["QUANTITY"])
		require.True(t, ok && units > 0, cell["QUANTITY"])
		out[about] = int64(units)
	}
	return out
}

// by adds up what a recount by user says, as a report of a type has it.
func (r recount) by(kind billing.Type, accounts map[string][2]string) recount {
	out := recount{}
	for about, units := range r {
		if kind != billing.TypeUser {
			about.subject = ""
		}
		if kind == billing.TypePartner {
			about = line{org: accounts[about.org][1], service: about.service}
		}
		if units != 0 {
			out[about] += units
		}
	}
	return out
}

func (r recount) total() int64 {
	var sum int64
	for _, units := range r {
		sum += units
	}
	return sum
}

// scene is some days in two zones, one for each of the partner's two subscriptions.
type scene struct{ name, zone, other, first, last string }

func scenes() []scene {
	return []scene{
		{"spring in New York", "America/New_York", "UTC", "2026-03-05", "2026-03-12"},
		{"autumn in New York", "America/New_York", "Asia/Kathmandu", "2026-10-29", "2026-11-03"},
		{"half an hour", "Australia/Lord_Howe", "America/St_Johns", "2026-04-02", "2026-04-07"},
		{"half an hour back", "Australia/Lord_Howe", "Europe/Berlin", "2026-10-01", "2026-10-06"},
		{"a day that never was", "Pacific/Apia", "Pacific/Kiritimati", "2011-12-28", "2012-01-02"},
		{"leap day", "Asia/Kolkata", "America/Santiago", "2028-02-27", "2028-03-02"},
		{"no midnight", "America/Sao_Paulo", "Africa/Casablanca", "2018-11-02", "2018-11-06"},
		{"two midnights", "America/Havana", "Pacific/Chatham", "2026-10-30", "2026-11-03"},
	}
}

// world is a partner with three customers, whose story is told at random.
type world struct {
	*office
	ledger   *billing.Ledger
	dice     *mrand.Rand
	scene    scene
	orgs     []string
	accounts map[string][2]string // external id and subscription
	zones    map[string]string
	billed   map[string]string // first day that is billed; "" for all
	stories  map[[2]string][]happening
	number   int
}

// newWorld provisions customers some days before the scene, the last of which is billed from its third day on.
func newWorld(t testing.TB, url string, s scene, seed uint64) *world {
	t.Helper()
	begin, err := time.Parse(time.DateOnly, s.first)
	require.NoError(t, err)
	w := &world{
		office: newOfficeOn(t, url, begin.AddDate(0, 0, -9)), dice: mrand.New(mrand.NewPCG(seed, 1)), scene: s, accounts: map[string][2]string{}, zones: map[string]string{},
		billed: map[string]string{}, stories: map[[2]string][]happening{},
	}
	w.ledger = w.countsByLedger()
	now := func() time.Time { return *w.clock.Load() }
	c := customer.NewService(customer.Config{Store: w.promises.Customers(w.store.Customers()), Now: now, Random: rand.Reader, NewID: newID, SIPDomain: "sip.example.test"})
	w.promises.Employ(c.Workers()...)
	require.NoError(t, c.SetSettings(t.Context(), w.actor, customer.Settings{DelayedBilling: true}))
	for i, start := range []string{"", "", begin.AddDate(0, 0, 3).Format(time.DateOnly)} {
		w.customer(t, c, i, start)
	}
	return w
}

func (w *world) customer(t testing.TB, c *customer.Service, i int, start string) {
	t.Helper()
	zone, name := []string{w.scene.zone, w.scene.other}[i%2], fmt.Sprint("customer-", i)
	subscription := fmt.Sprint("Sub-", i%2)
	template, err := c.CreateTemplate(t.Context(), w.actor, customer.NewTemplate{Name: name, Country: "US", Language: "en_US", SubscriptionID: subscription})
	require.NoError(t, err)
	address := customer.Address{Line1: "1 Main Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	in := customer.NewCustomer{
		ProvisioningID: template.ProvisioningID, ExternalID: name, Name: name, PrimaryEmail: "owner@" + name + ".example", Address: address,
		Packages: []customer.Package{customer.WebexMeetings},
	}
	if start != "" {
		in.BillingStart, err = time.Parse(time.DateOnly, start)
		require.NoError(t, err)
	}
	made, err := c.Provision(t.Context(), w.actor, in)
	require.NoError(t, err)
	org := string(made.Org)
	w.orgs, w.accounts[org], w.zones[org], w.billed[org] = append(w.orgs, org), [2]string{name, subscription}, zone, start
	parsed, err := usage.ParseZone(zone)
	require.NoError(t, err)
	require.NoError(t, w.store.Billing().Update(t.Context(), w.actor.Tenant(), func(tx billing.Tx) error {
		return tx.SetZone(t.Context(), w.actor.Partner, subscription, parsed)
	}))
}

// tell writes an event into the log and into its subject's story. An event that isn't about packages is in no story.
func (w *world) tell(t testing.TB, h happening) {
	t.Helper()
	w.number++
	h.number = w.number
	tenant := customer.Tenant{Partner: w.actor.Partner, Customer: customer.OrgID(h.org)}
	facts := map[string]any{"package": h.pkg, "location": h.place, "license": h.paper, "person": "person-of-" + h.subject}
	if h.workspace {
		delete(facts, "person")
		facts["workspace"] = h.subject
	}
	err := w.store.Customers().Update(t.Context(), tenant, func(tx customer.Tx) error {
		return tx.Record(t.Context(), customer.Event{Time: time.Unix(h.second, 0).UTC(), Tenant: tenant, Actor: "a", Kind: h.kind, Subject: h.subject, Data: facts})
	})
	require.NoError(t, err)
	if slices.Contains(usage.ChangeKinds(), h.kind) {
		w.stories[[2]string{h.org, h.subject}] = append(w.stories[[2]string{h.org, h.subject}], h)
	}
}

// live lets two weeks go by: assigned, changed, moved, deleted, suspended and added again as another subscriber; some of it comes to light days later. Now and then days
// are closed.
func (w *world) live(t testing.TB) {
	t.Helper()
	begin, err := time.Parse(time.DateOnly, w.scene.first)
	require.NoError(t, err)
	end, err := time.Parse(time.DateOnly, w.scene.last)
	require.NoError(t, err)
	pick := func(of ...string) string { return of[w.dice.IntN(len(of))] }
	second, generation := begin.AddDate(0, 0, -5).Unix(), 0
	for second < end.AddDate(0, 0, 3).Unix() {
		second += w.dice.Int64N(14_000)
		who := w.dice.IntN(4)
		if w.dice.IntN(40) == 0 {
			generation++
		}
		h := happening{
			second: second, org: pick(w.orgs...), subject: fmt.Sprintf("subject-%d-%d", who, generation*(who%2)), workspace: who == 3,
			kind: customer.EventKind(pick("package.assigned", "package.assigned", "package.removed", "package.moved", "subscriber.suspended")),
			pkg:  pick("webex_calling", "webex_meetings", "webex_suite", "attendant_console", "common_area_calling"), place: pick("shop", "annex"), paper: pick("", "license-1"),
		}
		if w.dice.IntN(12) == 0 {
			h.second -= w.dice.Int64N(4 * 86400)
		}
		w.tell(t, h)
		if w.dice.IntN(10) == 0 {
			w.today(time.Unix(second, 0).UTC())
			require.NoError(t, w.ledger.CloseDays(t.Context()))
		}
	}
	w.today(time.Unix(second+2*86400, 0).UTC())
}

// recounted counts everybody's story again.
func (w *world) recounted(t testing.TB, first, last string) recount {
	t.Helper()
	from, err := time.Parse(time.DateOnly, first)
	require.NoError(t, err)
	out, calendars := recount{}, map[string]calendar{}
	for of, story := range w.stories {
		zone, billed := w.zones[of[0]], 0
		if _, known := calendars[zone]; !known {
			calendars[zone] = newCalendar(t, zone, first, last)
		}
		if start := w.billed[of[0]]; start != "" {
			day, err := time.Parse(time.DateOnly, start)
			require.NoError(t, err)
			billed = int(day.Sub(from) / (24 * time.Hour))
		}
		out.count(calendars[zone], story, billed)
	}
	return out
}

// agree holds the reports of each type against the recount, and that against what the log's intervals come to.
func (w *world) agree(t testing.TB, first, last string) {
	t.Helper()
	want := w.recounted(t, first, last)
	require.NotZero(t, want.total())
	for _, kind := range billing.Types() {
		r := w.ordered(t, billing.NewReport{Start: first, End: last, Type: kind})
		require.Equal(t, billing.Completed, r.Status, "%v", r.Errors)
		got := w.described(t, r, w.accounts)
		assert.Equal(t, want.by(kind, w.accounts), got, kind)
		assert.Equal(t, want.total(), got.total(), kind)
	}
	assert.Equal(t, want.by(billing.TypeUser, nil), w.folded(t, first, last), "the algebra of intervals")
}

// folded is what the intervals that the log comes to add up to.
func (w *world) folded(t testing.TB, first, last string) recount {
	t.Helper()
	held, err := w.store.Billing().FoldEvents(t.Context(), w.actor.Tenant())
	require.NoError(t, err)
	from, _ := usage.ParseDay(first)
	until, _ := usage.ParseDay(last)
	out := recount{}
	for _, a := range held {
		zone, err := usage.ParseZone(w.zones[string(a.Customer)])
		require.NoError(t, err)
		begin := from
		if day, ok := usage.ParseDay(w.billed[string(a.Customer)]); ok {
			begin = max(begin, day)
		}
		if units := usage.Usage(a, zone, begin, until); units != 0 {
			out[line{string(a.Customer), strings.ToUpper(string(a.Package)), string(a.Subject), string(a.Location), string(a.License)}] += int64(units)
		}
	}
	return out
}

// TestReportsAreWhatEverySecondComesTo has random histories in odd zones. A report of days in the midst and one of all of them agree with a recount of every second.
func TestReportsAreWhatEverySecondComesTo(t *testing.T) {
	t.Parallel()
	for seed, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, filepath.Join(t.TempDir(), "world.db"), s, uint64(seed))
			w.live(t)
			w.agree(t, s.first, s.last)
			w.agree(t, s.last, s.last)
		})
	}
}

func TestReportsAreWhatEverySecondComesToOnPostgreSQL(t *testing.T) {
	t.Parallel()
	for seed, s := range scenes()[:2] {
		w := newWorld(t, pgtest.URL(t), s, uint64(seed)+100)
		w.live(t)
		w.agree(t, s.first, s.last)
	}
}
