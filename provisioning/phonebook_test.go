package provisioning_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// open asks for a file of the site.
func (x *site) open(t *testing.T, transport provisioning.Transport, path string, proof provisioning.Proof) (provisioning.Opened, error) {
	t.Helper()
	return x.core.Open(t.Context(), provisioning.Request{Path: path, Peer: netip.MustParseAddrPort("192.0.2.7:4000"), Transport: transport, Proof: proof})
}

var yealinkPassword = regexp.MustCompile(`(?m)^static\.auto_provision\.server\.password = (.*)$`)

// enrolled lets a Yealink phone have its file and returns its password and the path of its book as it is told.
func (x *site) enrolled(t *testing.T, d provisioning.DeviceView) (secret.Text, string) {
	t.Helper()
	_, err := x.core.OpenEnrolment(t.Context(), x.actor, x.customer.Tenant(), d.ID, time.Hour)
	require.NoError(t, err)
	book, err := x.open(t, provisioning.HTTPS, "/"+d.MAC.Lower()+"-phonebook.xml", provisioning.Proof{})
	require.True(t, fault.Is(err, fault.NotFound), "an open window is for the phone's own file: %s", book.Body)
	file, err := x.open(t, provisioning.HTTPS, "/"+d.MAC.Lower()+".cfg", provisioning.Proof{})
	require.NoError(t, err)
	require.NoError(t, x.core.CloseEnrolment(t.Context(), x.actor, x.customer.Tenant(), d.ID))
	found := yealinkPassword.FindStringSubmatch(string(file.Body))
	require.NotNil(t, found)
	_, told, _ := strings.Cut(string(file.Body), "remote_phonebook.data.1.url = https://phones.example.test")
	told, _, _ = strings.Cut(told, "\n")
	return secret.New(found[1]), told
}

// The book is for the phone that proves itself, over HTTPS, and for nobody who doesn't, whether there is such a phone or not.
func TestABookIsForThePhoneAlone(t *testing.T) {
	t.Parallel()
	x := newSite(t)
	d, other := x.phone(t, "Yealink T54W", "805EC0AABBCC"), x.phone(t, "Yealink T54W", "805EC0AABBCD")
	password, told := x.enrolled(t, d)
	require.True(t, strings.HasPrefix(told, "/t-"), told)
	const path = "/805ec0aabbcc-phonebook.xml"
	good := basic("805ec0aabbcc", password)
	byToken, err := x.open(t, provisioning.HTTPS, told, provisioning.Proof{})
	require.NoError(t, err)
	assert.Contains(t, string(byToken.Body), "<Telephone>1001</Telephone>")
	assert.Contains(t, string(byToken.Body), "<Telephone>1002</Telephone>")
	byPassword, err := x.open(t, provisioning.HTTPS, path, good)
	require.NoError(t, err)
	assert.Equal(t, byToken.ETag, byPassword.ETag)
	assert.NotEmpty(t, byPassword.ETag)

	_, unknown := x.open(t, provisioning.HTTPS, "/805ec0aabbff-phonebook.xml", provisioning.Proof{})
	_, known := x.open(t, provisioning.HTTPS, path, provisioning.Proof{})
	assert.True(t, fault.Is(known, fault.Denied))
	assert.Equal(t, unknown, known, "it says nothing of who has a phone")
	_, err = x.open(t, provisioning.HTTPS, "/"+other.MAC.Lower()+"-phonebook.xml", good)
	assert.True(t, fault.Is(err, fault.Denied), "another phone's password")
	_, err = x.open(t, provisioning.HTTPS, strings.Replace(told, "aabbcc-", "aabbcd-", 1), provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Denied), "another phone's token")
	for _, transport := range []provisioning.Transport{provisioning.HTTP, provisioning.TFTP} {
		_, err = x.open(t, transport, path, good)
		assert.True(t, fault.Is(err, fault.NotFound))
	}
	revision := x.revision(t, d)
	x.phone(t, "Cisco 8851", "00562B043615")
	more, err := x.open(t, provisioning.HTTPS, path, good)
	require.NoError(t, err)
	assert.NotEqual(t, byPassword.ETag, more.ETag, "somebody came")
	assert.Equal(t, revision, x.revision(t, d), "and no phone was told anything")
	entries, err := x.core.Trace(t.Context(), x.customer.Tenant(), d.ID, provisioning.TraceFilter{}, 100)
	require.NoError(t, err)
	assert.Equal(t, provisioning.RuleCredentials, entries[0].Rule)
	assert.Contains(t, entries[0].Request, "phonebook.xml")
}

// Who is in a book is decided by the settings when it is fetched.
func TestABookGoesAsFarAsSomebodySays(t *testing.T) {
	t.Parallel()
	x := newSite(t)
	d := x.phone(t, "Yealink T54W", "805EC0AABBCC")
	password, told := x.enrolled(t, d)
	good := basic("805ec0aabbcc", password)
	set := func(reach string) {
		err := x.core.SetDeviceTags(t.Context(), x.actor, x.customer.Tenant(), d.ID, []provisioning.DynamicChange{
			{Family: "Phone", Tag: deviceprofiles.PhonebookSetting.Name, Action: provisioning.ActionSet, Value: reach},
		})
		require.NoError(t, err)
	}
	set("OFF")
	_, err := x.open(t, provisioning.HTTPS, told, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.NotFound), "also for a phone that hasn't heard of it yet")
	assert.Equal(t, "remote_phonebook.data.1.url =", x.told(t, d, "remote_phonebook.data.1.url"))

	set("LOCATION")
	book, err := x.open(t, provisioning.HTTPS, "/805ec0aabbcc-phonebook.xml", good)
	require.NoError(t, err)
	assert.Contains(t, string(book.Body), "<Telephone>1001</Telephone>")
}
