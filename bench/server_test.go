package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/phone"
	"dialtone/store/pgtest"
)

// The sizes of the sample. Everything is made once, through the REST API.
const (
	devices    = 10_000
	untouched  = 2_000 // of the devices, the last ones: asked for by BenchmarkBesideNginx alone, once
	customers  = 2_000 // so many SIP domains; the devices belong to the first
	sipLines   = 2_000 // devices with a password that the load knows
	password   = "Bench-Password-1"
	seedersAll = 8
)

// server is a running server with the sample in it.
type server struct {
	doors map[string]string
	token string
	macs  []string // of the devices, lower case
	lines []line
	crowd []*phone.Registrant // each with a socket, for as long as the server runs
	cmd   *exec.Cmd
	start []string // the command line
	dir   string
}

type line struct{ user, domain string }

var (
	shared     *server   // one sample for all benchmarks: seeding takes longer than measuring
	sharedOnce sync.Once // as above
	errShared  error     // as above
	client     = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(doorFolder); folder != "" {
		if err := beDoor(folder); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	if count := os.Getenv(zonesCount); count != "" {
		if err := beZones(count); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	code := pgtest.Run(m)
	if shared != nil {
		shared.stop()
	}
	os.Exit(code) //nolint:forbidigo // the test binary's own main
}

// sample returns the server with its sample, started and seeded at the first call.
func sample(b *testing.B) *server {
	b.Helper()
	sharedOnce.Do(func() {
		if shared, errShared = start(""); errShared == nil {
			errShared = shared.seed()
		}
	})
	if errShared != nil {
		b.Fatal(errShared)
	}
	return shared
}

// start starts an empty server on a database: a URL, or "" for the embedded one.
func start(database string, flags ...string) (*server, error) {
	dir, err := os.MkdirTemp("", "dialtone-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	program := filepath.Join(dir, "dialtone")
	if out, err := exec.Command("go", "build", "-tags", "nomsgpack", "-o", program, "dialtone/cmd/dialtone").CombinedOutput(); err != nil {
		return s, fmt.Errorf("build: %w\n%s", err, out)
	}
	data := filepath.Join(dir, "data")
	where := []string{"--data", data}
	if database != "" {
		where = append(where, "--database", database)
	}
	token, err := exec.Command(program, append([]string{"bootstrap", "--partner", "Bench", "--admin", "bench@example.com"}, where...)...).Output()
	if err != nil {
		return s, err
	}
	s.token = strings.TrimSpace(string(token))
	args := append([]string{"serve"}, where...)
	for _, door := range []string{"admin", "http", "https", "tftp", "dns", "sip", "sips", "metrics"} {
		args = append(args, "--listen-"+door, "127.0.0.1:0")
	}
	s.start = append([]string{program}, append(append(args, "--listen-sip-dtls", "off", "--dns-rate-limit", "0"), flags...)...)
	return s, s.run()
}

// run runs the command and waits until its doors are open.
func (s *server) run() error {
	s.cmd = exec.Command(s.start[0], s.start[1:]...)
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(strings.TrimPrefix(ready, "ready ")), &s.doors)
}

// restart makes the server forget what it has in memory. Its doors are at other addresses afterwards.
func (s *server) restart(b *testing.B) {
	b.Helper()
	s.hangUp()
	s.doors = nil
	if err := s.run(); err != nil {
		b.Fatal(err)
	}
}

func (s *server) hangUp() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
	}
	for _, p := range s.crowd {
		_ = p.Close()
	}
	s.crowd = nil
}

func (s *server) stop() {
	s.hangUp()
	s.complain(os.Stderr)
	_ = os.RemoveAll(s.dir)
}

// registrants returns so many clients, the same each time.
func (s *server) registrants(count int) ([]*phone.Registrant, error) {
	at, err := netip.ParseAddrPort(s.doors["sip"])
	if err != nil {
		return nil, err
	}
	for len(s.crowd) < count {
		p, err := phone.NewRegistrant(phone.RegistrantConfig{Server: at, Timeout: 10 * time.Second})
		if err != nil {
			return nil, err
		}
		s.crowd = append(s.crowd, p)
	}
	return s.crowd[:count], nil
}

// processorTime is what the server's process has had of the processors, in user and system mode, by proc(5): ticks of 10 ms. 0 if that isn't known.
func (s *server) processorTime() time.Duration {
	const tick = 10 * time.Millisecond
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	_, behind, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
	fields := strings.Fields(behind)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// complain prints what the server warned of: figures of a server in trouble would mean nothing.
func (s *server) complain(w io.Writer) {
	log, err := os.Open(filepath.Join(s.dir, "server.log"))
	if err != nil {
		return
	}
	defer log.Close()
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), "level=WARN") || strings.Contains(lines.Text(), "level=ERROR") {
			_, _ = fmt.Fprintln(w, lines.Text())
		}
	}
}

// call asks the REST API and reads the answer.
func (s *server) call(method, path, body string, answer any) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.doors["admin"]+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s %w", method, path, response.StatusCode, content, err)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(bytes.NewReader(content)).Decode(answer)
}

const address = `{"addressLine1":"1 Main Street","city":"Springfield","stateOrProvince":"IL","zipOrPostalCode":"62701","country":"US"}`

func (s *server) seed() error {
	began := time.Now()
	var template struct{ ProvisioningID string }
	if err := s.call("POST", "/hub/v1/templates", `{"name":"Bench","country":"US","language":"en_US","subscriptionId":"S"}`, &template); err != nil {
		return err
	}
	err := each(customers, func(i int) error {
		return s.call("POST", "/v1/wholesale/customers", fmt.Sprintf(`{"provisioningId":%q,"externalId":"c%d","packages":["webex_calling"],"address":%s,
			"customerInfo":{"name":"Customer %d","primaryEmail":"owner%d@example.com"},
			"provisioningParameters":{"calling":{"location":{"name":"L","timezone":"America/Chicago","language":"en_us","address":%s}}}}`,
			template.ProvisioningID, i, address, i, i, address), nil)
	})
	if err != nil {
		return err
	}
	var list struct {
		Items []struct{ ID, OrgID, Status string }
	}
	questions := time.NewTicker(10 * time.Millisecond) // as a client asks that was told 202
	defer questions.Stop()
	for len(list.Items) == 0 || list.Items[0].Status != "provisioned" {
		if err := s.call("GET", "/v1/wholesale/customers?externalId=c0", "", &list); err != nil {
			return err
		}
		<-questions.C
	}
	s.macs, s.lines = make([]string, devices), make([]line, sipLines)
	if err := each(devices, func(i int) error { return s.seedDevice(i, list.Items[0].ID, list.Items[0].OrgID) }); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "seeded %d customers and %d phones in %s\n", customers, devices, time.Since(began).Round(time.Millisecond))
	return nil
}

// seedDevice makes a person with a phone in its open enrolment window; the first phones have a password that the load knows.
func (s *server) seedDevice(i int, customer, org string) error {
	var sub struct{ PersonID string }
	if err := s.call("POST", "/v1/wholesale/subscribers", fmt.Sprintf(`{"customerId":%q,"email":"p%d@example.com","package":"webex_calling",
		"provisioningParameters":{"firstName":"Person","lastName":"%d","extension":"%d"}}`, customer, i, i, 10000+i), &sub); err != nil {
		return err
	}
	models := []string{"Cisco 8851", "Yealink T54W", "Poly VVX 450"}
	var device struct{ ID, MAC string }
	mac := fmt.Sprintf("02D1A1%06X", i)
	own := ""
	if i < sipLines {
		own = fmt.Sprintf(`,"password":%q`, password)
	}
	if err := s.call("POST", "/v1/devices?orgId="+org, fmt.Sprintf(`{"mac":%q,"model":%q,"personId":%q%s}`, mac, models[i%3], sub.PersonID, own), &device); err != nil {
		return err
	}
	s.macs[i] = strings.ToLower(mac)
	if i < sipLines {
		var details struct{ Owner struct{ LinePort string } }
		if err := s.call("GET", "/v1/telephony/config/devices/"+device.ID, "", &details); err != nil {
			return err
		}
		user, domain, _ := strings.Cut(details.Owner.LinePort, "@")
		s.lines[i] = line{user, domain}
	}
	return s.call("POST", "/hub/v1/devices/"+device.ID+"/enrolment", `{"minutes":120}`, nil)
}

// each runs work for 0 to n-1, several at a time, and returns the first error.
func each(n int, work func(int) error) error {
	next := make(chan int)
	failed := make(chan error, seedersAll)
	var all sync.WaitGroup
	for range seedersAll {
		all.Go(func() {
			for i := range next {
				if err := work(i); err != nil {
					select {
					case failed <- fmt.Errorf("item %s: %w", strconv.Itoa(i), err):
					default:
					}
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
