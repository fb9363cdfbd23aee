package mail

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

// textFiles hold one language each, named by its letters, or by the whole locale where a language has more than one: pt_BR and pt_PT.
//
//go:embed texts/*.json
var textFiles embed.FS

// texts are the sentences of one language by their keys, and its direction: "ltr" or "rtl". Sentences may hold {name}, {brand} and {customer}.
type texts map[string]string

// loadTexts returns the texts for a supported locale, such as de_DE. It reads the file each time: mails are rare, and a cache would be a global.
func loadTexts(locale string) (texts, error) {
	letters, _, _ := strings.Cut(locale, "_")
	for _, name := range []string{locale, letters} {
		file, err := fs.ReadFile(textFiles, "texts/"+name+".json")
		if err != nil {
			continue // the other name then
		}
		var t texts
		if err := json.Unmarshal(file, &t); err != nil {
			return nil, fmt.Errorf("texts of mails in %s: %w", name, err)
		}
		return t, nil
	}
	return nil, fmt.Errorf("no texts of mails for %s", locale)
}

// segment is a piece of a sentence: either the translator's words, or a value such as a company's name, whose script may be another.
type segment struct {
	Text  string
	Value bool
}

// sentence is a translated sentence with its values in place.
type sentence []segment

// String joins the pieces for plain text.
func (s sentence) String() string {
	var b strings.Builder
	for _, piece := range s {
		b.WriteString(piece.Text)
	}
	return b.String()
}

// fill puts values in the place of {placeholders}, once: braces inside a value mean nothing. Unknown ones stay as they are.
func fill(text string, values map[string]string) sentence {
	var out sentence
	words := func(s string) {
		if s != "" {
			out = append(out, segment{Text: s})
		}
	}
	for {
		start := strings.IndexByte(text, '{')
		length := strings.IndexByte(text[max(start, 0):], '}')
		if start < 0 || length < 0 {
			words(text)
			return out
		}
		end := start + length + 1
		value, known := values[text[start+1:end-1]]
		if known {
			words(text[:start])
			out = append(out, segment{Text: value, Value: true})
		} else {
			words(text[:end])
		}
		text = text[end:]
	}
}
