package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// walk BLOCK COUNT: asks the plain door and TLS for the files of so many MAC addresses that begin with the eight digits of a block, as somebody does who looks
// for passwords. Whatever is served must hold none.
func walk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || len(args[0]) != 8 {
		ts.Fatalf("usage: walk BLOCK COUNT")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	served := ""
	for i := range count {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, fmt.Sprintf("http://%s/%s%04x.cfg", ts.Getenv("HTTP"), args[0], i), nil)
		ts.Check(err)
		request.Header.Set("User-Agent", "curl/8.5.0")
		answer, err := http.DefaultClient.Do(request)
		ts.Check(err)
		body, err := io.ReadAll(answer.Body)
		ts.Check(err)
		ts.Check(answer.Body.Close())
		served += string(body)
	}
	ts.Check(os.WriteFile(ts.MkAbs("walked"), []byte(served), 0o600))
}
