// Package screening compares customers with a list of denied persons, and owns what follows from a possible match.
//
// It owns the reading of such a list in the CSV form of the public US Consolidated Screening List, the rules by which names are alike, and
// the review of one possible match from its opening to its end. It never opens a file or a connection, never keeps anything and never decides
// who is denied: people do. Start at ReadCSV, then Index.Match, then Review.
//
// # How names are compared
//
// A name is a bag of words: letters are folded to their plain lower-case form, punctuation goes, and so do legal forms such as "Ltd". Two words
// are alike when they are equal, when one typing error parts them, or when they are two spellings of one foreign sound. A word counts the more
// the fewer entries of the list have it, so that "trading" says little and a family name much.
//
// # How a match avoids comparing everything
//
// Blocking has two stages. A word finds its neighbours through deletions: two words that one typing error parts become equal when at most one
// letter is left out of each. So all words of the list are kept under the hashes of themselves and of every form with one letter less. A name is
// then kept only under its heaviest words, as many as are needed for the rest to weigh less than any possible match shares with it (a prefix
// filter).
//
// The second stage loses nothing. The first one can't see two typing errors in one word, nor an error in a word of fewer than four letters or
// with a digit. Words run together or torn apart are found only when that is the one difference. The same name in another script is found
// only when the list has it in that script, and an abbreviation only when the list has it.
//
// # Why this library
//
// Distances come from github.com/hbollon/go-edlib. Of the measures at hand its optimal string alignment distance is the one that counts two
// swapped neighbours as one error, works on characters instead of bytes and needs nothing but the standard library. strutil has no swaps and
// smetrics compares bytes, which makes one Cyrillic letter two errors; matchr has a true Damerau distance, which here decides the same, but
// was never released.
package screening

// Entry is one row of a screening list. Texts are as the list has them.
type Entry struct {
	ID        string   // the column _id; without one the entity number, or else "line N"
	Source    string   // the list that it comes from, e.g. "Entity List (EL) - Bureau of Industry and Security"
	Type      string   // "Individual", "Entity", "Vessel", "Aircraft", or "" when the list doesn't say
	Name      string   // never empty
	AltNames  []string // at most 1,000
	Addresses []string // at most 1,000
	Countries []string // ISO 3166-1 alpha-2, each once, in the order in which addresses end with them
	Programs  []string // at most 1,000
	StartDate string
	EndDate   string
	ListURL   string // where the list explains itself
}
