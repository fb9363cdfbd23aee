package provisioning

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// fixedNodes knows some servers, and finds every domain.
type fixedNodes []ServingNode

func (f fixedNodes) ServingNodes(context.Context) ([]ServingNode, error) { return f, nil }

func (fixedNodes) Resolution(context.Context, string) (Resolution, error) {
	return ResolutionFound, nil
}

func TestRegistrationsAreWorthTheirNode(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s := &Service{node: "here"}
	bound := func(node string, expires time.Duration) BindingView {
		return BindingView{Port: 1, Binding: Binding{Node: node, Expires: at.Add(expires)}}
	}
	all := []BindingView{bound("gone", 2*time.Hour), bound("gone", time.Hour), bound("there", time.Hour), bound("here", time.Hour), bound("nameless", time.Hour)}
	placed, err := s.placed(t.Context(), all)
	require.NoError(t, err)
	_, cut := unreachable(placed)
	assert.False(t, cut, "nobody knows of any node")

	s.AnnounceSurroundings(fixedNodes{{"gone", false, at}, {"there", true, at}, {"here", false, at}})
	placed, err = s.placed(t.Context(), all)
	require.NoError(t, err)
	var gone []time.Time
	for _, b := range placed {
		gone = append(gone, b.NodeGone)
	}
	assert.Equal(t, []time.Time{at, at, {}, {}, {}}, gone, "this one is here, whatever others believe")
	_, cut = unreachable(placed)
	assert.False(t, cut)
	first, cut := unreachable(placed[:2])
	assert.True(t, cut)
	assert.Equal(t, at.Add(time.Hour), first.Expires)
	_, cut = unreachable(nil)
	assert.False(t, cut)
}

func TestDriftNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	d := Device{Model: "Yealink T54W", FirstSeen: at}
	gone := BindingView{Binding: Binding{Node: "one", Expires: at.Add(time.Hour)}, NodeGone: at}
	state := func(r Resolution, bindings ...BindingView) RegistrationState {
		return RegistrationState{Resolution: r, Domain: "c1.sip.example", Bindings: bindings, Configured: 1, Fetched: 1}
	}
	for want, r := range map[string]RegistrationState{
		"unresolvable: Phones can't find c1.sip.example: our zone doesn't have it.":                                     state(ResolutionNoDomain),
		"unresolvable: Phones find no registrar for c1.sip.example: our zone names no node that is there.":              state(ResolutionNoNode, gone),
		"cut_off: The phone is registered with the node one, which was last heard of at 12:00:00: it can't be reached.": state(ResolutionFound, gone),
		"in_step: The phone is registered and has its newest configuration.":                                            state(ResolutionFound, gone, BindingView{}),
		"unregistered: The phone has its newest configuration and isn't registered.":                                    state(ResolutionFound),
	} {
		drift := driftOf(d, r, Bell{})
		assert.Equal(t, want, string(drift.Status)+": "+drift.Sentence)
	}
	assert.Equal(t, "Start the node, or wait: the phone registers with another one by 13:00:00, and is told then what it has missed.",
		driftOf(d, state(ResolutionFound, gone), Bell{}).NextStep)
}

// What isn't answered at one registration is told at the next of the same phone.
func TestAnotherFlowIsTriedAfterOne(t *testing.T) {
	t.Parallel()
	mac, err := deviceprofiles.ParseMAC("805EC0AABBCC")
	require.NoError(t, err)
	at := time.Unix(1_800_000_000, 0)
	flow := func(contact, agent string, age time.Duration) BindingView {
		return BindingView{Port: 1, Binding: Binding{Line: "l", Contact: contact, UserAgent: agent, Registered: at.Add(-age)}}
	}
	const yealink = "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc"
	list := []BindingView{flow("second", yealink, time.Minute), flow("app", "", 0), flow("first", yealink, time.Second)}
	var told []string
	for attempt := range 5 {
		b, found := bindingOf(list, mac, "yealink", attempt)
		require.True(t, found)
		told = append(told, b.Contact)
	}
	assert.Equal(t, []string{"first", "first", "second", "first", "second"}, told, "never the app")
}
