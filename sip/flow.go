package sip

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"

	"dialtone/fault"
)

// maxPending bounds the requests of ours that wait for an answer. One takes some 4 kB and at most 32 seconds, so that this is 16 MB and a hundred requests
// a second to phones that are all silent.
const maxPending = 4096

// Target is where a request of ours goes: back the way that a registration came, and never to where a Contact says that the phone is, which behind a NAT is
// nowhere or somebody else.
type Target struct {
	Transport string         // as of the binding: udp, tcp, tls, dtls or wss
	Source    netip.AddrPort // as of the binding
	Path      []string       // the binding's Path (RFC 3327), as registered; it becomes the Route
}

// Header is a header field of a request of ours.
type Header struct{ Name, Value string }

// Outgoing is a request of ours. Via, Route, Max-Forwards, and Content-Length are added on the way.
type Outgoing struct {
	Method  string
	URI     string // of the phone, its Contact
	Headers []Header
	Body    []byte
}

// Flows are the ways back to phones: the connections on which registrations succeeded, and the UDP socket. It is safe for concurrent use.
type Flows struct {
	server *Server

	mu      sync.Mutex
	open    map[flow]*connection          // never more than there are connections
	pending map[string]chan *sip.Response // by branch and method; at most maxPending
}

// flow names a connection by its far end.
type flow struct {
	transport string
	source    netip.AddrPort
}

func newFlows(s *Server) *Flows {
	return &Flows{server: s, open: map[flow]*connection{}, pending: map[string]chan *sip.Response{}}
}

// Flows returns the ways back to the phones that this server heard of.
func (s *Server) Flows() *Flows { return s.flows }

// keep remembers a connection on which a registration succeeded.
func (f *Flows) keep(c *connection) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[flow{c.peer.Transport, c.peer.Addr}] = c
}

// forget takes a connection away that has ended.
func (f *Flows) forget(c *connection) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if key := (flow{c.peer.Transport, c.peer.Addr}); f.open[key] == c {
		delete(f.open, key)
	}
}

// Reaches reports whether there is a way to a target from here: for UDP there always is, as far as anybody can know.
func (f *Flows) Reaches(to Target) bool {
	_, err := f.way(to)
	return err == nil
}

// way is how bytes get to one target.
type way struct {
	via      string // transport and sent-by of our Via
	contact  string // where we can be reached over it, a URI
	send     func(message []byte) error
	reliable bool
}

// way finds the connection or the socket. fault.NotFound when the phone's connection isn't open here.
func (f *Flows) way(to Target) (way, error) {
	if to.Transport == "udp" {
		return f.datagrams(to.Source)
	}
	f.mu.Lock()
	c := f.open[flow{to.Transport, to.Source}]
	f.mu.Unlock()
	if c == nil {
		return way{}, fault.New(fault.NotFound, "The phone's connection over %s from %s isn't open here.", strings.ToUpper(to.Transport), to.Source)
	}
	sentBy := f.server.here(to.Transport)
	w := way{send: c.send, reliable: to.Transport != "dtls"}
	switch to.Transport {
	case "dtls":
		w.via, w.contact = "SIP/2.0/DTLS-UDP "+sentBy, "sips:"+sentBy+";transport=udp"
	case "wss": // the parameter has no word of its own for a secure one (RFC 7118 section 5.4)
		w.via, w.contact = "SIP/2.0/WSS "+sentBy, "sip:"+sentBy+";transport=ws"
	default:
		w.via, w.contact = "SIP/2.0/"+strings.ToUpper(to.Transport)+" "+sentBy, "sip:"+sentBy+";transport="+to.Transport
	}
	return w, nil
}

// datagrams is the way over the socket that receives requests: a NAT lets in only what comes from where the phone has sent to.
func (f *Flows) datagrams(to netip.AddrPort) (way, error) {
	socket := f.server.sockets.udp
	if socket == nil || !to.IsValid() {
		return way{}, fault.New(fault.NotFound, "SIP over UDP isn't served here.")
	}
	sentBy := f.server.here("udp")
	send := func(message []byte) error {
		_, err := socket.WriteToUDPAddrPort(message, to)
		return err
	}
	return way{via: "SIP/2.0/UDP " + sentBy, contact: "sip:" + sentBy, send: send}, nil
}

// expect makes the place where the answer to a request will come in. fault.Limited when too many wait.
func (f *Flows) expect(key string) (<-chan *sip.Response, error) {
	answers := make(chan *sip.Response, 4) // a provisional answer or two and the final one; more of them are lost, as if the network had lost them
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.pending) >= maxPending {
		return nil, fault.New(fault.Limited, "Too many requests of ours wait for phones to answer.")
	}
	f.pending[key] = answers
	return answers, nil
}

func (f *Flows) giveUp(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, key)
}

// deliver hands a response to whoever waits for it, by branch and method (RFC 3261 section 17.1.3). One that nobody waits for is dropped: so are the
// retransmissions of an answer that was taken, which is what timer K is for. It reports whether somebody waited.
func (f *Flows) deliver(response *sip.Response) bool {
	key, ok := keyOf(response)
	if !ok {
		return false
	}
	f.mu.Lock()
	answers := f.pending[key]
	f.mu.Unlock()
	select {
	case answers <- response: // never, when it is nil
	default:
	}
	return answers != nil
}

// keyOf reads the branch of the top Via and the method of the CSeq.
func keyOf(response *sip.Response) (string, bool) {
	var via, cseq string
	for _, h := range slices.Backward(response.Headers()) {
		switch strings.ToLower(h.Name()) {
		case "via", "v":
			via = h.Value()
		case "cseq":
			cseq = h.Value()
		}
	}
	if comma := indexOutsideQuotes(via, ','); comma >= 0 {
		return "", false // it went through somebody whom we didn't send it to
	}
	_, rest, _ := strings.Cut(via, ";")
	parameters, ok := parseParameters(rest)
	branch, _ := lookUp(parameters, "branch")
	fields := strings.Fields(cseq)
	if !ok || branch == "" || len(fields) != 2 {
		return "", false
	}
	return branch + " " + fields[1], true
}

// Send sends a request the way that a binding came, and returns the final answer, whatever its status. It takes as long as the transaction does, which is
// 32 seconds when nobody answers. fault.NotFound: the phone's connection isn't open here. fault.Limited: too many of ours wait. fault.Unavailable: the
// connection broke, or nobody answered. fault.Invalid: the request holds what a header field can't.
func (f *Flows) Send(ctx context.Context, to Target, request Outgoing) (response *sip.Response, err error) {
	if request.Method == "NOTIFY" {
		defer func() { f.server.counters.countNotify(response, err) }()
	}
	w, err := f.way(to)
	if err != nil {
		return nil, err
	}
	branch := branchCookie + f.server.token()
	message, err := request.write(w, to, branch)
	if err != nil {
		return nil, err
	}
	key := branch + " " + request.Method
	answers, err := f.expect(key)
	if err != nil {
		return nil, err
	}
	defer f.giveUp(key)
	return f.transact(ctx, w, message, answers)
}
