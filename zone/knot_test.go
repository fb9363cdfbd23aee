package zone_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Knot does, too.
func TestKnotServesACopy(t *testing.T) {
	t.Parallel()
	knot := daemon(t, "knotd", "knot")
	servesACopy(t, func(there, primary string) { runKnot(t, knot, there, primary) })
}

func runKnot(t *testing.T, knot, at, primary string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "knot") // its control socket's path mayn't be long
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	host, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	text := strings.NewReplacer("DIR", dir, "HOST", host, "PORT", port, "PRIMARY", strings.ReplaceAll(primary, ":", "@"), "SECRET", keySecret).Replace(`
server:
    listen: HOST@PORT
    rundir: "DIR"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "DIR"
log:
  - target: stderr
    any: info
key:
  - id: ns2.example.net
    algorithm: hmac-sha256
    secret: "SECRET"
remote:
  - id: primary
    address: PRIMARY
    key: ns2.example.net
acl:
  - id: told
    address: 127.0.0.0/8
    key: ns2.example.net
    action: notify
zone:
  - domain: sip.example.com
    storage: "DIR"
    master: primary
    acl: told
`)
	file := filepath.Join(dir, "knot.conf")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	var said bytes.Buffer
	cmd := exec.Command(knot, "-c", file)
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
}
