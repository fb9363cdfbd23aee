//go:build linux && (amd64 || arm64)

package zone

import (
	"runtime"
	"syscall"
)

// reusePort is SO_REUSEPORT, which the package syscall doesn't name: sockets of one port among which the system spreads clients.
const reusePort = 0xf

// udpSockets is how many UDP sockets read one port: one for each core.
func udpSockets() int { return min(runtime.GOMAXPROCS(0), maxSockets) }

// sharePort lets several sockets of ours have one port. Another server is still kept away: it would want the port's TCP side, which is one socket's alone.
func sharePort(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1) })
	if err != nil {
		return err
	}
	return failed
}
