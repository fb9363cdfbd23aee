package deviceprofiles

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dialtone/fault"
)

// A phone book is a file of a phone's own that changes with the people of its organisation, and not with the phone's revision. It holds no secret and much
// about persons: whoever serves it must know that the phone itself asks.

// PhonebookReach says whose people a phone's book has.
type PhonebookReach string

// The reaches.
const (
	PhonebookOff          PhonebookReach = "OFF"
	PhonebookLocation     PhonebookReach = "LOCATION"
	PhonebookOrganization PhonebookReach = "ORGANIZATION"
)

// PhonebookEntry is somebody, or some place or line, that can be called.
type PhonebookEntry struct {
	Name        string // as people know it
	First, Last string // its parts; of what isn't a person the first alone
	Extension   string // "" for none
	Number      string // E.164, "" for none
}

// PhonebookSetting chooses the reach. Its usual value leaves that to the family: the organisation where its phones are known to prove themselves when they
// fetch a book, and nothing elsewhere.
//
//nolint:gochecknoglobals // never changes
var PhonebookSetting = SettingKey{Scope: ScopeEvery, Name: "%EVERY_PHONEBOOK%"}

// phonebookFacts is how a family's phones have a book; a family without has none.
type phonebookFacts struct {
	Note   string   `json:"note"`
	Usual  bool     `json:"usual"`  // they have it unless somebody says otherwise
	Page   int      `json:"page"`   // entries of one file; 0: all
	Except []string `json:"except"` // variants of models that have none
}

// kindPhonebook is the kind of file that a book is.
const kindPhonebook = "phonebook"

// pageOf is the number at the end of a page's name.
var pageOf = regexp.MustCompile(`-([1-9][0-9]{0,2})\.[a-z]+$`)

// PhonebookOf says whose people a model's phones have in their book with some values of settings.
func PhonebookOf(m Model, values map[SettingKey]SettingValue) PhonebookReach {
	p := packs().byFamily[m.Family]
	if p == nil || p.Phonebook == nil || !m.Configured() || slices.Contains(p.Phonebook.Except, m.Variant) {
		return PhonebookOff
	}
	switch chosen := PhonebookReach(values[PhonebookSetting].Text); {
	case chosen == PhonebookOff, chosen == PhonebookLocation, chosen == PhonebookOrganization:
		return chosen
	case p.Phonebook.Usual:
		return PhonebookOrganization
	}
	return PhonebookOff
}

// takesPhonebook reports whether phones of a model can have a book.
func takesPhonebook(m Model) bool {
	p := packs().byFamily[m.Family]
	return p != nil && p.Phonebook != nil && !slices.Contains(p.Phonebook.Except, m.Variant)
}

// IsPhonebook reports whether a file of a family, by its name without folders but the phone's own, is a book.
func IsPhonebook(f Family, name string) bool {
	p := packs().byFamily[f]
	if p == nil {
		return false
	}
	file, ok := p.file(strings.ToLower(name))
	return ok && file.Kind == kindPhonebook
}

// RenderPhonebook writes a phone's book, or a page of it: name is the file's, entries are all of them in their order. Of the settings only the phone's
// address, model, access and language count. fault.NotFound for what is no book of the phone's, or a page behind the last.
func RenderPhonebook(name string, s Settings, entries []PhonebookEntry) (File, error) {
	name = strings.ToLower(name)
	p := packs().byFamily[s.Model.Family]
	if p == nil || p.Phonebook == nil || s.Service.HTTPSBase == "" {
		return File{}, noSuchFile(name)
	}
	file, ok := p.file(name)
	_, mac, named := withoutMAC(name)
	if !ok || file.Kind != kindPhonebook || !named || mac != s.MAC {
		return File{}, noSuchFile(name)
	}
	b := phonebook{page: 1, pages: 1, entries: entries}
	if size := p.Phonebook.Page; size > 0 {
		if m := pageOf.FindStringSubmatch(name); m != nil {
			b.page, _ = strconv.Atoi(m[1]) // at most three digits
		}
		b.pages = max((len(entries)+size-1)/size, 1)
		if b.page > b.pages {
			return File{}, noSuchFile(name)
		}
		b.first = (b.page - 1) * size
		b.entries = entries[b.first:min(b.first+size, len(entries))]
	}
	scope := scope{Settings: s, out: newSettings(file.Format), file: name, named: true, book: b}
	if err := file.own.run(&scope); err != nil {
		return File{}, err
	}
	written, err := file.Format.write(scope.out)
	return file.answer(name, written, err)
}

// phonebook is what templates write of a book.
type phonebook struct {
	told        bool // the phone is to have one
	page, pages int
	first       int // entries before the page
	entries     []PhonebookEntry
	entry       PhonebookEntry // of the loop
}

// eachEntry goes through the entries of a page: the number counts them from 1.
func eachEntry(s *scope, body func() error) error {
	for i, e := range s.book.entries {
		s.book.entry, s.number = e, i+1
		if err := body(); err != nil {
			return err
		}
	}
	return nil
}

// bookText is a word about the entry of the loop, as a name of a person: what can't be shown in a book is passed over, as nobody's name may keep the others
// from everybody.
func bookText(f func(PhonebookEntry) string) term {
	return words(func(s *scope) string { return shownName(s.out.format.person(f(s.book.entry))) }).inside("entry")
}

// shownName leaves of a name what every format can write.
func shownName(name string) string {
	const longest = 120 // bytes
	name = strings.Map(func(r rune) rune {
		if unwritable(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	return strings.TrimSpace(cut(name, longest))
}

// phonebookWords are the words of templates about books, and whether our CA is tried.
//
//nolint:gochecknoglobals // never changes
var phonebookWords = map[string]term{
	"phonebook":      statement(func(s *scope) bool { return s.book.told }),
	"phonebook.said": statement(func(s *scope) bool { _, said := s.Values[PhonebookSetting]; return said }), // somebody chose, or did once
	"ca.tried":       statement(func(s *scope) bool { return s.ownCA }),
	"ca.said":        statement(func(s *scope) bool { _, said := s.Values[OwnCASetting]; return said }), // somebody chose, or did once
	"entry.name":     bookText(func(e PhonebookEntry) string { return e.Name }),
	"entry.first":    bookText(func(e PhonebookEntry) string { return e.First }),
	"entry.last":     bookText(func(e PhonebookEntry) string { return e.Last }),
	// What is dialled: the extension, or else the number.
	"entry.dials": words(func(s *scope) string {
		if s.book.entry.Extension != "" {
			return s.book.entry.Extension
		}
		return s.book.entry.Number
	}).inside("entry"),
	"entry.extension": words(func(s *scope) string { return s.book.entry.Extension }).inside("entry"),
	"entry.number":    words(func(s *scope) string { return s.book.entry.Number }).inside("entry"),
	"page":            figure(func(s *scope) int { return s.book.page }),
	"pages":           figure(func(s *scope) int { return s.book.pages }),
	"page.next": figure(func(s *scope) int { // 0 on the last
		if s.book.page < s.book.pages {
			return s.book.page + 1
		}
		return 0
	}),
	"page.before": figure(func(s *scope) int { return max(s.book.page-1, 0) }),
}

// wordNamed finds a word of the vocabulary.
func wordNamed(name string) (term, bool) {
	for _, some := range []map[string]term{vocabulary, firmwareWords, phonebookWords} {
		if w, known := some[name]; known {
			return w, true
		}
	}
	return term{}, false
}

// checkKind refuses a kind that nobody knows, and a book that isn't for the phone alone.
func (f *packFile) checkKind() error {
	switch {
	case f.Kind != "" && f.Kind != kindPhonebook:
		return fmt.Errorf("there is no kind of file %q", f.Kind)
	case f.Kind == kindPhonebook && (f.Open != "" || f.Own == "" || f.Settings || f.Alias != ""):
		return fault.New(fault.Internal, "a book is a file of the phone's own alone")
	}
	return nil
}
