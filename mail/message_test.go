package mail_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/mail"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*mail.Message)
		field  string // "" if the message is right
	}{
		"all given":                  {func(*mail.Message) {}, ""},
		"no name":                    {func(m *mail.Message) { m.Name = "" }, ""},
		"no help":                    {func(m *mail.Message) { m.SupportURL = "" }, ""},
		"a welcome without a link":   {func(m *mail.Message) { m.Link = "" }, ""},
		"a set-up without a link":    {func(m *mail.Message) { m.Kind, m.Link = mail.SetupComplete, "" }, ""},
		"a consent without a link":   {func(m *mail.Message) { m.Kind, m.Link = mail.ConsentMove, "" }, "link"},
		"an invite without a link":   {func(m *mail.Message) { m.Kind, m.Link = mail.AdminInvite, "" }, "link"},
		"no kind":                    {func(m *mail.Message) { m.Kind = "" }, "kind"},
		"another kind":               {func(m *mail.Message) { m.Kind = "invoice" }, "kind"},
		"no id":                      {func(m *mail.Message) { m.ID = "" }, "id"},
		"an id of 64":                {func(m *mail.Message) { m.ID = strings.Repeat("x", 64) }, ""},
		"an id of 65":                {func(m *mail.Message) { m.ID = strings.Repeat("x", 65) }, "id"},
		"an id with two dots":        {func(m *mail.Message) { m.ID = "a..b" }, "id"},
		"an id with a line break":    {func(m *mail.Message) { m.ID = "a\n" }, "id"},
		"an id with an @":            {func(m *mail.Message) { m.ID = "a@b" }, "id"},
		"no address":                 {func(m *mail.Message) { m.To = "" }, "to"},
		"an address with a name":     {func(m *mail.Message) { m.To = "Ada <ada@example.com>" }, "to"},
		"two addresses":              {func(m *mail.Message) { m.To = "ada@example.com,eve@example.com" }, "to"},
		"no domain":                  {func(m *mail.Message) { m.To = "ada" }, "to"},
		"a domain with a blank":      {func(m *mail.Message) { m.To = "ada@example .com" }, "to"},
		"an address in brackets":     {func(m *mail.Message) { m.To = "ada@[192.0.2.1]" }, "to"},
		"a quoted address":           {func(m *mail.Message) { m.To = `"a b"@example.com` }, "to"},
		"an address with more":       {func(m *mail.Message) { m.To = "ada@example.com\r\nBcc: eve@example.com" }, "to"},
		"an address in Cyrillic":     {func(m *mail.Message) { m.To = "ада@example.com" }, "to"},
		"an international domain":    {func(m *mail.Message) { m.To = "ada@bücher.example" }, ""},
		"an address with a plus":     {func(m *mail.Message) { m.To = "ada+phone@example.com" }, ""},
		"an address of 255":          {func(m *mail.Message) { m.To = strings.Repeat("a", 243) + "@example.com" }, "to"},
		"no language":                {func(m *mail.Message) { m.Language = "" }, "language"},
		"another language":           {func(m *mail.Message) { m.Language = "tlh" }, "language"},
		"the letters of a language":  {func(m *mail.Message) { m.Language = "de" }, ""},
		"a language as the Web says": {func(m *mail.Message) { m.Language = "pt-br" }, ""},
		"no brand":                   {func(m *mail.Message) { m.Brand = "" }, "brand"},
		"a blank brand":              {func(m *mail.Message) { m.Brand = " \u00a0" }, "brand"},
		"no customer":                {func(m *mail.Message) { m.Customer = "" }, "customer"},
		"a name of 200":              {func(m *mail.Message) { m.Name = strings.Repeat("ä", 200) }, ""},
		"a name of 201":              {func(m *mail.Message) { m.Name = strings.Repeat("ä", 201) }, "name"},
		"a name in two lines":        {func(m *mail.Message) { m.Name = "Ada\r\nBcc: eve@example.com" }, "name"},
		"a brand in two lines":       {func(m *mail.Message) { m.Brand = "X\nBcc: eve@example.com" }, "brand"},
		"a customer with a NUL":      {func(m *mail.Message) { m.Customer = "A\x00" }, "customer"},
		"a line separator":           {func(m *mail.Message) { m.Customer = "A\u2028B" }, "customer"},
		"a direction override":       {func(m *mail.Message) { m.Customer = "A\u202eB" }, "customer"},
		"a direction isolate":        {func(m *mail.Message) { m.Customer = "A\u2067B" }, "customer"},
		"a direction mark":           {func(m *mail.Message) { m.Customer = "A\u200fB" }, ""},
		"half a character":           {func(m *mail.Message) { m.Name = "\xc3" }, "name"},
		"a link without a host":      {func(m *mail.Message) { m.Link = "https:///x" }, "link"},
		"a link to a script":         {func(m *mail.Message) { m.Link = "javascript:alert(1)" }, "link"},
		"a link to a path":           {func(m *mail.Message) { m.Link = "/x" }, "link"},
		"a link with a user":         {func(m *mail.Message) { m.Link = "https://bank.example@evil.example/" }, "link"},
		"a link with a blank":        {func(m *mail.Message) { m.Link = "https://hub.example.com/a b" }, "link"},
		"a link with a quote":        {func(m *mail.Message) { m.Link = `https://hub.example.com/"` }, "link"},
		"a link with a line break":   {func(m *mail.Message) { m.Link = "https://hub.example.com/\n" }, "link"},
		"a link outside ASCII":       {func(m *mail.Message) { m.Link = "https://hub.example.com/ä" }, "link"},
		"a link of 2001":             {func(m *mail.Message) { m.Link = "https://hub.example.com/" + strings.Repeat("x", 2001-24) }, "link"},
		"a link of 2000":             {func(m *mail.Message) { m.Link = "http://hub.example.com/" + strings.Repeat("x", 2000-23) }, ""},
		"help by mail":               {func(m *mail.Message) { m.SupportURL = "mailto:help@example.com" }, "supportUrl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := english(mail.Welcome)
			tt.change(&m)
			err := m.Validate()
			_, renderErr := mail.Render(m)
			assert.Equal(t, err, renderErr, "Render refuses what Validate does")
			if tt.field == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
			require.Len(t, fault.ProblemsOf(err), 1)
			assert.Equal(t, tt.field, fault.ProblemsOf(err)[0].Field)
		})
	}
}

func TestValidateSaysEverythingAtOnce(t *testing.T) {
	t.Parallel()
	err := mail.Message{Name: "\n", SupportURL: "x"}.Validate()
	var fields []string
	for _, problem := range fault.ProblemsOf(err) {
		fields = append(fields, problem.Field)
	}
	assert.Equal(t, []string{"id", "kind", "to", "language", "name", "brand", "customer", "supportUrl"}, fields)
	assert.Contains(t, fault.Message(err), "This mail can't be written: id must have 1 to 64 letters")
}

// Messages wait in a queue as JSON.
func TestMessagesSurviveJSON(t *testing.T) {
	t.Parallel()
	for _, m := range []mail.Message{english(mail.Welcome), arabic(mail.ConsentMove)} {
		text, err := json.Marshal(m)
		require.NoError(t, err)
		var back mail.Message
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, m, back)
	}
	text, err := json.Marshal(mail.Message{ID: "1", Kind: mail.SetupComplete, To: "a@b.c", Language: "en_US", Brand: "B", Customer: "C"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"1","kind":"setup_complete","to":"a@b.c","language":"en_US","brand":"B","customer":"C"}`, string(text))
}
