package tftp_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/tftp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// long begins paths whose requests are worth two blocks of 512 bytes, so that tests without options needn't repeat them.
const long = "a/folder/whose/name/makes/a/request/of/which/ten/times/the/size/is/as/much/as/two/blocks/and/headers/"

// FixedCore has fixed files, by path as asked. It refuses hostile paths as the real core does.
type FixedCore map[string][]byte

func (c FixedCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	if _, err := deviceprofiles.Match(r.Path, r.UserAgent); fault.Is(err, fault.Invalid) {
		return provisioning.Opened{}, err
	}
	body, ok := c[r.Path]
	if !ok {
		return provisioning.Opened{}, fault.New(fault.NotFound, "There is no file %s on db.internal.", r.Path)
	}
	return provisioning.Opened{Body: body}, nil
}

// RefusingCore has an error for everybody, and files for those who ask for "good".
type RefusingCore struct{ err error }

func (c RefusingCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	if r.Path == "good" {
		return provisioning.Opened{Body: []byte("good")}, nil
	}
	return provisioning.Opened{}, c.err
}

// PanickingCore panics, but for those who ask for "good".
type PanickingCore struct{}

func (PanickingCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	if r.Path == "good" {
		return provisioning.Opened{Body: []byte("good")}, nil
	}
	panic("no device has no lines")
}

// RecordingCore remembers what it was asked, and answers with nothing.
type RecordingCore struct {
	mu    sync.Mutex
	asked []provisioning.Request
}

func (c *RecordingCore) Open(_ context.Context, r provisioning.Request) (provisioning.Opened, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r)
	return provisioning.Opened{Body: []byte("recorded")}, nil
}

func (c *RecordingCore) all() []provisioning.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// StuckCore tells when it is asked, and answers nothing until it is released or the request's context ends.
type StuckCore struct {
	asked    chan string
	released chan struct{}
}

func (c StuckCore) Open(ctx context.Context, r provisioning.Request) (provisioning.Opened, error) {
	c.asked <- r.Path
	select {
	case <-ctx.Done():
	case <-c.released:
	}
	return provisioning.Opened{}, fault.New(fault.Unavailable, "Nothing comes.")
}

// Log is a logger's other end: a channel of the lines, each a map of its attributes and its level and message.
type Log chan map[string]any

func (l Log) Enabled(context.Context, slog.Level) bool { return true }
func (l Log) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l Log) WithGroup(string) slog.Handler            { return l }
func (l Log) Handle(_ context.Context, r slog.Record) error {
	line := map[string]any{"level": r.Level, "message": r.Message}
	r.Attrs(func(a slog.Attr) bool {
		line[a.Key] = a.Value.Any()
		return true
	})
	l <- line
	return nil
}

// next waits for the line about the end of a request.
func (l Log) next(t testing.TB) map[string]any {
	t.Helper()
	for {
		select {
		case line := <-l:
			if line["message"] == "phone asked over tftp" {
				return line
			}
		case <-time.After(20 * time.Second):
			require.FailNow(t, "the server logged nothing")
		}
	}
}

// start serves a core on a free port of loopback until the test ends.
func start(t testing.TB, config tftp.Config) netip.AddrPort {
	t.Helper()
	return startAt(t, config, "127.0.0.1:0")
}

func startAt(t testing.TB, config tftp.Config, address string) netip.AddrPort {
	t.Helper()
	server, err := tftp.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	at, err := server.Listen(ctx, address)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	return at
}

// peer is a client that does only what a test tells it to.
type peer struct {
	t    testing.TB
	conn *net.UDPConn
	to   net.Addr // where the next packet goes: the server, then the port of its transfer
	port netip.AddrPort

	buffer [2000]byte
	large  []byte // instead, if there is one
}

func newPeer(t testing.TB, server netip.AddrPort) *peer {
	t.Helper()
	return newPeerAt(t, server, "127.0.0.1")
}

func newPeerAt(t testing.TB, server netip.AddrPort, local string) *peer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(local)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{t: t, conn: conn, to: net.UDPAddrFromAddrPort(server)}
}

// send sends bytes to the server's listening port, or to its transfer once something came from there.
func (p *peer) send(packet string) {
	p.t.Helper()
	_, err := p.conn.WriteTo([]byte(packet), p.to)
	require.NoError(p.t, err)
}

// receive waits for a packet.
func (p *peer) receive() string {
	p.t.Helper()
	packet, ok := p.receiveWithin(20 * time.Second)
	require.True(p.t, ok, "the server sent nothing")
	return packet
}

// receiveWithin waits for a packet so long; what it sends from now on goes to where that came from.
func (p *peer) receiveWithin(wait time.Duration) (string, bool) {
	p.t.Helper()
	require.NoError(p.t, p.conn.SetReadDeadline(time.Now().Add(wait)))
	buffer := p.buffer[:]
	if p.large != nil {
		buffer = p.large
	}
	size, from, err := p.conn.ReadFromUDPAddrPort(buffer)
	if err != nil {
		return "", false
	}
	p.port, p.to = from, net.UDPAddrFromAddrPort(from)
	return string(buffer[:size]), true
}

// waiting returns the packets that came already, once nothing more can come.
func (p *peer) waiting() []string {
	p.t.Helper()
	var out []string
	defer func(to net.Addr) { p.to = to }(p.to)
	for {
		packet, ok := p.receiveWithin(time.Millisecond)
		if !ok {
			return out
		}
		out = append(out, packet)
	}
}

// ask renders a read request: the path, the mode, then options by name and value.
func ask(path, mode string, options ...string) string {
	out := "\x00\x01" + path + "\x00" + mode + "\x00"
	for _, o := range options {
		out += o + "\x00"
	}
	return out
}
