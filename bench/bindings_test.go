package bench_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// boundLines are the lines of BenchmarkBindings, each with one binding.
const boundLines = 200_000

// BenchmarkBindings registers each of many lines once and reports what a binding costs: resident memory of the server's process, and bytes of the database's
// files. Both are differences between before and after, so that they hold everything that comes along: the binding, what is remembered of the line and of
// the phone's standing, its boot trace, and what the garbage collector hasn't got to yet.
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
		registerTimes(b, s, clients, len(clients)) // whatever grows with the first phones has grown
		resident, stored, cpu := s.resident(b), s.stored(b), s.processorTime()
		registerTimes(b, s, clients, count)
		b.ReportMetric(float64(s.resident(b)-resident)/float64(count), "resident-B/binding")
		b.ReportMetric(float64(s.stored(b)-stored)/float64(count), "disk-B/binding")
		b.ReportMetric(float64((s.processorTime()-cpu).Microseconds())/float64(count), "cpu-us/registration")
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

// stored returns what the database's files take on the disk, in bytes.
func (s *server) stored(b *testing.B) int64 {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "data", "dialtone.db*"))
	if err != nil {
		b.Fatal(err)
	}
	var sum int64
	for _, file := range files {
		var stat syscall.Stat_t
		if err := syscall.Stat(file, &stat); err == nil {
			sum += stat.Blocks * 512
		}
	}
	return sum
}
