package sip_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/echo"
)

// The parts of a sipp scenario. Each request of a call has the same head.
const (
	head = `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:alice@acme.sip.test>;tag=[pid]x[call_number]
Call-ID: [call_id]
Contact: <sip:alice@[local_ip]:[local_port];transport=[transport]>
`
	plainOffer = `v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 0 101
a=rtpmap:101 telephone-event/8000
`
)

// send is a request of a scenario; target is its Request-URI.
func sippSend(method, target, to, cseq, body string, fields ...string) string {
	text := method + " " + target + " SIP/2.0\n" + head + "To: <sip:echo@acme.sip.test>" + to + "\nCSeq: " + cseq + "\n"
	for _, f := range fields {
		text += f + "\n"
	}
	if body != "" {
		text += "Content-Type: application/sdp\n"
	}
	return "<send><![CDATA[\n\n" + text + "Content-Length: [len]\n\n" + body + "\n]]></send>\n"
}

// invited are the steps up to the challenge, and the INVITE that answers it.
func invited(body string, fields ...string) string {
	const target = "sip:echo@acme.sip.test"
	return sippSend("INVITE", target, "", "1 INVITE", body, fields...) + `<recv response="401" auth="true"/>` +
		sippSend("ACK", target, "[peer_tag_param]", "1 ACK", "") +
		sippSend("INVITE", target, "", "2 INVITE", body, append(fields, "[authentication username=alice password=wonderland]")...)
}

const (
	gotOK   = `<recv response="200" rrs="true"/>`
	within  = "[next_url]"
	taggedX = "[peer_tag_param]"
)

func acked(cseq, body string) string { return sippSend("ACK", within, taggedX, cseq+" ACK", body) }

func byeAnd(cseq string) string {
	return sippSend("BYE", within, taggedX, cseq+" BYE", "") + `<recv response="200"/>`
}

func expect(field, pattern string) string {
	return `<recv response="200" rrs="true"><action><ereg regexp="` + pattern + `" search_in="` + field + `" check_it="true" assign_to="x"/><log message="[$x]"/></action></recv>`
}

func TestSippCalls(t *testing.T) {
	t.Parallel()
	need(t, "sipp", "sip-tester")
	held, resumed := plainOffer+"a=sendonly\n", plainOffer+"a=sendrecv\n"
	for name, c := range map[string]struct {
		steps string
		ring  time.Duration
		ended string // what is told at the end; "" for nothing
	}{
		"early offer": {invited(plainOffer) + expect("body", "m=audio [0-9]+ RTP/AVP 0 101") + acked("2", "") + byeAnd("3"), 0, "the phone hung up"},
		"late offer":  {invited("") + expect("body", "m=audio [0-9]+ RTP/AVP 9 8 0 101") + acked("2", plainOffer) + byeAnd("3"), 0, "the phone hung up"},
		"late offer, answered badly": {
			invited("") + gotOK + acked("2", strings.Replace(plainOffer, "RTP/AVP 0 101", "RTP/AVP 18", 1)) + `<recv request="BYE"/>` +
				"<send><![CDATA[\n\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>", 0, "none of PCMU",
		},
		"hold and resume": {
			invited(plainOffer) + gotOK + acked("2", "") + sippSend("INVITE", within, taggedX, "3 INVITE", held) + expect("body", "a=recvonly") + acked("3", "") +
				sippSend("INVITE", within, taggedX, "4 INVITE", resumed) + expect("body", "a=sendrecv") + acked("4", "") + byeAnd("5"), 0, "the phone hung up",
		},
		"OPTIONS and UPDATE within": {
			invited(plainOffer) + gotOK + acked("2", "") + sippSend("OPTIONS", within, taggedX, "3 OPTIONS", "") + expect("msg", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE") +
				sippSend("UPDATE", within, taggedX, "4 UPDATE", held) + expect("body", "a=recvonly") + byeAnd("5"), 0, "the phone hung up",
		},
		"cancelled": {
			invited(plainOffer) + `<recv response="100"/><recv response="180"/>` + strings.Replace(sippSend("CANCEL", "sip:echo@acme.sip.test", "", "2 CANCEL", ""), "[branch]", "[branch-3]", 1) +
				`<recv response="200"/><recv response="487"/>` + strings.Replace(sippSend("ACK", "sip:echo@acme.sip.test", taggedX, "2 ACK", ""), "[branch]", "[branch-3]", 1), time.Minute, "cancelled",
		},
		"session timer": {
			invited(plainOffer, "Supported: timer", "Session-Expires: 120") + expect("msg", "Session-Expires: 120;refresher=uac") + acked("2", "") + byeAnd("3"), 0, "the phone hung up",
		},
		"session timer that is too short": {
			invited(plainOffer, "Supported: timer", "Session-Expires: 30") + `<recv response="422"/>` + sippSend("ACK", "sip:echo@acme.sip.test", taggedX, "2 ACK", ""), 0, "",
		},
		"an extension that nobody knows": {
			invited(plainOffer, "Require: 100rel, flying") + `<recv response="420"/>` + sippSend("ACK", "sip:echo@acme.sip.test", taggedX, "2 ACK", ""), 0, "",
		},
		"reliable provisional responses": {invited(plainOffer, "Require: 100rel") + gotOK + acked("2", "") + byeAnd("3"), 0, "the phone hung up"},
	} {
		for _, transport := range []string{"u1", "t1"} {
			t.Run(name+" "+transport, func(t *testing.T) {
				t.Parallel()
				addresses, records := newEcho(t, func(config *echo.Config) { config.Ring = c.ring })
				folder := t.TempDir()
				scenario := `<?xml version="1.0" encoding="UTF-8"?><scenario name="call">` + c.steps + "</scenario>"
				require.NoError(t, os.WriteFile(filepath.Join(folder, "call.xml"), []byte(scenario), 0o600))
				client(t, folder, "sipp", addresses.UDP.String(), "-sf", "call.xml", "-t", transport, "-i", "127.0.0.1", "-m", "1", "-auth_uri", "echo@acme.sip.test",
					"-nostdin", "-trace_err", "-timeout", "20s", "-timeout_error")
				if c.ended == "" {
					return
				}
				for {
					if r := next(t, records); r.Event == echo.Ended {
						assert.Contains(t, r.Words, c.ended)
						return
					}
				}
			})
		}
	}
}
