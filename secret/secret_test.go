package secret_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/secret"
)

func TestTextMasksItselfEverywhere(t *testing.T) {
	t.Parallel()
	type holder struct {
		Password secret.Text
		Pointer  *secret.Text
	}
	s := secret.New("hunter2-hunter2")
	h := holder{Password: s, Pointer: &s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "password", s, "holder", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "password", s, "holder", h)
	asJSON, err := json.Marshal(h)
	require.NoError(t, err)
	asXML, err := xml.Marshal(h)
	require.NoError(t, err)
	outputs := []string{log.String(), string(asJSON), string(asXML), s.String(), s.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		outputs = append(outputs, fmt.Sprintf(verb, s), fmt.Sprintf(verb, h.Password), fmt.Sprintf(verb, []secret.Text{s}))
	}
	for _, out := range outputs {
		assert.NotContains(t, out, "hunter2")
		assert.NotContains(t, out, "68756e746572") // the same in hexadecimal
		assert.Contains(t, out, "********")
	}
	assert.Equal(t, "hunter2-hunter2", s.Reveal())
}

func TestEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, secret.New("a").Equal(secret.New("a")))
	assert.False(t, secret.New("a").Equal(secret.New("b")))
	assert.False(t, secret.New("a").Equal(secret.New("ab")))
	assert.True(t, secret.Text{}.IsZero())
}

func TestNewPasswordIsLegalInEveryFormat(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		p, err := secret.NewPassword(rand.Reader)
		require.NoError(t, err)
		assert.Len(t, p.Reveal(), 24)
		assert.Empty(t, strings.Trim(p.Reveal(), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."))
		seen[p.Reveal()] = true
	}
	assert.Len(t, seen, 200)
}

func TestRandomIsEven(t *testing.T) {
	t.Parallel()
	s, err := secret.Random(rand.Reader, "abc", 30000)
	require.NoError(t, err)
	for _, letter := range []string{"a", "b", "c"} {
		assert.InDelta(t, 10000, strings.Count(s, letter), 600) // seven standard deviations
	}
}

func TestBrokenRandomnessIsAnError(t *testing.T) {
	t.Parallel()
	broken := iotest.ErrReader(assert.AnError)
	_, err := secret.NewPassword(broken)
	require.ErrorIs(t, err, assert.AnError)
	_, err = secret.NewMasterKey(broken)
	require.ErrorIs(t, err, assert.AnError)
	ring := newRing(t)
	brokenRing, err := secret.ParseKeyring(newKey(t), broken)
	require.NoError(t, err)
	_, err = brokenRing.Seal("o", []byte("x"))
	require.ErrorIs(t, err, assert.AnError)
	assert.NotNil(t, ring)
}

func newKey(t testing.TB) string {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func newRing(t testing.TB, keys ...string) *secret.Keyring {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{newKey(t)}
	}
	ring, err := secret.ParseKeyring("# master keys\n\n"+strings.Join(keys, "\n"), rand.Reader)
	require.NoError(t, err)
	return ring
}

func TestSealedOpensForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		owner := rapid.String().Draw(t, "owner")
		other := rapid.String().Filter(func(s string) bool { return s != owner }).Draw(t, "other")
		sealed, err := ring.Seal(owner, plain)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := ring.Open(owner, sealed)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("opened %q, %v", opened, err)
		}
		if _, err := ring.Open(other, sealed); err != secret.ErrUnsealable { //nolint:errorlint // exactly this
			t.Fatalf("another owner opened it: %v", err)
		}
	})
}

func TestChangedBytesStayShut(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	sealed, err := ring.Seal("line-1", []byte("secret"))
	require.NoError(t, err)
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		_, err := ring.Open("line-1", broken)
		assert.ErrorIs(t, err, secret.ErrUnsealable, "byte %d", i)
	}
	for n := range sealed {
		_, err := ring.Open("line-1", sealed[:n])
		assert.ErrorIs(t, err, secret.ErrUnsealable, "%d bytes", n)
	}
}

func TestSealingTwiceDiffers(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	a, err := ring.Seal("o", []byte("same"))
	require.NoError(t, err)
	b, err := ring.Seal("o", []byte("same"))
	require.NoError(t, err)
	assert.NotEqual(t, a, b)
}

func TestRotationOpensTheOldAndSealsWithTheNew(t *testing.T) {
	t.Parallel()
	oldKey, freshKey := newKey(t), newKey(t)
	before := newRing(t, oldKey)
	sealed, err := before.Seal("o", []byte("x"))
	require.NoError(t, err)
	rotated := newRing(t, freshKey, oldKey)
	plain, err := rotated.Open("o", sealed)
	require.NoError(t, err)
	assert.Equal(t, "x", string(plain))
	fresh, err := rotated.Seal("o", []byte("y"))
	require.NoError(t, err)
	_, err = before.Open("o", fresh)
	assert.ErrorIs(t, err, secret.ErrUnsealable)
}

func TestDeriveDependsOnKeyAndPurpose(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	a, b := newRing(t, key), newRing(t, key)
	assert.Equal(t, a.Derive("sip"), b.Derive("sip"))
	assert.Len(t, a.Derive("sip"), 32)
	assert.NotEqual(t, a.Derive("sip"), a.Derive("http"))
	assert.NotEqual(t, a.Derive("sip"), newRing(t).Derive("sip"))
}

func TestDeriveAllKeepsWhatOlderKeysGave(t *testing.T) {
	t.Parallel()
	older, newer := newKey(t), newKey(t)
	before, after := newRing(t, older), newRing(t, newer, older)
	assert.Equal(t, [][]byte{before.Derive("codes")}, before.DeriveAll("codes"))
	assert.Equal(t, [][]byte{newRing(t, newer).Derive("codes"), before.Derive("codes")}, after.DeriveAll("codes"))
}

func TestParseKeyringSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "there is no master key in it",
		"# nothing\n":                   "there is no master key in it",
		"not base64!":                   "master key 1 isn't base64 of 32 bytes",
		newKey(t) + "\nAAAA":            "master key 2 isn't base64 of 32 bytes",
		strings.Repeat("a", 70000) + "": "reading master keys",
	} {
		_, err := secret.ParseKeyring(text, rand.Reader)
		assert.ErrorContains(t, err, want)
	}
}
