package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
)

// cisco boots as a Cisco Multiplatform phone (68xx, 78xx, 88xx with 3PCC firmware): a flat profile by model name, which names the next files in
// the profile rules B, C and D, and a CA to trust.
type cisco struct {
	mac      deviceprofiles.MAC
	number   string // e.g. 8851
	ports    int
	values   map[string]string // every parameter read so far; the last one counts
	executed map[string]string // profile rule -> its text when it was followed
	entered  bool              // the first file was found
}

// The rules, in the order in which a phone follows them, and what the first is at the factory.
const (
	ruleA, ruleB, ruleC, ruleD = "Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"
	ruleCA                     = "Custom_CA_Rule"
	factoryRuleA               = "/$PSN.xml"
)

func newCisco(model deviceprofiles.Model, mac deviceprofiles.MAC) *cisco {
	number := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, model.DisplayName)
	return &cisco{
		mac: mac, number: number, ports: model.LinePorts,
		values: make(map[string]string), executed: map[string]string{ruleA: factoryRuleA},
	}
}

func (c *cisco) productName() string  { return "CP-" + c.number + "-3PCC" }
func (c *cisco) userAgent() string    { return c.version() + " (" + c.mac.Lower() + ")" }
func (c *cisco) sipUserAgent() string { return c.version() + "_" + c.mac.Lower() }
func (c *cisco) version() string      { return "Cisco-" + c.productName() + "/12.0.7" }

// round reads the file at base, then follows the rules that the phone hasn't followed yet.
func (c *cisco) round(ctx context.Context, b *boot, base *url.URL) (*url.URL, error) {
	if err := c.enter(ctx, b, base); err != nil {
		return nil, err
	}
	for _, rule := range []string{ruleB, ruleC, ruleD} {
		text := c.values[rule]
		if text == "" || c.executed[rule] == text {
			continue
		}
		c.executed[rule] = text
		target, access, err := c.follow(b, base, rule, text)
		if err != nil {
			return nil, err
		}
		b.journal.ok(StepFollow, "%s sends the phone to %s", rule, show(target))
		if err := c.read(ctx, b, target, access); err != nil {
			return nil, err
		}
	}
	return c.next(b, base)
}

// next says where the phone would go at its next resync, which for a phone without a line comes soon.
func (c *cisco) next(b *boot, base *url.URL) (*url.URL, error) {
	if lines, err := c.lines(); err != nil || len(lines) > 0 {
		return nil, nil //nolint:nilnil,nilerr // it has its own file; what is wrong with the lines is said by the step that is about them
	}
	for _, rule := range []string{ruleA, ruleB, ruleC, ruleD} {
		text := c.values[rule]
		if text == "" || text == c.executed[rule] {
			continue
		}
		c.executed[rule] = text
		target, access, err := c.follow(b, base, rule, text)
		if err != nil {
			return nil, err
		}
		if !access.IsZero() {
			b.result.Access = access
		}
		return target, nil
	}
	return nil, nil //nolint:nilnil // nil is the documented answer for a phone that is where it should be
}

// enter finds the phone's first file at what DHCP said: a full URL itself, else the names that the firmware is known to try.
func (c *cisco) enter(ctx context.Context, b *boot, base *url.URL) error {
	var attempts []*url.URL
	expanded := *base
	expanded.Path, expanded.RawPath = c.expand(base.Path, false), ""
	if c.entered || !strings.HasSuffix(base.Path, "/") {
		attempts = append(attempts, &expanded)
	}
	if !c.entered {
		folder := expanded
		folder.Path = strings.TrimSuffix(folder.Path, "/") + "/"
		attempts = append(attempts, beside(&folder, c.number+"-3PCC.xml"), beside(&folder, "Cisco/"+c.productName()+"/"+c.mac.Lower()+".cfg"))
	}
	var first error
	for i, u := range attempts {
		err := c.read(ctx, b, u, b.result.Access)
		if err == nil {
			c.entered = true
			return nil
		}
		if first == nil {
			first = err
		}
		f, ok := errors.AsType[*fetchError](err)
		if !ok || f.how != missing {
			return err
		}
		if i < len(attempts)-1 {
			b.journal.tried(StepFetch, "%s: %s; trying the next name", show(u), f.text)
		}
	}
	return first
}

// read fetches one profile and takes in what it says, CA first, so that the files that it names can be trusted.
func (c *cisco) read(ctx context.Context, b *boot, u *url.URL, access Access) error {
	if access.IsZero() {
		access = b.result.Access
	}
	body, err := b.fetch(ctx, u, access)
	if err != nil {
		return err
	}
	if !access.IsZero() {
		b.result.Access = access
	}
	values, err := parseFlatProfile(body)
	if err != nil {
		return unreadable(u, err)
	}
	for name, value := range values {
		c.values[name] = value
	}
	return c.trust(ctx, b, u)
}

func (c *cisco) trust(ctx context.Context, b *boot, from *url.URL) error {
	text := c.values[ruleCA]
	if text == "" || text == c.executed[ruleCA] {
		return nil
	}
	c.executed[ruleCA] = text
	u, access, err := c.follow(b, from, ruleCA, text)
	if err != nil {
		return err
	}
	body, err := b.fetch(ctx, u, access)
	if err != nil {
		return err
	}
	return b.learnCA(show(u), body)
}

// follow reads a rule.
func (c *cisco) follow(b *boot, base *url.URL, name, text string) (*url.URL, Access, error) {
	u, access, err := c.parseRule(base, text)
	if err != nil {
		return nil, Access{}, &StepError{
			Step: StepFollow, Err: fmt.Errorf("%s can't be followed: %w", name, err),
			Next: "Check the rule in the file that the server serves for this phone.",
		}
	}
	return u, access, nil
}

// parseRule reads "[--uid USER --pwd PASSWORD] URL". Macros are expanded. Errors never repeat the rule, which may hold a password.
func (c *cisco) parseRule(base *url.URL, text string) (*url.URL, Access, error) {
	rest := strings.TrimSpace(text)
	if strings.HasPrefix(rest, "(") {
		return nil, Access{}, errors.New("it is conditional, which this simulated phone doesn't do")
	}
	var access Access
	if strings.HasPrefix(rest, "[") {
		var err error
		if access, rest, err = c.parseOptions(rest[1:]); err != nil {
			return nil, Access{}, err
		}
	}
	rest, _, _ = strings.Cut(strings.TrimSpace(rest), "|") // an alternative without a condition is always taken
	rest = c.expand(strings.TrimSpace(rest), false)
	u, inURL, err := c.location(base, rest)
	if err != nil {
		return nil, Access{}, err
	}
	if access.IsZero() {
		access = inURL
	}
	return u, access, nil
}

// location reads [scheme://][server[:port]]/path: without a scheme it is TFTP, without a server the one that the phone came from.
func (c *cisco) location(base *url.URL, text string) (*url.URL, Access, error) {
	switch {
	case text == "" || len(text) > longestServer || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, Access{}, errBadURL
	case strings.HasPrefix(text, "/"):
		u, err := atRoot(base, text)
		return u, Access{}, err
	case !strings.Contains(text, "://"):
		text = "tftp://" + text
	}
	return parseLocation(text)
}

// parseOptions reads what stands between the brackets of a rule; text begins behind the first. Values may be quoted.
func (c *cisco) parseOptions(text string) (Access, string, error) {
	var words []string
	for {
		text = strings.TrimLeft(text, " \t")
		switch {
		case text == "":
			return Access{}, "", errors.New("its options have no closing bracket")
		case text[0] == ']':
			access, err := c.options(words)
			return access, text[1:], err
		case text[0] == '"':
			word, rest, ok := strings.Cut(text[1:], `"`)
			if !ok {
				return Access{}, "", errors.New("a quote in its options isn't closed")
			}
			words, text = append(words, word), rest
		default:
			end := strings.IndexAny(text, " \t]")
			if end < 0 {
				return Access{}, "", errors.New("its options have no closing bracket")
			}
			words, text = append(words, text[:end]), text[end:]
		}
	}
}

func (c *cisco) options(words []string) (Access, error) {
	var user, password string
	for len(words) > 0 {
		name := words[0]
		if name != "--uid" && name != "--pwd" {
			return Access{}, errors.New("it has an option that this simulated phone doesn't know")
		}
		if len(words) < 2 {
			return Access{}, fmt.Errorf("its option %s has no value", name)
		}
		value := c.expand(words[1], true)
		if name == "--uid" {
			user = value
		} else {
			password = value
		}
		words = words[2:]
	}
	return newAccess(user, password), nil
}

// expand replaces the macros $NAME and $(NAME); $$ is a dollar sign, and what is unknown stays as it is. The secret ones count in options only.
func (c *cisco) expand(text string, secrets bool) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		value, after := c.macro(rest, secrets)
		b.WriteString(value)
		text = after
	}
}

// macro reads one macro behind its dollar sign and returns its value and the rest of the text.
func (c *cisco) macro(text string, secrets bool) (value, rest string) {
	if strings.HasPrefix(text, "$") {
		return "$", text[1:]
	}
	if inner, found := strings.CutPrefix(text, "("); found {
		if name, after, closed := strings.Cut(inner, ")"); closed {
			if v, ok := c.macroValue(name, secrets); ok {
				return v, after
			}
		}
		return "$", text
	}
	const longestName = 5
	for n := min(longestName, len(text)); n > 0; n-- { // the longest name wins: $MAU isn't $MA and a U
		if v, ok := c.macroValue(text[:n], secrets); ok {
			return v, text[n:]
		}
	}
	return "$", text
}

func (c *cisco) macroValue(name string, secrets bool) (string, bool) {
	switch name {
	case "MA":
		return c.mac.Lower(), true
	case "MAU":
		return c.mac.String(), true
	case "MAC":
		return colons(c.mac.Lower()), true
	case "PN":
		return c.productName(), true
	case "PSN":
		return c.number + "-3PCC", true
	case "SN":
		return "FCH" + c.mac.String()[4:], true
	case "SWVER":
		return "sip88xx.12-0-7MPP0001-1", true
	case "SA", "SB", "SC", "SD":
		return c.values["GPP_"+name], secrets
	}
	if len(name) == 1 && name[0] >= 'A' && name[0] <= 'P' {
		return c.values["GPP_"+name], true
	}
	return "", false
}

// colons writes twelve hex digits in pairs.
func colons(digits string) string {
	pairs := make([]string, 0, 6)
	for i := 0; i+2 <= len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":")
}

// parseFlatProfile reads <flat-profile>, bare or inside <device>: one element a parameter, of which the last one counts.
func parseFlatProfile(body []byte) (map[string]string, error) {
	root, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	profile := root
	if root.name == "device" {
		for _, child := range root.children {
			if child.name == "flat-profile" {
				profile = child
			}
		}
	}
	if profile.name != "flat-profile" {
		return nil, fmt.Errorf("its root element is <%s>, and should be <flat-profile>", root.name)
	}
	values := make(map[string]string, len(profile.children))
	for _, child := range profile.children {
		values[child.name] = child.words()
	}
	return values, nil
}

func (c *cisco) lines() ([]Line, error) {
	var lines []Line
	for port := 1; port <= c.ports; port++ {
		get := func(name string) string { return c.values[name+"_"+strconv.Itoa(port)+"_"] }
		if get("User_ID") == "" || isNo(get("Line_Enable")) || isNo(get("Register")) { // both are Yes at the factory
			continue
		}
		line, err := c.line(port, get)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func isNo(text string) bool { return strings.EqualFold(text, "No") }

func (c *cisco) line(port int, get func(string) string) (Line, error) {
	domain, domainPort, ok := splitHost(get("Proxy"))
	if !ok {
		return Line{}, fmt.Errorf("line %d: Proxy_%d_ is %q, which is no host", port, port, get("Proxy"))
	}
	line := Line{
		Port: port, UserName: get("User_ID"), AuthName: get("Auth_ID"), Password: newSecret(get("Password")), Domain: domain,
		ProxyPort: domainPort, DisplayName: get("Display_Name"),
	}
	if proxy := get("Outbound_Proxy"); proxy != "" {
		if line.Proxy, line.ProxyPort, ok = splitHost(proxy); !ok {
			return Line{}, fmt.Errorf("line %d: Outbound_Proxy_%d_ is %q, which is no host", port, port, proxy)
		}
	}
	var err error
	if line.Transport, err = ciscoTransport(get("SIP_Transport")); err != nil {
		return Line{}, fmt.Errorf("line %d: %w", port, err)
	}
	// A phone with a fixed transport asks for SRV only under the prefixed name, which it makes itself if it is told to.
	srv := strings.EqualFold(get("Use_DNS_SRV"), "Yes")
	line.Locate = srv && line.ProxyPort == 0 && (line.Transport == "" || strings.EqualFold(get("DNS_SRV_Auto_Prefix"), "Yes"))
	if !line.Locate && line.Transport == "" {
		line.Transport = udp
	}
	if line.Expires, err = parseExpires(get("Register_Expires")); err != nil {
		return Line{}, fmt.Errorf("line %d: Register_Expires_%d_: %w", port, port, err)
	}
	return line.completed()
}

// ciscoTransport reads SIP_Transport; UDP is the factory's.
func ciscoTransport(text string) (string, error) {
	switch strings.ToUpper(text) {
	case "", "UDP":
		return udp, nil
	case "TCP":
		return tcp, nil
	case "TLS":
		return tlsTransport, nil
	case "AUTO":
		return "", nil
	}
	return "", fmt.Errorf("there is no SIP transport %q", text)
}
