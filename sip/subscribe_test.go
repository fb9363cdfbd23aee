package sip_test

import (
	"cmp"
	"context"
	"encoding/xml"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/sip"
)

var _ sip.Registrations = (*provisioning.Service)(nil)

// MovingClock stands still until it is moved.
type MovingClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *MovingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *MovingClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// WatchedCore is a FixedCore whose registrations can be watched.
type WatchedCore struct {
	*FixedCore
	clock *MovingClock
	reads chan int // how many lines each read was about, as far as anybody looks
}

func (c *WatchedCore) LineRegistrations(_ context.Context, lines []provisioning.LineID) (map[provisioning.LineID]provisioning.LineRegistration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.reads <- len(lines):
	default:
	}
	out := map[provisioning.LineID]provisioning.LineRegistration{}
	for _, id := range lines {
		password, exists := c.passwords[string(id)]
		if !exists {
			continue
		}
		r := provisioning.LineRegistration{Password: uint64(len(password)) + 1}
		for _, b := range c.bindings[id] {
			b.Line = id
			if c.clock.Now().Before(b.Expires) {
				r.Bindings = append(r.Bindings, b)
			}
		}
		out[id] = r
	}
	return out, nil
}

func (c *WatchedCore) LineProof(_ context.Context, domain, userName string) (provisioning.HA1, error) {
	c.mu.Lock()
	password, known := c.passwords[userName+"@"+domain]
	c.mu.Unlock()
	if !known {
		return nil, fault.New(fault.NotFound, "There is no such line.")
	}
	return func(a digest.Algorithm, realm string) (string, error) {
		return digest.HA1(a, userName, realm, secret.New(password)), nil
	}, nil
}

// elsewhere changes how alice is registered, as another node would.
func (c *WatchedCore) elsewhere(fn func(list []provisioning.Binding) []provisioning.Binding) {
	const line = "alice@acme.sip.test"
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bindings[provisioning.LineID(line)] = fn(c.bindings[provisioning.LineID(line)])
}

func (c *WatchedCore) setPassword(line, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.passwords, line)
	if password != "" {
		c.passwords[line] = password
	}
}

// watched is a server whose registrations can be watched, and a phone at it.
type watched struct {
	core   *WatchedCore
	clock  *MovingClock
	server *sip.Server
	conn   net.Conn
}

func newWatched(t *testing.T, transport string, change ...func(*sip.Config)) watched {
	t.Helper()
	clock := &MovingClock{at: now}
	core := &WatchedCore{FixedCore: newFixedCore(), clock: clock, reads: make(chan int, 100)}
	server := newServer(t, core, append([]func(*sip.Config){func(c *sip.Config) {
		c.TLS, c.Registrations, c.Now, c.T1, c.WatchPause = certificate(t), core, clock.Now, time.Minute, 4*time.Millisecond
	}}, change...)...)
	return watched{core, clock, server, dial(t, transport, run(t, server, everywhere))}
}

// subscribe is a SUBSCRIBE; zero fields are alice's to her own line.
type subscribe struct {
	uri, from, to, expires, contact, event string
	cseq                                   int
	callID                                 string
	user, password                         string
	headers                                []string
}

func (s subscribe) text(nonce string) string {
	s.uri, s.to, s.from = cmp.Or(s.uri, "sip:alice@acme.sip.test"), cmp.Or(s.to, "<sip:alice@acme.sip.test>"), cmp.Or(s.from, "<sip:alice@acme.sip.test>;tag=from1")
	s.cseq, s.callID = cmp.Or(s.cseq, 1), cmp.Or(s.callID, "watch-1")
	s.expires, s.event, s.contact = cmp.Or(s.expires, "3600"), cmp.Or(s.event, "reg"), cmp.Or(s.contact, "<sip:alice@192.0.2.10:5070>")
	s.user, s.password = cmp.Or(s.user, "alice"), cmp.Or(s.password, "wonderland")
	lines := []string{
		"SUBSCRIBE " + s.uri + " SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bK-s" + strconv.Itoa(s.cseq) + ";rport", "Max-Forwards: 70",
		"From: " + s.from, "To: " + s.to, "Call-ID: " + s.callID, "CSeq: " + strconv.Itoa(s.cseq) + " SUBSCRIBE", "Event: " + s.event,
		"Contact: " + s.contact, "Expires: " + s.expires,
	}
	lines = append(lines, s.headers...)
	if nonce != "" {
		challenge := digest.Demand{Realm: "acme.sip.test", Nonce: nonce, Algorithm: digest.MD5, WithQOP: true}
		ha1 := digest.HA1(digest.MD5, s.user, "acme.sip.test", secret.New(s.password))
		lines = append(lines, "Authorization: "+challenge.Answer(ha1, s.user, "SUBSCRIBE", s.uri, "c0ffee"))
	}
	return strings.Join(append(lines, "Content-Length: 0", "", ""), "\r\n")
}

// ask sends a SUBSCRIBE, proves it, and returns the answer.
func (w watched) ask(t *testing.T, s subscribe) string {
	t.Helper()
	challenge := exchange(t, w.conn, s.text(""))
	found := noncePattern.FindStringSubmatch(challenge)
	if found == nil {
		return challenge
	}
	return exchange(t, w.conn, s.text(found[1]))
}

// hear takes the next NOTIFY and answers it.
func (w watched) hear(t *testing.T, status string) (request string, info reginfo) {
	t.Helper()
	request = receive(t, w.conn)
	_, body, _ := strings.Cut(request, "\r\n\r\n")
	require.NoError(t, xml.Unmarshal([]byte(body), &info), request)
	if status != "" {
		_, err := w.conn.Write([]byte(reply(request, status)))
		require.NoError(t, err)
	}
	return request, info
}

// begin subscribes, and returns the answer and the first NOTIFY.
func (w watched) begin(t *testing.T) (answer, first string) {
	t.Helper()
	answer = w.ask(t, subscribe{})
	require.Contains(t, answer, "SIP/2.0 200 OK")
	first, _ = w.hear(t, "200 OK")
	return answer, first
}

// register registers a phone over the same connection.
func (w watched) register(t *testing.T, r register) {
	t.Helper()
	challenge := exchange(t, w.conn, r.text(""))
	require.Contains(t, exchange(t, w.conn, r.text(noncePattern.FindStringSubmatch(challenge)[1])), "SIP/2.0 200 OK")
}

// reginfo is what a foreign reader makes of the document.
type reginfo struct {
	XMLName      xml.Name `xml:"urn:ietf:params:xml:ns:reginfo reginfo"`
	Version      int      `xml:"version,attr"`
	State        string   `xml:"state,attr"`
	Registration struct {
		AOR     string `xml:"aor,attr"`
		State   string `xml:"state,attr"`
		Contact []struct {
			ID      string `xml:"id,attr"`
			State   string `xml:"state,attr"`
			Event   string `xml:"event,attr"`
			Expires int    `xml:"expires,attr"`
			URI     string `xml:"uri"`
		} `xml:"contact"`
	} `xml:"registration"`
}

// said is the contacts of a document, in short.
func (r reginfo) said() string {
	out := r.Registration.State
	for _, c := range r.Registration.Contact {
		out += " " + c.URI + "=" + c.Event
	}
	return out
}

func TestAPhoneWatchesItsOwnLine(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp", "tls", "dtls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, transport)
			answer := w.ask(t, subscribe{})
			assert.Contains(t, answer, "SIP/2.0 200 OK")
			assert.Contains(t, answer, "\r\nExpires: 3600\r\n")
			assert.Contains(t, field(answer, "Contact"), "pbx.example.net:")
			request, info := w.hear(t, "200 OK")
			assert.True(t, strings.HasPrefix(request, "NOTIFY sip:alice@192.0.2.10:5070 SIP/2.0\r\n"), request)
			assert.Equal(t, field(answer, "To"), field(request, "From"), "the dialog")
			assert.Equal(t, "<sip:alice@acme.sip.test>;tag=from1", field(request, "To"))
			assert.Equal(t, "watch-1", field(request, "Call-ID"))
			assert.Equal(t, "reg", field(request, "Event"))
			assert.Equal(t, "active;expires=3600", field(request, "Subscription-State"))
			assert.Equal(t, "application/reginfo+xml", field(request, "Content-Type"))
			assert.Equal(t, "init", info.said())
			assert.Equal(t, "full", info.State)

			w.register(t, register{})
			w.clock.move(time.Second)
			_, info = w.hear(t, "200 OK")
			assert.Equal(t, "active sip:alice@192.0.2.10:5070=registered", info.said())
			assert.Equal(t, 1, info.Version)
			assert.Equal(t, "sip:alice@acme.sip.test", info.Registration.AOR)
			assert.Equal(t, 3599, info.Registration.Contact[0].Expires)
		})
	}
}

func TestWhatHappensToContactsIsTold(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "tcp")
	_, first := w.begin(t)
	assert.Contains(t, first, "CSeq: 1 NOTIFY")
	next := func(step time.Duration) string {
		t.Helper()
		w.clock.move(step)
		_, info := w.hear(t, "200 OK")
		return info.said()
	}
	w.register(t, register{callID: "r", contacts: []string{"<sip:a@192.0.2.1>"}})
	assert.Equal(t, "active sip:a@192.0.2.1=registered", next(time.Second))

	w.core.elsewhere(func(list []provisioning.Binding) []provisioning.Binding {
		list = slices.Clone(list)
		list[0].CSeq, list[0].Expires = 9, now.Add(2*time.Hour)
		return append(list, provisioning.Binding{Contact: "sip:b@192.0.2.2", Expires: now.Add(time.Hour), Q: 500, InstanceID: "<urn:uuid:1>"})
	})
	assert.Equal(t, "active sip:a@192.0.2.1=refreshed sip:b@192.0.2.2=registered", next(10*time.Second), "at another node")

	w.core.elsewhere(func(list []provisioning.Binding) []provisioning.Binding {
		list = slices.Clone(list)
		list[0].Expires = now.Add(30 * time.Minute)
		return list
	})
	assert.Equal(t, "active sip:a@192.0.2.1=shortened sip:b@192.0.2.2=registered", next(10*time.Second))
	assert.Equal(t, "active sip:b@192.0.2.2=registered sip:a@192.0.2.1=expired", next(30*time.Minute))

	w.register(t, register{callID: "r2", contacts: []string{"<sip:b@192.0.2.2>;expires=0"}})
	assert.Equal(t, "terminated sip:b@192.0.2.2=unregistered", next(time.Second))
}

func TestAPasswordThatEndedEndsWhatItSubscribedTo(t *testing.T) {
	t.Parallel()
	for password, reason := range map[string]string{"a new one": "deactivated", "": "noresource"} {
		w := newWatched(t, "udp")
		w.register(t, register{})
		w.begin(t)
		w.core.setPassword("alice@acme.sip.test", password)
		w.core.elsewhere(func([]provisioning.Binding) []provisioning.Binding { return nil })
		w.clock.move(10 * time.Second)
		request, info := w.hear(t, "200 OK")
		assert.Equal(t, "terminated;reason="+reason, field(request, "Subscription-State"))
		assert.Equal(t, "terminated sip:alice@192.0.2.10:5070=deactivated", info.said())
		require.Eventually(t, func() bool { return w.server.Stats().Watchers == 0 }, patience, time.Millisecond)
	}
}

func TestASubscriptionIsRefreshedAndEnds(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "udp")
	answer, _ := w.begin(t)
	inside := subscribe{uri: "sip:pbx.example.net", to: field(answer, "To"), cseq: 2, expires: "600", contact: "<sip:moved@192.0.2.10>"}
	again := w.ask(t, inside)
	assert.Contains(t, again, "\r\nExpires: 600\r\n")
	w.clock.move(time.Second)
	request, _ := w.hear(t, "200 OK")
	assert.True(t, strings.HasPrefix(request, "NOTIFY sip:moved@192.0.2.10 SIP/2.0\r\n"))
	assert.Equal(t, "active;expires=599", field(request, "Subscription-State"))

	late := inside
	late.cseq = 1
	assert.Contains(t, w.ask(t, late), "500 CSeq Out Of Order")
	stranger := inside
	stranger.callID = "another"
	assert.Contains(t, w.ask(t, stranger), "481 Subscription Does Not Exist")

	inside.cseq, inside.expires = 3, "0"
	assert.Contains(t, w.ask(t, inside), "\r\nExpires: 0\r\n")
	w.clock.move(time.Second)
	request, _ = w.hear(t, "200 OK")
	assert.Equal(t, "terminated;reason=timeout", field(request, "Subscription-State"))
	inside.cseq = 4
	assert.Contains(t, w.ask(t, inside), "481 Subscription Does Not Exist")
}

func TestAFetchAndAnExpiryEndByThemselves(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "udp")
	assert.Contains(t, w.ask(t, subscribe{expires: "0"}), "200 OK")
	request, _ := w.hear(t, "200 OK")
	assert.Equal(t, "terminated;reason=timeout", field(request, "Subscription-State"))
	w.ask(t, subscribe{callID: "two", event: "reg;id=7"})
	request, _ = w.hear(t, "200 OK")
	assert.Equal(t, "reg;id=7", field(request, "Event"))
	w.clock.move(time.Hour)
	request, _ = w.hear(t, "200 OK")
	assert.Equal(t, "terminated;reason=timeout", field(request, "Subscription-State"))
}

func TestWhoHangsUpIsNotToldAgain(t *testing.T) {
	t.Parallel()
	for status, left := range map[string]int{"481 Gone": 0, "489 Bad Event": 0, "500 Oops": 1, "200 OK": 1} {
		w := newWatched(t, "udp")
		w.ask(t, subscribe{})
		w.hear(t, status)
		if left == 0 {
			require.Eventually(t, func() bool { return w.server.Stats().Watchers == 0 }, patience, time.Millisecond, status)
			continue
		}
		w.register(t, register{})
		w.clock.move(time.Second)
		_, info := w.hear(t, "200 OK")
		assert.Equal(t, 1, info.Version, status)
	}
	silent := newWatched(t, "udp", quick)
	silent.ask(t, subscribe{})
	require.Eventually(t, func() bool { return silent.server.Stats().Watchers == 0 }, patience, time.Millisecond, "timer F")
}

func TestAWatcherThatAsksWhoWeAreIsTold(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "udp")
	w.ask(t, subscribe{})
	first := receive(t, w.conn)
	_, err := w.conn.Write([]byte(reply(first, "401 Unauthorized", "WWW-Authenticate: "+digest.Challenge(digest.MD5, "the phone", "n0nce", false))))
	require.NoError(t, err)
	second, _ := w.hear(t, "200 OK")
	assert.Equal(t, "2 NOTIFY", field(second, "CSeq"))
	answer, err := digest.ParseAnswer(field(second, "Authorization"))
	require.NoError(t, err)
	assert.True(t, answer.Matches(digest.HA1(digest.MD5, "alice", "the phone", secret.New("wonderland")), "NOTIFY"))
}

// TestAStormOfRegistrationsIsOneNotify lets a line register again and again while its watcher hasn't answered yet.
func TestAStormOfRegistrationsIsOneNotify(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "tcp")
	w.ask(t, subscribe{})
	first, _ := w.hear(t, "")
	for i := range 5 {
		w.register(t, register{callID: "storm", cseq: i + 1})
		w.clock.move(time.Second)
	}
	_, err := w.conn.Write([]byte(reply(first, "200 OK")))
	require.NoError(t, err)
	w.clock.move(time.Second)
	_, info := w.hear(t, "200 OK")
	assert.Equal(t, 1, info.Version)
	assert.Equal(t, "active sip:alice@192.0.2.10:5070="+info.Registration.Contact[0].Event, info.said())
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "udp")
	for name, tc := range map[string]struct {
		s    subscribe
		want string
		line string
	}{
		"another event":          {subscribe{event: "message-summary"}, "489 Bad Event", "Allow-Events: reg"},
		"no event":               {subscribe{event: " "}, "489 Bad Event", "Allow-Events: reg"},
		"two events":             {subscribe{headers: []string{"o: reg"}}, "400 Bad Event", ""},
		"somebody else's line":   {subscribe{to: "<sip:bob@acme.sip.test>", uri: "sip:bob@acme.sip.test"}, "403 Forbidden", ""},
		"another Request-URI":    {subscribe{uri: "sip:bob@acme.sip.test"}, "403 Forbidden", ""},
		"a line elsewhere":       {subscribe{from: "<sip:alice@elsewhere.example>;tag=1"}, "403 Forbidden", ""},
		"a wrong password":       {subscribe{password: "looking-glass"}, "403 Forbidden", ""},
		"an unknown user":        {subscribe{from: "<sip:eve@acme.sip.test>;tag=1", to: "<sip:eve@acme.sip.test>", uri: "sip:eve@acme.sip.test", user: "eve"}, "403 Forbidden", ""},
		"no tag":                 {subscribe{from: "<sip:alice@acme.sip.test>"}, "400 Bad From Or To", ""},
		"no contact":             {subscribe{contact: "*"}, "400 Bad Contact", ""},
		"a contact by telephone": {subscribe{contact: "<tel:+1>"}, "400 Bad Contact", ""},
		"another document":       {subscribe{headers: []string{"Accept: application/pidf+xml"}}, "406 Not Acceptable", "Accept: application/reginfo+xml"},
		"too short":              {subscribe{expires: "30"}, "423 Interval Too Brief", "Min-Expires: 60"},
		"an extension":           {subscribe{headers: []string{"Require: eventlist"}}, "420 Bad Extension", "Unsupported: eventlist"},
		"a broken route":         {subscribe{headers: []string{"Record-Route: <tel:1>"}}, "400 Bad Record-Route", ""},
	} {
		answer := w.ask(t, tc.s)
		assert.Contains(t, answer, "SIP/2.0 "+tc.want+"\r\n", name)
		assert.Contains(t, answer, tc.line, name)
	}
	assert.Zero(t, w.server.Stats().Watchers)
	plain := newServer(t, newFixedCore())
	assert.Equal(t, 405, ask(t, plain, subscribe{}.text("")).StatusCode, "where nobody can watch")
}

func TestALineHasOnlySoManyWatchers(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "udp")
	for i := range 10 {
		w.ask(t, subscribe{callID: "w" + strconv.Itoa(i), expires: strconv.Itoa(1000 + i)})
		w.hear(t, "200 OK")
		w.clock.move(time.Second)
	}
	assert.Contains(t, w.ask(t, subscribe{callID: "more"}), "200 OK")
	states := []string{}
	for range 2 {
		request, _ := w.hear(t, "200 OK")
		states = append(states, field(request, "Call-ID")+" "+field(request, "Subscription-State"))
	}
	slices.Sort(states)
	assert.Equal(t, []string{"more active;expires=3600", "w0 terminated;reason=probation;retry-after=600"}, states)
	assert.Equal(t, 10, w.server.Stats().Watchers)
}

func TestAConnectionThatEndedIsReplacedByARefresh(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "tcp")
	answer, _ := w.begin(t)
	addresses := w.conn.RemoteAddr().String()
	require.NoError(t, w.conn.Close())
	var err error
	w.conn, err = net.Dial("tcp", addresses)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.conn.Close() })
	require.NoError(t, w.conn.SetDeadline(time.Now().Add(patience)))
	assert.Contains(t, w.ask(t, subscribe{uri: "sip:pbx.example.net", to: field(answer, "To"), cseq: 2}), "200 OK")
	w.clock.move(time.Second)
	request, _ := w.hear(t, "200 OK")
	assert.Contains(t, field(request, "Subscription-State"), "active")
}

// TestSippWatches lets a foreign client subscribe, and answers by its own rules.
func TestSippWatches(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("sipp")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sipp is missing: install the Debian package sip-tester")
		}
		t.Skip("sipp isn't installed (Debian package sip-tester)")
	}
	scenario, err := filepath.Abs("testdata/subscribe.xml")
	require.NoError(t, err)
	w := newWatched(t, "udp")
	w.register(t, register{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, w.conn.RemoteAddr().String(), "-sf", scenario, "-key", "domain", "acme.sip.test", "-au", "alice", "-ap", "wonderland",
		"-auth_uri", "alice@acme.sip.test", "-i", "127.0.0.1", "-m", "1", "-nostdin", "-trace_err", "-timeout", "30s")
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "TERM=dumb")
	moved := make(chan struct{})
	go func() { // sipp unsubscribes within the second in which it was told
		defer close(moved)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for begun := false; ctx.Err() == nil; <-ticker.C {
			switch watchers := w.server.Stats().Watchers; {
			case watchers > 0:
				begun = true
				w.clock.move(time.Second)
			case begun:
				return
			}
		}
	}()
	output, err := command.CombinedOutput()
	cancel()
	<-moved
	require.NoError(t, err, "sipp failed:\n%s", tail(string(output)))
}

// TestTheDocumentOnTheWire compares all of it.
func TestTheDocumentOnTheWire(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "udp")
	w.core.elsewhere(func([]provisioning.Binding) []provisioning.Binding {
		return []provisioning.Binding{
			{Contact: "sip:alice@192.0.2.10:5070;a=\"<&>", InstanceID: "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>", Q: 700, Expires: now.Add(time.Hour)},
			{Contact: "sip:alice@[2001:db8::1]", Q: 1000, Expires: now.Add(90 * time.Second)},
		}
	})
	_, first := w.begin(t)
	_, body, _ := strings.Cut(first, "\r\n\r\n")
	if os.Getenv("DIALTONE_GOLDEN") == "write" {
		require.NoError(t, os.WriteFile("testdata/reginfo.xml", []byte(body), 0o600))
	}
	want, err := os.ReadFile("testdata/reginfo.xml")
	require.NoError(t, err)
	assert.Equal(t, string(want), body)
}
