package store

import (
	"encoding/json"
	"time"

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

func placeholders(n int) string {
	out := make([]byte, 0, 3*n)
	for i := range n {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, '?')
	}
	return string(out)
}
