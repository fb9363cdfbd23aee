package media

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dialtone/fault"
)

// Ports are the UDP ports for sound, both ends included; zero: the system picks.
type Ports struct{ First, Last uint16 }

// Config is what a Desk is made of. Addresses is needed; a zero value elsewhere means the default.
type Config struct {
	// Addresses are what phones are told to send to: at most one of each family is used, the first.
	Addresses []netip.Addr
	Ports     Ports
	// RefuseOpenKeys refuses SDES-SRTP whose key came over signalling that isn't encrypted. Without it such a call is taken, and flagged.
	RefuseOpenKeys bool
	MaxSessions    int              // 100
	Reports        time.Duration    // between RTCP reports; 2.5 s
	Now            func() time.Time // time.Now
	Random         io.Reader        // crypto/rand
	Logger         *slog.Logger     // slog.DiscardHandler
}

// Desk opens sessions. It is safe for concurrent use.
type Desk struct {
	config      Config
	certificate tls.Certificate

	mu   sync.Mutex
	open int
	next int // of the ports
}

// NewDesk checks a config and makes the certificate of DTLS. The errors are for whoever wires it up.
func NewDesk(c Config) (*Desk, error) {
	if len(c.Addresses) == 0 {
		return nil, errors.New("media: an address that phones can send to is needed")
	}
	if c.Ports.Last < c.Ports.First || c.Ports.First > 0 && c.Ports.Last-c.Ports.First < 1 {
		return nil, fault.New(fault.Invalid, "The ports for sound must be a range of two or more.")
	}
	c.MaxSessions = cmp.Or(c.MaxSessions, 100)
	c.Reports = cmp.Or(c.Reports, 2500*time.Millisecond)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	certificate, err := newCertificate(c.Now())
	return &Desk{config: c, certificate: certificate}, err
}

// Answer opens a session for an offer and returns it with the answer. fault.Invalid says what of the offer won't do, fault.Limited that there is
// no room. The session lives until it is closed.
func (d *Desk) Answer(offer []byte, terms Terms) (*Session, []byte, error) {
	description, p, err := d.read(offer, terms)
	if err != nil {
		return nil, nil, err
	}
	s, err := d.begin(terms, cmp.Or(p.peer, terms.Peer))
	if err != nil {
		return nil, nil, err
	}
	answer, err := s.answer(description, p)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, answer, nil
}

// Offer opens a session and returns it with an offer, for a call that came without one: encrypted where that is demanded, and where it can do no
// harm (RFC 8643). Accept takes the answer.
func (d *Desk) Offer(terms Terms) (*Session, []byte, error) {
	s, err := d.begin(terms, terms.Peer)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	offer, err := s.makeOffer()
	if err != nil {
		s.mu.Unlock()
		s.Close()
		s.mu.Lock()
		return nil, nil, err
	}
	return s, offer, nil
}

// read reads an offer or answer and chooses.
func (d *Desk) read(body []byte, terms Terms) (Description, plan, error) {
	description, err := ParseDescription(body)
	if err != nil {
		return Description{}, plan{}, err
	}
	p, err := choose(description, terms)
	if err == nil && p.protection == SDES && !terms.Protected && d.config.RefuseOpenKeys {
		err = fault.New(fault.Invalid, "This call can't be taken: its SRTP key came over signalling that isn't encrypted. Use SIP over TLS, or DTLS-SRTP.")
	}
	return description, p, err
}

// begin opens the sockets of a session.
func (d *Desk) begin(terms Terms, towards netip.Addr) (*Session, error) {
	terms.Peer = terms.Peer.Unmap().WithZone("")
	d.mu.Lock()
	full := d.open >= d.config.MaxSessions
	if !full {
		d.open++
	}
	d.mu.Unlock()
	if full {
		return nil, fault.New(fault.Limited, "All %d lines of the echo are taken. Call again in a minute.", d.config.MaxSessions)
	}
	address := d.addressFor(towards)
	first, second, err := d.sockets(address)
	if err != nil {
		d.give()
		return nil, fault.Wrap(fault.Unavailable, err, "No port for sound is free.")
	}
	id, err := d.number()
	name := make([]byte, 8)
	if err == nil {
		_, err = io.ReadFull(d.config.Random, name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{
		desk: d, terms: terms, began: d.config.Now(), name: hex.EncodeToString(name), ctx: ctx, cancel: cancel,
		rate:  rate.NewLimiter(maxRate, maxRate),
		local: Description{SessionID: strconv.FormatUint(uint64(id), 10), Address: address},
	}
	s.rtp = &component{session: s, conn: first}
	s.rtcp = &component{session: s, conn: second}
	for _, c := range []*component{s.rtp, s.rtcp} {
		s.group.Go(func() { s.serve(c) })
	}
	s.group.Go(s.report)
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// PortsInUse is how many UDP ports are open for sound, and how many there can be.
func (d *Desk) PortsInUse() (open, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	most = 2 * d.config.MaxSessions
	if d.config.Ports.First > 0 {
		most = min(most, int(d.config.Ports.Last-d.config.Ports.First)+1)
	}
	return 2 * d.open, most
}

// give counts a session that ended.
func (d *Desk) give() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
}

// number returns 32 random bits.
func (d *Desk) number() (uint32, error) {
	var raw [4]byte
	_, err := io.ReadFull(d.config.Random, raw[:])
	return binary.BigEndian.Uint32(raw[:]), err
}

// addressFor returns the address to tell: the first of the phone's family, else the first.
func (d *Desk) addressFor(peer netip.Addr) netip.Addr {
	for _, a := range d.config.Addresses {
		if a.Unmap().Is4() == peer.Unmap().Is4() {
			return a.Unmap()
		}
	}
	return d.config.Addresses[0].Unmap()
}

// sockets opens an even port for RTP and the next for RTCP. On a machine that only speaks to itself they are closed to all others.
func (d *Desk) sockets(address netip.Addr) (first, second *net.UDPConn, err error) {
	host := netip.IPv6Unspecified()
	if address.Is4() {
		host = netip.IPv4Unspecified()
	}
	if address.IsLoopback() {
		host = address
	}
	const tries = 200
	for range tries {
		port := d.port()
		if first, err = bind(host, port); err != nil {
			continue
		}
		got := first.LocalAddr().(*net.UDPAddr).AddrPort().Port() //nolint:forcetypeassert // what a UDP socket has
		if got%2 == 0 {
			if second, err = bind(host, got+1); err == nil {
				return first, second, nil
			}
		}
		_ = first.Close()
	}
	if err == nil {
		err = errors.New("no even port with a free neighbour was found")
	}
	return nil, nil, err
}

func bind(host netip.Addr, port uint16) (*net.UDPConn, error) {
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, port)))
}

// port returns the next even port of the range, 0 without one.
func (d *Desk) port() uint16 {
	if d.config.Ports.First == 0 {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	first := int(d.config.Ports.First) + int(d.config.Ports.First)%2
	pairs := max(1, (int(d.config.Ports.Last)-first+1)/2)
	d.next = (d.next + 1) % pairs
	return uint16(first + 2*d.next) //nolint:gosec // G115: within the range
}
