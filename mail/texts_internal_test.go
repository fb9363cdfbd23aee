package mail

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
)

// The locales of product rule 5.
var locales = strings.Fields(`en_US en_AU en_GB en_CA fr_FR fr_CA cs_CZ da_DK de_DE hu_HU id_ID it_IT ja_JP ko_KR es_ES es_CO es_MX nl_NL nb_NO pl_PL
	pt_PT pt_BR ru_RU ro_RO zh_CN zh_TW sv_SE ar_SA tr_TR`)

func TestEveryLocaleHasTexts(t *testing.T) {
	t.Parallel()
	require.Len(t, locales, 29)
	for _, locale := range locales {
		known, ok := customer.Locale(locale, "")
		assert.True(t, ok && known == locale, locale)
		_, err := loadTexts(locale)
		assert.NoError(t, err, locale)
	}
	_, err := loadTexts("xx_XX")
	assert.EqualError(t, err, "no texts of mails for xx_XX")
}

// Every language says everything that English says, with the same values, and nothing else.
func TestNoTextIsMissing(t *testing.T) {
	t.Parallel()
	english, err := loadTexts("en_US")
	require.NoError(t, err)
	for _, kind := range Kinds() {
		for _, key := range []string{".subject", ".1", ".2", ".action"} {
			assert.Contains(t, english, string(kind)+key)
		}
	}
	files, err := textFiles.ReadDir("texts")
	require.NoError(t, err)
	require.Len(t, files, 23)
	for _, file := range files {
		language := strings.TrimSuffix(file.Name(), ".json")
		translated, err := loadTexts(language)
		require.NoError(t, err)
		for key, text := range english {
			if assert.NotEmpty(t, translated[key], "%s lacks %s", file.Name(), key) {
				assert.Equal(t, placeholders(text), placeholders(translated[key]), "the values in %s of %s", key, file.Name())
			}
		}
		for key, text := range translated {
			assert.Contains(t, english, key, "%s says more than English", file.Name())
			assert.Equal(t, strings.TrimSpace(text), text, "%s of %s", key, file.Name())
			assert.NotContains(t, text, "\n", "%s of %s", key, file.Name())
		}
		want := "ltr"
		if language == "ar" {
			want = "rtl"
		}
		assert.Equal(t, want, translated["direction"], file.Name())
	}
}

// Translations that were forgotten look like English.
func TestNoTextIsLeftInEnglish(t *testing.T) {
	t.Parallel()
	english, err := loadTexts("en_US")
	require.NoError(t, err)
	for _, locale := range locales {
		if strings.HasPrefix(locale, "en_") {
			continue
		}
		translated, err := loadTexts(locale)
		require.NoError(t, err)
		for key, text := range english {
			if key != "direction" {
				assert.NotEqual(t, text, translated[key], "%s in %s", key, locale)
			}
		}
	}
}

// Variants of a language have texts of their own where they differ in writing.
func TestVariants(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"pt_BR": "Se você não conhece {customer}, pode ignorar esta mensagem.", "pt_PT": "Se não conhece {customer}, pode ignorar esta mensagem.",
		"zh_CN": "如果您不认识 {customer}，可以忽略此邮件。", "zh_TW": "如果您不認識 {customer}，可以忽略此郵件。",
		"es_MX": "Si no conoce a {customer}, puede ignorar este mensaje.", "en_GB": "If you don’t know {customer}, you can ignore this message.",
	} {
		translated, err := loadTexts(locale)
		require.NoError(t, err)
		assert.Equal(t, want, translated["consent_move.3"], locale)
	}
}

// placeholders are the different values of a sentence, in order; a language may say one twice.
func placeholders(text string) []string {
	found := regexp.MustCompile(`\{[^}]*\}`).FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestFill(t *testing.T) {
	t.Parallel()
	values := map[string]string{"name": "{brand}", "brand": "X", "empty": ""}
	for text, want := range map[string]sentence{
		"":                  nil,
		"plain":             {{Text: "plain"}},
		"{name}":            {{Text: "{brand}", Value: true}},
		"a {brand} b":       {{Text: "a "}, {Text: "X", Value: true}, {Text: " b"}},
		"{brand}{brand}":    {{Text: "X", Value: true}, {Text: "X", Value: true}},
		"{other} {brand}":   {{Text: "{other}"}, {Text: " "}, {Text: "X", Value: true}},
		"} { {brand":        {{Text: "} { {brand"}},
		"{{brand}}":         {{Text: "{{brand}"}, {Text: "}"}},
		"{empty}":           {{Text: "", Value: true}},
		"Größe {brand} ü{}": {{Text: "Größe "}, {Text: "X", Value: true}, {Text: " ü{}"}},
	} {
		assert.Equal(t, want, fill(text, values), text)
	}
}
