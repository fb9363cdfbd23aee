package zone

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"time"
)

const (
	cookieKeySize    = 16
	clientCookieSize = 8
	serverCookieSize = 16
	cookieVersion    = 1
	// cookieAge and cookieAhead are how old a server cookie may be, and how far in the future clocks of other nodes may have made it (RFC 9018 section 4.3).
	cookieAge   = time.Hour
	cookieAhead = 5 * time.Minute
)

// cookies makes and knows DNS cookies (RFC 7873, 9018): a client that shows one has received an answer at its address before, so that it doesn't forge it.
type cookies struct {
	k0, k1 uint64
	now    func() time.Time
}

func newCookies(key []byte, now func() time.Time) *cookies {
	return &cookies{binary.LittleEndian.Uint64(key), binary.LittleEndian.Uint64(key[8:]), now}
}

// wellFormed reports whether an option's length is one that RFC 7873 section 5.2.2 lets through.
func wellFormed(option []byte) bool {
	return len(option) == clientCookieSize || len(option) >= 16 && len(option) <= 40
}

// known reports whether an option holds a server cookie of ours for that address.
func (c *cookies) known(option []byte, peer netip.Addr) bool {
	if c == nil || len(option) != clientCookieSize+serverCookieSize || option[8] != cookieVersion {
		return false
	}
	made := binary.BigEndian.Uint32(option[12:])
	age := time.Duration(int32(uint32(c.now().Unix())-made)) * time.Second //nolint:gosec // G115: serial number arithmetic is meant
	if age > cookieAge || age < -cookieAhead {
		return false
	}
	var want [serverCookieSize]byte
	return subtle.ConstantTimeCompare(option[clientCookieSize:], c.make(want[:0], option[:clientCookieSize], made, peer)) == 1
}

// answer appends the option's content for an answer: the client's cookie and a new one of ours.
func (c *cookies) answer(to, option []byte, peer netip.Addr) []byte {
	to = append(to, option[:clientCookieSize]...)
	return c.make(to, option[:clientCookieSize], uint32(c.now().Unix()), peer) //nolint:gosec // G115: RFC 9018 counts modulo 2^32
}

// make appends a server cookie (RFC 9018 section 4).
func (c *cookies) make(to, client []byte, at uint32, peer netip.Addr) []byte {
	var input [clientCookieSize + 8 + 16]byte
	n := copy(input[:], client)
	input[n] = cookieVersion
	binary.BigEndian.PutUint32(input[n+4:], at)
	n += 8
	peer = peer.Unmap()
	if peer.Is4() {
		a := peer.As4()
		n += copy(input[n:], a[:])
	} else {
		a := peer.As16()
		n += copy(input[n:], a[:])
	}
	to = append(to, input[clientCookieSize:clientCookieSize+8]...)
	return binary.LittleEndian.AppendUint64(to, sipHash(c.k0, c.k1, input[:n]))
}

// sipHash is SipHash-2-4 (Aumasson and Bernstein): a hash for short inputs that nobody without the key can predict.
func sipHash(k0, k1 uint64, p []byte) uint64 {
	v0, v1, v2, v3 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d, k0^0x6c7967656e657261, k1^0x7465646279746573
	round := func() {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	last := uint64(len(p)) << 56
	for ; len(p) >= 8; p = p[8:] {
		m := binary.LittleEndian.Uint64(p)
		v3 ^= m
		round()
		round()
		v0 ^= m
	}
	for i, b := range p {
		last |= uint64(b) << (8 * i)
	}
	v3 ^= last
	round()
	round()
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}
