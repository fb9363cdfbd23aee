package bulk_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"dialtone/bulk"
)

// manyPeople gives a file row by row, so that the file itself is no memory.
func manyPeople(rows int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "email,first_name,last_name,location,extension,number,meeting_site,webex_calling,webex_meetings,attendant_console\r\n")
		for i := 0; i < rows && err == nil; {
			var block strings.Builder
			for range 1000 {
				fmt.Fprintf(&block, "person%d@example.com,Ada,\"Lovelace, Countess\",Headquarters,%d,+1240%07d,example.webex.com,TRUE,FALSE,\r\n", i, 10000+i, i)
				i++
			}
			_, err = io.WriteString(w, block.String())
		}
		w.CloseWithError(err)
	}()
	return r
}

// liveHeap is what the garbage collector leaves.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkReader reads the largest file there may be, about 11 MB, and reports what a row costs and what the reader holds at the end.
func BenchmarkReader(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		before := liveHeap()
		r, err := bulk.NewReader(manyPeople(bulk.MaxRows))
		require.NoError(b, err)
		rows := 0
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(b, err)
			if row.Failed() {
				b.Fatal(row)
			}
			rows++
		}
		require.Equal(b, bulk.MaxRows, rows)
		held := max(0, int64(liveHeap())-int64(before))
		runtime.KeepAlive(r)
		b.ReportMetric(float64(held)/(1<<20), "MB-live")
	}
}

// The heap that is alive after the largest file is that of the people who were met, and grows with nothing else.
func TestMemoryIsBounded(t *testing.T) {
	before := liveHeap()
	r, err := bulk.NewReader(manyPeople(bulk.MaxRows))
	require.NoError(t, err)
	for range bulk.MaxRows {
		_, err := r.Next()
		require.NoError(t, err)
	}
	after := liveHeap()
	runtime.KeepAlive(r)
	require.Less(t, after, before+16<<20)
	t.Logf("%d kB are alive after %d rows", (int64(after)-int64(before))/1024, bulk.MaxRows)
}
