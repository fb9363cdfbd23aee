package phone

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"dialtone/deviceprofiles"
)

// poly boots as a Poly phone with UC software (VVX, Edge E, CCX, Trio): a master file, which names the parameter files.
type poly struct {
	mac    deviceprofiles.MAC
	name   string // e.g. VVX 450, Edge E450
	ports  int
	values map[string]string // parameters of the last server; of two files there, the first one counts
	caText string            // the CA that was learned
}

func newPoly(model deviceprofiles.Model, mac deviceprofiles.MAC) *poly {
	_, name, _ := strings.Cut(model.DisplayName, " ")
	if number, ok := strings.CutPrefix(name, "EE"); ok { // the wire's short form
		name = "Edge E" + number
	}
	return &poly{mac: mac, name: name, ports: model.LinePorts, values: make(map[string]string)}
}

func (p *poly) sipUserAgent() string {
	underscored := strings.ReplaceAll(p.name, " ", "_")
	series, _, _ := strings.Cut(p.name, " ")
	switch series {
	case "Edge":
		return "PolyEdge-" + underscored + "-UA/8.0.0.15602"
	case "CCX":
		return "PolyCCX-" + underscored + "-UA/9.4.1.0508"
	case "Trio":
		return "PolycomRealPresenceTrio-" + underscored + "-UA/7.2.2.1094"
	default:
		return "PolycomVVX-" + underscored + "-UA/6.4.3.5156"
	}
}

// userAgent names the phone's address only after it was told to.
func (p *poly) userAgent() string {
	serial := ""
	if p.device("device.prov.tagSerialNo") == "1" {
		serial = " (SN:" + p.mac.Lower() + ")"
	}
	return "FileTransport " + p.sipUserAgent() + serial + " Type/Application"
}

// device returns a parameter of the group that a phone takes in only if both switches say so.
func (p *poly) device(name string) string {
	if p.values["device.set"] != "1" || p.values[name+".set"] != "1" {
		return ""
	}
	return p.values[name]
}

// round reads the master file, the files that it names, and what the phone uploaded earlier.
func (p *poly) round(ctx context.Context, b *boot, base *url.URL) (*url.URL, error) {
	u, root, err := p.masterFile(ctx, b, base)
	if err != nil {
		return nil, err
	}
	read := make(map[string]string)
	if root.name == "APPLICATION" {
		if err := p.named(ctx, b, u, root, read); err != nil {
			return nil, err
		}
	} else { // the firmware takes a parameter file in the master's place
		merge(read, root)
		if err := p.apply(b, show(u), read); err != nil {
			return nil, err
		}
	}
	return p.next(b, base)
}

// masterFile reads the phone's own master file, or the common one where there is none; a URL that names a file is the master itself.
func (p *poly) masterFile(ctx context.Context, b *boot, base *url.URL) (*url.URL, *element, error) {
	u := base
	own := !strings.HasSuffix(base.Path, ".cfg")
	if own {
		u = beside(base, p.mac.Lower()+".cfg")
	}
	body, err := b.fetch(ctx, u, b.result.Access)
	if f, ok := errors.AsType[*fetchError](err); ok && own && f.how == missing {
		b.journal.tried(StepFetch, "%s: %s; trying the common one", show(u), f.text)
		u = beside(base, "000000000000.cfg")
		body, err = b.fetch(ctx, u, b.result.Access)
	}
	if err != nil {
		return nil, nil, err
	}
	root, err := parseXML(body)
	if err != nil {
		return nil, nil, unreadable(u, err)
	}
	return u, root, nil
}

// mostConfigFiles bounds how many files a master may name. The list itself holds at most 2,047 characters.
const mostConfigFiles = 32

// named reads the parameter files that a master names, then the phone's own uploads, which win over them.
func (p *poly) named(ctx context.Context, b *boot, master *url.URL, root *element, read map[string]string) error {
	if firmware := attribute(root, "APP_FILE_PATH"); firmware != "" {
		b.journal.tried(StepFetch, "the firmware %s isn't loaded: a simulated phone has none", p.substitute(firmware))
	}
	names := strings.Split(attribute(root, "CONFIG_FILES"), ",")
	if len(names) > mostConfigFiles {
		return unreadable(master, fmt.Errorf("it names more than %d files", mostConfigFiles))
	}
	for _, name := range names {
		if name = p.substitute(strings.TrimSpace(name)); name == "" {
			continue
		}
		if err := p.parameterFile(ctx, b, master, name, read); err != nil {
			return err
		}
	}
	return p.uploads(ctx, b, master, root, read)
}

func (p *poly) parameterFile(ctx context.Context, b *boot, master *url.URL, name string, read map[string]string) error {
	u, access := beside(master, name), b.result.Access
	if strings.Contains(name, "://") {
		var inURL Access
		var err error
		if u, inURL, err = parseLocation(name); err != nil {
			return &StepError{Step: StepFollow, Err: fmt.Errorf("CONFIG_FILES in %s names what is %w", show(master), err), Next: "Check that list on the server."}
		}
		if !inURL.IsZero() {
			access = inURL
		}
	}
	body, err := b.fetch(ctx, u, access)
	if err != nil {
		return err
	}
	root, err := parseXML(body)
	if err != nil {
		return unreadable(u, err)
	}
	merge(read, root)
	return p.apply(b, show(u), read)
}

// uploads asks for what a phone keeps on its server, and for licences and directories, of which only the parameters matter here.
func (p *poly) uploads(ctx context.Context, b *boot, master *url.URL, root *element, read map[string]string) error {
	mac := p.mac.Lower()
	overrides := folder(attribute(root, "OVERRIDES_DIRECTORY"))
	for _, name := range []string{overrides + mac + "-phone.cfg", overrides + mac + "-web.cfg"} {
		u := beside(master, p.substitute(name))
		body, ok, err := b.fetchOptional(ctx, u)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		changed, err := parseXML(body)
		if err != nil {
			return unreadable(u, err)
		}
		over := make(map[string]string)
		merge(over, changed)
		maps.Copy(read, over)
		if err := p.apply(b, show(u), read); err != nil {
			return err
		}
	}
	licences, contacts := folder(attribute(root, "LICENSE_DIRECTORY")), folder(attribute(root, "CONTACTS_DIRECTORY"))
	for _, name := range []string{
		licences + "000000000000-license.cfg", licences + mac + "-license.cfg", folder(attribute(root, "CALL_LISTS_DIRECTORY")) + mac + "-calls.xml",
	} {
		if _, _, err := b.fetchOptional(ctx, beside(master, p.substitute(name))); err != nil {
			return err
		}
	}
	_, ok, err := b.fetchOptional(ctx, beside(master, p.substitute(contacts+mac+"-directory.xml")))
	if err != nil || ok {
		return err
	}
	_, _, err = b.fetchOptional(ctx, beside(master, p.substitute(contacts+"000000000000-directory.xml")))
	return err
}

// apply takes in what was read of one server so far, the CA at once, so that files on a server that it vouches for can follow.
func (p *poly) apply(b *boot, from string, read map[string]string) error {
	maps.Copy(p.values, read)
	text := p.device("device.sec.TLS.customCaCert1")
	if text == "" || text == p.caText {
		return nil
	}
	p.caText = text
	return b.learnCA(from, mendPEM(text))
}

// next says whether the provisioning parameters point to another server.
func (p *poly) next(b *boot, base *url.URL) (*url.URL, error) {
	name := p.device("device.prov.serverName")
	if name == "" {
		return nil, nil //nolint:nilnil // nil is the documented answer for a phone that is where it should be
	}
	u, access, err := p.server(name)
	if err != nil {
		return nil, &StepError{
			Step: StepFollow, Err: fmt.Errorf("device.prov.serverName and serverType: %w", err), Next: "Check them in the files that the server serves.",
		}
	}
	if user := p.device("device.prov.user"); user != "" {
		access = newAccess(user, p.device("device.prov.password"))
	}
	if !access.IsZero() {
		b.result.Access = access
	}
	if sameBase(u, base) {
		return nil, nil //nolint:nilnil // as above
	}
	return u, nil
}

func (p *poly) server(name string) (*url.URL, Access, error) {
	if !strings.Contains(name, "://") {
		scheme, err := polyScheme(p.device("device.prov.serverType"))
		if err != nil {
			return nil, Access{}, err
		}
		name = scheme + "://" + name
	}
	u, access, err := parseLocation(name)
	if err != nil {
		return nil, Access{}, err
	}
	if !strings.HasSuffix(u.Path, "/") && !strings.HasSuffix(u.Path, ".cfg") {
		u.Path += "/"
	}
	return u, access, nil
}

// polyScheme reads serverType in words or in the old numbers.
func polyScheme(text string) (string, error) {
	switch strings.ToUpper(text) {
	case "TFTP", "1":
		return "tftp", nil
	case "HTTP", "2":
		return "http", nil
	case "HTTPS", "3":
		return "https", nil
	}
	return "", fmt.Errorf("a server type %q, which this phone can't fetch from", text)
}

func (p *poly) substitute(text string) string {
	return strings.NewReplacer(
		"[PHONE_MAC_ADDRESS]", p.mac.Lower(), "[PHONE_MODEL]", strings.ReplaceAll(p.name, " ", ""), "[PHONE_PART_NUMBER]", "3111-48450-001",
	).Replace(text)
}

// attribute returns an attribute of one element.
func attribute(e *element, name string) string {
	for _, a := range e.attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func folder(name string) string {
	if name == "" || strings.HasSuffix(name, "/") {
		return name
	}
	return name + "/"
}

// merge collects the attributes of all elements, whatever those are called. What is there already stays: of two files, the first one counts.
func merge(into map[string]string, e *element) {
	for _, a := range e.attributes {
		if _, known := into[a.Name.Local]; !known {
			into[a.Name.Local] = a.Value
		}
	}
	for _, child := range e.children {
		merge(into, child)
	}
}

// mendPEM puts the line breaks back into a certificate that stood in an attribute, where XML makes blanks of them.
func mendPEM(text string) []byte {
	const begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	var mended []byte
	for {
		_, rest, found := strings.Cut(text, begin)
		body, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return mended
		}
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
		if err == nil {
			mended = append(mended, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})...)
		}
		text = after
	}
}

func (p *poly) lines() ([]Line, error) {
	var lines []Line
	for port := 1; port <= p.ports; port++ {
		get := func(name string) string { return p.values["reg."+strconv.Itoa(port)+"."+name] }
		if get("address") == "" || get("server.1.register") == "0" {
			continue
		}
		line, err := polyLine(port, get)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func polyLine(port int, get func(string) string) (Line, error) {
	user, domain, found := strings.Cut(get("address"), "@")
	line := Line{
		Port: port, UserName: user, AuthName: get("auth.userId"), Password: newSecret(get("auth.password")), Domain: domain,
		DisplayName: get("displayName"),
	}
	server, through := get("server.1.address"), "server.1"
	if !found {
		line.Domain = server
	}
	switch proxy := get("outboundProxy.address"); {
	case proxy != "":
		line.Proxy, through = proxy, "outboundProxy"
	case server != line.Domain:
		line.Proxy = server
	}
	var err error
	if line.ProxyPort, err = parsePort(get(through + ".port")); err != nil {
		return Line{}, fmt.Errorf("reg.%d.%s.port: %w", port, through, err)
	}
	if line.Expires, err = parseExpires(get("server.1.expires")); err != nil {
		return Line{}, fmt.Errorf("reg.%d.server.1.expires: %w", port, err)
	}
	line.Locate = line.ProxyPort == 0
	switch transport := get(through + ".transport"); transport {
	case "", "DNSnaptr":
		if !line.Locate {
			line.Transport = udp // a port keeps the phone from asking for NAPTR
		}
	case "UDPOnly":
		line.Transport = udp
	case "TCPOnly", "TCPpreferred":
		line.Transport = tcp
	case "TLS":
		line.Transport = tlsTransport
	default:
		return Line{}, fmt.Errorf("reg.%d.%s.transport is %q, which is none", port, through, transport)
	}
	return line.completed()
}
