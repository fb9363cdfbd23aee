package mail

import (
	_ "embed" // for the HTML of a mail
	"html/template"
	"strconv"
	"strings"

	"dialtone/fault"
)

// Rendered is a mail as its reader sees it. Line ends are \n.
type Rendered struct {
	Subject string // one line
	Text    string // plain text; paragraphs are single lines, links stand alone on theirs
	HTML    string // a document that loads nothing from anywhere
}

// layout is the HTML of every mail. It sets no colours but those of the button, which come as a pair: so it reads well on dark screens too.
//
//go:embed message.html.tmpl
var layout string

// page is what the layout shows.
type page struct {
	Language, Direction string // as HTML wants them: "de-DE", "ltr"
	Title               string
	Heading, Greeting   sentence
	Paragraphs          []sentence
	Link                string // "" for none; then there are no Action and LinkHint
	Action, LinkHint    sentence
	SupportURL          string // "" for none; then there is no Support
	Support             sentence
	Footer              sentence
}

// Render writes a message in its language. It returns fault.Invalid, with fields, for a message that Validate refuses.
func Render(m Message) (Rendered, error) {
	if err := m.Validate(); err != nil {
		return Rendered{}, err
	}
	t, err := loadTexts(m.locale())
	if err != nil {
		return Rendered{}, fault.Wrap(fault.Internal, err, "A mail can't be written.")
	}
	p := newPage(m, t)
	document, err := p.html()
	if err != nil {
		return Rendered{}, fault.Wrap(fault.Internal, err, "A mail can't be written.")
	}
	return Rendered{Subject: p.Title, Text: p.text(), HTML: document}, nil
}

func newPage(m Message, t texts) page {
	values := map[string]string{"name": oneLine(m.Name), "brand": oneLine(m.Brand), "customer": oneLine(m.Customer)}
	say := func(key string) sentence { return fill(t[key], values) }
	kind := string(m.Kind)
	p := page{
		Language: strings.ReplaceAll(m.locale(), "_", "-"), Direction: t["direction"],
		Title: say(kind + ".subject").String(), Heading: say(kind + ".subject"),
		Greeting: say("greeting"),
		Link:     m.Link, Action: say(kind + ".action"), LinkHint: say("linkHint"),
		SupportURL: m.SupportURL, Support: say("support"),
		Footer: say("footer"),
	}
	if values["name"] == "" {
		p.Greeting = say("greetingWithoutName")
	}
	for n := 1; t[paragraphKey(kind, n)] != ""; n++ {
		p.Paragraphs = append(p.Paragraphs, say(paragraphKey(kind, n)))
	}
	return p
}

// paragraphKey is the key of a kind's paragraph; n counts from 1.
func paragraphKey(kind string, n int) string { return kind + "." + strconv.Itoa(n) }

// oneLine takes blanks off the ends and makes every row of them one. In a header, a row of blanks could be folded into a line that looks empty.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// text writes the page as plain text.
func (p page) text() string {
	blocks := []string{p.Greeting.String()}
	for _, paragraph := range p.Paragraphs {
		blocks = append(blocks, paragraph.String())
	}
	if p.Link != "" {
		blocks = append(blocks, p.Action.String()+":\n"+p.Link)
	}
	if p.SupportURL != "" {
		blocks = append(blocks, p.Support.String()+"\n"+p.SupportURL)
	}
	blocks = append(blocks, "-- \n"+p.Footer.String()) // the mark that mail programs know as the beginning of a signature (RFC 3676 section 4.3)
	return strings.Join(blocks, "\n\n") + "\n"
}

// html writes the page as HTML. Every value passes html/template's escaping: no text of ours or of a translator is ever trusted as markup.
func (p page) html() (string, error) {
	t, err := template.New("message").Option("missingkey=error").Parse(layout)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, p); err != nil {
		return "", err
	}
	return b.String(), nil
}
