package mail_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"dialtone/fault"
	"dialtone/mail"
)

func TestRender(t *testing.T) {
	t.Parallel()
	m := english(mail.Welcome)
	m.Language = "de_DE"
	got, err := mail.Render(m)
	require.NoError(t, err)
	assert.Equal(t, "Willkommen bei Example Telecom", got.Subject)
	assert.Equal(t, `Guten Tag Ada Lovelace,

Example Telecom hat Ihre Kommunikationsdienste bei Tom & Sons eingerichtet. Sie können sie ab sofort nutzen.

Wenn Sie ein Tischtelefon haben, schließen Sie es an das Netzwerk an: Es richtet sich selbst ein.

Konto öffnen:
https://hub.example.com/go?token=abc&step=1

Fragen? Hilfe finden Sie hier:
https://help.example.com/

-- `+`
Diese Nachricht wurde automatisch im Auftrag von Example Telecom versendet. Antworten darauf werden nicht gelesen.
`, got.Text)

	m.Name, m.Link, m.SupportURL = " ", "", ""
	got, err = mail.Render(m)
	require.NoError(t, err)
	assert.Equal(t, `Guten Tag,

Example Telecom hat Ihre Kommunikationsdienste bei Tom & Sons eingerichtet. Sie können sie ab sofort nutzen.

Wenn Sie ein Tischtelefon haben, schließen Sie es an das Netzwerk an: Es richtet sich selbst ein.

-- `+`
Diese Nachricht wurde automatisch im Auftrag von Example Telecom versendet. Antworten darauf werden nicht gelesen.
`, got.Text)
	assert.NotContains(t, got.HTML, "<a ")
	assert.NotContains(t, got.HTML, "Schaltfläche")
	assert.NotContains(t, got.HTML, "Fragen?")
}

// Every kind in every language is written in full, and its HTML loads nothing and leads nowhere but to the two links.
func TestEveryMail(t *testing.T) {
	t.Parallel()
	for _, locale := range strings.Fields(`en_US en_AU en_GB en_CA fr_FR fr_CA cs_CZ da_DK de_DE hu_HU id_ID it_IT ja_JP ko_KR es_ES es_CO es_MX nl_NL
		nb_NO pl_PL pt_PT pt_BR ru_RU ro_RO zh_CN zh_TW sv_SE ar_SA tr_TR`) {
		for _, kind := range mail.Kinds() {
			m := english(kind)
			m.Language = locale
			got, err := mail.Render(m)
			require.NoError(t, err)
			for part, text := range map[string]string{"subject": got.Subject, "text": got.Text, "html": got.HTML} {
				assert.NotContains(t, text, "{", "%s of %s in %s", part, kind, locale)
				assert.NotContains(t, text, "ZgotmplZ", "%s of %s in %s", part, kind, locale)
			}
			assert.Contains(t, got.Text, "Example Telecom")
			assert.Contains(t, got.Text, "Tom & Sons")
			assert.Contains(t, got.Text, "Ada Lovelace")

			tags, links := elements(t, got.HTML)
			direction := "ltr"
			if locale == "ar_SA" {
				direction = "rtl"
			}
			language := strings.ReplaceAll(locale, "_", "-")
			assert.Equal(t, []string{"lang=" + language, "dir=" + direction}, tags["html"])
			assert.Subset(t, tags["div"], []string{"lang=" + language, "dir=" + direction}, "where a mail program strips html and body")
			assert.Equal(t, []string{"https://hub.example.com/go?token=abc&step=1", "https://help.example.com/"}, links)
			for tag := range tags {
				assert.Contains(t, []string{"html", "head", "meta", "title", "body", "div", "h1", "p", "a", "br", "hr", "span", "bdi"}, tag)
			}
		}
	}
}

// elements are the attributes of all tags by their name, and where links lead. It fails for attributes that load something or run.
func elements(t *testing.T, document string) (tags map[string][]string, links []string) {
	t.Helper()
	tags = map[string][]string{}
	tokens := html.NewTokenizer(strings.NewReader(document))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return tags, links
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := tokens.Token()
		tags[token.Data] = append(tags[token.Data], []string{}...)
		for _, a := range token.Attr {
			tags[token.Data] = append(tags[token.Data], a.Key+"="+a.Val)
			assert.Contains(t, []string{"lang", "dir", "charset", "name", "content", "style", "role", "href"}, a.Key)
			assert.NotContains(t, strings.ToLower(a.Val), "url(")
			if a.Key == "href" {
				links = append(links, a.Val)
			}
		}
	}
}

// Names are text, whatever they look like.
func TestNamesAreNoMarkup(t *testing.T) {
	t.Parallel()
	m := english(mail.ConsentMove)
	m.Name, m.Brand, m.Customer = `<script>alert(1)</script>`, `{{.Link}}`, `"><img src=x onerror=alert(1)> {name}`
	got, err := mail.Render(m)
	require.NoError(t, err)
	tags, links := elements(t, got.HTML)
	assert.NotContains(t, tags, "script")
	assert.NotContains(t, tags, "img")
	assert.Len(t, links, 2)
	assert.Contains(t, got.HTML, "&lt;script&gt;alert(1)&lt;/script&gt;")
	assert.Contains(t, got.Text, `Hello <script>alert(1)</script>,`)
	assert.Contains(t, got.Text, `services from {{.Link}}.`)
	assert.Equal(t, `"><img src=x onerror=alert(1)> {name} would like to manage your account`, got.Subject)
}

// Whatever a message holds, it is refused or written: in one subject line, with its names as text.
func FuzzRender(f *testing.F) {
	f.Add("Ada", "Example Telecom", "Tom & Sons", "https://hub.example.com/?a=1&b=2", "de_DE", 0)
	f.Add("<b>", "{name}", "=?utf-8?q?x?=", "https://x/'", "ar", 1)
	f.Add("a\nb", "\u202e", "\xff", "javascript:1", "xx", 9)
	f.Fuzz(func(t *testing.T, name, brand, customer, link, language string, kind int) {
		m := english(mail.Kinds()[uint(kind)%4])
		m.Name, m.Brand, m.Customer, m.Link, m.Language = name, brand, customer, link, language
		got, err := mail.Render(m)
		if err != nil {
			assert.Equal(t, fault.Invalid, fault.KindOf(err), "%v", err)
			return
		}
		assert.False(t, strings.ContainsFunc(got.Subject, unicode.IsControl))
		assert.NotContains(t, got.HTML, "ZgotmplZ")
		for _, value := range []string{brand, customer} {
			assert.Contains(t, got.Text, strings.Join(strings.Fields(value), " "))
		}
		tags, links := elements(t, got.HTML)
		assert.Len(t, tags, map[bool]int{true: 13, false: 12}[link != ""], "%v", tags)
		assert.True(t, slices.Contains(links, "https://help.example.com/"))
	})
}
