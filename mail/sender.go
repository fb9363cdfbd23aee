package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"dialtone/fault"
)

// Sender hands mails to one mail server. It holds no connection between mails, and many goroutines may use it at once.
type Sender struct {
	config Config
	from   address
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// New makes a Sender. It opens nothing yet. It returns fault.Invalid for a config that can't work.
func New(config Config) (*Sender, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	from, _ := parseAddress(config.From)
	return &Sender{config: config.withDefaults(), from: from, dial: (&net.Dialer{}).DialContext}, nil
}

// Send writes a mail and hands it to the server in one SMTP transaction, over a connection of its own. nil means that the server has taken the
// mail over, which isn't yet that it has arrived. Otherwise it returns
//
//   - fault.Invalid when trying again is no use: Validate refuses the message, or the server refuses the recipient or the mail for good (5xx);
//   - fault.Unavailable when the mail is to be kept and tried again: the server can't be reached, doesn't answer in time, or says later (4xx);
//     and also when only the operator can mend it (credentials, TLS, sender refused), which a log line of level Error says too;
//   - fault.Internal when a text is broken, which the tests rule out.
//
// The message says what the server said, at most 200 characters of its first line, and never a password. When ctx ends, so does Send, at once; the
// server may then have taken the mail all the same, and so it may when it falls silent at the very end. The mail of a second try has the same
// Message-ID, by which mail programs recognise it.
func (s *Sender) Send(ctx context.Context, m Message) error {
	rendered, err := Render(m)
	if err != nil {
		return err
	}
	to, _ := parseAddress(m.To)
	var body bytes.Buffer
	if _, err := s.compose(m, to, rendered).WriteTo(&body); err != nil {
		return fault.Wrap(fault.Internal, err, "A mail can't be written.")
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if failed := s.transact(ctx, to, body.Bytes()); failed != nil {
		return s.judge(ctx, m, failed)
	}
	return nil
}

// compose lays a mail out (RFC 5322, RFC 2046): plain text first, so that the better form comes last.
func (s *Sender) compose(m Message, to address, r Rendered) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(boundary(m, r)))
	msg.FromMailAddress(&netmail.Address{Name: nameHeader(m.Brand), Address: s.from.String()})
	msg.ToMailAddress(&netmail.Address{Name: nameHeader(m.Name), Address: to.String()})
	msg.Subject(subjectHeader(r.Subject))
	msg.SetDateWithValue(s.config.Now())
	msg.SetMessageIDWithValue(m.ID + "@" + s.from.domain)
	msg.SetGenHeader(gomail.HeaderContentLang, strings.ReplaceAll(m.locale(), "_", "-"))
	// Nobody reads answers of machines: out-of-office notes and receipts aren't wanted (RFC 3834 section 5; the second is Exchange's own). Reports of
	// mails that couldn't be delivered are, so that the second header doesn't say All.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "DR, RN, NRN, OOF, AutoReply")
	msg.SetBodyString(gomail.TypeTextPlain, r.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, r.HTML)
	return msg
}

// boundary parts the two forms of a mail. It is the same for the same mail, and as it is a digest of all that is between, nobody can write a name
// that holds it.
func boundary(m Message, r Rendered) string {
	sum := sha256.Sum256([]byte(m.ID + "\x00" + r.Text + "\x00" + r.HTML))
	return hex.EncodeToString(sum[:20])
}

// server is the server's address, for dialling and for messages.
func (s *Sender) server() string {
	return net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port))
}

// judge makes a failure into the caller's error, and tells the operator what only the operator can mend.
func (s *Sender) judge(ctx context.Context, m Message, f *failure) error {
	said := f.said(s.config)
	switch {
	case ctx.Err() != nil:
		return fault.Wrap(fault.Unavailable, context.Cause(ctx), "The mail server %s didn't take the mail over before the time for it ended (%s). Try again later.", s.server(), f.step)
	case f.permanent():
		return fault.New(fault.Invalid, "The mail server %s refuses the mail to %s for good (%s): %s. Check the address; trying again is no use.", s.server(), m.To, f.step, said)
	case f.operators():
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "the mail server refuses to work with us: check its settings; mails wait until then",
			slog.String("server", s.server()), slog.String("step", string(f.step)), slog.String("reason", said), slog.String("mail", m.ID))
		return fault.New(fault.Unavailable, "The mail server %s refuses to work with us (%s): %s. The operator must check its settings; until then, try again later.", s.server(), f.step, said)
	default:
		return fault.New(fault.Unavailable, "The mail server %s couldn't take the mail (%s): %s. Try again later.", s.server(), f.step, said)
	}
}
