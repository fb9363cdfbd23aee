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

// readProof reads the Authorization header. Whatever is malformed, forged, for another request or too old counts as nothing shown: the phone
// is challenged as if it had come without, and a prober learns no more than that.
func (h *handler) readProof(r *http.Request) shown {
	headers := r.Header["Authorization"]
	if h.transport != provisioning.HTTPS || len(headers) != 1 {
		return shown{}
	}
	if userName, password, ok := r.BasicAuth(); ok {
		return shown{proof: provisioning.Proof{
			Method: r.Method,
			Basic:  &provisioning.BasicProof{UserName: userName, Password: secret.New(password)},
		}}
	}
	answer, err := digest.ParseAnswer(headers[0])
	if err != nil || answer.URI != r.RequestURI {
		return shown{}
	}
	switch h.config.Nonces.Check(answer.Nonce, provisioning.AccessRealm) {
	case digest.Fresh:
		return shown{proof: provisioning.Proof{Method: r.Method, Digest: &answer}}
	case digest.Stale:
		return shown{stale: true}
	default:
		return shown{}
	}
}

// spend uses a digest answer up and reports whether it may be used. It is called between the core's yes and the first byte of a phone's own
// file. The bytes of a request come once over TLS, so that the same answer a second time is a replay, even when it is the same to the last
// byte.
func (h *handler) spend(s shown, opened provisioning.Opened) bool {
	if s.proof.Digest == nil || opened.Revision == 0 {
		return true // files that are the same for everybody need no proof, so what was shown isn't known to be one
	}
	return h.config.Nonces.Use(*s.proof.Digest, "") == digest.Fresh
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
