package mail

import (
	"crypto/x509"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"dialtone/fault"
	"dialtone/secret"
)

// TLSMode says how the connection to the mail server is protected. "" is STARTTLS.
type TLSMode string

// The modes. None of them falls back to another: a server that doesn't offer what is asked for gets no mail and no password.
const (
	STARTTLS    TLSMode = "starttls" // the connection begins in the clear and must change to TLS (RFC 3207)
	ImplicitTLS TLSMode = "tls"      // TLS from the first byte (RFC 8314 section 3.3)
	NoTLS       TLSMode = "none"     // in the clear; credentials are allowed on a loopback address only
)

// port is the usual port of a mode.
func (t TLSMode) port() int {
	switch t {
	case ImplicitTLS:
		return 465
	case NoTLS:
		return 25
	default:
		return 587
	}
}

// Config is what a Sender needs.
type Config struct {
	Host     string         // of the mail server: a name, or an IP address without brackets; its certificate must be for it
	Port     int            // 1 to 65535; 0 is the usual one of the mode: 587, 465 for ImplicitTLS, 25 for NoTLS
	TLS      TLSMode        // "" is STARTTLS
	Username string         // "" sends without credentials
	Password secret.Text    // goes with Username: both or neither
	From     string         // address that mails come from, without a name, such as noreply@example.com; its domain ends every Message-ID
	RootCAs  *x509.CertPool // who may sign the server's certificate; nil is the system's
	Timeout  time.Duration  // for one mail from dialling to the server's last word; up to 10 minutes, default 1 minute

	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // gets a line for what only the operator can mend; default slog.Default()
}

const (
	defaultTimeout = time.Minute
	// maxTimeout is what RFC 5321 section 4.5.3.2 gives the slowest single step, the server's word after the mail.
	maxTimeout = 10 * time.Minute
)

// hostName is the name of a host (RFC 1123 section 2.1), or a numeric address, which is checked apart.
var hostName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)*\.?$`)

// validate returns fault.Invalid for the first field that can't work. It never repeats a user name or a password.
func (c Config) validate() error {
	if _, err := netip.ParseAddr(c.Host); err != nil && (!hostName.MatchString(c.Host) || len(c.Host) > 254) {
		return fault.InvalidField("Host", "must be the mail server's name or IP address")
	}
	if c.Port < 0 || c.Port > 65535 {
		return fault.InvalidField("Port", "%d isn't between 1 and 65535", c.Port)
	}
	if c.TLS != "" && c.TLS != STARTTLS && c.TLS != ImplicitTLS && c.TLS != NoTLS {
		return fault.InvalidField("TLS", "must be starttls, tls or none")
	}
	if _, ok := parseAddress(c.From); !ok {
		return fault.InvalidField("From", "must be an e-mail address such as noreply@example.com, without a name")
	}
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		return fault.InvalidField("Timeout", "%s isn't between 0 and %s", c.Timeout, maxTimeout)
	}
	return c.validateCredentials()
}

func (c Config) validateCredentials() error {
	switch {
	case (c.Username == "") != c.Password.IsZero():
		return fault.InvalidField("Password", "goes with a user name: give both or neither")
	case strings.ContainsFunc(c.Username, unicode.IsControl):
		return fault.InvalidField("Username", "must not contain control characters")
	case strings.ContainsFunc(c.Password.Reveal(), unicode.IsControl):
		return fault.InvalidField("Password", "must not contain control characters")
	case c.Username != "" && c.TLS == NoTLS && !isLoopback(c.Host):
		return fault.InvalidField("TLS", "must not be none with a password, which would cross the network in the clear: use starttls or tls")
	}
	return nil
}

// isLoopback knows the hosts to which the library, too, hands a password without TLS.
func isLoopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

func (c Config) withDefaults() Config {
	if c.TLS == "" {
		c.TLS = STARTTLS
	}
	if c.Port == 0 {
		c.Port = c.TLS.port()
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// ParseURL reads a mail server from one line, so that a command needs one flag for it:
//
//	smtp://user:password@mail.example.com:587?from=noreply@example.com
//	smtps://user:password@mail.example.com?from=noreply@example.com
//	smtp://127.0.0.1:25?from=noreply@example.com&tls=none
//
// smtp changes to TLS by STARTTLS unless tls=none, smtps is TLS from the first byte. from is needed; user and password may be left out together;
// without a port it is the mode's usual one. Signs that mean something in a URL are percent-encoded, a plus sign in from as %2B. It returns
// fault.Invalid for anything else, also for what New would refuse; the error repeats no part of the text, as a password with a bare / ? or # in
// it may be read as any other part.
func ParseURL(text string) (Config, error) {
	u, err := url.Parse(text)
	if err != nil { // which quotes the text: never handed on
		return Config{}, urlFault("isn't a URL; a password's signs @ : / ? # % must be percent-encoded, @ as %40")
	}
	c := Config{Host: u.Hostname(), TLS: STARTTLS}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		c.TLS = ImplicitTLS
	default:
		return Config{}, urlFault("must begin with smtp:// or smtps://")
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" || u.Opaque != "" {
		return Config{}, urlFault("must be SCHEME://USER:PASSWORD@HOST:PORT?from=ADDRESS; a password's signs / ? # must be percent-encoded")
	}
	if u.User != nil {
		password, _ := u.User.Password()
		c.Username, c.Password = u.User.Username(), secret.New(password)
	}
	if err := c.readPort(u.Port()); err != nil {
		return Config{}, err
	}
	if err := c.readQuery(u.RawQuery); err != nil {
		return Config{}, err
	}
	return c, c.validateURL()
}

// validateURL hides the fields' contents, as validate may quote them.
func (c Config) validateURL() error {
	err := c.validate()
	if err == nil {
		return nil
	}
	switch fault.ProblemsOf(err)[0].Field {
	case "Host":
		return urlFault("names no host")
	case "From":
		return urlFault("needs from=ADDRESS, such as from=noreply@example.com; a plus sign in it is written %2B")
	case "TLS":
		return urlFault("must not have tls=none with a password, which would cross the network in the clear")
	default:
		return urlFault("needs both user and password or neither, without control characters")
	}
}

func (c *Config) readPort(text string) error {
	if text == "" {
		return nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return urlFault("has a port that isn't between 1 and 65535")
	}
	c.Port = int(port)
	return nil
}

func (c *Config) readQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return urlFault("has a part after the ? that can't be read")
	}
	for name, values := range query {
		switch {
		case len(values) != 1 || name != "from" && name != "tls":
			return urlFault("may have from=ADDRESS and tls=none after the ?, each once, and nothing else")
		case name == "from":
			c.From = values[0]
		case values[0] == string(NoTLS) && c.TLS == STARTTLS:
			c.TLS = NoTLS
		case values[0] != string(c.TLS):
			return urlFault("may have tls=starttls or tls=none with smtp://, and tls=tls with smtps://")
		}
	}
	return nil
}

// urlFault says what is wrong with a URL without repeating it.
func urlFault(message string) error { return fault.InvalidField("mail server", "%s", message) }
