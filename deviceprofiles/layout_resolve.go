package deviceprofiles

import (
	"cmp"
	"slices"
)

// Resolve returns what each key of a phone does, with the lines that the phone has: the phone's keys first, then those of each expansion module up to the
// last one that the layout uses. lines are sorted by port; the first is the primary line, all others count as shared. In the default layout each line
// has the keys from its port on, as many as its weight, and the rest is open. In a custom one keys that it doesn't name are open, and a key for a shared line
// that isn't there stays dark (line 0). Keys for monitored lines and for call park extensions take what the phone's owner watches, as does what is open.
func (l Layout) Resolve(m Model, lines []Line, watched []Watched) []Key {
	if !l.Custom {
		return watching(defaultKeys(m, lines), watched)
	}
	keys := make([]Key, m.LineKeys)
	for i := range keys {
		keys[i] = Key{Index: i + 1, Type: KeyOpen}
	}
	last, capacity := 0, kemCapacity(m, l.KEMType)
	for _, key := range l.KEM {
		last = min(max(last, key.Module), m.KEMModules)
	}
	for module := 1; module <= last; module++ {
		for index := 1; index <= capacity; index++ {
			keys = append(keys, Key{Module: module, Index: index, Type: KeyOpen})
		}
	}
	shared := newSharedLines(lines)
	for _, key := range sortedKeys(l) {
		place := key.Index - 1
		if key.Module > 0 {
			place = m.LineKeys + (key.Module-1)*capacity + key.Index - 1
		}
		if key.Index < 1 || key.Module < 0 || key.Module == 0 && key.Index > m.LineKeys || key.Module > 0 && (key.Index > capacity || key.Module > last) {
			continue // a layout of another model
		}
		keys[place] = Key{Module: key.Module, Index: key.Index, Type: key.Type, Label: key.Label, Value: key.Value, Line: shared.lineOf(key)}
	}
	return watching(keys, watched)
}

// DefaultLayout writes out what the default layout means for a phone with certain lines. Phones keep a key that their file no longer mentions: a phone whose
// layout was custom once goes back to the default one only if it is told every key.
func DefaultLayout(m Model, lines []Line) Layout {
	l := Layout{Custom: true}
	for _, key := range defaultKeys(m, lines) {
		line := LineKey{Index: key.Index, Type: key.Type}
		for i := range lines {
			if key.Type == KeySharedLine && lines[i].Port == key.Line {
				line.SharedLine = i
			}
		}
		l.Keys = append(l.Keys, line)
	}
	return l
}

func defaultKeys(m Model, lines []Line) []Key {
	keys := make([]Key, m.LineKeys)
	for i := range keys {
		keys[i] = Key{Index: i + 1, Type: KeyOpen}
		for n, line := range lines {
			if i+1 < line.Port || i+1 >= line.Port+max(line.Weight, 1) {
				continue
			}
			keys[i].Line, keys[i].Type = line.Port, KeySharedLine
			if n == 0 {
				keys[i].Type = KeyPrimaryLine
			}
			break
		}
	}
	return keys
}

// sortedKeys returns the keys of a layout in their physical order: the phone's, then each module's.
func sortedKeys(l Layout) []KEMKey {
	all := make([]KEMKey, 0, len(l.Keys)+len(l.KEM))
	for _, key := range l.Keys {
		all = append(all, KEMKey{Index: key.Index, Type: key.Type, Label: key.Label, Value: key.Value, SharedLine: key.SharedLine})
	}
	all = append(all, l.KEM...)
	slices.SortStableFunc(all, func(a, b KEMKey) int { return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Index, b.Index)) })
	return all
}

// sharedLines hands out shared lines to keys.
type sharedLines struct {
	primary int   // port
	ports   []int // of the shared lines
	next    int   // of ports
}

func newSharedLines(lines []Line) *sharedLines {
	s := &sharedLines{}
	for i, line := range lines {
		if i == 0 {
			s.primary = line.Port
			continue
		}
		s.ports = append(s.ports, line.Port)
	}
	return s
}

// lineOf returns the port of the line that a key shows: the one that it names, else the next one; 0 if it shows none.
func (s *sharedLines) lineOf(key KEMKey) int {
	switch {
	case key.Type == KeyPrimaryLine:
		return s.primary
	case key.Type != KeySharedLine:
		return 0
	}
	place := key.SharedLine - 1
	if key.SharedLine == 0 {
		place = s.next
		s.next++
	}
	if place < 0 || place >= len(s.ports) {
		return 0
	}
	return s.ports[place]
}

// Monitored counts what the owner of a device follows beside calls of its own: the room that a template's keys need.
type Monitored struct {
	Lines          int // monitored lines
	ParkExtensions int // call park extensions
	Modes          int // mode management features
}

// AdvisoriesOf says what doesn't fit when a template's keys meet a device's lines and what its owner monitors.
func AdvisoriesOf(keys []LineKey, lines []Line, has Monitored) Advisories {
	count := map[KeyType]int{}
	shown := map[int]bool{} // shared lines that keys show; a further key for the same line needs no further line
	for _, key := range keys {
		count[key.Type]++
		if key.Type == KeySharedLine && key.SharedLine == 0 {
			shown[count[KeySharedLine]] = true
		} else if key.Type == KeySharedLine {
			shown[key.SharedLine] = true
		}
	}
	shared, there := max(len(lines)-1, 0), 0
	for line := range shown {
		if line <= shared {
			there++
		}
	}
	return Advisories{
		MoreSharedAppearances:         len(shown) - there,
		FewSharedAppearances:          shared - there,
		MoreMonitorAppearances:        max(count[KeyMonitor]-has.Lines, 0),
		MoreCPEAppearances:            max(count[KeyCallPark]-has.ParkExtensions, 0),
		MoreModeManagementAppearances: max(count[KeyModeManagement]-has.Modes, 0),
	}
}
