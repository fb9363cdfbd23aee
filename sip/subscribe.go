package sip

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/fault"
	"dialtone/provisioning"
)

// eventReg is the one event package that can be subscribed to: how a line is registered (RFC 3680).
const eventReg = "reg"

// statusBadEvent is 489, which sipgo doesn't name: of what the Event is, there is nothing to be told here.
const statusBadEvent = 489

// reginfoType is the document of that package.
const reginfoType = "application/reginfo+xml"

// The bounds of what a subscription keeps of its request, in bytes. Phones use some 300 in all.
const (
	maxEventID = 64
	maxRoutes  = 1024
	maxParty   = 512 // of From and of To
)

// Registrations is what the core knows of lines that somebody watches; *provisioning.Service is one.
type Registrations interface {
	// LineRegistrations returns how lines are registered. Lines that are gone are left out. fault.Unavailable when the store doesn't answer.
	LineRegistrations(ctx context.Context, lines []provisioning.LineID) (map[provisioning.LineID]provisioning.LineRegistration, error)
	// LineProof gives what answers a phone that asks who we are: fault.NotFound when the line is gone.
	LineProof(ctx context.Context, domain, userName string) (provisioning.HA1, error)
}

// subscribeRequest is what a SUBSCRIBE says beside what every request does.
type subscribeRequest struct {
	event   string // without its parameters
	eventID string // ;id=, "" for none
	accept  []string
	routes  []string // Record-Route, in order
	contact string
	fromTag string
	toTag   string
}

func readSubscribe(req *sip.Request, r request) (out subscribeRequest, problem string) {
	events := 0
	for _, h := range req.Headers() {
		switch value := h.Value(); strings.ToLower(h.Name()) {
		case "event", "o":
			events++
			name, rest, _ := strings.Cut(value, ";")
			out.event = strings.ToLower(strings.TrimSpace(name))
			if parameters, ok := parseParameters(rest); ok {
				out.eventID, _ = lookUp(parameters, "id")
			}
		case "accept":
			out.accept = append(out.accept, value)
		case "record-route":
			out.routes = append(out.routes, value)
		}
	}
	from, _ := parseAddress(r.from)
	out.fromTag, _ = from.get("tag")
	to, _ := parseAddress(r.to)
	out.toTag, _ = to.get("tag")
	if len(r.contacts) == 1 {
		contact, ok := parseAddress(r.contacts[0])
		if _, usable := parseURI(contact.uri); ok && usable {
			out.contact = contact.uri
		}
	}
	return out, out.check(r, events)
}

// check names the first thing that is wrong with a subscription to registrations; "" if there is none.
func (q subscribeRequest) check(r request, events int) (problem string) {
	hops, ok := readPath(q.routes)
	switch {
	case events > 1 || len(q.eventID) > maxEventID:
		return "Bad Event"
	case q.event != eventReg:
		return "" // another answer says so
	case q.fromTag == "" || len(r.from) > maxParty || len(r.to) > maxParty:
		return "Bad From Or To"
	case q.contact == "":
		return "Bad Contact"
	case !ok || len(hops) > maxRoutes:
		return "Bad Record-Route"
	}
	return ""
}

// takes reports whether the subscriber can read our document: whoever says nothing of it can (RFC 3680 section 5.2).
func (q subscribeRequest) takes() bool {
	if len(q.accept) == 0 {
		return true
	}
	for _, value := range q.accept {
		for kind := range strings.SplitSeq(value, ",") {
			kind, _, _ = strings.Cut(kind, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case reginfoType, "application/*", "*/*":
				return true
			}
		}
	}
	return false
}

// subscribe answers a SUBSCRIBE (RFC 6665 section 4.2.1). The first NOTIFY follows by itself.
func (s *Server) subscribe(ctx context.Context, req *sip.Request, r request, peer Peer, way back) *sip.Response {
	wanted, problem := readSubscribe(req, r)
	switch {
	case problem != "":
		return s.respond(r, sip.StatusBadRequest, problem)
	case wanted.event != eventReg:
		res := s.respond(r, statusBadEvent, "Bad Event")
		add(res, "Allow-Events", eventReg)
		return res
	}
	if extensions := unknownExtensions(r.require); extensions != "" {
		return s.unsupported(r, extensions)
	}
	aor, status := s.subscriber(r)
	if status != 0 {
		return s.respond(r, status, sipReason(status))
	}
	if s.banned(peer, aor) {
		return nil
	}
	line, refusal := s.authenticate(ctx, r, aor, peer)
	if refusal != nil {
		return refusal
	}
	if refusal := s.refuseSubscription(r, wanted, aor); refusal != nil {
		return refusal
	}
	way.trust()
	way.send(written(s.accept(r, wanted, aor, line.ID, peer)))
	s.watchers.changed(line.ID) // now: the first NOTIFY had better not overtake the answer
	return nil
}

func sipReason(status int) string {
	if status == sip.StatusForbidden {
		return "Forbidden"
	}
	return "Bad From Or Request-URI"
}

// subscriber reads who subscribes: the From, which must be of a domain below ours. Status is 400 or 403 when it isn't, else 0.
func (s *Server) subscriber(r request) (aor addressOfRecord, status int) {
	from, _ := parseAddress(r.from)
	u, ok := parseURI(from.uri)
	_, targetOK := parseURI(r.uri)
	switch {
	case !ok || !targetOK || u.user() == "":
		return aor, sip.StatusBadRequest
	case !strings.HasSuffix(u.host, "."+s.config.SIPDomain):
		return aor, sip.StatusForbidden
	}
	return addressOfRecord{user: u.user(), domain: u.host}, 0
}

// refuseSubscription refuses what a proven line asks for and can't have; nil if it can. Nobody may watch any line but their own.
func (s *Server) refuseSubscription(r request, wanted subscribeRequest, aor addressOfRecord) *sip.Response {
	to, _ := parseAddress(r.to)
	watched, ok := parseURI(to.uri)
	target, _ := parseURI(r.uri)
	own := ok && strings.EqualFold(watched.user(), aor.user) && watched.host == aor.domain
	if wanted.toTag == "" { // within the dialog the Request-URI is our Contact
		own = own && strings.EqualFold(target.user(), aor.user) && (target.host == aor.domain || target.host == s.config.PublicHost || target.isAddress())
	}
	length := s.length(r.expires)
	switch {
	case !own:
		return s.respond(r, sip.StatusForbidden, "Forbidden")
	case !wanted.takes():
		res := s.respond(r, sip.StatusNotAcceptable, "Not Acceptable")
		add(res, "Accept", reginfoType)
		return res
	case length > 0 && length < s.config.MinExpires:
		res := s.respond(r, sip.StatusIntervalToBrief, "Interval Too Brief")
		add(res, "Min-Expires", strconv.Itoa(seconds(s.config.MinExpires)))
		return res
	}
	return nil
}

// accept begins, refreshes or ends a subscription.
func (s *Server) accept(r request, wanted subscribeRequest, aor addressOfRecord, line provisioning.LineID, peer Peer) *sip.Response {
	target := Target{Transport: peer.Transport, Source: peer.Addr, Path: wanted.routes}
	w, err := s.flows.way(target)
	if err != nil {
		return s.refuse(r, peer, err)
	}
	length := s.length(r.expires)
	local := s.withTag(r)
	to, _ := parseAddress(local)
	tag, _ := to.get("tag")
	sub := &subscription{
		id: dialogID{r.callID, wanted.fromTag, tag}, line: line, aor: aor, local: local, remote: r.from, eventID: wanted.eventID,
		cseq: r.cseq, contact: wanted.contact, target: target, expires: s.config.Now().Add(length),
	}
	if wanted.toTag != "" {
		err = s.watchers.refresh(sub)
	} else {
		err = s.watchers.begin(sub)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return s.respond(r, sip.StatusCallTransactionDoesNotExists, "Subscription Does Not Exist")
	case fault.Is(err, fault.Conflict):
		return s.respond(r, sip.StatusInternalServerError, "CSeq Out Of Order")
	case err != nil:
		return s.refuse(r, peer, err)
	}
	res := s.respond(r, sip.StatusOK, "OK")
	for _, route := range wanted.routes {
		add(res, "Record-Route", route)
	}
	add(res, "Contact", "<"+w.contact+">")
	add(res, "Expires", strconv.Itoa(int(length/time.Second)))
	return res
}

// banned reports whether who asks gets silence.
func (s *Server) banned(peer Peer, aor addressOfRecord) bool {
	return s.config.Banned != nil && s.config.Banned(peer.Addr.Addr(), aor.user, aor.domain)
}
