package tftp_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	pin "github.com/pin/tftp/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"dialtone/fault"
	"dialtone/tftp"
)

// need returns the path of a program, or skips the test; where nothing may be skipped (CI=true) it fails.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			require.FailNow(t, program+" isn't installed")
		}
		t.Skip(program + " isn't installed")
	}
	return path
}

// bytesOf makes a body that no two places of are alike, with line ends of all kinds in it.
func bytesOf(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "line %d\n\r\r\n\x00\xff", i)
	}
	return b.Bytes()[:size]
}

func files(sizes ...int) FixedCore {
	core := FixedCore{}
	for _, size := range sizes {
		core[long+"f"+strconv.Itoa(size)] = bytesOf(size)
	}
	return core
}

// run runs a program and returns what it printed and its exit code.
func run(t *testing.T, program string, args ...string) (string, int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), need(t, program), args...)
	out, err := command.CombinedOutput()
	if command.ProcessState == nil {
		require.NoError(t, err)
	}
	return string(out), command.ProcessState.ExitCode()
}

func TestPinReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	core := files(0, 1, 511, 512, 513, 4096, 100_000)
	address := start(t, tftp.Config{Core: core})
	for name, want := range core {
		for _, blockSize := range []int{0, 512, 1428, 65464} {
			client, err := pin.NewClient(address.String())
			require.NoError(t, err)
			client.RequestTSize(true)
			if blockSize > 0 {
				client.SetBlockSize(blockSize)
			}
			for _, mode := range []string{"octet", "netascii"} {
				transfer, err := client.Receive(name, mode)
				require.NoError(t, err)
				size, ok := transfer.(pin.IncomingTransfer).Size()
				assert.True(t, ok)
				var got bytes.Buffer
				_, err = transfer.WriteTo(&got)
				require.NoError(t, err)
				if mode == "octet" { // in the other this client loses what it can't keep of a carriage return
					assert.Equal(t, string(want), got.String(), "%s in blocks of %d", name, blockSize)
					assert.EqualValues(t, len(want), size)
				}
			}
		}
	}
}

func TestCurlReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	core := files(1, 512, 4096, 100_000)
	for name, config := range map[string]tftp.Config{
		"own ports": {Core: core}, "single port": {Core: core, SinglePort: true},
		"large blocks": {Core: core, MaxBlockSize: 65464}, "large blocks, single port": {Core: core, MaxBlockSize: 65464, SinglePort: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			curlReads(t, start(t, config), core)
		})
	}
}

func curlReads(t *testing.T, address netip.AddrPort, core FixedCore) {
	t.Helper()
	for _, size := range []string{"1", "512", "4096", "100000"} {
		for _, options := range [][]string{
			nil, {"--tftp-no-options"}, {"--tftp-blksize", "512"}, {"--tftp-blksize", "1428"}, {"--tftp-blksize", "65464"}, {"--tftp-blksize", "8"},
		} {
			out, code := run(t, "curl", append(options, "-sS", fmt.Sprintf("tftp://%s/%sf%s", address, long, size))...)
			assert.Zero(t, code, "%s %s", size, options)
			assert.Equal(t, string(core[long+"f"+size]), out, "%s %s", size, options)
		}
	}
}

// atftp is a client that asks for windows.
func TestAtftpReadsInWindows(t *testing.T) {
	t.Parallel()
	core := files(1, 4096, 100_000)
	for _, single := range []bool{false, true} {
		address := start(t, tftp.Config{Core: core, SinglePort: single})
		for name, want := range core {
			for _, window := range []string{"1", "4", "64"} {
				file := filepath.Join(t.TempDir(), "file")
				out, code := run(t, "atftp", "--option", "windowsize "+window, "--option", "blksize 1428", "-g", "-r", name, "-l", file,
					address.Addr().String(), strconv.Itoa(int(address.Port())))
				require.Zero(t, code, out)
				got, err := os.ReadFile(file)
				require.NoError(t, err)
				assert.Equal(t, string(want), string(got), "%s in windows of %s", name, window)
			}
		}
	}
}

func TestCurlUnderstandsRefusals(t *testing.T) {
	t.Parallel()
	address := start(t, tftp.Config{Core: files(1)})
	denied := start(t, tftp.Config{Core: RefusingCore{fault.New(fault.Denied, "No.")}})
	_, code := run(t, "curl", "-sS", fmt.Sprintf("tftp://%s/nothing", address))
	assert.Equal(t, 68, code, "file not found on TFTP server")
	_, code = run(t, "curl", "-sS", fmt.Sprintf("tftp://%s/f", denied))
	assert.Equal(t, 69, code, "permission problem on TFTP server")
	_, code = run(t, "curl", "-sS", "--path-as-is", fmt.Sprintf("tftp://%s/../../etc/passwd", address))
	assert.NotZero(t, code)

	file := filepath.Join(t.TempDir(), "upload")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	_, code = run(t, "curl", "-sS", "-T", file, fmt.Sprintf("tftp://%s/f1", address))
	assert.Equal(t, 69, code, "permission problem on TFTP server")
}

// tftpHPA runs Debian's client, whose answers are in its output and not in its exit code alone.
func tftpHPA(t *testing.T, address netip.AddrPort, mode string, command ...string) (string, int) {
	t.Helper()
	args := []string{"-m", mode, address.Addr().String(), strconv.Itoa(int(address.Port())), "-c"}
	return run(t, "tftp", append(args, command...)...)
}

func TestTheDebianClientReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	core := files(0, 1, 512, 4096, 100_000)
	address := start(t, tftp.Config{Core: core})
	for name, want := range core {
		for _, mode := range []string{"octet", "netascii"} {
			file := filepath.Join(t.TempDir(), "file")
			out, code := tftpHPA(t, address, mode, "get", name, file)
			require.Zero(t, code, out)
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "%s in %s: it takes netascii off again", name, mode)
		}
	}
}

func TestTheDebianClientUnderstandsRefusals(t *testing.T) {
	t.Parallel()
	address := start(t, tftp.Config{Core: files(1)})
	file := filepath.Join(t.TempDir(), "file")
	out, _ := tftpHPA(t, address, "octet", "get", "nothing", file) // its exit code is 0 whatever happens
	assert.Contains(t, out, "Error code 1: not found")
	out, _ = tftpHPA(t, address, "octet", "get", "../../etc/passwd", file)
	assert.Contains(t, out, "Error code 0: bad request")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	out, _ = tftpHPA(t, address, "octet", "put", file, "f1")
	assert.Contains(t, out, "Error code 2: read only")
}

func TestSilenceLooksLikeALostPacketToAClient(t *testing.T) {
	t.Parallel()
	address := start(t, tftp.Config{Core: RefusingCore{fault.New(fault.Unavailable, "The database doesn't answer.")}})
	client, err := pin.NewClient(address.String())
	require.NoError(t, err)
	client.SetTimeout(20 * time.Millisecond)
	client.SetRetries(2)
	client.SetBackoff(func(int) time.Duration { return 0 })
	_, err = client.Receive("f", "octet")
	assert.ErrorContains(t, err, "i/o timeout")
}

func TestManyTransfersAtATime(t *testing.T) {
	t.Parallel()
	core := files(100_000)
	address := start(t, tftp.Config{Core: core, MaxTransfers: 400})
	var clients errgroup.Group
	for range 100 {
		clients.Go(func() error {
			client, err := pin.NewClient(address.String())
			if err != nil {
				return err
			}
			client.SetBlockSize(1428)
			transfer, err := client.Receive(long+"f100000", "octet")
			if err != nil {
				return err
			}
			var got bytes.Buffer
			if _, err := transfer.WriteTo(&got); err != nil {
				return err
			}
			if !bytes.Equal(got.Bytes(), core[long+"f100000"]) {
				return fmt.Errorf("got %d other bytes", got.Len())
			}
			return nil
		})
	}
	assert.NoError(t, clients.Wait())
}
