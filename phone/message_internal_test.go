package phone

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestARegisterRequestOnTheWire(t *testing.T) {
	t.Parallel()
	r := register{
		user: "1001", domain: "bakery.sip.example", transport: "tcp", local: netip.MustParseAddrPort("192.0.2.7:5080"), branch: "z9hG4bKabc", tag: "t1",
		callID: "c1", cseq: 7, contact: "sip:1001@192.0.2.7:5080;transport=tcp", instance: "urn:uuid:1", expires: 1800, product: "Test/1",
		authorization: "Digest x",
	}
	want := []string{
		"REGISTER sip:bakery.sip.example SIP/2.0",
		"Via: SIP/2.0/TCP 192.0.2.7:5080;branch=z9hG4bKabc;rport",
		"Max-Forwards: 70",
		"From: <sip:1001@bakery.sip.example>;tag=t1",
		"To: <sip:1001@bakery.sip.example>",
		"Call-ID: c1",
		"CSeq: 7 REGISTER",
		`Contact: <sip:1001@192.0.2.7:5080;transport=tcp>;expires=1800;+sip.instance="<urn:uuid:1>"`,
		"Expires: 1800",
		"Authorization: Digest x",
		"User-Agent: Test/1",
		"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY",
		"Content-Length: 0",
		"", "",
	}
	assert.Equal(t, want, strings.Split(string(r.bytes()), "\r\n"))

	r.authorization, r.instance, r.domain = "", "", "2001:db8::1"
	text := string(r.bytes())
	assert.NotContains(t, text, "Authorization")
	assert.NotContains(t, text, "sip.instance")
	assert.Contains(t, text, "REGISTER sip:[2001:db8::1] SIP/2.0\r\n")
	assert.Contains(t, text, "To: <sip:1001@[2001:db8::1]>\r\n")
}

func TestNoUserNameBreaksOutOfAURI(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.String().Draw(t, "user")
		escaped := escapeUser(user)
		if strings.ContainsAny(escaped, "@<>\" \r\n\t:[]") {
			t.Fatalf("%q became %q", user, escaped)
		}
	})
}

func TestOurContactIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	const ours = "sip:1001@192.0.2.7:5080;transport=tcp"
	for other, same := range map[string]bool{
		ours:                                    true,
		"sip:1001@192.0.2.7:5080;transport=TCP": true,
		"sip:1001@192.0.2.7:5080;x=1;transport=tcp": true,
		"sip:1001@192.0.2.7:5080":                   false,
		"sip:1002@192.0.2.7:5080;transport=tcp":     false,
		"sip:1001@192.0.2.8:5080;transport=tcp":     false,
		"sip:1001@192.0.2.7;transport=tcp":          false,
		"mailto:x@example.com":                      false,
		"":                                          false,
	} {
		assert.Equal(t, same, sameContact(other, ours), other)
	}
}

func TestContactsThatAreWrittenAreRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z,;<> ]{0,10}`).Draw(t, "name")
		user := rapid.StringMatching(`[a-z0-9,;]{1,8}`).Draw(t, "user")
		seconds := rapid.IntRange(0, 1<<30).Draw(t, "seconds")
		want := binding{"sip:" + user + "@h:5060", time.Duration(seconds) * time.Second}
		one := `"` + name + `" <` + want.uri + `>;q=0.1;Expires=` + strconv.Itoa(seconds)
		got, err := parseContacts(one + ", " + one)
		if err != nil || len(got) != 2 || got[0] != want || got[1] != want {
			t.Fatalf("%s: %+v %v", one, got, err)
		}
	})
}

func TestParseReply(t *testing.T) {
	t.Parallel()
	branch, got, ok := parseReply([]byte("SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1 ;rport\r\nVia: SIP/2.0/UDP x;branch=other\r\n" +
		"WWW-Authenticate: Digest a\r\nwww-authenticate:Digest b\r\n\r\nVia: body"))
	require.True(t, ok)
	assert.Equal(t, "z9hG4bK1", branch)
	assert.Equal(t, 401, got.status)
	assert.Equal(t, []string{" Digest a", "Digest b"}, got.challenges)
	for _, bad := range []string{"", "REGISTER sip:x SIP/2.0\r\n", "SIP/2.0 OK\r\n", "SIP/2.0 2x0 OK\r\n", "SIP/2.0 200 OK\r\nFrom: x\r\n\r\n"} {
		_, _, ok := parseReply([]byte(bad))
		assert.False(t, ok, bad)
	}
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, message []byte) {
		branch, got, ok := parseReply(message)
		if ok && (branch == "" || got.status < -99 || got.status > 999) {
			t.Fatalf("%q %d", branch, got.status)
		}
	})
}

func BenchmarkRegisterBytes(b *testing.B) {
	r := register{user: "1001", domain: "bakery.sip.example", transport: udp, contact: "sip:1001@192.0.2.7:5080", product: "Test/1"}
	for b.Loop() {
		_ = r.bytes()
	}
}
