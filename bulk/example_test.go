package bulk_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"dialtone/bulk"
)

// A file goes through row by row; the file of results says what became of each.
func Example() {
	file := "email;number;webex_voice\r\n" +
		"ada@example.com;'+12405551212;WAHR\r\n" +
		"bob@example.com;1,24056E+10;WAHR\r\n" +
		"cyd@example.com;;FALSCH\r\n"
	reader, err := bulk.NewReader(strings.NewReader(file))
	if err != nil {
		return
	}
	results := bulk.NewResultWriter(io.Discard)
	for {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		outcome := bulk.Unchanged
		switch {
		case err != nil:
			return
		case row.Failed():
			outcome = bulk.Failed
		case row.AllOff():
			outcome = bulk.Deleted
		case len(row.Wanted()) > 0:
			outcome = bulk.Added
		}
		fmt.Println(row.Line, row.Email, row.Number, outcome)
		if err := results.Write(row.Result(outcome)); err != nil {
			return
		}
	}
	// Output:
	// 2 ada@example.com +12405551212 added
	// 3 bob@example.com  failed
	// 4 cyd@example.com  deleted
}
