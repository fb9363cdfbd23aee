package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"

	"dialtone/nodes"
	"dialtone/secret"
	"dialtone/zone"
)

// zonesCount is set in the environment of a process of ours that has to be the DNS door alone, with so many customers.
const zonesCount = "DIALTONE_BENCH_ZONES"

const (
	zonesParent = "sip.bench.example"
	zonesKey    = "bench.example."
	zonesSecret = "YmVuY2hlcyBoYXZlIG5vIHNlY3JldHMgYXQgYWxsLi4="
	// zonesWindow is how many questions one client has under way, and zonesClients how many clients there are.
	zonesWindow  = 32
	zonesClients = 4
	// zonesTurn is how long each server is asked before the other has its turn.
	zonesTurn   = 2 * time.Second
	zonesRounds = 3
)

// manyZones is a store with so many customers, all in memory: what the door keeps is measured, not the database.
type manyZones int

func (n manyZones) domain(i int) string { return fmt.Sprintf("c%06d.%s", i, zonesParent) }

// AnyTenantHasSIPDomain implements zone.Domains.
func (n manyZones) AnyTenantHasSIPDomain(_ context.Context, domain string) (bool, error) {
	digits, ok := strings.CutSuffix(domain, "."+zonesParent)
	i, err := strconv.Atoi(strings.TrimPrefix(digits, "c"))
	return ok && err == nil && i < int(n), nil
}

// AnyTenantZoneSerial implements zone.World.
func (n manyZones) AnyTenantZoneSerial(context.Context) (uint32, error) { return 7, nil }

// AnyTenantNodes implements zone.World.
func (n manyZones) AnyTenantNodes(context.Context) ([]nodes.Node, error) { return nil, nil }

// AnyTenantSIPDomains implements zone.World.
func (n manyZones) AnyTenantSIPDomains(_ context.Context, after string, limit int) ([]string, error) {
	first := 0
	if after != "" {
		i, err := strconv.Atoi(after[1:7])
		if err != nil {
			return nil, err
		}
		first = i + 1
	}
	var out []string
	for i := first; i < int(n) && len(out) < limit; i++ {
		out = append(out, n.domain(i))
	}
	return out, nil
}

// beZones is the DNS door with so many customers, until its standard input ends.
func beZones(count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	server, err := zone.New(zone.Config{
		Parent: zonesParent, Domains: manyZones(n), World: manyZones(n), Host: "192.0.2.1", Ports: zone.Ports{UDP: 5060, TCP: 5060, TLS: 5061},
		Secondaries: []zone.Secondary{{Name: "nsd", From: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Key: zonesKey, Secret: secret.New(zonesSecret)}},
		CookieKey:   []byte("0123456789abcdef"), Logger: slog.New(slog.DiscardHandler), Asked: func(zone.Asked) {},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	at, err := server.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(at) //nolint:forbidigo // its parent reads it
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return server.Run(ctx)
}

// BenchmarkDNSBesideNSD asks us and NSD, which has a copy of our zone, for the SRV records of customers by turns in one run: with 1, 2,000 and 50,000 customers.
func BenchmarkDNSBesideNSD(b *testing.B) {
	program := "/usr/sbin/nsd"
	if _, err := os.Stat(program); err != nil {
		b.Skip("NSD isn't installed (Debian: nsd): there is nothing to compare with")
	}
	for _, n := range []manyZones{1, 2_000, 50_000} {
		b.Run(fmt.Sprintf("zones=%d", int(n)), func(b *testing.B) {
			ours := startZones(b, n)
			theirs := startNSD(b, program, ours, n)
			questions := questionsFor(b, n)
			var us, them []float64
			answersPerSecond(b, ours, questions, n.warmUp()) // what is asked for the first time is made then
			answersPerSecond(b, theirs, questions, time.Second)
			for range zonesRounds {
				us = append(us, answersPerSecond(b, ours, questions, zonesTurn))
				them = append(them, answersPerSecond(b, theirs, questions, zonesTurn))
			}
			slices.Sort(us)
			slices.Sort(them)
			b.ReportMetric(us[zonesRounds/2], "answers/s")
			b.ReportMetric(them[zonesRounds/2], "nsd-answers/s")
			b.ReportMetric(us[zonesRounds/2]/them[zonesRounds/2], "of-nsd")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func (n manyZones) warmUp() time.Duration { return time.Second + time.Duration(n)*40*time.Microsecond }

func questionsFor(b *testing.B, n manyZones) [][]byte {
	b.Helper()
	out := make([][]byte, n)
	for i := range out {
		m := new(dns.Msg).SetQuestion("_sips._tcp."+n.domain(i)+".", dns.TypeSRV)
		m.RecursionDesired = false
		packed, err := m.SetEdns0(1232, false).Pack()
		if err != nil {
			b.Fatal(err)
		}
		out[i] = packed
	}
	return out
}

// answersPerSecond asks with all clients for a while and counts what was answered.
func answersPerSecond(b *testing.B, at string, questions [][]byte, d time.Duration) float64 {
	b.Helper()
	var answered atomic.Int64
	var clients sync.WaitGroup
	began := time.Now()
	for range zonesClients {
		clients.Go(func() {
			if err := askFor(at, questions, began.Add(d), &answered); err != nil {
				b.Error(err)
			}
		})
	}
	clients.Wait()
	return float64(answered.Load()) / time.Since(began).Seconds()
}

// askFor is one client: a window of questions, then their answers.
func askFor(at string, questions [][]byte, until time.Time, answered *atomic.Int64) error {
	conn, err := net.Dial("udp", at)
	if err != nil {
		return err
	}
	defer conn.Close()
	batch := ipv4.NewPacketConn(conn.(*net.UDPConn))
	out, in := make([]ipv4.Message, zonesWindow), make([]ipv4.Message, zonesWindow)
	for i := range in {
		in[i].Buffers = [][]byte{make([]byte, 1500)}
		out[i].Buffers = [][]byte{nil}
	}
	for time.Now().Before(until) {
		for i := range out {
			out[i].Buffers[0] = questions[rand.IntN(len(questions))]
		}
		sent := 0
		for sent < zonesWindow {
			n, err := batch.WriteBatch(out[sent:], 0)
			if err != nil {
				return err
			}
			sent += n
		}
		if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			return err
		}
		for got := 0; got < zonesWindow; {
			n, err := batch.ReadBatch(in[got:], 0)
			if err != nil {
				break // one was lost: on with the next
			}
			for _, m := range in[got : got+n] {
				if m.N < 12 || m.Buffers[0][3]&0xF != 0 || m.Buffers[0][7] == 0 {
					return fmt.Errorf("an answer without records: % x", m.Buffers[0][:m.N])
				}
			}
			got += n
			answered.Add(int64(n))
		}
	}
	return nil
}

func startZones(b *testing.B, n manyZones) string {
	b.Helper()
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), zonesCount+"="+strconv.Itoa(int(n)))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := cmd.StdinPipe() // its end is the door's, whatever becomes of us
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	var at string
	if _, err := fmt.Fscanln(out, &at); err != nil {
		b.Fatal(err)
	}
	return at
}

// startNSD starts NSD as our secondary, and waits until it has the last customer.
func startNSD(b *testing.B, program, primary string, n manyZones) string {
	b.Helper()
	dir := b.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	at := free.Addr().String()
	_ = free.Close()
	var file bytes.Buffer
	_, _ = fmt.Fprintf(&file, `server:
  ip-address: %[1]s
  username: ""
  zonesdir: "%[2]s"
  database: ""
  pidfile: "%[2]s/nsd.pid"
  xfrdfile: "%[2]s/xfrd.state"
  zonelistfile: "%[2]s/zone.list"
  xfrdir: "%[2]s"
  logfile: "%[2]s/nsd.log"
  server-count: 2
  reuseport: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
key:
  name: "%[3]s"
  algorithm: hmac-sha256
  secret: "%[4]s"
zone:
  name: "%[5]s"
  zonefile: "%[2]s/zone"
  request-xfr: AXFR %[6]s %[3]s
`, strings.ReplaceAll(at, ":", "@"), dir, zonesKey, zonesSecret, zonesParent, strings.ReplaceAll(primary, ":", "@"))
	path := filepath.Join(dir, "nsd.conf")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "-d", "-c", path)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	client := dns.Client{Timeout: 200 * time.Millisecond}
	for range 300 {
		got, _, err := client.Exchange(new(dns.Msg).SetQuestion(n.domain(int(n)-1)+".", dns.TypeA), at)
		if err == nil && len(got.Answer) == 1 {
			return at
		}
		<-ticker.C
	}
	log, _ := os.ReadFile(filepath.Join(dir, "nsd.log"))
	b.Fatalf("NSD doesn't have the zone after 30 seconds: %s", log)
	return ""
}
