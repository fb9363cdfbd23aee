package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"dialtone/fault"
)

// Register registers one line, saying each step on out. The error is a *StepError, which names the step that failed, or fault.Invalid when the
// configuration makes no line.
func Register(ctx context.Context, c RegisterConfig, out io.Writer) (Result, error) {
	line, err := lineOf(c)
	if err != nil {
		return Result{}, err
	}
	s := newSurroundings(c.Timeout, c.Now, c.Random, c.Logger)
	r, ok := newResolver(c.DNS, s.timeout)
	if !ok {
		return Result{}, fault.InvalidField("dns", "must be HOST or HOST:PORT of a DNS server")
	}
	result := Result{Lines: []Line{line}}
	j := &journal{out: out, result: &result}
	u := &userAgent{
		surroundings: s, trust: newTrust(c.CA, c.InsecureTLS, s.now), names: newAddressBook(r, j), journal: j, product: c.UserAgent,
	}
	if u.product == "" {
		u.product = "Dialtone-Phone"
	}
	defer u.close()
	if c.Stay.For > 0 { // so that the registrar knows it again at another address
		id, err := randomHex(s.random, 6)
		if err != nil {
			return result, err
		}
		u.instance = "urn:uuid:00000000-0000-4000-8000-" + id
	}
	if err := u.registerAll(ctx, &result, c.Stay, c.Unregister); err != nil {
		return result, j.fail(StepRegister, err)
	}
	return result, nil
}

// lineOf makes a line of what was typed in. fault.Invalid otherwise.
func lineOf(c RegisterConfig) (Line, error) {
	line := Line{
		Port: 1, UserName: c.User, AuthName: c.AuthName, Password: c.Password, Domain: c.Domain, Transport: c.Transport, Expires: c.Expires,
	}
	if err := checkTransport(c.Transport); err != nil {
		return Line{}, err
	}
	if c.Proxy != "" {
		var ok bool
		if line.Proxy, line.ProxyPort, ok = splitHost(c.Proxy); !ok {
			return Line{}, fault.InvalidField("proxy", "must be HOST or HOST:PORT")
		}
	}
	line.Locate = line.ProxyPort == 0
	if strings.ContainsFunc(c.UserAgent, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Line{}, fault.InvalidField("userAgent", "must be one line of text")
	}
	line, err := line.completed()
	if err != nil {
		return Line{}, fault.New(fault.Invalid, "%s", strings.TrimPrefix(err.Error(), "line 1: "))
	}
	return line, nil
}

// userAgent is the SIP side of a phone.
type userAgent struct {
	surroundings
	trust    *trust
	names    *addressBook
	journal  *journal
	product  string // User-Agent
	instance string // URN of the device; "" for none
	sessions []*session
}

func (u *userAgent) close() {
	for _, s := range u.sessions {
		s.connection.close()
	}
}

// registerAll registers every line of the result, keeps them for as long as is asked for and, if asked to, takes the registrations back. It ends at the first
// line that fails.
func (u *userAgent) registerAll(ctx context.Context, result *Result, stay Stay, takeBack bool) error {
	for _, line := range result.Lines {
		s, done, err := u.registerLine(ctx, line)
		if err != nil {
			return err
		}
		u.sessions = append(u.sessions, s)
		result.Registrations = append(result.Registrations, done)
	}
	u.stay(ctx, stay)
	if !takeBack {
		return nil
	}
	for i, s := range u.sessions {
		if err := s.takeBack(ctx); err != nil {
			return &StepError{Step: StepUnregister, Err: fmt.Errorf("line %d: %w", s.line.Port, err), Next: nextRegistrar}
		}
		result.Registrations[i].Removed = true
		u.journal.ok(StepUnregister, "line %d: %s is no longer registered here", s.line.Port, aor(s.line.UserName, s.line.Domain))
	}
	return nil
}

// registerLine locates the registrar of a line and registers at the first place that answers.
func (u *userAgent) registerLine(ctx context.Context, line Line) (*session, Registration, error) {
	looking, cancel := context.WithTimeout(ctx, u.timeout)
	targets, how, err := locate(looking, u.names, line)
	cancel()
	if err != nil {
		return nil, Registration{}, err
	}
	u.journal.ok(StepLocate, "line %d: %s", line.Port, how)
	return u.registerAmong(ctx, line, targets)
}

// registerAmong registers at the first place that answers.
func (u *userAgent) registerAmong(ctx context.Context, line Line, targets []target) (*session, Registration, error) {
	var err error
	for i, to := range targets {
		var s *session
		var done Registration
		if s, done, err = u.registerAt(ctx, line, to); err == nil {
			s.granted, s.known = done.Expires, targets
			u.journal.ok(StepRegister, "%s", done.words())
			return s, done, nil
		}
		failed, ok := errors.AsType[*sipError](err)
		if ok && failed.elsewhere && i < len(targets)-1 && ctx.Err() == nil {
			u.journal.tried(StepRegister, "line %d: %s: %v; trying the next place", line.Port, to, err)
			continue
		}
		next := nextRegistrar
		if ok {
			next = failed.next
		}
		return nil, Registration{}, &StepError{Step: StepRegister, Err: fmt.Errorf("line %d: %s: %w", line.Port, to, err), Next: next}
	}
	return nil, Registration{}, &StepError{Step: StepLocate, Err: fmt.Errorf("line %d: no place to register at", line.Port), Next: nextLocate}
}

const nextRegistrar = "Check that the server's SIP door runs on this address, port and transport."

func (r Registration) words() string {
	how := "without being asked for a password"
	if r.Algorithm != "" {
		how = "by " + r.Algorithm + " digest"
	}
	return fmt.Sprintf("line %d: %s is registered at %s over %s for %d s, %s", r.Port, r.AOR, r.Registrar, r.Transport, int(r.Expires.Seconds()), how)
}

func (u *userAgent) registerAt(ctx context.Context, line Line, to target) (*session, Registration, error) {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	conn, err := connect(ctx, to, u.trust)
	if err != nil {
		return nil, Registration{}, connectError(err)
	}
	s := &session{surroundings: u.surroundings, connection: conn, line: line, to: to, product: u.product, instance: u.instance}
	done, err := s.begin(ctx)
	if err != nil {
		conn.close()
		return nil, Registration{}, err
	}
	return s, done, nil
}

// sipError is a registration that didn't come about.
type sipError struct {
	text      string
	next      string
	elsewhere bool // another server may do better (RFC 3263 4.3)
}

func (e *sipError) Error() string { return e.text }

func connectError(err error) error {
	if _, ok := errors.AsType[*untrusted](err); ok {
		return &sipError{text: inWords(err), next: nextTrust}
	}
	return &sipError{text: inWords(err), next: nextRegistrar, elsewhere: true}
}

// session is one line's registration at one registrar: the same Call-ID and a growing CSeq (RFC 3261 10.2.4).
type session struct {
	surroundings
	connection *connection
	line       Line
	to         target
	product    string
	instance   string

	callID, tag string
	cseq        int
	expires     int
	granted     time.Duration // by the registrar
	known       []target      // where the registrar was looked for
	algorithm   string        // of the digest that was answered last
}

// begin registers for the first time.
func (s *session) begin(ctx context.Context) (Registration, error) {
	var err error
	if s.callID, err = randomHex(s.random, 16); err != nil {
		return Registration{}, err
	}
	if s.tag, err = randomHex(s.random, 8); err != nil {
		return Registration{}, err
	}
	s.expires = s.line.Expires
	if s.expires == 0 {
		s.expires = defaultExpires
	}
	response, err := s.converse(ctx)
	if err != nil {
		return Registration{}, err
	}
	listed, err := contacts(response)
	if err != nil {
		return Registration{}, &sipError{text: err.Error(), next: nextRegistrar}
	}
	for _, b := range listed {
		if sameContact(b.uri, s.contact()) {
			return s.registration(response, b, len(listed)), nil
		}
	}
	return Registration{}, &sipError{
		text: fmt.Sprintf("the registrar says yes, but our contact %s isn't among the %d that it lists", s.contact(), len(listed)),
		next: "A registrar must list every contact that it keeps (RFC 3261 10.3). Look at its log.",
	}
}

func (s *session) registration(response *sip.Response, b binding, all int) Registration {
	granted := b.expires
	if granted < 0 {
		granted = time.Duration(s.expires) * time.Second
		for _, v := range values(response, "Expires") {
			if seconds, err := strconv.ParseUint(strings.TrimSpace(v), 10, 31); err == nil {
				granted = time.Duration(seconds) * time.Second
			}
		}
	}
	return Registration{
		Port: s.line.Port, AOR: aor(s.line.UserName, s.line.Domain), Registrar: s.to.address.String(), Transport: s.to.transport,
		Contact: s.contact(), Expires: granted, Contacts: all, Algorithm: s.algorithm,
	}
}

// takeBack removes our contact, and makes sure that the registrar lists it no more.
func (s *session) takeBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	s.expires = 0
	response, err := s.converse(ctx)
	if err != nil {
		return err
	}
	listed, err := contacts(response)
	if err != nil {
		return err
	}
	for _, b := range listed {
		if sameContact(b.uri, s.contact()) {
			return errors.New("the registrar says yes, but still lists our contact")
		}
	}
	return nil
}

func (s *session) contact() string {
	uri := "sip:" + escapeUser(s.line.UserName) + "@" + s.connection.local().String()
	if s.to.transport != udp {
		uri += ";transport=" + s.to.transport
	}
	return uri
}

// mostTries bounds the requests for one registration: the first, one with the answer to its challenge, and one more each for a nonce that had
// grown old and for a time that was too short.
const mostTries = 4

// converse sends a REGISTER, answers the challenge, and returns the 2xx.
func (s *session) converse(ctx context.Context) (*sip.Response, error) {
	authorization := ""
	s.algorithm = ""
	for range mostTries {
		response, err := s.send(ctx, authorization)
		if err != nil {
			return nil, connectError(err)
		}
		switch code := response.StatusCode; {
		case code >= 200 && code < 300:
			return response, nil
		case code == sip.StatusUnauthorized:
			challenges := values(response, "WWW-Authenticate")
			if authorization != "" && !stale(challenges) {
				return nil, wrongPassword(code)
			}
			if authorization, err = s.answer(challenges); err != nil {
				return nil, err
			}
		case code == sip.StatusIntervalToBrief:
			shortest, err := strconv.Atoi(strings.TrimSpace(strings.Join(values(response, "Min-Expires"), "")))
			if err != nil || shortest <= s.expires || s.expires == 0 {
				return nil, &sipError{text: "the registrar finds the time too short (423), but doesn't say how long it wants", next: nextRegistrar}
			}
			s.expires = shortest
		default:
			return nil, statusError(response)
		}
	}
	return nil, &sipError{text: "the registrar goes on asking", next: "Look at the registrar's log."}
}

func (s *session) send(ctx context.Context, authorization string) (*sip.Response, error) {
	branch, err := randomHex(s.random, 8)
	if err != nil {
		return nil, err
	}
	branch = "z9hG4bK" + branch // the mark of RFC 3261 8.1.1.7
	s.cseq++
	request := register{
		user: s.line.UserName, domain: s.line.Domain, transport: s.to.transport, local: s.connection.local(), branch: branch, tag: s.tag,
		callID: s.callID, cseq: s.cseq, contact: s.contact(), instance: s.instance, expires: s.expires, product: s.product,
		authorization: authorization,
	}
	return s.connection.exchange(ctx, request.bytes(), branch)
}

func (s *session) answer(challenges []string) (string, error) {
	uri := register{domain: s.line.Domain}.requestURI()
	answer, algorithm, err := answerDigest(s.random, challenges, digest.Options{
		Method: "REGISTER", URI: uri, Username: s.line.AuthName, Password: s.line.Password.Reveal(),
	})
	if errors.Is(err, errNoDigest) {
		return "", &sipError{text: "the registrar asks for a password in a way that a phone can't answer", next: "Phones know digest with MD5, and some SHA-256."}
	}
	s.algorithm = algorithm
	return answer, err
}

// stale reports whether the registrar only wants the answer again, under a new nonce (RFC 7616 3.3).
func stale(challenges []string) bool {
	for _, c := range challenges {
		if parsed, err := digest.ParseChallenge(strings.TrimSpace(c)); err == nil && parsed.Stale {
			return true
		}
	}
	return false
}

func wrongPassword(code int) error {
	return &sipError{
		text: fmt.Sprintf("the registrar refuses the user name and password (%d)", code),
		next: "Check user name, password and domain of the line; if its password was changed, the phone must fetch its file again.",
	}
}

func statusError(r *sip.Response) error {
	e := &sipError{
		text: fmt.Sprintf("the registrar answers %d %s", r.StatusCode, oneLine(r.Reason)), next: "Look at this phone's boot trace, and at the registrar's log.",
	}
	switch r.StatusCode {
	case sip.StatusForbidden:
		return wrongPassword(r.StatusCode)
	case sip.StatusNotFound:
		e.next = "Check user name and domain of the line."
	case sip.StatusServiceUnavailable:
		e.elsewhere = true
	}
	return e
}
