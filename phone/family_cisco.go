package phone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/filecrypt"
	"dialtone/secret"
)

// The families that boot as Cisco's Multiplatform phones do, but under names of their own.
const (
	ciscoPhoneOS deviceprofiles.Family = "cisco-phoneos" // 8875, 9800
	ciscoATA     deviceprofiles.Family = "cisco-ata"
)

// cisco boots as a Cisco Multiplatform phone (68xx, 78xx, 88xx with 3PCC firmware), a PhoneOS phone or an ATA 19x: a flat profile by model name, which names the next files in
// the profile rules B, C and D, and a CA to trust.
type cisco struct {
	mac      deviceprofiles.MAC
	number   string // e.g. 8851
	family   deviceprofiles.Family
	ports    int
	values   map[string]string // every parameter read so far; the last one counts
	executed map[string]string // profile rule -> its text when it was followed
	entered  bool              // the first file was found
	typed    bool              // somebody typed the profile rule, so that DHCP leads nowhere
}

// The rules, in the order in which a phone follows them, and what the first is at the factory.
const (
	ruleA, ruleB, ruleC, ruleD = "Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"
	ruleCA                     = "Custom_CA_Rule"
	ruleCAOfAdapters           = "Custom_CA_URL"
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
		mac: mac, number: number, family: model.Family, ports: model.LinePorts,
		values: make(map[string]string), executed: map[string]string{ruleA: factoryRuleA},
	}
}

// productName is $PN, and series is $PSN.
func (c *cisco) productName() string {
	switch c.family {
	case ciscoPhoneOS:
		return "DP-" + c.number
	case ciscoATA:
		return "ATA" + c.number + "-MPP"
	}
	return "CP-" + c.number + "-3PCC"
}

func (c *cisco) series() string {
	if c.family == ciscoPhoneOS || c.family == ciscoATA {
		return c.number
	}
	return c.number + "-3PCC"
}

// firstFile is what the phone asks for where nobody names a file.
func (c *cisco) firstFile() string {
	if c.family == ciscoATA {
		return "ata" + c.number + ".cfg"
	}
	return c.series() + ".xml"
}

// userAgent names the address, but for that of adapters, which names the serial number.
func (c *cisco) userAgent() string {
	if c.family == ciscoATA {
		return c.version() + " (" + c.serial() + ")"
	}
	return c.version() + " (" + c.mac.Lower() + ")"
}

func (c *cisco) sipUserAgent() string { return c.version() + "_" + c.mac.Lower() }
func (c *cisco) serial() string       { return "FCH" + c.mac.String()[4:] }

func (c *cisco) version() string {
	switch c.family {
	case ciscoPhoneOS:
		return "Cisco-" + c.productName() + "/4.0.1"
	case ciscoATA:
		return "Cisco/" + c.productName() + "-11-2-5"
	}
	return "Cisco-" + c.productName() + "/12.0.7"
}

// round reads the file at base, then follows the rules that the phone hasn't followed yet.
func (c *cisco) round(ctx context.Context, b *boot, base *url.URL) (*url.URL, error) {
	if err := c.enter(ctx, b, base); err != nil {
		return nil, err
	}
	rules := []string{ruleB, ruleC, ruleD}
	if c.typed { // what stands there now leads the phone at its next boot
		rules = append([]string{ruleA}, rules...)
	}
	for _, rule := range rules {
		text := c.values[rule]
		if text == "" || c.executed[rule] == text {
			continue
		}
		c.executed[rule] = text
		to, err := c.follow(base, rule, text)
		if err != nil {
			return nil, err
		}
		if to.url == nil {
			continue
		}
		b.journal.ok(StepFollow, "%s sends the phone to %s", rule, show(to.url))
		if err := c.read(ctx, b, to.url, to.access); err != nil {
			return nil, err
		}
	}
	c.learnAccess(b, base)
	return c.next(base)
}

// learnAccess takes in the credentials that the rules would show from now on: a phone's own file may have brought what they refer to.
func (c *cisco) learnAccess(b *boot, base *url.URL) {
	for _, rule := range []string{ruleA, ruleB, ruleC, ruleD} {
		to, err := c.parseRule(base, c.values[rule])
		if err == nil && !to.access.IsZero() && !to.access.Password.IsZero() {
			b.result.Access = to.access
		}
	}
}

// next says where the phone would go at its next resync, which for a phone without a line comes soon.
func (c *cisco) next(base *url.URL) (*url.URL, error) {
	if lines, err := c.lines(); err != nil || len(lines) > 0 {
		return nil, nil //nolint:nilnil,nilerr // it has its own file; what is wrong with the lines is said by the step that is about them
	}
	for _, rule := range []string{ruleA, ruleB, ruleC, ruleD} {
		text := c.values[rule]
		if text == "" || text == c.executed[rule] {
			continue
		}
		c.executed[rule] = text
		to, err := c.follow(base, rule, text)
		if err != nil || to.url != nil {
			return to.url, err
		}
	}
	return nil, nil //nolint:nilnil // nil is the documented answer for a phone that is where it should be
}

// enter finds the phone's first file at what DHCP said: a full URL itself, else the names that the firmware is known to try.
func (c *cisco) enter(ctx context.Context, b *boot, base *url.URL) error {
	var attempts []*url.URL
	expanded := *base
	expanded.Path, expanded.RawPath = c.expand(base.Path, false), ""
	if c.entered || c.typed || !strings.HasSuffix(base.Path, "/") {
		attempts = append(attempts, &expanded)
	}
	if !c.entered && !c.typed {
		folder := expanded
		folder.Path = strings.TrimSuffix(folder.Path, "/") + "/"
		attempts = append(attempts, beside(&folder, c.firstFile()), beside(&folder, "Cisco/"+c.productName()+"/"+c.mac.Lower()+".cfg"))
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
	key := access.key
	if access.key = (secret.Text{}); access.IsZero() {
		access = b.result.Access
	}
	body, err := b.fetch(ctx, u, access)
	if err != nil {
		return err
	}
	if !access.IsZero() {
		b.result.Access = access
	}
	if !key.IsZero() {
		if body, err = c.decrypt(b, body, key); err != nil {
			return unreadable(u, err)
		}
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

// decrypt opens a file that the rule says is encrypted: by the rule's passphrase, whichever digest made the key, or as RFC 8188 has it, by the keying
// material of an earlier file.
func (c *cisco) decrypt(b *boot, body []byte, key secret.Text) ([]byte, error) {
	for _, hash := range []filecrypt.Hash{filecrypt.MD5, filecrypt.SHA256} {
		if plain, err := filecrypt.OpenOpenSSL(body, key, hash); err == nil && len(plain) > 0 && plain[0] == '<' {
			b.journal.ok(StepFetch, "decrypted %d bytes of AES-256, the key made by %s", len(body), hash)
			return plain, nil
		}
	}
	plain, _, err := filecrypt.OpenAES128GCM(body, secret.New(c.values["IKM_HTTP_Encrypt_Content"]))
	if err != nil {
		return nil, errors.New("the phone's key doesn't open it")
	}
	b.journal.ok(StepFetch, "decrypted %d bytes of AES-128-GCM", len(body))
	return plain, nil
}

func (c *cisco) trust(ctx context.Context, b *boot, from *url.URL) error {
	text := cmp.Or(c.values[ruleCA], c.values[ruleCAOfAdapters])
	if text == "" || text == c.executed[ruleCA] {
		return nil
	}
	c.executed[ruleCA] = text
	to, err := c.follow(from, ruleCA, text)
	if err != nil || to.url == nil {
		return err
	}
	body, err := b.fetch(ctx, to.url, to.access)
	if err != nil {
		return err
	}
	return b.learnCA(show(to.url), body)
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
