package mail_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/mail"
)

// Names can't write headers: those with line breaks are refused, all others arrive as they are.
func TestNamesAreNoHeaders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"A\r\nBcc: eve@example.com", "A\nBcc: eve@example.com", "A\r\n\r\nbody", "A\x00", "A\u2028B", "A\x85B"} {
		server := startOdd(t, "", nil)
		for _, set := range []func(*mail.Message){
			func(m *mail.Message) { m.Name = name }, func(m *mail.Message) { m.Brand = name }, func(m *mail.Message) { m.Customer = name },
		} {
			m := english(mail.AdminInvite)
			set(&m)
			assert.Equal(t, fault.Invalid, fault.KindOf(newSender(t, server.config(t)).Send(t.Context(), m)), "%q", name)
		}
		assert.Empty(t, server.commands())
	}
	for name, shown := range map[string]string{
		`Tom "the phone" <eve@example.com>, x`:     `Tom "the phone" <eve@example.com>, x`,
		`back\slash`:                               `back\slash`,
		"  two   blanks \u00a0 ":                   "two blanks",
		strings.Repeat("w ", 99) + "w":             strings.Repeat("w ", 99) + "w",
		strings.Repeat("w", 200):                   strings.Repeat("w", 200),
		strings.Repeat("字", 200):                   strings.Repeat("字", 200),
		strings.Repeat("ж ", 99) + "ж":             strings.Repeat("ж ", 99) + "ж",
		"Größe €uro 🎉 名前":                          "Größe €uro 🎉 名前",
		"=?utf-8?q?=0D=0ABcc:_eve@example.com?=":   "= ?utf-8?q?=0D=0ABcc:_eve@example.com?=",
		"ü =?utf-8?q?=0D=0ABcc:_eve@example.com?=": "ü = ?utf-8?q?=0D=0ABcc:_eve@example.com?=",
	} {
		server := startOdd(t, "", nil)
		m := english(mail.AdminInvite)
		m.Name, m.Brand, m.Customer = name, name, name
		require.NoError(t, newSender(t, server.config(t)).Send(t.Context(), m))
		got := read(t, server.taken())
		assert.Equal(t, shown, got.from.Name)
		assert.Equal(t, shown, got.to.Name)
		assert.Equal(t, "ada@example.com", got.to.Address)
		assert.Equal(t, "Invitation to administer "+strings.Join(strings.Fields(name), " "), got.subject)
		assert.Len(t, got.header, 10, "%v", got.header)
		headers, _, _ := strings.Cut(server.taken(), "\r\n\r\n")
		for line := range strings.SplitSeq(headers, "\r\n") {
			assert.LessOrEqual(t, len(line), 250, "RFC 5322 section 2.1.1 allows 998; only one long word comes near")
			assert.NotEmpty(t, strings.TrimSpace(line))
			assert.False(t, strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }), "%q", line)
		}
	}
}
