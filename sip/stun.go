package sip

import (
	"crypto/subtle"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// STUN on the SIP port is how phones keep a flow over UDP open, and learn when a NAT has given them another address (RFC 5626 sections 3.5.2 and 4.4.2).
// Only binding requests are answered (RFC 5389 section 7), without memory, and with at most 24 bytes more than were asked with.

const (
	stunHeader  = 20
	stunCookie  = 0x2112a442
	maxSTUN     = 548 // bytes; what a request without credentials can sensibly have
	stunRequest = 0x0001
	stunSuccess = 0x0101
	stunError   = 0x0111

	attributeErrorCode         = 0x0009
	attributeUnknownAttributes = 0x000a
	attributeXORMappedAddress  = 0x0020
	attributeFingerprint       = 0x8028

	fingerprintMask = 0x5354554e
)

// isSTUN reports whether a datagram is STUN: its first byte is below any letter's, and its cookie is at its place (RFC 5389 section 6).
func isSTUN(data []byte) bool {
	return len(data) >= stunHeader && data[0] < 4 && binary.BigEndian.Uint32(data[4:]) == stunCookie
}

// answerSTUN returns the answer to a STUN message, nil for silence: to whatever isn't a well-formed binding request.
func answerSTUN(data []byte, peer netip.AddrPort) []byte {
	if len(data) > maxSTUN || binary.BigEndian.Uint16(data) != stunRequest || int(binary.BigEndian.Uint16(data[2:])) != len(data)-stunHeader || len(data)%4 != 0 {
		return nil
	}
	unknown, fingerprint, ok := readSTUN(data)
	if !ok {
		return nil
	}
	answer := make([]byte, stunHeader, 96)
	copy(answer[4:], data[4:stunHeader]) // cookie and transaction
	if len(unknown) > 0 {
		binary.BigEndian.PutUint16(answer, stunError)
		answer = appendAttribute(answer, attributeErrorCode, []byte{0, 0, 4, 20}) // 420
		answer = appendAttribute(answer, attributeUnknownAttributes, unknown)
	} else {
		binary.BigEndian.PutUint16(answer, stunSuccess)
		answer = appendAttribute(answer, attributeXORMappedAddress, xorAddress(answer, peer))
	}
	if fingerprint {
		binary.BigEndian.PutUint16(answer[2:], uint16(len(answer)-stunHeader+8)) //nolint:gosec // G115: below 96
		sum := crc32.ChecksumIEEE(answer) ^ fingerprintMask
		answer = appendAttribute(answer, attributeFingerprint, binary.BigEndian.AppendUint32(nil, sum))
	}
	return answer
}

// maxUnknown bounds the unknown attributes that an error names.
const maxUnknown = 8

// readSTUN walks over the attributes: the types that must be understood and aren't, and whether there is a fingerprint, which must be right.
func readSTUN(data []byte) (unknown []byte, fingerprint, ok bool) {
	for at := stunHeader; at < len(data); {
		if at+4 > len(data) || fingerprint { // nothing may follow a fingerprint
			return nil, false, false
		}
		kind, length := binary.BigEndian.Uint16(data[at:]), int(binary.BigEndian.Uint16(data[at+2:]))
		if at+4+length > len(data) {
			return nil, false, false
		}
		switch {
		case kind == attributeFingerprint:
			if length != 4 || binary.BigEndian.Uint32(data[at+4:]) != crc32.ChecksumIEEE(data[:at])^fingerprintMask {
				return nil, false, false
			}
			fingerprint = true
		case kind < 0x8000 && len(unknown) < 2*maxUnknown:
			unknown = binary.BigEndian.AppendUint16(unknown, kind)
		}
		at += 4 + (length+3)/4*4
	}
	return unknown, fingerprint, true
}

// appendAttribute adds an attribute and counts it in the header.
func appendAttribute(message []byte, kind uint16, value []byte) []byte {
	message = binary.BigEndian.AppendUint16(message, kind)
	message = binary.BigEndian.AppendUint16(message, uint16(len(value))) //nolint:gosec // G115: at most 20
	message = append(message, value...)
	for len(message)%4 != 0 {
		message = append(message, 0)
	}
	binary.BigEndian.PutUint16(message[2:], uint16(len(message)-stunHeader)) //nolint:gosec // G115: below 96
	return message
}

// xorAddress writes an address so that no NAT on the way takes it for one to rewrite (RFC 5389 section 15.2).
func xorAddress(header []byte, peer netip.AddrPort) []byte {
	addr := peer.Addr().Unmap()
	family := byte(1)
	if addr.Is6() {
		family = 2
	}
	value := []byte{0, family}
	value = binary.BigEndian.AppendUint16(value, peer.Port()^(stunCookie>>16))
	raw := addr.AsSlice() // of 4 or 16 bytes, and the header has 16 behind its length
	subtle.XORBytes(raw, raw, header[4:stunHeader])
	return append(value, raw...)
}
