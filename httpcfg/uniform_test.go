package httpcfg_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/httpcfg"
	"dialtone/provisioning"
	"dialtone/secret"
)

// TwoTenantsStore has a phone of each of two customers, and no enrolment window is open.
type TwoTenantsStore struct {
	provisioning.Store
	devices map[string]provisioning.Device // by address
}

func (s TwoTenantsStore) AnyTenantInboxTokens(context.Context, []string) (map[string]customer.Tenant, error) {
	return map[string]customer.Tenant{}, nil
}

func (s TwoTenantsStore) AnyTenantDeviceByMAC(_ context.Context, mac deviceprofiles.MAC) (provisioning.Device, error) {
	if d, ok := s.devices[mac.String()]; ok {
		return d, nil
	}
	return provisioning.Device{}, fault.New(fault.NotFound, "There is no such device.")
}

// newRealCore is a core over two phones.
func newRealCore(t *testing.T) *provisioning.Service {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	store := TwoTenantsStore{devices: map[string]provisioning.Device{}}
	for mac, org := range map[string]string{"805EC0AABB01": "one", "805EC0AABB02": "two"} {
		parsed, err := deviceprofiles.ParseMAC(mac)
		require.NoError(t, err)
		sealed, err := ring.Seal("device-access:"+org, []byte(password))
		require.NoError(t, err)
		store.devices[mac] = provisioning.Device{
			ID: provisioning.DeviceID(org), Partner: customer.OrgID(org), Org: customer.OrgID(org), MAC: parsed, Model: "DMS Yealink T54W", Revision: 1, Access: sealed,
		}
	}
	core, err := provisioning.New(provisioning.Config{
		Store: store, Keyring: ring, Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return core
}

// whatDiffers is what may differ between two answers: when they were given, and the nonce.
var whatDiffers = regexp.MustCompile(`(?m)^(Date: ).*$|nonce="[^"]*"`)

// TestNoAnswerTellsWhichPhonesThereAre sends the same requests for a phone that is there, for another customer's and for one that nobody has, until each place
// has to wait, and compares every byte.
func TestNoAnswerTellsWhichPhonesThereAre(t *testing.T) {
	t.Parallel()
	known := answersAbout(t, "805ec0aabb01")
	assert.Equal(t, known, answersAbout(t, "805ec0aabb02"))
	assert.Equal(t, known, answersAbout(t, "805ec0aabb03"))
	statuses := map[string]int{}
	for _, one := range known {
		statuses[strings.Fields(one)[1]]++
	}
	assert.Positive(t, statuses["401"])
	assert.Positive(t, statuses["503"], "too many wrong credentials")
	assert.Len(t, statuses, 3, "%v: and 404 for what nobody has", statuses)
}

func answersAbout(t *testing.T, mac string) []string {
	t.Helper()
	d := open(t, newRealCore(t), func(c *httpcfg.Config) { c.Logger = slog.New(slog.DiscardHandler) })
	token := "t-" + strings.Repeat("0123", 10)
	guess := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(mac+":guess")) + "\r\n"
	var requests []string
	for _, method := range []string{"GET", "HEAD"} {
		for _, path := range []string{"/" + mac + ".cfg", "/x//" + strings.ToUpper(mac) + ".xml", "/" + mac + "-user.cfg", "/" + mac + "-license.cfg"} {
			requests = append(requests, method+" "+path+" HTTP/1.1\r\n")
		}
	}
	for range 6 {
		requests = append(requests, "GET /"+mac+".cfg HTTP/1.1\r\n"+guess, "GET /"+token+"/"+mac+".cfg HTTP/1.1\r\n")
	}
	requests = append(requests, "GET /"+mac+".cfg HTTP/1.1\r\n"+guess, "GET /"+mac+".cfg HTTP/1.1\r\n")
	out := make([]string, len(requests))
	for i, request := range requests {
		out[i] = whatDiffers.ReplaceAllString(overTLS(t, d, request+"Host: x\r\nConnection: close\r\n\r\n"), "$1")
	}
	return out
}

// overTLS sends bytes as they are and returns everything that comes back.
func overTLS(t *testing.T, d *door, request string) string {
	t.Helper()
	transport, ok := d.client.Transport.(*http.Transport)
	require.True(t, ok)
	dialer := tls.Dialer{Config: transport.TLSClientConfig}
	conn, err := dialer.DialContext(t.Context(), "tcp", d.secure)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(answer)
}
