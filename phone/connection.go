package phone

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Timers of UDP (RFC 3261 17.1.2.1): a request is sent again after T1, then after twice as long each time, up to T2.
const (
	timerT1 = 500 * time.Millisecond
	timerT2 = 4 * time.Second
)

// largestMessage bounds a SIP answer, in bytes.
const largestMessage = 65535

// connection carries requests to one registrar and answers back, one at a time.
type connection struct {
	net.Conn
	reliable bool // TCP and TLS: nothing is sent twice
	parser   *sip.Parser
	stream   *sip.ParserStream
	buffer   []byte
	asked    func(*sip.Request) // what a server asks; nil: it waits, as far as mostEarly
	early    []*sip.Request     // what waits
}

// connect opens a connection to a registrar.
func connect(ctx context.Context, to target, t *trust) (*connection, error) {
	network := tcp
	if to.transport == udp {
		network = udp
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, to.address.String())
	if err != nil {
		return nil, err
	}
	if to.transport == tlsTransport {
		if conn, err = shakeHands(ctx, conn, t, to.name); err != nil {
			return nil, err
		}
	}
	parser := newSIPParser()
	return &connection{Conn: conn, reliable: network == tcp, parser: parser, stream: parser.NewSIPStream(), buffer: make([]byte, largestMessage)}, nil
}

// newSIPParser reads only the headers that match an answer to its request; the rest stays as text, which register.go reads itself.
func newSIPParser() *sip.Parser {
	all := sip.DefaultHeadersParser()
	some := make(map[string]sip.HeaderParser)
	for _, name := range []string{"via", "v", "cseq", "content-length", "l"} {
		if p, ok := all[name]; ok {
			some[name] = p
		}
	}
	p := sip.NewParser(sip.WithHeadersParsers(some))
	p.MaxMessageLength = largestMessage
	return p
}

// local is our end, as a Contact names it.
func (c *connection) local() netip.AddrPort {
	switch a := c.LocalAddr().(type) {
	case *net.UDPAddr:
		return unmapped(a.AddrPort())
	case *net.TCPAddr:
		return unmapped(a.AddrPort())
	}
	return netip.AddrPort{}
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// exchange sends a request and waits for the final answer to its branch, until the context ends.
func (c *connection) exchange(ctx context.Context, request []byte, branch string) (*sip.Response, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // long past: reads and writes return
	defer stop()
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	for wait := timerT1; ; wait = min(2*wait, timerT2) {
		answer, err := c.await(ctx, wait, branch)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
			return nil, err
		}
		if c.reliable {
			continue
		}
		if _, err := c.Write(request); err != nil {
			return nil, err
		}
	}
}

// await waits for the final answer for a while. Whatever answers another request, or isn't SIP, is passed over.
func (c *connection) await(ctx context.Context, wait time.Duration, branch string) (*sip.Response, error) {
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	for {
		if err := ctx.Err(); err != nil { // looked at after the deadline was set, which may have replaced the one that the context set
			return nil, err
		}
		n, err := c.Read(c.buffer)
		if err != nil {
			return nil, err
		}
		messages, err := c.parse(c.buffer[:n])
		if err != nil {
			return nil, err
		}
		if answer := c.sort(messages, branch); answer != nil {
			return answer, nil
		}
	}
}

// mostEarly bounds the requests that wait.
const mostEarly = 8

// sort returns the answer to a branch, nil when it isn't among the messages, and hands requests on.
func (c *connection) sort(messages []sip.Message, branch string) *sip.Response {
	var answer *sip.Response
	for _, m := range messages {
		switch m := m.(type) {
		case *sip.Request:
			if c.asked != nil {
				c.asked(m)
			} else if len(c.early) < mostEarly {
				c.early = append(c.early, m)
			}
		case *sip.Response:
			if answers(m, branch) {
				answer = m
			}
		}
	}
	return answer
}

func (c *connection) parse(data []byte) ([]sip.Message, error) {
	if !c.reliable {
		m, err := c.parser.ParseSIP(data)
		if err != nil {
			return nil, nil //nolint:nilerr // anybody can send a datagram: what can't be read is passed over
		}
		return []sip.Message{m}, nil
	}
	var messages []sip.Message
	err := c.stream.ParseSIPStream(data, func(m sip.Message) { messages = append(messages, m) })
	if err != nil && !errors.Is(err, sip.ErrParseSipPartial) {
		return nil, errors.New("the registrar's answer isn't SIP")
	}
	return messages, nil
}

// answers reports whether a response is the final one to a request (RFC 3261 17.1.3).
func answers(r *sip.Response, branch string) bool {
	via := r.Via() // a branch of ours is in one request alone, but for CANCEL and ACK, which nobody waits for
	if via == nil || r.StatusCode < 200 {
		return false
	}
	got, _ := via.Params.Get("branch")
	return strings.EqualFold(got, branch)
}

// close closes the connection and gives the parser's buffer back.
func (c *connection) close() {
	c.stream.Close()
	_ = c.Close()
}
