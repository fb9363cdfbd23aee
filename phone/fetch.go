package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pin/tftp/v3"

	"dialtone/secret"
)

// largestFile bounds what one answer may hold, in bytes: five times the largest configuration file that phones are known to read.
const largestFile = 1 << 20

// mostRedirects bounds how often one request is sent elsewhere.
const mostRedirects = 5

var errBadURL = errors.New("not a tftp, http or https URL")

func newAccess(user, password string) Access {
	return Access{UserName: user, Password: secret.New(password)}
}

// outcome is how a request for a file ended, when it didn't bring the file.
type outcome int

const (
	unreachable  outcome = iota // nobody answered
	missing                     // the server says that there is no such file
	unidentified                // it wants to know who asks
	distrusted                  // its certificate isn't believed
	refused                     // any other answer
)

// fetchError is a request that brought no file.
type fetchError struct {
	how  outcome
	text string // words, without the URL
	next string // what to check
}

func (e *fetchError) Error() string { return e.text }

func failedFetch(how outcome, next, format string, args ...any) *fetchError {
	return &fetchError{how: how, text: fmt.Sprintf(format, args...), next: next}
}

// fetcher asks for files as one phone does.
type fetcher struct {
	surroundings
	trust     *trust
	names     *addressBook
	userAgent func() string
	bareNames bool // over TFTP, ask for NAME instead of /NAME
	http      *http.Transport
}

func newFetcher(s surroundings, t *trust, names *addressBook, userAgent func() string) *fetcher {
	f := &fetcher{surroundings: s, trust: t, names: names, userAgent: userAgent}
	f.http = &http.Transport{
		DialContext:            f.dial,
		DialTLSContext:         f.dialTLS,
		DisableCompression:     true, // the bytes as they are sent, and a size that can't grow in unpacking
		MaxResponseHeaderBytes: 64 << 10,
	}
	return f
}

func (f *fetcher) close() { f.http.CloseIdleConnections() }

// get fetches one file within the time of a step. Its errors are *fetchError, or a *StepError when a name can't be looked up.
func (f *fetcher) get(ctx context.Context, u *url.URL, access Access) ([]byte, error) {
	if err := f.names.lookUp(ctx, u.Hostname()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if u.Scheme == "tftp" {
		return f.getTFTP(ctx, u)
	}
	return f.getHTTP(ctx, u, access)
}

// dial connects to the first address of the host that answers.
func (f *fetcher) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("%s has no address", host)
	for _, ip := range f.names.of(host) {
		var conn net.Conn
		if conn, err = new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(ip.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (f *fetcher) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := f.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(address) // dial has split it already
	return shakeHands(ctx, raw, f.trust, host)
}

// shakeHands makes a TLS connection of a plain one, which it closes if that fails.
func shakeHands(ctx context.Context, raw net.Conn, t *trust, server string) (net.Conn, error) {
	conn := tlsClient(raw, t.config(server))
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

// getTFTP reads in octet mode with blocks of one Ethernet packet (RFC 1350, 2348). The client takes no context: a cancelled run notices it
// after at most a third of the step's time.
func (f *fetcher) getTFTP(ctx context.Context, u *url.URL) ([]byte, error) {
	const tries, blockSize = 3, 1428
	var err error = failedFetch(unreachable, nextServer, "no address")
	for _, ip := range f.names.of(u.Hostname()) {
		var client *tftp.Client
		if client, err = tftp.NewClient(net.JoinHostPort(ip.String(), strconv.Itoa(portOf(u)))); err != nil {
			return nil, failedFetch(unreachable, nextServer, "%s", inWords(err))
		}
		client.SetTimeout(f.timeout / tries)
		client.SetRetries(tries - 1)
		client.SetBackoff(func(int) time.Duration { return 0 })
		client.SetBlockSize(blockSize)
		name := u.Path
		if f.bareNames {
			name = strings.TrimPrefix(name, "/")
		}
		var body []byte
		if body, err = readTFTP(ctx, client, name); err == nil {
			return body, nil
		}
		if e, ok := errors.AsType[*fetchError](err); ok && e.how != unreachable {
			break
		}
	}
	return nil, err
}

func readTFTP(ctx context.Context, client *tftp.Client, name string) ([]byte, error) {
	transfer, err := client.Receive(name, "octet")
	if err != nil {
		return nil, tftpError(ctx, err)
	}
	body := &boundedBody{ctx: ctx}
	if _, err := transfer.WriteTo(body); err != nil {
		return nil, tftpError(ctx, err)
	}
	return body.bytes, nil
}

// boundedBody takes a file up to its bound, as long as the run goes on.
type boundedBody struct {
	ctx   context.Context //nolint:containedctx // io.Writer leaves no other way in; it lives for one transfer
	bytes []byte
}

var errTooLarge = errors.New("the file is too large")

func (b *boundedBody) Write(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, errors.New("stopped")
	}
	if len(b.bytes)+len(p) > largestFile {
		return 0, errTooLarge
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}

const (
	nextServer  = "Check that the server runs, that its address and port are right, and that nothing between blocks it."
	nextMissing = "Check the MAC address and the model, and that the server knows this kind of phone."
	nextRefused = "Look at this phone's boot trace on the server."
	nextTrust   = "Give the CA's certificate, or check that the bootstrap names it and that the server's certificate carries its name."
)

// tftpError sorts the client's errors, which are plain text: "code: N, message: TEXT" when the server said so.
func tftpError(ctx context.Context, err error) error {
	if errors.Is(err, errTooLarge) {
		return failedFetch(refused, nextRefused, "it is larger than %d bytes", largestFile)
	}
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return failedFetch(unreachable, nextServer, "stopped")
	}
	code, isAnswer := strings.CutPrefix(err.Error(), "code: ")
	if !isAnswer {
		return failedFetch(unreachable, nextServer, "%s", inWords(err))
	}
	code, message, _ := strings.Cut(code, ", message: ")
	message = strings.TrimRight(message, "\x00")
	switch code {
	case "1":
		return failedFetch(missing, nextMissing, "there is no such file")
	case "2":
		return failedFetch(refused, nextRefused, "the server refuses it (%q)", message)
	}
	return failedFetch(refused, nextRefused, "the server answers error %s (%q)", code, message)
}

// getHTTP follows redirects itself, so that credentials stay with the server that they are for and TLS isn't given up on the way.
func (f *fetcher) getHTTP(ctx context.Context, u *url.URL, access Access) ([]byte, error) {
	for range mostRedirects + 1 {
		body, next, err := f.getOnce(ctx, u, access)
		if err != nil || next == nil {
			return body, err
		}
		if u.Scheme == "https" && next.Scheme != "https" {
			return nil, failedFetch(refused, nextRefused, "the server sends the phone from https to %s", next.Scheme)
		}
		if !strings.EqualFold(next.Host, u.Host) || next.Scheme != u.Scheme {
			access = Access{}
		}
		if err := f.names.lookUp(ctx, next.Hostname()); err != nil {
			return nil, err
		}
		u = next
	}
	return nil, failedFetch(refused, nextRefused, "the server sends the phone in circles")
}

// getOnce asks for one URL, and once more if the server wants to know who asks. It returns the body, or where a redirect points.
func (f *fetcher) getOnce(ctx context.Context, u *url.URL, access Access) ([]byte, *url.URL, error) {
	response, err := f.send(ctx, u, "")
	if err != nil {
		return nil, nil, err
	}
	if response.StatusCode != http.StatusUnauthorized {
		return readAnswer(u, response)
	}
	discard(response)
	answer, err := f.identify(u, access, response.Header)
	if err != nil {
		return nil, nil, err
	}
	if response, err = f.send(ctx, u, answer); err != nil {
		return nil, nil, err
	}
	if response.StatusCode == http.StatusUnauthorized {
		discard(response)
		return nil, nil, failedFetch(unidentified, "Check the phone's user name and password, or open an enrolment window for it.",
			"the server refuses the phone's user name and password")
	}
	return readAnswer(u, response)
}

func (f *fetcher) send(ctx context.Context, u *url.URL, authorization string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, failedFetch(refused, nextServer, "it can't be asked for")
	}
	request.Header.Set("User-Agent", f.userAgent())
	request.Header.Set("Accept", "*/*")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := f.http.RoundTrip(request)
	if err != nil {
		if _, ok := errors.AsType[*untrusted](err); ok {
			return nil, failedFetch(distrusted, nextTrust, "%s", inWords(err))
		}
		return nil, failedFetch(unreachable, nextServer, "%s", inWords(err))
	}
	return response, nil
}

func readAnswer(u *url.URL, response *http.Response) ([]byte, *url.URL, error) {
	defer func() { _ = response.Body.Close() }()
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		body, err := io.ReadAll(io.LimitReader(response.Body, largestFile+1))
		if err != nil {
			return nil, nil, failedFetch(unreachable, nextServer, "the file broke off (%s)", inWords(err))
		}
		if len(body) > largestFile {
			return nil, nil, failedFetch(refused, nextRefused, "it is larger than %d bytes", largestFile)
		}
		return body, nil, nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return nil, nil, failedFetch(missing, nextMissing, "there is no such file (%d)", code)
	case code >= 300 && code < 400:
		location := response.Header.Get("Location")
		next, err := u.Parse(location)
		if location == "" || err != nil || next.User != nil || next.Scheme != "http" && next.Scheme != "https" || !validHost(next.Hostname()) {
			return nil, nil, failedFetch(refused, nextRefused, "the server sends the phone elsewhere (%d), but doesn't say where", code)
		}
		return nil, next, nil
	case code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests:
		return nil, nil, failedFetch(refused, "Wait, then boot the phone again; if it stays, look at the server's log.", "the server is too busy (%d)", code)
	default:
		return nil, nil, failedFetch(refused, nextRefused, "the server refuses it (%d)", code)
	}
}

// discard reads a short answer to its end, so that its connection can be used again.
func discard(response *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // a longer one costs its connection, nothing else
	_ = response.Body.Close()
}
