package deviceprofiles

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/fault"
)

// scope is what a template's words mean while it runs.
type scope struct {
	Settings
	out      *settings
	file     string // name of the file being written, in lower case, without folders
	named    bool   // the file's name holds a MAC address
	clock    clockRule
	ciphers  []Encryption // that its family reads
	firmware firmwareTold
	book     phonebook
	ownCA    bool  // our CA is told in a way that nobody has confirmed
	keys     []Key // the phone's, then those of its expansion modules

	line   *Line // of the loop; nil where there is none
	number int   // of the loop: port, or place of a key, from 1
	key    Key
	dials  int // speed dials so far, this key's included
	watch  int // keys that watch something so far, this key's included
	err    error
}

// value is a word's meaning: one of the four.
type value struct {
	text   func(*scope) string
	number func(*scope) int
	truth  func(*scope) bool
	tone   func(*scope) *tone
}

// written is the value as text.
func (v value) written(s *scope) string {
	switch {
	case v.text != nil:
		return v.text(s)
	case v.number != nil:
		return strconv.Itoa(v.number(s))
	case v.tone != nil:
		return "" // the compiler lets none through without its notation
	default:
		return zeroOne(v.truth(s))
	}
}

// holds reports whether the value is something: text that isn't empty, a number other than 0, or true.
func (v value) holds(s *scope) bool {
	switch {
	case v.text != nil:
		return v.text(s) != ""
	case v.number != nil:
		return v.number(s) != 0
	case v.tone != nil:
		return v.tone(s) != nil
	default:
		return v.truth(s)
	}
}

// term is a word of the vocabulary.
type term struct {
	value
	open   bool     // it may stand in files that are for everybody
	within []string // the loops in which it has a meaning; nil for everywhere
}

func words(f func(*scope) string) term   { return term{value: value{text: f}} }
func figure(f func(*scope) int) term     { return term{value: value{number: f}} }
func statement(f func(*scope) bool) term { return term{value: value{truth: f}} }

func sound(f func(toneSet) *tone) term {
	return term{value: value{tone: func(s *scope) *tone { return f(s.tones()) }}}
}

func (t term) public() term                { t.open = true; return t }
func (t term) inside(loops ...string) term { t.within = loops; return t }
func ofLine(f func(Line) string) term      { return words(lineText(f)).inside(withLine...) }
func person(f func(Line) string) term {
	return words(func(s *scope) string { return s.out.format.person(lineText(f)(s)) }).inside(withLine...)
}
func lineText(f func(Line) string) func(*scope) string {
	return func(s *scope) string {
		if s.line == nil {
			s.fail("a template asks for a line where there is none")
			return ""
		}
		return f(*s.line)
	}
}

// fail notes our own mistake, which ends the file.
func (s *scope) fail(message string) {
	if s.err == nil {
		s.err = fault.New(fault.Internal, "%s", message)
	}
}

// The loops in which there can be a line, and those over keys.
//
//nolint:gochecknoglobals // never change
var (
	withLine = []string{"line", "port", "place", "key", "module-key", "server"}
	withKey  = []string{"place", "key", "module-key"}
)

// vocabulary is every word that a template can use.
//
//nolint:gochecknoglobals // never changes
var vocabulary = map[string]term{
	// What everybody may know: this installation, and how the file was asked for.
	"service.http":          words(func(s *scope) string { return s.Service.HTTPBase }).public(),
	"service.https":         words(func(s *scope) string { return s.Service.HTTPSBase }).public(),
	"service.https.address": words(func(s *scope) string { return withoutScheme(s.Service.HTTPSBase) }).public(), // host, and port where it isn't the usual one
	"service.ca":            words(func(s *scope) string { return string(s.Service.CACertificate) }).public(),    // PEM
	"service.ca.url":        words(func(s *scope) string { return s.Service.caURL() }).public(),
	"service.ca.base64":     words(func(s *scope) string { return bareCertificate(s.Service.CACertificate) }).public(), // the first of them, without lines before and after
	"service.ntp":           words(func(s *scope) string { return s.Service.NTPServer }).public(),
	"request.mac":           statement(func(s *scope) bool { return s.named }).public(),      // the file's name holds a MAC address
	"request.MAC":           words(func(s *scope) string { return s.MAC.String() }).public(), // that address; only where request.mac
	"request.file":          words(func(s *scope) string { return s.file }).public(),

	// The phone.
	"mac":             words(func(s *scope) string { return s.MAC.Lower() }),
	"MAC":             words(func(s *scope) string { return s.MAC.String() }),
	"revision":        words(func(s *scope) string { return strconv.FormatInt(s.Revision, 10) }),
	"spread":          figure(func(s *scope) int { return s.MAC.spread() }), // 0 to 1439, of the MAC address: a minute of the day of its own
	"spread.hour":     figure(func(s *scope) int { return s.MAC.spread() / 60 }),
	"spread.minute":   figure(func(s *scope) int { return s.MAC.spread() % 60 }),
	"model":           words(func(s *scope) string { return s.Model.number() }), // without the vendor
	"model.ports":     figure(func(s *scope) int { return s.Model.LinePorts }),
	"model.keys":      figure(func(s *scope) int { return s.Model.LineKeys }),
	"model.modules":   figure(func(s *scope) int { return s.Model.KEMModules }),
	"model.variant":   words(func(s *scope) string { return s.Model.Variant }),
	"access.user":     words(func(s *scope) string { return s.Access.UserName }),
	"access.password": words(func(s *scope) string { return s.Access.Password.Reveal() }),
	"access.folder":   words(func(s *scope) string { return s.Access.Folder() }), // of a URL, for phones that know no name and password
	"access.key":      words(func(s *scope) string { return s.Access.FileKey.Reveal() }),
	"encryption":      words(func(s *scope) string { return s.encryption() }), // of its own files: MD5, SHA256, RFC8188; "" for none
	"encryption.told": statement(func(s *scope) bool { _, told := s.Values[encryptionSetting]; return told }),
	"admin.password":  words(func(s *scope) string { return s.AdminPassword.Reveal() }),
	"activated":       statement(func(s *scope) bool { return s.Activated }),
	"country":         words(func(s *scope) string { return strings.ToUpper(s.Country) }),
	"language":        words(func(s *scope) string { return languageOf(s.Language) }),                                    // e.g. de
	"locale":          words(func(s *scope) string { return strings.ReplaceAll(strings.ToLower(s.Language), "-", "_") }), // e.g. de_de
	"clock.twelve":    statement(func(s *scope) bool { return s.Country == "US" || s.Country == "CA" }),                  // hours are counted to twelve

	// What it plays in its country; none where that isn't known. Sections are pairs of sound and silence, 0 for a tone without an end.
	"tones":                    statement(func(s *scope) bool { return s.Values[tonesSetting].Text != tonesOff }), // it is told
	"tones.all":                statement(func(s *scope) bool { return s.Values[tonesSetting].Text == tonesAll }), // in unconfirmed words, too
	"tone.dial":                sound(func(t toneSet) *tone { return t.Dial }),
	"tone.busy":                sound(func(t toneSet) *tone { return t.Busy }),
	"tone.congestion":          sound(func(t toneSet) *tone { return t.Congestion }),
	"tone.congestion.sections": figure(func(s *scope) int { return s.tones().Congestion.sections() }),
	"tone.ringback":            sound(func(t toneSet) *tone { return t.Ringback }),
	"tone.waiting":             sound(func(t toneSet) *tone { return t.Waiting }), // a second call
	"tone.waiting.sections":    figure(func(s *scope) int { return s.tones().Waiting.sections() }),

	// How its lines reach the registrar.
	"sip.transport":  words(func(s *scope) string { return string(s.SIP.Transport) }), // udp, tcp, tls
	"sip.secure":     statement(func(s *scope) bool { return s.SIP.Transport == TLS }),
	"sip.located":    statement(func(s *scope) bool { return s.SIP.OutboundPort == 0 }), // by NAPTR and SRV
	"sip.proxy":      words(func(s *scope) string { return s.SIP.OutboundProxy }),
	"sip.proxy.port": words(func(s *scope) string { return hostPort(s.SIP) }), // host:port, or the host alone where it is to be located
	"sip.port":       figure(func(s *scope) int { return s.SIP.OutboundPort }),
	"sip.expires":    figure(func(s *scope) int { return s.SIP.Expires }), // seconds

	// Its clock.
	"zone":                 words(func(s *scope) string { return s.TimeZone }),   // IANA name
	"clock.offset":         figure(func(s *scope) int { return s.clock.offset }), // seconds east of UTC in winter
	"clock.sign":           words(func(s *scope) string { return signOf(s.clock.offset) }),
	"clock.hours":          figure(func(s *scope) int { return abs(s.clock.offset) / 3600 }),
	"clock.minutes":        figure(func(s *scope) int { return abs(s.clock.offset) / 60 % 60 }),
	"clock.posix":          words(func(s *scope) string { return s.clock.posix() }), // e.g. CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00
	"summer":               statement(func(s *scope) bool { return s.clock.save > 0 }),
	"summer.save":          figure(func(s *scope) int { return s.clock.save }), // seconds
	"summer.save.hours":    figure(func(s *scope) int { return s.clock.save / 3600 }),
	"summer.save.minutes":  figure(func(s *scope) int { return s.clock.save / 60 % 60 }),
	"summer.start.month":   figure(func(s *scope) int { return int(s.clock.start.month) }),
	"summer.start.week":    figure(func(s *scope) int { return s.clock.start.week }), // 1 to 4, 5: the last
	"summer.start.last":    statement(func(s *scope) bool { return s.clock.start.week == lastWeek }),
	"summer.start.day":     figure(func(s *scope) int { return s.clock.start.firstDay() }),   // the first on which it can fall; 0: the last in the month
	"summer.start.weekday": figure(func(s *scope) int { return int(s.clock.start.weekday) }), // 0: Sunday
	"summer.start.iso":     figure(func(s *scope) int { return s.clock.start.isoWeekday() }), // 7: Sunday
	"summer.start.hour":    figure(func(s *scope) int { return s.clock.start.hour }),
	"summer.start.minute":  figure(func(s *scope) int { return s.clock.start.minute }),
	"summer.end.month":     figure(func(s *scope) int { return int(s.clock.end.month) }),
	"summer.end.week":      figure(func(s *scope) int { return s.clock.end.week }),
	"summer.end.last":      statement(func(s *scope) bool { return s.clock.end.week == lastWeek }),
	"summer.end.day":       figure(func(s *scope) int { return s.clock.end.firstDay() }),
	"summer.end.weekday":   figure(func(s *scope) int { return int(s.clock.end.weekday) }),
	"summer.end.iso":       figure(func(s *scope) int { return s.clock.end.isoWeekday() }),
	"summer.end.hour":      figure(func(s *scope) int { return s.clock.end.hour }),
	"summer.end.minute":    figure(func(s *scope) int { return s.clock.end.minute }),

	// Its first line, for what a phone has once.
	"first.port":    figure(func(s *scope) int { return s.Lines[0].Port }),
	"first.name":    words(func(s *scope) string { return s.out.format.person(s.Lines[0].DisplayName) }),
	"first.label":   words(func(s *scope) string { return s.out.format.person(s.Lines[0].Label) }),
	"first.user":    words(func(s *scope) string { return s.Lines[0].UserName }),
	"first.domain":  words(func(s *scope) string { return s.Lines[0].Domain }),
	"first.hotline": words(func(s *scope) string { return s.Lines[0].HotlineDestination }),
	"first.decline": statement(func(s *scope) bool { return s.Lines[0].DeclineEverywhere }), // everywhere

	// A line, in a loop.
	"used":              statement(func(s *scope) bool { return s.line != nil }).inside("port", "place", "key", "module-key"), // there is a line here
	"line.port":         figure((*scope).linePort).inside(withLine...),
	"line.user":         ofLine(func(l Line) string { return l.UserName }),
	"line.auth":         ofLine(func(l Line) string { return l.AuthName }),
	"line.password":     ofLine(func(l Line) string { return l.Password.Reveal() }),
	"line.domain":       ofLine(func(l Line) string { return l.Domain }),
	"line.name":         person(func(l Line) string { return l.DisplayName }),
	"line.label":        person(func(l Line) string { return l.Label }),
	"line.hotline":      ofLine(func(l Line) string { return l.HotlineDestination }),
	"line.server":       figure(func(s *scope) int { return s.serverOf(s.line) }).inside(withLine...),     // which of the servers in each server is its own
	"line.keys":         figure(func(s *scope) int { return s.keysOf(s.linePort()) }).inside(withLine...), // how many keys show it
	"line.keys.several": statement(func(s *scope) bool { return s.keysOf(s.linePort()) > 1 }).inside(withLine...),
	"number":            figure(func(s *scope) int { return s.number }).inside("port", "place", "key", "module-key", "server", "entry"),
	"index":             figure(func(s *scope) int { return s.number - 1 }).inside("port", "place", "key", "module-key", "server"), // the number, counted from 0

	// Its keys.
	"keys.custom":     statement(func(s *scope) bool { return s.Layout.Custom }), // somebody laid them out
	"keys.several":    statement(func(s *scope) bool { return hasWeights(s.Lines) }),
	"keys.dials":      figure(func(s *scope) int { return s.speedDials() }),
	"pickup.code":     words(func(s *scope) string { return s.Values[pickupSetting].Text }), // digits before the extension whose ringing call is taken; "" for none
	"modules":         figure(func(s *scope) int { return s.modules() }),                    // attached
	"on.port":         statement(func(s *scope) bool { return s.number <= s.Model.LinePorts }).inside("place"),
	"key.index":       figure(func(s *scope) int { return s.key.Index }).inside(withKey...),
	"key.module":      figure(func(s *scope) int { return s.key.Module }).inside(withKey...),
	"key.page":        figure(func(s *scope) int { return (s.key.Index-1)/max(s.Model.KeysPerPage, 1) + 1 }).inside(withKey...), // from 1, where the model has pages
	"key.slot":        figure(func(s *scope) int { return (s.key.Index-1)%max(s.Model.KeysPerPage, 1) + 1 }).inside(withKey...), // its place on the page
	"key.type":        words(func(s *scope) string { return string(s.key.Type) }).inside(withKey...),
	"key.label":       words(func(s *scope) string { return s.out.format.person(s.key.Label) }).inside(withKey...),
	"key.dials":       words(func(s *scope) string { return s.dialled() }).inside(withKey...),
	"key.host":        statement(func(s *scope) bool { return strings.Contains(s.key.Value, "@") }).inside(withKey...), // what it dials has a host of its own
	"key.dial":        figure(func(s *scope) int { return s.dials }).inside(withKey...),                                // which of the speed dials, from 1
	"key.watches":     words(func(s *scope) string { return s.watches(KeyMonitor) }).inside(withKey...),                // whose calls it shows; "" for nobody's
	"key.parks":       words(func(s *scope) string { return s.watches(KeyCallPark) }).inside(withKey...),               // where it parks calls; "" for nowhere
	"key.watch":       figure(func(s *scope) int { return s.watch }).inside(withKey...),                                // which of the keys that watch something, from 1
	"key.shown":       figure((*scope).keyPort).inside(withKey...),                                                     // port of the line that the key shows; 0 for none
	"key.shown.label": words((*scope).keyLabel).inside(withKey...),
	"key.line":        figure(func(s *scope) int { return s.key.Line }).inside(withKey...),
}

// encryptionSetting says how a phone's own files are encrypted below HTTPS.
//
//nolint:gochecknoglobals // never changes
var encryptionSetting = SettingKey{Scope: ScopeEvery, Name: "%EVERY_FILE_ENCRYPTION%"}

// pickupSetting is what phones dial before the extension of whoever is called.
//
//nolint:gochecknoglobals // never changes
var pickupSetting = SettingKey{Scope: ScopeEvery, Name: "%EVERY_PICKUP_CODE%"}

// encryption is how the phone's own files are encrypted, "" if they aren't, or if its family can't read them so.
func (s *scope) encryption() string {
	how := s.Values[encryptionSetting].Text
	wanted, known := map[string]Encryption{"MD5": EncryptMD5, "SHA256": EncryptSHA256, "RFC8188": EncryptGCM}[how]
	if !known || !slices.Contains(s.ciphers, wanted) {
		return ""
	}
	return how
}

// loops are what a template can go through.
//
//nolint:gochecknoglobals // never changes
var loops = map[string]func(*scope, func() error) error{
	"line":       eachLine,
	"port":       eachPort,
	"server":     eachServer,
	"entry":      eachEntry,
	"place":      eachPlace,
	"key":        func(s *scope, body func() error) error { return s.eachKey(s.keys, body) },
	"module-key": func(s *scope, body func() error) error { return s.eachKey(s.keys[s.Model.LineKeys:], body) },
}

// hostPort writes the outbound proxy; without a port, so that the phone looks it up, when it has none.
func hostPort(sip SIP) string {
	if sip.OutboundPort == 0 {
		return sip.OutboundProxy
	}
	return net.JoinHostPort(sip.OutboundProxy, strconv.Itoa(sip.OutboundPort))
}

func withoutScheme(url string) string {
	_, address, _ := strings.Cut(url, "://")
	return address
}

// bareCertificate is the first certificate of a PEM text as one line of base64.
func bareCertificate(text []byte) string {
	_, after, _ := strings.Cut(string(text), "-----BEGIN CERTIFICATE-----")
	inner, _, _ := strings.Cut(after, "-----END")
	return strings.Join(strings.Fields(inner), "")
}

func signOf(n int) string {
	if n < 0 {
		return "-"
	}
	return "+"
}

func abs(n int) int { return max(n, -n) }

// firstDay is the first day of the month on which a change can fall, 0 for the last of its weekday.
func (c change) firstDay() int {
	if c.week == lastWeek {
		return 0
	}
	return (c.week-1)*7 + 1
}

func (c change) isoWeekday() int {
	if c.weekday == time.Sunday {
		return 7
	}
	return int(c.weekday)
}
