package media_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/media"
)

// patience is how long something may take that is to happen.
const patience = 20 * time.Second

// guest is somebody else's phone: its socket, and its keys once they are agreed on.
type guest struct {
	*testing.T
	conn    *net.UDPConn
	echo    netip.AddrPort
	in, out *srtp.Context // nil: plain
}

// way is how a guest's sound is protected.
type way struct {
	suite string // of SDES; "" without
	setup string // of DTLS; "" without
	dtls  dtls.SRTPProtectionProfile
	want  media.Summary
}

// call offers sound and agrees on keys.
func call(t *testing.T, host netip.Addr, format, mapping string, w way) (*guest, *media.Session) {
	t.Helper()
	desk, err := media.NewDesk(media.Config{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}})
	require.NoError(t, err)
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil && host.Is6() {
		t.Skipf("there is no IPv6 here: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	g := &guest{T: t, conn: conn}
	certificate, key := g.certificate(), g.random(profileOf(w.suite))
	offer := g.offer(host, format, mapping, w, certificate, key)
	session, answer, err := desk.Answer([]byte(offer), media.Terms{Peer: host, Protected: true, Demand: w.want.Protection != ""})
	require.NoError(t, err)
	t.Cleanup(func() { session.Close() })
	text := string(answer)
	port, err := strconv.ParseUint(g.said(text, `m=audio (\d+) `), 10, 16)
	require.NoError(t, err)
	g.echo = netip.AddrPortFrom(host, uint16(port))
	assert.Contains(t, text, fmt.Sprintf("c=IN IP%d %s\r\n", map[bool]int{true: 4, false: 6}[host.Is4()], host))
	switch {
	case w.suite != "":
		theirs, err := base64.StdEncoding.DecodeString(g.said(text, `a=crypto:7 `+w.suite+` inline:(\S+)`))
		require.NoError(t, err)
		profile, size := profileOf(w.suite)
		g.keys(profile, theirs[:size[0]], theirs[size[0]:], key[:size[0]], key[size[0]:])
	case w.setup != "":
		g.shakeHands(w.dtls, g.said(text, `a=setup:(\w+)`), g.said(text, `a=fingerprint:(sha-256 \S+)`), certificate)
	}
	return g, session
}

func (g *guest) offer(host netip.Addr, format, mapping string, w way, certificate tls.Certificate, key []byte) string {
	port := g.conn.LocalAddr().(*net.UDPAddr).Port
	profile, more := "RTP/AVP", ""
	switch {
	case w.suite != "":
		profile, more = "RTP/SAVP", "a=crypto:7 "+w.suite+" inline:"+base64.StdEncoding.EncodeToString(key)+"\r\n"
	case w.setup != "":
		profile, more = "UDP/TLS/RTP/SAVP", "a=setup:"+w.setup+"\r\na=fingerprint:"+printOf(certificate.Certificate[0])+"\r\n"
	}
	if mapping != "" {
		more += "a=rtpmap:" + format + " " + mapping + "\r\n"
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP%[1]d %[2]s\r\ns=-\r\nc=IN IP%[1]d %[2]s\r\nt=0 0\r\nm=audio %[3]d %[4]s %[5]s\r\na=rtcp-mux\r\n%[6]sa=sendrecv\r\n",
		map[bool]int{true: 4, false: 6}[host.Is4()], host, port, profile, format, more)
}

// said returns what a description says.
func (g *guest) said(text, pattern string) string {
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(g, found, "%s isn't in\n%s", pattern, text)
	return found[1]
}

func (g *guest) random(_ srtp.ProtectionProfile, size [2]int) []byte {
	raw := make([]byte, size[0]+size[1])
	_, err := rand.Read(raw)
	require.NoError(g, err)
	return raw
}

// profileOf returns a suite and the bytes of its key and salt (RFC 4568, RFC 7714).
func profileOf(suite string) (srtp.ProtectionProfile, [2]int) {
	switch suite {
	case "AEAD_AES_256_GCM":
		return srtp.ProtectionProfileAeadAes256Gcm, [2]int{32, 12}
	case "AEAD_AES_128_GCM":
		return srtp.ProtectionProfileAeadAes128Gcm, [2]int{16, 12}
	case "AES_CM_128_HMAC_SHA1_32":
		return srtp.ProtectionProfileAes128CmHmacSha1_32, [2]int{16, 14}
	default:
		return srtp.ProtectionProfileAes128CmHmacSha1_80, [2]int{16, 14}
	}
}

func (g *guest) keys(profile srtp.ProtectionProfile, inKey, inSalt, outKey, outSalt []byte) {
	var err error
	g.in, err = srtp.CreateContext(inKey, inSalt, profile)
	require.NoError(g, err)
	g.out, err = srtp.CreateContext(outKey, outSalt, profile)
	require.NoError(g, err)
}

func (g *guest) certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(g, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(g, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func printOf(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return "sha-256 " + strings.Join(parts, ":")
}

// unclosed lets DTLS go and the socket stay.
type unclosed struct{ *net.UDPConn }

func (unclosed) Close() error { return nil }

// shakeHands does DTLS in the role that the answer leaves.
func (g *guest) shakeHands(profile dtls.SRTPProtectionProfile, theirs, fingerprint string, certificate tls.Certificate) {
	check := func(certificates [][]byte, _ [][]*x509.Certificate) error {
		if len(certificates) == 0 || printOf(certificates[0]) != fingerprint {
			return fmt.Errorf("it isn't %s", fingerprint)
		}
		return nil
	}
	var conn *dtls.Conn
	var err error
	if peer := net.UDPAddrFromAddrPort(g.echo); theirs == "passive" {
		conn, err = dtls.ClientWithOptions(unclosed{g.conn}, peer, dtls.WithCertificates(certificate), dtls.WithInsecureSkipVerify(true), dtls.WithVerifyPeerCertificate(check), dtls.WithSRTPProtectionProfiles(profile))
	} else {
		conn, err = dtls.ServerWithOptions(unclosed{g.conn}, peer, dtls.WithCertificates(certificate), dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithVerifyPeerCertificate(check), dtls.WithSRTPProtectionProfiles(profile))
	}
	require.NoError(g, err)
	ctx, cancel := context.WithTimeout(g.Context(), patience)
	defer cancel()
	require.NoError(g, conn.HandshakeContext(ctx))
	selected, _ := conn.SelectedSRTPProtectionProfile()
	require.Equal(g, profile, selected)
	state, _ := conn.ConnectionState()
	size := map[dtls.SRTPProtectionProfile][2]int{
		dtls.SRTP_AEAD_AES_256_GCM: {32, 12}, dtls.SRTP_AEAD_AES_128_GCM: {16, 12}, dtls.SRTP_AES128_CM_HMAC_SHA1_80: {16, 14}, dtls.SRTP_AES128_CM_HMAC_SHA1_32: {16, 14},
	}[profile]
	raw, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(size[0]+size[1]))
	require.NoError(g, err)
	clientKey, serverKey, salts := raw[:size[0]], raw[size[0]:2*size[0]], raw[2*size[0]:]
	if theirs == "passive" {
		g.keys(srtp.ProtectionProfile(profile), serverKey, salts[size[1]:], clientKey, salts[:size[1]])
	} else {
		g.keys(srtp.ProtectionProfile(profile), clientKey, salts[:size[1]], serverKey, salts[size[1]:])
	}
	_ = conn.Close()
	require.NoError(g, g.conn.SetDeadline(time.Now().Add(patience)))
}

// hears sends a packet of sound until it comes back, as keys may be agreed on at the other end a moment later.
func (g *guest) hears(payloadType uint8, number uint16) {
	payload := []byte(fmt.Sprintf("frame %d", number))
	buffer := make([]byte, 1500)
	for try := range 20 {
		packet := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: number*32 + uint16(try), Timestamp: uint32(number) * 160, SSRC: 7}, Payload: payload}
		raw, err := packet.Marshal()
		require.NoError(g, err)
		if g.out != nil {
			raw, err = g.out.EncryptRTP(nil, raw, nil)
			require.NoError(g, err)
			assert.NotContains(g, string(raw), string(payload))
		}
		_, err = g.conn.WriteToUDPAddrPort(raw, g.echo)
		require.NoError(g, err)
		if got, ok := g.next(buffer, number); ok {
			assert.Equal(g, payload, got.Payload)
			assert.Equal(g, payloadType, got.PayloadType)
			assert.NotEqual(g, uint32(7), got.SSRC, "under its own name")
			return
		}
	}
	assert.Fail(g, "nothing came back")
}

// next returns the next packet of a frame; what else comes is passed over: the end of DTLS, and frames that came back twice.
func (g *guest) next(buffer []byte, number uint16) (got rtp.Packet, ok bool) {
	require.NoError(g, g.conn.SetReadDeadline(time.Now().Add(time.Second)))
	for {
		n, from, err := g.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return got, false
		}
		assert.Equal(g, g.echo.Port(), from.Port())
		back := buffer[:n]
		if back[0]>>6 != 2 || back[1] >= 192 && back[1] <= 223 {
			continue
		}
		if g.in != nil {
			back, err = g.in.DecryptRTP(nil, back, nil)
			require.NoError(g, err)
		}
		require.NoError(g, got.Unmarshal(back))
		if got.SequenceNumber/32 == number {
			return got, true
		}
	}
}

// A guest hears itself over both families of addresses, in each codec, under each suite, and in each role of DTLS.
func TestAGuestHearsItself(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
	sdes := func(suite string) way {
		return way{suite: suite, want: media.Summary{Protection: media.SDES, Suite: suite}}
	}
	byDTLS := func(setup, suite string, profile dtls.SRTPProtectionProfile) way {
		return way{setup: setup, dtls: profile, want: media.Summary{Protection: media.DTLS, Suite: suite}}
	}
	for name, c := range map[string]struct {
		host            netip.Addr
		format, mapping string
		way             way
	}{
		"plain":                   {four, "0", "", way{}},
		"plain over IPv6":         {six, "0", "", way{}},
		"A-law":                   {four, "8", "PCMA/8000", way{}},
		"G.722":                   {four, "9", "G722/8000", way{}},
		"G.722 over IPv6":         {six, "9", "", way{}},
		"Opus":                    {four, "107", "opus/48000/2", way{}},
		"AES 80":                  {four, "0", "", sdes("AES_CM_128_HMAC_SHA1_80")},
		"AES 32":                  {four, "0", "", sdes("AES_CM_128_HMAC_SHA1_32")},
		"GCM 128":                 {four, "0", "", sdes("AEAD_AES_128_GCM")},
		"GCM 256":                 {four, "107", "opus/48000/2", sdes("AEAD_AES_256_GCM")},
		"GCM 256 over IPv6":       {six, "0", "", sdes("AEAD_AES_256_GCM")},
		"DTLS, the guest begins":  {four, "0", "", byDTLS("active", "AES_CM_128_HMAC_SHA1_80", dtls.SRTP_AES128_CM_HMAC_SHA1_80)},
		"DTLS, the echo begins":   {four, "0", "", byDTLS("passive", "AES_CM_128_HMAC_SHA1_32", dtls.SRTP_AES128_CM_HMAC_SHA1_32)},
		"DTLS, either":            {four, "9", "", byDTLS("actpass", "AEAD_AES_128_GCM", dtls.SRTP_AEAD_AES_128_GCM)},
		"DTLS with GCM 256":       {four, "0", "", byDTLS("passive", "AEAD_AES_256_GCM", dtls.SRTP_AEAD_AES_256_GCM)},
		"DTLS over IPv6":          {six, "0", "", byDTLS("actpass", "AEAD_AES_256_GCM", dtls.SRTP_AEAD_AES_256_GCM)},
		"DTLS, the echo, on IPv6": {six, "107", "opus/48000/2", byDTLS("passive", "AES_CM_128_HMAC_SHA1_80", dtls.SRTP_AES128_CM_HMAC_SHA1_80)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, session := call(t, c.host, c.format, c.mapping, c.way)
			number, err := strconv.ParseUint(c.format, 10, 7)
			require.NoError(t, err)
			for i := range 5 {
				g.hears(uint8(number), uint16(i+1))
			}
			summary := session.Summary()
			if c.way.want.Protection == "" {
				assert.Equal(t, media.Plain, summary.Protection)
				return
			}
			assert.Equal(t, c.way.want.Protection, summary.Protection)
			assert.Equal(t, c.way.want.Suite, summary.Suite)
			assert.True(t, summary.Proven)
		})
	}
}

// Sound that the key doesn't open isn't given back, and is counted.
func TestSoundUnderAnotherKeyIsCounted(t *testing.T) {
	t.Parallel()
	g, session := call(t, netip.MustParseAddr("127.0.0.1"), "0", "", way{suite: "AES_CM_128_HMAC_SHA1_80"})
	g.hears(0, 1)
	raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 900, SSRC: 7}, Payload: make([]byte, 160)}).Marshal()
	require.NoError(t, err)
	_, err = g.conn.WriteToUDPAddrPort(raw, g.echo) // in the clear
	require.NoError(t, err)
	g.hears(0, 30)
	report := session.Report()
	assert.Equal(t, uint64(1), report.Unreadable)
	assert.GreaterOrEqual(t, report.Received, uint64(2))
}
