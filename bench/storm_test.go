package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The size of the storm, and how many of its phones come a second: what one machine with clients and server on two cores can bear. STORM_PHONES and
// STORM_RATE change them.
const (
	stormPhones = 100_000
	stormRate   = 700
)

// stormAccess is the password that each phone of the storm shows.
const stormAccess = "Storm-Access-Password-1"

// BenchmarkStorm lets 100,000 phones of one customer come back behind one address, at an even rate and whether or not the server keeps up: each opens a TLS
// connection, asks for its file, is challenged, and asks again with digest authentication. A latency is counted from when the phone was due. Beside them
// somebody guesses addresses.
func BenchmarkStorm(b *testing.B) {
	phones, rate := fromEnvironment("STORM_PHONES", stormPhones), fromEnvironment("STORM_RATE", stormRate)
	s, err := start("")
	if err != nil {
		b.Fatal(err)
	}
	defer s.stop()
	if err := s.seedCrowd(phones); err != nil {
		b.Fatal(err)
	}
	for _, resumed := range []bool{true, false} {
		b.Run(map[bool]string{true: "resumed", false: "full-handshakes"}[resumed], func(b *testing.B) {
			b.ResetTimer()
			for range b.N {
				weather := storm{server: s, phones: phones, rate: rate, resumed: resumed}
				weather.run(b)
			}
		})
	}
}

func fromEnvironment(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return usual
}

// storm is one run.
type storm struct {
	server       *server
	phones, rate int
	resumed      bool

	mu        sync.Mutex
	latencies []time.Duration
	failed    atomic.Int64
	reasons   sync.Map // of failures, each once
}

func (w *storm) run(b *testing.B) {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12} // loopback: the certificate isn't what is measured
	if w.resumed {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(16)
	}
	due := make(chan int, w.phones)
	prober, stopProber := context.WithCancel(b.Context())
	var probing sync.WaitGroup
	var probes probes
	probing.Go(func() { probes.run(prober, w.server.doors["https"], config.Clone()) })

	began, before := time.Now(), w.server.processorTime()
	interval := time.Second / time.Duration(w.rate)
	var all sync.WaitGroup
	for range 256 { // phones at a time; those that are due and can't come yet wait, and that is counted
		all.Go(func() {
			for i := range due {
				when := began.Add(time.Duration(i) * interval)
				<-time.After(time.Until(when))
				err := w.boot(w.server.macs[i], config)
				w.note(time.Since(when), err)
			}
		})
	}
	for i := range w.phones {
		due <- i
	}
	close(due)
	all.Wait()
	took, worked := time.Since(began), w.server.processorTime()-before
	stopProber()
	probing.Wait()
	b.ReportMetric(float64(w.phones)/took.Seconds(), "phones/s")
	b.ReportMetric(float64(worked.Microseconds())/1000/float64(w.phones), "server-CPU-ms/phone") // what it takes of processors without clients on them
	b.ReportMetric(milliseconds(w.latencies, 50), "p50-ms")
	b.ReportMetric(milliseconds(w.latencies, 99), "p99-ms")
	b.ReportMetric(float64(w.failed.Load()), "failed")
	b.ReportMetric(w.server.peakMemory(), "peak-MiB")
	b.ReportMetric(float64(probes.throttled.Load()), "probes-throttled")
	b.ReportMetric(float64(probes.served.Load()), "probes-served")
	b.ReportMetric(0, "ns/op")
	w.reasons.Range(func(reason, _ any) bool {
		b.Log(reason)
		return true
	})
}

func (w *storm) note(latency time.Duration, err error) {
	if err != nil {
		w.failed.Add(1)
		w.reasons.Store(err.Error(), true)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latencies = append(w.latencies, latency)
}

// boot is what a phone does that was here before.
func (w *storm) boot(mac string, config *tls.Config) error {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", w.server.doors["https"], config)
	if err != nil {
		return fmt.Errorf("connect: %w", errors.Unwrap(err))
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	reader := bufio.NewReader(conn)
	path := "/" + mac + ".cfg"
	status, challenge, _, err := fetch(conn, reader, path, "")
	if err != nil || status != http.StatusUnauthorized {
		return errors.Join(fmt.Errorf("first request: %d", status), err)
	}
	status, _, body, err := fetch(conn, reader, path, answerTo(challenge, mac, stormAccess, path))
	if err != nil || status != http.StatusOK || !bytes.Contains(body, []byte("account.1.password")) {
		return errors.Join(fmt.Errorf("second request: %d", status), err)
	}
	return nil
}

func fetch(w io.Writer, r *bufio.Reader, path, authorization string) (status int, challenge string, body []byte, err error) {
	request := "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Yealink SIP-T54W 96.86.0.70\r\n"
	if authorization != "" {
		request += "Authorization: " + authorization + "\r\n"
	}
	if _, err := io.WriteString(w, request+"\r\n"); err != nil {
		return 0, "", nil, err
	}
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, "", nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	for _, header := range response.Header.Values("WWW-Authenticate") {
		if md5Challenge.MatchString(header) {
			challenge = header
		}
	}
	return response.StatusCode, challenge, body, err
}

var (
	md5Challenge   = regexp.MustCompile(`^Digest .*algorithm=MD5\b`)
	challengeField = regexp.MustCompile(`(realm|nonce)="([^"]*)"`)
)

// answerTo answers a digest challenge (RFC 7616 section 3.4, MD5 with qop auth).
func answerTo(challenge, user, password, path string) string {
	fields := map[string]string{}
	for _, m := range challengeField.FindAllStringSubmatch(challenge, -1) {
		fields[m[1]] = m[2]
	}
	hash := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	const count, client = "00000001", "5ca1ab1e"
	response := hash(hash(user+":"+fields["realm"]+":"+password) + ":" + fields["nonce"] + ":" + count + ":" + client + ":auth:" + hash("GET:"+path))
	return fmt.Sprintf(`Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=MD5, qop=auth, nc=%s, cnonce=%q, response=%q`,
		user, fields["realm"], fields["nonce"], path, count, client, response)
}

// probes are somebody's guesses from the same address: a MAC address after the other, each with a made-up password.
type probes struct{ throttled, served atomic.Int64 }

func (p *probes) run(ctx context.Context, address string, config *tls.Config) {
	guess := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}
	defer guess.CloseIdleConnections()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://%s/805ec1%06x.cfg", address, i), nil)
		if err != nil {
			return
		}
		request.SetBasicAuth(fmt.Sprintf("805ec1%06x", i), "guess")
		if response, err := guess.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			switch response.StatusCode {
			case http.StatusOK:
				p.served.Add(1)
			case http.StatusServiceUnavailable, http.StatusTooManyRequests:
				p.throttled.Add(1)
			}
		}
		select {
		case <-ctx.Done():
		case <-every.C:
		}
	}
}
