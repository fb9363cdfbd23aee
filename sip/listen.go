package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"dialtone/fault"
)

// Listen says where to listen: a host:port for each transport, port 0 for a free one, and "" for not at all. UDP and TCP with the same
// text share one port also when it is 0. DTLS is SIP messages in DTLS 1.2 records over UDP, one each.
// WSS is SIP in WebSockets over TLS.
type Listen struct{ UDP, TCP, TLS, DTLS, WSS string }

// Addresses says where a server listens; zero for the transports that it doesn't.
type Addresses struct{ UDP, TCP, TLS, DTLS, WSS netip.AddrPort }

// sockets are the open ones.
type sockets struct {
	udp     *net.UDPConn
	streams []streamListener
}

// streamListener accepts the connections of one transport.
type streamListener struct {
	net.Listener
	transport string
}

// udpBuffer asks the kernel for room for a burst of some thousand requests, as when power comes back to a whole site. It gives what its
// own limit allows.
const udpBuffer = 4 << 20

// Listen opens the sockets; it is called once, before Run, which serves and closes them. The error names the transport and the address, and
// is fault.Invalid when TLS or DTLS has no certificate. After an error nothing is open.
func (s *Server) Listen(ctx context.Context, at Listen) (Addresses, error) {
	addresses, err := s.listen(ctx, at)
	if err != nil {
		s.sockets.close()
		s.sockets = sockets{}
		return Addresses{}, err
	}
	s.addresses = addresses
	return addresses, nil
}

func (s *Server) listen(ctx context.Context, at Listen) (a Addresses, err error) {
	if a.UDP, a.TCP, err = s.listenPlain(ctx, at.UDP, at.TCP); err != nil {
		return a, err
	}
	if at.TLS != "" {
		if a.TLS, err = s.listenTLS(ctx, "tls", at.TLS); err != nil {
			return a, err
		}
	}
	if at.WSS != "" {
		if a.WSS, err = s.listenTLS(ctx, "wss", at.WSS); err != nil {
			return a, err
		}
	}
	if at.DTLS != "" {
		if a.DTLS, err = s.listenDTLS(ctx, at.DTLS); err != nil {
			return a, err
		}
	}
	return a, nil
}

// listenPlain opens UDP, and TCP on the same port if both are to share it. A free UDP port may be taken for TCP, so that port 0 is tried
// some times.
func (s *Server) listenPlain(ctx context.Context, udp, tcp string) (u, t netip.AddrPort, err error) {
	const tries = 20
	shared := udp == tcp && udp != ""
	for range tries {
		at := tcp
		if udp != "" {
			if u, err = s.listenUDP(ctx, udp); err != nil {
				return u, t, err
			}
			if shared {
				at = u.String()
			}
		}
		if tcp == "" {
			return u, t, nil
		}
		if t, err = s.listenTCP(ctx, at); err == nil || !shared || at == tcp {
			return u, t, err
		}
		_ = s.sockets.udp.Close()
		s.sockets.udp = nil
	}
	return u, t, err
}

func (s *Server) listenUDP(ctx context.Context, address string) (netip.AddrPort, error) {
	var config net.ListenConfig
	conn, err := config.ListenPacket(ctx, "udp", address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listening for SIP over UDP on %s: %w", address, err)
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		_ = conn.Close()
		return netip.AddrPort{}, errors.New("listening for SIP over UDP: the system gave something else")
	}
	_ = udp.SetReadBuffer(udpBuffer)
	s.sockets.udp = udp
	return localAddr(udp.LocalAddr()), nil
}

func (s *Server) listenTCP(ctx context.Context, address string) (netip.AddrPort, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listening for SIP over TCP on %s: %w", address, err)
	}
	s.sockets.streams = append(s.sockets.streams, streamListener{listener, "tcp"})
	return localAddr(listener.Addr()), nil
}

// noCertificate refuses TLS and DTLS without a certificate to show.
func (s *Server) noCertificate(transport, address string) error {
	if s.config.TLS != nil && (len(s.config.TLS.Certificates) > 0 || s.config.TLS.GetCertificate != nil) {
		return nil
	}
	return fault.New(fault.Invalid, "SIP over %s on %s needs a certificate.", transport, address)
}

func localAddr(addr net.Addr) netip.AddrPort {
	parsed, _ := netip.ParseAddrPort(addr.String()) // of our own socket: always an address and a port
	return netip.AddrPortFrom(parsed.Addr().Unmap(), parsed.Port())
}

func (s *sockets) close() {
	if s.udp != nil {
		_ = s.udp.Close()
	}
	for _, l := range s.streams {
		_ = l.Close()
	}
}
