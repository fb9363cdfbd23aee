package tftp

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// source says where a request came from, and to which of our addresses: the answer must come from the same one, or phones drop it.
type source struct {
	peer  netip.AddrPort
	local netip.Addr // invalid when the system doesn't say; then it picks one itself
}

// listener is the socket that requests come to.
type listener struct {
	address netip.AddrPort
	read    func(buffer []byte) (size int, from source, err error)
	write   func(packet []byte, to source) error // from the address that the peer asked
	// interrupt makes read fail until resume.
	interrupt func()
	resume    func()
	close     func()
}

func listen(ctx context.Context, address string) (*listener, error) {
	var lc net.ListenConfig
	open, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	conn := open.(*net.UDPConn) // as the network is "udp"
	// The kernel may grant less, which costs a phone a repetition in a storm and nothing else.
	_ = conn.SetReadBuffer(receiveBuffer)
	l := &listener{
		address:   conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		interrupt: func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) },
		resume:    func() { _ = conn.SetReadDeadline(time.Time{}) },
		close:     sync.OnceFunc(func() { _ = conn.Close() }),
	}
	switch local := l.address.Addr(); {
	case !local.IsUnspecified():
		l.read, l.write = readFrom(conn, local.Unmap()), writeFrom(conn, nil)
	case local.Is4():
		l.read, l.write = readFrom4(ipv4.NewPacketConn(conn)), writeFrom(conn, control4)
	default:
		l.read, l.write = readFrom6(ipv6.NewPacketConn(conn)), writeFrom(conn, control6)
	}
	return l, nil
}

// readFrom reads from a socket that has one address only.
func readFrom(conn *net.UDPConn, local netip.Addr) func([]byte) (int, source, error) {
	return func(buffer []byte) (int, source, error) {
		size, peer, err := conn.ReadFromUDPAddrPort(buffer)
		return size, newSource(peer, local), err
	}
}

// readFrom4 reads from a socket for all IPv4 addresses. Where the system doesn't say which one was asked, local stays invalid.
func readFrom4(conn *ipv4.PacketConn) func([]byte) (int, source, error) {
	_ = conn.SetControlMessage(ipv4.FlagDst, true)
	return func(buffer []byte) (int, source, error) {
		size, control, peer, err := conn.ReadFrom(buffer)
		if err != nil || control == nil {
			return size, newSource(addressOf(peer), netip.Addr{}), err
		}
		local, _ := netip.AddrFromSlice(control.Dst)
		return size, newSource(addressOf(peer), local), nil
	}
}

// readFrom6 reads from a socket for all addresses, IPv4 and IPv6.
func readFrom6(conn *ipv6.PacketConn) func([]byte) (int, source, error) {
	_ = conn.SetControlMessage(ipv6.FlagDst, true)
	return func(buffer []byte) (int, source, error) {
		size, control, peer, err := conn.ReadFrom(buffer)
		if err != nil || control == nil {
			return size, newSource(addressOf(peer), netip.Addr{}), err
		}
		local, _ := netip.AddrFromSlice(control.Dst)
		return size, newSource(addressOf(peer), local), nil
	}
}

// addressOf takes the address out of what a UDP socket returns, which is nil beside an error.
func addressOf(a net.Addr) netip.AddrPort {
	if udp, ok := a.(*net.UDPAddr); ok {
		return udp.AddrPort()
	}
	return netip.AddrPort{}
}

// newSource brings both addresses into one form; a link-local one is of the peer's link.
func newSource(peer netip.AddrPort, local netip.Addr) source {
	peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
	local = local.Unmap()
	if local.IsLinkLocalUnicast() && local.Is6() {
		local = local.WithZone(peer.Addr().Zone())
	}
	return source{peer: peer, local: local}
}

// isUs reports whether a request came to one of our addresses, as far as the system says. Those to everybody get no answer (RFC 1123 section 4.2.3.5).
func (s source) isUs() bool {
	return !s.local.IsMulticast() && s.local != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// writeFrom writes to a peer, from its source's local address if there is control, which renders that as a control message.
func writeFrom(conn *net.UDPConn, control func(local netip.Addr) []byte) func([]byte, source) error {
	return func(packet []byte, to source) error {
		var from []byte
		if control != nil && to.local.IsValid() {
			from = control(to.local)
		}
		_, _, err := conn.WriteMsgUDPAddrPort(packet, from, to.peer)
		return err
	}
}

func control4(local netip.Addr) []byte {
	return (&ipv4.ControlMessage{Src: local.AsSlice()}).Marshal()
}

// control6 is for a socket for all addresses. For an IPv4 peer even that takes the message of IPv4.
func control6(local netip.Addr) []byte {
	if local.Is4() {
		return control4(local)
	}
	return (&ipv6.ControlMessage{Src: local.AsSlice()}).Marshal()
}
