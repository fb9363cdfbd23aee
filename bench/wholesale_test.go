package bench_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/store/pgtest"
)

// subscribersEach is how many people each customer of BenchmarkWholesale has: the usual one has fewer than twenty.
const subscribersEach = 10

// BenchmarkWholesale is a back office that onboards customers with ten subscribers each, several at a time: it provisions one, asks until that is done,
// and subscribes its people. One iteration is one customer; -benchtime 1000x onboards a thousand.
func BenchmarkWholesale(b *testing.B) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.URL} {
		b.Run(name, func(b *testing.B) {
			s, err := start(database(b))
			if s != nil {
				defer s.stop()
			}
			if err != nil {
				b.Fatal(err)
			}
			o := &onboarding{server: s}
			if err := o.prepare(); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			began := time.Now()
			if err := each(b.N, o.customer); err != nil {
				b.Fatal(err)
			}
			took := time.Since(began).Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(b.N)/took, "customers/s")
			b.ReportMetric(float64(b.N*subscribersEach)/took, "subscribers/s")
			b.ReportMetric(milliseconds(o.provisioned, 99), "p99-provisioned-ms")
			b.ReportMetric(milliseconds(o.subscribed, 50), "p50-subscribe-ms")
			b.ReportMetric(milliseconds(o.subscribed, 99), "p99-subscribe-ms")
			b.ReportMetric(s.peakMemory(), "peak-MiB")
		})
	}
}

// onboarding is one back office at work, and what it measured.
type onboarding struct {
	server   *server
	template string
	round    atomic.Int64

	mu          sync.Mutex
	provisioned []time.Duration // from the request to the answer that says provisioned
	subscribed  []time.Duration // of each POST
}

func (o *onboarding) prepare() error {
	var template struct{ ProvisioningID string }
	err := o.server.call("POST", "/hub/v1/templates", `{"name":"Bench","country":"US","language":"en_US","subscriptionId":"S"}`, &template)
	o.template = template.ProvisioningID
	return err
}

// customer onboards one customer with its people.
func (o *onboarding) customer(int) error {
	i := o.round.Add(1)
	began := time.Now()
	var accepted struct{ URL string }
	err := o.server.call("POST", "/v1/wholesale/customers", fmt.Sprintf(`{"provisioningId":%q,"externalId":"c%d","packages":["webex_calling"],"address":%s,
		"customerInfo":{"name":"Customer %[2]d","primaryEmail":"owner%[2]d@example.com"},
		"provisioningParameters":{"calling":{"location":{"name":"L","timezone":"America/Chicago","language":"en_us","address":%[3]s}}}}`, o.template, i, address), &accepted)
	if err != nil {
		return err
	}
	id := accepted.URL[strings.LastIndexByte(accepted.URL, '/')+1:]
	questions := time.NewTicker(10 * time.Millisecond)
	defer questions.Stop()
	for status := ""; status != "provisioned"; <-questions.C {
		var c struct{ Status string }
		if err := o.server.call("GET", "/v1/wholesale/customers/"+id, "", &c); err != nil {
			return err
		}
		if status = c.Status; status == "provisioned" {
			break
		}
	}
	o.note(&o.provisioned, time.Since(began))
	for n := range subscribersEach {
		began := time.Now()
		err := o.server.call("POST", "/v1/wholesale/subscribers", fmt.Sprintf(`{"customerId":%q,"email":"p%d-%d@example.com","package":"webex_calling",
			"provisioningParameters":{"firstName":"Person","lastName":"%[3]d","extension":"%[4]d"}}`, id, i, n, 100+n), nil)
		if err != nil {
			return err
		}
		o.note(&o.subscribed, time.Since(began))
	}
	return nil
}

func (o *onboarding) note(list *[]time.Duration, d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*list = append(*list, d)
}

// milliseconds returns a percentile.
func milliseconds(list []time.Duration, percent int) float64 {
	slices.Sort(list)
	if len(list) == 0 {
		return 0
	}
	return float64(list[min(len(list)-1, len(list)*percent/100)].Microseconds()) / 1000
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is the most memory that the server's process has had, in MiB.
func (s *server) peakMemory() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	found := peak.FindSubmatch(status)
	if found == nil {
		return 0
	}
	kb, _ := strconv.ParseFloat(string(found[1]), 64) // the expression lets digits through alone
	return kb / 1024
}
