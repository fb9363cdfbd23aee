package mail

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail/smtp"

	"dialtone/secret"
)

// step is where in the transaction something failed, in words for a person.
type step string

const (
	connecting   step = "connecting"
	greeting     step = "at the greeting"
	encrypting   step = "changing to TLS"
	loggingIn    step = "logging in"
	namingFrom   step = "naming the sender"
	namingTo     step = "naming the recipient"
	beginning    step = "beginning the mail"
	transferring step = "sending the mail"
)

// failure is why a transaction ended early.
type failure struct {
	step step
	err  error
}

// Errors that are ours and not the server's.
var (
	errNoTLS        = errors.New("it doesn't offer STARTTLS")
	errNoLogin      = errors.New("it offers neither PLAIN nor LOGIN")
	errTooTalkative = errors.New("it talks without end")
)

// transact runs one SMTP transaction (RFC 5321 section 3.3). It uses the library's protocol client and not its one-call Send, which reports a mail
// that was taken as failed when the goodbye after it fails, and leaves the connection open when the hello fails.
func (s *Sender) transact(ctx context.Context, to address, body []byte) *failure {
	conn, err := s.dial(ctx, "tcp", s.server())
	if err != nil {
		return &failure{connecting, err}
	}
	defer hangUp(ctx, conn)()
	client, failed := s.open(ctx, &boundedConn{Conn: conn, left: maxTalk})
	if failed != nil {
		return failed
	}
	if err := s.logIn(client); err != nil {
		return &failure{loggingIn, err}
	}
	if failed := deliver(client, s.from, to, body); failed != nil {
		return failed
	}
	_ = client.Quit() // a courtesy: the mail is the server's already
	return nil
}

// hangUp closes the connection as soon as ctx ends, which ends every read and write on it. The function that it returns closes it anyway, and waits
// until nothing of ours runs any more.
func hangUp(ctx context.Context, conn net.Conn) func() {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = conn.Close()
	})
	return func() {
		if !stop() {
			<-closed
		}
		_ = conn.Close()
	}
}

// open exchanges greetings, under TLS as the mode wants it.
func (s *Sender) open(ctx context.Context, conn net.Conn) (*smtp.Client, *failure) {
	settings := &tls.Config{ServerName: strings.TrimSuffix(s.config.Host, "."), RootCAs: s.config.RootCAs, MinVersion: tls.VersionTLS12}
	ourselves := literal(conn.LocalAddr())
	if s.config.TLS == ImplicitTLS {
		secured := tls.Client(conn, settings)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, &failure{encrypting, err}
		}
		conn = secured
	}
	client, err := smtp.NewClient(conn, s.config.Host)
	if err != nil {
		return nil, &failure{greeting, err}
	}
	client.SkipSMTPUTF8(true) // addresses and headers are ASCII
	if err := client.Hello(ourselves); err != nil {
		return nil, &failure{greeting, err}
	}
	if s.config.TLS != STARTTLS {
		return client, nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return nil, &failure{encrypting, errNoTLS}
	}
	if err := client.StartTLS(settings); err != nil {
		return nil, &failure{encrypting, err}
	}
	return client, nil
}

// literal is how we name ourselves: by address, as a host may that doesn't know its name (RFC 5321 section 4.1.3).
func literal(local net.Addr) string {
	at, err := netip.ParseAddrPort(local.String())
	if err != nil {
		return "localhost"
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

// logIn proves who we are (RFC 4954), if there are credentials. Under TLS, PLAIN is as good as any, and the one that works everywhere; some know
// LOGIN alone.
func (s *Sender) logIn(client *smtp.Client) error {
	if s.config.Username == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	user, password, host := s.config.Username, s.config.Password.Reveal(), s.config.Host
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return client.Auth(smtp.PlainAuth("", user, password, host, false))
	case slices.Contains(mechanisms, "LOGIN"):
		return client.Auth(smtp.LoginAuth(user, password, host, false))
	default:
		return errNoLogin
	}
}

// deliver hands one mail over.
func deliver(client *smtp.Client, from, to address, body []byte) *failure {
	if err := client.Mail("<" + from.String() + ">"); err != nil {
		return &failure{namingFrom, err}
	}
	if err := client.Rcpt("<" + to.String() + ">"); err != nil {
		return &failure{namingTo, err}
	}
	data, err := client.Data()
	if err != nil {
		return &failure{beginning, err}
	}
	if _, err := data.Write(body); err != nil {
		return &failure{transferring, err}
	}
	if err := data.Close(); err != nil { // the server's verdict
		return &failure{transferring, err}
	}
	return nil
}

// maxTalk bounds what a server may say in one transaction, TLS included, in bytes: a real one says a few thousand, and the library reads lines of any
// length.
const maxTalk = 256 << 10

// boundedConn stops reading from a server that doesn't stop talking.
type boundedConn struct {
	net.Conn
	left int
}

// Read reads up to the bound.
func (c *boundedConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooTalkative
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// code is the server's reply code (RFC 5321 section 4.2), 0 when there was no reply.
func (f *failure) code() int {
	if reply, ok := errors.AsType[*textproto.Error](f.err); ok {
		return reply.Code
	}
	return 0
}

// permanent reports whether the server refused this recipient or this mail for good. A 530 is about us, not about them: "log in first" (RFC 4954
// section 6) or "change to TLS first" (RFC 3207 section 4).
func (f *failure) permanent() bool {
	about := f.step == namingTo || f.step == beginning || f.step == transferring
	return about && f.code()/100 == 5 && f.code() != 530
}

// operators reports whether waiting alone won't help: the settings are wrong, here or there. A mail that meets that is kept all the same.
func (f *failure) operators() bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](f.err)
	ours := errors.Is(f.err, errNoTLS) || errors.Is(f.err, errNoLogin) || errors.Is(f.err, smtp.ErrUnencrypted)
	return untrusted || ours || f.code()/100 == 5
}

// maxSaid bounds in characters how much of what a server said is repeated.
const maxSaid = 200

// said is what the server said, or what went wrong with the connection: one line, printable, without our password should the server repeat it.
func (f *failure) said(c Config) string {
	text := f.err.Error()
	prefix, suffix := "", ""
	if reply, ok := errors.AsType[*textproto.Error](f.err); ok {
		text, prefix, suffix = fmt.Sprintf("%d %s", reply.Code, reply.Msg), `it answered "`, `"`
	}
	line, _, _ := strings.Cut(text, "\n")
	line = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(line, ""))
	line = strings.TrimSpace(withoutPassword(line, c))
	if runes := []rune(line); len(runes) > maxSaid {
		line = string(runes[:maxSaid])
	}
	return prefix + line + suffix
}

// withoutPassword masks the password in every form in which it was on the wire.
func withoutPassword(text string, c Config) string {
	if c.Password.IsZero() {
		return text
	}
	password := c.Password.Reveal()
	for _, form := range []string{
		base64.StdEncoding.EncodeToString([]byte("\x00" + c.Username + "\x00" + password)),
		base64.StdEncoding.EncodeToString([]byte(password)),
		password,
	} {
		text = strings.ReplaceAll(text, form, secret.Mask)
	}
	return text
}
