package store

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"dialtone/fault"
)

// micros is how times are kept: microseconds since 1970, 0 for no time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// encode writes a value as JSON for a text column.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "a value can't be written as JSON")
	}
	return string(b), nil
}

// decode reads a text column that we wrote; what can't be read stays empty, and that can only be after somebody changed the table by hand.
func decode[T any](text string) T {
	var v T
	_ = json.Unmarshal([]byte(text), &v)
	return v
}

// nullable makes an absent reference of an empty id.
func nullable[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

// flag is how booleans are kept.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// storable reports whether every text of some arguments can be in a row: UTF-8 without NUL, which PostgreSQL refuses.
func storable(args []any) bool {
	for _, a := range args {
		if text, ok := a.(string); ok && !isText(text) {
			return false
		}
	}
	return true
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// cleaned makes a text storable that a stranger sent and that is kept for people to read: what isn't a character becomes U+FFFD, and no more than so
// many bytes are kept.
func cleaned(s string, most int) string {
	if !isText(s) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	}
	for len(s) > most {
		_, size := utf8.DecodeLastRuneInString(s[:most+1])
		s = s[:most+1-size]
	}
	return s
}

// fold makes texts equal that differ only by case, in every script: SQLite's own lower() knows ASCII alone.
func fold(s string) string { return strings.ToLower(s) }

// nilOr makes one list of another; an empty one makes nil.
func nilOr[A, B any](list []A, each func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i, v := range list {
		out[i] = each(v)
	}
	return out
}
