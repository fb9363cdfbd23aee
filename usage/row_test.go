package usage_test

import (
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// accountOf is an account with the customer's name in every part.
func accountOf(c customer.OrgID) usage.Account {
	return usage.Account{PartnerName: "Partner", Partner: "partner", Customer: c, ExternalID: "ext-" + string(c), Subscription: "Sub1"}
}

// rowsOf are the rows by user of a history, one for each assignment, in the order that Fold gives.
func rowsOf(span usage.Span, history []usage.Change) []usage.Row {
	var out []usage.Row
	for _, a := range usage.Fold(history) {
		out = append(out, span.Row(accountOf(a.Customer), a))
	}
	return out
}

func tallied(reported usage.Type, rows []usage.Row) []usage.Row {
	tally := usage.NewTally(reported)
	for _, r := range rows {
		tally.Add(r)
	}
	return tally.Rows()
}

// each gives rows as a database does.
func each(rows []usage.Row) iter.Seq2[usage.Row, error] {
	return func(yield func(usage.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func collected(rows iter.Seq2[usage.Row, error]) ([]usage.Row, error) {
	out := []usage.Row{}
	for r, err := range rows {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func TestEveryPackageIsSoldUnderANumberOfItsOwn(t *testing.T) {
	t.Parallel()
	services := []usage.Service{usage.SetupAssistExpress, usage.SetupAssistStandard}
	for _, p := range customer.Packages() {
		services = append(services, usage.ServiceOf(p))
	}
	numbers := map[string]bool{}
	for _, s := range services {
		numbers[s.SKU()] = true
		assert.NotEqual(t, string(s), s.Description(), "%s is in no list", s)
	}
	assert.Len(t, numbers, len(services))
	assert.Equal(t, usage.Service("COMMON_AREA_CALLING"), usage.ServiceOf(customer.CommonAreaCalling))
	assert.Equal(t, "NEW_ONE", usage.Service("NEW_ONE").Description())
	assert.Equal(t, "DT-NEW-ONE", usage.Service("NEW_ONE").SKU())
}

// A database sorts by packages, and a report by services: both orders are one.
func TestServicesAreInTheOrderOfPackages(t *testing.T) {
	t.Parallel()
	packages := customer.Packages()
	slices.Sort(packages)
	var services []string
	for _, p := range packages {
		services = append(services, string(usage.ServiceOf(p)))
	}
	assert.True(t, slices.IsSorted(services), "%v", services)
}

func TestAnOrderIsARowOfItsDay(t *testing.T) {
	t.Parallel()
	span := usage.NewSpan(zone(t, "Europe/Berlin"), day(t, "2026-05-01"), day(t, "2026-05-31"))
	express := usage.Order{Service: usage.SetupAssistExpress, At: instant(t, "2026-05-31T21:59:59Z"), Seats: 4, Location: "hq"}
	r, ok := span.OrderRow(accountOf("acme"), express)
	assert.True(t, ok)
	assert.Equal(t, usage.Row{Account: accountOf("acme"), Service: "SETUP_ASSIST_EXPRESS", First: span.First(), Last: span.Last(), Quantity: usage.One, Location: "hq"}, r)
	r, ok = span.OrderRow(accountOf("acme"), usage.Order{Service: usage.SetupAssistStandard, At: instant(t, "2026-04-30T22:00:00Z"), Seats: 12})
	assert.True(t, ok)
	assert.Equal(t, "12", r.Quantity.String())
	for _, at := range []string{"2026-04-30T21:59:59Z", "2026-05-31T22:00:00Z"} {
		express.At = instant(t, at)
		_, ok = span.OrderRow(accountOf("acme"), express)
		assert.False(t, ok, at)
	}
}

func TestWhatIsAssignedAtAnInstant(t *testing.T) {
	t.Parallel()
	a := held(t, "2026-05-01T21:00:00Z", "2026-05-02T12:00:00Z")
	a.Package, a.Subject, a.SubjectKind, a.BilledFrom = customer.WebexSuite, "w1", usage.KindWorkspace, day(t, "2026-09-01")
	r := usage.RowAt(accountOf("acme"), a, zone(t, "Europe/Berlin"), instant(t, "2026-05-01T22:30:00Z"))
	assert.Equal(t, usage.Row{Account: accountOf("acme"), Service: "WEBEX_SUITE", First: day(t, "2026-05-02"), Last: day(t, "2026-05-02"), Quantity: usage.One, Workspace: "w1"}, r)
	assert.Zero(t, usage.RowAt(accountOf("acme"), a, usage.Zone{}, instant(t, "2026-05-02T12:00:00Z")).Quantity)
}

// What users used is what customers used is what the partner used, and what is merged row by row is what is added up in memory.
func TestReportsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, span := drawSpan(t)
		rows := rowsOf(span, drawHistory(t, span.Begin(), int(span.End().Sub(span.Begin()).Seconds())+1))
		shuffled := rapid.Permutation(rows).Draw(t, "order")
		users, customers, partner := tallied(usage.TypeUser, shuffled), tallied(usage.TypeCustomer, shuffled), tallied(usage.TypePartner, shuffled)
		require.Equal(t, usage.Sum(rows), usage.Sum(users))
		require.Equal(t, customers, tallied(usage.TypeCustomer, users))
		require.Equal(t, partner, tallied(usage.TypePartner, customers))
		for reported, want := range map[usage.Type][]usage.Row{usage.TypeUser: users, usage.TypeCustomer: customers, usage.TypePartner: partner} {
			ordered := slices.Clone(rows)
			slices.SortFunc(ordered, func(a, b usage.Row) int { return a.For(reported).Compare(b.For(reported)) })
			got, err := collected(usage.Merge(reported, each(ordered)))
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.True(t, slices.IsSortedFunc(got, usage.Row.Compare))
		}
	})
}

func TestMergingRefusesWhatIsOutOfOrder(t *testing.T) {
	t.Parallel()
	a, b := usage.Row{Account: accountOf("acme"), Quantity: 1}, usage.Row{Account: accountOf("bell"), Quantity: 1}
	got, err := collected(usage.Merge(usage.TypeUser, each([]usage.Row{a, b, a})))
	assert.True(t, fault.Is(err, fault.Internal))
	assert.Equal(t, []usage.Row{a}, got)

	gone := errors.New("gone")
	_, err = collected(usage.Merge(usage.TypeUser, func(yield func(usage.Row, error) bool) {
		_ = yield(a, nil) && yield(usage.Row{}, gone)
	}))
	assert.ErrorIs(t, err, gone)
	for r, err := range usage.Merge(usage.TypeUser, each([]usage.Row{a, b})) {
		assert.NoError(t, err)
		assert.Equal(t, a, r)
		break // and nothing more is asked for
	}
}

func TestRowsAreInOneOrder(t *testing.T) {
	t.Parallel()
	person := usage.Row{Account: accountOf("acme"), Service: "B", Subscriber: "s1"}
	other := person
	other.Service = "C"
	workspace := usage.Row{Account: accountOf("acme"), Service: "A", Workspace: "w1"}
	next := usage.Row{Account: accountOf("bell"), Service: "A", Subscriber: "s0"}
	order := usage.Row{Account: accountOf("acme"), Service: usage.SetupAssistExpress}
	want := []usage.Row{person, other, workspace, next, order}
	got := slices.Clone(want)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.SortFunc(got, usage.Row.Compare)
	assert.Equal(t, want, got)
}

func TestColumnsAreThoseOfTheProduct(t *testing.T) {
	t.Parallel()
	for reported, want := range map[usage.Type]string{
		usage.TypePartner: "PARTNER_NAME PARTNER_ORG_ID SUBSCRIPTION_ID SERVICE_NAME SKU DESCRIPTION CONSUMPTION_START_DATE CONSUMPTION_END_DATE QUANTITY",
		usage.TypeCustomer: "PARTNER_NAME PARTNER_ORG_ID CUSTOMER_ORG_ID CUSTOMER_EXTERNAL_ID SUBSCRIPTION_ID SERVICE_NAME SKU DESCRIPTION " +
			"CONSUMPTION_START_DATE CONSUMPTION_END_DATE QUANTITY LOCATION_ID LICENSE_ID",
		usage.TypeUser: "PARTNER_NAME PARTNER_ORG_ID CUSTOMER_ORG_ID CUSTOMER_EXTERNAL_ID SUBSCRIPTION_ID SERVICE_NAME SKU DESCRIPTION " +
			"CONSUMPTION_START_DATE CONSUMPTION_END_DATE QUANTITY SUBSCRIBER_ID USER_ID WORKSPACE_ID LOCATION_ID LICENSE_ID",
	} {
		var names []string
		for _, c := range usage.Columns(reported) {
			names = append(names, c.Name)
		}
		assert.Equal(t, want, strings.Join(names, " "), reported)
	}
	assert.Equal(t, "QUANTITY", usage.Columns(usage.TypeCustomer)[10].Name, "clients take the eleventh column for it")
	assert.Equal(t, []usage.Type{"PARTNER", "CUSTOMER", "USER"}, usage.Types())
}
