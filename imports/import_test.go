package imports_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/imports"
	"dialtone/job"
	"dialtone/provisioning"
)

func TestAFileAddsChangesAndDeletesPeople(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	first := h.table(
		[]string{"email", "first_name", "last_name", "location", "extension", "number", "webex_calling", "webex_meetings", "attendant_console"},
		[]string{"ada", "Ada", "Lovelace", "shop", "1001", "+12175550000", "TRUE", "", "TRUE"},
		[]string{"bob", "Bob", "", string(h.Annex.ID), "1001", "", "TRUE", "", ""},
		[]string{"cy", "Cy", "", "", "", "", "", "TRUE", ""},
		[]string{"dee", "Dee", "", "Shop", "1001", "", "TRUE", "", ""},
		[]string{"eve", "Eve", "", "Attic", "1005", "", "TRUE", "", ""},
		[]string{"fay", "Fay", "", "Shop", "x", "", "TRUE", "", ""},
		[]string{"gus", "Gus", "", "", "", "", "", "", ""},
	)
	warned := `"Warning: meeting_site: Webex Calling comes with meetings, and the row names no preferred Webex site."`
	assert.Equal(t, []string{
		`2,ada@bakery.example,added,meeting_site,` + warned,
		`3,bob@bakery.example,added,meeting_site,` + warned,
		`4,cy@bakery.example,added,meeting_site,"Warning: meeting_site: Webex Meetings comes with meetings, and the row names no preferred Webex site."`,
		`5,dee@bakery.example,failed,extension,"extension: The extension is taken in this location. ` + warned[1:],
		`6,eve@bakery.example,failed,location,"location: ""Attic"" names no location of this customer. ` + warned[1:],
		`7,fay@bakery.example,failed,extension,"extension: ""x"" must be 2 to 10 digits. ` + warned[1:],
		`8,gus@bakery.example,failed,,"packages: needs a base package, such as webex_calling."`,
	}, h.run(t, first))
	state := `ada@bakery.example "Ada" "Lovelace" shop 1001 +12175550000 [webex_calling attendant_console] []
bob@bakery.example "Bob" "" annex 1001  [webex_calling] []
cy@bakery.example "Cy" ""    [webex_meetings] []
`
	assert.Contains(t, h.state(t), state)
	again, _ := h.imported(t, first, false, "")
	assert.Equal(t, imports.Counts{Done: 7, Unchanged: 3, Failed: 4, Warnings: 6}, again.Counts, "running the file again changes nothing")
	assert.Contains(t, h.state(t), state)
	assert.True(t, h.person(t, "ada").Admin, "the first subscriber of a new customer")

	second := h.table(
		[]string{"email", "last_name", "location", "extension", "number", "webex_calling", "webex_meetings", "attendant_console", "webex_suite", "webex_calling_standard", "meeting_site"},
		[]string{"ada", "King", "", "1002", "REMOVE|+12175550000", "", "", "", "TRUE", "", "x.example"},
		[]string{"bob", "", "Shop", "1001", "+12175550000", "", "", "", "", "", ""},
		[]string{"cy", "", "Shop", "1004", "", "", "", "", "", "TRUE", ""},
		[]string{"dee", "", "", "", "", "FALSE", "FALSE", "FALSE", "FALSE", "FALSE", ""},
	)
	assert.Equal(t, []string{
		`2,ada@bakery.example,changed,,`, `3,bob@bakery.example,changed,,`, `4,cy@bakery.example,changed,,`, `5,dee@bakery.example,unchanged,,`,
	}, h.run(t, second))
	assert.Contains(t, h.state(t), `ada@bakery.example "Ada" "King" shop 1002  [webex_suite attendant_console] []
bob@bakery.example "Bob" "" shop 1001 +12175550000 [webex_calling] []
cy@bakery.example "Cy" "" shop 1004  [webex_calling_standard] []
`)
	third := h.table(
		[]string{"email", "webex_calling", "webex_calling_standard", "webex_meetings"},
		[]string{"ada", "FALSE", "FALSE", "FALSE"}, []string{"bob", "FALSE", "FALSE", "FALSE"}, []string{"cy", "FALSE", "", ""}, []string{"nobody", "no", "no", "no"},
	)
	assert.Equal(t, []string{
		`2,ada@bakery.example,unchanged,,"Warning: Nobody was deleted: the file has no column for webex_suite, which the person keeps."`,
		`3,bob@bakery.example,deleted,,`, `4,cy@bakery.example,unchanged,,`, `5,nobody@bakery.example,unchanged,,`,
	}, h.run(t, third))
	assert.Equal(t, []string{`2,bob@bakery.example,unchanged,,`}, h.run(t, h.table([]string{"email", "webex_calling"}, []string{"bob", "FALSE"})))
	base := `is the person's base package, and the row names no other. To delete the person, write FALSE into every package column.`
	assert.Equal(t, []string{`2,cy@bakery.example,failed,webex_calling_standard,"webex_calling_standard: ` + base + `"`},
		h.run(t, h.table([]string{"email", "webex_calling_standard", "webex_calling"}, []string{"cy", "FALSE", ""})))
	assert.Contains(t, h.state(t), "bob@bakery.example \"Bob\" \"\"    [] []\n", "the person stays, and owns nothing")
	assert.Contains(t, h.state(t), "+12175550000 \n")
}

// What the rows above have taken or freed counts for a row, in a dry run too.
func TestRowsSeeWhatTheRowsAboveDid(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.NewCustomer(t, "small", map[customer.Package]int{
		customer.WebexCalling: 2, customer.WebexCallingStandard: 1, customer.WebexMeetings: 1, customer.WebexSuite: 1, customer.AttendantConsole: 1,
	})
	header := []string{"email", "location", "extension", "number", "webex_calling", "webex_meetings", "meeting_site"}
	h.run(t, h.table([]string{"email", "location", "extension", "webex_suite"}, []string{"hal", "Shop", "1000", "TRUE"})) // the administrator
	h.run(t, h.table(header, []string{"ada", "Shop", "1001", h.Number(0), "TRUE", "", "x"}, []string{"bob", "Shop", "1002", h.Number(1), "TRUE", "", "x"}))
	assert.Equal(t, []string{
		`2,cy@small.example,failed,webex_calling,"webex_calling: All 2 of the customer's webex_calling are assigned. Raise the quantity, or take the package from somebody first."`,
		`3,ada@small.example,changed,,`, `4,dee@small.example,added,,`,
		`5,eve@small.example,failed,webex_calling,"webex_calling: All 2 of the customer's webex_calling are assigned. Raise the quantity, or take the package from somebody first."`,
		`6,bob@small.example,changed,,`, `7,fay@small.example,failed,webex_meetings,"webex_meetings: All 1 of the customer's webex_meetings are assigned. Raise the quantity, or take the package from somebody first."`,
	}, h.run(t, h.table(header,
		[]string{"cy", "Shop", "1003", "", "TRUE", "", "x"}, []string{"ada", "", "", "", "FALSE", "TRUE", "x"}, []string{"dee", "Shop", "1001", h.Number(0), "TRUE", "", "x"},
		[]string{"eve", "Shop", "1004", "", "TRUE", "", "x"}, []string{"bob", "", "1003", "REMOVE", "", "", ""}, []string{"fay", "", "", "", "", "TRUE", "x"},
	)))
	assert.Equal(t, []string{
		`2,dee@small.example,failed,extension,extension: The extension is taken in this location.`, `3,bob@small.example,changed,,`, `4,ada@small.example,deleted,,`,
		`5,fay@small.example,added,,`,
	}, h.run(t, h.table(append(header, "webex_calling_standard", "webex_suite", "attendant_console"),
		[]string{"dee", "", "1003", h.Number(1), "", "", "", "", "", ""}, []string{"bob", "", "1002", h.Number(1), "", "", "", "", "", ""},
		[]string{"ada", "", "", "", "FALSE", "FALSE", "", "FALSE", "FALSE", "FALSE"}, []string{"fay", "", "", "", "", "TRUE", "x", "", "", ""},
	)))
	assert.Equal(t, []string{
		`2,dee@small.example,failed,number,number: The number is somebody else's.`, `3,bob@small.example,changed,,`, `4,hal@small.example,failed,number,number: The number is somebody else's.`,
	}, h.run(t, h.table(header,
		[]string{"dee", "", "", h.Number(1), "", "", ""}, []string{"bob", "", "", h.Number(2), "", "", ""}, []string{"hal", "Shop", "1009", h.Number(0), "", "", ""},
	)))
}

func TestModesOfPackages(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.run(t, h.table([]string{"email", "extension", "location", "webex_calling"}, []string{"ada", "1001", "Shop", "TRUE"}))
	file := h.table([]string{"email", "webex_calling", "attendant_console", "webex_suite", "meeting_site"}, []string{"ada", "FALSE", "TRUE", "", "x"})
	i, results := h.imported(t, file, false, imports.AddServices)
	assert.Equal(t, []string{`2,ada@bakery.example,changed,,`}, results, "what is FALSE says nothing")
	assert.Equal(t, imports.AddServices, i.Mode)
	assert.Contains(t, h.state(t), "[webex_calling attendant_console]")
	_, results = h.imported(t, strings.Replace(file, "FALSE,TRUE,,", "FALSE,FALSE,FALSE,", 1), false, imports.AddServices)
	assert.Equal(t, []string{`2,ada@bakery.example,unchanged,,`}, results, "nobody is deleted")
	_, results = h.imported(t, strings.Replace(file, "FALSE,TRUE,,", ",,TRUE,", 1), false, imports.AddServices)
	assert.Equal(t, []string{`2,ada@bakery.example,failed,webex_suite,"webex_suite: holds two base packages, webex_calling and webex_suite: a person has one."`}, results)
	_, err := h.start(t, file, false, "both")
	assert.Equal(t, "mode", fault.ProblemsOf(err)[0].Field)
}

func TestPhonesFollowTheirPeople(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.run(t, h.table([]string{"email", "first_name", "extension", "location", "webex_calling"}, []string{"ada", "Ada", "1001", "Shop", "TRUE"}, []string{"bob", "Bob", "1002", "Shop", "TRUE"}))
	desk, other := h.phone(t, "ada", "00562B043615"), h.phone(t, "bob", "00562B043616")
	revision := func(d provisioning.DeviceView) (int64, customer.LocationID) {
		now, err := h.Device(t.Context(), h.Customer.Tenant(), d.ID)
		require.NoError(t, err)
		return now.Revision, now.Location
	}
	for n, row := range [][]string{{"ada", "Grace", "", "", ""}, {"ada", "", "1003", "", ""}, {"ada", "", "", "Annex", ""}} {
		header := []string{"email", "first_name", "extension", "location", "number"}
		assert.Equal(t, []string{`2,ada@bakery.example,changed,,`}, h.run(t, h.table(header, row)))
		assert.Equal(t, []string{`2,ada@bakery.example,unchanged,,`}, h.run(t, h.table(header, row)))
		got, _ := revision(desk)
		assert.Equal(t, int64(2+n), got, "%v", row)
	}
	_, place := revision(desk)
	assert.Equal(t, h.Annex.ID, place)
	h.run(t, h.table([]string{"email", "number"}, []string{"bob", "+12175550001"}))
	got, _ := revision(other)
	assert.Equal(t, int64(1), got, "a key shows the extension, and not the number")
	changes := h.kinds(t, customer.EventPersonChanged)
	assert.Len(t, changes, 4)
	assert.Equal(t, map[string]any{"firstName": "Bob", "lastName": "", "location": string(h.Shop.ID), "extension": "1002", "number": "+12175550001"}, changes[0].Data["after"])
	assert.Len(t, h.kinds(t, customer.EventDeviceRevised), 3)

	assert.Equal(t, []string{`2,bob@bakery.example,deleted,,`}, h.run(t, h.table([]string{"email", "webex_calling"}, []string{"bob", "FALSE"})))
	_, err := h.Device(t.Context(), h.Customer.Tenant(), other.ID)
	assert.True(t, fault.Is(err, fault.NotFound), "phones go with their people")
	imports := h.kinds(t, customer.EventPeopleImported)
	require.NotEmpty(t, imports)
	assert.InDelta(t, 1, imports[0].Data["deleted"], 0)
	assert.Equal(t, "admin@example.com", imports[0].Actor)
}

func TestOneImportAtATime(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	file := h.table([]string{"email", "webex_meetings", "meeting_site"}, []string{"ada", "TRUE", "x"}, []string{"bob", "TRUE", "x"})
	h.Promises.Hold()
	first, err := h.start(t, file, false, "")
	require.NoError(t, err)
	assert.Equal(t, imports.Queued, first.Status)
	_, err = h.start(t, file, true, "")
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	assert.Equal(t, fault.CodeBusy, fault.ProblemsOf(err)[0].Code)
	require.NoError(t, h.Remove(t.Context(), h.Actor, h.Customer.Tenant(), first.ID))
	assert.Equal(t, true, h.kinds(t, customer.EventPeopleImported)[0].Data["stopped"])
	require.NoError(t, h.Promises.Do(t.Context()), "its job finds nothing to do")
	assert.Empty(t, h.people(t))
	err = h.WriteResults(t.Context(), h.Customer.Tenant(), first.ID, io.Discard)
	assert.True(t, fault.Is(err, fault.NotFound), "a part isn't taken for all: %v", err)
	_, err = h.Import(t.Context(), h.Customer.Tenant(), first.ID)
	assert.True(t, fault.Is(err, fault.NotFound))

	// While the customer is being changed, imports are refused, and one that was taken waits.
	h.Promises.Hold()
	waiting, err := h.start(t, file, false, "")
	require.NoError(t, err)
	_, err = h.Customers.ChangeCustomer(t.Context(), h.Actor, h.Customer.ID, customer.CustomerChange{Packages: []customer.Package{customer.WebexMeetings}})
	require.NoError(t, err)
	_, after := job.IsAgain(h.Promises.Do(t.Context()))
	assert.True(t, after, "it asks for another turn")
	require.NoError(t, h.Promises.Do(t.Context()))
	waiting, err = h.Import(t.Context(), h.Customer.Tenant(), waiting.ID)
	require.NoError(t, err)
	assert.Equal(t, imports.Completed, waiting.Status)
	assert.Equal(t, 2, waiting.Added)
}

// readers gives what each gives, one after the other.
type readers []io.Reader

func (r *readers) Read(p []byte) (int, error) {
	n, err := (*r)[0].Read(p)
	if errors.Is(err, io.EOF) && len(*r) > 1 {
		*r, err = (*r)[1:], nil
	}
	return n, err
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestFilesThatArentTaken(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	for file, want := range map[string]string{
		"": "The file is empty.", "email\n": "The file has a header and no rows.", "name\nada\n": "The file has no column email.", "PK\x03\x04": "The file is a workbook",
	} {
		_, err := h.start(t, file, false, "")
		assert.True(t, fault.Is(err, fault.Invalid), "%q: %v", file, err)
		assert.Contains(t, fault.Message(err), want)
	}
	_, err := h.Start(t.Context(), h.Actor, h.Actor.Tenant(), imports.NewImport{File: strings.NewReader("")})
	assert.Equal(t, "orgId", fault.ProblemsOf(err)[0].Field)
	list, _, err := h.Imports(t.Context(), h.Customer.Tenant(), customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, list, "nothing of them stays")

	cut := readers{strings.NewReader("email\nada@example.com\n" + strings.Repeat("bob@example.com\n", 3000)), errReader{errors.New("cut")}}
	_, err = h.Start(t.Context(), h.Actor, h.Customer.Tenant(), imports.NewImport{File: &cut, ReadID: func(string) (string, bool) { return "", false }})
	assert.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	list, _, err = h.Imports(t.Context(), h.Customer.Tenant(), customer.Page{Max: 10})
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestOldImportsMakeRoom(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	var first imports.Import
	for n := range 22 {
		i, _ := h.imported(t, "email\nada@example.com\n", true, "")
		if n == 0 {
			first = i
		}
	}
	list, more, err := h.Imports(t.Context(), h.Customer.Tenant(), customer.Page{Max: 50})
	require.NoError(t, err)
	assert.Len(t, list, 20)
	assert.False(t, more)
	_, err = h.Import(t.Context(), h.Customer.Tenant(), first.ID)
	assert.True(t, fault.Is(err, fault.NotFound))

	// An upload whose process died doesn't stand in the way for ever.
	dead := imports.Import{ID: "dead", Partner: h.Customer.Partner, Org: h.Customer.Org, Mode: imports.AddServices, Status: imports.Receiving, Touched: h.Clock().Add(-3 * time.Minute)}
	require.NoError(t, h.config.Store.Update(t.Context(), h.Customer.Tenant(), func(tx imports.Tx) error { return tx.CreateImport(t.Context(), dead) }))
	h.imported(t, "email\nada@example.com\n", true, "")
}
