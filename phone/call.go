package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"dialtone/fault"
)

// The names of the steps of a call.
const (
	StepCall   = "call"   // the echo is called (RFC 3261 13)
	StepListen = "listen" // a tone is sent, and what comes back is measured
	StepHangUp = "hangup" // the call ends
)

// The ways in which a call's sound is protected.
const (
	SoundPlain = "rtp"  // not at all
	SoundSDES  = "sdes" // SRTP with its key in the session description (RFC 4568)
	SoundDTLS  = "dtls" // SRTP with keys by DTLS (RFC 5764)
)

// CallConfig is a call to the echo from one line.
type CallConfig struct {
	RegisterConfig

	Line  *Line         // a line that a boot found, instead of the one that RegisterConfig describes; nil: none
	To    string        // user part that is called; "": echo
	Sound string        // one of the Sound constants; "": SoundPlain
	Talk  time.Duration // how long a tone is sent; 0: 3 seconds
}

// Heard is what a call measured.
type Heard struct {
	Sent, Returned int           // packets
	Foreign        int           // packets that weren't ours
	Delay          time.Duration // there and back, on average
	Suite          string        // of SRTP; "" without
	Media          string        // what the echo says of the call's encryption (X-Echo-Media)
	Report         string        // what the echo measured (X-Echo-Report)
}

// Call registers a line, calls the echo, sends a tone and measures what comes back, saying each step on out. The error is a *StepError, or
// fault.Invalid when the configuration makes no call. A call from which less than half of the tone comes back has failed.
func Call(ctx context.Context, c CallConfig, out io.Writer) (Heard, error) {
	line, err := callLine(&c)
	if err != nil {
		return Heard{}, err
	}
	s := newSurroundings(c.Timeout, c.Now, c.Random, c.Logger)
	r, ok := newResolver(c.DNS, s.timeout)
	if !ok {
		return Heard{}, fault.InvalidField("dns", "must be HOST or HOST:PORT of a DNS server")
	}
	result := Result{Lines: []Line{line}}
	j := &journal{out: out, result: &result}
	u := &userAgent{surroundings: s, trust: newTrust(c.CA, c.InsecureTLS, s.now), names: newAddressBook(r, j), journal: j, product: c.UserAgent}
	defer u.close()
	if err := u.registerAll(ctx, &result, Stay{}, false); err != nil {
		return Heard{}, j.fail(StepRegister, err)
	}
	k := &dialog{session: u.sessions[0], to: c.To, journal: j}
	heard, err := k.run(ctx, c)
	if err != nil {
		return heard, j.fail(StepCall, err)
	}
	return heard, nil
}

// callLine completes a config and returns the line to call from.
func callLine(c *CallConfig) (Line, error) {
	if c.To == "" {
		c.To = "echo"
	}
	if c.Sound == "" {
		c.Sound = SoundPlain
	}
	if c.Talk <= 0 {
		c.Talk = 3 * time.Second
	}
	if c.UserAgent == "" {
		c.UserAgent = "Dialtone-Phone"
	}
	if c.Sound != SoundPlain && c.Sound != SoundSDES && c.Sound != SoundDTLS {
		return Line{}, fault.InvalidField("sound", "must be rtp, sdes or dtls")
	}
	if c.Line != nil {
		return *c.Line, nil
	}
	return lineOf(c.RegisterConfig)
}

// dialog is one call from a session's line.
type dialog struct {
	*session
	to      string
	journal *journal

	callID, tag   string
	cseq          int
	remote        string // their To with its tag
	target        string // their Contact
	authorization string
}

// run calls, listens and hangs up.
func (d *dialog) run(ctx context.Context, c CallConfig) (Heard, error) {
	local := d.connection.local()
	sound, err := newSound(ctx, local.Addr(), c.Sound, d.random)
	if err != nil {
		return Heard{}, err
	}
	defer sound.close()
	answer, err := d.invite(ctx, sound.offer(local.Addr()))
	if err != nil {
		return Heard{}, err
	}
	said := strings.Join(values(answer, "X-Echo-Media"), " ")
	d.journal.ok(StepCall, "%s answered; it says %s", aor(d.to, d.line.Domain), said)
	heard, failed := sound.talk(ctx, answer.Body(), c.Talk, d.timeout)
	heard.Media = said
	if failed == nil {
		d.journal.ok(StepListen, "%s", heard.words(c.Sound))
	}
	goodbye, err := d.request(ctx, "BYE", nil)
	switch {
	case failed != nil:
		return heard, &StepError{Step: StepListen, Err: failed, Next: nextSound}
	case err != nil:
		return heard, &StepError{Step: StepHangUp, Err: err, Next: nextRegistrar}
	}
	heard.Report = strings.Join(values(goodbye, "X-Echo-Report"), " ")
	d.journal.ok(StepHangUp, "the call ended; the echo measured %s", heard.Report)
	return heard, nil
}

const nextSound = "Check that UDP passes both ways between here and the server's --rtp-ports, and that no firewall changes SIP on its way (SIP ALG)."

func (h Heard) words(sound string) string {
	how := "in the clear"
	if h.Suite != "" {
		how = "encrypted with " + h.Suite
		if sound == SoundDTLS {
			how += ", with keys by DTLS"
		}
	}
	lost := h.Sent - h.Returned
	return fmt.Sprintf("%d of %d packets came back as they were sent, %s; %d lost, %s there and back", h.Returned, h.Sent, how, lost, h.Delay.Round(time.Millisecond/10))
}

// invite calls, answers the challenge, and acknowledges the answer.
func (d *dialog) invite(ctx context.Context, offer string) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var err error
	if d.callID, err = randomHex(d.random, 16); err != nil {
		return nil, err
	}
	if d.tag, err = randomHex(d.random, 8); err != nil {
		return nil, err
	}
	d.target = aor(d.to, d.line.Domain)
	d.remote = "<" + d.target + ">"
	for range mostTries {
		d.cseq++
		branch, response, err := d.send(ctx, "INVITE", d.cseq, offer)
		if err != nil {
			return nil, connectError(err)
		}
		if response.StatusCode < 300 {
			return response, d.establish(response)
		}
		if err := d.acknowledge(branch, strings.Join(values(response, "To", "t"), "")); err != nil {
			return nil, err
		}
		if response.StatusCode != sip.StatusUnauthorized || d.authorization != "" {
			return nil, refusal(response)
		}
		d.authorization, _, err = answerDigest(d.random, values(response, "WWW-Authenticate"), digest.Options{
			Method: "INVITE", URI: d.target, Username: d.line.AuthName, Password: d.line.Password.Reveal(),
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, &sipError{text: "the server goes on asking for a password", next: "Look at the server's log."}
}

// establish takes in the answer, and acknowledges it.
func (d *dialog) establish(response *sip.Response) error {
	d.remote = strings.Join(values(response, "To", "t"), "")
	if listed, err := contacts(response); err == nil && len(listed) == 1 {
		d.target = listed[0].uri
	}
	branch, err := randomHex(d.random, 8)
	if err != nil {
		return err
	}
	return d.acknowledge("z9hG4bK"+branch, d.remote)
}

func (d *dialog) acknowledge(branch, to string) error {
	_, err := d.connection.Write(d.bytes("ACK", d.cseq, branch, to, ""))
	return err
}

// request sends a request within the call.
func (d *dialog) request(ctx context.Context, method string, _ []byte) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	d.cseq++
	d.authorization = ""
	_, response, err := d.send(ctx, method, d.cseq, "")
	if err != nil {
		return nil, errors.New(inWords(err))
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("the server answers %s with %d %s", method, response.StatusCode, oneLine(response.Reason))
	}
	return response, nil
}

func (d *dialog) send(ctx context.Context, method string, cseq int, body string) (branch string, response *sip.Response, err error) {
	if branch, err = randomHex(d.random, 8); err != nil {
		return "", nil, err
	}
	branch = "z9hG4bK" + branch
	response, err = d.connection.exchange(ctx, d.bytes(method, cseq, branch, d.remote, body), branch)
	return branch, response, err
}

// bytes writes a request of the call.
func (d *dialog) bytes(method string, cseq int, branch, to, body string) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	from := aor(d.line.UserName, d.line.Domain)
	line("%s %s SIP/2.0", method, d.target)
	line("Via: SIP/2.0/%s %s;branch=%s;rport", strings.ToUpper(d.session.to.transport), d.connection.local(), branch)
	line("Max-Forwards: 70")
	line("From: <%s>;tag=%s", from, d.tag)
	line("To: %s", to)
	line("Call-ID: %s", d.callID)
	line("CSeq: %d %s", cseq, method)
	line("Contact: <%s>", d.contact())
	if d.authorization != "" {
		line("Authorization: %s", d.authorization)
	}
	line("User-Agent: %s", d.product)
	line("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY")
	if body != "" {
		line("Content-Type: application/sdp")
	}
	line("Content-Length: %d", len(body))
	line("")
	b.WriteString(body)
	return []byte(b.String())
}

// refusal says why the call wasn't taken, in the server's words if it has some.
func refusal(r *sip.Response) error {
	e := &StepError{Step: StepCall, Err: fmt.Errorf("the server answers %d %s", r.StatusCode, oneLine(r.Reason))}
	if _, text, ok := strings.Cut(strings.Join(values(r, "Warning"), " "), `"`); ok {
		e.Next = strings.TrimSuffix(text, `"`)
	}
	if r.StatusCode == sip.StatusMethodNotAllowed {
		e.Next = "The server has no echo: look at its --rtp-ports."
	}
	return e
}

// soundAddress is where an answer wants the sound.
func soundAddress(host string, port int) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(host)
	if err != nil || port <= 0 || port > 65535 {
		return netip.AddrPort{}, errors.New("the answer says no address for the sound")
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), nil
}

// listenSound opens the socket of a call.
func listenSound(ctx context.Context, at netip.Addr) (*net.UDPConn, error) {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, udp, netip.AddrPortFrom(at, 0).String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil //nolint:forcetypeassert // what a UDP listener is
}
