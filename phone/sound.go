package phone

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"
)

const (
	frame      = 20 * time.Millisecond
	frameBytes = 160 // of G.711 in a frame
	// lastWords is how long echoes are waited for after the last packet.
	lastWords = 500 * time.Millisecond
)

// sound is the media of one call: a socket, and keys if it has some.
type sound struct {
	conn        *net.UDPConn
	kind        string
	key         []byte // SDES: key and salt of what we send
	certificate tls.Certificate
	in, out     *srtp.Context
	suite       string
	peer        netip.AddrPort
	ssrc        uint32
}

func newSound(ctx context.Context, at netip.Addr, kind string, random io.Reader) (*sound, error) {
	conn, err := listenSound(ctx, at)
	if err != nil {
		return nil, err
	}
	s := &sound{conn: conn, kind: kind, key: make([]byte, 30)}
	var number [4]byte
	if _, err = io.ReadFull(random, number[:]); err == nil {
		_, err = io.ReadFull(random, s.key)
	}
	s.ssrc = binary.BigEndian.Uint32(number[:])
	if err == nil && kind == SoundDTLS {
		s.certificate, err = ownCertificate()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sound) close() { _ = s.conn.Close() }

// ownCertificate is vouched for by its fingerprint alone.
func ownCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, crypto.PublicKey(&key.PublicKey), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// offer is the session description of the call.
func (s *sound) offer(at netip.Addr) string {
	port := unmapped(s.conn.LocalAddr().(*net.UDPAddr).AddrPort()).Port() //nolint:forcetypeassert // what a UDP socket has
	family, profile, more := "IP4", "RTP/AVP", ""
	if at.Is6() {
		family = "IP6"
	}
	switch s.kind {
	case SoundSDES:
		profile = "RTP/SAVP"
		more = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + base64.StdEncoding.EncodeToString(s.key) + "\r\n"
	case SoundDTLS:
		profile = "UDP/TLS/RTP/SAVP"
		more = "a=setup:active\r\na=fingerprint:sha-256 " + printOf(sha256.Sum256(s.certificate.Certificate[0])) + "\r\n"
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d %s 0\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n%sa=sendrecv\r\n",
		family, at, family, at, port, profile, more)
}

func printOf(sum [sha256.Size]byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// talk sends a tone to where the answer says, and measures what comes back.
func (s *sound) talk(ctx context.Context, answer []byte, length, patience time.Duration) (Heard, error) {
	if err := s.agree(ctx, string(answer), patience); err != nil {
		return Heard{}, err
	}
	heard := Heard{Suite: s.suite}
	sent := make(map[uint16]time.Time)
	var total time.Duration
	frames := int(length / frame)
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for i := range frames {
		if err := s.say(uint16(i)); err != nil {
			return heard, err
		}
		heard.Sent++
		sent[uint16(i)] = time.Now()
		until := time.Now().Add(frame)
		if i == frames-1 {
			until = time.Now().Add(lastWords)
		}
		s.hear(until, sent, &heard, &total)
		if ctx.Err() != nil {
			return heard, ctx.Err()
		}
	}
	if heard.Returned > 0 {
		heard.Delay = total / time.Duration(heard.Returned)
	}
	if heard.Returned*2 < heard.Sent {
		return heard, fmt.Errorf("only %d of %d packets came back as they were sent, and %d that weren't ours", heard.Returned, heard.Sent, heard.Foreign)
	}
	return heard, nil
}

// payload is what the frame of a number holds: its number and a pattern of its own, so that no other frame is taken for it.
func payload(number uint16) []byte {
	out := make([]byte, frameBytes)
	for i := range out {
		out[i] = byte(int(number)*31 + i*7) //nolint:gosec // G115: the lowest bits make the pattern
	}
	return out
}

// say sends the frame of a number.
func (s *sound) say(number uint16) error {
	b := binary.BigEndian
	packet := []byte{2 << 6, 0}
	packet = b.AppendUint16(packet, number)
	packet = b.AppendUint32(packet, uint32(number)*frameBytes)
	packet = b.AppendUint32(packet, s.ssrc)
	packet = append(packet, payload(number)...)
	if s.out != nil {
		var err error
		if packet, err = s.out.EncryptRTP(nil, packet, nil); err != nil {
			return err
		}
	}
	_, err := s.conn.WriteToUDPAddrPort(packet, s.peer)
	return err
}

// hear takes what comes until then.
func (s *sound) hear(until time.Time, sent map[uint16]time.Time, heard *Heard, total *time.Duration) {
	_ = s.conn.SetReadDeadline(until)
	buffer := make([]byte, 2048)
	for {
		n, _, err := s.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		data := buffer[:n]
		if n < 12 || data[0]>>6 != 2 || data[1] >= 192 && data[1] <= 223 {
			continue // RTCP, and the end of a handshake
		}
		if s.in != nil {
			if data, err = s.in.DecryptRTP(nil, data, nil); err != nil {
				heard.Foreign++
				continue
			}
		}
		number := binary.BigEndian.Uint16(data[2:])
		at, ours := sent[number]
		if !ours || !bytes.Equal(data[12:], payload(number)) {
			heard.Foreign++
			continue
		}
		delete(sent, number)
		heard.Returned++
		*total += time.Since(at)
	}
}

// agree reads the answer, and gets the keys that the call is to have. An answer that is worse than the offer isn't taken.
func (s *sound) agree(ctx context.Context, answer string, patience time.Duration) error {
	host, attributes, port := "", map[string]string{}, 0
	for line := range strings.SplitSeq(answer, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "c=IN "):
			host = line[strings.LastIndexByte(line, ' ')+1:]
		case strings.HasPrefix(line, "m=audio "):
			fields := strings.Fields(line)
			port, _ = strconv.Atoi(fields[1])
		case strings.HasPrefix(line, "a="):
			name, value, _ := strings.Cut(line[2:], ":")
			attributes[name] = value
		}
	}
	var err error
	if s.peer, err = soundAddress(host, port); err != nil {
		return err
	}
	switch s.kind {
	case SoundSDES:
		return s.agreeSDES(attributes["crypto"])
	case SoundDTLS:
		return s.agreeDTLS(ctx, attributes["fingerprint"], patience)
	}
	return nil
}

func (s *sound) agreeSDES(line string) error {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[1] != "AES_CM_128_HMAC_SHA1_80" {
		return errors.New("the answer has no key for what we offered")
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(fields[2], "inline:"), "|")
	theirs, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(theirs) != len(s.key) {
		return errors.New("the answer's key can't be read")
	}
	return s.keys(srtp.ProtectionProfileAes128CmHmacSha1_80, "AES_CM_128_HMAC_SHA1_80", theirs[:16], theirs[16:], s.key[:16], s.key[16:])
}

func (s *sound) keys(profile srtp.ProtectionProfile, name string, inKey, inSalt, outKey, outSalt []byte) (err error) {
	if s.in, err = srtp.CreateContext(inKey, inSalt, profile); err != nil {
		return err
	}
	s.out, err = srtp.CreateContext(outKey, outSalt, profile)
	s.suite = name
	return err
}

// keptOpen is a socket that stays open when DTLS has done its part.
type keptOpen struct{ *net.UDPConn }

func (keptOpen) Close() error { return nil }

// agreeDTLS shakes hands, and checks the certificate against the answer's fingerprint.
func (s *sound) agreeDTLS(ctx context.Context, fingerprint string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	check := func(certificates [][]byte, _ [][]*x509.Certificate) error {
		if len(certificates) == 0 || !strings.EqualFold(fingerprint, "sha-256 "+printOf(sha256.Sum256(certificates[0]))) {
			return errors.New("the certificate isn't the one that the answer names")
		}
		return nil
	}
	conn, err := dtls.ClientWithOptions(keptOpen{s.conn}, net.UDPAddrFromAddrPort(s.peer), dtls.WithCertificates(s.certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithVerifyPeerCertificate(check), dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80))
	if err != nil {
		return err
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("the DTLS handshake failed: %w", err)
	}
	profile, ok := conn.SelectedSRTPProtectionProfile()
	state, known := conn.ConnectionState()
	if !ok || !known {
		return errors.New("the DTLS handshake agreed on no SRTP")
	}
	salt, name := 14, "AES_CM_128_HMAC_SHA1_80"
	if profile == dtls.SRTP_AEAD_AES_128_GCM {
		salt, name = 12, "AEAD_AES_128_GCM"
	}
	raw, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(16+salt))
	if err != nil {
		return err
	}
	// Closing says goodbye to the echo, which needs DTLS no more, and lets the socket be read for sound.
	_ = conn.Close()
	_ = s.conn.SetDeadline(time.Time{})
	return s.keys(srtp.ProtectionProfile(profile), name, raw[16:32], raw[32+salt:], raw[:16], raw[32:32+salt])
}
