package sip

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/assert"
)

// FuzzKeyOf reads what strangers answer: a key is the branch and the method, and nothing else gives one.
func FuzzKeyOf(f *testing.F) {
	for _, via := range []string{
		"SIP/2.0/UDP here;branch=z9hG4bK1;rport=5060", "SIP/2.0/UDP here;branch=\"z9hG4bK,1\"", "SIP/2.0/UDP here;branch=z9hG4bK1, SIP/2.0/UDP there;branch=z9hG4bK2",
		"SIP/2.0/UDP here", ";;;=", "", "\"", "SIP/2.0/UDP here;branch=z9hG4bK1;branch=z9hG4bK2",
	} {
		f.Add("Via", via, "CSeq", "1 NOTIFY")
		f.Add("v", via, "cseq", "NOTIFY")
	}
	f.Fuzz(func(t *testing.T, viaName, via, seqName, seq string) {
		response := sip.NewResponse(200, "OK")
		response.AppendHeader(sip.NewHeader(viaName, via))
		response.AppendHeader(sip.NewHeader(seqName, seq))
		key, ok := keyOf(response)
		if !ok {
			assert.Empty(t, key)
			return
		}
		branch, method, _ := strings.Cut(key, " ")
		fields := strings.Fields(seq)
		assert.Len(t, fields, 2)
		assert.True(t, strings.HasSuffix(key, " "+fields[1]), key)
		assert.NotEmpty(t, branch+method)
	})
}

// FuzzResponse parses an answer from the wire as the door does, and looks for who waits for it.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nCSeq: 1 NOTIFY\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("SIP/2.0 401 No\r\nv: SIP/2.0/UDP h;branch=z9hG4bKx\r\nCSeq: 1 NOTIFY\r\nWWW-Authenticate: Digest realm=\"\"\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		message, err := newParser().ParseSIP(raw)
		response, is := message.(*sip.Response)
		if err != nil || !is {
			return
		}
		flows := &Flows{pending: map[string]chan *sip.Response{}}
		assert.False(t, flows.deliver(response), "nobody waits")
		if key, ok := keyOf(response); ok {
			answers, err := flows.expect(key)
			assert.NoError(t, err)
			assert.True(t, flows.deliver(response))
			assert.Same(t, response, <-answers)
		}
	})
}
