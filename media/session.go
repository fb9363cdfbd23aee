package media

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/pion/rtp"
	"golang.org/x/time/rate"
)

const (
	// maxSources bounds the streams of one call: a phone has one, and a new one after each hold with some.
	maxSources = 8
	// maxPacket is the largest packet that is taken, in bytes: what an Ethernet frame holds.
	maxPacket = 1500
	// maxRate bounds the packets of one call in a second. Sound in frames of 10 ms has 100.
	maxRate = 400
	// silence is after how long without a packet another port of the same phone may take its place, as after a NAT has forgotten.
	silence = 2 * time.Second
)

// Session is the sound of one call. It is safe for concurrent use. Close it.
type Session struct {
	desk  *Desk
	terms Terms
	began time.Time
	name  string // CNAME

	ctx    context.Context //nolint:containedctx // lives as long as the session, and ends its handshakes
	cancel context.CancelFunc
	group  sync.WaitGroup
	rate   *rate.Limiter
	rtp    *component
	rtcp   *component // nil with rtcp-mux from the start

	mu                  sync.Mutex
	local               Description
	offered             bool // local is an offer of ours that has no answer yet
	plan                plan
	ready               bool    // there is a plan
	ours                keyLine // SDES
	sources             []*source
	closed              bool
	encrypted           bool   // a packet came that was protected, and was what it should be
	suiteName           string // of DTLS, once keys are there
	failure             string // why there are no keys
	unreadable, reports uint64 // of Report
	last                Report
}

// Report is what was measured of a call up to now.
type Report struct {
	Duration       time.Duration
	Received, Sent uint64 // packets of sound
	Lost           int64  // of theirs, on the way here; below zero when some came twice
	LostBack       int64  // of ours, on the way there, as they say
	Jitter         time.Duration
	RoundTrip      time.Duration // 0: not known; they sent no RTCP
	Unreadable     uint64        // packets of sound that came, and that no key opened
	Reports        uint64        // RTCP packets that came
	Reported       bool          // one of them spoke of our sound
}

// admits reports whether packets from an address are this call's: the address that the signalling came from, or the one that it named.
func (s *Session) admits(from netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready && (from == s.terms.Peer || from == s.plan.peer && !from.IsMulticast())
}

// serve takes the packets of a socket until it is closed.
func (s *Session) serve(c *component) {
	buffer := make([]byte, maxPacket+1)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			if _, passing := err.(net.Error); passing { //nolint:errorlint // what the socket returned itself
				continue // an ICMP error that an earlier packet met
			}
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
		if n < 8 || n > maxPacket || !s.admits(from.Addr()) || !s.rate.Allow() {
			continue
		}
		s.packet(c, buffer[:n], from)
	}
}

// packet sorts by the first byte (RFC 7983).
func (s *Session) packet(c *component, data []byte, from netip.AddrPort) {
	switch first := data[0]; {
	case first >= 20 && first <= 63:
		c.handshaking(data, from)
	case first>>6 == 2 && data[1] >= 192 && data[1] <= 223:
		s.control(c, data, from)
	case first>>6 == 2 && c == s.rtp:
		s.sound(c, data, from)
	}
}

// sound gives a packet of sound back.
func (s *Session) sound(c *component, data []byte, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.keepEarly(data, from) {
		s.giveBack(c, data, from)
	}
}

// giveBack is sound with the lock held.
func (s *Session) giveBack(c *component, data []byte, from netip.AddrPort) {
	var header rtp.Header
	if s.closed {
		return
	}
	plain, ok := c.open(data, &header)
	if !ok {
		s.unreadable++
		return
	}
	now := s.desk.config.Now()
	if !c.latch(from, now) {
		return
	}
	clock, known := s.clockOf(header.PayloadType)
	if !known {
		return
	}
	in := s.sourceOf(header.SSRC, clock)
	if in == nil {
		return
	}
	in.take(header.SequenceNumber, header.Timestamp, now)
	s.encrypted = s.plan.protection != Plain
	if s.plan.direction == "recvonly" || s.plan.direction == "inactive" {
		return
	}
	binary.BigEndian.PutUint32(plain[8:], in.ours)
	if sealed, ok := c.seal(plain); ok && c.send(sealed) {
		in.sent++
		in.sentOctets += uint64(len(plain))
	}
}

// clockOf returns the clock of a payload type that was agreed on.
func (s *Session) clockOf(payload uint8) (uint32, bool) {
	text := strconv.Itoa(int(payload))
	for _, c := range s.plan.codecs {
		if c.payload == text {
			return c.rate, true
		}
	}
	return 0, false
}

// sourceOf returns the stream, made anew when it is a new one; nil when there are too many. Each has an echo with a name of its own: under
// one key, no two packets may have the same name and number.
func (s *Session) sourceOf(ssrc, clock uint32) *source {
	for _, in := range s.sources {
		if in.ssrc == ssrc {
			return in
		}
	}
	if len(s.sources) == maxSources {
		return nil
	}
	ours, err := s.desk.number()
	if err != nil {
		return nil
	}
	in := &source{ssrc: ssrc, ours: ours, rate: clock}
	s.sources = append(s.sources, in)
	return in
}

// control takes in what they report.
func (s *Session) control(c *component, data []byte, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	plain, ok := c.openControl(data)
	if !ok {
		return
	}
	sender, blocks, ok := parseRTCP(plain)
	now := s.desk.config.Now()
	if !ok || !c.latch(from, now) {
		return
	}
	s.reports++
	for _, in := range s.sources {
		in.hear(sender, blocks, now)
	}
}

// report sends a report every now and then, to those who sent packets first.
func (s *Session) report() {
	ticker := time.NewTicker(s.desk.config.Reports)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
			s.mu.Lock()
			s.sendReport(false)
			s.mu.Unlock()
		}
	}
}

func (s *Session) sendReport(goodbye bool) {
	if len(s.sources) == 0 {
		return
	}
	c := s.rtp
	if !s.plan.mux && s.rtcp != nil {
		c = s.rtcp
		if !c.peer.IsValid() && s.rtp.peer.IsValid() && s.plan.rtcp != 0 && s.rtp.peer.Addr() == s.plan.peer && s.rtp.peer.Port() == s.plan.rtp {
			// Sound came from exactly where the description said, so that its neighbour is where the description says, too.
			c.peer = netip.AddrPortFrom(s.plan.peer, s.plan.rtcp)
		}
	}
	now := s.desk.config.Now()
	plain := appendReport(nil, s.sources[len(s.sources)-1], now, s.name, goodbye)
	if sealed, ok := c.sealControl(plain); ok {
		c.send(sealed)
	}
}

// Report returns what was measured up to now, or up to the end.
func (s *Session) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.last
	}
	r := Report{Duration: s.desk.config.Now().Sub(s.began), Unreadable: s.unreadable, Reports: s.reports}
	for _, in := range s.sources {
		r.Received += in.received
		r.Sent += in.sent
		r.Lost += in.lost()
		r.LostBack += int64(in.theirLost)
		if in.rate > 0 {
			r.Jitter = time.Duration(in.jitter / float64(in.rate) * float64(time.Second))
		}
		r.Reported = r.Reported || in.reported
		if in.roundTrip > 0 {
			r.RoundTrip = in.roundTrip
		}
	}
	return r
}

// Close says goodbye by RTCP, closes the sockets and waits for their readers. It returns the last report; again is fine.
func (s *Session) Close() Report {
	report := s.Report()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return report
	}
	s.sendReport(true)
	s.last, s.closed = report, true
	s.mu.Unlock()
	s.cancel()
	s.rtp.close()
	if s.rtcp != nil {
		s.rtcp.close()
	}
	s.group.Wait()
	s.desk.give()
	return report
}
