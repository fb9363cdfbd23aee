package deviceprofiles

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A tone is what a phone plays to its user: frequencies that sound together, and a cadence. The figures of all countries are data, packs/tones.json; how a
// vendor spells them out is its pack's (notation).
type tone struct {
	Hz    []int `json:"hz"`
	MS    []int `json:"ms"`    // sound and silence by turns, again and again; none: without an end
	Level int   `json:"level"` // dBm of each frequency; 0: the table's
}

// toneSet is the tones of a country; nil for one that isn't known.
type toneSet struct {
	Dial       *tone `json:"dial"`
	Busy       *tone `json:"busy"`
	Congestion *tone `json:"congestion"`
	Ringback   *tone `json:"ringback"`
	Waiting    *tone `json:"waiting"` // of a second call
}

// toneTable is the data file.
type toneTable struct {
	Note      string             `json:"note"`  // for readers
	Level     int                `json:"level"` // dBm of each frequency
	Countries map[string]toneSet `json:"countries"`
}

// tonesByCountry is the table, read from the file when it is first asked for.
//
//nolint:gochecknoglobals // never changes: read once, the same in every process
var tonesByCountry = sync.OnceValue(func() map[string]toneSet {
	table, _ := readTones(packFiles) // the tests see that it isn't broken
	return table.Countries
})

// readTones reads the table. A country with a tone that can't be is left out, and named.
func readTones(files fs.FS) (toneTable, error) {
	var table toneTable
	if err := readFile(files, "packs/tones.json", &table); err != nil {
		return toneTable{}, err
	}
	var broken []error
	for _, country := range slices.Sorted(maps.Keys(table.Countries)) {
		set := table.Countries[country]
		if err := set.check(table.Level); err != nil {
			delete(table.Countries, country)
			broken = append(broken, fmt.Errorf("tones of %s: %w", country, err))
		}
	}
	return table, errors.Join(broken...)
}

// check refuses tones that no phone could play, and gives those without a level the table's.
func (s toneSet) check(level int) error {
	for name, t := range map[string]*tone{"dial": s.Dial, "busy": s.Busy, "congestion": s.Congestion, "ringback": s.Ringback, "waiting": s.Waiting} {
		if t == nil {
			if name == "congestion" || name == "waiting" {
				continue
			}
			return fmt.Errorf("%s is missing", name)
		}
		if t.Level == 0 {
			t.Level = level
		}
		if err := t.check(); err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
	}
	return nil
}

// The bounds of what phones play: telephone speech, and what the narrowest notation can hold.
const (
	leastHz, mostHz       = 200, 2000
	leastLevel, mostLevel = -30, -1
	mostFrequencies       = 2
	leastMS, mostMS       = 30, 16000
	mostSections          = 4
)

func (t tone) check() error {
	outside := func(least, most int) func(int) bool { return func(n int) bool { return n < least || n > most } }
	switch {
	case len(t.Hz) == 0 || len(t.Hz) > mostFrequencies || slices.ContainsFunc(t.Hz, outside(leastHz, mostHz)):
		return fmt.Errorf("needs 1 to %d frequencies from %d to %d Hz", mostFrequencies, leastHz, mostHz)
	case len(t.MS)%2 != 0 || len(t.MS) > 2*mostSections || slices.ContainsFunc(t.MS, outside(leastMS, mostMS)):
		return fmt.Errorf("needs up to %d pairs of sound and silence from %d to %d ms", mostSections, leastMS, mostMS)
	case t.Level < leastLevel || t.Level > mostLevel:
		return fmt.Errorf("needs a level from %d to %d dBm", leastLevel, mostLevel)
	}
	return nil
}

// sections is how many pairs of sound and silence it has; 0 for one without an end, and for none.
func (t *tone) sections() int {
	if t == nil {
		return 0
	}
	return len(t.MS) / 2
}

// tonesSetting says which tones phones are told.
//
//nolint:gochecknoglobals // never changes
var tonesSetting = SettingKey{Scope: ScopeEvery, Name: "%EVERY_COUNTRY_TONES%"}

// The values of tonesSetting that say something. The third, and the default, is KNOWN: where the vendor's own guides say how.
const (
	tonesOff = "OFF"
	tonesAll = "ALL"
)

// tones are those of the phone's country.
func (s *scope) tones() toneSet { return tonesByCountry()[strings.ToUpper(s.Country)] }
