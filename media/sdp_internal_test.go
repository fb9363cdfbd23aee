package media

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
)

func describe(lines ...string) []byte {
	head := []string{"v=0", "o=- 1 2 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=0 0"}
	return []byte(strings.Join(append(head, lines...), "\r\n") + "\r\n")
}

const keyed = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"

func TestChoosePicksTheBestThatIsOffered(t *testing.T) {
	t.Parallel()
	printed := "a=fingerprint:sha-256 " + fingerprintOf([]byte("somebody"))[len("sha-256 "):]
	for name, c := range map[string]struct {
		lines      []string
		terms      Terms
		protection Protection
		direction  string
		problem    string
	}{
		"plain":                       {[]string{"m=audio 4000 RTP/AVP 0 8"}, Terms{}, Plain, "sendrecv", ""},
		"hold":                        {[]string{"m=audio 4000 RTP/AVP 0", "a=sendonly"}, Terms{}, Plain, "recvonly", ""},
		"hold as it was":              {[]string{"m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"}, Terms{}, Plain, "recvonly", ""},
		"quiet":                       {[]string{"m=audio 4000 RTP/AVP 0", "a=inactive"}, Terms{}, Plain, "inactive", ""},
		"key":                         {[]string{"m=audio 4000 RTP/SAVP 0", keyed}, Terms{Protected: true}, SDES, "sendrecv", ""},
		"key beside plain":            {[]string{"m=audio 4000 RTP/AVP 0", keyed}, Terms{}, SDES, "sendrecv", ""},
		"two sections":                {[]string{"m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/SAVP 0", keyed}, Terms{}, SDES, "sendrecv", ""},
		"DTLS":                        {[]string{"m=audio 4000 UDP/TLS/RTP/SAVPF 0", printed, "a=setup:actpass"}, Terms{Demand: true}, DTLS, "sendrecv", ""},
		"DTLS with SHA-1":             {[]string{"m=audio 4000 UDP/TLS/RTP/SAVPF 0", "a=fingerprint:sha-1 00"}, Terms{}, "", "", "no fingerprint"},
		"SRTP without a key":          {[]string{"m=audio 4000 RTP/SAVP 0"}, Terms{}, "", "", "no key"},
		"unencrypted SRTP":            {[]string{"m=audio 4000 RTP/SAVP 0", keyed + " UNENCRYPTED_SRTP"}, Terms{}, "", "", "no key"},
		"no codec":                    {[]string{"m=audio 4000 RTP/AVP 18"}, Terms{}, "", "", "none of PCMU"},
		"keys pressed alone":          {[]string{"m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"}, Terms{}, "", "", "none of PCMU"},
		"opus":                        {[]string{"m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"}, Terms{}, Plain, "sendrecv", ""},
		"video alone":                 {[]string{"m=video 4000 RTP/AVP 96"}, Terms{}, "", "", "no sound"},
		"ICE alone":                   {[]string{"m=audio 9 RTP/AVP 0", "a=ice-ufrag:abcd"}, Terms{}, "", "", "ICE alone"},
		"ICE beside an address":       {[]string{"m=audio 4000 RTP/AVP 0", "a=ice-ufrag:abcd"}, Terms{}, Plain, "sendrecv", ""},
		"demanded, plain":             {[]string{"m=audio 4000 RTP/AVP 0"}, Terms{Demand: true}, "", "", "encryption is demanded here, and RTP"},
		"demanded, key to be read":    {[]string{"m=audio 4000 RTP/SAVP 0", keyed}, Terms{Demand: true}, "", "", "signalling that isn't encrypted"},
		"demanded, key well hidden":   {[]string{"m=audio 4000 RTP/SAVP 0", keyed}, Terms{Demand: true, Protected: true}, SDES, "sendrecv", ""},
		"a profile from somewhere":    {[]string{"m=audio 4000 RTP/SAVPX 0"}, Terms{}, "", "", "profile RTP/SAVPX"},
		"DTLS that nobody would open": {[]string{"m=audio 4000 UDP/TLS/RTP/SAVP 0", printed, "a=setup:holdconn"}, Terms{}, "", "", "a=setup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseDescription(describe(c.lines...))
			require.NoError(t, err)
			p, err := choose(d, c.terms)
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				assert.True(t, fault.Is(err, fault.Invalid))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.protection, p.protection)
			assert.Equal(t, c.direction, p.direction)
		})
	}
}

func TestKeyLinesThatWouldChangeWhatIsSentAreNone(t *testing.T) {
	t.Parallel()
	value := strings.TrimPrefix(keyed, "a=crypto:")
	for line, want := range map[string]bool{
		value: true, value + "|2^31": true, value + "|2^31|1:4": false, value + "|1:4": false, value + ";inline:AAAA": false,
		value + " KDR=1": false, value + " WSH=64": true, "x" + value: false, "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA": false, "1 F8_128_HMAC_SHA1_80 inline:AAAA": false,
		"1": false, "": false,
	} {
		_, ok := parseKeyLine(line)
		assert.Equal(t, want, ok, line)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	hash, ok := parseFingerprint(fingerprintOf([]byte("certificate")))
	require.True(t, ok)
	assert.True(t, hash.matches([]byte("certificate")))
	assert.False(t, hash.matches([]byte("another")))
	assert.False(t, fingerprint{}.matches(nil))
}

func FuzzParseDescription(f *testing.F) {
	f.Add(describe("m=audio 4000 RTP/SAVP 0 101", keyed, "a=rtpmap:101 telephone-event/8000", "a=rtcp:4001", "a=rtcp-mux"))
	f.Add(describe("m=audio 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 opus/48000/2", "a=ice-ufrag:x", "a=fingerprint:sha-256 00:11"))
	f.Add([]byte("v=0\r\nc=IN IP6 ::1\r\nm=audio 65535/2 RTP/AVP 0\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := ParseDescription(body)
		if err != nil {
			return
		}
		p, err := choose(d, Terms{})
		if err == nil && (p.section >= len(d.Sections) || len(p.codecs) == 0) {
			t.Fatal("a plan without a section or a codec")
		}
	})
}

func FuzzParseRTCP(f *testing.F) {
	s := &source{ssrc: 1, ours: 2, rate: 8000, sent: 1}
	f.Add(appendReport(nil, s, moment, "echo", true))
	f.Add([]byte{0x81, 201, 0, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, blocks, _ := parseRTCP(data)
		if len(blocks)*24 > len(data) {
			t.Fatal("more reports than bytes")
		}
	})
}
