package echo

import (
	"time"
)

// transactionID names a server transaction (RFC 3261 section 17.2.3).
type transactionID struct {
	branch, callID, method string
	cseq                   uint32
}

// transaction is a request and its answer; the server's lock guards what changes.
type transaction struct {
	server   *Server
	id       transactionID
	request  Request
	localTag string
	last     []byte // the response that was sent last
	accepted bool   // a 2xx to an INVITE: the call sends it again, and not the transaction
	final    bool
	settled  chan struct{} // closed when the INVITE was cancelled, or its final response acknowledged
}

// maxTransactions bounds what is remembered of requests: an INVITE and a BYE of every call for half a minute, many times over.
const maxTransactions = 4096

func idOf(r Request) transactionID {
	return transactionID{branch: r.Branch, callID: r.CallID, method: r.Method, cseq: r.CSeq}
}

// begin returns a new transaction, or nil when the request came before: then it has the same answer again.
func (s *Server) begin(r Request) *transaction {
	tag, err := s.token()
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.transactions[idOf(r)]; t != nil {
		if t.last != nil && !t.accepted {
			r.Send(t.last)
		}
		return nil
	}
	if err != nil || len(s.transactions) >= maxTransactions {
		return nil // it comes again
	}
	if r.ToTag != "" {
		tag = r.ToTag
	}
	t := &transaction{server: s, id: idOf(r), request: r, localTag: tag, settled: make(chan struct{})}
	s.transactions[t.id] = t
	return t
}

// merged reports whether the same request came by another way before (RFC 3261 section 8.2.2.2): it was forked, and one of its ways is enough.
func (s *Server) merged(t *transaction) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, other := range s.transactions {
		if other != t && id.callID == t.id.callID && id.cseq == t.id.cseq && id.method == t.id.method && other.request.FromTag == t.request.FromTag {
			return true
		}
	}
	return false
}

// provisional sends a response that isn't the last.
func (t *transaction) provisional(status int, reason string) {
	message := t.response(status, reason, nil, nil)
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	if !t.final {
		t.last = message
		t.request.Send(message)
	}
}

// finish sends the final response, once; ok is false when there was one before. A refused INVITE is answered again and again over UDP until it is
// acknowledged (timers G and H); everything is remembered for as long as it may come again (timers I, J and L).
func (t *transaction) finish(status int, reason string, fields []field, body []byte) (ok bool) {
	message := t.response(status, reason, fields, body)
	s := t.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.final {
		return false
	}
	t.final, t.last = true, message
	t.accepted = t.id.method == "INVITE" && status < 300
	t.request.Send(message)
	if s.closed {
		return true
	}
	s.group.Go(func() {
		if t.id.method == "INVITE" && status >= 300 {
			t.insist(message)
		}
		s.wait(64*s.config.T1, nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.transactions, t.id)
	})
	return true
}

// insist sends a refusal again until it is acknowledged.
func (t *transaction) insist(message []byte) {
	s := t.server
	if t.request.Transport != "udp" {
		s.wait(64*s.config.T1, t.settled)
		return
	}
	s.again(message, t.request.Send, t.settled)
}

// again sends a message after T1, 2*T1 and so on up to T2, until it is settled or 64*T1 have passed; it reports whether it was settled.
func (s *Server) again(message []byte, send func([]byte), settled <-chan struct{}) bool {
	spent := time.Duration(0)
	for pause := s.config.T1; spent < 64*s.config.T1; pause = min(2*pause, 8*s.config.T1) {
		if s.wait(pause, settled) {
			return true
		}
		if s.ctx.Err() != nil {
			return false
		}
		spent += pause
		send(message)
	}
	return false
}

// wait waits for a time, the channel or the server's end, and reports whether it was the channel.
func (s *Server) wait(d time.Duration, settled <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-settled:
		return true
	case <-timer.C:
	case <-s.ctx.Done():
	}
	return false
}
