package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// rivalCount is how many clients want the same at the same time.
const rivalCount = 8

// rivals WON LOST CODE COUNT PATH BODY: eight clients POST at the same time, each to the next of the servers in $SERVERS (addresses with commas between;
// $ADMIN alone when it isn't set), with $I in the body replaced by 0 to 7. COUNT of them get the status WON, and all others LOST with the error number
// CODE.
func rivals(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 6 {
		ts.Fatalf("usage: rivals WON LOST CODE COUNT PATH BODY")
	}
	servers := strings.Split(ts.Getenv("SERVERS"), ",")
	if servers[0] == "" {
		servers = []string{ts.Getenv("ADMIN")}
	}
	token := ts.Getenv("TOKEN")
	var start, all sync.WaitGroup
	start.Add(1)
	answers := make([]string, rivalCount)
	for i := range rivalCount {
		body := os.Expand(args[5], func(name string) string {
			if name == "I" {
				return strconv.Itoa(i)
			}
			return ts.Getenv(name)
		})
		all.Go(func() {
			start.Wait()
			status, answer, err := ask(servers[i%len(servers)], token, "POST", args[4], body)
			answers[i] = outcome(status, answer, err)
		})
	}
	start.Done()
	all.Wait()
	counts := map[string]int{}
	for _, a := range answers {
		counts[a]++
	}
	won, _ := strconv.Atoi(args[3])
	if counts[args[0]] != won || counts[args[1]+" "+args[2]] != rivalCount-won {
		ts.Fatalf("want %d times %s, and else %s %s: %v", won, args[0], args[1], args[2], counts)
	}
}

// outcome is a status, with the error number if there is one.
func outcome(status int, answer []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	var body struct {
		Errors []struct{ ErrorCode int }
	}
	if json.Unmarshal(answer, &body) == nil && len(body.Errors) > 0 {
		return strconv.Itoa(status) + " " + strconv.Itoa(body.Errors[0].ErrorCode)
	}
	return strconv.Itoa(status)
}
