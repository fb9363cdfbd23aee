package echo_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/echo"
	"dialtone/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

// desk is an echo with a phone in front of it, whose messages from the echo are kept.
type desk struct {
	t        *testing.T
	server   *echo.Server
	messages chan string
	records  chan echo.Record
}

func newDesk(t *testing.T, change func(*echo.Config)) *desk {
	t.Helper()
	sound, err := media.NewDesk(media.Config{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	require.NoError(t, err)
	d := &desk{t: t, messages: make(chan string, 1000), records: make(chan echo.Record, 100)}
	config := echo.Config{Desk: sound, T1: time.Millisecond, Record: func(r echo.Record) { d.records <- r }}
	if change != nil {
		change(&config)
	}
	d.server, err = echo.New(config)
	require.NoError(t, err)
	t.Cleanup(d.server.Close)
	return d
}

// invite is the beginning of a call.
func (d *desk) invite(callID string) echo.Request {
	return echo.Request{
		Method: "INVITE", Vias: []string{"SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK" + callID}, Branch: "z9hG4bK" + callID, From: "<sip:a@b>;tag=theirs",
		FromTag: "theirs", To: "<sip:echo@b>", CallID: callID, CSeq: 1, Contact: "sip:a@127.0.0.1", ContentType: "application/sdp", Body: []byte(offer),
		Peer: netip.MustParseAddrPort("127.0.0.1:5060"), Transport: "udp", Here: "127.0.0.1:5070", Caller: echo.Caller{Line: callID},
		Send: func(message []byte) { d.messages <- string(message) },
	}
}

// within is a request of a call that an answer began.
func within(first echo.Request, answer, method string, cseq uint32) echo.Request {
	r := first
	_, tag, _ := strings.Cut(answer, "To: <sip:echo@b>;tag=")
	r.ToTag, _, _ = strings.Cut(tag, "\r\n")
	r.Method, r.CSeq, r.Body, r.To = method, cseq, nil, r.To+";tag="+r.ToTag
	r.Branch = fmt.Sprintf("%s-%s-%d", r.Branch, method, cseq)
	return r
}

// get returns the next message that begins so; others are passed over.
func (d *desk) get(beginning string) string {
	d.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-d.messages:
			if strings.HasPrefix(m, beginning) {
				return m
			}
		case <-deadline:
			require.FailNow(d.t, "no message came that begins with "+beginning)
		}
	}
}

func (d *desk) ended() string {
	d.t.Helper()
	for {
		select {
		case r := <-d.records:
			if r.Event == echo.Ended {
				return r.Words
			}
		case <-time.After(patience):
			require.FailNow(d.t, "no call ended")
		}
	}
}

func TestAnswerIsSentUntilItIsAcknowledged(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *echo.Config) { c.T1 = 100 * time.Millisecond })
	first := d.invite("call")
	d.server.Handle(t.Context(), first)
	answer := d.get("SIP/2.0 200")
	assert.Equal(t, answer, d.get("SIP/2.0 200"), "again")
	d.server.Handle(t.Context(), within(first, answer, "ACK", 1))
	d.server.Handle(t.Context(), within(first, answer, "BYE", 2))
	assert.Contains(t, d.get("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKcall\r\nFrom: <sip:a@b>;tag=theirs\r\nTo:"), "SIP/2.0 200")
	assert.Contains(t, d.ended(), "the phone hung up")
	d.server.Handle(t.Context(), within(first, answer, "BYE", 3))
	d.get("SIP/2.0 481")
}

func TestCallThatIsNeverAcknowledgedEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.server.Handle(t.Context(), d.invite("call"))
	assert.Contains(t, d.get("BYE sip:a@127.0.0.1 SIP/2.0"), "cause=408")
	assert.Contains(t, d.ended(), "the phone never acknowledged the answer")
}

func TestForkedCallIsTakenOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *echo.Config) { c.T1 = time.Second })
	first := d.invite("call")
	d.server.Handle(t.Context(), first)
	d.get("SIP/2.0 200")
	other := first
	other.Branch += "-other"
	d.server.Handle(t.Context(), other)
	d.get("SIP/2.0 482")
}

func TestBoundsOfCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*echo.Config)
		line   string
		status string
	}{
		"of all":     {func(c *echo.Config) { c.MaxCalls = 1 }, "two", "SIP/2.0 503"},
		"of address": {func(c *echo.Config) { c.MaxPerAddress = 1 }, "two", "SIP/2.0 486"},
		"of line":    {func(c *echo.Config) { c.MaxPerLine = 1 }, "one", "SIP/2.0 486"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(config *echo.Config) {
				config.T1 = time.Second // the first call stays
				c.change(config)
			})
			d.server.Handle(t.Context(), d.invite("one"))
			d.get("SIP/2.0 200")
			second := d.invite("two")
			second.Caller.Line = c.line
			d.server.Handle(t.Context(), second)
			assert.Contains(t, d.get(c.status), "there are too many calls")
		})
	}
}

func TestCallEndsAtItsLongest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *echo.Config) { c.MaxDuration = 10 * time.Millisecond })
	first := d.invite("call")
	d.server.Handle(t.Context(), first)
	d.server.Handle(t.Context(), within(first, d.get("SIP/2.0 200"), "ACK", 1))
	bye := d.get("BYE sip:a@127.0.0.1 SIP/2.0")
	assert.Contains(t, bye, "\r\nFrom: <sip:echo@b>;tag=")
	assert.Contains(t, bye, "\r\nTo: <sip:a@b>;tag=theirs\r\n")
	assert.Contains(t, d.ended(), "the longest time")
}

func TestOtherAddressHasNoSayInACall(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *echo.Config) { c.T1 = time.Second })
	first := d.invite("call")
	d.server.Handle(t.Context(), first)
	bye := within(first, d.get("SIP/2.0 200"), "BYE", 2)
	bye.Peer = netip.MustParseAddrPort("127.0.0.2:5060")
	d.server.Handle(t.Context(), bye)
	d.get("SIP/2.0 481")
}

func TestWhoCantBeHeardIsToldWhy(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	first := d.invite("call")
	first.Body = []byte(strings.Replace(offer, "RTP/AVP 0", "RTP/AVP 18", 1))
	d.server.Handle(t.Context(), first)
	assert.Contains(t, d.get("SIP/2.0 488"), `Warning: 399 127.0.0.1 "This call can't be taken: it offers none of PCMU, PCMA, G722 and opus."`)
}
