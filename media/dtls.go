package media

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/deadline"

	"dialtone/secret"
)

// handshakeTimeout bounds a DTLS handshake. Phones begin theirs when they have the answer, some a second later.
const handshakeTimeout = 20 * time.Second

// newCertificate makes the certificate that calls show: nobody but its fingerprint vouches for it.
func newCertificate(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "echo"}, NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, crypto.PublicKey(&key.PublicKey), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// association is DTLS on one component: a packet connection that gets its packets from the component's reader.
type association struct {
	component *component
	active    bool // we begin
	prints    fingerprint
	packets   chan []byte
	closed    chan struct{}
	closing   sync.Once
	until     *deadline.Deadline

	mu   sync.Mutex
	peer netip.AddrPort // of the handshake
}

var errEnded = errors.New("the call ended")

// handshaking hands a DTLS record to the association. A passive end is bound to where the first record comes from.
func (c *component) handshaking(data []byte, from netip.AddrPort) {
	c.session.mu.Lock()
	a := c.dtls
	c.session.mu.Unlock()
	if a == nil {
		return
	}
	a.mu.Lock()
	if !a.peer.IsValid() {
		a.peer = from
	}
	ours := a.peer == from
	a.mu.Unlock()
	if !ours {
		return
	}
	select {
	case a.packets <- append([]byte(nil), data...):
	default: // it sends again
	}
}

// associate begins DTLS on a component; the session's lock is held.
func (c *component) associate(p plan, active bool) {
	a := &association{
		component: c, active: active, prints: p.prints, packets: make(chan []byte, 32), closed: make(chan struct{}), until: deadline.New(),
	}
	if active {
		a.peer = netip.AddrPortFrom(p.peer, p.rtp)
		if c == c.session.rtcp {
			a.peer = netip.AddrPortFrom(p.peer, p.rtcp)
		}
		if p.peer != c.session.terms.Peer { // who isn't where the call came from is sent nothing before it sends something
			a.peer = netip.AddrPort{}
		}
	}
	c.dtls, c.in, c.out, c.early = a, nil, nil, nil
	c.session.group.Go(a.run)
}

// run shakes hands, takes the keys, and then reads until the end.
func (a *association) run() {
	s := a.component.session
	ctx, cancel := context.WithTimeout(s.ctx, handshakeTimeout)
	defer cancel()
	conn, err := a.handshake(ctx)
	if conn != nil {
		defer func() { _ = conn.Close() }()
	}
	if err == nil {
		err = a.keys(conn)
	}
	if err != nil {
		s.mu.Lock()
		if a.component.dtls == a {
			s.failure = "the DTLS handshake failed"
		}
		s.mu.Unlock()
		s.desk.config.Logger.Debug("DTLS of a call failed", "peer", a.RemoteAddr(), "error", err)
		return
	}
	buffer := make([]byte, maxPacket)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

func (a *association) handshake(ctx context.Context) (*dtls.Conn, error) {
	desk := a.component.session.desk
	check := func(certificates [][]byte, _ [][]*x509.Certificate) error {
		if len(certificates) == 0 || !a.prints.matches(certificates[0]) {
			return errors.New("the certificate isn't the one of the fingerprint")
		}
		return nil
	}
	common := []dtls.Option{
		dtls.WithCertificates(desk.certificate), dtls.WithInsecureSkipVerify(true), dtls.WithVerifyPeerCertificate(check),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AES128_CM_HMAC_SHA1_32),
	}
	var conn *dtls.Conn
	var err error
	if a.active {
		options := make([]dtls.ClientOption, 0, len(common))
		for _, o := range common {
			options = append(options, o)
		}
		conn, err = dtls.ClientWithOptions(a, a.RemoteAddr(), options...)
	} else {
		options := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
		for _, o := range common {
			options = append(options, o)
		}
		conn, err = dtls.ServerWithOptions(a, a.RemoteAddr(), options...)
	}
	if err != nil {
		return nil, err
	}
	return conn, conn.HandshakeContext(ctx)
}

// keys takes the keys of SRTP out of the handshake (RFC 5764 section 4.2).
func (a *association) keys(conn *dtls.Conn) error {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	state, known := conn.ConnectionState()
	chosen, supported := suiteOfProfile(srtp.ProtectionProfile(profile))
	if !ok || !known || !supported {
		return errors.New("no SRTP was agreed on")
	}
	raw, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(chosen.key+chosen.salt))
	if err != nil {
		return err
	}
	k, n := chosen.key, chosen.salt
	client := keyLine{suite: chosen, key: secret.New(string(raw[:k]) + string(raw[2*k:2*k+n]))}
	server := keyLine{suite: chosen, key: secret.New(string(raw[k:2*k]) + string(raw[2*k+n:]))}
	in, out := client, server
	if a.active {
		in, out = server, client
	}
	return a.take(in, out)
}

// take begins to use keys, first for the sound that came before them.
func (a *association) take(in, out keyLine) (err error) {
	s := a.component.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.component.dtls != a {
		return errEnded
	}
	if a.component.in, err = in.context(); err != nil {
		return err
	}
	if a.component.out, err = out.context(); err != nil {
		return err
	}
	s.suiteName, s.failure = in.suite.name, ""
	early := a.component.early
	a.component.early = nil
	for _, data := range early {
		s.giveBack(a.component, data, a.addr())
	}
	return nil
}

// addr is where the other end is; zero before it was heard of.
func (a *association) addr() netip.AddrPort {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.peer
}

// isWith reports whether the handshake is with an address.
func (a *association) isWith(from netip.AddrPort) bool { return a.addr() == from }

func (a *association) close() { a.closing.Do(func() { close(a.closed) }) }

// ReadFrom, and what follows, make a net.PacketConn of the association for package dtls.
func (a *association) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case <-a.until.Done():
		return 0, nil, context.DeadlineExceeded
	default:
	}
	select {
	case data := <-a.packets:
		return copy(p, data), a.RemoteAddr(), nil
	case <-a.until.Done():
		return 0, nil, context.DeadlineExceeded
	case <-a.closed:
		return 0, nil, net.ErrClosed
	case <-a.component.session.ctx.Done():
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends to the one peer; what has none yet is dropped, and sent again by DTLS.
func (a *association) WriteTo(p []byte, _ net.Addr) (int, error) {
	a.mu.Lock()
	peer := a.peer
	a.mu.Unlock()
	if !peer.IsValid() {
		return len(p), nil
	}
	return a.component.conn.WriteToUDPAddrPort(p, peer)
}

// Close ends the association; the socket is the component's.
func (a *association) Close() error {
	a.close()
	return nil
}

// LocalAddr is the socket's.
func (a *association) LocalAddr() net.Addr { return a.component.conn.LocalAddr() }

// RemoteAddr is where records come from.
func (a *association) RemoteAddr() net.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.peer.IsValid() {
		return &net.UDPAddr{}
	}
	return net.UDPAddrFromAddrPort(a.peer)
}

// SetDeadline bounds reads; writes to a UDP socket don't wait.
func (a *association) SetDeadline(t time.Time) error { return a.SetReadDeadline(t) }

// SetReadDeadline bounds reads.
func (a *association) SetReadDeadline(t time.Time) error {
	a.until.Set(t)
	return nil
}

// SetWriteDeadline does nothing.
func (a *association) SetWriteDeadline(time.Time) error { return nil }
