package bench_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/provisioning"
	"dialtone/tftp"
)

// smallFile is a bootstrap of some 4 kB, with our CA's certificate in it; largeFile and its size are what a firmware could be.
const (
	smallFile = "dialtone-poly.cfg"
	largeFile = "firmware.bin"
	largeSize = 16 << 20
)

// doorFolder is set in the environment of a process of ours that has to be the door alone, serving the files of that folder.
const doorFolder = "DIALTONE_BENCH_TFTP_FOLDER"

// BenchmarkTFTPBesideHPA reads the same bytes from us and from tftpd-hpa, by turns in one run, and prints how many times as many transfers a second we
// serve. Many clients read a bootstrap that we render each time and that tftpd-hpa has in a file; then one client after the other reads a large file from
// the door alone, with and without windows, which tftpd-hpa doesn't know.
func BenchmarkTFTPBesideHPA(b *testing.B) {
	program, err := exec.LookPath("in.tftpd")
	if err != nil {
		b.Skip("in.tftpd isn't installed (Debian: tftpd-hpa): there is nothing to compare with")
	}
	folder := b.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil { // it reads as nobody
		b.Fatal(err)
	}
	hpa := startHPA(b, program, folder)
	b.Run("small", func(b *testing.B) { besideSmall(b, folder, hpa) })
	b.Run("large", func(b *testing.B) { besideLarge(b, folder, hpa) })
}

// besideSmall compares the whole server with tftpd-hpa.
func besideSmall(b *testing.B, folder string, hpa netip.AddrPort) {
	for _, flags := range [][]string{nil, {"--tftp-single-port"}} {
		name := "own-ports"
		if flags != nil {
			name = "single-port"
		}
		s, err := start("", flags...)
		if s != nil {
			b.Cleanup(s.stop)
		}
		if err != nil {
			b.Fatal(err)
		}
		ours := netip.MustParseAddrPort(s.doors["tftp"])
		body := (&reader{server: ours}).mustRead(b, smallFile, "tsize", "0")
		share(b, folder, smallFile, body)
		for _, blockSize := range []string{"512", "1428"} {
			b.Run(name+"/blksize-"+blockSize, func(b *testing.B) {
				compare(b, ours, hpa, clientsPerCore*2, smallFile, "tsize", "0", "blksize", blockSize)
			})
		}
	}
}

// besideLarge compares the door alone with tftpd-hpa.
func besideLarge(b *testing.B, folder string, hpa netip.AddrPort) {
	share(b, folder, largeFile, make([]byte, largeSize))
	ours := startDoor(b, folder)
	for _, windowSize := range []string{"1", "4", "16", "64"} {
		b.Run("windowsize-"+windowSize, func(b *testing.B) {
			compare(b, ours, hpa, 1, largeFile, "blksize", "1428", "windowsize", windowSize)
		})
	}
}

// compare has so many clients read a file b.N times from us and b.N times from tftpd-hpa, in turns so short that what else the machine does disturbs both.
func compare(b *testing.B, ours, hpa netip.AddrPort, clients int, file string, options ...string) {
	b.Helper()
	const turns = 4
	var took [2]time.Duration
	count := 0
	b.ResetTimer()
	for turn := range turns {
		share := b.N*(turn+1)/turns - b.N*turn/turns
		count += share
		for i, server := range []netip.AddrPort{ours, hpa} {
			began := time.Now()
			readMany(b, server, clients, share, file, options...)
			took[i] += time.Since(began)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(count)/took[0].Seconds(), "ours/s")
	b.ReportMetric(float64(count)/took[1].Seconds(), "tftpd-hpa/s")
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "ratio")
}

// readMany reads a file so many times.
func readMany(b *testing.B, server netip.AddrPort, clients, times int, file string, options ...string) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(times))
	var all sync.WaitGroup
	for range min(clients, times) {
		all.Go(func() {
			r := &reader{server: server}
			defer r.close()
			for left.Add(-1) >= 0 {
				if _, err := r.read(file, false, options...); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// share puts a file into the folder of tftpd-hpa.
func share(b *testing.B, folder, name string, body []byte) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), body, 0o644); err != nil {
		b.Fatal(err)
	}
}

// startHPA starts tftpd-hpa on a free port of loopback, until the benchmark ends.
func startHPA(b *testing.B, program, folder string) netip.AddrPort {
	b.Helper()
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	at := free.LocalAddr().(*net.UDPAddr).AddrPort()
	free.Close()
	cmd := exec.Command(program, "-L", "-4", "-s", folder, "-a", at.String())
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	share(b, folder, "ready", []byte("ready"))
	for deadline := time.Now().Add(10 * time.Second); ; {
		r := &reader{server: at, patience: 20 * time.Millisecond}
		_, err := r.read("ready", false)
		r.close()
		if err == nil {
			return at
		}
		if time.Now().After(deadline) {
			b.Skipf("in.tftpd doesn't answer: it must be started as root (%v)", err)
		}
	}
}

// startDoor starts a process of this program that is the TFTP door alone, until the benchmark ends.
func startDoor(b *testing.B, folder string) netip.AddrPort {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), doorFolder+"="+folder)
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
	return netip.MustParseAddrPort(at)
}

// folderCore serves the files of a folder, which it has read before.
type folderCore map[string][]byte

func (c folderCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	body, ok := c[r.Path]
	if !ok {
		return provisioning.Opened{}, os.ErrNotExist
	}
	return provisioning.Opened{Body: body}, nil
}

// beDoor is what the process of startDoor does, until its standard input ends.
func beDoor(folder string) error {
	body, err := os.ReadFile(filepath.Join(folder, largeFile))
	if err != nil {
		return err
	}
	server, err := tftp.New(tftp.Config{Core: folderCore{largeFile: body}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	at, err := server.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		cancel()
		return err
	}
	fmt.Fprintln(os.Stdout, at)
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	return server.Run(ctx)
}

// reader is a client as light as can be: the processors are the servers' to use.
type reader struct {
	server   netip.AddrPort
	patience time.Duration // 0 means 5 s
	conn     *net.UDPConn
	buffer   [2048]byte
	packet   []byte
}

func (r *reader) close() {
	if r.conn != nil {
		_ = r.conn.Close()
	}
}

func (r *reader) mustRead(b *testing.B, file string, options ...string) []byte {
	b.Helper()
	defer r.close()
	body, err := r.read(file, true, options...)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// read reads a file, and returns its bytes if they are to be kept. A packet that doesn't come is an error: loopback loses none.
func (r *reader) read(file string, keep bool, options ...string) ([]byte, error) {
	if r.conn == nil {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, err
		}
		_ = conn.SetReadBuffer(1 << 20)
		r.conn = conn
	}
	patience := r.patience
	if patience == 0 {
		patience = 5 * time.Second
	}
	_ = r.conn.SetReadDeadline(time.Now().Add(patience))
	r.packet = append(append(r.packet[:0], 0, 1), file+"\x00octet\x00"...)
	for _, o := range options {
		r.packet = append(append(r.packet, o...), 0)
	}
	if _, err := r.conn.WriteToUDPAddrPort(r.packet, r.server); err != nil {
		return nil, err
	}
	blockSize, window := 512, 1
	var body []byte
	for block, last := 0, false; !last; {
		size, from, err := r.conn.ReadFromUDPAddrPort(r.buffer[:])
		if err != nil {
			return nil, fmt.Errorf("%s from %s after block %d: %w", file, r.server, block, err)
		}
		switch number := int(binary.BigEndian.Uint16(r.buffer[2:])); r.buffer[1] {
		case 3:
			if number != (block+1)&0xffff {
				continue
			}
			block++
			last = size < 4+blockSize
			if keep {
				body = append(body, r.buffer[4:size]...)
			}
			if !last && block%window != 0 {
				continue
			}
		case 6:
			blockSize, window = agreed(r.buffer[2:size])
		default:
			return nil, errors.New("the server refused: " + strconv.Quote(string(r.buffer[:size])))
		}
		r.packet = binary.BigEndian.AppendUint16(append(r.packet[:0], 0, 4), uint16(block))
		if _, err := r.conn.WriteToUDPAddrPort(r.packet, from); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// agreed reads block size and window size out of an acknowledgement of options.
func agreed(options []byte) (blockSize, window int) {
	blockSize, window = 512, 1
	fields := splitFields(options)
	for i := 0; i+1 < len(fields); i += 2 {
		value, _ := strconv.Atoi(fields[i+1])
		switch fields[i] {
		case "blksize":
			blockSize = value
		case "windowsize":
			window = value
		}
	}
	return blockSize, window
}

func splitFields(b []byte) []string {
	var out []string
	begin := 0
	for i, c := range b {
		if c == 0 {
			out = append(out, string(b[begin:i]))
			begin = i + 1
		}
	}
	return out
}
