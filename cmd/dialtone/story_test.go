package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// story is what one script has going: its server and its last answer.
type story struct {
	database string // URL; "" for the embedded one
	proxy    *proxy // in front of the database, after the word database
	server   *exec.Cmd
	upstream *exec.Cmd // a partner's registrar; nil while none runs
	receiver *receiver
	desks    []desk // of the word office
	log      *bytes.Buffer
	answer   any
	maker    authority // of phones, whose CA the story made
}

type storyKey struct{}

func setUp(env *testscript.Env, database func(testing.TB) string) error {
	s := &story{}
	if tb, ok := env.T().(testing.TB); ok {
		s.database = database(tb)
	}
	env.Values[storyKey{}] = s
	sipp, err := filepath.Abs("testdata/sipp")
	if err != nil {
		return err
	}
	env.Setenv("SIPP", sipp)
	env.Setenv("DATABASE", s.database)
	env.Setenv("DATA", filepath.Join(env.WorkDir, "data"))
	return nil
}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// storyCommands are the words of the stories beside testscript's own.
func storyCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"serve":            serve,
		"stop":             func(ts *testscript.TestScript, _ bool, _ []string) { endServer(ts, syscall.SIGTERM) },
		"crash":            func(ts *testscript.TestScript, _ bool, _ []string) { endServer(ts, syscall.SIGKILL) },
		"bootstrap":        bootstrap,
		"api":              api,
		"let":              let,
		"eventually":       eventually,
		"until":            until,
		"yesterday":        yesterday,
		"today":            today,
		"compare":          compare,
		"crowd-usage":      crowdUsageCommand,
		"counted-pieces":   countedPieces,
		"report-file":      reportFile,
		"customer":         customerCommand,
		"accept":           accept,
		"rivals":           rivals,
		"mailserver":       mailServer,
		"mail":             takeMail,
		"link-page":        link(http.MethodGet),
		"link-answer":      link(http.MethodPost),
		"person":           person,
		"device":           device,
		"enrol":            enrol,
		"creates":          creates,
		"complete":         complete,
		"fleet":            newPhones,
		"office":           office,
		"boot-office":      bootOffice,
		"desk":             deskCommand,
		"new-phone":        newPhone,
		"moment":           moment,
		"as-then":          asThen,
		"under-way":        underWay,
		"picture":          picture,
		"walk":             walk,
		"crowd":            crowd,
		"halves":           halves,
		"replay":           replay,
		"maker":            maker,
		"show-certificate": showCertificate,
		"boot-families":    bootFamilies,
		"receiver":         receiverCommand,
		"changes":          changes,
		"people":           writePeople,
		"past":             past,
		"database":         databaseCommand,
		"second-node": func(ts *testscript.TestScript, _ bool, args []string) {
			other := startServer(ts, args[0], args[1:])
			ts.Defer(func() { _ = other.Process.Kill(); _ = other.Wait() })
		},
		"for-each-route": forEachRoute,
		"secret-of":      secretOf,
		"lines":          lines,
		"kamailio":       kamailio,

		"upstream-certificate": upstreamCertificate,
		"exit-code":            exitCode,
	}
}

// serve [FLAG...]: starts a server with every door on a free port, waits until it is ready, and sets $ADMIN, $HTTP, $HTTPS, $TFTP, $DNS, $SIP,
// $SIPS, $SIP_DTLS and $METRICS to the doors' addresses. Flags come after the story's own and win.
func serve(ts *testscript.TestScript, _ bool, flags []string) {
	s := storyOf(ts)
	cmd := startServer(ts, ts.Getenv("DATA"), flags)
	s.server = cmd
	ts.Defer(func() {
		if s.server == cmd {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
}

func startServer(ts *testscript.TestScript, data string, flags []string) *exec.Cmd {
	s := storyOf(ts)
	args := []string{"serve", "--data", data}
	if s.database != "" {
		args = append(args, "--database", s.database)
	}
	for _, door := range doorNames() {
		if !strings.Contains(strings.Join(flags, " ")+" ", "--listen-"+door+" ") {
			args = append(args, "--listen-"+door, "127.0.0.1:0")
		}
	}
	if !strings.Contains(strings.Join(flags, " "), "--rtp-ports") {
		args = append(args, "--rtp-ports", "any")
	}
	program, err := exec.LookPath("dialtone")
	ts.Check(err)
	cmd := exec.Command(program, append(args, flags...)...)
	cmd.Dir = ts.Getenv("WORK")
	s.log = &bytes.Buffer{}
	cmd.Stderr = s.log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		ts.Fatalf("the server didn't get ready:\n%s", s.log)
	}
	var doors map[string]string
	ts.Check(json.Unmarshal([]byte(strings.TrimPrefix(line, "ready ")), &doors))
	for _, name := range append(doorNames(), "https-legacy") {
		variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		_, port, _ := strings.Cut(doors[name], ":")
		ts.Setenv(variable, doors[name])
		ts.Setenv(variable+"_PORT", port)
	}
	return cmd
}

func doorNames() []string {
	return []string{"admin", "http", "https", "tftp", "dns", "sip", "sips", "sip-dtls", "metrics"}
}

// endServer sends a signal and waits for the end. After SIGTERM the exit code must be 0, within ten seconds.
func endServer(ts *testscript.TestScript, signal syscall.Signal) {
	s := storyOf(ts)
	if s.server == nil {
		ts.Fatalf("no server is running")
	}
	began := time.Now()
	ts.Check(s.server.Process.Signal(signal))
	err := s.server.Wait()
	s.server = nil
	ts.Check(os.WriteFile(ts.MkAbs("server.log"), s.log.Bytes(), 0o600))
	if signal == syscall.SIGTERM && (err != nil || time.Since(began) > 10*time.Second) {
		ts.Fatalf("the server ended after %s with %v:\n%s", time.Since(began), err, s.log)
	}
}

// bootstrap [NAME]: creates a partner and sets $TOKEN.
func bootstrap(ts *testscript.TestScript, _ bool, args []string) {
	name := "Example Telecom"
	if len(args) > 0 {
		name = args[0]
	}
	flags := []string{"bootstrap", "--data", ts.Getenv("DATA"), "--partner", name, "--admin", strings.ReplaceAll(name, " ", ".") + "@example.com"}
	if database := storyOf(ts).database; database != "" {
		flags = append(flags, "--database", database)
	}
	ts.Check(ts.Exec("dialtone", flags...))
	token := strings.TrimSpace(ts.ReadFile("stdout"))
	if strings.ContainsAny(token, " \n") || len(token) < 32 {
		ts.Fatalf("bootstrap printed more or less than a token: %q", token)
	}
	ts.Setenv("TOKEN", token)
}

// api STATUS METHOD PATH [BODY]: asks the admin door with $TOKEN and checks the status. $NAMES in the body are replaced. The answer is stdout.
func api(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: api STATUS METHOD PATH [BODY]")
	}
	body := ""
	if len(args) == 4 {
		body = os.Expand(args[3], ts.Getenv)
	}
	status, answer, err := ask(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), args[1], args[2], body)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), string(answer))
	if want, _ := strconv.Atoi(args[0]); status != want {
		ts.Fatalf("%s %s: %d, want %d\n%s", args[1], args[2], status, want, answer)
	}
	s := storyOf(ts)
	s.answer = nil
	_ = json.Unmarshal(answer, &s.answer)
}

func ask(address, token, method, path, body string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// until PLACE VALUE PATH: asks again and again, as a client does that was told 202, until the answer has the value in that place; the value nothing
// is for a place that isn't there.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: until PLACE VALUE PATH")
	}
	deadline := time.Now().Add(2 * time.Minute)
	questions := time.NewTicker(10 * time.Millisecond)
	defer questions.Stop()
	for {
		api(ts, false, []string{"200", "GET", args[2]})
		at, ok := found(storyOf(ts).answer, args[0])
		if ok && fmt.Sprint(at) == args[1] || !ok && args[1] == "nothing" {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s is %v, and not %s", args[0], at, args[1])
		}
		<-questions.C
	}
}

// eventually PATTERN PROGRAM [ARG...]: runs a program again and again until its output matches, for a minute at most.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually PATTERN PROGRAM [ARG...]")
	}
	pattern, err := regexp.Compile("(?s)" + args[0])
	ts.Check(err)
	deadline := time.Now().Add(time.Minute)
	tries := time.NewTicker(100 * time.Millisecond)
	defer tries.Stop()
	for {
		failed := ts.Exec(args[1], args[2:]...)
		if failed == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s doesn't say %s: %v\n%s", args[1], args[0], failed, ts.ReadFile("stdout"))
		}
		<-tries.C
	}
}

// let NAME PATH: sets a variable from the last answer; a path is names and numbers with dots between.
func let(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: let NAME PATH")
	}
	at, ok := found(storyOf(ts).answer, args[1])
	if !ok {
		ts.Fatalf("the answer has no %s", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(at))
}

// found follows a path of names and numbers, with dots between, into an answer.
func found(at any, path string) (any, bool) {
	for step := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil, false
			}
			at = v[i]
		}
	}
	return at, at != nil
}

const sampleAddress = `{"addressLine1":"1 Main Street","city":"Springfield","stateOrProvince":"IL","zipOrPostalCode":"62701","country":"US"}`

// customer EXTERNAL_ID: creates a template if the partner has none, and a customer; sets $CUSTOMER, $ORG, $LOCATION and $PROVISIONING_ID.
func customerCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: customer EXTERNAL_ID")
	}
	ts.Setenv("EXTERNAL_ID", args[0])
	api(ts, false, []string{"201", "POST", "/hub/v1/templates", `{"name":"For $EXTERNAL_ID","country":"US","language":"en_US","subscriptionId":"Sub-1"}`})
	let(ts, false, []string{"PROVISIONING_ID", "provisioningId"})
	api(ts, false, []string{"202", "POST", "/v1/wholesale/customers", `{"provisioningId":"$PROVISIONING_ID","externalId":"$EXTERNAL_ID",
		"packages":["webex_calling","webex_calling_standard","webex_meetings"],"address":` + sampleAddress + `,
		"customerInfo":{"name":"$EXTERNAL_ID","primaryEmail":"owner@$EXTERNAL_ID.example"},
		"provisioningParameters":{"calling":{"location":{"name":"Shop","timezone":"America/Chicago","language":"en_us","address":` + sampleAddress + `}}}}`})
	until(ts, false, []string{"items.0.status", "provisioned", "/v1/wholesale/customers?externalId=" + args[0]})
	let(ts, false, []string{"CUSTOMER", "items.0.id"})
	let(ts, false, []string{"ORG", "items.0.orgId"})
	api(ts, false, []string{"200", "GET", "/v1/locations?orgId=" + ts.Getenv("ORG")})
	let(ts, false, []string{"LOCATION", "items.0.id"})
}

// person EMAIL EXTENSION [PACKAGE]: creates a subscriber of $CUSTOMER and sets $PERSON.
func person(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: person EMAIL EXTENSION [PACKAGE]")
	}
	pkg := "webex_calling"
	if len(args) > 2 {
		pkg = args[2]
	}
	api(ts, false, []string{"200", "POST", "/v1/wholesale/subscribers", fmt.Sprintf(
		`{"customerId":"$CUSTOMER","email":%q,"package":%q,"provisioningParameters":{"firstName":"Ada","lastName":"Love & Lace","extension":%q}}`, args[0], pkg, args[1])})
	let(ts, false, []string{"PERSON", "personId"})
}

// device MAC MODEL [PASSWORD]: creates a device of $PERSON; sets $DEVICE, and $USER, $LINEPORT and $DOMAIN of its line.
func device(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: device MAC MODEL [PASSWORD]")
	}
	password := ""
	if len(args) > 2 {
		password = fmt.Sprintf(`,"password":%q`, args[2])
	}
	api(ts, false, []string{"200", "POST", "/v1/devices?orgId=" + ts.Getenv("ORG"), fmt.Sprintf(`{"mac":%q,"model":%q,"personId":"$PERSON"%s}`, args[0], args[1], password)})
	let(ts, false, []string{"DEVICE", "id"})
	api(ts, false, []string{"200", "GET", "/v1/telephony/config/devices/" + ts.Getenv("DEVICE")})
	let(ts, false, []string{"USER", "owner.sipUserName"})
	let(ts, false, []string{"LINEPORT", "owner.linePort"})
	_, domain, _ := strings.Cut(ts.Getenv("LINEPORT"), "@")
	ts.Setenv("DOMAIN", domain)
}

// enrol: opens $DEVICE's enrolment window for an hour. ! enrol: closes it.
func enrol(ts *testscript.TestScript, neg bool, _ []string) {
	path := "/hub/v1/devices/" + ts.Getenv("DEVICE") + "/enrolment"
	if neg {
		api(ts, false, []string{"204", "DELETE", path})
		return
	}
	api(ts, false, []string{"201", "POST", path, `{"minutes":60}`})
}
