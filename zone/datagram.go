package zone

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

// datagram is one question over UDP that takes the long way: it takes the answer as the library's own connections do.
type datagram struct {
	socket   *udpSocket
	peer     *net.UDPAddr
	oob      []byte
	provider map[string]string // TSIG keys by name; nil for a question without a signature
	mac      string            // of the question's signature
	status   error             // of that signature
}

func (d *datagram) address() netip.Addr { return d.peer.AddrPort().Addr().Unmap() }

// WriteMsg implements dns.ResponseWriter.
func (d *datagram) WriteMsg(m *dns.Msg) error {
	wire, err := d.pack(m)
	if err != nil {
		return err
	}
	_, err = d.Write(wire)
	return err
}

func (d *datagram) pack(m *dns.Msg) ([]byte, error) {
	if t := m.IsTsig(); t != nil && d.provider != nil {
		wire, _, err := dns.TsigGenerate(m, d.provider[dns.CanonicalName(t.Hdr.Name)], d.mac, false)
		return wire, err
	}
	return m.Pack()
}

// Write implements dns.ResponseWriter.
func (d *datagram) Write(wire []byte) (int, error) {
	n, _, err := d.socket.conn.WriteMsgUDP(wire, d.oob, d.peer)
	return n, err
}

// LocalAddr implements dns.ResponseWriter.
func (d *datagram) LocalAddr() net.Addr { return d.socket.conn.LocalAddr() }

// RemoteAddr implements dns.ResponseWriter.
func (d *datagram) RemoteAddr() net.Addr { return d.peer }

// Close implements dns.ResponseWriter. There is nothing to close.
func (d *datagram) Close() error { return nil }

// TsigStatus implements dns.ResponseWriter.
func (d *datagram) TsigStatus() error { return d.status }

// TsigTimersOnly implements dns.ResponseWriter. Over UDP there is one message.
func (d *datagram) TsigTimersOnly(bool) {}

// Hijack implements dns.ResponseWriter. Nobody does it.
func (d *datagram) Hijack() {}

// readHeader reads the first 12 bytes of a packet; false when there are fewer.
func readHeader(packet []byte, h *dns.Header) bool {
	if len(packet) < headerSize {
		return false
	}
	at := func(i int) uint16 { return binary.BigEndian.Uint16(packet[i:]) }
	*h = dns.Header{Id: at(0), Bits: at(2), Qdcount: at(4), Ancount: at(6), Nscount: at(8), Arcount: at(10)}
	return true
}

// rejection is the answer to what accept turns away, with the question if it could be read.
func rejection(request *dns.Msg, h dns.Header, action dns.MsgAcceptAction) *dns.Msg {
	m := &dns.Msg{Question: request.Question}
	m.Id, m.Response, m.Opcode, m.Rcode = h.Id, true, int(h.Bits>>11&0xF), dns.RcodeFormatError
	if action == dns.MsgRejectNotImplemented {
		m.Rcode = dns.RcodeNotImplemented
	}
	return m
}
