package upstream

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Told is what an upstream was told of one binding. It is kept with the binding, so that a restart and another node know it. The zero value: nothing.
type Told struct {
	Key     string    // of what it was told
	At      time.Time // when it was told
	Until   time.Time // how long it holds there
	Refresh time.Time // when it is told again, if the phone still is there
}

// shortest is the least that a phone is granted from what is left upstream; when less is left, the upstream is asked before the phone is answered.
const shortest = time.Minute

// KeyOf stands for what an upstream is told of a binding: when any of it changes, it must be told at once.
func KeyOf(s Setting, parts ...string) string {
	sum := sha256.Sum256([]byte(s.Identity() + "\n" + strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:16])
}

// Due reports whether an upstream must be told of a binding that a phone refreshes at a moment; back is when it last came back, zero for never: what it knew
// before, it may have forgotten. It is a pure function.
func Due(told Told, key string, now, back time.Time) bool {
	return told.Key != key || told.At.Before(back) || !now.Before(told.Refresh) || told.Until.Sub(now) < shortest
}

// Granted is what is kept when an upstream grants a time: it is told again after half to three quarters of it, by random, from 0 to less than 1, so that
// phones which came together don't stay together. It is a pure function.
func Granted(key string, now time.Time, granted time.Duration, random float64) Told {
	return Told{Key: key, At: now, Until: now.Add(granted), Refresh: now.Add(granted/2 + time.Duration(random*float64(granted)/4))}
}

// Left is how long a phone's registration may hold: what the phone wishes, and no longer than upstream holds it. It is a pure function.
func Left(told Told, wish time.Duration, now time.Time) time.Duration {
	return max(0, min(wish, told.Until.Sub(now).Truncate(time.Second)))
}

// Holds reports whether a phone may be told that it is registered while the upstream can't be asked: it holds there, told the same. It is a pure function.
func Holds(told Told, key string, now time.Time) bool {
	return told.Key == key && told.Until.Sub(now) >= time.Second
}
