package media

import (
	"math"
	"time"
)

// source is one stream of packets that comes in, and its echo that goes out (RFC 3550 appendix A).
type source struct {
	ssrc uint32 // theirs
	ours uint32 // of the echo; another one, or they would take it for a loop
	rate uint32 // of the clock, Hz

	began          bool
	base, max      uint16
	cycles         uint32 // times 65536
	received       uint64
	expectedBefore uint64 // at the last report
	receivedBefore uint64
	jitter         float64 // in units of the clock
	timestamp      uint32  // of the last packet
	arrived        time.Time

	sent, sentOctets uint64

	lastReport   uint32 // middle of their last SR
	lastReportAt time.Time
	roundTrip    time.Duration // 0: not known
	theirLost    int32         // what they say they lost of ours
	theirJitter  uint32
	reported     bool // they spoke of the echo
}

// maxLead is how far a sequence number may jump ahead; RFC 3550 takes 3,000 for a stream that began anew.
const maxLead = 3000

// take counts a packet.
func (s *source) take(sequence uint16, timestamp uint32, now time.Time) {
	s.received++
	switch ahead := sequence - s.max; {
	case !s.began:
		s.began, s.base, s.max = true, sequence, sequence
	case ahead == 0: // again
	case ahead < maxLead:
		if sequence < s.max {
			s.cycles += 1 << 16
		}
		s.max = sequence
	case ahead > math.MaxUint16-maxLead: // late
	default: // the sender began anew
		s.base, s.max, s.cycles, s.received = sequence, sequence, 0, 1
		s.expectedBefore, s.receivedBefore = 0, 0
		s.arrived = time.Time{}
	}
	if timestamp != s.timestamp || s.arrived.IsZero() {
		s.measure(timestamp, now)
	}
	s.timestamp, s.arrived = timestamp, now
}

// measure brings the jitter up to date (RFC 3550 section 6.4.1). A pause is no jitter: it has a gap in both clocks.
func (s *source) measure(timestamp uint32, now time.Time) {
	if s.arrived.IsZero() || s.rate == 0 {
		return
	}
	elapsed := now.Sub(s.arrived).Seconds() * float64(s.rate)
	difference := math.Abs(elapsed - float64(int32(timestamp-s.timestamp))) //nolint:gosec // G115: the difference of two wrapping clocks
	if difference > 10*float64(s.rate) {
		return // a clock that was set anew
	}
	s.jitter += (difference - s.jitter) / 16
}

func (s *source) highest() uint32 { return s.cycles | uint32(s.max) }

func (s *source) expected() uint64 {
	if !s.began {
		return 0
	}
	return uint64(s.highest()) - uint64(s.base) + 1
}

// lost may be below zero when packets came twice.
func (s *source) lost() int64 {
	return int64(s.expected()) - int64(s.received) //nolint:gosec // G115: counts of one call
}

// block is what is reported to the sender.
func (s *source) block(now time.Time) reportBlock {
	expected, received := s.expected()-s.expectedBefore, s.received-s.receivedBefore
	s.expectedBefore, s.receivedBefore = s.expected(), s.received
	b := reportBlock{ssrc: s.ssrc, lost: int32(max(-1<<23, min(s.lost(), 1<<23-1))), jitter: uint32(s.jitter), last: s.lastReport}
	if expected > received && expected > 0 {
		b.fraction = uint8(min(255, (expected-received)<<8/expected))
	}
	if s.lastReport != 0 {
		b.delay = uint32(now.Sub(s.lastReportAt).Seconds() * 65536)
	}
	return b
}

// timestampAt is the RTP clock of the echo, which is the sender's.
func (s *source) timestampAt(now time.Time) uint32 {
	return s.timestamp + uint32(now.Sub(s.arrived).Seconds()*float64(s.rate))
}

// hear takes in what they report of the echo, and when they sent it.
func (s *source) hear(sender senderReport, blocks []reportBlock, now time.Time) {
	if sender.found && sender.ssrc == s.ssrc {
		s.lastReport, s.lastReportAt = sender.middle, now
	}
	for _, b := range blocks {
		if b.ssrc != s.ours {
			continue
		}
		s.theirLost, s.theirJitter, s.reported = b.lost, b.jitter, true
		if trip := int32(uint32(ntp(now)>>16) - b.last - b.delay); b.last != 0 && trip >= 0 { //nolint:gosec // G115: the middle 32 bits
			s.roundTrip = time.Duration(trip) * time.Second / 65536
		}
	}
}
