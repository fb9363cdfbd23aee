package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// lines PASSWORD: writes lines.csv, in which sipp finds the line of the last device.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lines PASSWORD")
	}
	writeLines(ts, []string{ts.Getenv("USER")}, args[0])
}

// crowd COUNT PASSWORD: creates so many people with a generic phone each, several at a time, and writes lines.csv, in which sipp finds their lines.
func crowd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: crowd COUNT PASSWORD")
	}
	var count int
	_, err := fmt.Sscan(args[0], &count)
	ts.Check(err)
	users := make([]string, count)
	work := make(chan int)
	var workers sync.WaitGroup
	admin, token, customerID, org := ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("CUSTOMER"), ts.Getenv("ORG")
	for range 8 {
		workers.Go(func() {
			for i := range work {
				users[i], _ = genericPhone(admin, token, customerID, org, i, args[1])
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	workers.Wait()
	for i, user := range users {
		if user == "" {
			ts.Fatalf("person %d has no line", i)
		}
	}
	writeLines(ts, users, args[1])
}

// halves FILE: writes the lines of a file for sipp into two, lines.1.csv and lines.2.csv.
func halves(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: halves FILE")
	}
	rows := strings.SplitAfter(strings.TrimSpace(ts.ReadFile(args[0])), "\n")[1:]
	for name, half := range map[string][]string{"lines.1.csv": rows[:len(rows)/2], "lines.2.csv": rows[len(rows)/2:]} {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte("SEQUENTIAL\n"+strings.TrimSpace(strings.Join(half, ""))+"\n"), 0o600))
	}
}

// genericPhone creates a person and a phone that isn't ours to configure, and returns its SIP user name.
func genericPhone(admin, token, customerID, org string, i int, password string) (string, error) {
	var sub struct{ PersonID string }
	if err := created(admin, token, "/v1/wholesale/subscribers", fmt.Sprintf(
		`{"customerId":%q,"email":"p%d@crowd.example","package":"webex_calling","provisioningParameters":{"extension":"%d"}}`, customerID, i, 10000+i), &sub); err != nil {
		return "", err
	}
	var device struct{ ID string }
	if err := created(admin, token, "/v1/devices?orgId="+org, fmt.Sprintf(
		`{"mac":"02F2FF%06X","model":"Generic SIP Phone","personId":%q,"password":%q}`, i, sub.PersonID, password), &device); err != nil {
		return "", err
	}
	status, answer, err := ask(admin, token, "GET", "/v1/telephony/config/devices/"+device.ID, "")
	var details struct {
		Owner struct{ SIPUserName string }
	}
	if err != nil || status != 200 || json.Unmarshal(answer, &details) != nil {
		return "", fmt.Errorf("device: %d %s %w", status, answer, err)
	}
	return details.Owner.SIPUserName, nil
}

func created(admin, token, path, body string, into any) error {
	status, answer, err := ask(admin, token, "POST", path, body)
	if err != nil || status != 200 {
		return fmt.Errorf("%s: %d %s %w", path, status, answer, err)
	}
	return json.Unmarshal(answer, into)
}

func writeLines(ts *testscript.TestScript, users []string, password string) {
	var rows strings.Builder
	rows.WriteString("SEQUENTIAL\n")
	for _, user := range users {
		fmt.Fprintf(&rows, "%[1]s;%[2]s;[authentication username=%[1]s password=%[3]s]\n", user, ts.Getenv("DOMAIN"), password)
	}
	ts.Check(os.WriteFile(ts.MkAbs("lines.csv"), []byte(rows.String()), 0o600))
}
