package bench_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dialtone/phone"
	"dialtone/secret"
)

// kamailioConfig is Kamailio's own registrar with digest and bindings in memory, and nothing else.
const kamailioConfig = `
debug=0
log_stderror=yes
children=%d
disable_tcp=yes
listen=udp:%s
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
modparam("auth", "secret", "bench-only")
request_route {
	if (!pv_www_authenticate("$td", "%s", "0")) { www_challenge("$td", "1"); exit; }
	save("location");
}
`

// registeredLines are as many as a node of some size has.
const registeredLines = 20_000

// BenchmarkBesideKamailio registers the same lines at our server and at Kamailio, and reports the CPU time that each spends on one registration:
// challenge, digest and binding. Ours stores the binding in a database before it answers; Kamailio keeps it in memory.
func BenchmarkBesideKamailio(b *testing.B) {
	program, err := exec.LookPath("kamailio")
	if err != nil {
		b.Skip("kamailio isn't installed: apt-get install kamailio")
	}
	s, err := start("")
	if err != nil {
		b.Fatal(err)
	}
	defer s.stop()
	if err := s.seedCrowd(registeredLines); err != nil {
		b.Fatal(err)
	}
	theirs, root := startKamailio(b, program)
	ours, err := netip.ParseAddrPort(s.doors["sip"])
	if err != nil {
		b.Fatal(err)
	}
	for _, side := range []struct {
		name string
		at   netip.AddrPort
		root int
	}{{"dialtone", ours, s.cmd.Process.Pid}, {"kamailio", theirs, root}} {
		clients := clientsOf(b, side.at)
		b.Run(side.name, func(b *testing.B) {
			if b.N == 1 { // each line once, as a registrar that has been up for an hour knows its phones
				registerTimes(b, s, clients, registeredLines)
			}
			before := cpuOf(b, side.root)
			b.ResetTimer()
			registerTimes(b, s, clients, b.N)
			b.ReportMetric(float64((cpuOf(b, side.root)-before).Microseconds())/float64(b.N), "cpu-us/registration")
			perSecond(b, "registrations")
		})
	}
}

// registerTimes registers so many times, one line after the other, each line from the same client.
func registerTimes(b *testing.B, s *server, clients []*phone.Registrant, times int) {
	registerFrom(b, s, clients, 0, times)
}

// registerFrom is registerTimes from a line on, whose number is a multiple of that of the clients.
func registerFrom(b *testing.B, s *server, clients []*phone.Registrant, first, times int) {
	var done atomic.Int64
	var group sync.WaitGroup
	for c, p := range clients {
		group.Go(func() {
			for i := first + c; done.Add(1) <= int64(times); i += len(clients) {
				l := s.lines[i%len(s.lines)]
				if err := p.Register(b.Context(), l.user, l.domain, secret.New(password)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// clientsOf makes clients of a registrar, as many as ask at once: a number that divides that of the lines.
func clientsOf(b *testing.B, at netip.AddrPort) []*phone.Registrant {
	b.Helper()
	clients := make([]*phone.Registrant, 250)
	for i := range clients {
		var err error
		if clients[i], err = phone.NewRegistrant(phone.RegistrantConfig{Server: at, Timeout: 10 * time.Second}); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = clients[i].Close() })
	}
	return clients
}

// startKamailio starts it with a child for each core, and returns where it listens and its first process.
func startKamailio(b *testing.B, program string) (at netip.AddrPort, root int) {
	b.Helper()
	dir := b.TempDir()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := socket.LocalAddr().String()
	_ = socket.Close()
	file := filepath.Join(dir, "kamailio.cfg")
	text := fmt.Sprintf(kamailioConfig, runtime.GOMAXPROCS(0), address, password)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "-DD", "-E", "-m", "512", "-Y", dir, "-f", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	waitForSIP(b, address)
	return netip.MustParseAddrPort(address), cmd.Process.Pid
}

// waitForSIP waits until a request over UDP is answered.
func waitForSIP(b *testing.B, address string) {
	b.Helper()
	for range 100 {
		p, err := phone.NewRegistrant(phone.RegistrantConfig{Server: netip.MustParseAddrPort(address), Timeout: 200 * time.Millisecond})
		if err != nil {
			b.Fatal(err)
		}
		err = p.Register(b.Context(), "ready", "bench.test", secret.New(password))
		_ = p.Close()
		if err == nil {
			return
		}
	}
	b.Fatalf("nobody registers on %s", address)
}

// ticksPerSecond is the unit of /proc/PID/stat on every Linux that Go runs on.
const ticksPerSecond = 100

// cpuOf returns the CPU time of a process and its children.
func cpuOf(b *testing.B, root int) time.Duration {
	b.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	ticks := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parent, _ := strconv.Atoi(fields[1])
		if pid != root && parent != root {
			continue
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		ticks += user + system
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond
}
