package phone

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
)

// tabled boots as a phone whose kind is in families.json.
type tabled struct {
	kind
	mac    deviceprofiles.MAC
	name   string // e.g. D785
	ports  int
	values map[string]string // every setting read so far; the last one counts
	file   string            // the phone's own file, once the files have named it; "" before
}

func newTabled(k kind, model deviceprofiles.Model, mac deviceprofiles.MAC) *tabled {
	_, name, _ := strings.Cut(model.DisplayName, " ")
	return &tabled{kind: k, mac: mac, name: name, ports: model.LinePorts, values: map[string]string{}}
}

func (t *tabled) userAgent() string    { return t.fill(t.HTTP) }
func (t *tabled) sipUserAgent() string { return t.fill(t.SIP) }

func (t *tabled) fill(text string) string {
	return strings.NewReplacer("{mac}", t.mac.Lower(), "{MAC}", t.mac.String(), "{mac:}", colons(t.mac.Lower()), "{model}", t.name, "{common}", t.Common[t.name]).Replace(text)
}

// round asks for the phone's files and reads what they hold.
func (t *tabled) round(ctx context.Context, b *boot, base *url.URL) (*url.URL, error) {
	asks := t.Asks
	if t.file != "" {
		asks = []asked{{Name: t.file}}
	}
	for _, ask := range asks {
		if strings.Contains(ask.Name, "{common}") && t.Common[t.name] == "" {
			continue
		}
		if err := t.ask(ctx, b, beside(base, t.fill(ask.Name)), ask.Optional); err != nil {
			return nil, err
		}
	}
	return t.next(b, base)
}

// ask reads one file, or the one that it names in its place.
func (t *tabled) ask(ctx context.Context, b *boot, u *url.URL, optional bool) error {
	read, err := t.fetch(ctx, b, u, optional)
	if err != nil || read == nil {
		return err
	}
	if to := read[t.Read.Chain]; to != "" && t.Read.Chain != "" {
		named, _, err := parseLocation(to)
		if err != nil {
			return unreadable(u, fmt.Errorf("it names %w in its place", err))
		}
		b.journal.ok(StepFollow, "%s sends the phone to %s", show(u), show(named))
		if read, err = t.fetch(ctx, b, named, false); err != nil {
			return err
		}
	}
	maps.Copy(t.values, read)
	return nil
}

// fetch returns the settings of one file; nil for an optional one that isn't there.
func (t *tabled) fetch(ctx context.Context, b *boot, u *url.URL, optional bool) (map[string]string, error) {
	var body []byte
	var err error
	if optional {
		var ok bool
		if body, ok, err = b.fetchOptional(ctx, u); err != nil || !ok {
			return nil, err
		}
	} else if body, err = b.fetch(ctx, u, b.result.Access); err != nil {
		return nil, err
	}
	read, err := t.Read.settings(body)
	if err != nil {
		return nil, unreadable(u, err)
	}
	return read, nil
}

// get returns a setting's value by its name in the table. NAME#3 is the third piece of a value with commas.
func (t *tabled) get(name string) string {
	name, piece, pieces := strings.Cut(name, "#")
	if t.Read.Place != "" && !strings.Contains(name, "/") && name != "" {
		name = strings.Replace(t.Read.Place, "{name}", name, 1)
	}
	value := t.values[name]
	if pieces {
		list := strings.Split(strings.TrimSuffix(value, ";"), ",")
		n, err := strconv.Atoi(piece)
		if err != nil || n < 1 || n > len(list) {
			return ""
		}
		value = strings.TrimSpace(list[n-1])
	}
	return t.Read.unquoted(value)
}

// first returns the value of the first of some settings that has one.
func (t *tabled) first(names string) string {
	for _, name := range strings.Fields(names) {
		if value := t.get(name); value != "" {
			return value
		}
	}
	return ""
}

// next says where the files send the phone.
func (t *tabled) next(b *boot, base *url.URL) (*url.URL, error) {
	if user := t.first(t.Next.User); user != "" {
		b.result.Access = newAccess(user, t.first(t.Next.Password))
	}
	text := t.first(t.Next.URL)
	if text == "" {
		return nil, nil //nolint:nilnil // nil is the documented answer for a phone that is where it should be
	}
	if !strings.Contains(text, "://") {
		text = t.Next.Scheme + "://" + text
	}
	text = strings.NewReplacer("<MAC>", t.mac.Lower(), "{MAC}", t.mac.String(), "$mac", t.mac.Lower()).Replace(text)
	u, access, err := parseLocation(text)
	if err != nil {
		return nil, &StepError{Step: StepFollow, Err: fmt.Errorf("%s: %w", t.Next.URL, err), Next: "Check that setting in the files that the server serves."}
	}
	if !access.IsZero() {
		b.result.Access = access
	}
	before := t.file
	if t.Next.File {
		folder, name := u.Path[:strings.LastIndexByte(u.Path, '/')+1], u.Path[strings.LastIndexByte(u.Path, '/')+1:]
		u.Path, t.file = folder, name
	} else if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	if folder := *base; sameBase(u, beside(&folder, "")) && (before != "" || t.hasLine()) {
		return nil, nil //nolint:nilnil // as above
	}
	if sameBase(u, base) && !t.Next.File {
		return nil, nil //nolint:nilnil // as above
	}
	return u, nil
}

// hasLine reports whether an account was read, so that what was read is the phone's own file.
func (t *tabled) hasLine() bool {
	lines, err := t.lines()
	return err != nil || len(lines) > 0
}

// lines reads the accounts.
func (t *tabled) lines() ([]Line, error) {
	var lines []Line
	for port := 1; port <= t.ports; port++ {
		a := t.Line
		if len(t.Lines) > 0 {
			if port > len(t.Lines) {
				break
			}
			a = t.Lines[port-1]
		}
		line, used, err := t.line(port, a)
		if err != nil {
			return nil, err
		}
		if used {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func (t *tabled) line(port int, a account) (line Line, used bool, err error) {
	server := ""
	get := func(name string) string { return t.get(numbered(strings.ReplaceAll(name, "{s}", server), port)) }
	server = get(a.Server)
	line = Line{Port: port, UserName: get(a.User), AuthName: get(a.Auth), Password: newSecret(get(a.Password)), DisplayName: get(a.Name)}
	if line.UserName == "" || a.Enabled != "" && !strings.EqualFold(get(a.Enabled), a.On) {
		return Line{}, false, nil
	}
	user, domain, _ := strings.Cut(line.UserName, "@")
	if line.UserName, line.Domain = user, domain; domain == "" {
		line.Domain = get(a.Domain)
	}
	if err := t.way(&line, a, get); err != nil {
		return Line{}, false, fmt.Errorf("line %d: %w", port, err)
	}
	line, err = line.completed()
	return line, true, err
}

// way reads how a line reaches its registrar.
func (t *tabled) way(line *Line, a account, get func(string) string) error {
	proxy, transport, told := strings.Cut(get(a.Proxy), ";transport=")
	if !told {
		word := get(a.Transport)
		var known bool
		if transport, known = a.Words[word]; !known && word != "" {
			return fmt.Errorf("there is no transport %q", word)
		}
	}
	line.Transport = transport
	var err error
	if line.ProxyPort, err = parsePort(number(get(a.Port))); err != nil {
		return err
	}
	if proxy != "" {
		host, port, ok := splitHost(proxy)
		if !ok {
			return fmt.Errorf("%q is no host to send requests to", proxy)
		}
		if line.Proxy = host; port != 0 {
			line.ProxyPort = port
		}
		if host == line.Domain {
			line.Proxy = ""
		}
	}
	line.Locate = line.ProxyPort == 0
	if a.Locate != "" {
		line.Locate = get(a.Locate) == a.Located
	}
	if line.Locate {
		line.ProxyPort = 0 // SRV says the port
	}
	return t.expires(line, a, get)
}

func (t *tabled) expires(line *Line, a account, get func(string) string) error {
	var err error
	if line.Expires, err = parseExpires(number(get(a.Expires))); err != nil {
		return err
	}
	if a.Minutes {
		line.Expires *= 60
	}
	return nil
}

// number writes a hexadecimal figure as phones know it, such as 0xe10, in decimals.
func number(text string) string {
	digits, hex := strings.CutPrefix(text, "0x")
	if !hex {
		return text
	}
	n, err := strconv.ParseUint(digits, 16, 31)
	if err != nil {
		return text
	}
	return strconv.FormatUint(n, 10)
}

// numbered puts a line's number into a setting's name.
func numbered(name string, n int) string {
	before, rest, found := strings.Cut(name, "{n")
	if !found {
		return name
	}
	form, after, closed := strings.Cut(rest, "}")
	if !closed {
		return name
	}
	figure := strconv.Itoa(n)
	switch {
	case strings.HasPrefix(form, "+"), strings.HasPrefix(form, "-"):
		add, err := strconv.Atoi(form)
		if err != nil {
			return name
		}
		figure = strconv.Itoa(n + add)
	case strings.HasPrefix(form, ":"):
		width, err := strconv.Atoi(form[1:])
		if err != nil {
			return name
		}
		figure = fmt.Sprintf("%0*d", width, n)
	}
	return before + figure + numbered(after, n)
}
