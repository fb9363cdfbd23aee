package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// exitCode N ARG...: runs the command and checks its exit code; a failure must be one line on stderr.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit-code N ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec("dialtone", args[1:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if stderr := ts.ReadFile("stderr"); want != 0 && !regexp.MustCompile(`^(time=.*\n)*dialtone: [^\n]+\n$`).MatchString(stderr) {
		ts.Fatalf("not one line on stderr: %q", stderr)
	}
}

// for-each-route STATUS DEVICE: asks every route of one device and checks that each answers with the status.
func forEachRoute(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: for-each-route STATUS DEVICE")
	}
	hub, telephony := "/hub/v1/devices/"+args[1], "/v1/telephony/config/devices/"+args[1]
	for _, route := range [][]string{
		{"GET", "/v1/devices/" + args[1]},
		{"GET", telephony},
		{"PUT", telephony, `{"sipPassword":"Some-Password-1"}`},
		{"GET", hub + "/files"},
		{"GET", hub + "/registration"},
		{"GET", hub + "/trace"},
		{"POST", hub + "/enrolment", `{"minutes":5}`},
		{"DELETE", hub + "/enrolment"},
		{"POST", hub + "/activationCode"},
		{"DELETE", hub + "/activationCode"},
		{"POST", hub + "/replace", `{"mac":"00562B04361F"}`},
		{"DELETE", "/v1/devices/" + args[1]},
	} {
		api(ts, false, append([]string{args[0]}, route...))
	}
}

// yesterday NAME: sets a variable to the last day that is over in UTC.
func yesterday(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: yesterday NAME")
	}
	ts.Setenv(args[0], time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly))
}

// today NAME ZONE: sets a variable to the day that it is in a time zone.
func today(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: today NAME ZONE")
	}
	zone, err := time.LoadLocation(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().In(zone).Format(time.DateOnly))
}

// compare FILE PATH: sends a CSV file to the admin door with $TOKEN, which must be taken. The answer is stdout.
func compare(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: compare FILE PATH")
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+ts.Getenv("ADMIN")+args[1], strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	request.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
	request.Header.Set("Content-Type", "text/csv")
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), string(answer))
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %d\n%s", args[1], response.StatusCode, answer)
	}
}

// secret-of FILE NAME: sets $SECRET to an element's text in a phone's file.
func secretOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: secret-of FILE NAME")
	}
	found := regexp.MustCompile(`<` + regexp.QuoteMeta(args[1]) + `[^>]*>([^<]+)</`).FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	ts.Setenv("SECRET", found[1])
}

// database: puts a switch in front of the story's PostgreSQL. database down: nobody gets through any more. database up: everybody does.
func databaseCommand(ts *testscript.TestScript, neg bool, args []string) {
	s := storyOf(ts)
	switch {
	case neg || len(args) > 1 || s.database == "":
		ts.Fatalf("usage: database [down|up], on PostgreSQL")
	case len(args) == 0:
		u, err := url.Parse(s.database)
		ts.Check(err)
		s.proxy = &proxy{target: u.Host}
		ts.Check(s.proxy.up("127.0.0.1:0"))
		ts.Defer(s.proxy.down)
		u.Host = s.proxy.address
		s.database = u.String()
	case args[0] == "down":
		s.proxy.down()
	case args[0] == "up":
		ts.Check(s.proxy.up(s.proxy.address))
	}
}

// proxy hands connections on until it is down, which cuts them all.
type proxy struct {
	target, address string
	listener        net.Listener
	mu              sync.Mutex
	open            []net.Conn
	running         sync.WaitGroup
}

func (p *proxy) up(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	p.listener, p.address = listener, listener.Addr().String()
	p.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.target)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, client, server)
			p.mu.Unlock()
			for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
				p.running.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					_ = pair[0].Close()
				})
			}
		}
	})
	return nil
}

func (p *proxy) down() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
	p.mu.Unlock()
	p.running.Wait()
}
