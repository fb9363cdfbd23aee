package tftp

import (
	"math"
	"net"
	"net/netip"
	"syscall"
)

// reportUndelivered makes the kernel tell a socket that isn't connected when a host says that a packet couldn't be delivered there (ip(7), IP_RECVERR).
// Without it a transfer to a peer that is gone would last until it isn't acknowledged for the last time.
func reportUndelivered(network, _ string, conn syscall.RawConn) error {
	return conn.Control(func(descriptor uintptr) {
		if network == "udp4" {
			_ = syscall.SetsockoptInt(int(descriptor), syscall.IPPROTO_IP, syscall.IP_RECVERR, 1)
		} else {
			_ = syscall.SetsockoptInt(int(descriptor), syscall.IPPROTO_IPV6, syscall.IPV6_RECVERR, 1)
		}
	})
}

// undelivered takes the next such message from the socket and returns where its packet was to go, the zero value when there is no message.
func undelivered(conn *net.UDPConn) netip.AddrPort {
	raw, err := conn.SyscallConn()
	if err != nil {
		return netip.AddrPort{}
	}
	var to syscall.Sockaddr
	_ = raw.Control(func(descriptor uintptr) {
		var packet [headerSize]byte
		var details [256]byte
		_, _, _, to, _ = syscall.Recvmsg(int(descriptor), packet[:], details[:], syscall.MSG_ERRQUEUE|syscall.MSG_DONTWAIT)
	})
	switch to := to.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(to.Addr), uint16(to.Port&math.MaxUint16))
	case *syscall.SockaddrInet6:
		address := netip.AddrFrom16(to.Addr)
		if link, err := net.InterfaceByIndex(int(to.ZoneId)); to.ZoneId != 0 && err == nil {
			address = address.WithZone(link.Name)
		}
		return netip.AddrPortFrom(address, uint16(to.Port&math.MaxUint16))
	default:
		return netip.AddrPort{}
	}
}
