package phone

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// mostHops bounds how often files may send the phone to another server.
const mostHops = 5

// family is how the phones of one kind boot.
type family interface {
	userAgent() string    // over HTTP, as of now
	sipUserAgent() string // over SIP
	// round asks one base URL for the files of this kind of phone, in its order, and returns where those files send the phone next; nil when
	// it is where it should be. Its error is a *StepError.
	round(ctx context.Context, b *boot, base *url.URL) (*url.URL, error)
	// lines returns the accounts in everything that was read. Its error needs no step.
	lines() ([]Line, error)
}

// boot is one run.
type boot struct {
	surroundings
	config  BootConfig
	mac     deviceprofiles.MAC
	model   deviceprofiles.Model
	ways    []start
	family  family
	trust   *trust
	names   *addressBook
	fetcher *fetcher
	journal *journal
	result  *Result
}

// Boot boots one phone and registers its lines, saying each step on out. The error is a *StepError, which names the step that failed, or
// fault.Invalid when the configuration makes no phone. The result tells what was found out up to there.
func Boot(ctx context.Context, c BootConfig, out io.Writer) (Result, error) {
	var result Result
	b, err := newBoot(c, out, &result)
	if err != nil {
		return Result{}, err
	}
	defer b.fetcher.close()
	err = b.run(ctx)
	return result, err
}

func newBoot(c BootConfig, out io.Writer, result *Result) (*boot, error) {
	b := &boot{surroundings: newSurroundings(c.Timeout, c.Now, c.Random, c.Logger), config: c, result: result}
	var err error
	if b.mac, err = deviceprofiles.ParseMAC(c.MAC); err != nil {
		return nil, err
	}
	model, ok := deviceprofiles.FindModel(c.Model)
	if !ok {
		return nil, fault.InvalidField("model", "there is no phone named %q here; try \"Cisco 8851\", \"Yealink T54W\" or \"Poly VVX 450\"", c.Model)
	}
	b.model = model
	if b.ways, err = parseServer(c.Server); err != nil {
		return nil, err
	}
	if err := checkTransport(c.Transport); err != nil {
		return nil, err
	}
	resolver, ok := newResolver(c.DNS, b.timeout)
	if !ok {
		return nil, fault.InvalidField("dns", "must be HOST or HOST:PORT of a DNS server")
	}
	if b.family, err = newFamily(model, b.mac); err != nil {
		return nil, err
	}
	if err := b.takeCode(c.Code); err != nil {
		return nil, err
	}
	b.journal = &journal{out: out, result: result}
	b.trust = newTrust(c.CA, c.InsecureTLS, b.now)
	b.names = newAddressBook(resolver, b.journal)
	b.fetcher = newFetcher(b.surroundings, b.trust, b.names, b.family.userAgent)
	_, slashes := b.family.(*cisco)
	b.fetcher.bareNames = !slashes
	result.Access = c.Access
	return b, nil
}

func checkTransport(transport string) error {
	switch transport {
	case "", udp, tcp, tlsTransport:
		return nil
	}
	return fault.InvalidField("transport", "must be udp, tcp or tls")
}

// newFamily picks how a model boots. fault.Invalid for models that fetch nothing.
func newFamily(model deviceprofiles.Model, mac deviceprofiles.MAC) (family, error) {
	if !model.Configured() {
		return nil, fault.InvalidField("model", "%s fetches no files: its owner types its line in; register that line instead", model.Name)
	}
	switch model.Family {
	case deviceprofiles.CiscoMPP, ciscoPhoneOS, ciscoATA:
		return newCisco(model, mac), nil
	case deviceprofiles.Yealink, yealinkDECT:
		if y := newYealink(model, mac); y != nil {
			return y, nil
		}
	case deviceprofiles.Poly:
		return newPoly(model, mac), nil
	}
	if k, ok := kindOf(model); ok {
		return newTabled(k, model, mac), nil
	}
	return nil, fault.InvalidField("model", "nobody has taught this simulated phone how a %s boots", model.DisplayName)
}

// run goes from the server's name to registered lines. Every failure is said here, and nowhere else.
func (b *boot) run(ctx context.Context) error {
	if err := b.provision(ctx); err != nil {
		return b.journal.fail(StepFetch, err)
	}
	if err := b.readLines(); err != nil {
		return b.journal.fail(StepLines, err)
	}
	u := &userAgent{
		surroundings: b.surroundings, trust: b.trust, names: b.names, journal: b.journal,
		product: b.family.sipUserAgent(), instance: "urn:uuid:00000000-0000-1000-8000-" + b.mac.Lower(), // RFC 5626 4.1: from the MAC
	}
	defer u.close()
	if err := u.registerAll(ctx, b.result, b.config.Stay, b.config.Unregister); err != nil {
		return b.journal.fail(StepRegister, err)
	}
	return nil
}

// provision fetches files until no file sends the phone elsewhere.
func (b *boot) provision(ctx context.Context) error {
	_, next, err := b.enter(ctx)
	for hops := 0; err == nil && next != nil; hops++ {
		if hops == mostHops {
			return &StepError{
				Step: StepFollow, Err: fmt.Errorf("the files have sent the phone on %d times, now to %s", mostHops, show(next)),
				Next: "Check the server URL that the files name: each server should name itself or the next, and the last one itself.",
			}
		}
		b.journal.ok(StepFollow, "the files send the phone to %s", show(next))
		next, err = b.family.round(ctx, b, next)
	}
	return err
}

// enter makes the first round, at the first way in that answers.
func (b *boot) enter(ctx context.Context) (base, next *url.URL, err error) {
	host := b.ways[0].base.Hostname()
	if _, isAddress := netip.ParseAddr(host); isAddress == nil {
		b.journal.ok(StepDNS, "%s is an address: nothing to look up", host)
	}
	if err := b.names.lookUp(ctx, host); err != nil {
		return nil, nil, err
	}
	for i, way := range b.ways {
		if !way.access.IsZero() && b.result.Access.IsZero() {
			b.result.Access = way.access
		}
		next, err = b.family.round(ctx, b, way.base)
		f, ok := errors.AsType[*fetchError](err)
		if !ok || f.how != unreachable && f.how != missing || i == len(b.ways)-1 || ctx.Err() != nil {
			return way.base, next, err
		}
		b.journal.tried(StepFetch, "%s: %s; trying %s", show(way.base), f.text, b.ways[i+1].base.Scheme)
	}
	return nil, nil, err
}

// fetch asks for one file that the phone can't do without.
func (b *boot) fetch(ctx context.Context, u *url.URL, access Access) ([]byte, error) {
	body, err := b.fetcher.get(ctx, u, access)
	b.log.DebugContext(ctx, "asked for a file", "url", show(u), "bytes", len(body), "error", err)
	if f, ok := errors.AsType[*fetchError](err); ok {
		return nil, &StepError{Step: StepFetch, Err: fmt.Errorf("%s: %w", show(u), f), Next: f.next}
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	b.result.Files = append(b.result.Files, File{
		Path: maskCode(u.RequestURI()), URL: show(u), Transport: u.Scheme, Size: len(body), SHA256: hex.EncodeToString(sum[:]),
	})
	b.journal.ok(StepFetch, "%s, %d bytes", show(u), len(body))
	return body, nil
}

// fetchOptional asks for one file that may be absent or refused; ok tells whether it arrived. The error is for when nobody answers.
func (b *boot) fetchOptional(ctx context.Context, u *url.URL) (body []byte, ok bool, err error) {
	body, err = b.fetch(ctx, u, b.result.Access)
	if err == nil {
		return body, true, nil
	}
	f, isFetch := errors.AsType[*fetchError](err)
	if !isFetch || f.how == unreachable || f.how == distrusted {
		return nil, false, err
	}
	if f.how == missing {
		b.journal.tried(StepFetch, "%s isn't there, which is fine", show(u))
	} else {
		b.journal.tried(StepFetch, "%s: %s; the phone goes on without it", show(u), f.text)
	}
	return nil, false, nil
}

// learnCA takes in a CA that a file brought or named.
func (b *boot) learnCA(from string, text []byte) error {
	names, err := b.trust.learn(text)
	if err != nil {
		return &StepError{Step: StepTrust, Err: fmt.Errorf("the CA certificate in %s: %w", from, err), Next: "Check what the server serves as its CA certificate."}
	}
	b.journal.ok(StepTrust, "the phone trusts %q from now on", strings.Join(names, ", "))
	return nil
}

// unreadable is a file that arrived and makes no sense.
func unreadable(u *url.URL, err error) error {
	return &StepError{
		Step: StepRead, Err: fmt.Errorf("%s: %w", show(u), err),
		Next: "A phone drops such a file as a whole. Compare it with what the server shows for this phone.",
	}
}

// readLines finds the accounts and says them.
func (b *boot) readLines() error {
	lines, err := b.family.lines()
	if err != nil {
		return &StepError{Step: StepLines, Err: err, Next: "Check the line's settings in the phone's own file."}
	}
	if len(lines) == 0 {
		return &StepError{
			Step: StepLines, Err: errors.New("the files hold no line that is switched on"),
			Next: "Give the phone a line on the server, and check that the phone got its own file and not the bootstrap alone.",
		}
	}
	for i := range lines {
		if b.config.Transport != "" {
			lines[i].Transport = b.config.Transport
		}
		if b.config.Expires > 0 {
			lines[i].Expires = b.config.Expires
		}
		b.journal.ok(StepLines, "line %d is sip:%s@%s, %s", lines[i].Port, lines[i].UserName, lines[i].Domain, lines[i].way())
	}
	b.result.Lines = lines
	return nil
}

// way says how a line is to reach its registrar.
func (l Line) way() string {
	through, transport := "itself", "over "+l.Transport
	if l.Proxy != "" {
		through = l.Proxy
	}
	if l.ProxyPort != 0 {
		through += fmt.Sprintf(":%d", l.ProxyPort)
	}
	if l.Transport == "" {
		transport = "over what DNS prefers"
	}
	if through == "itself" {
		return "at its domain " + transport
	}
	return "through " + strings.Replace(through, "itself", l.Domain, 1) + " " + transport
}

// check refuses what could break out of a SIP message, and accounts that can't register.
func (l Line) check() error {
	switch {
	case l.UserName == "" || l.Domain == "":
		return fmt.Errorf("line %d has no user name or no domain", l.Port)
	case !validHost(l.Domain):
		return fmt.Errorf("line %d: %q is no SIP domain", l.Port, l.Domain)
	case l.Proxy != "" && !validHost(l.Proxy):
		return fmt.Errorf("line %d: %q is no host to send requests to", l.Port, l.Proxy)
	case l.Password.IsZero():
		return fmt.Errorf("line %d has no password", l.Port)
	}
	for _, s := range []string{l.UserName, l.AuthName} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("line %d: the user name holds control characters", l.Port)
		}
	}
	return nil
}

// show returns a URL as it may be printed. Names and passwords never stand in it: parseLocation took them out. An activation code is masked.
func show(u *url.URL) string { return maskCode(u.Redacted()) }
