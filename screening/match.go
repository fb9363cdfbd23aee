package screening

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Bounds of a match.
const (
	// MaxHits is how many hits a match gives at most, the likeliest ones. No reviewer looks at more, and a name that is like more is a common one.
	MaxHits = 20
	// MaxSubjectNames is how many names of a subject are looked at, the first ones. A customer gives its own name and up to 25 people at a time.
	MaxSubjectNames = 100
)

// Scores, per mille.
const (
	// HitThreshold is the score from which on a person must look. It is what a name scores when each of its words is of four letters and has
	// one typing error: the least alike that is still a slip of the pen. Three of four equally telling words reach it too.
	HitThreshold = 750
	// ExactScore is that of names that are the same once case, marks, punctuation, legal forms and the order of words don't count. They are
	// always a hit, whatever the country.
	ExactScore = 1000
	// JoinedScore is that of names that differ in their blanks only, such as Al Qaida and Alqaida. They are always a hit too.
	JoinedScore = 980

	sameCountry  = 50 // raises: half of all companies with like names are in other countries
	otherCountry = 50 // lowers no further: who is denied at home opens shop elsewhere
	sameCity     = 25 // little more than the country says: companies crowd in few cities
	sameStreet   = 75 // two companies with half a name in common and one door are worth a look

	// worthALook is what names must score by themselves so that the place could make them a hit.
	worthALook = HitThreshold - sameCountry - sameCity - sameStreet
)

// Subject is who is compared with the list.
type Subject struct {
	Names       []string // the company's name and its people's; at most MaxSubjectNames are looked at, 600 characters of each
	Country     string   // ISO 3166-1 alpha-2, "" if unknown
	AddressLine string   // street and number, "" if unknown
	City        string   // "" if unknown
}

// Hit is an entry that a subject may be.
type Hit struct {
	Entry       Entry
	SubjectName string // which of the subject's names is alike
	ListedName  string // which of the entry's names it is like
	Score       int    // per mille: HitThreshold to 1000; the same name in another country has 950
	Reason      string // for the reviewer: what is alike, and what to compare
}

// found is the likest pair of names that an entry has had so far.
type found struct {
	subject string
	name    uint32
	score   int
}

// Match returns the entries that the subject may be, the likeliest first, at most MaxHits and each once. nil means that nobody is alike.
func (x *Index) Match(s Subject) []Hit {
	best := map[uint32]found{}
	for _, name := range s.Names[:min(len(s.Names), MaxSubjectNames)] {
		all := words(name)
		x.search(name, all, best)
		if telling := core(all); len(telling) < len(all) {
			x.search(name, telling, best)
		}
	}
	here := s.place()
	var hits []Hit
	for entry, f := range best {
		if hit, ok := x.judge(here, entry, f); ok {
			hits = append(hits, hit)
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Entry.ID, b.Entry.ID), cmp.Compare(a.ListedName, b.ListedName))
	})
	return hits[:min(len(hits), MaxHits)]
}

// judge adds what the place says, and decides whether it is a hit.
func (x *Index) judge(here place, entry uint32, f found) (Hit, bool) {
	e, listed := x.entries[entry], x.names[f.name]
	e2 := here.compare(e)
	score := min(max(f.score+e2.points(), 0), 1000)
	if f.score < JoinedScore && score < HitThreshold {
		return Hit{}, false
	}
	return Hit{Entry: e, SubjectName: f.subject, ListedName: listed.text, Score: score, Reason: reason(f, listed, e, e2)}, true
}

// search compares one form of a name with the names that are kept under its words, and keeps for each entry the likest.
func (x *Index) search(subject string, split []string, best map[uint32]found) {
	if len(split) == 0 {
		return
	}
	q := x.query(split)
	for _, id := range x.candidates(q) {
		x.keep(best, found{subject, id, x.score(q, id)})
	}
	for _, h := range x.joined.find(x.vocabulary.hash(strings.Join(split, ""))) {
		if x.joinedText(h.id) == strings.Join(split, "") {
			x.keep(best, found{subject, h.id, JoinedScore})
		}
	}
}

// keep keeps a pair of names if it is worth a look and the entry has no likelier one; of equal ones the list's first, so that a match is
// the same each time.
func (x *Index) keep(best map[uint32]found, f found) {
	name := x.names[f.name]
	if f.score < worthALook || name.exact && f.score < ExactScore {
		return
	}
	if before, ok := best[name.entry]; ok && (before.score > f.score || before.score == f.score && before.name <= f.name) {
		return
	}
	best[name.entry] = f
}

// joinedText is a listed name's words without blanks.
func (x *Index) joinedText(name uint32) string {
	var b strings.Builder
	for _, word := range x.names[name].words {
		b.WriteString(x.vocabulary.texts[word])
	}
	return b.String()
}

// reason says in a sentence or two why a reviewer was asked.
func reason(f found, listed listedName, e Entry, here evidence) string {
	how := fmt.Sprintf("is similar to (%d of 1000)", f.score)
	switch f.score {
	case ExactScore:
		how = "is the same as"
	case JoinedScore:
		how = "is the same, but for blanks, as"
	}
	list := cmp.Or(e.Source, "the list")
	return fmt.Sprintf("The name %q %s %q, which is on: %s. %s Compare it with the entry before you decide.",
		strings.TrimSpace(cut(f.subject, maxNameRunes)), how, listed.text, list, here.sentence())
}
