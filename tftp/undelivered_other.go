//go:build !linux

package tftp

import (
	"net"
	"net/netip"
	"syscall"
)

// reportUndelivered does nothing: other systems tell connected sockets alone. A transfer to a peer that is gone ends when it wasn't acknowledged for the
// last time.
func reportUndelivered(string, string, syscall.RawConn) error { return nil }

func undelivered(*net.UDPConn) netip.AddrPort { return netip.AddrPort{} }
