package httpcfg

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"strings"

	"dialtone/provisioning"
)

// maxHops bounds how many entries of X-Forwarded-For are looked at.
const maxHops = 16

// arrival is whence a request came, as far as those can be believed who say so.
type arrival struct {
	peer         netip.AddrPort // of the phone, or of what is nearest to it; its port is 0 when a proxy names the phone
	transport    provisioning.Transport
	certificates []*x509.Certificate // of the phone, its own first
	proxy        netip.Addr          // who passed the request on; invalid when nobody did
}

// arrivalOf reads whence a request came: from the connection, or from the headers of a proxy that the operator trusts. Anybody else's headers are as if
// they weren't there.
func (h *handler) arrivalOf(r *http.Request) arrival {
	a := arrival{peer: peerOf(r), transport: h.listener.transport}
	if h.trusts(a.peer.Addr()) {
		return h.throughProxy(r, a)
	}
	if r.TLS != nil {
		a.certificates = bounded(r.TLS.PeerCertificates)
	}
	return a
}

// throughProxy is what a trusted proxy says. A certificate of the connection would be the proxy's own. What came to the proxy in the clear is HTTP even
// when the proxy speaks TLS with us, as others may have read it.
func (h *handler) throughProxy(r *http.Request, a arrival) arrival {
	a.proxy = a.peer.Addr()
	a.peer = h.beforeProxies(r.Header["X-Forwarded-For"], a.peer)
	if scheme := strings.Join(r.Header["X-Forwarded-Proto"], ","); scheme != "" {
		a.transport = provisioning.HTTP
		if strings.EqualFold(strings.TrimSpace(scheme), "https") {
			a.transport = provisioning.HTTPS
		}
	}
	if a.transport == provisioning.HTTPS {
		a.certificates = h.config.CertificateHeader.read(r.Header)
	}
	return a
}

// beforeProxies returns the last hop that isn't a trusted proxy: what stands before it in the header, anybody may have written there. Where an entry
// can't be read, the hop after it is the last that we know.
func (h *handler) beforeProxies(forwardedFor []string, peer netip.AddrPort) netip.AddrPort {
	hops := 0
	for i := len(forwardedFor) - 1; i >= 0; i-- {
		for rest, more := forwardedFor[i], true; more; hops++ {
			entry := rest
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, entry = rest[:comma], rest[comma+1:]
			} else {
				more = false
			}
			hop, ok := parseHop(strings.TrimSpace(entry))
			if !ok || hops == maxHops {
				return peer
			}
			if peer = hop; !h.trusts(hop.Addr()) {
				return peer
			}
		}
	}
	return peer
}

// parseHop reads an address with or without a port: some proxies write one.
func parseHop(entry string) (netip.AddrPort, bool) {
	if address, err := netip.ParseAddr(entry); err == nil && address.Zone() == "" {
		return netip.AddrPortFrom(address.Unmap(), 0), true
	}
	if hop, err := netip.ParseAddrPort(entry); err == nil && hop.Addr().Zone() == "" {
		return netip.AddrPortFrom(hop.Addr().Unmap(), hop.Port()), true
	}
	return netip.AddrPort{}, false
}

// trusts reports whether an address is of a proxy whose word is taken.
func (h *handler) trusts(address netip.Addr) bool {
	for _, network := range h.config.Proxies {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// peerOf returns who is at the other end of the connection, an IPv4 address as such even when it came through an IPv6 socket.
func peerOf(r *http.Request) netip.AddrPort {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}
