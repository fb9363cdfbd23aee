package phone_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"dialtone/fault"
	"dialtone/phone"
	"dialtone/secret"
)

func newRegistrant(t *testing.T, r *registrar, timeout time.Duration) *phone.Registrant {
	t.Helper()
	crowd, err := phone.NewRegistrant(phone.RegistrantConfig{Server: netip.MustParseAddrPort(r.serveUDP(t)), Timeout: timeout})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, crowd.Close()) })
	return crowd
}

func TestARegistrantRegistersManyLinesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	crowd := newRegistrant(t, r, 3*time.Second)
	var group errgroup.Group
	for range 50 {
		group.Go(func() error {
			return crowd.Register(t.Context(), "ada-auth", "bakery.sip.example", secret.New("Sip<Pass>&1"))
		})
	}
	require.NoError(t, group.Wait())
	assert.Len(t, r.seen(), 100)
}

func TestARegistrantSaysWhichLineFailedAndWhy(t *testing.T) {
	t.Parallel()
	crowd := newRegistrant(t, newRegistrar(), 3*time.Second)
	err := crowd.Register(t.Context(), "ada-auth", "bakery.sip.example", secret.New("wrong"))
	require.EqualError(t, err, "sip:ada-auth@bakery.sip.example: the registrar answers 401")
	err = crowd.Register(t.Context(), "a", "b\r\nc", secret.New("p"))
	require.ErrorContains(t, err, "is no SIP domain")
}

func TestARegistrantGivesUpOnASilentRegistrar(t *testing.T) {
	t.Parallel()
	r := newRegistrar()
	r.answering(func(int, request) string { return "silence" })
	crowd := newRegistrant(t, r, 600*time.Millisecond)
	err := crowd.Register(t.Context(), "ada-auth", "bakery.sip.example", secret.New("p"))
	require.ErrorContains(t, err, "no answer in time")
	assert.Len(t, r.seen(), 2)
}

func TestARegistrantNeedsAServer(t *testing.T) {
	t.Parallel()
	_, err := phone.NewRegistrant(phone.RegistrantConfig{})
	assert.True(t, fault.Is(err, fault.Invalid))
}
