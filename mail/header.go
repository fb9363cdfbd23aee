package mail

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// encodedBytes is how much of a text one encoded word holds here: with its marks it is 52 characters, which fit on a header's first line, too. The
// library's own words may be longer, and then begin on the second line, where some readers find a blank before them.
const encodedBytes = 30

// subjectHeader writes a subject as RFC 2047 wants it: ASCII as it is, everything else in encoded words that split no character. ASCII that looks
// like an encoded word is encoded as well, or the reader's program would decode it into something else.
func subjectHeader(s string) string {
	if isASCII(s) && !strings.Contains(s, "=?") {
		return s
	}
	var words []string
	for len(s) > 0 {
		end := min(encodedBytes, len(s))
		for end < len(s) && !utf8.RuneStart(s[end]) {
			end--
		}
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(s[:end]))+"?=")
		s = s[end:]
	}
	return strings.Join(words, " ")
}

// nameHeader prepares a name for the library, which quotes or encodes it. In quotes, what looks like an encoded word isn't one, but some readers
// decode it all the same: a blank in its mark takes that away.
func nameHeader(s string) string { return strings.ReplaceAll(oneLine(s), "=?", "= ?") }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
