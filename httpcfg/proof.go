package httpcfg

import (
	"net/http"

	"dialtone/digest"
	"dialtone/provisioning"
	"dialtone/secret"
)

// shown is what a phone showed with its request.
type shown struct {
	proof provisioning.Proof
	// stale says that the phone answered a challenge of ours that is too old, so that the next challenge tells it to just try again.
	stale bool
}

// readProof reads what a phone shows: its certificate, and the Authorization header, if nobody could listen. Whatever is malformed, forged, for another
// request or too old counts as nothing shown: the phone is challenged as if it had come without, and a prober learns no more than that.
func (h *handler) readProof(r *http.Request, from arrival) shown {
	s := shown{proof: provisioning.Proof{Certificates: from.certificates}}
	headers := r.Header["Authorization"]
	if from.transport != provisioning.HTTPS || len(headers) != 1 {
		return s
	}
	if userName, password, ok := r.BasicAuth(); ok {
		s.proof.Method, s.proof.Basic = r.Method, &provisioning.BasicProof{UserName: userName, Password: secret.New(password)}
		return s
	}
	answer, err := digest.ParseAnswer(headers[0])
	if err != nil || answer.URI != r.RequestURI {
		return s
	}
	switch h.config.Nonces.Check(answer.Nonce, provisioning.AccessRealm) {
	case digest.Fresh:
		answer.WithoutQOP = true // over TLS, and each nonce once
		s.proof.Method, s.proof.Digest = r.Method, &answer
	case digest.Stale:
		s.stale = true
	case digest.Forged, digest.Replayed, digest.Retransmitted:
	}
	return s
}

// spend uses up what opened a phone's own file, and reports whether it may be used. It is called between the core's yes and the first byte of the file.
// Files that are the same for everybody need no proof, so that what was shown isn't known to be one.
func (h *handler) spend(s shown, opened provisioning.Opened) bool {
	return opened.Revision == 0 || h.use(s)
}

// use uses a digest answer up, once it has opened something, and reports whether it may be used. The bytes of a request come once over TLS, so that the
// same answer a second time is a replay, even when it is the same to the last byte.
func (h *handler) use(s shown) bool {
	return s.proof.Digest == nil || h.config.Nonces.Use(*s.proof.Digest, "") == digest.Fresh
}

// challenge renders the values of WWW-Authenticate. They are the same for every path but for the nonce. MD5 stands first and alone, as it is
// what phones know, and some give up on seeing anything else; basic is for those that know no digest.
func (h *handler) challenge(stale bool) []string {
	nonce := h.config.Nonces.Issue(provisioning.AccessRealm)
	return []string{
		digest.Challenge(digest.MD5, provisioning.AccessRealm, nonce, stale),
		`Basic realm="` + provisioning.AccessRealm + `"`,
	}
}
