package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"dialtone/fault"
)

// The limits of one attempt.
const (
	attemptTimeout = 10 * time.Second // with looking up, connecting and the whole answer
	maxAnswer      = 16 << 10         // of an answer's body, which is read to keep the connection, and ignored
	idleTimeout    = 30 * time.Second
	maxIdle        = 64
)

// Message is one attempt to deliver, or a ping.
type Message struct {
	Target    string
	ID        string
	Time      time.Time // of the attempt
	Signature string
	Body      []byte // JSON
}

// Client sends messages over HTTP. It reaches public addresses alone, follows no redirect, keeps no cookie and takes no proxy from the environment. It is
// safe for concurrent use.
type Client struct{ http *http.Client }

// NewClient returns a client. With allowPrivate it reaches every address and port, and http too: for tests and laboratories.
func NewClient(allowPrivate bool) *Client {
	dialer := &net.Dialer{Timeout: attemptTimeout}
	if !allowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return checkDialled(address) }
	}
	return &Client{http: &http.Client{
		Timeout:       attemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: attemptTimeout, MaxIdleConns: maxIdle, MaxIdleConnsPerHost: inFlight, IdleConnTimeout: idleTimeout,
			MaxResponseHeaderBytes: maxAnswer, DisableCompression: true,
		},
	}}
}

// checkDialled checks the address that a socket is about to be connected to.
func checkDialled(address string) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fault.New(fault.Denied, "The address %s can't be read.", address)
	}
	return checkAddress(a)
}

// Post sends a message and returns the status of the answer. An error says why there was none, without the URL, so that it may be shown and stored.
func (c *Client) Post(ctx context.Context, m Message) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Target, bytes.NewReader(m.Body))
	if err != nil {
		return 0, fault.New(fault.Invalid, "The target URL can't be read.")
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Dialtone-Webhook/1"}, "Webhook-Id": {m.ID},
		"Webhook-Timestamp": {strconv.FormatInt(m.Time.Unix(), 10)}, "Webhook-Signature": {m.Signature},
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // the status has come: that is what counts
	return answer.StatusCode, nil
}

// withoutURL takes off what the library puts around a failure: the URL, whose query may be a secret.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if e.Timeout() {
			return fault.New(fault.Unavailable, "There was no answer within %s.", attemptTimeout)
		}
		err = e.Err
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	return err
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }
