package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/webhook"
)

// endpoint serves a handler, and gives what it was sent to seen.
func endpoint(t *testing.T, answer http.HandlerFunc) (string, chan *http.Request) {
	t.Helper()
	seen := make(chan *http.Request, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		seen <- r
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, seen
}

func client(t *testing.T, allowPrivate bool) *webhook.Client {
	t.Helper()
	c := webhook.NewClient(allowPrivate)
	t.Cleanup(c.Close)
	return c
}

func TestAMessageIsPosted(t *testing.T) {
	t.Parallel()
	url, seen := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) // that nobody asked for
	})
	status, err := client(t, true).Post(t.Context(), webhook.Message{Target: url + "/a?key=1", ID: "msg_7_x", Time: time.Unix(1_700_000_000, 5), Signature: "v1,x v1,y", Body: []byte(`{}`)})
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, status)
	r := <-seen
	assert.Equal(t, "POST /a?key=1", r.Method+" "+r.URL.String())
	body, _ := io.ReadAll(r.Body)
	assert.Equal(t, `{}`, string(body))
	for name, want := range map[string]string{
		"webhook-id": "msg_7_x", "webhook-timestamp": "1700000000", "webhook-signature": "v1,x v1,y", "Content-Type": "application/json", "User-Agent": "Dialtone-Webhook/1",
	} {
		assert.Equal(t, want, r.Header.Get(name), name)
	}
}

func TestRedirectsArentFollowed(t *testing.T) {
	t.Parallel()
	inner, reached := endpoint(t, func(http.ResponseWriter, *http.Request) {})
	url, _ := endpoint(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner, http.StatusTemporaryRedirect) })
	status, err := client(t, true).Post(t.Context(), webhook.Message{Target: url})
	require.NoError(t, err)
	assert.Equal(t, http.StatusTemporaryRedirect, status)
	assert.Empty(t, reached)
}

// TestNamesThatLeadInsideArentReached dials a name whose address is this machine's: what counts is what is dialled.
func TestNamesThatLeadInsideArentReached(t *testing.T) {
	t.Parallel()
	url, reached := endpoint(t, func(http.ResponseWriter, *http.Request) {})
	for _, target := range []string{url, strings.Replace(url, "127.0.0.1", "localhost", 1), strings.Replace(url, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		_, err := client(t, false).Post(t.Context(), webhook.Message{Target: target + "/?key=hunter2"})
		require.Error(t, err, target)
		assert.True(t, fault.Is(err, fault.Denied), "%s: %v", target, err)
		assert.Contains(t, err.Error(), "isn't one of the internet")
		assert.NotContains(t, err.Error(), "hunter2")
	}
	assert.Empty(t, reached)
}

// deaf returns an address that refuses connections: its port is taken, so that nobody else begins to listen there, and nobody listens.
func deaf(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	require.NoError(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(socket)
	require.NoError(t, err)
	inet, ok := name.(*syscall.SockaddrInet4)
	require.True(t, ok)
	return fmt.Sprintf("127.0.0.1:%d", inet.Port)
}

func TestFailuresDontShowTheURL(t *testing.T) {
	t.Parallel()
	c := client(t, true)
	_, err := c.Post(t.Context(), webhook.Message{Target: "http://" + deaf(t) + "/?key=hunter2"})
	require.ErrorContains(t, err, "refused")
	assert.NotContains(t, err.Error(), "hunter2")
	_, err = c.Post(t.Context(), webhook.Message{Target: "http://%zz/?key=hunter2"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
	url, _ := endpoint(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.Post(ctx, webhook.Message{Target: url + "/?key=hunter2"})
	require.ErrorContains(t, err, "There was no answer")
	assert.NotContains(t, err.Error(), "hunter2")
}
