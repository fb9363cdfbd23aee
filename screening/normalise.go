package screening

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a name. What is longer is cut, on both sides alike.
const (
	maxNameRunes = 600 // as many as the longest listed names have, and some
	maxWords     = 48  // comparing two names takes the square of it
	maxWordRunes = 48  // each letter of a word makes an entry in the vocabulary; names in Chinese are one word
)

// words folds a name into its words, in the name's order. The form is that of caseless compatibility matching (Unicode standard, section
// 3.13.5, D146), without marks, with punctuation as blanks. Letters that stand alone in a row become one word: "S.A." is "sa".
func words(name string) []string {
	folded := norm.NFKD.String(cases.Fold().String(norm.NFKD.String(cut(name, maxNameRunes))))
	var plain strings.Builder
	for _, r := range folded {
		plain.WriteString(plainLetter(r))
	}
	split := joinLetters(strings.Fields(plain.String()))
	for i, word := range split {
		split[i] = cut(word, maxWordRunes)
	}
	return split[:min(len(split), maxWords)]
}

// cut returns at most the first n characters of s, as UTF-8.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, " ")
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// plainLetter is what a decomposed and folded character becomes: itself, other letters, a blank, or nothing.
func plainLetter(r rune) string {
	switch r {
	case '\'', '’', '‘', '`', '´', 'ʹ', 'ʻ', 'ʼ', 'ʽ', 'ʾ', 'ʿ', 'ь', 'ъ':
		return "" // inside words, where one spelling has them and the next one hasn't: Qar'awi, Qarawi
	case 'ـ':
		return "" // Arabic tatweel only stretches the line
	case 'ى':
		return "ي"
	case 'ة':
		return "ه"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'þ':
		return "th"
	}
	switch {
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r), unicode.Is(unicode.Cf, r):
		return ""
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mc, r): // Mc are the vowels of Indic scripts
		return string(r)
	}
	return " "
}

// joinLetters makes one word of Latin letters that stand alone side by side.
func joinLetters(split []string) []string {
	var out []string
	joining := false
	for _, word := range split {
		alone := len(word) == 1 && word[0] >= 'a' && word[0] <= 'z'
		if alone && joining {
			out[len(out)-1] += word
		} else {
			out = append(out, word)
		}
		joining = alone
	}
	return out
}

// core returns the words that tell a company from others: without legal forms and the little words between. A name that has nothing else
// stays as it is.
func core(all []string) []string {
	var telling []string
	for i, word := range all {
		polish := word == "zoo" && i > 0 && all[i-1] == "sp" // "Sp. z o.o."; any other zoo is one
		if !isFiller(word) && !polish {
			telling = append(telling, word)
		}
	}
	if len(telling) == 0 {
		return all
	}
	return telling
}

// isFiller reports whether a word of a company's name is a legal form or a conjunction.
func isFiller(word string) bool {
	switch word {
	case "ltd", "limited", "llc", "llp", "lp", "inc", "incorporated", "corp", "corporation", "co", "company", "plc", // English
		"pvt", "private", "pte", "pty", "sdn", "bhd",
		"gmbh", "mbh", "ag", "kg", "ohg", "ug", "kft", "zrt", "sro", "doo", "sp", // German and to its east
		"sa", "sas", "sarl", "srl", "spa", "sl", "slu", "sau", "ltda", "cv", "sadecv", "eirl", // Romance
		"bv", "nv", "bvba", "ab", "aps", "oy", "oyj", "asa", // Low Countries and north
		"ooo", "oao", "zao", "pao", "ao", "jsc", "ojsc", "cjsc", "pjsc", "tov", "ооо", "оао", "зао", "пао", "ао", "тов", // Russian
		"fze", "fzc", "fzco", "fzllc", "dmcc", "wll", "sti", "sal", "pjs", // the Gulf, Turkey, Lebanon, Iran
		"the", "and", "of", "for":
		return true
	}
	return false
}

// speller brings the ways in which one foreign sound is written in Latin letters to one spelling: Mohammed and Muhamad, Rasheed and Rashid,
// Sergei and Sergey, Hussein and Husayn. Its words are for comparing only.
type speller struct{ sounds *strings.Replacer }

func newSpeller() speller {
	return speller{strings.NewReplacer(
		"tch", "ch", "sch", "sh", "ph", "f", "kh", "h", "gh", "g", "dj", "j", "ck", "k",
		"ee", "i", "ou", "u", "oo", "u", "x", "ks", "q", "k", "w", "v", "y", "i", "e", "a", "o", "u",
	)}
}

// spell returns the common spelling, "" for a word that has none: in another script, with a digit, or so short that too much would sound alike.
func (s speller) spell(word string) string {
	for _, r := range word {
		if r < 'a' || r > 'z' {
			return ""
		}
	}
	out := make([]byte, 0, len(word))
	for _, c := range []byte(s.sounds.Replace(word)) {
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	if len(out) < minFuzzyRunes {
		return ""
	}
	return string(out)
}
