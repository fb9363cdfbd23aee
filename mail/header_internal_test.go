package mail

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSubjectHeader(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		"":                   "",
		"Welcome to X":       "Welcome to X",
		"Willkommen bei Süß": "=?UTF-8?B?V2lsbGtvbW1lbiBiZWkgU8O8w58=?=",
		"=?utf-8?q?=0A?=":    "=?UTF-8?B?PT91dGYtOD9xPz0wQT89?=",
		"歡迎使用歡迎使用歡迎":         "=?UTF-8?B?5q2h6L+O5L2/55So5q2h6L+O5L2/55So5q2h6L+O?=",
		"歡迎使用歡迎使用歡迎使":        "=?UTF-8?B?5q2h6L+O5L2/55So5q2h6L+O5L2/55So5q2h6L+O?= =?UTF-8?B?5L2/?=",
		"a歡迎使用歡迎使用歡迎":        "=?UTF-8?B?Yeatoei/juS9v+eUqOatoei/juS9v+eUqOatoQ==?= =?UTF-8?B?6L+O?=", // no character is split
	} {
		assert.Equal(t, want, subjectHeader(subject), subject)
	}
}

// What is encoded comes back, in words that RFC 2047 section 2 allows.
func FuzzSubjectHeader(f *testing.F) {
	f.Add("Welcome")
	f.Add("Größe 名前 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉 =?utf-8?q?x?=")
	f.Fuzz(func(t *testing.T, subject string) {
		if !utf8.ValidString(subject) {
			return
		}
		header := subjectHeader(subject)
		got, err := new(mime.WordDecoder).DecodeHeader(header)
		require.NoError(t, err)
		assert.Equal(t, subject, got)
		if header != subject {
			for word := range strings.SplitSeq(header, " ") {
				assert.LessOrEqual(t, len(word), 52)
			}
		}
	})
}
