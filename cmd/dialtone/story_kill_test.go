package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// creates COUNT KILL_AT FILE: creates people with a phone each, several at a time, kills the server with SIGKILL when KILL_AT phones are
// acknowledged, and writes the acknowledged MAC addresses to FILE.
func creates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: creates COUNT KILL_AT FILE")
	}
	var count, killAt int
	_, err := fmt.Sscan(args[0]+" "+args[1], &count, &killAt)
	ts.Check(err)
	var acknowledged atomic.Int64
	var mu sync.Mutex
	var macs []string
	work := make(chan int)
	killed := make(chan struct{})
	var workers sync.WaitGroup
	admin, token, customerID, org := ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("CUSTOMER"), ts.Getenv("ORG")
	for range 8 {
		workers.Go(func() {
			for i := range work {
				mac, ok := createOne(admin, token, customerID, org, i)
				if !ok {
					continue
				}
				mu.Lock()
				macs = append(macs, mac)
				mu.Unlock()
				if acknowledged.Add(1) == int64(killAt) {
					_ = storyOf(ts).server.Process.Kill()
					close(killed)
				}
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	workers.Wait()
	<-killed
	_ = storyOf(ts).server.Wait()
	storyOf(ts).server = nil
	if len(macs) == count {
		ts.Fatalf("the server was killed too late: all %d were acknowledged", count)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Join(macs, "\n")), 0o600))
}

// createOne creates a person and a phone, and says whether the phone was acknowledged.
func createOne(admin, token, customerID, org string, i int) (string, bool) {
	status, answer, err := ask(admin, token, "POST", "/v1/wholesale/subscribers", fmt.Sprintf(
		`{"customerId":%q,"email":"p%d@crash.example","package":"webex_calling","provisioningParameters":{"extension":"%d"}}`, customerID, i, 10000+i))
	var sub struct {
		PersonID string `json:"personId"`
	}
	if err != nil || status != 200 || json.Unmarshal(answer, &sub) != nil {
		return "", false
	}
	mac := fmt.Sprintf("0004F2%06X", i)
	status, _, err = ask(admin, token, "POST", "/v1/devices?orgId="+org, fmt.Sprintf(`{"mac":%q,"model":"Poly VVX 450","personId":%q}`, mac, sub.PersonID))
	return mac, err == nil && status == 200
}

// complete FILE: checks that every MAC address of the file is a device, and that every device there is whole: it has a person, a line, and files.
func complete(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: complete FILE")
	}
	devices := map[string]string{}
	for start := 0; ; start += 100 {
		status, answer, err := ask(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), "GET", fmt.Sprintf("/v1/devices?orgId=%s&max=100&start=%d", ts.Getenv("ORG"), start), "")
		ts.Check(err)
		var page struct {
			Items []struct{ ID, MAC, PersonID string }
		}
		if status != 200 || json.Unmarshal(answer, &page) != nil {
			ts.Fatalf("devices: %d %s", status, answer)
		}
		for _, d := range page.Items {
			if d.PersonID == "" {
				ts.Fatalf("device %s has nobody", d.MAC)
			}
			devices[d.MAC] = d.ID
		}
		if len(page.Items) < 100 {
			break
		}
	}
	for mac := range strings.SplitSeq(ts.ReadFile(args[0]), "\n") {
		if devices[mac] == "" {
			ts.Fatalf("%s was acknowledged and is lost", mac)
		}
	}
	for mac, id := range devices {
		status, answer, err := ask(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), "GET", "/hub/v1/devices/"+id+"/files", "")
		ts.Check(err)
		if status != 200 || !strings.Contains(string(answer), strings.ToLower(mac)) {
			ts.Fatalf("%s is half a phone: %d %s", mac, status, answer)
		}
	}
	ts.Logf("%d devices are there and whole", len(devices))
}

// accept COUNT NAME: creates a template, and asks for customers NAME-0, NAME-1, ... several at a time; each is acknowledged, and none is waited for.
func accept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: accept COUNT NAME")
	}
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	api(ts, false, []string{"201", "POST", "/hub/v1/templates", fmt.Sprintf(`{"name":%q,"country":"US","language":"en_US","subscriptionId":"Sub-1"}`, args[1])})
	let(ts, false, []string{"PROVISIONING_ID", "provisioningId"})
	admin, token, template := ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("PROVISIONING_ID")
	var refused atomic.Int64
	var all sync.WaitGroup
	for i := range count {
		all.Go(func() {
			name := fmt.Sprintf("%s-%d", args[1], i)
			status, _, err := ask(admin, token, "POST", "/v1/wholesale/customers", fmt.Sprintf(`{"provisioningId":%q,"externalId":%q,"packages":["webex_calling"],
				"address":%s,"customerInfo":{"name":%[2]q,"primaryEmail":"owner@%[2]s.example"},
				"provisioningParameters":{"calling":{"location":{"name":%[2]q,"timezone":"America/Chicago","language":"en_us","address":%[3]s}}}}`, template, name, sampleAddress))
			if err != nil || status != 202 {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if n := refused.Load(); n > 0 {
		ts.Fatalf("%d of %d weren't accepted", n, count)
	}
}
