package httpcfg

import (
	"log/slog"
	"net/netip"
	"strings"
)

// handshakes reads what the library has to say about connections. It says of a failed TLS handshake who and why, and nowhere else: the request never
// came to be.
type handshakes struct {
	logger *slog.Logger
	told   func(peer netip.AddrPort, why string) // nil: nobody
}

// handshakeError is how the library's line begins.
const handshakeError = "http: TLS handshake error from "

// Write takes one line.
func (h *handshakes) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	h.logger.Debug(printable(truncate(text, maxUserAgent)))
	if peer, why, ok := parseHandshake(text); ok && h.told != nil {
		h.told(peer, why)
	}
	return len(line), nil
}

// parseHandshake reads who failed to shake hands, and why. A connection that ended without a word is none: a probe, or a load balancer's check.
func parseHandshake(line string) (netip.AddrPort, string, bool) {
	rest, ok := strings.CutPrefix(line, handshakeError)
	if !ok {
		return netip.AddrPort{}, "", false
	}
	address, why, ok := strings.Cut(rest, ": ")
	peer, err := netip.ParseAddrPort(address)
	if !ok || err != nil || why == "EOF" {
		return netip.AddrPort{}, "", false
	}
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()), why, true
}
