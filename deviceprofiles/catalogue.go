package deviceprofiles

import (
	"errors"
	"maps"
	"strings"
	"sync"
)

// shelf is the catalogue, read and indexed.
type shelf struct {
	all, offered []Model
	byName       map[string]*Model // offered, by wire name
	broken       error             // what is left out of it, and why
	bySpelling   map[string]*Model // offered, by any plain spelling; nil for one that several models share
}

// catalogue is read when it is first asked for.
//
//nolint:gochecknoglobals // never changes: read once, the same in every process
var catalogue = sync.OnceValue(func() shelf {
	models, broken := readCatalogue(packFiles)
	s := newShelf(models)
	s.broken = errors.Join(broken...)
	return s
})

// Models returns the models that can be had, in the order in which they are shown. Callers must not change it. Of the platform-managed ones it has
// only those whose files somebody has taught us to write: a phone of the others would be promised its settings and never get any.
func Models() []Model { return catalogue().offered }

// AllModels returns everything that is known, models that can't be had yet included, in the order in which it is shown. Callers must not change it.
func AllModels() []Model { return catalogue().all }

// FindModel finds one of Models by its wire name, its display name or its number alone, as people write it: case, blanks and hyphens don't matter.
// A series stands for its usual model: "T46" for the T46U, "T54" for the T54W, "VVX" for the VVX 450. Of several ways of managing one hardware,
// whatever isn't the wire name means the platform-managed one.
func FindModel(name string) (Model, bool) {
	const longest = 64 // bytes; every name of the catalogue is shorter
	if len(name) > longest {
		return Model{}, false
	}
	c := catalogue()
	m := c.byName[name] // the name that is stored with a device, at each of its requests
	if m == nil {
		m = c.bySpelling[plain(name)]
	}
	if m == nil {
		return Model{}, false
	}
	return *m, true
}

// newShelf indexes the models that are offered, the platform-managed ones first.
func newShelf(entries []entry) shelf {
	s := shelf{byName: map[string]*Model{}, bySpelling: map[string]*Model{}}
	var offered []entry
	for _, e := range entries {
		s.all = append(s.all, e.Model)
		if e.offered() {
			offered = append(offered, e)
			s.offered = append(s.offered, e.Model)
		}
	}
	for _, platform := range []bool{true, false} {
		better := maps.Clone(s.bySpelling)
		for i, e := range offered {
			m := &s.offered[i]
			s.byName[m.Name] = m
			if (m.ManagedBy == managedByPlatform) == platform {
				s.index(m, e.spellings(), better)
			}
		}
	}
	return s
}

// index adds a model's spellings, but for those that a better model has. A spelling that two equals share names neither.
func (s *shelf) index(m *Model, spellings []string, better map[string]*Model) {
	for _, spelling := range spellings {
		if _, has := better[spelling]; has {
			continue
		}
		if other, has := s.bySpelling[spelling]; has && other != m {
			s.bySpelling[spelling] = nil
			continue
		}
		s.bySpelling[spelling] = m
	}
}

// spellings are the plain ways to write a model's name: in full, and without its vendor. A vendor alone names no model.
func (e entry) spellings() []string {
	vendor := plain(e.Vendor)
	var out []string
	names := []string{e.Name, e.DisplayName, e.Vendor + " " + e.Short}
	for _, alias := range e.Aliases {
		names = append(names, e.Vendor+" "+alias)
	}
	for _, name := range names {
		full := plain(name)
		if short := strings.TrimPrefix(full, vendor); short != "" {
			out = append(out, full, short)
		}
	}
	return out
}

// plain takes out of a model's name what people write differently: case, blanks, hyphens, the platform's mark, and Poly's former name.
func plain(name string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return strings.Replace(strings.TrimPrefix(letters, "dms"), "polycom", "poly", 1)
}
