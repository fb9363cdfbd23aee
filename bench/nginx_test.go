package bench_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hotFiles is how many phones ask where their files come from memory; nginx has these as static files. They are so many that each asks a few times, as in a
// storm: what many requests of one phone cost beside (the bound of its boot trace) is another question.
const hotFiles = 2_500

// round is how long one server is loaded before it is the other's turn; each has rounds of them, so that what else the machine does hits both.
const (
	round  = 2 * time.Second
	rounds = 3
)

// BenchmarkBesideNginx has nginx serve the same bytes as static files, in the same run, and tells how many of its answers ours makes: phones' own files
// over HTTPS with digest, whose sum the client computes too, and the bootstrap file over HTTP.
func BenchmarkBesideNginx(b *testing.B) {
	if _, err := exec.LookPath("nginx"); err != nil {
		b.Skip("nginx isn't installed: apt-get install nginx runs this benchmark")
	}
	s := sample(b)
	yealinks := s.yealinks(b, hotFiles)
	n := startNginx(b, s, yealinks)
	secure := &tls.Config{InsecureSkipVerify: true, ServerName: "phones.example.com"} // loopback, and the certificate isn't what is measured
	full := secure.Clone()
	full.SessionTicketsDisabled = true

	hot := func(c *loadClient) []byte { return s.ownRequest(b, c, yealinks[rand.IntN(hotFiles)]) }
	s.proveOnce(b, yealinks, secure)
	static := func(*loadClient) []byte { return plainRequest("/" + yealinks[rand.IntN(hotFiles)].file) }
	bootstrap := func(*loadClient) []byte { return plainRequest("/y000000000096.cfg") }
	for _, c := range []struct {
		name   string
		ours   load
		nginxs load
	}{
		{"http/bootstrap", load{address: s.doors["http"], request: bootstrap}, load{address: n.plain, request: bootstrap}},
		{"https/cached", load{address: s.doors["https"], tls: secure, request: hot}, load{address: n.secure, tls: secure, request: static}},
		{"https/resumed", load{address: s.doors["https"], tls: secure, fresh: true, request: hot}, load{address: n.secure, tls: secure, fresh: true, request: static}},
		{"https/handshakes", load{address: s.doors["https"], tls: full, fresh: true, request: hot}, load{address: n.secure, tls: full, fresh: true, request: static}},
	} {
		b.Run(c.name, func(b *testing.B) { beside(b, c.ours, c.nginxs) })
	}
	nginxs := load{address: n.secure, tls: secure, request: static}
	b.Run("https/enrolling", func(b *testing.B) {
		phones := make(chan string, untouched)
		for i := devices - untouched; i < devices; i++ {
			phones <- ownFile(s, i)
		}
		ours := load{address: s.doors["https"], tls: secure, request: func(*loadClient) []byte { return plainRequest("/" + <-phones) }}
		besideOnce(b, ours, nginxs, untouched)
	})
	b.Run("https/uncached", func(b *testing.B) {
		s.restart(b)
		besideOnce(b, s.eachOnce(b, yealinks, secure), nginxs, hotFiles)
	})
}

func beside(b *testing.B, ours, nginxs load) {
	clients := clientsPerCore * runtime.GOMAXPROCS(0)
	for b.Loop() {
		var own, other float64
		for range rounds {
			own += ours.perSecondOf(b, clients, round) / rounds
			other += nginxs.perSecondOf(b, clients, round) / rounds
		}
		report(b, own, other)
	}
}

func report(b *testing.B, own, other float64) {
	b.ReportMetric(own, "files/s")
	b.ReportMetric(other, "nginx/s")
	b.ReportMetric(own/other, "ratio")
	b.ReportMetric(0, "ns/op")
}

// eachOnce is the load of phones that each ask for their own file once.
func (s *server) eachOnce(b *testing.B, phones []ownPhone, secure *tls.Config) load {
	waiting := make(chan ownPhone, len(phones))
	for _, p := range phones {
		waiting <- p
	}
	return load{address: s.doors["https"], tls: secure, request: func(c *loadClient) []byte { return s.ownRequest(b, c, <-waiting) }}
}

// proveOnce has each phone show its credentials, which ends its enrolment window by a commit of its own: once in its life, and not what is measured here.
func (s *server) proveOnce(b *testing.B, phones []ownPhone, secure *tls.Config) {
	s.eachOnce(b, phones, secure).times(b, clientsPerCore, len(phones)/clientsPerCore)
}

// besideOnce asks us for each of so many files once, so that none comes from memory: by turns with nginx, a part of them each time. A server has to be new to
// the phones: either they are in their enrolment window, their credentials standing in those files, or it has just been started.
func besideOnce(b *testing.B, ours, nginxs load, files int) {
	clients := clientsPerCore * runtime.GOMAXPROCS(0)
	each := files / rounds / clients
	var took time.Duration
	var other float64
	for range rounds {
		began := time.Now()
		ours.times(b, clients, each)
		took += time.Since(began)
		other += nginxs.perSecondOf(b, clients, round) / rounds
	}
	for b.Loop() { // once: b.N would ask for the same phones again
	}
	report(b, float64(rounds*each*clients)/took.Seconds(), other)
}

// ownPhone is a phone with the name of its file and the credentials for it.
type ownPhone struct {
	file string
	own  credentials
}

var yealinkPassword = regexp.MustCompile(`(?m)^static\.auto_provision\.server\.password = (\S+)`)

// yealinks returns phones with the credentials that stand in their files.
func (s *server) yealinks(b *testing.B, count int) []ownPhone {
	b.Helper()
	secure := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer secure.CloseIdleConnections()
	var phones []ownPhone
	for i := 1; i < devices && len(phones) < count; i += 3 {
		body, err := bodyOf(secure, "https://"+s.doors["https"]+"/"+ownFile(s, i))
		found := yealinkPassword.FindSubmatch(body)
		if err != nil || found == nil {
			b.Fatalf("%s: %v", ownFile(s, i), err)
		}
		phones = append(phones, ownPhone{ownFile(s, i), credentials{s.macs[i], md5Hex(s.macs[i] + ":dialtone:" + string(found[1]))}})
	}
	return phones
}

// ownRequest asks for a phone's own file with digest; before its first one a client fetches a challenge.
func (s *server) ownRequest(b *testing.B, c *loadClient, p ownPhone) []byte {
	if c.nonce == "" {
		if err := c.challenge(s.doors["https"]); err != nil {
			b.Error(err)
		}
	}
	return c.digestRequest("/"+p.file, p.own)
}

var nonceOf = regexp.MustCompile(`nonce="([^"]+)"`)

// challenge fetches one for an unknown phone, on a connection of its own: it is the same for all.
func (c *loadClient) challenge(address string) error {
	other := &loadClient{reader: c.reader}
	if err := other.dial(address, &tls.Config{InsecureSkipVerify: true}); err != nil {
		return err
	}
	defer func() { other.close(); c.reader.Reset(c.conn) }()
	if _, err := other.conn.Write(plainRequest("/0200000000ff.xml")); err != nil {
		return err
	}
	_, challenge, err := other.answer()
	found := nonceOf.FindStringSubmatch(challenge)
	if err != nil || found == nil {
		return fmt.Errorf("no challenge: %q, %w", challenge, err)
	}
	c.nonce = found[1]
	return nil
}

func bodyOf(c *http.Client, url string) ([]byte, error) {
	response, err := c.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return body, err
}

// nginx is a running one.
type nginx struct{ plain, secure string }

const nginxConfig = `
worker_processes %d;
worker_rlimit_nofile 8192;
daemon off;
pid %[2]s/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
	access_log off;
	types { } default_type text/plain;
	sendfile on; tcp_nopush on; keepalive_requests 100000000;
	open_file_cache max=10000 inactive=60s; open_file_cache_valid 60s;
	client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi; uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
	server {
		listen %[3]s; listen %[4]s ssl;
		root %[2]s/files;
		ssl_certificate %[5]s/issued.pem; ssl_certificate_key %[5]s/issued.key;
		ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on;
	}
}
`

// startNginx starts nginx with a worker for each core, our certificate, and files that hold what we serve.
func startNginx(b *testing.B, s *server, hot []ownPhone) nginx {
	b.Helper()
	dir, err := os.MkdirTemp("", "nginx-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	files := filepath.Join(dir, "files")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(files, 0o755)); err != nil { // its workers run as another user
		b.Fatal(err)
	}
	secure := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer secure.CloseIdleConnections()
	urls := []string{"http://" + s.doors["http"] + "/y000000000096.cfg"}
	for _, p := range hot {
		urls = append(urls, "https://"+s.doors["https"]+"/"+p.file)
	}
	for _, url := range urls {
		body, err := bodyOf(secure, url)
		if err == nil {
			err = os.WriteFile(filepath.Join(files, url[strings.LastIndexByte(url, '/')+1:]), body, 0o644)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	n := nginx{plain: freeAddress(b), secure: freeAddress(b)}
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, runtime.GOMAXPROCS(0), dir, n.plain, n.secure, filepath.Join(s.dir, "data", "tls"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("nginx", "-p", dir, "-c", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	waitFor(b, n.secure)
	return n
}

func freeAddress(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// waitFor waits until somebody listens.
func waitFor(b *testing.B, address string) {
	b.Helper()
	tries := time.NewTicker(10 * time.Millisecond)
	defer tries.Stop()
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		<-tries.C
	}
	b.Fatalf("nobody listens on %s", address)
}
