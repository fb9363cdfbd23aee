package sip_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/echo"
	"dialtone/sip"
)

func TestLinphoneHearsItself(t *testing.T) {
	t.Parallel()
	need(t, "linphonec", "linphone-cli")
	for _, c := range []struct{ transport, encryption, words string }{
		{"udp", "none", "signalling in the clear over UDP, sound in the clear"},
		{"tcp", "dtls", "signalling in the clear over TCP, sound encrypted by DTLS-SRTP with A"},
		{"tls", "srtp", "signalling encrypted by TLS, sound encrypted by SDES-SRTP with A"},
		{"tls", "dtls", "signalling encrypted by TLS, sound encrypted by DTLS-SRTP with A"},
	} {
		t.Run(c.transport+" "+c.encryption, func(t *testing.T) {
			t.Parallel()
			addresses, records := newEcho(t, func(config *echo.Config) { config.MaxDuration = 4 * time.Second })
			l := startLinphone(t, addresses, c.transport, c.encryption)
			l.say("soundcard use files", "play tone.wav", "call sip:echo@acme.sip.test")
			first := next(t, records)
			require.Equal(t, echo.Answered, first.Event, first.Words)
			ended := next(t, records)
			assert.Contains(t, ended.Words, c.words)
			assertHeard(t, ended)
			l.say("quit")
		})
	}
}

// linphone is a running linphonec, which takes commands.
type linphone struct {
	t     *testing.T
	stdin io.Writer
}

func (l linphone) say(commands ...string) {
	l.t.Helper()
	for _, c := range commands {
		_, err := io.WriteString(l.stdin, c+"\n")
		require.NoError(l.t, err)
	}
}

// startLinphone starts a linphonec that isn't to outlive the test.
func startLinphone(t *testing.T, at sip.Addresses, transport, encryption string) linphone {
	t.Helper()
	folder := t.TempDir()
	port := map[string]uint16{"udp": at.UDP.Port(), "tcp": at.TCP.Port(), "tls": at.TLS.Port()}[transport]
	ports := map[string]int{transport: freePort(t)} // 0 switches a transport off, and this client doesn't pick a free one
	config := fmt.Sprintf(`[sip]
sip_port=%d
sip_tcp_port=%d
sip_tls_port=%d
use_ipv6=0
default_proxy=0
verify_server_certs=0
verify_server_cn=0
media_encryption=%s
media_encryption_mandatory=%d
[proxy_0]
reg_proxy=<sip:127.0.0.1:%d;transport=%s>
reg_route=<sip:127.0.0.1:%d;transport=%s;lr>
reg_identity=sip:alice@acme.sip.test
reg_expires=60
reg_sendregister=1
[auth_info_0]
username=alice
passwd=wonderland
realm=acme.sip.test
[rtp]
audio_rtp_port=-1
[net]
firewall_policy=0
`, ports["udp"], ports["tcp"], ports["tls"], encryption, map[bool]int{true: 1}[encryption != "none"], port, transport, port, transport)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, ".local/share/linphone"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "rc"), []byte(config), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tone.wav"), toneFile(20*time.Second), 0o600))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	command := exec.CommandContext(ctx, "linphonec", "-c", "rc", "-d", "6", "-l", filepath.Join(folder, "log"))
	command.Dir = folder
	command.Env = append(os.Environ(), "TERM=dumb", "HOME="+folder)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		quitting := time.AfterFunc(5*time.Second, cancel)
		_ = command.Wait() // it was told to quit
		quitting.Stop()
		cancel()
		if log, err := os.ReadFile(filepath.Join(folder, "log")); err == nil && t.Failed() {
			t.Log(tail(string(log)))
		}
	})
	return linphone{t: t, stdin: stdin}
}

// freePort returns a port that is free for TCP and UDP at this moment.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}
