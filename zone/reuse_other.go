//go:build !linux || !(amd64 || arm64)

package zone

import "syscall"

// udpSockets is how many UDP sockets read one port: elsewhere than on Linux, clients aren't spread evenly among several.
func udpSockets() int { return 1 }

func sharePort(string, string, syscall.RawConn) error { return nil }
