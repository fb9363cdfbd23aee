package sip_test

import (
	"bufio"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/echo"
	"dialtone/media"
	"dialtone/sip"
)

// caller is a call by hand, over whatever carries it.
type caller struct {
	*testing.T
	protocol string // of the Via
	send     func(text string)
	receive  func() string
	port     uint16 // of the server
	to       string // with its tag, once there is one
}

// request is one message of the call.
func (c *caller) request(method string, cseq int, authorization, body string) string {
	lines := []string{
		method + " sip:echo@acme.sip.test SIP/2.0", fmt.Sprintf("Via: SIP/2.0/%s phone.invalid;branch=z9hG4bK%s%d;rport", c.protocol, method, cseq), "Max-Forwards: 70",
		"From: <sip:alice@acme.sip.test>;tag=mine", "To: " + c.to, "Call-ID: by-hand", fmt.Sprintf("CSeq: %d %s", cseq, method), "Contact: <sip:alice@phone.invalid>",
	}
	if authorization != "" {
		lines = append(lines, "Authorization: "+authorization)
	}
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	return strings.Join(append(lines, fmt.Sprintf("Content-Length: %d", len(body))), "\r\n") + "\r\n\r\n" + body
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// calls calls the echo with a key in the description, and hangs up.
func (c *caller) calls(transport, host string) {
	family := "IP4 " + host
	if strings.Contains(host, ":") {
		family = "IP6 " + host
	}
	offer := "v=0\r\no=- 1 1 IN " + family + "\r\ns=-\r\nc=IN " + family + "\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\na=rtcp-mux\r\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n"
	c.to = "<sip:echo@acme.sip.test>"
	c.send(c.request("INVITE", 1, "", offer))
	challenge := c.receive()
	require.Contains(c, challenge, "SIP/2.0 401")
	nonce := noncePattern.FindStringSubmatch(challenge)[1]
	c.send(c.request("ACK", 1, "", ""))
	response := md5Of(md5Of("alice:acme.sip.test:wonderland") + ":" + nonce + ":00000001:c0ffee:auth:" + md5Of("INVITE:sip:echo@acme.sip.test"))
	c.send(c.request("INVITE", 2, fmt.Sprintf(`Digest username="alice", realm="acme.sip.test", nonce="%s", uri="sip:echo@acme.sip.test", algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee", response="%s"`, nonce, response), offer))
	answer := c.receive()
	require.Contains(c, answer, "SIP/2.0 200 OK")
	assert.Contains(c, answer, "X-Echo-Media: signalling="+transport+";media=SDES-SRTP;suite=AES_CM_128_HMAC_SHA1_80\r\n", "and nobody else could read the key")
	contact := map[string]string{"dtls": "<sips:echo@127.0.0.1:%d;transport=udp>", "wss": "<sips:echo@127.0.0.1:%d;transport=ws>", "tls": "<sip:echo@[::1]:%d;transport=tls>"}[transport]
	assert.Contains(c, answer, "Contact: "+fmt.Sprintf(contact, c.port)+"\r\n")
	assert.Contains(c, answer, "c=IN "+family+"\r\n")
	for line := range strings.SplitSeq(answer, "\r\n") {
		if to, ok := strings.CutPrefix(line, "To: "); ok {
			c.to = to
		}
	}
	c.send(c.request("ACK", 2, "", ""))
	c.send(c.request("BYE", 3, "", ""))
	goodbye := c.receive()
	assert.Contains(c, goodbye, "SIP/2.0 200 OK")
	assert.Contains(c, goodbye, "X-Echo-Report: duration=")
}

// openEcho is newEcho at a place of the test's own.
func openEcho(t *testing.T, host string, listen sip.Listen) (sip.Addresses, <-chan echo.Record) {
	t.Helper()
	desk, err := media.NewDesk(media.Config{Addresses: []netip.Addr{netip.MustParseAddr(host)}})
	require.NoError(t, err)
	records := make(chan echo.Record, 100)
	calls, err := echo.New(echo.Config{Desk: desk, Record: func(r echo.Record) { records <- r }})
	require.NoError(t, err)
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.Calls, c.PublicHost, c.TLS = calls, host, certificate(t) })
	addresses := run(t, server, listen)
	t.Cleanup(calls.Close)
	return addresses, records
}

func assertSaid(t *testing.T, records <-chan echo.Record, words string) {
	t.Helper()
	assert.Equal(t, echo.Answered, next(t, records).Event)
	ended := next(t, records)
	assert.Equal(t, echo.Ended, ended.Event)
	assert.Contains(t, ended.Words, words)
}

func TestCallOverDTLS(t *testing.T) {
	t.Parallel()
	addresses, records := openEcho(t, "127.0.0.1", sip.Listen{DTLS: "127.0.0.1:0"})
	conn := dial(t, "dtls", addresses)
	c := &caller{T: t, protocol: "DTLS-UDP", port: addresses.DTLS.Port(), receive: func() string { return receive(t, conn) }, send: func(text string) {
		_, err := conn.Write([]byte(text))
		require.NoError(t, err)
	}}
	c.calls("dtls", "127.0.0.1")
	assertSaid(t, records, "signalling encrypted by DTLS, sound encrypted by SDES-SRTP with AES_CM_128_HMAC_SHA1_80")
}

func TestCallOverWebSockets(t *testing.T) {
	t.Parallel()
	addresses, records := openEcho(t, "127.0.0.1", sip.Listen{WSS: "127.0.0.1:0"})
	conn, reader, status := openWebSocket(t, addresses, asksForSIP)
	require.Equal(t, "HTTP/1.1 101 Switching Protocols", status)
	c := &caller{
		T: t, protocol: "WSS", port: addresses.WSS.Port(), receive: func() string { return string(heard(t, reader)) },
		send: func(text string) { say(t, conn, ws.NewTextFrame([]byte(text))) },
	}
	c.calls("wss", "127.0.0.1")
	assertSaid(t, records, "signalling encrypted by WSS, sound encrypted by SDES-SRTP with AES_CM_128_HMAC_SHA1_80")
}

func TestCallOverIPv6(t *testing.T) {
	t.Parallel()
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("there is no IPv6 here: %v", err)
	}
	require.NoError(t, probe.Close())
	addresses, records := openEcho(t, "::1", sip.Listen{TLS: "[::1]:0"})
	conn := dial(t, "tls", addresses)
	c := &caller{T: t, protocol: "TLS", port: addresses.TLS.Port(), receive: func() string { return receive(t, conn) }, send: func(text string) {
		_, err := conn.Write([]byte(text))
		require.NoError(t, err)
	}}
	c.calls("tls", "::1")
	assertSaid(t, records, "signalling encrypted by TLS, sound encrypted by SDES-SRTP with AES_CM_128_HMAC_SHA1_80")
}

func heard(t *testing.T, reader *bufio.Reader) []byte {
	t.Helper()
	return hear(t, reader).Payload
}

// Foreign coders and IPv6: what comes back is what the client sent, whichever it is.
func TestBaresipHearsItselfInOtherCodecs(t *testing.T) {
	t.Parallel()
	need(t, "baresip", "baresip-core")
	for _, c := range []struct{ module, codec, encryption string }{{"g722", "G722", "srtp-mand"}, {"opus", "opus", "dtls_srtp"}} {
		t.Run(c.codec, func(t *testing.T) {
			t.Parallel()
			addresses, records := newEcho(t)
			folder := t.TempDir()
			baresip(t, folder, addresses, "tls", c.encryption)
			rewrite(t, filepath.Join(folder, "accounts"), "\n", ";audio_codecs="+c.codec+"\n")
			rewrite(t, filepath.Join(folder, "config"), "module g711.so", "module "+c.module+".so\nausrc_srate 8000\nausrc_channels 1")
			said := client(t, folder, "baresip", "-f", folder, "-e", "/dial sip:echo@acme.sip.test", "-t", "5")
			first := next(t, records)
			require.Equal(t, echo.Answered, first.Event, "%s\n%s", first.Words, tail(said))
			assertHeard(t, next(t, records))
			assertRecorded(t, folder)
			if t.Failed() {
				t.Log(said)
			}
		})
	}
}

// rewrite replaces a part of a file.
func rewrite(t *testing.T, path, before, after string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), before)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), before, after, 1)), 0o600))
}
