package sip

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
)

func TestATemporaryAddressLeadsBackToThePhone(t *testing.T) {
	t.Parallel()
	g, err := newGRUUs([]byte("0123456789abcdef"))
	require.NoError(t, err)
	aor := addressOfRecord{user: "alice", domain: "acme.sip.test"}
	text := g.temporary(aor, provisioning.Binding{InstanceID: "<urn:uuid:1>", CallID: "call\n1"})
	u, ok := parseURI(text)
	require.True(t, ok, text)
	user, instance, callID, ok := g.resolve(u)
	require.True(t, ok)
	assert.Equal(t, []string{"alice", "<urn:uuid:1>", "call\n1"}, []string{user, instance, callID})

	u.userInfo = strings.ToUpper(u.userInfo[len(temporaryPrefix):])
	u.userInfo = temporaryPrefix + u.userInfo
	_, _, _, ok = g.resolve(u)
	assert.True(t, ok, "some compare user parts without case")

	for name, change := range map[string]func(*uri){
		"another domain": func(u *uri) { u.host = "beta.sip.test" },
		"another user":   func(u *uri) { u.userInfo = "alice" },
		"cut":            func(u *uri) { u.userInfo = u.userInfo[:len(temporaryPrefix)+20] },
		"changed":        func(u *uri) { u.userInfo = u.userInfo[:len(u.userInfo)-1] + "aa" },
	} {
		other := u
		change(&other)
		_, _, _, ok := g.resolve(other)
		assert.False(t, ok, name)
	}
	stranger, err := newGRUUs([]byte("fedcba9876543210"))
	require.NoError(t, err)
	_, _, _, ok = stranger.resolve(u)
	assert.False(t, ok, "another installation's key")
	_, err = newGRUUs([]byte("short"))
	require.Error(t, err)
}
