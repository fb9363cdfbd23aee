package usage_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/usage"
)

func written(t require.TestingT, reported usage.Type, rows []usage.Row) string {
	var out bytes.Buffer
	w := usage.NewWriter(&out, reported)
	for _, r := range rows {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Flush())
	return out.String()
}

func TestNoTextIsAFormula(t *testing.T) {
	t.Parallel()
	for name, cell := range map[string]string{
		"Acme": "Acme", "=1+1": "'=1+1", "+49 30": "'+49 30", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", " =1": "' =1", "'=1": "''=1", "'s": "'s",
		"a=b": "a=b", "=1,2": `"'=1,2"`, "\rx": "\"'\rx\"", "\"=1": `"'""=1"`, "say \"hi\"": `"say ""hi"""`, "two\nlines": "\"two\nlines\"", "": "", "Zoë": "Zoë",
	} {
		r := usage.Row{Account: usage.Account{PartnerName: name}, Service: "WEBEX_CALLING", First: 739372, Last: 739372, Quantity: 1}
		_, line, _ := strings.Cut(written(t, usage.TypePartner, []usage.Row{r}), "\r\n")
		assert.Equal(t, cell+",,,WEBEX_CALLING,DT-CALLING,Webex Calling,2025-05-01,2025-05-01,0.000001\r\n", line, name)
	}
}

// Any reader of CSV has the cells that were written, and no line has more or fewer than the first.
func TestTheFileIsCSV(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("=+-@'\" ,;\n\tabcé")), 0, 8, -1)
		r := usage.Row{Account: usage.Account{PartnerName: text.Draw(t, "name"), ExternalID: text.Draw(t, "external")}, Quantity: 1}
		records, err := csv.NewReader(strings.NewReader(written(t, usage.TypeCustomer, []usage.Row{r, r}))).ReadAll()
		require.NoError(t, err)
		require.Len(t, records, 3)
		require.Len(t, records[1], 13)
		require.Equal(t, records[1], records[2])
		for column, want := range map[int]string{0: r.PartnerName, 3: r.ExternalID} {
			got := records[1][column]
			require.Contains(t, []string{want, "'" + want}, got)
			begin := strings.TrimLeft(got, ` "`)
			require.False(t, begin != "" && strings.Contains("=+-@\t\n", begin[:1]), "%q", got)
		}
	})
}

func TestAFileWithoutRowsHasItsColumns(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "PARTNER_NAME,PARTNER_ORG_ID,SUBSCRIPTION_ID,SERVICE_NAME,SKU,DESCRIPTION,CONSUMPTION_START_DATE,CONSUMPTION_END_DATE,QUANTITY\r\n",
		written(t, usage.TypePartner, nil))
}

// FullDisk takes some bytes and no more.
type FullDisk struct{ left int }

func (d *FullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestAnErrorOfTheFileComesOut(t *testing.T) {
	t.Parallel()
	w := usage.NewWriter(&FullDisk{left: 100_000}, usage.TypeUser)
	var err error
	for i := 0; i < 10_000 && err == nil; i++ {
		err = w.Write(usage.Row{Account: accountOf("acme"), Quantity: usage.One})
	}
	assert.ErrorContains(t, err, "no space left")
	assert.ErrorContains(t, w.Flush(), "no space left")
}

// TestMemoryIsBounded isn't parallel: it measures.
func TestMemoryIsBounded(t *testing.T) {
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	w := usage.NewWriter(io.Discard, usage.TypeUser)
	for r, err := range usage.Merge(usage.TypeUser, func(yield func(usage.Row, error) bool) {
		r := usage.Row{Account: accountOf("acme"), Service: "WEBEX_CALLING", First: 739372, Last: 739402, Quantity: usage.One}
		for i := range 200_000 {
			r.Subscriber = customer.SubscriberID(fmt.Sprintf("%06d", i))
			if !yield(r, nil) {
				return
			}
		}
	}) {
		require.NoError(t, err)
		require.NoError(t, w.Write(r))
	}
	after := live()
	runtime.KeepAlive(w)
	assert.Less(t, after, before+(1<<20))
}

func BenchmarkWrite(b *testing.B) {
	span := usage.NewSpan(zone(b, "Europe/Berlin"), day(b, "2026-03-01"), day(b, "2026-03-31"))
	a := held(b, "2026-03-10T07:12:33.123456Z", "2026-03-29T11:00:01Z")
	a.SubjectKind, a.Subject, a.Person, a.Package, a.Location = usage.KindPerson, "0b6e46a1-3c7c-4b8c-8a52-0d5b8f2a9d11", "3f7d6c4e-3c7c-4b8c-8a52-0d5b8f2a9d12", "webex_calling", "77d1c1aa-3c7c-4b8c-8a52-0d5b8f2a9d13"
	w := usage.NewWriter(io.Discard, usage.TypeUser)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, w.Write(span.Row(accountOf("acme"), a)))
	}
}
