package provisioning

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func register(callID string, cseq uint32, contacts ...RegisterContact) RegisterRequest {
	return RegisterRequest{Line: LineOwner{Line: Line{ID: "line-1"}}, CallID: callID, CSeq: cseq, Contacts: contacts, Transport: "udp"}
}

func contact(uri string, expires time.Duration) RegisterContact {
	return RegisterContact{URI: uri, Expires: expires}
}

func uris(list []Binding) []string {
	out := []string{}
	for _, b := range list {
		out = append(out, b.Contact)
	}
	return out
}

func TestARegisterAddsRefreshesAndRemoves(t *testing.T) {
	t.Parallel()
	one, err := applyRegister(nil, register("a", 1, contact("sip:x@10.0.0.1", time.Hour)), noon)
	require.NoError(t, err)
	require.Len(t, one, 1)
	assert.Equal(t, noon.Add(time.Hour), one[0].Expires)

	two, err := applyRegister(one, register("a", 2, contact("sip:x@10.0.0.1", 2*time.Hour), contact("sip:x@10.0.0.2", time.Minute)), noon)
	require.NoError(t, err)
	assert.Equal(t, []string{"sip:x@10.0.0.1", "sip:x@10.0.0.2"}, uris(two))
	assert.Equal(t, noon.Add(2*time.Hour), two[0].Expires)

	rest, err := applyRegister(two, register("a", 3, contact("sip:x@10.0.0.1", 0)), noon)
	require.NoError(t, err)
	assert.Equal(t, []string{"sip:x@10.0.0.2"}, uris(rest))

	later, err := applyRegister(rest, register("a", 4), noon.Add(time.Minute))
	require.NoError(t, err)
	assert.Empty(t, later, "a binding that has run out isn't there any more")
}

func TestAWildcardRemovesAll(t *testing.T) {
	t.Parallel()
	list, err := applyRegister(nil, register("a", 5, contact("sip:1", time.Hour), contact("sip:2", time.Hour)), noon)
	require.NoError(t, err)
	r := register("a", 4)
	r.Wildcard = true
	_, err = applyRegister(list, r, noon)
	assert.True(t, fault.Is(err, fault.Conflict), "an old request mustn't undo a newer one")
	r.CSeq = 6
	none, err := applyRegister(list, r, noon)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestAnOlderRequestIsRefusedAndARetransmissionIsNot(t *testing.T) {
	t.Parallel()
	list, err := applyRegister(nil, register("a", 7, contact("sip:1", time.Hour)), noon)
	require.NoError(t, err)
	_, err = applyRegister(list, register("a", 6, contact("sip:1", 0)), noon)
	assert.True(t, fault.Is(err, fault.Conflict))
	again, err := applyRegister(list, register("a", 7, contact("sip:1", time.Hour)), noon)
	require.NoError(t, err)
	assert.Equal(t, list, again)
	other, err := applyRegister(list, register("b", 1, contact("sip:1", time.Minute)), noon)
	require.NoError(t, err, "another Call-ID is a phone that restarted")
	assert.Equal(t, noon.Add(time.Minute), other[0].Expires)
}

func TestAPhoneThatMovedReplacesItself(t *testing.T) {
	t.Parallel()
	here := RegisterContact{URI: "sip:x@10.0.0.1", Expires: time.Hour, InstanceID: "<urn:uuid:1>"}
	there := RegisterContact{URI: "sip:x@10.0.0.9", Expires: time.Hour, InstanceID: "<urn:uuid:1>"}
	list, err := applyRegister(nil, register("a", 1, here, contact("sip:app", time.Hour)), noon)
	require.NoError(t, err)
	list, err = applyRegister(list, register("b", 1, there), noon)
	require.NoError(t, err)
	assert.Equal(t, []string{"sip:app", "sip:x@10.0.0.9"}, uris(list))
}

func TestTenContactsAreTheMost(t *testing.T) {
	t.Parallel()
	var list []Binding
	for i := range 10 {
		var err error
		list, err = applyRegister(list, register("a", uint32(i), contact(fmt.Sprintf("sip:%d", i), time.Hour)), noon)
		require.NoError(t, err)
	}
	_, err := applyRegister(list, register("a", 11, contact("sip:more", time.Hour)), noon)
	assert.True(t, fault.Is(err, fault.Limited))
	assert.Equal(t, time.Minute, fault.RetryAfter(err))
	assert.Len(t, list, 10)
}

// TestBindingsAgreeWithASimplerRegistrar runs random histories against a map from contact to expiry.
func TestBindingsAgreeWithASimplerRegistrar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now, cseq := noon, uint32(0)
		var list []Binding
		model := map[string]time.Time{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "seconds")) * time.Second)
			cseq++
			r := register("a", cseq)
			r.Wildcard = rapid.IntRange(0, 9).Draw(t, "wildcard") == 0
			for uri, end := range model {
				if !now.Before(end) || r.Wildcard {
					delete(model, uri)
				}
			}
			for range rapid.IntRange(0, 3).Draw(t, "contacts") {
				if r.Wildcard {
					break
				}
				c := contact(rapid.SampledFrom([]string{"sip:a", "sip:b", "sip:c"}).Draw(t, "uri"), time.Duration(rapid.IntRange(0, 200).Draw(t, "expires"))*time.Second)
				r.Contacts = append(r.Contacts, c)
				delete(model, c.URI)
				if c.Expires > 0 {
					model[c.URI] = now.Add(c.Expires)
				}
			}
			before := slices.Clone(list)
			next, err := applyRegister(list, r, now)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(list, before) {
				t.Fatal("the input was changed")
			}
			list = next
			if len(list) != len(model) || !slices.IsSorted(uris(list)) {
				t.Fatalf("bindings %v, want %v", uris(list), model)
			}
			for _, b := range list {
				if !model[b.Contact].Equal(b.Expires) {
					t.Fatalf("%s ends %s, want %s", b.Contact, b.Expires, model[b.Contact])
				}
			}
		}
	})
}

func TestFlowsOfOnePhoneStandBesideEachOther(t *testing.T) {
	t.Parallel()
	flow := func(id uint32, uri string) RegisterContact {
		return RegisterContact{URI: uri, Expires: time.Hour, InstanceID: "<urn:uuid:1>", RegID: id, Q: 1000}
	}
	before := RegisterContact{URI: "sip:x@10.0.0.1", Expires: time.Hour, InstanceID: "<urn:uuid:1>"}
	other := RegisterContact{URI: "sip:x@10.0.0.1", Expires: time.Hour, InstanceID: "<urn:uuid:2>", RegID: 1, Q: 1000}
	list, err := applyRegister(nil, register("a", 1, before), noon)
	require.NoError(t, err)
	for i, c := range []RegisterContact{flow(1, "sip:x@10.0.0.1"), flow(2, "sip:x@10.0.0.1"), other} {
		list, err = applyRegister(list, register(fmt.Sprint(i), 1, c), noon)
		require.NoError(t, err)
	}
	assert.Len(t, list, 3, "two flows with one contact, and another phone with the same contact behind another NAT")
	list, err = applyRegister(list, register("new", 1, flow(2, "sip:x@10.0.0.9")), noon)
	require.NoError(t, err)
	assert.Equal(t, []string{"sip:x@10.0.0.1", "sip:x@10.0.0.1", "sip:x@10.0.0.9"}, uris(list), "a flow replaces itself alone")
	_, err = applyRegister(list, register("new", 0, flow(2, "sip:x@10.0.0.5")), noon)
	assert.True(t, fault.Is(err, fault.Conflict))
	gone := flow(1, "sip:whatever@10.0.0.1")
	gone.Expires = 0
	list, err = applyRegister(list, register("end", 1, gone), noon)
	require.NoError(t, err)
	assert.Len(t, list, 2)
	list, err = applyRegister(list, register("plain", 1, before), noon)
	require.NoError(t, err)
	assert.Len(t, list, 2, "without flows, the phone has one contact again")
}

func TestPreferredContactsComeFirst(t *testing.T) {
	t.Parallel()
	desk, app := contact("sip:b", time.Hour), contact("sip:a", time.Hour)
	desk.Q, app.Q = 1000, 300
	list, err := applyRegister(nil, register("a", 1, app, desk), noon)
	require.NoError(t, err)
	assert.Equal(t, []string{"sip:b", "sip:a"}, uris(list))
}
