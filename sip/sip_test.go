package sip_test

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/sip"
)

// The core that this door is wired to fits.
var _ sip.Core = (*provisioning.Service)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// FixedCore knows some lines by their password, and keeps bindings in memory by the core's rules as far as this door can see them.
type FixedCore struct {
	passwords map[string]string // by user@domain

	mu       sync.Mutex
	requests []provisioning.RegisterRequest
	proofs   []provisioning.SIPProof
	bindings map[provisioning.LineID][]provisioning.Binding
}

func newFixedCore() *FixedCore {
	return &FixedCore{
		passwords: map[string]string{"alice@acme.sip.test": "wonderland", "bob@acme.sip.test": "builder"},
		bindings:  map[provisioning.LineID][]provisioning.Binding{},
	}
}

func (c *FixedCore) VerifySIP(_ context.Context, p provisioning.SIPProof) (provisioning.LineOwner, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proofs = append(c.proofs, p)
	name := strings.ToLower(p.UserName) + "@" + p.Domain
	password, known := c.passwords[name]
	ha1 := digest.HA1(p.Answer.Algorithm, p.Answer.UserName, p.Answer.Realm, secret.New(password))
	if !known || !strings.EqualFold(p.Answer.UserName, p.UserName) || !p.Answer.Matches(ha1, p.Method) {
		return provisioning.LineOwner{}, fault.New(fault.Denied, "Not with %s.", "this secret word")
	}
	return provisioning.LineOwner{Line: provisioning.Line{ID: provisioning.LineID(name), UserName: p.UserName, Domain: p.Domain}}, nil
}

func (c *FixedCore) Register(_ context.Context, r provisioning.RegisterRequest) ([]provisioning.Binding, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	list := c.bindings[r.Line.ID]
	if r.Wildcard {
		list = nil
	}
	for _, contact := range r.Contacts {
		list = slices.DeleteFunc(list, func(b provisioning.Binding) bool { return b.Contact == contact.URI })
		if contact.Expires > 0 {
			list = append(list, provisioning.Binding{
				Contact: contact.URI, Transport: r.Transport, Source: r.Source, Expires: now.Add(contact.Expires), Upstream: contact.Upstream,
				InstanceID: contact.InstanceID, RegID: contact.RegID, Q: contact.Q, CallID: r.CallID, Path: r.Path, Certified: r.Certified,
			})
		}
	}
	slices.SortFunc(list, func(a, b provisioning.Binding) int { return cmp.Compare(a.Contact, b.Contact) })
	c.bindings[r.Line.ID] = list
	return slices.Clone(list), nil
}

// last returns the newest request that got through.
func (c *FixedCore) last(t *testing.T) provisioning.RegisterRequest {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.NotEmpty(t, c.requests)
	return c.requests[len(c.requests)-1]
}

// bound returns the bindings of a line, user@domain.
func (c *FixedCore) bound(line string) []provisioning.Binding {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bindings[provisioning.LineID(line)])
}

func (c *FixedCore) count() (proofs, requests int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.proofs), len(c.requests)
}

// BrokenCore fails with the errors that it holds.
type BrokenCore struct{ verify, register error }

func (c BrokenCore) VerifySIP(context.Context, provisioning.SIPProof) (provisioning.LineOwner, error) {
	return provisioning.LineOwner{}, c.verify
}

func (c BrokenCore) Register(context.Context, provisioning.RegisterRequest) ([]provisioning.Binding, error) {
	return nil, c.register
}

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func fixedNow() time.Time { return now }

func nonces() *digest.Nonces {
	return digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef"), Now: fixedNow})
}

var deskPhone = sip.Peer{Addr: netip.MustParseAddrPort("192.0.2.10:5070"), Transport: "udp"}

func newServer(t testing.TB, core sip.Core, change ...func(*sip.Config)) *sip.Server {
	t.Helper()
	config := sip.Config{
		Core: core, Now: fixedNow, SIPDomain: "sip.test", PublicHost: "pbx.example.net",
		Nonces: nonces(),
	}
	for _, c := range change {
		c(&config)
	}
	server, err := sip.New(config)
	require.NoError(t, err)
	return server
}

// register is a REGISTER as a phone writes it; its zero value is alice's.
type register struct {
	uri, to, user, password string
	callID                  string
	cseq, nc                int
	algorithm               digest.Algorithm
	digestURI, realm        string
	qop                     string   // "-" for an answer without qop
	headers                 []string // after the usual ones; "-Name" takes a usual one away
	contacts                []string // header values; nil for the usual one, empty for none
}

func (r register) withDefaults() register {
	r.uri, r.to = cmp.Or(r.uri, "sip:acme.sip.test"), cmp.Or(r.to, "<sip:alice@acme.sip.test>")
	r.user, r.password = cmp.Or(r.user, "alice"), cmp.Or(r.password, "wonderland")
	r.callID, r.cseq, r.nc = cmp.Or(r.callID, "call-1@192.0.2.10"), cmp.Or(r.cseq, 1), cmp.Or(r.nc, 1)
	r.algorithm, r.digestURI = cmp.Or(r.algorithm, digest.MD5), cmp.Or(r.digestURI, r.uri)
	r.realm, r.qop = cmp.Or(r.realm, "acme.sip.test"), cmp.Or(r.qop, "auth")
	if r.contacts == nil {
		r.contacts = []string{"<sip:alice@192.0.2.10:5070>"}
	}
	return r
}

// text writes the message, with an answer to the nonce if there is one.
func (r register) text(nonce string) string {
	r = r.withDefaults()
	lines := []string{
		"Via: SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bK-1;rport",
		"Max-Forwards: 70",
		"From: <sip:alice@acme.sip.test>;tag=from1",
		"To: " + r.to,
		"Call-ID: " + r.callID,
		"CSeq: " + strconv.Itoa(r.cseq) + " REGISTER",
		"User-Agent: Yealink SIP-T54W 96.86.0.70",
	}
	for _, contact := range r.contacts {
		lines = append(lines, "Contact: "+contact)
	}
	for _, h := range r.headers {
		name, taken := strings.CutPrefix(h, "-")
		if !taken {
			name, _, _ = strings.Cut(h, ":")
		}
		if taken || slices.Contains([]string{"User-Agent", "Via", "From", "CSeq", "Call-ID", "Max-Forwards"}, name) {
			lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+":") })
		}
		if !taken {
			lines = append(lines, h)
		}
	}
	if nonce != "" {
		lines = append(lines, "Authorization: "+r.authorization(nonce))
	}
	lines = append(lines, "Content-Length: 0")
	return "REGISTER " + r.uri + " SIP/2.0\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// authorization answers a challenge the way a client does it.
func (r register) authorization(nonce string) string {
	r = r.withDefaults()
	h := func(s string) string { // H(s), as HA1 of a name whose parts are cut out of s again
		user, rest, _ := strings.Cut(s, ":")
		realm, password, _ := strings.Cut(rest, ":")
		return digest.HA1(r.algorithm, user, realm, secret.New(password))
	}
	ha1 := h(r.user + ":" + r.realm + ":" + r.password)
	ha2 := digest.HA1(r.algorithm, "REGISTER", strings.SplitN(r.digestURI, ":", 2)[0], secret.New(strings.SplitN(r.digestURI, ":", 2)[1]))
	nc := fmt.Sprintf("%08x", r.nc)
	head := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=%s, `, r.user, r.realm, nonce, r.digestURI, r.algorithm)
	if r.qop == "-" {
		return head + fmt.Sprintf(`response="%s"`, h(ha1+":"+nonce+":"+ha2))
	}
	return head + fmt.Sprintf(`qop=%s, nc=%s, cnonce="c0ffee", response="%s"`, r.qop, nc, h(ha1+":"+nonce+":"+nc+":c0ffee:"+r.qop+":"+ha2))
}

// parse reads a message like the sockets' side does.
func parse(t testing.TB, text string) *sipmsg.Request {
	t.Helper()
	message, err := sipmsg.NewParser(sipmsg.WithHeadersParsers(sipmsg.HeadersParser{})).ParseSIP([]byte(text))
	require.NoError(t, err)
	return message.(*sipmsg.Request)
}

// ask handles a message and returns the response, nil for silence.
func ask(t testing.TB, server *sip.Server, text string) *sipmsg.Response {
	t.Helper()
	return server.Handle(t.Context(), parse(t, text), deskPhone)
}

// prove goes through challenge and answer.
func prove(t testing.TB, server *sip.Server, r register) *sipmsg.Response {
	t.Helper()
	challenge := ask(t, server, r.text(""))
	require.Equal(t, 401, challenge.StatusCode)
	return ask(t, server, r.text(nonceOf(t, challenge)))
}

var noncePattern = regexp.MustCompile(`nonce="([^"]+)"`)

func nonceOf(t testing.TB, res *sipmsg.Response) string {
	t.Helper()
	found := noncePattern.FindStringSubmatch(res.String())
	require.NotNil(t, found, "no nonce in\n%s", res)
	return found[1]
}

// headers returns all values of a header field.
func headers(res *sipmsg.Response, name string) []string {
	var out []string
	for _, h := range res.GetHeaders(name) {
		out = append(out, h.Value())
	}
	return out
}
