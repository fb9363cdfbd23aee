package customer

import "strings"

// locales are the supported locales; the first of each language is its default (product rule 5).
func locales() []string {
	return []string{
		"en_US", "en_AU", "en_GB", "en_CA", "fr_FR", "fr_CA", "cs_CZ", "da_DK", "de_DE", "hu_HU", "id_ID", "it_IT", "ja_JP", "ko_KR",
		"es_ES", "es_CO", "es_MX", "nl_NL", "nb_NO", "pl_PL", "pt_PT", "pt_BR", "ru_RU", "ro_RO", "zh_CN", "zh_TW", "sv_SE", "ar_SA", "tr_TR",
	}
}

// Locale completes what somebody asked for to a supported locale: as asked, or the language in the country, or the language's default.
// False when the language isn't supported. Case and '-' for '_' don't matter.
func Locale(asked, country string) (string, bool) {
	lang, region, hasRegion := strings.Cut(strings.ReplaceAll(asked, "-", "_"), "_")
	lang = strings.ToLower(lang)
	if !hasRegion {
		region = country
	}
	if l := lang + "_" + strings.ToUpper(region); supported(l) {
		return l, true
	}
	if hasRegion {
		return "", false
	}
	for _, l := range locales() {
		if strings.HasPrefix(l, lang+"_") {
			return l, true
		}
	}
	return "", false
}

func supported(locale string) bool {
	for _, l := range locales() {
		if l == locale {
			return true
		}
	}
	return false
}

// language reads a locale that may be absent, when fallback holds.
func (p *problems) language(field, asked, country, fallback string) string {
	if strings.TrimSpace(asked) == "" {
		return fallback
	}
	l, ok := Locale(strings.TrimSpace(asked), country)
	if !ok {
		p.reject(field, asked, "must be a supported language, such as en or de_DE")
	}
	return l
}

// MeetingLocale is the language of a customer's meeting site: the customer's own, but for those that meeting sites don't have, which get English
// (product rule 5). So does what is no supported locale.
func MeetingLocale(locale string) string {
	switch locale {
	case "es_CO", "id_ID", "nb_NO", "pt_PT":
		return "en_US"
	}
	if !supported(locale) {
		return "en_US"
	}
	return locale
}
