package media

import (
	"encoding/binary"
	"time"
)

// The packet types of RTCP (RFC 3550 section 12.1) that are read or written here.
const (
	typeSender      = 200
	typeReceiver    = 201
	typeDescription = 202
	typeGoodbye     = 203
)

// senderReport is what is read of an SR.
type senderReport struct {
	ssrc   uint32
	middle uint32 // the middle 32 bits of its NTP time
	found  bool
}

// reportBlock is one reception report (RFC 3550 section 6.4.1).
type reportBlock struct {
	ssrc     uint32 // of the sender that it is about
	fraction uint8  // lost since the last, of 256
	lost     int32  // in all
	jitter   uint32 // in units of the RTP clock
	last     uint32 // middle of the last SR, 0 for none
	delay    uint32 // since then, in 1/65536 s
}

// parseRTCP reads the reports of a compound or a reduced packet (RFC 5506) from a stranger; ok is false when it isn't RTCP. Other types are
// passed over.
func parseRTCP(data []byte) (sender senderReport, blocks []reportBlock, ok bool) {
	for len(data) > 0 {
		if len(data) < 4 || data[0]>>6 != 2 {
			return sender, blocks, false
		}
		count, kind := int(data[0]&0x1f), data[1]
		size := 4 * (1 + int(binary.BigEndian.Uint16(data[2:])))
		if size > len(data) {
			return sender, blocks, false
		}
		packet := data[:size]
		data = data[size:]
		head := 8
		if kind == typeSender {
			head = 28
		}
		if kind != typeSender && kind != typeReceiver {
			continue
		}
		if len(packet) < head+24*count {
			return sender, blocks, false
		}
		if kind == typeSender {
			sender = senderReport{ssrc: binary.BigEndian.Uint32(packet[4:]), middle: binary.BigEndian.Uint32(packet[10:]), found: true}
		}
		for i := range count {
			blocks = append(blocks, readBlock(packet[head+24*i:]))
		}
	}
	return sender, blocks, true
}

func readBlock(b []byte) reportBlock {
	u := binary.BigEndian.Uint32
	lost := int32(u(b[4:])<<8) >> 8 //nolint:gosec // G115: 24 bits with a sign
	return reportBlock{ssrc: u(b), fraction: b[4], lost: lost, jitter: u(b[12:]), last: u(b[16:]), delay: u(b[20:])}
}

// ntp returns a time as NTP counts it: seconds since 1900 and their fraction.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	seconds := uint64(t.Unix() + since1900)        //nolint:gosec // G115: after 1900
	fraction := uint64(t.Nanosecond()) << 32 / 1e9 //nolint:gosec // G115: never below zero
	return seconds<<32 | fraction
}

// appendReport writes an SR, or an RR when nothing was sent, with a block, and the name of the sender (RFC 3550 section 6.1).
func appendReport(out []byte, s *source, now time.Time, name string, goodbye bool) []byte {
	b := binary.BigEndian
	if s.sent > 0 {
		out = append(out, 2<<6|1, typeSender, 0, 12)
		out = b.AppendUint32(out, s.ours)
		out = b.AppendUint64(out, ntp(now))
		out = b.AppendUint32(out, s.timestampAt(now))
		out = b.AppendUint32(out, uint32(s.sent))       //nolint:gosec // G115: wraps as the field does
		out = b.AppendUint32(out, uint32(s.sentOctets)) //nolint:gosec // G115: wraps as the field does
	} else {
		out = append(out, 2<<6|1, typeReceiver, 0, 7)
		out = b.AppendUint32(out, s.ours)
	}
	block := s.block(now)
	out = b.AppendUint32(out, block.ssrc)
	out = b.AppendUint32(out, uint32(block.fraction)<<24|uint32(block.lost)&0xffffff) //nolint:gosec // G115: 24 bits with a sign
	out = b.AppendUint32(out, s.highest())
	out = b.AppendUint32(out, block.jitter)
	out = b.AppendUint32(out, block.last)
	out = b.AppendUint32(out, block.delay)

	item := append([]byte{1, byte(len(name))}, name...) //nolint:gosec // G115: CNAME, 16 bytes
	item = append(item, make([]byte, 4-(len(item)%4))...)
	out = append(out, 2<<6|1, typeDescription, 0, byte(1+len(item)/4)) //nolint:gosec // G115: 20 bytes
	out = b.AppendUint32(out, s.ours)
	out = append(out, item...)
	if goodbye {
		out = append(out, 2<<6|1, typeGoodbye, 0, 1)
		out = b.AppendUint32(out, s.ours)
	}
	return out
}
