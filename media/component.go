package media

import (
	"net"
	"net/netip"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// component is one socket of a session: RTP, with RTCP when they share it, or RTCP. The session's lock guards what changes.
type component struct {
	session *Session
	conn    *net.UDPConn

	peer  netip.AddrPort // where packets come from, and go; zero before the first
	heard time.Time      // when the last one came

	in, out *srtp.Context // nil: no keys yet, or none needed
	dtls    *association
	early   [][]byte // sound that came before the keys of the handshake under way were taken; at most maxEarly
}

// maxEarly bounds the sound that waits for keys: 0.3 seconds in frames of 20 ms. The other end has its keys a moment before or after us, and begins at once.
const maxEarly = 16

// keepEarly keeps a packet of sound for when the keys are there, if they are being agreed on with whoever sent it. It reports whether it did; the session's
// lock is held.
func (c *component) keepEarly(data []byte, from netip.AddrPort) bool {
	if c.in != nil || c.dtls == nil || len(c.early) == maxEarly || !c.dtls.isWith(from) {
		return false
	}
	c.early = append(c.early, append([]byte(nil), data...))
	return true
}

// port is our port.
func (c *component) port() uint16 {
	return c.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() //nolint:forcetypeassert // what a UDP socket has
}

// open takes protection off a packet of sound; the result may be changed. ok is false for what isn't what it should be.
func (c *component) open(data []byte, header *rtp.Header) (plain []byte, ok bool) {
	if c.session.plan.protection == Plain {
		size, err := header.Unmarshal(data)
		return data, err == nil && size < len(data)
	}
	if c.in == nil {
		return nil, false
	}
	plain, err := c.in.DecryptRTP(nil, data, header)
	return plain, err == nil && len(plain) >= 12
}

func (c *component) seal(plain []byte) ([]byte, bool) {
	if c.session.plan.protection == Plain {
		return plain, true
	}
	if c.out == nil {
		return nil, false
	}
	sealed, err := c.out.EncryptRTP(nil, plain, nil)
	return sealed, err == nil
}

func (c *component) openControl(data []byte) ([]byte, bool) {
	if c.session.plan.protection == Plain {
		return data, true
	}
	if c.in == nil {
		return nil, false
	}
	plain, err := c.in.DecryptRTCP(nil, data, nil)
	return plain, err == nil
}

func (c *component) sealControl(plain []byte) ([]byte, bool) {
	if c.session.plan.protection == Plain {
		return plain, true
	}
	if c.out == nil {
		return nil, false
	}
	sealed, err := c.out.EncryptRTCP(nil, plain, nil)
	return sealed, err == nil
}

// latch ties the component to where its first good packet came from. Another place is taken after a silence only, so that nobody who guesses a
// port turns a call away.
func (c *component) latch(from netip.AddrPort, now time.Time) bool {
	if from != c.peer && c.peer.IsValid() && now.Sub(c.heard) < silence {
		return false
	}
	c.peer, c.heard = from, now
	return true
}

// send sends to where packets come from; nowhere before the first.
func (c *component) send(data []byte) bool {
	if !c.peer.IsValid() {
		return false
	}
	_, err := c.conn.WriteToUDPAddrPort(data, c.peer)
	return err == nil
}

// close ends the socket and what handshakes on it.
func (c *component) close() {
	c.session.mu.Lock()
	a := c.dtls
	c.session.mu.Unlock()
	if a != nil {
		a.close()
	}
	_ = c.conn.Close()
}
