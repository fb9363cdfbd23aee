package provisioning

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/digest"
	"dialtone/fault"
	"dialtone/secret"
)

// someLines has lines by user@domain, and counts questions.
type someLines struct {
	Store
	lines map[string]Line
	asked int
	ended []LineID
}

func (s *someLines) AnyTenantLine(_ context.Context, domain, user string) (LineOwner, error) {
	s.asked++
	line, ok := s.lines[user+"@"+domain]
	if !ok {
		return LineOwner{}, fault.New(fault.NotFound, "There is no such line.")
	}
	return LineOwner{Line: line}, nil
}

func (s *someLines) UpdateBindings(_ context.Context, lines []LineID, fn func(map[LineID]BoundLine) (map[LineID][]Binding, error)) error {
	current := map[LineID]BoundLine{}
	for _, l := range s.lines {
		if l.ID == lines[0] {
			current[l.ID] = BoundLine{HA1: l.HA1, Device: l.Device}
		}
	}
	_, err := fn(current)
	return err
}

func (s *someLines) EndOverlap(_ context.Context, _ customer.Tenant, id LineID) error {
	s.ended = append(s.ended, id)
	return nil
}

// registrarAt is a core that knows some lines and counts what it does.
type registrarAt struct {
	*Service
	store            *someLines
	clock            time.Time
	unsealed, proofs int
}

func newRegistrarAt(t *testing.T) *registrarAt {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	r := &registrarAt{store: &someLines{lines: map[string]Line{}}, clock: noon}
	r.Service, err = New(Config{Store: r.store, Keyring: ring, Now: func() time.Time { return r.clock }, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	r.unsealHA1 = func(owner string, sealed secret.Sealed) ([]byte, error) {
		r.unsealed++
		return ring.Open(owner, sealed)
	}
	r.matches = func(a digest.Answer, ha1, method string) bool {
		r.proofs++
		return a.Matches(ha1, method)
	}
	return r
}

// line makes one whose passwords were these, one after the other; all but the last count for an hour.
func (r *registrarAt) line(t *testing.T, user string, passwords ...string) {
	t.Helper()
	l := Line{ID: LineID("line-" + user), UserName: user, Domain: "acme.sip.test"}
	for i, p := range passwords {
		if i > 0 {
			require.NoError(t, r.keepPrevious(&l, time.Hour))
		}
		require.NoError(t, r.sealLine(&l, secret.New(p)))
	}
	r.store.lines[user+"@acme.sip.test"] = l
}

// answerOf is a phone's answer to a challenge.
func answerOf(a digest.Algorithm, user, domain, password string) SIPProof {
	hash := func(text string) string {
		if a == digest.SHA256 {
			return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		}
		return fmt.Sprintf("%x", md5.Sum([]byte(text)))
	}
	answer := digest.Answer{Algorithm: a, UserName: user, Realm: domain, Nonce: "n", URI: "sip:" + domain, CNonce: "c", NC: 1, NCText: "00000001", QOP: "auth"}
	ha1 := digest.HA1(a, user, domain, secret.New(password))
	answer.Response = hash(ha1 + ":n:00000001:c:auth:" + hash("REGISTER:sip:"+domain))
	return SIPProof{Domain: domain, UserName: user, Answer: answer, Method: "REGISTER", Peer: netip.MustParseAddrPort("192.0.2.7:5060"), Transport: "udp"}
}

// TestEverySIPRefusalIsAsMuchWork counts what a refusal costs: reads, secrets opened, proofs compared. It measures no time.
func TestEverySIPRefusalIsAsMuchWork(t *testing.T) {
	t.Parallel()
	type cost struct{ asked, unsealed, proofs int }
	for _, algorithm := range []digest.Algorithm{digest.MD5, digest.SHA256} {
		for name, who := range map[string]SIPProof{
			"wrong password":                       answerOf(algorithm, "ada", "acme.sip.test", "guess"),
			"wrong password of a remembered line":  answerOf(algorithm, "dan", "acme.sip.test", "guess"),
			"wrong password, one before counts":    answerOf(algorithm, "bob", "acme.sip.test", "guess"),
			"wrong password, four before count":    answerOf(algorithm, "cyd", "acme.sip.test", "guess"),
			"wrong password, the overlap is over":  answerOf(algorithm, "old", "acme.sip.test", "first"),
			"unknown user":                         answerOf(algorithm, "eve", "acme.sip.test", "guess"),
			"unknown domain":                       answerOf(algorithm, "ada", "nobody.sip.test", "guess"),
			"unknown user, a known one's password": answerOf(algorithm, "eve", "acme.sip.test", "right"),
		} {
			r := newRegistrarAt(t)
			r.line(t, "ada", "right")
			r.line(t, "bob", "first", "right")
			r.line(t, "cyd", "1", "2", "3", "4", "5", "right")
			r.line(t, "old", "first", "right")
			over := r.store.lines["old@acme.sip.test"]
			over.PreviousUntil = noon
			r.store.lines["old@acme.sip.test"] = over
			r.line(t, "dan", "right")
			_, err := r.VerifySIP(t.Context(), answerOf(algorithm, "dan", "acme.sip.test", "right"))
			require.NoError(t, err)
			r.store.asked, r.unsealed, r.proofs = 0, 0, 0
			_, err = r.VerifySIP(t.Context(), who)
			assert.Equal(t, fault.Denied, fault.KindOf(err), name)
			assert.Equal(t, "The user name or password is wrong.", fault.Message(err), name)
			assert.Equal(t, cost{1, 3, 6}, cost{r.store.asked, r.unsealed, r.proofs}, "%s with %s", name, algorithm)
		}
	}
}

// TestTwoPasswordsCountUntilTheDeadline follows a rotation: both count, the old one ends at its deadline.
func TestTwoPasswordsCountUntilTheDeadline(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []digest.Algorithm{digest.MD5, digest.SHA256} {
		r := newRegistrarAt(t)
		r.line(t, "ada", "older", "old", "new")
		verify := func(password string) (byPrevious, ok bool) {
			line, err := r.VerifySIP(t.Context(), answerOf(algorithm, "ada", "acme.sip.test", password))
			return line.ByPrevious, err == nil
		}
		is := func(password string, previous, right bool) {
			t.Helper()
			gotPrevious, gotRight := verify(password)
			assert.Equal(t, [2]bool{previous, right}, [2]bool{gotPrevious, gotRight}, password)
		}
		is("new", false, true)
		is("old", true, true)
		is("older", true, true)
		is("oldest", false, false)
		r.clock = noon.Add(time.Hour - time.Nanosecond)
		is("old", true, true)
		r.clock = noon.Add(time.Hour)
		is("old", false, false)
		is("new", false, true)
	}
}

// TestTheNewPasswordEndsTheOldOne registers with the old password, which changes nothing, and with the new one, which ends the overlap.
func TestTheNewPasswordEndsTheOldOne(t *testing.T) {
	t.Parallel()
	r := newRegistrarAt(t)
	r.line(t, "ada", "old", "new")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.commits.run(ctx) }()
	defer func() { cancel(); <-done }()
	registers := func(password string) {
		t.Helper()
		line, err := r.VerifySIP(t.Context(), answerOf(digest.MD5, "ada", "acme.sip.test", password))
		require.NoError(t, err)
		_, err = r.Register(t.Context(), RegisterRequest{Line: line, CallID: password, CSeq: 1, Contacts: []RegisterContact{contact("sip:a", time.Hour)}})
		require.NoError(t, err)
	}
	registers("old")
	assert.Empty(t, r.store.ended)
	registers("new")
	assert.Equal(t, []LineID{"line-ada"}, r.store.ended)
}
