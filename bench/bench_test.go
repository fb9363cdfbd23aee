package bench_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/pin/tftp/v3"

	"dialtone/secret"
)

// clientsPerCore is how many clients ask at the same time, for each core: enough to keep the server busy while answers are on their way.
const clientsPerCore = 8

// perSecond reports the figure that docs/performance.md keeps.
func perSecond(b *testing.B, what string) {
	b.Helper()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), what+"/s")
	b.ReportMetric(0, "ns/op")
}

// ownFile is the path of a phone's own file, by the model that seedDevice gave it.
func ownFile(s *server, i int) string {
	return s.macs[i] + []string{".xml", ".cfg", "-user.cfg"}[i%3]
}

// BenchmarkConfigurations fetches phones' own files over HTTPS on connections that stay open: each with the look-up of the phone, the question
// whether it may have the file, and the file, rendered or from memory.
func BenchmarkConfigurations(b *testing.B) {
	s := sample(b)
	secure := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		MaxIdleConnsPerHost: 64,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, // loopback, and the certificate isn't what is measured
	}}
	fetch := func(b *testing.B, pick func() int) {
		b.SetParallelism(clientsPerCore)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				get(b, secure, "https://"+s.doors["https"]+"/"+ownFile(s, pick()))
			}
		})
		perSecond(b, "files")
	}
	b.Run("spread", func(b *testing.B) { fetch(b, func() int { return rand.IntN(devices - untouched) }) })
	b.Run("hot", func(b *testing.B) { fetch(b, func() int { return rand.IntN(100) }) })
}

// BenchmarkBootstrap fetches what anybody may have over plain HTTP, rendered each time.
func BenchmarkBootstrap(b *testing.B) {
	s := sample(b)
	b.SetParallelism(clientsPerCore)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			get(b, client, "http://"+s.doors["http"]+"/y000000000096.cfg")
		}
	})
	perSecond(b, "files")
}

func get(b *testing.B, c *http.Client, url string) {
	b.Helper()
	response, err := c.Get(url) // the client has a time limit
	if err != nil {
		b.Error(err)
		return
	}
	n, err := io.Copy(io.Discard, response.Body)
	if response.Body.Close(); err != nil || response.StatusCode != http.StatusOK || n == 0 {
		b.Errorf("%s: %d, %d bytes, %v", url, response.StatusCode, n, err)
	}
}

// BenchmarkTFTP fetches bootstrap files of one to seven blocks of 512 bytes, each by the name that its phone asks for and from a new port, after an
// acknowledgement of the one option that is asked for: without any the first requests would be too short for an answer.
func BenchmarkTFTP(b *testing.B) {
	s := sample(b)
	b.SetParallelism(clientsPerCore)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, err := tftp.NewClient(s.doors["tftp"])
		if err != nil {
			b.Error(err)
			return
		}
		c.RequestTSize(true)
		for pb.Next() {
			transfer, err := c.Receive(ownFile(s, rand.IntN(devices)), "octet")
			if err != nil {
				b.Error(err)
				return
			}
			var file bytes.Buffer
			if _, err := transfer.WriteTo(&file); err != nil || file.Len() == 0 {
				b.Errorf("%d bytes, %v", file.Len(), err)
			}
		}
	})
	perSecond(b, "transfers")
}

// BenchmarkDNS asks for the SRV record of a customer's domain over UDP.
func BenchmarkDNS(b *testing.B) {
	s := sample(b)
	b.SetParallelism(clientsPerCore)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c := &dns.Client{Timeout: 5 * time.Second}
		connection, err := c.Dial(s.doors["dns"])
		if err != nil {
			b.Error(err)
			return
		}
		defer connection.Close()
		for pb.Next() {
			question := new(dns.Msg).SetQuestion("_sips._tcp."+s.lines[rand.IntN(sipLines)].domain+".", dns.TypeSRV)
			answer, _, err := c.ExchangeWithConn(question, connection)
			if err != nil || len(answer.Answer) == 0 {
				b.Errorf("%v %v", answer, err)
				return
			}
		}
	})
	perSecond(b, "answers")
}

// BenchmarkRegistrations registers lines over UDP: each is a challenge, an answer to it, and a stored binding. Each client has lines of its own, so that
// a line has one contact, as with phones.
func BenchmarkRegistrations(b *testing.B) {
	s := sample(b)
	crowd, err := s.registrants(4 * clientsPerCore * runtime.GOMAXPROCS(0))
	if err != nil {
		b.Fatal(err)
	}
	var started atomic.Int64
	b.SetParallelism(4 * clientsPerCore)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		client := int(started.Add(1)) - 1
		for i := client; pb.Next(); i = next(i, len(crowd)) {
			if err := crowd[client].Register(b.Context(), s.lines[i].user, s.lines[i].domain, secret.New(password)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	perSecond(b, "registrations")
}

// next is the line after i of the same client, around all lines.
func next(i, clients int) int {
	if i += clients; i >= sipLines {
		i %= clients
	}
	return i
}
