package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// truth is a boolean that sloppy clients send as a string.
type truth bool

// isNull reports whether a JSON value is null, which counts as absent.
func isNull(text []byte) bool { return string(bytes.TrimSpace(text)) == "null" }

// UnmarshalJSON takes true and false, both as strings, and null for what isn't said.
func (b *truth) UnmarshalJSON(text []byte) error {
	if isNull(text) {
		return nil
	}
	value, err := strconv.ParseBool(string(bytes.Trim(bytes.TrimSpace(text), `"`)))
	if err != nil {
		return errors.New("must be true or false")
	}
	*b = truth(value)
	return nil
}

// Schema describes both forms.
func (b *truth) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeBoolean}, {Type: huma.TypeString, Enum: []any{"true", "false"}}}}
}

// plain returns a boolean that may be absent.
func (b *truth) plain() *bool {
	if b == nil {
		return nil
	}
	value := bool(*b)
	return &value
}

// anyObject is a JSON object that the core reads.
type anyObject json.RawMessage

// UnmarshalJSON keeps the text; null is as if it were absent.
func (o *anyObject) UnmarshalJSON(text []byte) error {
	*o = nil
	if !isNull(text) {
		*o = bytes.Clone(text)
	}
	return nil
}

// Schema says that it is an object, of any kind.
func (o *anyObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// whole is a whole number that sloppy clients send as a string.
type whole int

// UnmarshalJSON takes a whole number, one as a string, and null for what isn't said.
func (n *whole) UnmarshalJSON(text []byte) error {
	if isNull(text) {
		return nil
	}
	number, err := strconv.Atoi(string(bytes.Trim(bytes.TrimSpace(text), `"`)))
	if err != nil {
		return errors.New("must be a whole number")
	}
	*n = whole(number)
	return nil
}

// Schema describes both forms.
func (n *whole) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Pattern: "^[0-9]+$"}}}
}
