package mail_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/mail"
	"dialtone/secret"
)

// to is a welcome mail to an address.
func to(address string) mail.Message {
	m := english(mail.Welcome)
	m.To = address
	return m
}

// What a real server says decides between later and never.
func TestARealServersVerdict(t *testing.T) {
	t.Parallel()
	server := startServer(t, mail.STARTTLS)
	right := server.config(mail.STARTTLS)
	wrongPassword, stranger := right, right
	wrongPassword.Password = secret.New("hunter2-hunter2")
	stranger.RootCAs = x509.NewCertPool()
	for name, tt := range map[string]struct {
		config  mail.Config
		address string
		kind    fault.Kind
		message string
		logged  string // part of the operator's line; "" for none
	}{
		"greylisted":     {right, "greylisted@example.com", fault.Unavailable, `it answered "451 4.7.1 Greylisted, please come back in 5 minutes". Try again later.`, ""},
		"no such person": {right, "unknown@example.com", fault.Invalid, `refuses the mail to unknown@example.com for good (naming the recipient): it answered "550 5.1.1 No such user here".`, ""},
		"disk full":      {right, "busy@example.com", fault.Unavailable, `(sending the mail): it answered "452 4.3.1 Out of disk space"`, ""},
		"mailbox full":   {right, "full@example.com", fault.Invalid, `(sending the mail): it answered "552 5.2.2 Mailbox is full"`, ""},
		"wrong password": {wrongPassword, "ada@example.com", fault.Unavailable, `refuses to work with us (logging in): it answered "535 5.7.8 Authentication credentials invalid". The operator must check`, `"step":"logging in"`},
		"a stranger":     {stranger, "ada@example.com", fault.Unavailable, "refuses to work with us (changing to TLS): ", "certificate signed by unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			tt.config.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			err := newSender(t, tt.config).Send(t.Context(), to(tt.address))
			require.Error(t, err)
			assert.Equal(t, tt.kind, fault.KindOf(err), "%v", err)
			assert.Contains(t, fault.Message(err), tt.message)
			assert.NotContains(t, err.Error()+log.String(), "hunter2")
			if tt.logged == "" {
				assert.Empty(t, log.String())
				return
			}
			assert.Contains(t, log.String(), tt.logged)
			assert.Contains(t, log.String(), `"level":"ERROR"`)
			assert.Contains(t, log.String(), `"mail":"job-1.welcome"`)
		})
	}
	t.Cleanup(func() { // after the parallel ones
		_, mails := server.delivered(t)
		assert.Empty(t, mails)
	})
}

// What a server says that no test server can be brought to say.
func TestAnOddServersVerdict(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		greeting string
		answers  map[string]string
		kind     fault.Kind
		message  string
		operator bool
	}{
		"going down":               {greeting: "421 4.3.2 Shutting down", kind: fault.Unavailable, message: `(at the greeting): it answered "421 4.3.2 Shutting down". Try again later.`},
		"no mail here":             {greeting: "554 No SMTP service here", kind: fault.Unavailable, message: `(at the greeting): it answered "554 No SMTP service here"`, operator: true},
		"no mail server":           {greeting: "HTTP/1.1 400 Bad Request", kind: fault.Unavailable, message: "(at the greeting): "},
		"gone at once":             {greeting: leaves, kind: fault.Unavailable, message: "(at the greeting): EOF"},
		"neither EHLO nor HELO":    {answers: map[string]string{"EHLO": "502 What?", "HELO": "502 What?"}, kind: fault.Unavailable, message: `"502 What?"`, operator: true},
		"not this sender":          {answers: map[string]string{"MAIL": "550 5.7.1 Sender refused"}, kind: fault.Unavailable, message: `(naming the sender): it answered "550 5.7.1 Sender refused"`, operator: true},
		"sender not now":           {answers: map[string]string{"MAIL": "451 Later"}, kind: fault.Unavailable, message: `"451 Later"`},
		"log in first":             {answers: map[string]string{"RCPT": "530 5.7.0 Authentication required"}, kind: fault.Unavailable, message: `(naming the recipient): it answered "530`, operator: true},
		"too much in this hour":    {answers: map[string]string{"RCPT": "450-4.7.1 Too many mails\r\n450 4.7.1 in this hour"}, kind: fault.Unavailable, message: `it answered "450 4.7.1 Too many mails".`},
		"no mails at all":          {answers: map[string]string{"DATA": "554 5.5.1 No valid recipients"}, kind: fault.Invalid, message: `(beginning the mail): it answered "554 5.5.1 No valid recipients"`},
		"gone in DATA":             {answers: map[string]string{"DATA": "354 Go on", ".": leaves}, kind: fault.Unavailable, message: "(sending the mail): EOF"},
		"gone before DATA":         {answers: map[string]string{"DATA": leaves}, kind: fault.Unavailable, message: "(beginning the mail): EOF"},
		"looks like spam":          {answers: map[string]string{".": "554 5.7.1 Looks like spam"}, kind: fault.Invalid, message: `(sending the mail): it answered "554 5.7.1 Looks like spam"`},
		"control characters":       {answers: map[string]string{"RCPT": "550 \x1b[31mred\x00\x7f \xff\u202egreen"}, kind: fault.Invalid, message: `it answered "550 [31mred green"`},
		"a long answer is cut":     {answers: map[string]string{"RCPT": "550 " + strings.Repeat("ä", 500)}, kind: fault.Invalid, message: `"550 ` + strings.Repeat("ä", 196) + `"`},
		"an answer of another age": {answers: map[string]string{"RCPT": "999 ?"}, kind: fault.Unavailable, message: `"999 ?"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := startOdd(t, tt.greeting, tt.answers).config(t)
			var log bytes.Buffer
			config.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			err := newSender(t, config).Send(t.Context(), english(mail.Welcome))
			require.Error(t, err)
			assert.Equal(t, tt.kind, fault.KindOf(err), "%v", err)
			assert.Contains(t, fault.Message(err), tt.message)
			assert.Equal(t, tt.operator, log.Len() > 0, "%s", log.String())
		})
	}
}

// A mail that was taken is sent, whatever the server does afterwards.
func TestTheGoodbyeDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, goodbye := range []string{leaves, "421 Too slow", "500 What?", "nonsense"} {
		server := startOdd(t, "", map[string]string{"QUIT": goodbye})
		require.NoError(t, newSender(t, server.config(t)).Send(t.Context(), english(mail.Welcome)), goodbye)
		assert.Equal(t, []string{
			"EHLO [127.0.0.1]", "MAIL FROM:<noreply@dialtone.example>", "RCPT TO:<ada@example.com>", "DATA", "QUIT",
		}, server.commands())
	}
}

// A server, or somebody in between, that hides STARTTLS hears neither the mail nor the password.
func TestNothingIsSaidInTheClear(t *testing.T) {
	t.Parallel()
	server := startOdd(t, "", nil)
	config := server.config(t)
	config.TLS, config.Username, config.Password = mail.STARTTLS, "dialtone", secret.New("hunter2-hunter2")
	var log bytes.Buffer
	config.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	err := newSender(t, config).Send(t.Context(), english(mail.Welcome))
	require.Error(t, err)
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.Contains(t, fault.Message(err), "(changing to TLS): it doesn't offer STARTTLS.")
	assert.Contains(t, log.String(), "it doesn't offer STARTTLS")
	assert.Equal(t, []string{"EHLO [127.0.0.1]"}, server.commands())
}

// Commands that somebody in between slips in before TLS begins are not taken for the server's.
func TestSTARTTLSBeginsAnew(t *testing.T) {
	t.Parallel()
	server := startOdd(t, "", map[string]string{
		"EHLO": "250-odd.example.net\r\n250 STARTTLS", "STARTTLS": "220 Go on\r\n250-odd.example.net\r\n250 AUTH PLAIN",
	})
	config := server.config(t)
	config.TLS, config.Username, config.Password = mail.STARTTLS, "dialtone", secret.New("hunter2-hunter2")
	err := newSender(t, config).Send(t.Context(), english(mail.Welcome))
	assert.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	assert.Contains(t, fault.Message(err), "(changing to TLS)")
	assert.NotContains(t, strings.Join(server.commands(), "\n"), "AUTH")
}

func TestLoggingIn(t *testing.T) {
	t.Parallel()
	const password = "hunter2-hunter2"
	echo := base64.StdEncoding.EncodeToString([]byte("\x00dialtone\x00" + password))
	for name, tt := range map[string]struct {
		offered  string
		answers  map[string]string
		commands []string // of logging in
		said     string   // "" if it works
	}{
		"PLAIN": {offered: "LOGIN PLAIN", commands: []string{"AUTH PLAIN " + echo}},
		"LOGIN": {
			offered: "LOGIN", answers: map[string]string{"AUTH LOGIN": "334 VXNlcm5hbWU6", "ZGLHBHRVBMU=": "334 UGFzc3dvcmQ6", "AHVUDGVYMI1ODW50ZXIY": "235 Welcome"},
			commands: []string{"AUTH LOGIN", "ZGlhbHRvbmU=", "aHVudGVyMi1odW50ZXIy"},
		},
		"neither":                 {offered: "XOAUTH2 GSSAPI", said: "it offers neither PLAIN nor LOGIN"},
		"the password comes back": {offered: "PLAIN", answers: map[string]string{"AUTH": "535 no user has " + password}, said: `"535 no user has ********"`},
		"in pieces":               {offered: "PLAIN", answers: map[string]string{"AUTH": "535 no hunter2\x00-hunter2"}, said: `"535 no ********"`},
		"encoded":                 {offered: "PLAIN", answers: map[string]string{"AUTH": "501 What is AUTH PLAIN " + echo + "?"}, said: `"501 What is AUTH PLAIN ********?"`},
		"as nonsense":             {offered: "PLAIN", answers: map[string]string{"AUTH": "you said " + echo}, said: "you said ********"},
		"as a question":           {offered: "PLAIN", answers: map[string]string{"AUTH": "334 ="}, said: "illegal base64 data"},
		"not now":                 {offered: "PLAIN", answers: map[string]string{"AUTH": "454 4.7.0 Temporary failure"}, said: `"454 4.7.0 Temporary failure"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]string{"EHLO": "250-odd.example.net\r\n250 AUTH " + tt.offered}
			for command, answer := range tt.answers {
				answers[command] = answer
			}
			server := startOdd(t, "", answers)
			config := server.config(t)
			config.Username, config.Password = "dialtone", secret.New(password)
			var log bytes.Buffer
			config.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			err := newSender(t, config).Send(t.Context(), english(mail.Welcome))
			if tt.said == "" {
				require.NoError(t, err)
				assert.Equal(t, tt.commands, server.commands()[1:1+len(tt.commands)])
				return
			}
			require.Error(t, err)
			assert.Equal(t, fault.Unavailable, fault.KindOf(err))
			assert.Contains(t, fault.Message(err), tt.said)
			assert.NotContains(t, err.Error()+log.String(), "hunter2")
			assert.NotContains(t, err.Error()+log.String(), echo)
			assert.NotContains(t, strings.Join(server.commands(), "\n"), "MAIL FROM")
		})
	}
}

// However long a server is silent, the end of the context ends it.
func TestTheContextEndsASilentServer(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]*oddServer{
		"at the greeting":      startOdd(t, hangs, nil),
		"at EHLO":              startOdd(t, "", map[string]string{"EHLO": hangs}),
		"naming the recipient": startOdd(t, "", map[string]string{"RCPT": hangs}),
		"sending the mail":     startOdd(t, "", map[string]string{".": hangs}),
		"at the goodbye":       startOdd(t, "", map[string]string{"QUIT": hangs}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-server.silent
				cancel()
			}()
			err := newSender(t, server.config(t)).Send(ctx, english(mail.Welcome))
			if name == "at the goodbye" {
				require.NoError(t, err, "the mail was taken")
				return
			}
			require.Error(t, err)
			assert.Equal(t, fault.Unavailable, fault.KindOf(err))
			assert.ErrorIs(t, err, context.Canceled)
			assert.Contains(t, fault.Message(err), "didn't take the mail over before the time for it ended")
		})
	}
}

// A TLS handshake that never comes to its end is ended, too.
func TestTheContextEndsASilentHandshake(t *testing.T) {
	t.Parallel()
	server := startOdd(t, hangs, nil)
	config := server.config(t)
	config.TLS = mail.ImplicitTLS
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-server.silent
		cancel()
	}()
	assert.ErrorIs(t, newSender(t, config).Send(ctx, english(mail.Welcome)), context.Canceled)
}

func TestNobodyIsThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	for host, message := range map[string]string{"127.0.0.1": "connection refused", "mail.invalid": "(connecting): "} {
		config := mail.Config{Host: host, Port: closed, From: "noreply@dialtone.example"}
		err := newSender(t, config).Send(t.Context(), english(mail.Welcome))
		require.Error(t, err)
		assert.Equal(t, fault.Unavailable, fault.KindOf(err))
		assert.Contains(t, fault.Message(err), message)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("we are closing"))
	err = newSender(t, mail.Config{Host: "127.0.0.1", Port: closed, From: "noreply@dialtone.example"}).Send(ctx, english(mail.Welcome))
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	assert.ErrorContains(t, err, "we are closing")
}

// A message that can't be written never reaches a server.
func TestAnInvalidMessageIsNotSent(t *testing.T) {
	t.Parallel()
	server := startOdd(t, "", nil)
	err := newSender(t, server.config(t)).Send(t.Context(), to("ada@example.com\r\nRCPT TO:<eve@example.com>"))
	assert.Equal(t, fault.Invalid, fault.KindOf(err))
	assert.Empty(t, server.commands())
}

// One sender serves many at once, each over a connection of its own.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	server := startOdd(t, "", nil)
	sender := newSender(t, server.config(t))
	results := make(chan error)
	for range 20 {
		go func() { results <- sender.Send(t.Context(), arabic(mail.Welcome)) }()
	}
	for range 20 {
		assert.NoError(t, <-results)
	}
	assert.Len(t, server.commands(), 100)
}

func TestInternationalDomains(t *testing.T) {
	t.Parallel()
	server := startOdd(t, "", nil)
	config := server.config(t)
	config.From = "noreply@bücher.example"
	require.NoError(t, newSender(t, config).Send(t.Context(), to("ada@例え.jp")))
	assert.Contains(t, server.commands(), "MAIL FROM:<noreply@xn--bcher-kva.example>")
	assert.Contains(t, server.commands(), "RCPT TO:<ada@xn--r8jz45g.jp>")
	got := read(t, server.taken())
	assert.Equal(t, "<job-1.welcome@xn--bcher-kva.example>", got.header.Get("Message-Id"))
	assert.Equal(t, "ada@xn--r8jz45g.jp", got.to.Address)
}
