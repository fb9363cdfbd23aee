package httpcfg

import (
	"bytes"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAFailedHandshakeIsTold(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"http: TLS handshake error from 192.0.2.7:4000: remote error: tls: unknown certificate authority": "192.0.2.7:4000 remote error: tls: unknown certificate authority",
		"http: TLS handshake error from [2001:db8::7]:4000: tls: no cipher suite":                         "[2001:db8::7]:4000 tls: no cipher suite",
		"http: TLS handshake error from [::ffff:192.0.2.7]:4000: tls: x":                                  "192.0.2.7:4000 tls: x",
		"http: TLS handshake error from 192.0.2.7:4000: EOF":                                              "",
		"http: TLS handshake error from nobody: tls: x":                                                   "",
		"http: Server closed": "",
	} {
		got := ""
		var log bytes.Buffer
		h := handshakes{logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), told: func(peer netip.AddrPort, why string) { got = peer.String() + " " + why }}
		n, err := h.Write([]byte(line + "\n"))
		assert.NoError(t, err)
		assert.Equal(t, len(line)+1, n)
		assert.Equal(t, want, got, line)
		assert.Contains(t, log.String(), "http: ")
	}
}

func FuzzParseHandshake(f *testing.F) {
	f.Add("http: TLS handshake error from 192.0.2.7:4000: remote error: tls: unknown certificate authority")
	f.Fuzz(func(t *testing.T, line string) {
		peer, why, ok := parseHandshake(line)
		if ok && (!peer.IsValid() || why == "EOF") {
			t.Fatalf("%q is %s %q", line, peer, why)
		}
	})
}
