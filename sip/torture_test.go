package sip_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/sip"
)

// tortureMessage is a message of one of the kinds that RFC 4475 describes, under the name that it has there.
type tortureMessage struct {
	name string
	want string // how the answer begins after "SIP/2.0 "; "" for silence
	text string
}

// fields writes the header fields that every request has, with changes: a field that is named in them isn't written twice.
func fields(method string, changes ...string) string {
	lines := []string{
		"Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw", "Max-Forwards: 70", "From: <sip:caller@example.net>;tag=93942939o2",
		"To: <sip:alice@acme.sip.test>", "Call-ID: torture@192.0.2.1", "CSeq: 8 " + method,
	}
	for _, change := range changes {
		name, _, _ := strings.Cut(change, ":")
		kept := lines[:0]
		for _, line := range lines {
			if !strings.HasPrefix(line, name+":") {
				kept = append(kept, line)
			}
		}
		lines = append(kept, change)
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

const aor = " sip:acme.sip.test SIP/2.0\r\n"

// valid are those of section 3.1.1: whatever they look like, they are read. Methods that aren't served are answered so.
var validTorture = []tortureMessage{
	{"wsinv", "405", "INVITE sip:vivekg@acme.sip.test;unknownparam SIP/2.0\r\n" +
		"TO :\r\n sip:vivekg@acme.sip.test ;   tag    = 1918181833n\r\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n" +
		"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 0\r\ncseq: 0009\r\n  INVITE\r\n" +
		"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n" +
		"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\nRoute:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n" +
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n" +
		"m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n"},
	// Legal, but what holds control characters isn't sent back, so that no answer is possible.
	{"intmeth", "", "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@acme.sip.test SIP/2.0\r\n" +
		"Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n" +
		"To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@acme.sip.test>\r\n" +
		"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\r\n" +
		"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\nCSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\n" +
		"extensionHeader-!.%*+_`'~:\xef\xbb\xbf大停電\r\nContent-Length: 0\r\n\r\n"},
	{"esc01", "405", "INVITE sip:sips%3Auser%40example.com@acme.sip.test SIP/2.0\r\n" + fields("INVITE", "To: sip:%75se%72@acme.sip.test",
		"Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>") + "\r\n"},
	{"escnull", "400", "REGISTER sip:acme.sip.test SIP/2.0\r\n" + fields("REGISTER", "To: sip:null-%00-null@acme.sip.test", "From: sip:null-%00-null@acme.sip.test;tag=839923423",
		"Contact: <sip:%00@host5.example.com>", "L: 0") + "Contact: <sip:%00%00@host5.example.com>\r\n\r\n"},
	{"esc02", "501", "RE%47IST%45R sip:acme.sip.test SIP/2.0\r\n" + fields("RE%47IST%45R", "To: \"%Z%45\" <sip:resource@example.com>",
		"Contact: <sip:alias1@host1.example.com>", "L: 0") + "\r\n"},
	{"lwsdisp", "200", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "From: caller<sip:caller@example.com>;tag=323", "l: 0") + "\r\n"},
	{"longreq", "405", "INVITE sip:user@acme.sip.test SIP/2.0\r\n" + fields("INVITE", "To: \"I have a user name of "+strings.Repeat("extreme", 10)+" proportion\"<sip:user@acme.sip.test:6000;unknownparam1=very"+
		strings.Repeat("long", 20)+"value;longparam"+strings.Repeat("name", 25)+"=shortvalue;very"+strings.Repeat("long", 25)+"ParameterNameWithNoValue>",
		"Call-ID: longreq.one"+strings.Repeat("really", 20)+"longcallid", "Unknown-"+strings.Repeat("Long", 20)+"-Name: unknown-"+strings.Repeat("long", 20)+"-value",
		"Via: SIP/2.0/TCP sip33.example.com", "l: 0") + strings.Repeat("v: SIP/2.0/TCP sip32.example.com\r\n", 33) + "Contact: <sip:amazinglylong" + strings.Repeat("user", 60) + "@host5.example.net>\r\n\r\n"},
	{"dblreq", "401", "REGISTER" + aor + fields("REGISTER", "Contact: <sip:j.user@host.example.com>", "Content-Length: 0") + "\r\n" +
		"INVITE sip:joe@acme.sip.test SIP/2.0\r\n" + fields("INVITE") + "\r\n"},
	{"semiuri", "200", "OPTIONS sip:user;par=u%40example.net@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "To: sip:j_user@example.com", "l: 0") + "\r\n"},
	{"transports", "200", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "l: 0") + "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n" +
		"Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\r\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\r\nVia: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\r\n\r\n"},
	{"mpart01", "405", "MESSAGE sip:kumiko@acme.sip.test SIP/2.0\r\n" + fields("MESSAGE", "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655", "Content-Length: 69") +
		"\r\n--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\x00\xff\x80\r\n--7a9cbec02\r\n"},
	{"unreason", "", "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое\r\n" + fields("INVITE") + "\r\n"},
	{"noreason", "", "SIP/2.0 100 \r\n" + fields("INVITE") + "\r\n"},
}

// invalidTorture are those of section 3.1.2: refused, or met with silence where nothing can be answered.
var invalidTorture = []tortureMessage{
	{"badinv01", "400", "REGISTER" + aor + fields("REGISTER", "Contact: \"Joe\" <sip:joe@example.org>;;;;,, <sip:b", "Via: SIP/2.0/UDP 192.0.2.15;;,;,,") + "\r\n"},
	{"clerr", "400", "REGISTER" + aor + fields("REGISTER", "Content-Length: 9999") + "\r\nfewer bytes than that"},
	{"ncl", "400", "REGISTER" + aor + fields("REGISTER", "Content-Length: -999") + "\r\nv=0\r\n"},
	{"scalar02", "400", "REGISTER" + aor + fields("REGISTER", "CSeq: 36893488147419103232 REGISTER", "Max-Forwards: 300", "Expires: 10000000000000000000000000000000000000000",
		"Contact: <sip:user@host129.example.com>;expires=280297596632815") + "\r\n"},
	{"scalarlg", "", "SIP/2.0 503 Service Unavailable\r\n" + fields("INVITE", "CSeq: 9292394834772304023312 OPTIONS", "Retry-After: 949302838503028349304023988", "Warning: 1812 overture \"In Progress\"") + "\r\n"},
	{"quotbal", "400", "REGISTER" + aor + fields("REGISTER", "To: \"Mr. J. User <sip:j.user@example.com>") + "\r\n"},
	{"ltgtruri", "", "REGISTER <sip:acme.sip.test> SIP/2.0\r\n" + fields("REGISTER") + "\r\n"},
	{"lwsruri", "", "REGISTER sip:acme.sip.test; lr SIP/2.0\r\n" + fields("REGISTER") + "\r\n"},
	{"lwsstart", "", "REGISTER  sip:acme.sip.test  SIP/2.0\r\n" + fields("REGISTER") + "\r\n"},
	{"trws", "", "OPTIONS sip:t.watson@acme.sip.test SIP/2.0  \r\n" + fields("OPTIONS") + "\r\n"},
	{"escruri", "400", "REGISTER sip:acme.sip.test?Route=%3Csip:example.com%3E SIP/2.0\r\n" + fields("REGISTER") + "Contact: <sip:a@b.example?Route=%3Csip:c%3E>\r\n\r\n"},
	{"baddate", "401", "REGISTER" + aor + fields("REGISTER", "Date: Fri, 01 Jan 2010 16:00:00 EST") + "\r\n"}, // nothing here reads it
	{"regbadct", "400", "REGISTER" + aor + fields("REGISTER", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E") + "\r\n"},
	{"badaspec", "400", "REGISTER" + aor + fields("REGISTER", "To: \"Watson, Thomas\" < sip:t.watson@example.org >x") + "\r\n"},
	{"baddn", "401", "REGISTER" + aor + fields("REGISTER", "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43") + "\r\n"}, // its display name means nothing here
	{"badvers", "505", "OPTIONS sip:t.watson@acme.sip.test SIP/7.0\r\n" + fields("OPTIONS", "Via: SIP/2.0/UDP c.example.com;branch=z9hG4bKkdjuw") + "\r\n"},
	{"mismatch01", "400", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "CSeq: 8 INVITE") + "\r\n"},
	{"mismatch02", "400", "NEWMETHOD sip:user@acme.sip.test SIP/2.0\r\n" + fields("NEWMETHOD", "CSeq: 8 INVITE") + "\r\n"},
	{"bigcode", "", "SIP/2.0 4294967301 better not break the receiver\r\n" + fields("INVITE") + "\r\n"},
}

// laterTorture are those of sections 3.2 to 3.4: well-formed, and hard to do right.
var laterTorture = []tortureMessage{
	{"badbranch", "200", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK") + "\r\n"},
	{"insuf", "400", "REGISTER" + aor + "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\nCSeq: 193942 REGISTER\r\n\r\n"},
	{"unkscm", "200", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" + fields("OPTIONS") + "\r\n"},
	{"novelsc", "", "REGISTER soap.beep://192.0.2.103:3002 SIP/2.0\r\n" + fields("REGISTER") + "\r\n"}, // no phone registers so
	{"unksm2", "400", "REGISTER" + aor + fields("REGISTER", "To: isbn:2983792873", "From: <http://www.example.com>;tag=3234233", "Contact: <name:John_Smith>") + "\r\n"},
	{"bext01", "420", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis") + "\r\n"},
	{"invut", "405", "INVITE sip:user@acme.sip.test SIP/2.0\r\n" + fields("INVITE", "Content-Type: application/unknownformat", "Content-Length: 40") + "\r\n<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n"},
	{"regaut01", "401", "REGISTER" + aor + fields("REGISTER", "Authorization: NoOneKnowsThisScheme opaque-data=here") + "\r\n"},
	{"multi01", "400", "REGISTER" + aor + fields("REGISTER") + "CSeq: 59 REGISTER\r\nCall-ID: multi01.98asdh@192.0.2.2\r\nCSeq: 8 REGISTER\r\nFrom: <sip:other@example.net>;tag=3\r\nMax-Forwards: 5\r\nTo: <sip:b@acme.sip.test>\r\n\r\n"},
	{"mcl01", "400", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "Content-Length: 13") + "Content-Length: 5\r\n\r\nThere's no way to know how many octets"},
	{"bcast", "", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n" + fields("INVITE", "Via: SIP/2.0/UDP x") + "\r\n"},
	{"zeromf", "200", "OPTIONS sip:user@acme.sip.test SIP/2.0\r\n" + fields("OPTIONS", "Max-Forwards: 0") + "\r\n"}, // we are where it ends
	{"cparam01", "401", "REGISTER" + aor + fields("REGISTER", "Contact: sip:+19725552222@gw1.example.net;unknownparam") + "\r\n"},
	{"cparam02", "401", "REGISTER" + aor + fields("REGISTER", "Contact: <sip:+19725552222@gw1.example.net;unknownparam>") + "\r\n"},
	{"regescrt", "400", "REGISTER" + aor + fields("REGISTER", "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>") + "\r\n"}, // it would come back with every call
	{"sdp01", "405", "INVITE sip:user@acme.sip.test SIP/2.0\r\n" + fields("INVITE", "Accept: text/nobodyKnowsThis", "Content-Length: 5") + "\r\nv=0\r\n"},
	{"inv2543", "405", "INVITE sip:UserB@acme.sip.test SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\r\n" +
		"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\nTo: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\n\r\n"},
}

func tortureMessages() []tortureMessage {
	all := append(append([]tortureMessage{}, validTorture...), invalidTorture...)
	return append(all, laterTorture...)
}

// TestTheTortureMessagesOfRFC4475 sends each over a socket, and after it a request that is answered in any case: an answer that comes before is to the
// torture message, and none is silence.
func TestTheTortureMessagesOfRFC4475(t *testing.T) {
	t.Parallel()
	addresses := run(t, newServer(t, newFixedCore()), sip.Listen{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"})
	require.Len(t, tortureMessages(), 49)
	for _, m := range tortureMessages() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, "udp", addresses)
			if m.want != "" {
				got := exchange(t, conn, m.text)
				assert.Equal(t, "SIP/2.0 "+m.want, got[:min(len(got), 11)], "%s", got)
			} else {
				_, err := conn.Write([]byte(m.text))
				require.NoError(t, err)
			}
			assert.Contains(t, exchange(t, conn, strings.Replace(message("OPTIONS", ""), "Call-ID: 1", "Call-ID: after", 1)), "Call-ID: after")
		})
	}
}

// FuzzDoor gives the door what comes in over UDP.
func FuzzDoor(f *testing.F) {
	server := newServer(f, newFixedCore())
	for _, m := range tortureMessages() {
		f.Add([]byte(m.text))
	}
	f.Add([]byte(register{contacts: []string{flow}, headers: []string{"Supported: path, outbound, gruu", "Path: <sip:edge.example.net;lr;ob>"}}.text("")))
	peer := netip.MustParseAddrPort("192.0.2.10:5070")
	f.Fuzz(func(t *testing.T, data []byte) {
		reply := server.Answer(t.Context(), data, sip.Peer{Addr: peer, Transport: "udp"})
		if reply == nil {
			return
		}
		assert.True(t, strings.HasPrefix(string(reply), "SIP/2.0 "))
		assert.Equal(t, 1, strings.Count(string(reply), "\r\n\r\n"), "an answer is one message")
		for line := range strings.SplitSeq(string(reply), "\r\n") {
			assert.False(t, strings.ContainsAny(line, "\r\n\x00"))
		}
	})
}
