package sip_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/sip"
)

// The core tells phones through this door.
var _ provisioning.Notifier = (*sip.Server)(nil)

// quick makes the timers of a transaction short: F is 64 times as long.
func quick(c *sip.Config) { c.T1 = 5 * time.Millisecond }

// registered connects alice's phone, registers it, and returns its connection and the binding.
func registered(t *testing.T, transport string, addresses sip.Addresses) (net.Conn, provisioning.Binding) {
	t.Helper()
	conn := dial(t, transport, addresses)
	r := register{callID: transport + "-call"}
	challenge := exchange(t, conn, r.text(""))
	found := noncePattern.FindStringSubmatch(challenge)
	require.NotNil(t, found, challenge)
	require.Contains(t, exchange(t, conn, r.text(found[1])), "SIP/2.0 200 OK")
	source, err := netip.ParseAddrPort(conn.LocalAddr().String())
	require.NoError(t, err)
	if source.Addr().IsUnspecified() { // of a socket that isn't connected
		source = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), source.Port())
	}
	return conn, provisioning.Binding{Contact: "sip:alice@192.0.2.10:5070", Transport: transport, Source: source}
}

func checkSync(b provisioning.Binding) provisioning.Notification {
	return provisioning.Notification{
		Binding: b, UserName: "alice", Domain: "acme.sip.test", Event: "check-sync;reboot=false",
		HA1: func(a digest.Algorithm, realm string) (string, error) {
			return digest.HA1(a, "alice", realm, secret.New("wonderland")), nil
		},
	}
}

// told is what became of a notification.
type told struct {
	answer provisioning.NotifyAnswer
	err    error
}

func notify(t *testing.T, server *sip.Server, n provisioning.Notification) <-chan told {
	t.Helper()
	out := make(chan told, 1)
	go func() {
		answer, err := server.Notify(t.Context(), n)
		out <- told{answer, err}
	}()
	return out
}

// reply answers a request as phones do: with its Via, From, To, Call-ID and CSeq.
func reply(request, status string, more ...string) string {
	lines := []string{"SIP/2.0 " + status}
	for line := range strings.SplitSeq(request, "\r\n") {
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			if strings.HasPrefix(line, name+":") {
				lines = append(lines, line)
			}
		}
	}
	lines = append(lines, more...)
	return strings.Join(append(lines, "Content-Length: 0", "", ""), "\r\n")
}

func TestAPhoneIsToldTheWayThatItCame(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp", "tls", "dtls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, newFixedCore(), func(c *sip.Config) { c.TLS = certificate(t); c.T1 = time.Minute })
			conn, binding := registered(t, transport, run(t, server, everywhere))
			require.True(t, server.Reaches(binding))
			done := notify(t, server, checkSync(binding))
			request := receive(t, conn)
			assert.True(t, strings.HasPrefix(request, "NOTIFY sip:alice@192.0.2.10:5070 SIP/2.0\r\nVia: SIP/2.0/"), request)
			for _, line := range []string{
				"\r\nTo: <sip:alice@acme.sip.test>\r\n", "\r\nEvent: check-sync;reboot=false\r\n", "\r\nSubscription-State: terminated\r\n",
				"\r\nContent-Length: 0\r\n", "\r\nCSeq: 1 NOTIFY\r\n", "\r\nMax-Forwards: 70\r\n", " pbx.example.net:", ";rport\r\n",
			} {
				assert.Contains(t, request, line)
			}
			_, err := conn.Write([]byte(reply(request, "100 Trying")))
			require.NoError(t, err)
			_, err = conn.Write([]byte(reply(request, "200 OK")))
			require.NoError(t, err)
			got := <-done
			require.NoError(t, got.err)
			assert.Equal(t, provisioning.NotifyAnswer{Status: 200, Reason: "OK"}, got.answer)
		})
	}
}

func TestAPhoneThatAsksWhoWeAreIsTold(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []digest.Algorithm{digest.MD5, digest.SHA256} {
		for status, names := range map[string][2]string{
			"401 Unauthorized":                  {"WWW-Authenticate", "Authorization"},
			"407 Proxy Authentication Required": {"Proxy-Authenticate", "Proxy-Authorization"},
		} {
			server := newServer(t, newFixedCore(), func(c *sip.Config) { c.T1 = time.Minute })
			conn, binding := registered(t, "udp", run(t, server, udpAlone))
			done := notify(t, server, checkSync(binding))
			first := receive(t, conn)
			_, err := conn.Write([]byte(reply(first, status, names[0]+": "+digest.Challenge(algorithm, "the phone", "n0nce", false))))
			require.NoError(t, err)
			second := receive(t, conn)
			assert.Contains(t, second, "CSeq: 2 NOTIFY\r\n")
			assert.Equal(t, field(first, "Call-ID"), field(second, "Call-ID"))
			assert.NotEqual(t, field(first, "Via"), field(second, "Via"))
			answer, err := digest.ParseAnswer(field(second, names[1]))
			require.NoError(t, err)
			assert.Equal(t, "sip:alice@192.0.2.10:5070", answer.URI)
			assert.True(t, answer.Matches(digest.HA1(algorithm, "alice", "the phone", secret.New("wonderland")), "NOTIFY"))
			_, err = conn.Write([]byte(reply(second, "200 OK")))
			require.NoError(t, err)
			got := <-done
			require.NoError(t, got.err)
			assert.Equal(t, provisioning.NotifyAnswer{Status: 200, Reason: "OK", Challenged: true}, got.answer)
		}
	}
}

var udpAlone = sip.Listen{UDP: "127.0.0.1:0"}

func field(message, name string) string {
	for line := range strings.SplitSeq(message, "\r\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

func TestAnUnansweredRequestIsSentAgainAndGivenUp(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), quick)
	conn, binding := registered(t, "udp", run(t, server, udpAlone))
	done := notify(t, server, checkSync(binding))
	first, second := receive(t, conn), receive(t, conn)
	assert.Equal(t, first, second, "timer E")
	got := <-done
	assert.Equal(t, fault.Unavailable, fault.KindOf(got.err), "timer F")
	assert.Contains(t, fault.Message(got.err), "didn't answer within 320ms")
}

func TestARequestOverAConnectionIsNotSentAgain(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), quick)
	conn, binding := registered(t, "tcp", run(t, server, sip.Listen{TCP: "127.0.0.1:0"}))
	require.Error(t, (<-notify(t, server, checkSync(binding))).err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	buffer := make([]byte, 16<<10)
	n, _ := conn.Read(buffer)
	assert.Equal(t, 1, bytes.Count(buffer[:n], []byte("NOTIFY sip:")))
}

func TestOnlyOneOfTwoPhonesBehindOneAddressIsTold(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.T1 = time.Minute })
	addresses := run(t, server, udpAlone)
	one, _ := registered(t, "udp", addresses)
	two, binding := registered(t, "udp", addresses)
	done := notify(t, server, checkSync(binding))
	request := receive(t, two)
	_, err := two.Write([]byte(reply(request, "200 OK")))
	require.NoError(t, err)
	require.NoError(t, (<-done).err)
	require.NoError(t, one.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = one.Read(make([]byte, 1))
	assert.ErrorContains(t, err, "timeout", "the other one hears nothing")
}

func TestAClosedConnectionIsNoWayToAPhone(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), quick)
	conn, binding := registered(t, "tcp", run(t, server, sip.Listen{TCP: "127.0.0.1:0"}))
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { return !server.Reaches(binding) }, patience, time.Millisecond)
	_, err := server.Notify(t.Context(), checkSync(binding))
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	_, err = server.Notify(t.Context(), checkSync(provisioning.Binding{Transport: "udp", Source: binding.Source, Contact: "sip:a@b"}))
	assert.Equal(t, fault.NotFound, fault.KindOf(err), "no UDP here")
}

func TestAnswersOfStrangersAreNotTaken(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.T1 = 20 * time.Millisecond })
	addresses := run(t, server, udpAlone)
	conn, binding := registered(t, "udp", addresses)
	done := notify(t, server, checkSync(binding))
	request := receive(t, conn)
	for _, wrong := range []string{
		strings.Replace(request, "branch=z9hG4bK", "branch=z9hG4bKx", 1),
		strings.Replace(request, "1 NOTIFY", "1 REGISTER", 1),
		strings.Replace(request, "Via: ", "Via: SIP/2.0/UDP elsewhere;branch=z9hG4bK1,", 1),
		strings.Replace(request, "CSeq: 1 NOTIFY\r\n", "", 1),
	} {
		_, err := conn.Write([]byte(reply(wrong, "200 OK")))
		require.NoError(t, err)
	}
	assert.Equal(t, fault.Unavailable, fault.KindOf((<-done).err))
}

func TestWhatAStrangerRegisteredCannotBreakARequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), quick)
	_, binding := registered(t, "udp", run(t, server, udpAlone))
	for _, change := range []func(*provisioning.Notification){
		func(n *provisioning.Notification) { n.Binding.Contact = "sip:a@b\r\nX: y" },
		func(n *provisioning.Notification) { n.Binding.Contact = "" },
		func(n *provisioning.Notification) { n.Event = "x\r\nY: z" },
		func(n *provisioning.Notification) { n.UserName = "x\n" },
	} {
		n := checkSync(binding)
		change(&n)
		_, err := server.Notify(t.Context(), n)
		assert.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func TestAProofThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	broken := errors.New("sealed")
	for challenge, want := range map[string]fault.Kind{
		`Digest realm="x", nonce="n", algorithm=SHA-512-256`: fault.Denied,
		`Digest realm="x", nonce="n"`:                        fault.KindOf(broken),
	} {
		server := newServer(t, newFixedCore(), func(c *sip.Config) { c.T1 = time.Minute })
		conn, binding := registered(t, "udp", run(t, server, udpAlone))
		n := checkSync(binding)
		n.HA1 = func(digest.Algorithm, string) (string, error) { return "", broken }
		done := notify(t, server, n)
		_, err := conn.Write([]byte(reply(receive(t, conn), "401 Unauthorized", "WWW-Authenticate: "+challenge)))
		require.NoError(t, err)
		assert.Equal(t, want, fault.KindOf((<-done).err))
	}
}

func TestAPathBecomesTheRoute(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), quick)
	conn, binding := registered(t, "udp", run(t, server, udpAlone))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := server.Flows().Send(ctx, sip.Target{Transport: "udp", Source: binding.Source, Path: []string{"<sip:edge.example.net;lr>"}},
			sip.Outgoing{Method: "OPTIONS", URI: "sip:alice@192.0.2.10", Headers: []sip.Header{{Name: "CSeq", Value: "1 OPTIONS"}}})
		ended <- err
	}()
	assert.Contains(t, receive(t, conn), "\r\nRoute: <sip:edge.example.net;lr>\r\n")
	cancel()
	assert.Equal(t, fault.Unavailable, fault.KindOf(<-ended))
}
