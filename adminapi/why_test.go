package adminapi_test

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/provisioning"
	"dialtone/secret"
)

// phoneAtDesk is the office's phone as it asks.
type phoneAtDesk struct {
	*office
	t    *testing.T
	core *provisioning.Service
	mac  string // as in the path
	ua   string
}

const yealinkAgent = "Yealink SIP-T54W 96.86.0.100 80:5e:c0:aa:bb:cc"

// get asks for a file; how it is answered is for the trace to say.
func (p *phoneAtDesk) get(transport provisioning.Transport, path string, proof provisioning.Proof) {
	p.t.Helper()
	_, _ = p.core.Open(p.t.Context(), provisioning.Request{Path: path, UserAgent: p.ua, Peer: desk, Transport: transport, Proof: proof})
}

func (p *phoneAtDesk) own(proof provisioning.Proof) {
	p.t.Helper()
	p.get(provisioning.HTTPS, "/"+p.mac+".cfg", proof)
}

// enrol opens a window and fetches the phone's own file in it.
func (p *phoneAtDesk) enrol() {
	p.t.Helper()
	p.ok(p.t, 201, "POST", "/hub/v1/devices/"+p.device+"/enrolment", `{"minutes":60}`)
	p.own(provisioning.Proof{})
}

func (p *phoneAtDesk) domain() (user, domain string) {
	p.t.Helper()
	owner, _ := p.ok(p.t, 200, "GET", "/v1/telephony/config/devices/"+p.device, "")["owner"].(map[string]any)
	user, domain, _ = strings.Cut(text(owner, "linePort"), "@")
	return user, domain
}

// sip tries to prove a user with a wrong password.
func (p *phoneAtDesk) sip(user, domain string) {
	p.t.Helper()
	_, err := p.core.VerifySIP(p.t.Context(), provisioning.SIPProof{
		Domain: domain, UserName: user, Method: "REGISTER", Peer: desk, Transport: "tls", UserAgent: "Yealink SIP-T54W 96.86.0.100",
		Answer: digest.Answer{UserName: user, Realm: domain, Algorithm: digest.MD5},
	})
	require.Error(p.t, err)
}

func (p *phoneAtDesk) asked(question, answer string) {
	p.t.Helper()
	_, domain := p.domain()
	p.core.RecordQuery(provisioning.Query{Peer: netip.MustParseAddr("203.0.113.53"), Domain: domain, Question: question, Answer: answer})
}

// breakSecrets makes the phone's password unreadable, as a master key does that isn't the one that sealed it.
func (p *phoneAtDesk) breakSecrets() {
	p.t.Helper()
	mac, err := deviceprofiles.ParseMAC(p.mac)
	require.NoError(p.t, err)
	d, err := p.db.Provisioning().AnyTenantDeviceByMAC(p.t.Context(), mac)
	require.NoError(p.t, err)
	d.Access = append(secret.Sealed(nil), d.Access...)
	d.Access[len(d.Access)-1] ^= 1
	require.NoError(p.t, p.db.Provisioning().Update(p.t.Context(), d.Tenant(), func(tx provisioning.Tx) error { return tx.SetDevice(p.t.Context(), d) }))
}

// called registers the phone, and ends a call to the echo as it is said.
func (p *phoneAtDesk) called(finding, words string) {
	p.t.Helper()
	p.enrol()
	register(p.t, p.office, p.core, 1, 2*time.Hour)
	mac, err := deviceprofiles.ParseMAC(p.mac)
	require.NoError(p.t, err)
	d, err := p.db.Provisioning().AnyTenantDeviceByMAC(p.t.Context(), mac)
	require.NoError(p.t, err)
	p.pass(time.Minute)
	p.core.RecordCall(provisioning.CallNote{Device: d.ID, Peer: desk, Transport: "tls", Finding: finding, Words: words})
}

func wrongPassword() provisioning.Proof {
	return provisioning.Proof{Method: "GET", Basic: &provisioning.BasicProof{UserName: "805ec0aabbcc", Password: secret.New("wrong")}}
}

// seededFault is something that goes wrong, and what must be said of it.
type seededFault struct {
	name  string
	seed  func(p *phoneAtDesk)
	mac   string // asked about; "" for the office's device
	cause string
	says  string // a part of the sentence
	next  string // a part of the next step
}

func seededFaults() []seededFault {
	https, http := provisioning.HTTPS, provisioning.HTTP
	return []seededFault{
		{"1 a digit was mistyped when the device was made, and the phone asks", func(p *phoneAtDesk) {
			p.ua = "Yealink SIP-T54W 96.86.0.100 80:5e:c0:aa:bb:cd"
			p.get(http, "/805ec0aabbcd.cfg", provisioning.Proof{})
		}, "", "mac_mistyped", "no device has, asked", "label"},
		{"1 and somebody asks about the phone", func(*phoneAtDesk) {}, "80-5E-C0-AA-BB-CD", "mac_mistyped", "805EC0AABBCC: one digit is another", "label"},
		{"1 two digits swapped", func(*phoneAtDesk) {}, "805e.c0aa.bcbc", "mac_mistyped", "805EC0AABBCC: two digits are swapped", "label"},
		{"2 a path that nobody serves", func(p *phoneAtDesk) {
			p.get(http, "/prov/SIP-T54W.cfg", provisioning.Proof{})
		}, "", "wrong_path", "/prov/SIP-T54W.cfg", "provisioning URL"},
		{"3 the phone's certificate is refused", func(p *phoneAtDesk) {
			p.own(provisioning.Proof{Method: "GET", Certificates: []*x509.Certificate{{}}})
		}, "", "bad_certificate", "doesn't count", "certificate authority"},
		{"4 our certificate isn't trusted", func(p *phoneAtDesk) {
			for range 3 {
				p.get(http, "/805ec0aabbcc.cfg", provisioning.Proof{})
				p.pass(5 * time.Minute)
			}
		}, "", "server_untrusted", "never comes over HTTPS", "NTP"},
		{"5 no window is open", func(p *phoneAtDesk) { p.own(provisioning.Proof{}) }, "", "locked", "no enrolment window is open", "Open an enrolment window"},
		{"6 the window ended an hour ago", func(p *phoneAtDesk) {
			p.ok(p.t, 201, "POST", "/hub/v1/devices/"+p.device+"/enrolment", `{"minutes":60}`)
			p.pass(2 * time.Hour)
			p.own(provisioning.Proof{})
		}, "", "enrolment_expired", "ended at 2026-05-01 09:00 UTC, and the phone came after it, at 2026-05-01 10:00 UTC", "again"},
		{"7 old firmware", func(p *phoneAtDesk) {
			p.ua = "Yealink SIP-T54W 96.70.0.100 80:5e:c0:aa:bb:cc"
			p.get(http, "/805ec0aabbcc.cfg", provisioning.Proof{})
		}, "", "old_firmware", "96.70.0.100", "Upgrade"},
		{"7 enterprise firmware", func(p *phoneAtDesk) {
			p.ua = ""
			p.get(provisioning.TFTP, "SEP805EC0AABBCC.cnf.xml", provisioning.Proof{})
		}, "", "enterprise_firmware", "SEP805EC0AABBCC.cnf.xml", "multiplatform"},
		{"8 a file that the phone needs", func(p *phoneAtDesk) {
			made := p.ok(p.t, 200, "POST", "/v1/devices?orgId="+p.org, fmt.Sprintf(`{"mac":"805EC0AABB00","model":"Yealink T54W Partner Managed","personId":%q,"password":"Own-Password-1"}`, p.person))
			p.device, p.mac, p.ua = text(made, "id"), "805ec0aabb00", ""
			p.enrol()
		}, "", "missing_file", "/805ec0aabb00.cfg", "model"},
		{"8 one that it doesn't need is no fault", func(p *phoneAtDesk) {
			p.enrol()
			register(p.t, p.office, p.core, 1, time.Hour)
			p.get(http, "/805ec0aabbcc.boot", provisioning.Proof{})
		}, "", "dial_tone", "has dial tone", "Nothing"},
		{"9 a wrong password over HTTPS", func(p *phoneAtDesk) {
			p.own(provisioning.Proof{})
			p.own(wrongPassword())
		}, "", "wrong_http_password", "wrong password over HTTPS", "enrolment window"},
		{"10 too many of them", func(p *phoneAtDesk) {
			for range 12 {
				p.own(wrongPassword())
			}
		}, "", "throttled", "192.0.2.7", "wait"},
		{"11 a wrong SIP password", func(p *phoneAtDesk) {
			p.enrol()
			p.pass(time.Second)
			user, domain := p.domain()
			p.sip(user, domain)
		}, "", "wrong_sip_password", "wrong password", "fetch its file again"},
		{"12 a SIP user whom nobody knows", func(p *phoneAtDesk) {
			p.enrol()
			p.pass(time.Second)
			_, domain := p.domain()
			p.sip("nobody", domain)
		}, "", "unknown_sip_user", "user or domain", "fetch its file again"},
		{"12 a domain that isn't ours", func(p *phoneAtDesk) {
			p.enrol()
			p.pass(time.Second)
			p.core.RecordUnknownSIP("REGISTER", "udp", "Yealink", desk)
		}, "", "unknown_sip_user", "user or domain", "fetch its file again"},
		{"13 nobody asks for SRV", func(p *phoneAtDesk) {
			p.enrol()
			p.pass(time.Minute)
		}, "", "no_srv", "nobody has asked for", "NAPTR"},
		{"13 only addresses are asked for", func(p *phoneAtDesk) {
			p.enrol()
			p.pass(time.Minute)
			p.asked("A", "NOERROR")
		}, "", "no_srv", "only addresses", "NAPTR"},
		{"13 the name doesn't exist", func(p *phoneAtDesk) {
			p.enrol()
			p.asked("SRV _sip._udp", "NXDOMAIN")
		}, "", "no_srv", "SRV _sip._udp doesn't exist", "DNS server"},
		{"14 nothing was ever heard", func(*phoneAtDesk) {}, "", "never_seen", "Nothing has ever been heard", "option 66"},
		{"15 an old revision", func(p *phoneAtDesk) {
			p.enrol()
			register(p.t, p.office, p.core, 1, time.Hour)
			p.ok(p.t, 204, "PUT", "/v1/telephony/config/devices/"+p.device, `{"sipPassword":"Another-Password-1"}`)
		}, "", "stale_revision", "fetched revision 1", "apply changes"},
		{"16 it never tried to register", func(p *phoneAtDesk) {
			p.enrol()
			p.asked("NAPTR", "NOERROR")
		}, "", "never_registered", "hasn't tried to register", "SIP port"},
		{"17 it has gone silent", func(p *phoneAtDesk) {
			p.enrol()
			register(p.t, p.office, p.core, 1, time.Hour)
			p.pass(3 * time.Hour)
		}, "", "registration_expired", "was registered, last at 2026-05-01 08:00 UTC", "power"},
		{"17 it took its registration back", func(p *phoneAtDesk) {
			p.enrol()
			register(p.t, p.office, p.core, 1, time.Hour)
			register(p.t, p.office, p.core, 2, 0)
		}, "", "unregistered", "took its registration back", "switched"},
		{"18 a code expired", func(p *phoneAtDesk) {
			p.device, _ = p.pending(p.t)
			p.pass(8 * 24 * time.Hour)
		}, "", "code_expired", "expired at", "new activation code"},
		{"18 a code that waits", func(p *phoneAtDesk) { p.device, _ = p.pending(p.t) }, "", "code_waiting", "waits for a phone", "Enter the code"},
		{"18 a wrong code", func(p *phoneAtDesk) {
			p.get(https, "/1234567890123456", provisioning.Proof{})
		}, "", "code_wrong", "wrong, used, or was replaced", "new activation code"},
		{"19 another vendor's phone", func(p *phoneAtDesk) {
			p.ua = "FileTransport PolyCCX-CCX_500-UA/9.4.1.0508 Type/Application"
			p.get(http, "/805ec0aabbcc.cfg", provisioning.Proof{})
		}, "", "other_model", "PolyCCX", "model"},
		{"19 another model", func(p *phoneAtDesk) {
			p.ua = "Yealink SIP-T46U 108.86.0.20 80:5e:c0:aa:bb:cc"
			p.own(provisioning.Proof{})
		}, "", "other_model", "T46U", "model"},
		{"20 a macro that wasn't expanded", func(p *phoneAtDesk) {
			p.get(https, "/cfg/$MA.cfg", provisioning.Proof{})
		}, "", "unexpanded_macro", "/cfg/$MA.cfg", "$MA"},
		{"22 our own fault", func(p *phoneAtDesk) {
			p.breakSecrets()
			p.own(wrongPassword())
		}, "", "our_fault", "We failed", "log"},
		{"23 path and user agent name two phones", func(p *phoneAtDesk) {
			p.ua = "Yealink SIP-T54W 96.86.0.100 80:5e:c0:00:00:01"
			p.own(provisioning.Proof{})
		}, "", "other_phone", "another one", "MAC address out of"},
		{"24 a code in the clear", func(p *phoneAtDesk) {
			p.get(http, "/1234567890123456", provisioning.Proof{})
		}, "", "code_in_clear", "without encryption", "https"},
		{"25 the handshake fails", func(p *phoneAtDesk) {
			p.get(http, "/805ec0aabbcc.cfg", provisioning.Proof{})
			p.core.RecordHandshake(desk, "remote error: tls: unknown certificate authority")
		}, "", "tls_handshake", "unknown certificate authority", "clock"},
		{"all is fine", func(p *phoneAtDesk) {
			p.enrol()
			register(p.t, p.office, p.core, 1, time.Hour)
		}, "805ec0aabbcc", "dial_tone", "registered until 2026-05-01 09:00 UTC, with revision 1", "Nothing"},
		{"the echo refuses a call", func(p *phoneAtDesk) {
			p.called("refused", "This call can't be taken: encryption is demanded here, and RTP without it was offered.")
		}, "", "echo_refused", "was refused: encryption is demanded here, and RTP without it was offered.", "media encryption"},
		{"no sound came", func(p *phoneAtDesk) {
			p.called("silent", "the phone hung up: 8s, 0 packets came and 0 went back")
		}, "", "echo_silent", "ended at 2026-05-01 08:01 UTC: the phone hung up: 8s, 0 packets came", "firewalls"},
		{"sound came that the key doesn't open", func(p *phoneAtDesk) {
			p.called("unreadable", "the phone hung up: 8s, 0 packets came")
		}, "", "echo_unreadable", "wasn't encrypted with the key", "mandatory"},
		{"the phone gets no sound", func(p *phoneAtDesk) {
			p.called("one_way", "the phone hung up: 8s, 400 packets came and 400 went back")
		}, "", "echo_one_way", "it got none of the echo", "NAT"},
		{"the sound is bad", func(p *phoneAtDesk) {
			p.called("lossy", "the phone hung up: 8s, 300 packets came and 300 went back, 100 lost")
		}, "", "echo_lossy", "was bad: the phone hung up: 8s, 300 packets came and 300 went back, 100 lost.", "precedence"},
		{"the phone never acknowledges", func(p *phoneAtDesk) {
			p.called("unacknowledged", "the phone never acknowledged the answer")
		}, "", "echo_unacknowledged", "never acknowledged", "ALG"},
		{"DTLS fails", func(p *phoneAtDesk) {
			p.called("no_keys", "no sound: the handshake ended")
		}, "", "echo_no_keys", "no sound: the handshake ended", "SDES-SRTP"},
		{"others could have listened", func(p *phoneAtDesk) {
			p.called("clear", "signalling encrypted by TLS, sound in the clear")
		}, "", "echo_clear", "could have listened to its call to the echo, which ended at 2026-05-01 08:01 UTC: signalling encrypted by TLS, sound in the clear.", "mandatory SRTP"},
		{"a later call went well", func(p *phoneAtDesk) {
			p.called("silent", "nothing came")
			p.called("well", "all is encrypted")
		}, "", "dial_tone", "has dial tone", "Nothing"},
		{"a bad call was long ago", func(p *phoneAtDesk) {
			p.called("silent", "nothing came")
			p.pass(time.Hour)
		}, "", "dial_tone", "has dial tone", "Nothing"},
		{"somebody asks for an address of which nothing is known", func(*phoneAtDesk) {}, "00562B043615", "unknown", "nothing has been heard", "label"},
		{"an address that nobody has asks", func(p *phoneAtDesk) {
			p.ua = ""
			p.get(http, "/00562b043615.xml", provisioning.Proof{})
		}, "00562B043615", "unknown_asked", "1 times", "Create a device"},
		{"only a bootstrap file so far", func(p *phoneAtDesk) {
			p.get(http, "/805ec0aabbcc.cfg", provisioning.Proof{})
		}, "", "bootstrap_only", "hasn't come for its own file", "Wait a minute"},
	}
}

func TestEverySeededFaultIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range seededFaults() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, core := newBusyOffice(t)
			p := &phoneAtDesk{office: o, t: t, core: core, mac: "805ec0aabbcc", ua: yealinkAgent}
			c.seed(p)
			path := "/hub/v1/devices/" + p.device + "/why"
			if c.mac != "" {
				path = "/hub/v1/why?mac=" + c.mac
			}
			got := o.ok(t, 200, "GET", path, "")
			assert.Equal(t, c.cause, got["cause"], "%v", got)
			assert.Contains(t, got["sentence"], c.says)
			assert.Contains(t, got["nextStep"], c.next)
			for _, said := range []string{text(got, "sentence"), text(got, "nextStep")} {
				assert.NotRegexp(t, `[{}]`, said, "a placeholder is left")
			}
		})
	}
}

// 21: a phone of another organisation of the same partner is told to who may see both; of another partner's, nothing is.
func TestAPhoneOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	o, _ := newBusyOffice(t)
	second := o.made("/v1/wholesale/customers", o.newCustomer("second"))
	org := text(o.ok(t, 200, "GET", "/v1/wholesale/customers/"+last(second.URL), ""), "orgId")
	got := o.ok(t, 200, "GET", "/hub/v1/why?mac=805EC0AABBCC&orgId="+org, "")
	assert.Equal(t, "other_organization", got["cause"])
	assert.NotContains(t, got, "deviceId")

	theirs := o.tokenOf(t, "full_customer_admin", org)
	foreign := o.ask(t, theirs, "GET", "/hub/v1/why?mac=805EC0AABBCC", "")
	nobodys := o.ask(t, theirs, "GET", "/hub/v1/why?mac=805EC0112233", "")
	require.Equal(t, 200, foreign.status, foreign.body)
	assert.Equal(t, strings.ReplaceAll(nobodys.body, "805EC0112233", "805EC0AABBCC"), foreign.body, "as one that nobody has")
	near := o.ask(t, o.others, "GET", "/hub/v1/why?mac=805EC0AABBCD", "")
	assert.Contains(t, near.body, `"cause":"unknown"`, "nor are the addresses near it")
	assert.Equal(t, 400, o.ask(t, o.token, "GET", "/hub/v1/why?mac=zz", "").status)
}

func TestAVerdictShowsStatesAndEvidence(t *testing.T) {
	t.Parallel()
	o, core := newBusyOffice(t)
	p := &phoneAtDesk{office: o, t: t, core: core, mac: "805ec0aabbcc", ua: yealinkAgent + "\x1b[31m<script>"}
	p.enrol()
	p.ua = yealinkAgent
	p.pass(time.Minute)
	p.enrol()
	p.pass(time.Minute)
	register(t, o, core, 1, time.Hour)
	got := o.ok(t, 200, "GET", "/hub/v1/devices/"+o.device+"/why", "")
	assert.Equal(t, map[string]any{
		"configured": true, "currentRevision": 1.0, "fetchedRevision": 1.0, "fetchedAt": "2026-05-01T08:01:00.123Z", "registered": true,
		"registeredAt": "2026-05-01T08:02:00.123Z", "lastContact": "2026-05-01T08:02:00.123Z", "expectedBy": "2026-05-01T09:02:00.123Z",
	}, got["states"])
	evidence, _ := got["evidence"].([]any)
	require.Len(t, evidence, 2)
	fetch, _ := evidence[1].(map[string]any)
	assert.Equal(t, "GET /805ec0aabbcc.cfg", fetch["request"])
	assert.Equal(t, "none", fetch["proof"])
	assert.Equal(t, yealinkAgent, fetch["userAgent"])
	assert.Greater(t, fetch["bytes"], 100.0)

	hub := "/hub/v1/devices/" + o.device + "/trace"
	all := items(t, o.ok(t, 200, "GET", hub, ""))
	require.Len(t, all, 3)
	assert.Equal(t, yealinkAgent+`\x1b[31m<script>`, all[2]["userAgent"], "escaped")
	assert.Len(t, items(t, o.ok(t, 200, "GET", hub+"?door=sip", "")), 1)
	assert.Equal(t, all[1:2], items(t, o.ok(t, 200, "GET", hub+"?max=1&before="+text(all[0], "id"), "")))
	assert.Equal(t, all[:1], items(t, o.ok(t, 200, "GET", hub+"?after="+text(all[1], "id"), "")))
	for _, wrong := range []string{"?door=window", "?before=x", "?after=0", "?max=0"} {
		assert.Equal(t, 400, o.ask(t, o.token, "GET", hub+wrong, "").status, wrong)
	}
}
