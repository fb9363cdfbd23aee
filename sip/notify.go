package sip

import (
	"context"
	"strconv"

	"github.com/emiago/sipgo/sip"

	"dialtone/digest"
	"dialtone/fault"
	"dialtone/provisioning"
)

// The statuses with which a phone wants to know who asks.
const (
	statusUnauthorized  = 401
	statusProxyRequired = 407
)

// Reaches implements provisioning.Notifier.
func (s *Server) Reaches(b provisioning.Binding) bool { return s.flows.Reaches(targetOf(b)) }

func targetOf(b provisioning.Binding) Target {
	to := Target{Transport: b.Transport, Source: b.Source}
	if b.Path != "" {
		to.Path = []string{b.Path}
	}
	return to
}

// Notify sends a NOTIFY that nobody subscribed to, as phones take it from their registrar, and returns the final answer. A phone that asks who we are is
// told with the line's own credentials, once. Errors are those of Flows.Send, and fault.Denied when the phone's challenge can't be answered.
func (s *Server) Notify(ctx context.Context, n provisioning.Notification) (provisioning.NotifyAnswer, error) {
	target := targetOf(n.Binding)
	w, err := s.flows.way(target)
	if err != nil {
		return provisioning.NotifyAnswer{}, err
	}
	d := dialog{callID: s.token(), tag: s.token(), contact: w.contact}
	response, err := s.flows.Send(ctx, target, d.notify(n, 1))
	if err != nil {
		return provisioning.NotifyAnswer{}, err
	}
	out := provisioning.NotifyAnswer{Status: response.StatusCode, Reason: response.Reason}
	challenge, answer := "WWW-Authenticate", "Authorization"
	switch response.StatusCode {
	case statusUnauthorized:
	case statusProxyRequired:
		challenge, answer = "Proxy-Authenticate", "Proxy-Authorization"
	default:
		return out, nil
	}
	proof, err := s.proveTo(response, challenge, n)
	if err != nil {
		return out, err
	}
	again := d.notify(n, 2)
	again.Headers = append(again.Headers, Header{answer, proof})
	if response, err = s.flows.Send(ctx, target, again); err != nil {
		return out, err
	}
	return provisioning.NotifyAnswer{Status: response.StatusCode, Reason: response.Reason, Challenged: true}, nil
}

// proveTo answers the strongest of a phone's challenges that can be answered.
func (s *Server) proveTo(response *sip.Response, name string, n provisioning.Notification) (string, error) {
	var best digest.Demand
	for i, h := range response.GetHeaders(name) {
		if i == maxAuthorizations {
			break
		}
		demand, err := digest.ParseDemand(h.Value())
		if err == nil && (best.Nonce == "" || best.Algorithm == digest.MD5 && demand.Algorithm == digest.SHA256) {
			best = demand
		}
	}
	if best.Nonce == "" {
		return "", fault.New(fault.Denied, "The phone wants a proof that we can't give: neither MD5 nor SHA-256.")
	}
	ha1, err := n.HA1(best.Algorithm, best.Realm)
	if err != nil {
		return "", err
	}
	return best.Answer(ha1, n.UserName, "NOTIFY", n.Binding.Contact, s.token()), nil
}

// dialog is what stays the same when a request is sent again with a proof.
type dialog struct{ callID, tag, contact string }

// notify writes the request. Subscription-State is terminated, as there is no subscription to go on (RFC 6665 section 4.2.2).
func (d dialog) notify(n provisioning.Notification, cseq int) Outgoing {
	out := Outgoing{Method: "NOTIFY", URI: n.Binding.Contact, Body: []byte(n.Body), Headers: []Header{
		{"From", "<sip:" + n.Domain + ">;tag=" + d.tag},
		{"To", "<sip:" + n.UserName + "@" + n.Domain + ">"},
		{"Call-ID", d.callID},
		{"CSeq", strconv.Itoa(cseq) + " NOTIFY"},
		{"Contact", "<" + d.contact + ">"},
		{"Event", n.Event},
		{"Subscription-State", "terminated"},
	}}
	if n.ContentType != "" {
		out.Headers = append(out.Headers, Header{"Content-Type", n.ContentType})
	}
	return out
}
