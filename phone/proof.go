package phone

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/icholy/digest"
)

func tlsClient(raw net.Conn, config *tls.Config) *tls.Conn { return tls.Client(raw, config) }

// identify answers a 401 of a provisioning server: with digest if it can, with basic authentication over TLS only.
func (f *fetcher) identify(u *url.URL, access Access, header http.Header) (string, error) {
	challenges := header.Values("WWW-Authenticate")
	if len(challenges) == 0 {
		return "", failedFetch(refused, nextRefused, "the server asks who this phone is without saying how it may answer")
	}
	if access.IsZero() {
		return "", failedFetch(unidentified, "Open an enrolment window for this phone, or give it its user name and password.",
			"the server asks who this phone is, and it has no credentials; most likely no enrolment window is open")
	}
	answer, _, err := answerDigest(f.random, challenges, digest.Options{
		Method: http.MethodGet, URI: u.RequestURI(), Username: access.UserName, Password: access.Password.Reveal(),
	})
	if err == nil {
		return answer, nil
	}
	for _, c := range challenges {
		scheme, _, _ := strings.Cut(strings.TrimSpace(c), " ")
		if !strings.EqualFold(scheme, "Basic") {
			continue
		}
		if u.Scheme != "https" {
			return "", failedFetch(refused, "Serve the file over HTTPS, or let the server ask by digest.",
				"the server asks for a password in the clear, which this phone doesn't give")
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(access.UserName+":"+access.Password.Reveal())), nil
	}
	return "", failedFetch(refused, nextRefused, "the server asks who this phone is in a way that it can't answer")
}

// errNoDigest says that no challenge can be answered.
var errNoDigest = errors.New("no digest challenge that can be answered")

// answerDigest answers the first challenge whose algorithm a phone knows, MD5 or SHA-256 (RFC 7616, RFC 8760), in the server's order. It returns
// the Authorization value and the algorithm.
func answerDigest(random io.Reader, challenges []string, o digest.Options) (answer, algorithm string, err error) {
	for _, c := range challenges {
		challenge, err := digest.ParseChallenge(strings.TrimSpace(c))
		if err != nil || challenge.Nonce == "" {
			continue
		}
		for i := range challenge.QOP {
			challenge.QOP[i] = strings.TrimSpace(challenge.QOP[i])
		}
		if len(challenge.QOP) > 0 && !challenge.SupportsQOP("auth") {
			continue
		}
		algorithm = strings.ToUpper(challenge.Algorithm)
		if algorithm == "" {
			algorithm = "MD5"
		}
		if algorithm != "MD5" && algorithm != "SHA-256" {
			continue
		}
		if o.Cnonce, err = randomHex(random, 8); err != nil {
			return "", "", err
		}
		o.Count = 1
		credentials, err := digest.Digest(challenge, o)
		if err != nil {
			return "", "", fmt.Errorf("answering the challenge: %w", err)
		}
		return credentials.String(), algorithm, nil
	}
	return "", "", errNoDigest
}

// randomHex returns n random bytes as lower-case hex digits.
func randomHex(random io.Reader, n int) (string, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("reading random bytes: %w", err)
	}
	return hex.EncodeToString(raw), nil
}
