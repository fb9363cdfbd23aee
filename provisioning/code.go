package provisioning

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
	"dialtone/throttle"
)

// Code is an activation code as it is told once: sixteen decimal digits that somebody types into a phone, and until when they count.
type Code struct {
	Digits  secret.Text
	Expires time.Time
}

// The form and life of a code (device-management API, "Life cycle and limits").
const (
	codeAlphabet = "0123456789"
	codeLength   = 16
	codeLife     = 7 * 24 * time.Hour
)

// codeKeys make what the table of devices keeps of a code. A plain hash wouldn't do: all 53 bits of a code can be searched by whoever steals the table.
// There is a key for each master key, the current one first, so that a code that was given away before a rotation is still found.
type codeKeys [][]byte

func newCodeKeys(ring *secret.Keyring) codeKeys { return ring.DeriveAll("activation codes") }

// hash returns what is stored of a new code.
func (k codeKeys) hash(code secret.Text) []byte { return codeHash(k[0], code) }

func codeHash(key []byte, code secret.Text) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(code.Reveal()))
	return h.Sum(nil)
}

// newCode makes a code and what the device that waits for it keeps.
func (s *Service) newCode() (Code, Activation, error) {
	digits, err := secret.Random(s.random, codeAlphabet, codeLength)
	if err != nil {
		return Code{}, Activation{}, err
	}
	code := Code{Digits: secret.New(digits), Expires: s.now().Add(codeLife).Truncate(time.Millisecond)}
	return code, Activation{State: ActivationWaiting, Hash: s.codeKeys.hash(code.Digits), Expires: code.Expires}, nil
}

// deviceByCode finds who waits for a code; fault.NotFound if nobody does. It asks as often whoever it finds.
func (s *Service) deviceByCode(ctx context.Context, code secret.Text) (Device, error) {
	var found Device
	var err error = fault.New(fault.NotFound, "Nobody waits for this activation code.")
	for _, key := range s.codeKeys {
		d, failed := s.store.AnyTenantDeviceByCode(ctx, codeHash(key, code))
		switch {
		case failed == nil:
			found, err = d, nil
		case !fault.Is(failed, fault.NotFound):
			return Device{}, failed
		}
	}
	return found, err
}

// takesCode reports whether phones of a model can be told an activation code.
func takesCode(m deviceprofiles.Model) bool { return m.Takes("ACTIVATION_CODE") }

func refuseCode(m deviceprofiles.Model) error {
	return fault.InvalidField("model", "%s takes no activation code: add it by its MAC address", m.DisplayName)
}

func (s *Service) recordCode(ctx context.Context, tx Tx, actor customer.Actor, d Device) error {
	return s.record(ctx, tx, actor, d, customer.EventDeviceCodeIssued, map[string]any{"expires": d.Activation.Expires})
}

// The limits on wrong codes. One address has ten at once, then two a minute: room for slips of the fingers in an office that sets up many phones, as
// codes that count aren't counted. All addresses together have ten a second: in the life of a code that is some six million tries at one of 10^16, and
// those who would use it up to keep others out need hundreds of addresses.
const (
	allGuessBurst    = 10_000
	allGuessInterval = 100 * time.Millisecond
	guessSources     = 100_000 // about 20 MB
	// guessSilence is how long one line of the log stands for all wrong codes.
	guessSilence = time.Minute
)

// guesses counts wrong activation codes, by where they came from and altogether.
type guesses struct {
	sources, all *throttle.Failures
	mu           sync.Mutex
	untold       int       // wrong codes since the log told of some
	told         time.Time // when it did
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{
		sources: throttle.NewFailures(throttle.Config{Now: now, Burst: failureBurst, Interval: failureInterval, Keys: guessSources}),
		all:     throttle.NewFailures(throttle.Config{Now: now, Burst: allGuessBurst, Interval: allGuessInterval, Keys: 1}),
	}
}

// everywhere is the one key of guesses.all.
const everywhere = "everywhere"

// wait returns how long an address must wait until it may bring a code; 0 if it may now.
func (g *guesses) wait(peer netip.Addr) time.Duration {
	return max(g.sources.Wait(sourceOf(peer)), g.all.Wait(everywhere))
}

// sourceOf is what one subscriber of a provider has: an IPv4 address, or the /64 of an IPv6 one.
func sourceOf(peer netip.Addr) string {
	const subscriber = 64
	if network, err := peer.Prefix(subscriber); err == nil && peer.Is6() {
		return network.String()
	}
	return peer.String()
}

// count counts a wrong code. Now and then it says how many there were since it last did; otherwise 0.
func (g *guesses) count(peer netip.Addr, now time.Time) int {
	g.sources.Count(sourceOf(peer))
	g.all.Count(everywhere)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.untold++
	if !g.told.IsZero() && now.Sub(g.told) < guessSilence {
		return 0
	}
	many := g.untold
	g.untold, g.told = 0, now
	return many
}

// countGuess counts a wrong code, and tells the operator of it at most once a minute.
func (s *Service) countGuess(ctx context.Context, peer netip.Addr) {
	if many := s.guesses.count(peer, s.now()); many > 0 {
		s.logger.WarnContext(ctx, "activation codes that don't count were tried", "peer", peer, "tries", many)
	}
}
