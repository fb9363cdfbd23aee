package sip

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/digest"
	"dialtone/provisioning"
)

// maxAuthorizations bounds the Authorization header fields that are read. A phone sends one for each realm that challenged it.
const maxAuthorizations = 8

// addressOfRecord is who wants to be registered: the To of a REGISTER.
type addressOfRecord struct {
	user   string
	domain string // lower case; also the digest realm
}

// authenticate checks the digest answer of a request and returns the line whose it is, or else the response that the phone gets. Every
// domain below ours is challenged alike, whether a customer has it or not, and every user in it, so that asking tells nothing.
func (s *Server) authenticate(ctx context.Context, r request, aor addressOfRecord, peer Peer) (provisioning.LineOwner, *sip.Response) {
	answer, found, problem := findAnswer(r.authorizations, aor.domain)
	switch {
	case problem != "":
		return provisioning.LineOwner{}, s.respond(r, sip.StatusBadRequest, problem)
	case !found:
		return provisioning.LineOwner{}, s.challenge(r, aor, peer, false)
	case !sameURI(answer.URI, r.uri):
		return provisioning.LineOwner{}, s.respond(r, sip.StatusBadRequest, "Digest URI Is Not The Request-URI")
	}
	// A nonce that isn't ours is stale too: it may have been made for the address that the phone had before, or by a server that had another
	// key. Without the word stale, a phone would take its right password for a wrong one, and give up.
	if s.config.Nonces.Check(answer.Nonce, binding(aor, peer)) != digest.Fresh {
		return provisioning.LineOwner{}, s.challenge(r, aor, peer, true)
	}
	line, err := s.config.Core.VerifySIP(ctx, provisioning.SIPProof{
		Domain: aor.domain, UserName: aor.user, Answer: answer, Method: r.method,
		Peer: peer.Addr, Transport: peer.Transport, UserAgent: r.userAgent,
	})
	if err != nil {
		return provisioning.LineOwner{}, s.refuse(r, peer, err)
	}
	switch s.config.Nonces.Use(answer, fingerprint(r)) {
	case digest.Fresh, digest.Retransmitted:
		return line, nil
	default:
		return provisioning.LineOwner{}, s.challenge(r, aor, peer, true)
	}
}

// findAnswer returns the first digest answer for the realm. One that can't be read is a problem, whatever its realm; so is one without qop,
// as nothing would count its uses.
func findAnswer(authorizations []string, realm string) (answer digest.Answer, found bool, problem string) {
	if len(authorizations) > maxAuthorizations {
		return digest.Answer{}, false, "Too Many Authorizations"
	}
	for _, value := range authorizations {
		if fields := strings.Fields(value); len(fields) == 0 || !strings.EqualFold(fields[0], "Digest") {
			continue
		}
		answer, err := digest.ParseAnswer(value)
		if err != nil {
			return digest.Answer{}, false, "Bad Authorization"
		}
		if !strings.EqualFold(answer.Realm, realm) {
			continue
		}
		if answer.QOP != "auth" {
			return digest.Answer{}, false, "Digest Needs qop=auth"
		}
		return answer, true, ""
	}
	return digest.Answer{}, false, ""
}

// sameURI reports whether the digest was made for this request's target, so that an answer caught elsewhere is worth nothing here.
func sameURI(digestURI, requestURI string) bool {
	a, ok := parseURI(digestURI)
	if !ok {
		return false
	}
	b, ok := parseURI(requestURI)
	return ok && a.equal(b)
}

// challenge makes a 401: MD5, and after it SHA-256 for phones that are known to bear that.
func (s *Server) challenge(r request, aor addressOfRecord, peer Peer, stale bool) *sip.Response {
	nonce := s.config.Nonces.Issue(binding(aor, peer))
	res := s.respond(r, sip.StatusUnauthorized, "Unauthorized")
	add(res, "WWW-Authenticate", digest.Challenge(digest.MD5, aor.domain, nonce, stale))
	if s.config.OfferSHA256(r.userAgent) {
		add(res, "WWW-Authenticate", digest.Challenge(digest.SHA256, aor.domain, nonce, stale))
	}
	return res
}

// binding is what a nonce is good for: one realm and one IP address. The port isn't part of it: NAT changes it under a phone on UDP, and a
// phone on TCP gets a new one with every connection, and may use the nonce that it has.
func binding(aor addressOfRecord, peer Peer) string {
	return aor.domain + " " + peer.Addr.Addr().Unmap().String()
}

// fingerprint stands for all of a REGISTER that has an effect and that the digest doesn't cover.
func fingerprint(r request) string {
	return r.callID + "\n" + r.cseqText + "\n" + r.to + "\n" + r.expires + "\n" + strings.Join(r.contacts, "\n") + "\n" + strings.Join(r.paths, "\n")
}
