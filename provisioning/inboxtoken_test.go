package provisioning_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// comes asks for a path as an unknown phone does, and returns the inbox.
func (d *desk) comes(t *testing.T, transport provisioning.Transport, path string) (provisioning.Opened, error) {
	t.Helper()
	return d.Open(t.Context(), provisioning.Request{
		Path: path, Peer: netip.MustParseAddrPort("203.0.113.7:4000"), Transport: transport, UserAgent: "Yealink SIP-T46U 108.86.0.20",
	})
}

func (d *desk) inbox(t *testing.T) []string {
	t.Helper()
	list, _, err := d.UnknownDevices(t.Context(), d.Customer.Tenant(), customer.Page{Max: 100})
	require.NoError(t, err)
	out := []string{}
	for _, u := range list {
		out = append(out, u.MAC.String())
		assert.NotContains(t, strings.Join(u.Files, " "), "t-", "the token is in no name")
	}
	return out
}

func TestAnInboxTokenSaysWhoseAPhoneIs(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			token, secretToken, err := d.CreateInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), " Shop ")
			require.NoError(t, err)
			assert.Equal(t, "Shop", token.Name)
			assert.Regexp(t, `^[0-9a-f]{32}$`, secretToken.Reveal())
			folder := "/t-" + secretToken.Reveal()

			_, err = d.comes(t, provisioning.HTTPS, "/805ec0000001.cfg")
			require.Error(t, err)
			assert.Empty(t, d.inbox(t), "nobody knows whose it is")
			_, err = d.comes(t, provisioning.HTTPS, folder+"/805ec0000001.cfg")
			assert.True(t, fault.Is(err, fault.Denied), "a token opens nothing")
			assert.Equal(t, []string{"805EC0000001"}, d.inbox(t), "at once")
			file, err := d.comes(t, provisioning.HTTP, strings.ToUpper(folder)+"/805ec0000002.cfg")
			require.NoError(t, err)
			bare, err := d.comes(t, provisioning.HTTP, "/805ec0000002.cfg")
			require.NoError(t, err)
			assert.Equal(t, bare, file, "what everybody gets is the same with it")
			_, err = d.comes(t, provisioning.TFTP, folder+"/805ec0000003.cfg")
			require.NoError(t, err)
			assert.Equal(t, []string{"805EC0000003", "805EC0000002", "805EC0000001"}, d.inbox(t))

			_, next, err := d.RotateInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), token.ID)
			require.NoError(t, err)
			_, _ = d.comes(t, provisioning.HTTPS, folder+"/805ec0000004.cfg")
			assert.Len(t, d.inbox(t), 3, "the one before counts no more")
			_, _ = d.comes(t, provisioning.HTTPS, "/t-"+next.Reveal()+"/805ec0000004.cfg")
			assert.Len(t, d.inbox(t), 4)
			require.NoError(t, d.DeleteInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), token.ID))
			_, _ = d.comes(t, provisioning.HTTPS, "/t-"+next.Reveal()+"/805ec0000005.cfg")
			assert.Len(t, d.inbox(t), 4)
			assert.NotContains(t, d.log.String(), next.Reveal())
		})
	}
}

// Phones that come with the organisation's token aren't guessers, and whoever guesses one is.
func TestOnlyWrongTokensAreGuesses(t *testing.T) {
	t.Parallel()
	d := bothDatabases()["SQLite"](t)
	_, token, err := d.CreateInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), "Shop")
	require.NoError(t, err)
	for i := range 15 {
		_, err := d.comes(t, provisioning.HTTPS, fmt.Sprintf("/t-%s/805ec00000%02x.cfg", token.Reveal(), i))
		assert.True(t, fault.Is(err, fault.Denied), "the %d. phone: %v", i, err)
	}
	for i := range 12 {
		_, err = d.comes(t, provisioning.HTTPS, fmt.Sprintf("/t-%032x/805ec0000001.cfg", i))
	}
	assert.True(t, fault.Is(err, fault.Limited), "%v", err)

	view, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: "805ec0aabbcc", Model: "Yealink T54W", Person: d.owner})
	require.NoError(t, err)
	_, err = d.OpenEnrolment(t.Context(), d.Actor, d.Customer.Tenant(), view.ID, time.Hour)
	require.NoError(t, err)
	d.peer = netip.MustParseAddrPort("192.0.2.8:4000")
	_, err = d.Open(t.Context(), provisioning.Request{Path: "/t-" + token.Reveal() + "/805ec0aabbcc.cfg", Peer: d.peer, Transport: provisioning.HTTPS})
	require.NoError(t, err, "a known phone comes into its window with it as without it")
}

func TestWhatNoInboxTokenCanBe(t *testing.T) {
	t.Parallel()
	d := bothDatabases()["SQLite"](t)
	_, _, err := d.CreateInboxToken(t.Context(), d.Actor, customer.Tenant{Partner: d.Customer.Partner}, "Shop")
	assert.ErrorContains(t, err, "orgId")
	for _, name := range []string{"", " ", "a\nb"} {
		_, _, err := d.CreateInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), name)
		assert.ErrorContains(t, err, "name", "%q", name)
	}
	_, err = d.InboxTokens(t.Context(), customer.Tenant{Partner: d.Customer.Partner})
	assert.ErrorContains(t, err, "orgId")
	for range 200 {
		_, _, err = d.CreateInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), "Shop")
		require.NoError(t, err)
	}
	_, _, err = d.CreateInboxToken(t.Context(), d.Actor, d.Customer.Tenant(), "Shop")
	assert.True(t, fault.Is(err, fault.Conflict), "%v", err)
	list, err := d.InboxTokens(t.Context(), d.Customer.Tenant())
	require.NoError(t, err)
	assert.Len(t, list, 200)
}
