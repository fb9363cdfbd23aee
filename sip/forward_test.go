package sip_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/sip"
	"dialtone/upstream"
)

// What the product wires into this door.
var (
	_ sip.Upstreams = (*upstream.Service)(nil)
	_ sip.Lines     = (*provisioning.Service)(nil)
)

// OneUpstream is every partner's, and notes how it was met.
type OneUpstream struct {
	mu      sync.Mutex
	setting upstream.Setting
	at      netip.AddrPort
	refused error // of Admit
	failed  int
}

func (u *OneUpstream) InForce(context.Context, customer.OrgID) (upstream.Setting, bool, error) {
	return u.setting, u.setting.On, nil
}

func (u *OneUpstream) OfDomain(context.Context, string) (upstream.Setting, bool, error) {
	return u.setting, u.setting.On, nil
}

func (u *OneUpstream) Targets(context.Context, upstream.Setting) ([]netip.AddrPort, error) {
	return []netip.AddrPort{u.at}, nil
}

// Speaks knows the upstream by its port, too: all of a test is on one address.
func (u *OneUpstream) Speaks(context.Context, upstream.Setting, netip.Addr) bool { return true }

func (u *OneUpstream) Admit(upstream.Setting) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refused
}

func (u *OneUpstream) Back(upstream.Setting) time.Time { return time.Time{} }

func (u *OneUpstream) Answered(upstream.Setting, int) {}

func (u *OneUpstream) Failed(upstream.Setting, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failed++
}

func (u *OneUpstream) Lost(upstream.Setting) {}

func (u *OneUpstream) Demote(upstream.Setting, netip.AddrPort) {}

func (u *OneUpstream) NextProbes(context.Context) []upstream.Setting { return nil }

// FixedLines are those of a FixedCore.
type FixedLines struct{ core *FixedCore }

func (l FixedLines) Line(_ context.Context, domain, user string) (provisioning.LineOwner, error) {
	name := user + "@" + domain
	if _, ok := l.core.passwords[name]; !ok {
		return provisioning.LineOwner{}, fault.New(fault.NotFound, "There is no such line.")
	}
	return provisioning.LineOwner{Line: provisioning.Line{ID: provisioning.LineID(name), UserName: user, Domain: domain}}, nil
}

func (l FixedLines) LineAt(ctx context.Context, domain, user, transport string, source netip.AddrPort) (provisioning.LineOwner, error) {
	line, err := l.Line(ctx, domain, user)
	for _, b := range l.core.bound(user + "@" + domain) {
		if err == nil && b.Transport == transport && b.Source == source {
			return line, nil
		}
	}
	return line, fault.New(fault.NotFound, "The line isn't registered from there.")
}

func (l FixedLines) HA1For(line provisioning.LineOwner) func(digest.Algorithm, string) (string, error) {
	return func(a digest.Algorithm, realm string) (string, error) {
		return digest.HA1(a, line.UserName, realm, secret.New(l.core.passwords[string(line.ID)])), nil
	}
}

func (FixedLines) RecordUpstream(provisioning.RegisterRequest, string, bool) {}
func (FixedLines) CountRefused(context.Context, provisioning.SIPProof, bool) {}
func (FixedLines) CountProven(provisioning.SIPProof)                         {}
func (FixedLines) MayTry(provisioning.SIPProof) time.Duration                { return 0 }

// edge is a server between a phone and an upstream, which is a socket of the test's.
type edge struct {
	core      *FixedCore
	upstreams *OneUpstream
	addresses sip.Addresses
	socket    *net.UDPConn
}

func newEdge(t *testing.T, credentials upstream.Credentials) *edge {
	t.Helper()
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	require.NoError(t, socket.SetDeadline(time.Now().Add(patience)))
	e := &edge{core: newFixedCore(), socket: socket}
	e.upstreams = &OneUpstream{
		at:      netip.MustParseAddrPort(socket.LocalAddr().String()),
		setting: upstream.Setting{Partner: "0199f000-0000-7000-8000-000000000001", On: true, Host: "127.0.0.1", Transport: "udp", Credentials: credentials, Expires: time.Hour, Rate: 50},
	}
	server := newServer(t, e.core, func(c *sip.Config) {
		c.PublicHost = "127.0.0.1"
		c.Handing = &sip.Handing{Upstreams: e.upstreams, Lines: FixedLines{e.core}, Key: []byte("0123456789abcdef"), Node: "one"}
	})
	e.addresses = run(t, server, sip.Listen{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"})
	return e
}

// heard is what the upstream gets next, and from where.
func (e *edge) heard(t *testing.T) (string, netip.AddrPort) {
	t.Helper()
	buffer := make([]byte, 16<<10)
	n, from, err := e.socket.ReadFromUDPAddrPort(buffer)
	require.NoError(t, err)
	return string(buffer[:n]), from
}

func (e *edge) says(t *testing.T, text string) {
	t.Helper()
	_, err := e.socket.WriteToUDPAddrPort([]byte(text), e.addresses.UDP)
	require.NoError(t, err)
}

// register registers alice's phone over a connection, while the upstream grants it so many seconds, and returns what the upstream was asked and what the phone
// was told.
func (e *edge) register(t *testing.T, conn net.Conn, r register, granted int, more ...string) (asked, told string) {
	t.Helper()
	challenge := exchange(t, conn, r.text(""))
	found := noncePattern.FindStringSubmatch(challenge)
	require.NotNil(t, found, challenge)
	_, err := conn.Write([]byte(r.text(found[1])))
	require.NoError(t, err)
	asked, _ = e.heard(t)
	e.says(t, reply(asked, "200 OK", append(more, fmt.Sprintf("Contact: <sip:alice@192.0.2.10:5070>;expires=%d", granted))...))
	return asked, receive(t, conn)
}

var pathPattern = regexp.MustCompile(`Path: (<sip:flow\.[a-z2-7]+@127\.0\.0\.1:\d+;lr;ob>)`)

func TestARegistrationIsHandedOnWithUsOnTheWayBack(t *testing.T) {
	t.Parallel()
	e := newEdge(t, upstream.Own)
	conn := dial(t, "tcp", e.addresses)
	asked, told := e.register(t, conn, register{headers: []string{"Supported: path", "Expires: 1800"}}, 600, "Service-Route: <sip:theirs.example;lr>", "P-Associated-URI: <tel:+15550100>")
	assert.True(t, strings.HasPrefix(asked, "REGISTER sip:acme.sip.test SIP/2.0\r\n"), asked)
	assert.Regexp(t, pathPattern, asked)
	for _, line := range []string{
		"\r\nTo: <sip:alice@acme.sip.test>\r\n", "\r\nContact: <sip:alice@192.0.2.10:5070>;expires=3600\r\n", "\r\nSupported: path\r\n", "\r\nUser-Agent: Yealink SIP-T54W 96.86.0.70\r\n",
		"\r\nMax-Forwards: 70\r\n",
	} {
		assert.Contains(t, asked, line)
	}
	assert.True(t, strings.HasPrefix(told, "SIP/2.0 200 OK\r\n"), told)
	assert.Contains(t, told, "\r\nContact: <sip:alice@192.0.2.10:5070>;expires=600\r\n", "no longer than there")
	assert.Regexp(t, `\r\nService-Route: <sip:flow\.[a-z2-7]+@127\.0\.0\.1:\d+;transport=tcp;lr>\r\nService-Route: <sip:theirs\.example;lr>\r\n`, told)
	assert.Contains(t, told, "\r\nP-Associated-URI: <tel:+15550100>\r\n")

	bound := e.core.bound("alice@acme.sip.test")
	require.Len(t, bound, 1)
	assert.Equal(t, now.Add(600*time.Second), bound[0].Upstream.Until)
	assert.Equal(t, now.Add(375*time.Second), bound[0].Upstream.Refresh)
}

func TestAnUpstreamsQuestionsAreAnswered(t *testing.T) {
	t.Parallel()
	e := newEdge(t, upstream.Own)
	conn := dial(t, "tcp", e.addresses)
	r := register{}
	found := noncePattern.FindStringSubmatch(exchange(t, conn, r.text("")))
	_, err := conn.Write([]byte(r.text(found[1])))
	require.NoError(t, err)
	first, _ := e.heard(t)
	e.says(t, reply(first, "423 Interval Too Brief", "Min-Expires: 7200"))
	longer, _ := e.heard(t)
	assert.Contains(t, longer, ";expires=7200\r\n")
	e.says(t, reply(longer, "401 Unauthorized", `WWW-Authenticate: Digest realm="theirs", nonce="n", qop="auth"`))
	proven, _ := e.heard(t)
	assert.Regexp(t, `Authorization: Digest username="alice", realm="theirs", nonce="n", uri="sip:acme.sip.test", response="[0-9a-f]{32}"`, proven)
	e.says(t, reply(proven, "401 Unauthorized", `WWW-Authenticate: Digest realm="theirs", nonce="m", qop="auth"`))
	assert.True(t, strings.HasPrefix(receive(t, conn), "SIP/2.0 403 Forbidden\r\n"), "the wrong password there is a wrong password")
	assert.Empty(t, e.core.bound("alice@acme.sip.test"))
}

func TestWhatIsRefusedUpstreamIsRefusedHere(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"404 Not Found":           "SIP/2.0 404 Not Found\r\n",
		"403 Not Yours":           "SIP/2.0 403 Not Yours\r\n",
		"500 Broken":              "SIP/2.0 503 Service Unavailable\r\n",
		"503 Service Unavailable": "SIP/2.0 503 Service Unavailable\r\n",
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t, upstream.Own)
			conn := dial(t, "tcp", e.addresses)
			found := noncePattern.FindStringSubmatch(exchange(t, conn, register{}.text("")))
			_, err := conn.Write([]byte(register{}.text(found[1])))
			require.NoError(t, err)
			asked, _ := e.heard(t)
			e.says(t, reply(asked, answer, "Retry-After: 77"))
			told := receive(t, conn)
			assert.True(t, strings.HasPrefix(told, want), told)
			assert.Contains(t, told, "\r\nRetry-After: 77\r\n")
			assert.Empty(t, e.core.bound("alice@acme.sip.test"))
		})
	}
}

func invite(method, uri, branch, from string, more ...string) string {
	lines := append([]string{
		method + " " + uri + " SIP/2.0", "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=" + branch, "From: " + from, "To: <" + uri + ">", "Call-ID: a-call", "CSeq: 1 " + method,
	}, more...)
	return strings.Join(append(lines, "Content-Length: 4", "", "v=0\n"), "\r\n")
}

func topBranch(t *testing.T, text string) string {
	t.Helper()
	found := regexp.MustCompile(`Via: SIP/2.0/\w+ \S+?;branch=(\S+?);`).FindStringSubmatch(text)
	require.NotNil(t, found, text)
	return found[1]
}

func TestCallsPassBothWays(t *testing.T) {
	t.Parallel()
	e := newEdge(t, upstream.Own)
	conn := dial(t, "tcp", e.addresses)
	asked, _ := e.register(t, conn, register{}, 600)
	path := pathPattern.FindStringSubmatch(asked)[1]
	const theirs, hers = "<sip:bob@elsewhere.example>;tag=b", "<sip:alice@acme.sip.test>;tag=a"

	call := invite("INVITE", "sip:alice@192.0.2.10:5070", "z9hG4bK-up", theirs, "Route: "+path, "Max-Forwards: 9", "P-Asserted-Identity: <sip:bob@elsewhere.example>")
	e.says(t, call)
	came := receive(t, conn)
	assert.True(t, strings.HasPrefix(came, "INVITE sip:alice@192.0.2.10:5070 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:"), came)
	assert.Contains(t, came, "\r\nMax-Forwards: 8\r\n")
	assert.Contains(t, came, "\r\nP-Asserted-Identity: ")
	assert.NotContains(t, came, "\r\nRoute:")
	assert.Equal(t, 2, strings.Count(came, "\r\nRecord-Route: <sip:flow."), "one for each side")
	assert.True(t, strings.HasSuffix(came, "\r\nContent-Length: 4\r\n\r\nv=0\n"))
	e.says(t, call)
	assert.Equal(t, topBranch(t, came), topBranch(t, receive(t, conn)), "it came again")
	e.says(t, strings.ReplaceAll(call, "INVITE", "CANCEL"))
	assert.Equal(t, topBranch(t, came), topBranch(t, receive(t, conn)), "its end follows it")
	_, err := conn.Write([]byte(reply(came, "180 Ringing")))
	require.NoError(t, err)
	ringing, _ := e.heard(t)
	assert.True(t, strings.HasPrefix(ringing, "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK-up;received=127.0.0.1\r\n"), ringing)
	assert.Equal(t, 1, strings.Count(ringing, "Via:"))

	_, err = conn.Write([]byte(invite("INVITE", "sip:bob@acme.sip.test", "z9hG4bK-down", hers, "P-Asserted-Identity: <sip:president@elsewhere.example>")))
	require.NoError(t, err)
	went, from := e.heard(t)
	assert.Equal(t, e.addresses.UDP, from, "from the port that phones know")
	assert.True(t, strings.HasPrefix(went, "INVITE sip:bob@acme.sip.test SIP/2.0\r\n"), went)
	assert.Contains(t, went, "\r\nMax-Forwards: 70\r\n")
	assert.NotContains(t, went, "P-Asserted-Identity", "a phone can't say who it is")
	e.says(t, reply(went, "486 Busy Here"))
	busy := receive(t, conn)
	assert.True(t, strings.HasPrefix(busy, "SIP/2.0 486 Busy Here\r\n"), busy)
	_, err = conn.Write([]byte(invite("ACK", "sip:bob@acme.sip.test", "z9hG4bK-down", hers)))
	require.NoError(t, err)
	ack, _ := e.heard(t)
	assert.Equal(t, topBranch(t, went), topBranch(t, ack))
}

func TestWhatMayNotPass(t *testing.T) {
	t.Parallel()
	e := newEdge(t, upstream.Own)
	conn := dial(t, "tcp", e.addresses)
	asked, _ := e.register(t, conn, register{}, 600)
	path := pathPattern.FindStringSubmatch(asked)[1]
	const theirs, hers = "<sip:bob@elsewhere.example>;tag=b", "<sip:alice@acme.sip.test>;tag=a"
	answered := func(text string) string {
		e.says(t, text)
		answer, _ := e.heard(t)
		status, _, _ := strings.Cut(answer, "\r\n")
		return status
	}
	const phone = "sip:alice@192.0.2.10:5070"
	assert.Equal(t, "SIP/2.0 483 Too Many Hops", answered(invite("INVITE", phone, "z9hG4bK1", theirs, "Route: "+path, "Max-Forwards: 0")))
	assert.Equal(t, "SIP/2.0 420 Bad Extension", answered(invite("INVITE", phone, "z9hG4bK2", theirs, "Route: "+path, "Proxy-Require: magic")))
	forged := strings.Replace(path, "sip:flow.", "sip:flow.a", 1)
	assert.Equal(t, "SIP/2.0 405 Method Not Allowed", answered(invite("INVITE", phone, "z9hG4bK3", theirs, "Route: "+forged)), "nobody's flow")
	assert.Equal(t, "SIP/2.0 403 Forbidden", answered(invite("INVITE", "sip:bob@acme.sip.test", "z9hG4bK4", hers)), "it isn't registered from there")

	e.says(t, invite("INVITE", phone, "z9hG4bK5", theirs, "Route: "+path))
	came := receive(t, conn)
	again := strings.Replace(came, "INVITE "+phone+" SIP/2.0\r\n", "INVITE "+phone+" SIP/2.0\r\nRoute: "+path+"\r\n", 1)
	assert.Equal(t, "SIP/2.0 482 Loop Detected", answered(again))
	looping := register{headers: []string{"Supported: path", "Path: " + path}}
	assert.True(t, strings.HasPrefix(exchange(t, conn, looping.text("")), "SIP/2.0 482 Loop Detected"))

	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { // what is sent before its end is seen has no answer
		e.says(t, invite("INVITE", phone, "z9hG4bK6", theirs, "Route: "+path))
		_ = e.socket.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		buffer := make([]byte, 16<<10)
		n, _ := e.socket.Read(buffer)
		return strings.HasPrefix(string(buffer[:n]), "SIP/2.0 430 Flow Failed\r\n")
	}, patience, 10*time.Millisecond)
}

func TestCredentialsPassThroughUs(t *testing.T) {
	t.Parallel()
	e := newEdge(t, upstream.Passed)
	conn := dial(t, "tcp", e.addresses)
	const challenge = `WWW-Authenticate: Digest realm="theirs", nonce="n1", algorithm=MD5, qop="auth"`
	_, err := conn.Write([]byte(register{}.text("")))
	require.NoError(t, err)
	asked, _ := e.heard(t)
	assert.Contains(t, asked, "\r\nCall-ID: call-1@192.0.2.10\r\n")
	assert.Regexp(t, pathPattern, asked)
	e.says(t, reply(asked, "401 Unauthorized", challenge))
	assert.Contains(t, receive(t, conn), "\r\n"+challenge+"\r\n")
	proof := register{realm: "theirs", cseq: 2, headers: []string{"Expires: 300"}}
	_, err = conn.Write([]byte(proof.text("n1")))
	require.NoError(t, err)
	asked, _ = e.heard(t)
	assert.Contains(t, asked, "\r\nAuthorization: "+proof.authorization("n1")+"\r\n")
	e.says(t, reply(asked, "200 OK", "Contact: <sip:alice@192.0.2.10:5070>;expires=120"))
	assert.Contains(t, receive(t, conn), "\r\nContact: <sip:alice@192.0.2.10:5070>;expires=120\r\n")
	assert.Len(t, e.core.bound("alice@acme.sip.test"), 1)
	proofs, _ := e.core.count()
	assert.Zero(t, proofs, "nobody's proof is ours to judge")

	stranger := register{to: "<sip:nobody@acme.sip.test>", callID: "stranger"}
	_, err = conn.Write([]byte(stranger.text("")))
	require.NoError(t, err)
	asked, _ = e.heard(t)
	e.says(t, reply(asked, "200 OK"))
	assert.True(t, strings.HasPrefix(receive(t, conn), "SIP/2.0 404 Not Found"), "whom we don't know isn't bound")
}

func TestWhileTheUpstreamIsAwayPhonesAreToldTheTruth(t *testing.T) {
	t.Parallel()
	e := newEdge(t, upstream.Own)
	conn := dial(t, "tcp", e.addresses)
	e.register(t, conn, register{}, 300)
	e.upstreams.mu.Lock()
	e.upstreams.refused = fault.New(fault.Unavailable, "The upstream registrar is down.")
	e.upstreams.mu.Unlock()
	e.core.mu.Lock()
	e.core.bindings["alice@acme.sip.test"][0].Upstream.Refresh = now.Add(-time.Second) // it is due
	e.core.mu.Unlock()
	again := func(r register) string {
		found := noncePattern.FindStringSubmatch(exchange(t, conn, r.text("")))
		require.NotNil(t, found)
		return exchange(t, conn, r.text(found[1]))
	}
	assert.Contains(t, again(register{cseq: 2}), "\r\nContact: <sip:alice@192.0.2.10:5070>;expires=300\r\n", "it holds there")
	other := again(register{cseq: 3, contacts: []string{"<sip:alice@192.0.2.11:5070>"}})
	assert.True(t, strings.HasPrefix(other, "SIP/2.0 503 Service Unavailable\r\n"), other)
	assert.Regexp(t, `\r\nRetry-After: \d+\r\n`, other)
	gone := again(register{cseq: 4, headers: []string{"Expires: 0"}})
	assert.True(t, strings.HasPrefix(gone, "SIP/2.0 200 OK\r\n"), "who leaves may leave")
}
