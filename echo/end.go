package echo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dialtone/media"
)

// hangUp ends a call from our side.
func (s *Server) hangUp(c *call, why string, cause int) {
	if !s.end(c, why) {
		return
	}
	s.request(c, "BYE", []field{{"Reason", "SIP;cause=" + strconv.Itoa(cause) + `;text="` + strings.ReplaceAll(why, `"`, "'") + `"`}})
}

// request sends a request of ours within a call, over UDP again and again until it is answered.
func (s *Server) request(c *call, method string, fields []field) {
	branch, err := s.token()
	if err != nil {
		return
	}
	branch = "z9hG4bK" + branch
	done := make(chan struct{})
	s.mu.Lock()
	message, send, transport := c.ask(method, branch, fields), c.send, c.transport
	s.asked[branch] = done
	closed := s.closed
	s.mu.Unlock()
	send(message)
	if closed {
		return
	}
	s.group.Go(func() {
		if transport == "udp" {
			s.again(message, send, done)
		} else {
			s.wait(64*s.config.T1, done)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.asked, branch)
	})
}

// end ends a call's sound and tells the trace; false when it had ended before.
func (s *Server) end(c *call, why string) bool {
	s.mu.Lock()
	if c.isEnded {
		s.mu.Unlock()
		return false
	}
	c.isEnded = true
	answered, acknowledged := c.isAnswered, c.isAcked
	close(c.ended)
	delete(s.calls, c.id)
	s.mu.Unlock()
	report := c.session.Close()
	summary := c.session.Summary()
	s.counters.ended(summary)
	text := why + ": " + reportWords(report) + "; " + words(summary, c.transport)
	if summary.Protection != media.Plain && !summary.Proven {
		text += ", but no packet came that this key opens"
	}
	record := s.record(c, Ended, text)
	if answered {
		record.Finding = finding(report, summary, c.transport, acknowledged)
	}
	s.config.Record(record)
	return true
}

func (s *Server) record(c *call, event Event, text string) Record {
	return Record{Event: event, Caller: c.caller, Peer: c.peer, Transport: c.transport, UserAgent: c.userAgent, Words: text}
}

// words say what is encrypted, for an installer.
func words(m media.Summary, transport string) string {
	signalling := "signalling in the clear over " + strings.ToUpper(transport)
	if protected(transport) {
		signalling = "signalling encrypted by " + strings.ToUpper(transport)
	}
	sound := "sound in the clear"
	switch {
	case m.Protection == media.Plain:
	case m.Failure != "":
		sound = "no sound: " + m.Failure
	case m.Suite == "":
		sound = "sound to be encrypted by " + string(m.Protection)
	default:
		sound = "sound encrypted by " + string(m.Protection) + " with " + m.Suite
	}
	if m.OpenKey {
		sound += ", whose key others could read"
	}
	return signalling + ", " + sound
}

// header is X-Echo-Media: the same for programs.
func header(m media.Summary, transport string) string {
	out := "signalling=" + transport + ";media=" + string(m.Protection)
	if m.Suite != "" {
		out += ";suite=" + m.Suite
	}
	if m.OpenKey {
		out += ";key=readable"
	}
	return out
}

// measured is X-Echo-Report, in the answer to a BYE.
func (s *Server) measured(c *call) []field {
	r := c.session.Report()
	return []field{
		{"X-Echo-Media", header(c.session.Summary(), c.transport)},
		{"X-Echo-Report", fmt.Sprintf("duration=%d;received=%d;sent=%d;lost=%d;jitter=%d;rtt=%d", r.Duration.Milliseconds(), r.Received, r.Sent, r.Lost,
			r.Jitter.Milliseconds(), r.RoundTrip.Milliseconds())},
	}
}

func reportWords(r media.Report) string {
	text := fmt.Sprintf("%s, %d packets came and %d went back, %d lost, jitter %s", r.Duration.Round(time.Second/10), r.Received, r.Sent, max(0, r.Lost),
		r.Jitter.Round(time.Millisecond/10))
	if r.RoundTrip > 0 {
		text += ", round trip " + r.RoundTrip.Round(time.Millisecond/10).String()
	}
	return text
}
