package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"dialtone/deviceprofiles"
)

// yealinkDECT is the family of bases, which boot as the desk phones do.
const yealinkDECT deviceprofiles.Family = "yealink-dect"

// yealink boots as a Yealink phone with firmware 81 or later: a boot file if there is one, else the model's common file and the phone's own.
type yealink struct {
	mac      deviceprofiles.MAC
	name     string // e.g. T54W
	common   string // number of the common file, e.g. 96
	firmware string
	ports    int
	values   map[string]string // every parameter read so far; the last one counts
	caFrom   string            // where the CA was learned
}

// newYealink returns nil for a model whose common file nobody wrote down here.
func newYealink(model deviceprofiles.Model, mac deviceprofiles.MAC) *yealink {
	_, name, _ := strings.Cut(model.DisplayName, " ")
	common, ok := yealinkCommon(name)
	if !ok {
		return nil
	}
	return &yealink{
		mac: mac, name: name, common: fmt.Sprintf("y%012d.cfg", common), firmware: strconv.Itoa(common) + ".86.0.70", ports: model.LinePorts,
		values: make(map[string]string),
	}
}

// yealinkCommon is the number in the name of a model's common file, which can't be derived from anything else.
func yealinkCommon(name string) (int, bool) {
	for _, m := range []struct {
		name   string
		number int
	}{
		{"T23P", 44}, {"T23G", 44}, {"T21P E2", 52}, {"T19P E2", 53}, {"T40P", 54}, {"T56A", 56}, {"T58", 58}, {"T48S", 65}, {"T46S", 66}, {"T42S", 67}, {"T41S", 68},
		{"T27G", 69}, {"T54S", 70}, {"CP960", 73}, {"T52S", 74}, {"T40G", 76}, {"CP920", 78}, {"VP59", 91}, {"T53", 95}, {"T53W", 95}, {"T54W", 96}, {"T57W", 97},
		{"T43U", 107}, {"T46U", 108}, {"T48U", 109}, {"T42U", 116}, {"T31", 123}, {"T31P", 123}, {"T31G", 123}, {"T33G", 124}, {"CP965", 143}, {"CP925", 148},
		{"T58W", 150}, {"T34W", 171}, {"T31W", 172}, {"T44W", 174}, {"T73W", 183}, {"T74W", 184}, {"T73U", 186}, {"T74U", 187}, {"T77U", 188}, {"T88", 192},
		{"T85W", 196}, {"T87W", 197},
		{"W52P", 25}, {"W56P", 25}, {"W60B", 77}, {"W70B", 146}, {"W75DM", 175}, {"W80B", 175}, {"W90DM", 130},
	} {
		if m.name == name {
			return m.number, true
		}
	}
	return 0, false
}

func (y *yealink) userAgent() string {
	return y.sipUserAgent() + " " + colons(y.mac.Lower())
}

func (y *yealink) sipUserAgent() string {
	if strings.HasPrefix(y.name, "W") { // bases
		return "Yealink " + y.name + " " + y.firmware
	}
	return "Yealink SIP-" + strings.ReplaceAll(y.name, " ", "_") + " " + y.firmware
}

// round asks one folder for the files of this phone. A boot file that exists decides alone what is read.
func (y *yealink) round(ctx context.Context, b *boot, base *url.URL) (*url.URL, error) {
	included, found, err := y.bootFile(ctx, b, base)
	if err != nil {
		return nil, err
	}
	if found {
		for _, u := range included {
			if err := y.require(ctx, b, u); err != nil {
				return nil, err
			}
		}
	} else if err := y.pair(ctx, b, base); err != nil {
		return nil, err
	}
	if err := y.keepsChanges(ctx, b, base); err != nil {
		return nil, err
	}
	return y.next(ctx, b, base)
}

// bootFile returns the files that the phone's boot file, or else the general one, includes.
func (y *yealink) bootFile(ctx context.Context, b *boot, base *url.URL) ([]*url.URL, bool, error) {
	for _, name := range []string{y.mac.Lower() + ".boot", "y000000000000.boot"} {
		u := beside(base, name)
		body, ok, err := b.fetchOptional(ctx, u)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			continue
		}
		file, err := parseYealink(body)
		if err != nil {
			return nil, false, unreadable(u, err)
		}
		included, err := y.included(u, file.included)
		return included, true, err
	}
	return nil, false, nil
}

// mostIncludes bounds how many files a boot file may name.
const mostIncludes = 32

// included turns the names of a boot file into URLs; those for other models are left out.
func (y *yealink) included(from *url.URL, includes []include) ([]*url.URL, error) {
	if len(includes) > mostIncludes {
		return nil, unreadable(from, fmt.Errorf("it includes more than %d files", mostIncludes))
	}
	var found []*url.URL
	for _, inc := range includes {
		if !inc.covers(y.name) {
			continue
		}
		name := strings.ReplaceAll(inc.name, "<mac>", y.mac.Lower())
		if !strings.Contains(name, "://") {
			found = append(found, beside(from, name))
			continue
		}
		u, _, err := parseLocation(name)
		if err != nil {
			return nil, unreadable(from, fmt.Errorf("it includes %w", err))
		}
		found = append(found, u)
	}
	return found, nil
}

// pair reads the model's common file and the phone's own. The phone's own may be absent only where the common one points to another server.
func (y *yealink) pair(ctx context.Context, b *boot, base *url.URL) error {
	u := beside(base, y.common)
	body, ok, err := b.fetchOptional(ctx, u)
	if err != nil {
		return err
	}
	if ok {
		if err := y.take(u, body); err != nil {
			return err
		}
	}
	err = y.require(ctx, b, beside(base, y.mac.Lower()+".cfg"))
	f, isFetch := errors.AsType[*fetchError](err)
	if isFetch && f.how == missing && y.pointsAway(base) {
		b.journal.tried(StepFetch, "%s isn't there; the common file points on", y.mac.Lower()+".cfg")
		return nil
	}
	return err
}

// keepsChanges asks for what the phone uploaded earlier, if it was told to keep it on the server. It wins over what was read before.
func (y *yealink) keepsChanges(ctx context.Context, b *boot, base *url.URL) error {
	if y.values["static.auto_provision.custom.sync"] != "1" {
		return nil
	}
	u := beside(base, y.mac.Lower()+"-local.cfg")
	body, ok, err := b.fetchOptional(ctx, u)
	if err != nil || !ok {
		return err
	}
	return y.take(u, body)
}

func (y *yealink) require(ctx context.Context, b *boot, u *url.URL) error {
	body, err := b.fetch(ctx, u, b.result.Access)
	if err != nil {
		return err
	}
	return y.take(u, body)
}

func (y *yealink) take(u *url.URL, body []byte) error {
	file, err := parseYealink(body)
	if err != nil {
		return unreadable(u, err)
	}
	for _, p := range file.parameters {
		if p.value == "%NULL%" {
			delete(y.values, p.key)
			continue
		}
		y.values[p.key] = p.value
	}
	return nil
}

func (y *yealink) pointsAway(base *url.URL) bool {
	u, _, err := y.server()
	return err == nil && u != nil && !sameBase(u, base)
}

// server is the provisioning server that the parameters name; nil when they name none.
func (y *yealink) server() (*url.URL, Access, error) {
	text := y.values["static.auto_provision.server.url"]
	if text == "" {
		return nil, Access{}, nil
	}
	u, access, err := parseLocation(text)
	if err != nil {
		return nil, Access{}, err
	}
	if !strings.HasSuffix(u.Path, "/") && !strings.HasSuffix(u.Path, ".cfg") && !strings.HasSuffix(u.Path, ".boot") {
		u.Path += "/"
	}
	if user := y.values["static.auto_provision.server.username"]; user != "" {
		access = newAccess(user, y.values["static.auto_provision.server.password"])
	}
	return u, access, nil
}

// next takes in the CA and the credentials that the parameters name, and says whether they point to another server.
func (y *yealink) next(ctx context.Context, b *boot, base *url.URL) (*url.URL, error) {
	if err := y.trust(ctx, b); err != nil {
		return nil, err
	}
	u, access, err := y.server()
	if err != nil {
		return nil, &StepError{
			Step: StepFollow, Err: fmt.Errorf("static.auto_provision.server.url: %w", err), Next: "Check the server URL in the files that the server serves.",
		}
	}
	if !access.IsZero() {
		b.result.Access = access
	}
	if u == nil || sameBase(u, base) {
		return nil, nil //nolint:nilnil // nil is the documented answer for a phone that is where it should be
	}
	return u, nil
}

func (y *yealink) trust(ctx context.Context, b *boot) error {
	text := y.values["static.trusted_certificates.url"]
	if text == "" || text == y.caFrom {
		return nil
	}
	u, access, err := parseLocation(text)
	if err != nil {
		return &StepError{Step: StepTrust, Err: fmt.Errorf("static.trusted_certificates.url: %w", err), Next: "Check that URL in the files that the server serves."}
	}
	body, err := b.fetch(ctx, u, access)
	if err != nil {
		return err
	}
	y.caFrom = text
	return b.learnCA(show(u), body)
}

// yealinkFile is a parsed configuration or boot file.
type yealinkFile struct {
	parameters []parameter
	included   []include
}

type parameter struct{ key, value string }

// include is a file that a boot file names, for some models or for all.
type include struct {
	models []string
	name   string
}

func (i include) covers(model string) bool {
	if len(i.models) == 0 {
		return true
	}
	for _, m := range i.models {
		if strings.EqualFold(m, model) {
			return true
		}
	}
	return false
}

// parseYealink reads "#!version:1.0.0.1" and then lines "key = value". There is no quoting and no continuation.
func parseYealink(body []byte) (yealinkFile, error) {
	if !utf8.Valid(body) {
		return yealinkFile{}, errors.New("it isn't UTF-8")
	}
	first, rest, _ := strings.Cut(string(body), "\n")
	if strings.TrimRight(first, "\r ") != "#!version:1.0.0.1" {
		return yealinkFile{}, errors.New("its first line isn't #!version:1.0.0.1")
	}
	var file yealinkFile
	number := 1
	for line := range strings.SplitSeq(rest, "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if inc, ok := parseInclude(line); ok {
			file.included = append(file.included, inc)
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" {
			return yealinkFile{}, fmt.Errorf("line %d isn't \"key = value\"", number)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return yealinkFile{}, fmt.Errorf("line %d holds control characters", number)
		}
		file.parameters = append(file.parameters, parameter{key: key, value: strings.TrimSpace(value)})
	}
	return file, nil
}

// parseInclude reads: [MODEL,MODEL]include:config "NAME"
func parseInclude(line string) (include, bool) {
	var inc include
	if rest, found := strings.CutPrefix(line, "["); found {
		models, after, closed := strings.Cut(rest, "]")
		if !closed {
			return include{}, false
		}
		for m := range strings.SplitSeq(models, ",") {
			inc.models = append(inc.models, strings.TrimSpace(m))
		}
		line = after
	}
	rest, found := strings.CutPrefix(strings.TrimSpace(line), "include:config")
	if !found {
		return include{}, false
	}
	name := strings.TrimSpace(rest)
	if len(name) < 3 || name[0] != '"' || name[len(name)-1] != '"' {
		return include{}, false
	}
	inc.name = name[1 : len(name)-1]
	return inc, true
}

func (y *yealink) lines() ([]Line, error) {
	var lines []Line
	for port := 1; port <= y.ports; port++ {
		get := y.account(port)
		if get("enable") != "1" {
			continue
		}
		line, err := yealinkLine(port, get)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// account reads the settings of one account. Newer bases keep servers in a list, which accounts name by their place.
func (y *yealink) account(port int) func(string) string {
	prefix := "account." + strconv.Itoa(port) + "."
	server := y.values[prefix+"sip_server.template"]
	return func(name string) string {
		if value, ok := y.values[prefix+name]; ok || server == "" {
			return value
		}
		return y.values["template."+server+"."+name]
	}
}

func yealinkLine(port int, get func(string) string) (Line, error) {
	line := Line{
		Port: port, UserName: get("user_name"), AuthName: get("auth_name"), Password: newSecret(get("password")),
		Domain: get("sip_server.1.address"), DisplayName: get("display_name"),
	}
	portName := "sip_server.1.port"
	if get("outbound_proxy_enable") == "1" {
		line.Proxy, portName = get("outbound_proxy.1.address"), "outbound_proxy.1.port"
	}
	told := get(portName)
	var err error
	if line.ProxyPort, err = parsePort(told); err != nil {
		return Line{}, fmt.Errorf("account.%d.%s: %w", port, portName, err)
	}
	if line.Expires, err = parseExpires(get("sip_server.1.expires")); err != nil {
		return Line{}, fmt.Errorf("account.%d.sip_server.1.expires: %w", port, err)
	}
	if told == "" {
		line.ProxyPort = 5060 // the factory's; only a written 0 asks for SRV
	}
	line.Locate = line.ProxyPort == 0
	switch transport := get("sip_server.1.transport_type"); transport {
	case "", "0":
		line.Transport = udp
	case "1":
		line.Transport = tcp
	case "2":
		line.Transport = tlsTransport
	case "3":
		if !line.Locate {
			line.Transport = udp // a port keeps the phone from asking for NAPTR
		}
	default:
		return Line{}, fmt.Errorf("account.%d.sip_server.1.transport_type is %q, and should be 0 to 3", port, transport)
	}
	return line.completed()
}
