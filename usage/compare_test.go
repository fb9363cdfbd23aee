package usage_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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

func statement(t require.TestingT, file string) usage.Statement {
	s, err := usage.ReadStatement(strings.NewReader(file))
	require.NoError(t, err)
	return s
}

// used is a row of ours.
func used(who customer.SubscriberID, service usage.Service, days usage.Units) usage.Row {
	return usage.Row{Account: accountOf("acme"), Service: service, First: 739372, Last: 739402, Subscriber: who, User: customer.PersonID("user-" + who), Location: "hq", Quantity: days}
}

// told is what differences say, in short.
func told(differences []usage.Difference) []string {
	out := []string{}
	for _, d := range differences {
		out = append(out, fmt.Sprintf("%s %s %s|%s by %s", d.Cause, d.Ours.Subscriber+"/"+customer.SubscriberID(d.Ours.Service), d.Theirs.Subscriber, d.Theirs.Service, d.By()))
	}
	return out
}

func TestReadingWhatWeWroteGivesTheSameRows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.csv"))
	require.NoError(t, err)
	require.Len(t, files, 12)
	for _, name := range files {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		s := statement(t, string(file))
		reported := usage.Type(strings.ToUpper(strings.TrimSuffix(name[strings.LastIndex(name, "-")+1:], ".csv")))
		assert.Equal(t, string(file), written(t, reported, s.Rows), name)
		assert.Empty(t, s.Compare(s.Rows), name)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("=+-@'\",;éab")), 0, 8, -1)
		want := []usage.Row{{
			Account: usage.Account{PartnerName: text.Draw(t, "name"), Partner: "p", Customer: "c", ExternalID: text.Draw(t, "external"), Subscription: "s"},
			Service: "WEBEX_VOICE", First: 739372, Last: 739402, Quantity: usage.Units(rapid.Int64Range(0, 1e15).Draw(t, "quantity")), Subscriber: "a", User: "u", Location: "l", License: "x",
		}}
		require.Equal(t, want, statement(t, written(t, usage.TypeUser, want)).Rows)
	})
}

func TestAStatementIsReadByItsHeader(t *testing.T) {
	t.Parallel()
	want := []usage.Row{{Service: "WEBEX_CALLING", Account: usage.Account{ExternalID: "A-1"}, Quantity: 17_500_000}}
	for name, file := range map[string]string{
		"reordered":        "QUANTITY,Notes,SERVICE_NAME,CUSTOMER_EXTERNAL_ID\n17.5,x,WEBEX_CALLING,A-1\n",
		"in lower case":    "quantity, service_name ,customer_external_id\r\n17.50,webex_calling,A-1",
		"of a spreadsheet": "\uFEFFQUANTITY;SERVICE_NAME;CUSTOMER_EXTERNAL_ID\r\n17,5;WEBEX_CALLING;A-1\r\n;;\r\n",
		"with tabs":        "QUANTITY\tSERVICE_NAME\tCUSTOMER_EXTERNAL_ID\n\"17,5\"\tWEBEX_CALLING\tA-1\n\n",
	} {
		assert.Equal(t, want, statement(t, file).Rows, name)
	}
	s := statement(t, "SERVICE_NAME,QUANTITY,SKU\nA,1.25\nB,3\n")
	assert.Equal(t, []string{"SERVICE_NAME", "QUANTITY"}, s.Columns)
	assert.Equal(t, 2, s.Decimals)
}

// BrokenPipe gives a beginning and then fails.
type BrokenPipe struct{ strings.Reader }

func (b *BrokenPipe) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); err == nil {
		return n, nil
	}
	return 0, os.ErrDeadlineExceeded
}

func TestAStatementThatCantBeRead(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                                 "The file is empty. Its first line must name the columns, such as SERVICE_NAME and QUANTITY.",
		"SERVICE_NAME\nA\n":                "The file has no column QUANTITY. Its first line must name the columns as reports do.",
		"PK\x03\x04":                       "The file has no column SERVICE_NAME. Its first line must name the columns as reports do.",
		"SERVICE_NAME,QUANTITY,Quantity\n": "The file has two columns QUANTITY. Leave one of them.",
		"SERVICE_NAME,QUANTITY\nA,\"1\n":   "Line 2 of the file can't be read: a quotation mark isn't closed, or stands where none can be. Write one inside a cell twice.",
		"SERVICE_NAME,QUANTITY\nA,1\n,2\n": `The file can't be compared: SERVICE_NAME in line 3, cell 1 must name a service, such as WEBEX_CALLING; it is "".`,
		"SERVICE_NAME,QUANTITY\nA,\"1,234\"\nB\n": `The file can't be compared: QUANTITY in line 2, cell 2 must be a number of days, such as 17.5, without a sign or marks between thousands; it is "1,234"; ` +
			`QUANTITY in line 3, cell 2 must be a number of days, such as 17.5, without a sign or marks between thousands; it is "".`,
		"SERVICE_NAME,QUANTITY,CONSUMPTION_START_DATE\nA,1,5/1/2026\n":                `The file can't be compared: CONSUMPTION_START_DATE in line 2, cell 3 must be a day, such as 2026-05-31; it is "5/1/2026".`,
		"SERVICE_NAME,QUANTITY\nA,600000000000\nA,600000000000\n":                     "The quantities of the file add up to more than 1000000000000 days. Check its column QUANTITY.",
		"SERVICE_NAME,QUANTITY\n" + strings.Repeat("A,1\n", usage.MaxStatementRows+1): "The file has more than 100000 rows. Compare a report by customer, or fewer customers at once.",
	} {
		_, err := usage.ReadStatement(strings.NewReader(file))
		assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
		assert.Equal(t, want, fault.Message(err))
	}
	_, err := usage.ReadStatement(strings.NewReader("SERVICE_NAME,QUANTITY\n" + strings.Repeat("A,x\n", 1000)))
	assert.Len(t, fault.ProblemsOf(err), 20)
	_, err = usage.ReadStatement(&BrokenPipe{*strings.NewReader("SERVICE_NAME,QUANTITY\nA,1\n")})
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestDifferencesHaveTheirCause(t *testing.T) {
	t.Parallel()
	const header = "SUBSCRIBER_ID,SERVICE_NAME,LOCATION_ID,LICENSE_ID,CONSUMPTION_START_DATE,CONSUMPTION_END_DATE,QUANTITY\n"
	const days = "2025-05-01,2025-05-31"
	tests := []struct {
		name, rows string
		want       []string
	}{
		{"equal", "ada,WEBEX_CALLING,hq,," + days + ",17.5\nbob,WEBEX_CALLING,hq,," + days + ",31.00", []string{}},
		{"equal in two rows", "ada,WEBEX_CALLING,hq,," + days + ",17\nada,WEBEX_CALLING,hq,," + days + ",0.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{}},
		{"quantity", "ada,WEBEX_CALLING,hq,," + days + ",18.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"QUANTITY_DIFFERS ada/WEBEX_CALLING ada|WEBEX_CALLING by 1"}},
		{"rounding", "ada,WEBEX_CALLING,hq,," + days + ",18\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"ROUNDING ada/WEBEX_CALLING ada|WEBEX_CALLING by 0.5"}},
		{"missing there", "bob,WEBEX_CALLING,hq,," + days + ",31", []string{"MISSING_THERE ada/WEBEX_CALLING | by -17.5"}},
		{"missing here", "ada,WEBEX_CALLING,hq,," + days + ",17.5\nbob,WEBEX_CALLING,hq,," + days + ",31\ncyd,WEBEX_SUITE,hq,," + days + ",31", []string{"MISSING_HERE / cyd|WEBEX_SUITE by 31"}},
		{"package", "ada,WEBEX_SUITE,hq,," + days + ",17.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"PACKAGE_DIFFERS ada/WEBEX_CALLING ada|WEBEX_SUITE by 0"}},
		{"package and quantity", "ada,WEBEX_SUITE,hq,," + days + ",12.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"PACKAGE_DIFFERS ada/WEBEX_CALLING ada|WEBEX_SUITE by -5"}},
		{"location", "ada,WEBEX_CALLING,annex,," + days + ",17.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"LOCATION_DIFFERS ada/WEBEX_CALLING ada|WEBEX_CALLING by 0"}},
		{"licence", "ada,WEBEX_CALLING,hq,L," + days + ",17.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"LICENSE_DIFFERS ada/WEBEX_CALLING ada|WEBEX_CALLING by 0"}},
		{"period", "ada,WEBEX_CALLING,hq,,2025-04-01,2025-04-30,17.5\nbob,WEBEX_CALLING,hq,," + days + ",31", []string{"PERIOD_DIFFERS ada/WEBEX_CALLING ada|WEBEX_CALLING by 0"}},
		{"nothing of something", "ada,WEBEX_CALLING,hq,," + days + ",17.5\nbob,WEBEX_CALLING,hq,," + days + ",31\ncyd,WEBEX_SUITE,hq,," + days + ",0", []string{}},
	}
	ours := []usage.Row{used("bob", "WEBEX_CALLING", 31*usage.One), used("ada", "WEBEX_CALLING", 17_500_000)}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, told(statement(t, header+tt.rows+"\n").Compare(ours)))
		})
	}
}

func TestAStatementIsComparedByWhatItSays(t *testing.T) {
	t.Parallel()
	ours := []usage.Row{used("ada", "WEBEX_CALLING", 17_500_000), used("bob", "WEBEX_CALLING", 31*usage.One), used("cyd", "WEBEX_VOICE", 10*usage.One)}
	assert.Empty(t, statement(t, "SERVICE_NAME,QUANTITY\nWEBEX_CALLING,48.5\nWEBEX_VOICE,10\n").Compare(ours))
	assert.Empty(t, statement(t, "CUSTOMER_EXTERNAL_ID,SERVICE_NAME,QUANTITY\next-acme,WEBEX_CALLING,48.5\next-acme,WEBEX_VOICE,10\n").Compare(ours))
	assert.Empty(t, statement(t, "USER_ID,SERVICE_NAME,QUANTITY\nuser-ada,WEBEX_CALLING,17.5\nuser-bob,WEBEX_CALLING,31\nuser-cyd,WEBEX_VOICE,10\n").Compare(ours))
	got := statement(t, "CUSTOMER_ORG_ID,CUSTOMER_EXTERNAL_ID,SERVICE_NAME,QUANTITY\nacme,other,WEBEX_CALLING,48.6\n").Compare(ours)
	assert.Equal(t, []string{"QUANTITY_DIFFERS /WEBEX_CALLING |WEBEX_CALLING by 0.1", "MISSING_THERE /WEBEX_VOICE | by -10"}, told(got))
}

func TestARestatedReportSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	earlier := []usage.Row{used("ada", "WEBEX_CALLING", 17_500_000), used("bob", "WEBEX_CALLING", 31*usage.One), used("dan", "WEBEX_VOICE", 1)}
	now := []usage.Row{used("ada", "WEBEX_CALLING", 17_500_001), used("bob", "WEBEX_SUITE", 31*usage.One), used("cyd", "WEBEX_VOICE", 2*usage.One)}
	assert.Equal(t, []string{
		"QUANTITY_DIFFERS ada/WEBEX_CALLING ada|WEBEX_CALLING by 0.000001", "PACKAGE_DIFFERS bob/WEBEX_CALLING bob|WEBEX_SUITE by 0",
		"MISSING_HERE / cyd|WEBEX_VOICE by 2", "MISSING_THERE dan/WEBEX_VOICE | by -0.000001",
	}, told(usage.Restated(earlier, now)))
	assert.Empty(t, usage.Restated(now, now))
}

// drawRows gives rows in which much is alike.
func drawRows(t *rapid.T, label string) []usage.Row {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) usage.Row {
		r := used(customer.SubscriberID(rapid.SampledFrom([]string{"", "ada", "bob"}).Draw(t, "who")), usage.Service(rapid.SampledFrom([]string{"A", "B"}).Draw(t, "service")),
			usage.Units(rapid.SampledFrom([]int64{0, 1, 500_000, 1_000_000, 31_000_000}).Draw(t, "quantity")))
		r.Location = rapid.SampledFrom([]customer.LocationID{"hq", "annex"}).Draw(t, "location")
		return r
	}), 0, 12).Draw(t, label)
}

// The differences account for all by which two accounts differ, whatever their causes; and nothing is in two of them.
func TestDifferencesAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := drawRows(t, "ours"), drawRows(t, "theirs")
		s := usage.Statement{Columns: []string{"SUBSCRIBER_ID", "SERVICE_NAME", "LOCATION_ID", "QUANTITY"}, Rows: theirs, Decimals: rapid.IntRange(0, 8).Draw(t, "decimals")}
		var by usage.Units
		seen := map[usage.Row]int{}
		for _, d := range s.Compare(ours) {
			by += d.By()
			if d.Ours != (usage.Row{}) {
				seen[d.Ours]++
			}
		}
		require.Equal(t, usage.Sum(theirs)-usage.Sum(ours), by)
		for r, times := range seen {
			require.Equal(t, 1, times, "%v", r)
		}
		require.Equal(t, s.Compare(ours), s.Compare(rapid.Permutation(ours).Draw(t, "order")))
		s.Rows = ours
		require.Empty(t, s.Compare(ours))
	})
}

// Whatever a partner sends: it is refused with a reason, or read into rows that can be written and read again.
func FuzzReadStatement(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.csv"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		file, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(file)
	}
	for _, seed := range []string{"quantity;service_name\n1,5;a\n", "\uFEFFQUANTITY\tSERVICE_NAME\n\"1\"\tb\n\n", "SERVICE_NAME,QUANTITY\n\"", "SERVICE_NAME,QUANTITY\n'=A,1e9\n", "\xff\xfeQ"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := usage.ReadStatement(bytes.NewReader(file))
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			return
		}
		require.Subset(t, names(usage.TypeUser), s.Columns)
		require.Empty(t, s.Compare(s.Rows))
		again := statement(t, written(t, usage.TypeUser, s.Rows))
		require.Equal(t, usage.Sum(s.Rows), usage.Sum(again.Rows))
		require.Equal(t, len(s.Rows), len(again.Rows))
	})
}

func names(reported usage.Type) []string {
	var out []string
	for c := range slices.Values(usage.Columns(reported)) {
		out = append(out, c.Name)
	}
	return out
}
