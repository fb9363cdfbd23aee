package deviceprofiles

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxWatchedLabel bounds the label of a key that watches somebody, in bytes: with what such a key says besides, it stays below the 511 characters that a
// Cisco phone takes for a key.
const maxWatchedLabel = 128

// CheckWatched refuses what no key can watch: fault.Invalid, naming number or label as the fields of field.
func CheckWatched(field string, w Watched) error {
	c := keyChecker{}
	switch message := dialledRule(w.Number); {
	case message != "":
		c.add(field+".number", "%s", message)
	case strings.Contains(w.Number, "@"):
		c.add(field+".number", "must be a number or an extension, without a host")
	}
	if message := labelRule(w.Label); message != "" {
		c.add(field+".label", "%s", message)
	} else if len(w.Label) > maxWatchedLabel {
		c.add(field+".label", "must have at most %d characters", maxWatchedLabel)
	}
	return c.err("monitoring list")
}

// watching puts what is watched on keys, in its order: somebody's calls on keys for monitored lines, places to park on those for call park extensions, and what
// is left on keys that are open. What finds no key isn't shown.
func watching(keys []Key, watched []Watched) []Key {
	left := slices.Clone(watched)
	take := func(fits func(Watched) bool) (Watched, bool) {
		at := slices.IndexFunc(left, fits)
		if at < 0 {
			return Watched{}, false
		}
		w := left[at]
		left = slices.Delete(left, at, at+1)
		return w, true
	}
	for i, key := range keys {
		if key.Type != KeyMonitor && key.Type != KeyCallPark {
			continue
		}
		if w, ok := take(func(w Watched) bool { return w.Park == (key.Type == KeyCallPark) }); ok {
			keys[i] = w.on(key)
		}
	}
	for i, key := range keys {
		if key.Type != KeyOpen {
			continue
		}
		if w, ok := take(func(Watched) bool { return true }); ok {
			keys[i] = w.on(key)
		}
	}
	return keys
}

// on is a key that shows it.
func (w Watched) on(key Key) Key {
	key.Type, key.Value, key.Label = KeyMonitor, w.Number, w.keyLabel()
	if w.Park {
		key.Type = KeyCallPark
	}
	return key
}

// keyLabel is the label as every key can show it. Names of people hold whatever they hold, and must keep nobody's phone silent.
func (w Watched) keyLabel() string {
	label := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == ';' || r == '$' {
			return -1
		}
		return r
	}, w.Label))
	for len(label) > maxWatchedLabel {
		_, size := utf8.DecodeLastRuneInString(label)
		label = strings.TrimSpace(label[:len(label)-size])
	}
	if label == "" || labelRule(label) != "" {
		return w.Number
	}
	return label
}

// watches reports whether the key watches something.
func (k Key) watches() bool {
	return (k.Type == KeyMonitor || k.Type == KeyCallPark) && k.Value != ""
}

// CanTell reports whether a phone of the model can be told what a key, as Layout.Resolve has it, is for. One that has nothing to do can always be told so.
func (m Model) CanTell(key Key) bool {
	idle := key.Type == KeyOpen || (key.Type == KeyMonitor || key.Type == KeyCallPark) && !key.watches()
	line := key.Module == 0 && (key.Type == KeyPrimaryLine || key.Type == KeySharedLine) // lines have keys by themselves
	switch {
	case idle:
		return true
	case !m.Configured() || line || !m.ConfigurableLayout:
		return m.Configured() && line
	}
	p := packs().byFamily[m.Family]
	can := p.Keys
	if key.Module > 0 {
		can = p.ModuleKeys
	}
	return slices.Contains(can, key.Type) && (!p.NoHosts || !strings.Contains(key.Value, "@"))
}
