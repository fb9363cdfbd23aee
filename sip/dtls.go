package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/dtls/v3"
)

// listenDTLS opens a DTLS 1.2 listener with the certificates of TLS. Its connections are served like TLS ones, but that each record is one
// whole message, as a UDP datagram is. pion answers a first hello with a cookie before it spends any arithmetic, and has no more than 128
// connections waiting; what is accepted falls under our own limits.
func (s *Server) listenDTLS(ctx context.Context, address string) (netip.AddrPort, error) {
	if err := s.noCertificate("DTLS", address); err != nil {
		return netip.AddrPort{}, err
	}
	at, err := resolveUDP(ctx, address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listening for SIP over DTLS on %s: %w", address, err)
	}
	listener, err := dtls.ListenWithOptions("udp", at, dtls.WithGetCertificate(s.certificate))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listening for SIP over DTLS on %s: %w", address, err)
	}
	s.sockets.streams = append(s.sockets.streams, streamListener{listener, "dtls"})
	return localAddr(listener.Addr()), nil
}

// certificate picks the certificate as crypto/tls would for the same name.
func (s *Server) certificate(hello *dtls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.config.TLS.GetCertificate != nil {
		certificate, err := s.config.TLS.GetCertificate(&tls.ClientHelloInfo{ServerName: hello.ServerName})
		if certificate != nil || err != nil {
			return certificate, err
		}
	}
	if len(s.config.TLS.Certificates) == 0 {
		return nil, errors.New("no certificate")
	}
	return &s.config.TLS.Certificates[0], nil
}

// resolveUDP reads an address whose host may be a name.
func resolveUDP(ctx context.Context, address string) (*net.UDPAddr, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil || host == "" {
		return &net.UDPAddr{Port: port}, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(addrs[0].Unmap(), uint16(port))), nil //nolint:gosec // G115: LookupPort returns 0 to 65535
}
