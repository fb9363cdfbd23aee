package bench_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icholy/digest"
	"github.com/miekg/dns"
	"github.com/pin/tftp/v3"
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
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // G402: loopback, and the certificate isn't what is measured
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
	b.Run("spread", func(b *testing.B) { fetch(b, func() int { return rand.IntN(devices) }) })
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
	response, err := c.Get(url) //nolint:noctx // the client has a time limit
	if err != nil {
		b.Error(err)
		return
	}
	n, err := io.Copy(io.Discard, response.Body)
	if response.Body.Close(); err != nil || response.StatusCode != http.StatusOK || n == 0 {
		b.Errorf("%s: %d, %d bytes, %v", url, response.StatusCode, n, err)
	}
}

// BenchmarkTFTP fetches a bootstrap file over TFTP, a transfer each.
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
		for pb.Next() {
			transfer, err := c.Receive("y000000000096.cfg", "octet")
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

// BenchmarkRegistrations registers lines over UDP: each is a challenge, an answer to it, and a stored binding.
func BenchmarkRegistrations(b *testing.B) {
	s := sample(b)
	var next atomic.Int64
	b.SetParallelism(4 * clientsPerCore)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		p, err := newRegistrant(s.doors["sip"])
		if err != nil {
			b.Error(err)
			return
		}
		defer p.connection.Close()
		for pb.Next() {
			if err := p.register(s.lines[next.Add(1)%sipLines]); err != nil {
				b.Error(err)
				return
			}
		}
	})
	perSecond(b, "registrations")
}

// registrant is the smallest phone that can register: one socket, no retransmissions.
type registrant struct {
	connection net.Conn
	cseq       int
	id         string
	buffer     []byte
}

func newRegistrant(address string) (*registrant, error) {
	connection, err := net.Dial("udp", address)
	if err != nil {
		return nil, err
	}
	return &registrant{connection: connection, id: fmt.Sprintf("%x", rand.Uint64()), buffer: make([]byte, 4096)}, nil
}

var challengeHeader = regexp.MustCompile(`(?mi)^WWW-Authenticate: (Digest .*algorithm="?MD5"?.*)\r$`)

func (p *registrant) register(l line) error {
	answer, err := p.ask(l, "")
	if err != nil {
		return err
	}
	found := challengeHeader.FindStringSubmatch(answer)
	if found == nil {
		return fmt.Errorf("no challenge in %q", answer)
	}
	challenge, err := digest.ParseChallenge(found[1])
	if err != nil {
		return err
	}
	credentials, err := digest.Digest(challenge, digest.Options{Method: "REGISTER", URI: "sip:" + l.domain, Username: l.user, Password: password, Count: 1})
	if err != nil {
		return err
	}
	answer, err = p.ask(l, "Authorization: "+credentials.String()+"\r\n")
	if err == nil && !strings.HasPrefix(answer, "SIP/2.0 200 ") {
		return fmt.Errorf("not registered: %q", answer)
	}
	return err
}

func (p *registrant) ask(l line, authorization string) (string, error) {
	p.cseq++
	here := p.connection.LocalAddr().String()
	request := fmt.Sprintf("REGISTER sip:%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;branch=z9hG4bK%[3]s%[4]d;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%[5]s@%[1]s>;tag=%[3]s\r\nTo: <sip:%[5]s@%[1]s>\r\nCall-ID: %[3]s%[5]s\r\nCSeq: %[4]d REGISTER\r\n"+
		"Contact: <sip:%[5]s@%[2]s>\r\nExpires: 3600\r\n%[6]sContent-Length: 0\r\n\r\n", l.domain, here, p.id, p.cseq, l.user, authorization)
	if _, err := p.connection.Write([]byte(request)); err != nil {
		return "", err
	}
	if err := p.connection.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	n, err := p.connection.Read(p.buffer)
	return string(p.buffer[:n]), err
}
