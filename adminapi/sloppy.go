package adminapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// truth is a boolean that sloppy clients send as a string.
type truth bool

// UnmarshalJSON takes true and false, and both as strings.
func (b *truth) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseBool(string(bytes.Trim(bytes.TrimSpace(text), `"`)))
	if err != nil {
		return fmt.Errorf("neither true nor false: %w", err)
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

// whole is a whole number that sloppy clients send as a string.
type whole int

// UnmarshalJSON takes a whole number, and one as a string.
func (n *whole) UnmarshalJSON(text []byte) error {
	var value json.Number
	if err := json.Unmarshal(bytes.Trim(bytes.TrimSpace(text), `"`), &value); err != nil {
		return fmt.Errorf("no number: %w", err)
	}
	number, err := strconv.Atoi(value.String())
	if err != nil {
		return fmt.Errorf("no whole number: %w", err)
	}
	*n = whole(number)
	return nil
}

// Schema describes both forms.
func (n *whole) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Pattern: "^[0-9]+$"}}}
}
