package sip

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/customer"
	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/upstream"
)

// Upstreams knows the registrars of partners' own, to which registrations are handed on; *upstream.Service is one.
type Upstreams interface {
	InForce(ctx context.Context, partner customer.OrgID) (upstream.Setting, bool, error)
	OfDomain(ctx context.Context, domain string) (upstream.Setting, bool, error)
	Targets(ctx context.Context, setting upstream.Setting) ([]netip.AddrPort, error)
	Speaks(ctx context.Context, setting upstream.Setting, addr netip.Addr) bool
	Admit(setting upstream.Setting) error
	Back(setting upstream.Setting) time.Time
	Answered(setting upstream.Setting, status int)
	Failed(setting upstream.Setting, err error)
	Lost(setting upstream.Setting)
	Demote(setting upstream.Setting, at netip.AddrPort)
	NextProbes(ctx context.Context) []upstream.Setting
}

// Lines is what handing on asks of the core; *provisioning.Service is one.
type Lines interface {
	Line(ctx context.Context, domain, user string) (provisioning.LineOwner, error)
	LineAt(ctx context.Context, domain, user, transport string, source netip.AddrPort) (provisioning.LineOwner, error)
	HA1For(line provisioning.LineOwner) func(digest.Algorithm, string) (string, error)
	RecordUpstream(r provisioning.RegisterRequest, answer string, refused bool)
	CountRefused(ctx context.Context, p provisioning.SIPProof, known bool)
	CountProven(p provisioning.SIPProof)
	MayTry(p provisioning.SIPProof) time.Duration
}

// Handing is what handing on to upstreams needs. Everything must be set but Host and Random.
type Handing struct {
	Upstreams Upstreams
	Lines     Lines
	Key       []byte // a secret of 16 bytes or more, one for all nodes, that flows are named with
	Node      string // this process's name among those that share a database
	// Host is the name or address at which this very node is reached, and no other; PublicHost if it is empty.
	Host   string
	Random func() float64 // from 0 to less than 1; nil: always 0.5
}

// The bounds of asking an upstream. All together stay below answerTimeout.
const (
	upstreamTimeout = 6 * time.Second
	// oneOfSeveral is how long the first of several addresses may take.
	oneOfSeveral = 2500 * time.Millisecond
	dialTimeout  = 3 * time.Second
	// upstreamSlots bounds the messages of one connection to an upstream that are being handled; it carries everybody's calls.
	upstreamSlots = 512
	// crlfEvery is how often a connection to an upstream is kept alive, upstreamIdle how long one may be silent.
	crlfEvery    = 25 * time.Second
	upstreamIdle = 10 * time.Minute
	// The pauses between tries to open a connection: the first, and the longest. Each has up to as much again by random.
	firstRedial, longestRedial = 250 * time.Millisecond, 20 * time.Second
	// maxProbes bounds the signs of life that are asked for at once.
	maxProbes = 32
)

// hander hands registrations and calls on to upstreams.
type hander struct {
	Handing
	server *Server
	tokens *flowTokens
	epoch  string        // in Call-IDs of ours: CSeq begins anew with the process
	cseq   atomic.Uint32 // of REGISTERs of ours
	turns  turns

	mu      sync.Mutex
	running context.Context //nolint:containedctx // of Run: connections outlive the request that opened them
	links   map[linkKey]*link
	group   sync.WaitGroup
}

// linkKey names a connection to an upstream: settings that differ in what they trust never share one.
type linkKey struct {
	setting   string // its identity
	transport string
	at        netip.AddrPort
}

// link is a connection to an upstream, one in the making, or the memory of one that couldn't be made.
type link struct {
	ready    chan struct{} // closed when conn or err is set
	conn     *connection
	err      error
	failures int
	again    time.Time // not before
}

func newHander(s *Server, h Handing) (*hander, error) {
	tokens, err := newFlowTokens(h.Key, h.Node)
	if err != nil {
		return nil, err
	}
	if h.Host == "" {
		h.Host = s.config.PublicHost
	}
	if h.Random == nil {
		h.Random = func() float64 { return 0.5 }
	}
	return &hander{Handing: h, server: s, tokens: tokens, epoch: s.token(), turns: turns{busy: map[string]*turn{}}, links: map[linkKey]*link{}}, nil
}

// run keeps connections and asks for signs of life until ctx ends; then it closes them and waits.
func (h *hander) run(ctx context.Context) {
	h.mu.Lock()
	h.running = ctx
	h.mu.Unlock()
	defer h.group.Wait()
	defer func() {
		h.mu.Lock()
		h.running = nil
		h.mu.Unlock()
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	slots := make(chan struct{}, maxProbes)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, setting := range h.Upstreams.NextProbes(ctx) {
			select {
			case slots <- struct{}{}:
				h.group.Go(func() {
					defer func() { <-slots }()
					h.probe(ctx, setting)
				})
			default: // all are silent; this one is asked the next time
			}
		}
	}
}

// probe asks an upstream for a sign of life.
func (h *hander) probe(ctx context.Context, setting upstream.Setting) {
	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	host := bracketed(setting.Host)
	_, _ = h.ask(ctx, setting, func(w way) Outgoing { // what became of it is noted
		return Outgoing{Method: "OPTIONS", URI: "sip:" + host, Headers: []Header{
			{"From", "<sip:" + bracketed(h.Host) + ">;tag=" + h.server.token()},
			{"To", "<sip:" + host + ">"},
			{"Call-ID", h.server.token()},
			{"CSeq", "1 OPTIONS"},
			{"Contact", "<" + w.contact + ">"},
			{"Accept", "application/sdp"},
		}}
	})
}

// ask sends a request to an upstream, to one address after the other until one answers, and notes what became of it. fault.Unavailable when none did.
func (h *hander) ask(ctx context.Context, setting upstream.Setting, build func(way) Outgoing) (*sip.Response, error) {
	targets, err := h.Upstreams.Targets(ctx, setting)
	for i, at := range targets {
		patience := upstreamTimeout
		if i < len(targets)-1 {
			patience = oneOfSeveral
		}
		var response *sip.Response
		if response, err = h.askOne(ctx, setting, at, patience, build); err == nil {
			h.Upstreams.Answered(setting, response.StatusCode)
			return response, nil
		}
		if ctx.Err() != nil {
			break
		}
		h.Upstreams.Demote(setting, at)
	}
	h.Upstreams.Failed(setting, err)
	return nil, err
}

func (h *hander) askOne(ctx context.Context, setting upstream.Setting, at netip.AddrPort, patience time.Duration, build func(way) Outgoing) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w, err := h.way(ctx, setting, at)
	if err != nil {
		return nil, err
	}
	branch := branchCookie + h.server.token()
	request := build(w)
	message, err := request.write(w, Target{}, branch)
	if err != nil {
		return nil, err
	}
	key := branch + " " + request.Method
	answers, err := h.server.flows.expect(key)
	if err != nil {
		return nil, err
	}
	defer h.server.flows.giveUp(key)
	response, err := h.server.flows.transact(ctx, w, message, answers)
	if err != nil {
		if w.reliable { // a connection on which nobody answers may lead nowhere
			h.drop(setting, at)
		}
		return nil, fault.Wrap(fault.Unavailable, err, "%s didn't answer over %s.", at, setting.Transport)
	}
	return response, nil
}

// way is the way to one address of an upstream: our own UDP socket, or a connection that is kept.
func (h *hander) way(ctx context.Context, setting upstream.Setting, at netip.AddrPort) (way, error) {
	transport := string(setting.Transport)
	if setting.Transport == upstream.UDP {
		w, err := h.server.flows.datagrams(at)
		sentBy := h.sentBy("udp", 0)
		w.via, w.contact = "SIP/2.0/UDP "+sentBy, "sip:"+sentBy
		return w, err
	}
	c, err := h.connect(ctx, setting, at)
	if err != nil {
		return way{}, err
	}
	return h.overLink(c, transport), nil
}

// overLink is the way over a connection to an upstream.
func (h *hander) overLink(c *connection, transport string) way {
	sentBy := h.sentBy(transport, localAddr(c.LocalAddr()).Port())
	return way{
		via: "SIP/2.0/" + strings.ToUpper(transport) + " " + sentBy, contact: "sip:" + sentBy + ";transport=" + transport, send: c.send, reliable: true,
	}
}

// sentBy is where an upstream reaches this node; where no door listens for the transport, the connection's own port, over which alone it can.
func (h *hander) sentBy(transport string, port uint16) string {
	host, listening, err := net.SplitHostPort(h.server.here(transport))
	if err == nil && listening != "0" {
		n, _ := strconv.ParseUint(listening, 10, 16)
		port = uint16(n)
	}
	if h.Host != "" {
		host = h.Host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(int(port)))
}

// connect returns the connection to an address of an upstream, which it opens if there is none. It waits no longer than ctx.
func (h *hander) connect(ctx context.Context, setting upstream.Setting, at netip.AddrPort) (*connection, error) {
	key := linkKey{setting.Identity(), string(setting.Transport), at}
	h.mu.Lock()
	l := h.links[key]
	switch {
	case h.running == nil:
		h.mu.Unlock()
		return nil, fault.New(fault.Unavailable, "The server is stopping.")
	case l == nil, l.err != nil && !time.Now().Before(l.again):
		fresh := &link{ready: make(chan struct{})}
		if l != nil {
			fresh.failures = l.failures
		}
		l = fresh
		h.links[key] = l
		running := h.running
		h.group.Go(func() { h.serveLink(running, setting, key, l) })
	}
	h.mu.Unlock()
	select {
	case <-l.ready:
		return l.conn, l.err
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The connection to the upstream registrar isn't open yet.")
	}
}

// serveLink opens a connection, reads from it until it ends, and forgets it.
func (h *hander) serveLink(ctx context.Context, setting upstream.Setting, key linkKey, l *link) {
	conn, err := dialUpstream(ctx, setting, key.at)
	h.mu.Lock()
	if err != nil {
		l.failures++
		pause := min(firstRedial<<min(l.failures, 10), longestRedial)
		l.again = time.Now().Add(pause + time.Duration(h.Random()*float64(pause)))
		l.err = fault.Wrap(fault.Unavailable, err, "%s can't be reached over %s.", key.at, key.transport)
		h.mu.Unlock()
		close(l.ready)
		return
	}
	c := &connection{
		Conn: conn, server: h.server, peer: Peer{Addr: key.at, Transport: key.transport, Upstream: setting.Partner}, parser: newParser(), slots: make(chan struct{}, upstreamSlots),
		trusted: func() {}, deadline: time.Now().Add(upstreamIdle), upstream: setting.Partner,
	}
	l.conn = c
	h.mu.Unlock()
	close(l.ready)
	defer func() { _ = conn.Close() }()
	defer c.group.Wait()
	defer h.dropLink(key, l)
	defer h.server.flows.forget(c)
	stop := context.AfterFunc(ctx, c.stop)
	defer stop()
	keep, cancel := context.WithCancel(ctx)
	defer cancel()
	c.group.Go(func() { h.keepAlive(keep, c, setting) })
	c.readStream(ctx)
	cancel()
	h.Upstreams.Lost(setting)
}

// keepAlive sends a sign of life now and then, so that nobody on the way forgets the connection, until ctx ends or the setting is another one.
func (h *hander) keepAlive(ctx context.Context, c *connection, setting upstream.Setting) {
	ticker := time.NewTicker(crlfEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now, on, err := h.Upstreams.InForce(ctx, setting.Partner); err == nil && (!on || now.Identity() != setting.Identity()) {
			_ = abandon(c.Conn)
			return
		}
		if c.sendBytes([]byte("\r\n\r\n")) != nil {
			return
		}
		c.mu.Lock()
		c.deadline = time.Now().Add(upstreamIdle)
		if !c.stopping {
			_ = c.SetReadDeadline(c.deadline)
		}
		c.mu.Unlock()
	}
}

// dialUpstream opens a connection. Over TLS the server's certificate must be for the name that the partner gave.
func dialUpstream(ctx context.Context, setting upstream.Setting, at netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if setting.Transport != upstream.TLS {
		return new(net.Dialer).DialContext(ctx, "tcp", at.String())
	}
	config := &tls.Config{ServerName: setting.Host, MinVersion: tls.VersionTLS12}
	if setting.CA != "" {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM([]byte(setting.CA))
	}
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", at.String())
}

// drop closes the connection to an address of an upstream.
func (h *hander) drop(setting upstream.Setting, at netip.AddrPort) {
	key := linkKey{setting.Identity(), string(setting.Transport), at}
	h.mu.Lock()
	var c *connection
	if l := h.links[key]; l != nil && l.conn != nil {
		c = l.conn
		delete(h.links, key)
	}
	h.mu.Unlock()
	if c != nil {
		_ = abandon(c.Conn)
	}
}

func (h *hander) dropLink(key linkKey, l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.links[key] == l {
		delete(h.links, key)
	}
}

// linkTo returns the way over an open connection of ours to an address of a partner's upstream.
func (h *hander) linkTo(f flow, partner customer.OrgID) (way, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, l := range h.links {
		if key.transport == f.transport && key.at == f.source && l.conn != nil && l.conn.upstream == partner {
			return h.overLink(l.conn, key.transport), true
		}
	}
	return way{}, false
}

// bracketed puts an IPv6 address in the brackets that a URI needs.
func bracketed(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// turns lets the registrations of one line go one after the other, and a retransmission not at all.
type turns struct {
	mu   sync.Mutex
	busy map[string]*turn // never more than there are requests in the making
}

type turn struct {
	request string
	done    chan struct{}
}

// take waits until nobody else is at a line. again says that the same request is at it; then, and after an error, there is nothing to give back.
func (t *turns) take(ctx context.Context, line, request string) (giveBack func(), again bool, err error) {
	for {
		t.mu.Lock()
		other := t.busy[line]
		if other == nil {
			mine := &turn{request, make(chan struct{})}
			t.busy[line] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.busy, line)
				t.mu.Unlock()
				close(mine.done)
			}, false, nil
		}
		t.mu.Unlock()
		if other.request == request {
			return nil, true, nil
		}
		select {
		case <-other.done:
		case <-ctx.Done():
			return nil, false, fault.Wrap(fault.Unavailable, ctx.Err(), "Another registration of the line is still under way.")
		}
	}
}
