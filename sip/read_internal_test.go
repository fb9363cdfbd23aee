package sip

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseURI(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uri{
		"sip:acme.sip.test":                        {scheme: "sip", host: "acme.sip.test"},
		"SIPS:Alice@ACME.sip.test.:5061":           {scheme: "sips", userInfo: "Alice", host: "acme.sip.test", port: 5061},
		"sip:alice:pw;x=y@192.0.2.1;Lr;a=B?to=x":   {scheme: "sip", userInfo: "alice:pw;x=y", host: "192.0.2.1", parameters: "a=b;lr", headers: "to=x"},
		"sip:alice@[2001:db8::1]:5060;transport=x": {scheme: "sip", userInfo: "alice", host: "[2001:db8::1]", port: 5060, parameters: "transport=x"},
	} {
		got, ok := parseURI(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "sip", "sip:", "tel:+1555", "sip:@b", "sip:a@", "sip:a@b:0", "sip:a@b:65536", "sip:a@b:", "sip:a@b:x", "sip:a@[::1", "sip:a@[::1]x",
		"sip:a@[::1%25eth0]", "sip:a@[192.0.2.1]", "sip:a b@c", "sip:a@b\n", "sip:a@b>", "sip:a@b..c", "sip:a@-" + strings.Repeat("x", 63), "sip:a@b_é",
		"sip:" + strings.Repeat("a", 509) + "@b",
	} {
		_, ok := parseURI(text)
		assert.False(t, ok, "%q", text)
	}
}

func FuzzParseURI(f *testing.F) {
	for _, seed := range []string{"sip:a@b", "sips:a:p@[::1]:1;x?y", "sip:%41@b.", "tel:1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, ok := parseURI(text)
		if !ok {
			return
		}
		assert.True(t, u.equal(u))
		assert.NotEmpty(t, u.host)
		assert.Equal(t, strings.ToLower(u.host), u.host)
		assert.False(t, strings.ContainsFunc(u.user(), isControl))
		again, ok := parseURI(strings.ToUpper(u.scheme) + ":" + text[len(u.scheme)+1:])
		assert.True(t, ok && again.equal(u))
	})
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{`"A \"B" <sip:a@b>;tag=1;x="y;z"`, "sip:a@b;tag=1", "<>", `"`, `"\`, "a,b", "<a;b>;;=;", "*", "sip:a@b>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole := ""
		for i, part := range splitList(text) {
			if i > 0 {
				whole += ","
			}
			whole += part
			if a, ok := parseAddress(part); ok {
				assert.NotEmpty(t, a.uri)
				assert.NotContains(t, a.uri, ">")
				for _, p := range a.parameters {
					assert.Equal(t, strings.ToLower(p.name), p.name)
					assert.NotEmpty(t, p.name)
				}
			}
		}
		assert.Equal(t, text, whole, "splitting loses nothing")
	})
}

func FuzzStampVia(f *testing.F) {
	for _, seed := range []string{
		"SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9", `SIP / 2.0 / TCP [::1];x="a;b,c" , SIP/2.0/UDP b`, "SIP/2.0/UDP a;received=1;rport=2", "", ";", `"`,
	} {
		f.Add(seed)
	}
	peer := netip.MustParseAddrPort("198.51.100.7:4711")
	f.Fuzz(func(t *testing.T, value string) {
		stamped, _, ok := stampVia(value, peer)
		if !ok {
			return
		}
		again, _, ok := stampVia(stamped, peer)
		require.True(t, ok, "what we write can be read")
		if !strings.Contains(stamped, ";rport") { // a second pass puts it last, where the first did
			assert.Equal(t, strings.Count(stamped, ";received=198.51.100.7"), strings.Count(again, ";received=198.51.100.7"))
		} else {
			assert.Equal(t, stamped, again)
		}
	})
}

func TestMessageSize(t *testing.T) {
	t.Parallel()
	const head = "OPTIONS sip:a SIP/2.0\r\nVia: x\r\n"
	for name, tc := range map[string]struct {
		data string
		size int
		bad  bool
	}{
		"nothing":             {"", 0, false},
		"half a header":       {head, 0, false},
		"no length, no body":  {head + "\r\nNEXT", len(head) + 2, false},
		"length":              {head + "Content-Length: 4\r\n\r\nbodyNEXT", len(head) + 25, false},
		"compact length":      {head + "l:4\r\n\r\nbodyNEXT", len(head) + 11, false},
		"odd writing":         {head + "CONTENT-length \t:  4 \r\n\r\nbody", len(head) + 29, false},
		"half a body":         {head + "Content-Length: 5\r\n\r\nbody", 0, false},
		"negative length":     {head + "Content-Length: -1\r\n\r\n", 0, true},
		"folded length":       {head + "Content-Length:\r\n 4\r\n\r\nbody", 0, true},
		"length of too much":  {head + "Content-Length: 16384\r\n\r\n", 0, true},
		"length beyond 2^16":  {head + "Content-Length: 65536\r\n\r\n", 0, true},
		"a head without end":  {strings.Repeat("x", 16385), 0, true},
		"a head that is huge": {head + "X: " + strings.Repeat("x", 16384) + "\r\n\r\n", 0, true},
	} {
		size, err := messageSize([]byte(tc.data))
		assert.Equal(t, tc.bad, err != nil, name)
		assert.Equal(t, tc.size, size, name)
	}
}

func FuzzMessageSize(f *testing.F) {
	f.Add([]byte("\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabcOPT"))
	f.Add([]byte("Content-Length: 99999999999999999999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rest, _ := trimEmptyLines(data)
		assert.False(t, strings.HasPrefix(string(rest), "\r\n"))
		size, err := messageSize(rest)
		assert.LessOrEqual(t, size, len(rest))
		assert.LessOrEqual(t, size, 16<<10)
		assert.True(t, size >= 0 && (err == nil || size == 0))
	})
}

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	c := newConnections(4, 2)
	var inside []*visit
	enter := func(addr string) bool {
		v := c.enter(netip.MustParseAddr(addr), func() { t.Error("nobody has to go") })
		if v == nil {
			return false
		}
		c.trust(v)
		inside = append(inside, v)
		return true
	}
	assert.True(t, enter("192.0.2.1"))
	assert.True(t, enter("::ffff:192.0.2.1"))
	assert.False(t, enter("192.0.2.1"), "its two are taken")
	assert.True(t, enter("192.0.2.2"))
	assert.True(t, enter("2001:db8::1"))
	assert.False(t, enter("192.0.2.2"), "all four are taken")
	c.leave(inside[0])
	c.leave(inside[0])
	assert.True(t, enter("2001:db8::2"))
	c.leave(inside[1])
	assert.False(t, enter("2001:db8:0:0:ffff::1"), "the same /64")
	assert.True(t, enter("2001:db8:0:1::1"), "another /64")
	for _, v := range inside {
		c.leave(v)
	}
	assert.Zero(t, c.total)
	assert.Empty(t, c.perAddress, "nothing is kept of who has left")
	assert.Zero(t, c.strangers.Len())
}

func TestStrangersMakeRoomForEachOther(t *testing.T) {
	t.Parallel()
	c := newConnections(4, 4)
	var closed []int
	enter := func(i int) *visit {
		return c.enter(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), func() { closed = append(closed, i) })
	}
	phone := enter(0)
	c.trust(phone)
	first := enter(1)
	enter(2)
	assert.Empty(t, closed)
	enter(3)
	assert.Equal(t, []int{1}, closed, "two of four may be strangers")
	c.leave(first) // its goroutine ends after it
	c.trust(enter(4))
	c.trust(enter(5))
	assert.Equal(t, []int{1, 2}, closed)
	enter(6)
	enter(7)
	assert.Equal(t, []int{1, 2, 3, 6}, closed, "no phone is ever closed for a stranger")
	assert.Equal(t, 4, c.total)
}
