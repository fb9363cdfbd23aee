package sip

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

func tokensOf(t testing.TB, key, node string) *flowTokens {
	t.Helper()
	tokens, err := newFlowTokens([]byte(key), node)
	require.NoError(t, err)
	return tokens
}

func TestAFlowsNameComesBackOnlyWithTheKey(t *testing.T) {
	t.Parallel()
	ours, beside, theirs := tokensOf(t, "0123456789abcdef", "one"), tokensOf(t, "0123456789abcdef", "two"), tokensOf(t, "another-key-here", "one")
	for _, f := range []flow{
		{"udp", netip.MustParseAddrPort("192.0.2.1:5060")}, {"wss", netip.MustParseAddrPort("[2001:db8::1]:65535")}, {"dtls", netip.MustParseAddrPort("192.0.2.1:1")},
	} {
		for _, partner := range []customer.OrgID{"0199f000-0000-7000-8000-00000000000a", "not-a-uuid", ""} {
			token := ours.seal(f, partner)
			assert.Equal(t, token, ours.seal(f, partner), "the same each time")
			assert.Regexp(t, `^[a-z2-7]+$`, token)
			got, ok := ours.open(token)
			require.True(t, ok)
			assert.Equal(t, flowName{f, partner, true}, got)
			got, ok = beside.open(token)
			require.True(t, ok)
			assert.Equal(t, flowName{f, partner, false}, got, "it is another node's")
			_, ok = theirs.open(token)
			assert.False(t, ok)
			for i := range token {
				changed := []byte(token)
				changed[i] = 'a' + (changed[i]-'a'+1)%26
				if _, ok := ours.open(string(changed)); ok && i < len(token)-1 { // the last letter has bits that mean nothing
					t.Fatalf("letter %d doesn't matter", i)
				}
			}
		}
	}
	_, err := newFlowTokens([]byte("short"), "one")
	assert.Error(t, err)
}

func FuzzFlowToken(f *testing.F) {
	tokens := tokensOf(f, "0123456789abcdef", "one")
	f.Add(tokens.seal(flow{"tcp", netip.MustParseAddrPort("192.0.2.1:5060")}, "p"))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		name, ok := tokens.open(text)
		if !ok {
			return
		}
		again, ok := tokens.open(tokens.seal(name.flow, name.partner))
		if !ok || again.flow != name.flow || again.partner != name.partner {
			t.Fatalf("%+v became %+v", name, again)
		}
	})
}
