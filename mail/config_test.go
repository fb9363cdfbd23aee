package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/mail"
	"dialtone/secret"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*mail.Config)
		field  string // "" if the config is right
	}{
		"the least":                 {func(*mail.Config) {}, ""},
		"an IPv6 address":           {func(c *mail.Config) { c.Host = "2001:db8::1" }, ""},
		"no host":                   {func(c *mail.Config) { c.Host = "" }, "Host"},
		"a host with a port":        {func(c *mail.Config) { c.Host = "mail.example.com:25" }, "Host"},
		"a host with a line break":  {func(c *mail.Config) { c.Host = "mail\r\n" }, "Host"},
		"a port too high":           {func(c *mail.Config) { c.Port = 65536 }, "Port"},
		"a port too low":            {func(c *mail.Config) { c.Port = -1 }, "Port"},
		"another mode":              {func(c *mail.Config) { c.TLS = "opportunistic" }, "TLS"},
		"in the clear":              {func(c *mail.Config) { c.TLS = mail.NoTLS }, ""},
		"no sender":                 {func(c *mail.Config) { c.From = "" }, "From"},
		"a sender with a name":      {func(c *mail.Config) { c.From = "X <x@example.com>" }, "From"},
		"a timeout too long":        {func(c *mail.Config) { c.Timeout = 11 * time.Minute }, "Timeout"},
		"a timeout before now":      {func(c *mail.Config) { c.Timeout = -1 }, "Timeout"},
		"credentials":               {func(c *mail.Config) { c.Username, c.Password = "u", secret.New("p") }, ""},
		"a user without a password": {func(c *mail.Config) { c.Username = "u" }, "Password"},
		"a password without a user": {func(c *mail.Config) { c.Password = secret.New("p") }, "Password"},
		"a user in two lines":       {func(c *mail.Config) { c.Username, c.Password = "u\n", secret.New("p") }, "Username"},
		"a password with a NUL":     {func(c *mail.Config) { c.Username, c.Password = "u", secret.New("p\x00") }, "Password"},
		"a password in the clear":   {func(c *mail.Config) { c.TLS, c.Username, c.Password = mail.NoTLS, "u", secret.New("p") }, "TLS"},
		"a password to ourselves":   {func(c *mail.Config) { c.Host, c.TLS, c.Username, c.Password = "::1", mail.NoTLS, "u", secret.New("p") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := mail.Config{Host: "mail.example.com", From: "noreply@example.com"}
			tt.change(&config)
			sender, err := mail.New(config)
			if tt.field == "" {
				require.NoError(t, err)
				assert.NotNil(t, sender)
				return
			}
			require.Error(t, err)
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
			require.Len(t, fault.ProblemsOf(err), 1)
			assert.Equal(t, tt.field, fault.ProblemsOf(err)[0].Field)
		})
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	password := secret.New("p@ss:w/r?d#1 +%")
	for text, want := range map[string]mail.Config{
		"smtp://mail.example.com?from=noreply@example.com":                     {Host: "mail.example.com", TLS: mail.STARTTLS},
		"smtp://mail.example.com/?from=noreply@example.com&tls=starttls":       {Host: "mail.example.com", TLS: mail.STARTTLS},
		"smtp://127.0.0.1:25?tls=none&from=noreply@example.com":                {Host: "127.0.0.1", Port: 25, TLS: mail.NoTLS},
		"smtps://mail.example.com:465?from=noreply%40example.com":              {Host: "mail.example.com", Port: 465, TLS: mail.ImplicitTLS},
		"smtps://[2001:db8::1]:2465?from=noreply@example.com&tls=tls":          {Host: "2001:db8::1", Port: 2465, TLS: mail.ImplicitTLS},
		"SMTP://u:p%40ss%3Aw%2Fr%3Fd%231%20+%25@h?from=noreply@example.com":    {Host: "h", TLS: mail.STARTTLS, Username: "u", Password: password},
		"smtp://u%40example.com:p@localhost?from=noreply@example.com&tls=none": {Host: "localhost", TLS: mail.NoTLS, Username: "u@example.com", Password: secret.New("p")},
	} {
		got, err := mail.ParseURL(text)
		require.NoError(t, err, text)
		want.From = "noreply@example.com"
		assert.True(t, want.Password.Equal(got.Password), text)
		got.Password, want.Password = secret.Text{}, secret.Text{}
		assert.Equal(t, want, got, text)
	}
	plus, err := mail.ParseURL("smtp://h?from=no%2Breply@example.com")
	require.NoError(t, err)
	assert.Equal(t, "no+reply@example.com", plus.From)
}

// Nothing of a URL is repeated: where a password isn't encoded, any part of it may be the password's.
func TestParseURLKeepsThePassword(t *testing.T) {
	t.Parallel()
	for text, message := range map[string]string{
		"":                                    "must begin with smtp:// or smtps://",
		"mail.example.com?from=a@b.c":         "must begin with smtp:// or smtps://",
		"https://mail.example.com?from=a@b.c": "must begin with smtp:// or smtps://",
		"hunter2:25?from=a@b.c":               "must begin with smtp:// or smtps://",
		"smtp:hunter2?from=a@b.c":             "must be SCHEME://",
		"smtp://?from=a@b.c":                  "names no host",
		"smtp://hunter2_x?from=a@b.c":         "names no host",
		"smtp://mail.example.com":             "needs from=ADDRESS",
		"smtp://mail.example.com?from=":       "needs from=ADDRESS",
		"smtp://mail.example.com?from=no+hunter2@example.com":       "a plus sign in it is written %2B",
		"smtp://mail.example.com?from=hunter2":                      "needs from=ADDRESS",
		"smtp://mail.example.com:0?from=a@b.c":                      "between 1 and 65535",
		"smtp://mail.example.com:99999?from=a@b.c":                  "between 1 and 65535",
		"smtp://mail.example.com/hunter2?from=a@b.c":                "must be SCHEME://",
		"smtp://mail.example.com?from=a@b.c#hunter2":                "must be SCHEME://",
		"smtp://mail.example.com?from=a@b.c&from=hunter2@b.c":       "each once, and nothing else",
		"smtp://mail.example.com?from=a@b.c&hunter2=1":              "each once, and nothing else",
		"smtp://mail.example.com?from=a@b.c;hunter2":                "can't be read",
		"smtp://mail.example.com?from=a@b.c&tls=hunter2":            "may have tls=starttls or tls=none",
		"smtp://mail.example.com?from=a@b.c&tls=tls":                "may have tls=starttls or tls=none",
		"smtps://mail.example.com?from=a@b.c&tls=none":              "may have tls=starttls or tls=none",
		"smtp://u@mail.example.com?from=a@b.c":                      "both user and password or neither",
		"smtp://:hunter2@mail.example.com?from=a@b.c":               "both user and password or neither",
		"smtp://u:hunter2%00@mail.example.com?from=a@b.c":           "without control characters",
		"smtp://u:hunter2@mail.example.com?from=a@b.c&tls=none":     "cross the network in the clear",
		"smtp://u:x/hunter2@mail.example.com?from=a@b.c":            "must be percent-encoded",
		"smtp://u:x?hunter2@mail.example.com?from=a@b.c":            "",
		"smtp://u:x#hunter2@mail.example.com?from=a@b.c":            "must be percent-encoded",
		"smtp://u:%zzhunter2@mail.example.com?from=a@b.c":           "must be percent-encoded",
		"smtp://u:hunter2\x7f@mail.example.com?from=a@b.c":          "must be percent-encoded",
		"smtp://mail.example.com?from=a@b.c&tls=none%zzhunter2":     "can't be read",
		" smtp://u:hunter2@mail.example.com?from=a@b.c":             "isn't a URL",
		"smtp://u:" + strings.Repeat("hunter2", 9) + "@?from=a@b.c": "names no host",
	} {
		_, err := mail.ParseURL(text)
		require.Error(t, err, text)
		assert.Equal(t, fault.Invalid, fault.KindOf(err), text)
		assert.Contains(t, err.Error(), message, text)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Contains(t, err.Error(), "mail server: ")
	}
}

// What ParseURL reads, New takes; what it refuses, it doesn't repeat.
func FuzzParseURL(f *testing.F) {
	f.Add("u", "hunter2", "mail.example.com:587", "from=noreply@example.com")
	f.Add("u", "h/u?n#ter@2", "127.0.0.1", "from=a@b.c&tls=none")
	f.Fuzz(func(t *testing.T, user, password, host, query string) {
		const mark = "zUnTeR2" // not a word of any message
		config, err := mail.ParseURL("smtp://" + user + ":" + mark + password + "@" + host + "?" + query + mark)
		if err != nil {
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
			assert.NotContains(t, err.Error(), mark)
			return
		}
		_, err = mail.New(config)
		assert.NoError(t, err)
	})
}
