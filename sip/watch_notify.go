package sip

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/fault"
	"dialtone/provisioning"
)

// endsSubscription are the answers to a NOTIFY after which there is no subscription any more (RFC 6665 section 4.2.2).
func endsSubscription(status int) bool {
	return slices.Contains([]int{404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604}, status)
}

// tell sends a NOTIFY, and the next ones that have become due meanwhile. Who doesn't answer, or knows nothing of the subscription, isn't told again.
// A connection that has ended is another thing: the phone comes back over a new one, and refreshes.
func (w *watchers) tell(ctx context.Context, n notice) {
	for more := true; more; {
		n, more = w.told(n, w.tellOnce(ctx, n))
	}
}

func (w *watchers) tellOnce(ctx context.Context, n notice) outcome {
	response, err := w.send(ctx, n)
	outcome := heard
	switch {
	case ctx.Err() != nil || err != nil && fault.Is(err, fault.NotFound): // the server stops, or the phone is elsewhere
	case err == nil && endsSubscription(response.StatusCode):
		outcome = hungUp
	case err != nil && fault.Is(err, fault.Limited):
		outcome = unsent
	case err != nil:
		outcome = hungUp
	}
	if outcome == hungUp {
		w.server.config.Logger.Debug("a subscription to registrations ended", "line", n.sub.line, "peer", n.target.Source, "error", err)
	}
	return outcome
}

// send sends it, and once more with the line's proof to a phone that asks who we are.
func (w *watchers) send(ctx context.Context, n notice) (*sip.Response, error) {
	s := w.server
	way, err := s.flows.way(n.target)
	if err != nil {
		return nil, err
	}
	response, err := s.flows.Send(ctx, n.target, n.request(way.contact, n.cseq))
	if err != nil {
		return nil, err
	}
	challenge, answer := "WWW-Authenticate", "Authorization"
	switch response.StatusCode {
	case statusUnauthorized:
	case statusProxyRequired:
		challenge, answer = "Proxy-Authenticate", "Proxy-Authorization"
	default:
		return response, nil
	}
	ha1, err := s.config.Registrations.LineProof(ctx, n.sub.aor.domain, n.sub.aor.user)
	if err != nil {
		return nil, err
	}
	proof, err := s.proveTo(response, challenge, provisioning.Notification{
		Binding: provisioning.Binding{Contact: n.uri}, UserName: n.sub.aor.user, HA1: ha1,
	})
	if err != nil {
		return nil, err
	}
	again := n.request(way.contact, w.nextCSeq(n.sub))
	again.Headers = append(again.Headers, Header{answer, proof})
	return s.flows.Send(ctx, n.target, again)
}

// request writes the NOTIFY.
func (n notice) request(contact string, cseq uint32) Outgoing {
	event := eventReg
	if n.sub.eventID != "" {
		event += ";id=" + n.sub.eventID
	}
	return Outgoing{Method: "NOTIFY", URI: n.uri, Body: n.body, Headers: []Header{
		{"From", n.sub.local},
		{"To", n.sub.remote},
		{"Call-ID", n.sub.id.callID},
		{"CSeq", strconv.FormatUint(uint64(cseq), 10) + " NOTIFY"},
		{"Contact", "<" + contact + ">"},
		{"Event", event},
		{"Subscription-State", n.state},
		{"Content-Type", reginfoType},
	}}
}

func secondsText(d time.Duration) string { return strconv.Itoa(max(0, seconds(d))) }
