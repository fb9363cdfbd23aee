package bench_test

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
)

// boundLines are the lines of BenchmarkBindings, each with one binding.
const boundLines = 200_000

// BenchmarkBindings registers each of many lines once and reports what a binding more costs: resident memory of the server's process, and
// processor time. Both are differences between half of the lines and all of them, so that they hold everything that comes along with a binding (what is
// remembered of the line and of the phone's standing, its boot trace, and what the garbage collector hasn't got to yet) and not what the first phones
// bring about, such as the database's page caches.
func BenchmarkBindings(b *testing.B) {
	count := fromEnvironment("BINDINGS", boundLines)
	s, err := start("")
	if err != nil {
		b.Fatal(err)
	}
	defer s.stop()
	if err := s.seedCrowd(count); err != nil {
		b.Fatal(err)
	}
	at, err := netip.ParseAddrPort(s.doors["sip"])
	if err != nil {
		b.Fatal(err)
	}
	clients := clientsOf(b, at)
	for range b.N {
		half := count / 2
		registerTimes(b, s, clients, half)
		resident, cpu := s.resident(b), s.processorTime()
		registerFrom(b, s, clients, half, half)
		b.ReportMetric(float64(s.resident(b)-resident)/float64(half), "resident-B/binding")
		b.ReportMetric(float64((s.processorTime()-cpu).Microseconds())/float64(half), "cpu-us/registration")
	}
}

// resident returns the memory of the server's process in bytes, by proc(5).
func (s *server) resident(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
