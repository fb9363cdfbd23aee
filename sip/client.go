package sip

import (
	"bytes"
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/fault"
)

// The timers of a client's non-INVITE transaction (RFC 3261 section 17.1.2.2), by their ratio to T1, the estimate of a round trip.
const (
	usualT1     = 500 * time.Millisecond
	slowestInT1 = 8  // T2: the longest pause between retransmissions, of 4 s
	patientInT1 = 64 // timer F: how long an answer may take, 32 s
)

// branchCookie begins every branch (RFC 3261 section 8.1.1.7).
const branchCookie = "z9hG4bK"

// tokenSize is the bytes of a branch, a tag, a Call-ID or a client's nonce: nobody who doesn't see our request can answer it.
const tokenSize = 16

// token draws one. Randomness that fails gives an empty one, which is no worse than a lost request.
func (s *Server) token() string {
	raw := make([]byte, tokenSize)
	if _, err := s.config.Random.Read(raw); err != nil {
		s.config.Logger.Error("no randomness for a SIP request", "error", err)
	}
	return hex.EncodeToString(raw)
}

// transact is a client's non-INVITE transaction: it sends, sends again over UDP and DTLS at growing intervals (timer E) and waits for a final answer up to timer F.
// It needs no goroutine of its own.
func (f *Flows) transact(ctx context.Context, w way, message []byte, answers <-chan *sip.Response) (*sip.Response, error) {
	t1 := f.server.config.T1
	if err := w.send(message); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The request couldn't be sent to the phone.")
	}
	over := time.NewTimer(patientInT1 * t1)
	defer over.Stop()
	pause := t1
	again := time.NewTimer(pause)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The phone's answer wasn't waited for.")
		case <-over.C:
			return nil, fault.New(fault.Unavailable, "The phone didn't answer within %s.", patientInT1*t1)
		case response := <-answers:
			if response.StatusCode >= 200 {
				return response, nil
			}
			pause = slowestInT1 * t1 // it is at work on it
		case <-again.C:
			if w.reliable {
				continue
			}
			_ = w.send(message) // an ICMP error of the last one isn't the end
			pause = min(2*pause, slowestInT1*t1)
			again.Reset(pause)
		}
	}
}

// write renders a request. What would end a header field or begin another one is fault.Invalid: parts of it are what strangers registered.
func (o Outgoing) write(w way, to Target, branch string) ([]byte, error) {
	var b bytes.Buffer
	broken := strings.ContainsFunc(o.URI, func(r rune) bool { return r <= ' ' || isControl(r) }) || o.URI == ""
	line := func(name, value string) {
		broken = broken || strings.ContainsFunc(value, func(r rune) bool { return isControl(r) && r != '\t' })
		b.WriteString(name + ": " + value + "\r\n")
	}
	b.WriteString(o.Method + " " + o.URI + " SIP/2.0\r\n")
	line("Via", w.via+";branch="+branch+";rport")
	for _, hop := range to.Path {
		line("Route", hop)
	}
	line("Max-Forwards", "70")
	for _, h := range o.Headers {
		line(h.Name, h.Value)
	}
	line("Content-Length", strconv.Itoa(len(o.Body)))
	if broken {
		return nil, fault.New(fault.Invalid, "The request to the phone holds characters that SIP can't carry.")
	}
	b.WriteString("\r\n")
	b.Write(o.Body)
	return b.Bytes(), nil
}
