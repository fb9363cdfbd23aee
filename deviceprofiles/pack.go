package deviceprofiles

import (
	"cmp"
	"crypto/md5" // of files that phones ask for with their digest; it protects nothing
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A vendor pack is one folder in packs: models.json (catalogue_read.go), settings*.json (settings_data.go), pack.json, which says of each family how it is
// recognised and which files it asks for, templates that say what stands in them (pack_template.go), and fixtures for the tests. A new model, and a new
// family whose format is there already, needs nothing outside its folder.
//
//go:embed packs/*.json packs/*/*.json packs/*/*.tmpl
var packFiles embed.FS

// pack is a family as its vendor's pack has it.
type pack struct {
	Family     Family                       `json:"family"`
	Note       string                       `json:"note"`       // for readers
	UserAgents []string                     `json:"userAgents"` // RE2; groups named mac, model and version say so
	Blocks     string                       `json:"blocks"`     // the first six digits of the vendor's MAC addresses, in lower case, with blanks between
	Folder     string                       `json:"folder"`     // in lower case: whoever asks in it is of this family
	Format     format                       `json:"format"`
	Files      []packFile                   `json:"files"`      // in the order in which a phone asks for them; none: nobody has taught us to write them
	Codes      bool                         `json:"codes"`      // its phones take an activation code from whoever unpacks them
	Encryption []Encryption                 `json:"encryption"` // how its phones can have their own files encrypted; none: not at all
	Firmware   *firmwareFacts               `json:"firmware"`   // how its phones are told what to run; none: not at all
	Languages  bool                         `json:"languages"`  // its phones can be told to load a file with a language's texts
	Phonebook  *phonebookFacts              `json:"phonebook"`  // how its phones have the people of their organisation; none: not at all
	OwnCA      *ownCAFacts                  `json:"ownCA"`      // an unconfirmed way to give its phones our CA; none: a confirmed one, or none at all
	Handover   string                       `json:"handover"`   // template of a file for a phone that somebody else configures; "" for none
	Booleans   [2]string                    `json:"booleans"`   // the usual words for false and true in settings; 0 and 1 unless given
	Words      map[string]map[string]string `json:"words"`      // tables for the filter word

	// Keys is what the keys of its phones can be for, in the models that can be laid out, and ModuleKeys what those of expansion modules can. With NoHosts no key
	// can dial user@host.
	Keys       []KeyType `json:"keys"`
	ModuleKeys []KeyType `json:"moduleKeys"`
	NoHosts    bool      `json:"noHosts"`
	// Notations are how its phones have parts of tones spelled out, for the filter notation.
	Notations    map[string]notation `json:"notations"`
	Uploads      []packUpload        `json:"uploads"`      // what its phones send
	Optional     []string            `json:"optional"`     // RE2 of names in lower case that its phones ask for and that needn't be there
	RetryAfter   bool                `json:"retryAfter"`   // its phones are known to wait as long as the header Retry-After of an HTTP answer says
	Foreign      packForeign         `json:"foreign"`      // what phones of the vendor ask for that aren't of the family
	LeastVersion packVersion         `json:"leastVersion"` // older firmware is known not to understand its files
	DHCP         DHCP                `json:"dhcp"`
	Lookup       []lookupRule        `json:"lookup"` // settings that decide whether its phones look up where to register
	Notify       *NotifyEvents       `json:"notify"` // what its phones can be told over SIP; none: they aren't known to obey

	vendor   string // the folder's name
	agents   []*regexp.Regexp
	optional []*regexp.Regexp
	handover template
}

// packFile is a file that a family asks for.
type packFile struct {
	Name    string `json:"name"`    // as the phone asks for it, folders included; {mac}, {MAC}, {model} and {common} stand for the phone's
	Pattern string `json:"pattern"` // RE2 of all names in lower case that are the same file; needed where Name depends on the model
	Open    string `json:"open"`    // template of what anybody gets; "" for nothing
	Own     string `json:"own"`     // template of what the phone itself gets; "" for nothing
	// Alias is another name of a file that is there already, for a phone that somebody pointed elsewhere: it isn't counted among a phone's files. One of
	// open, own and both.
	Alias    string `json:"alias"`
	Kind     string `json:"kind"`     // phonebook: Own is written of the organisation's people; "" for a file of settings
	Settings bool   `json:"settings"` // what administrators chose stands in the phone's own
	// Digest is the suffix of a second file beside this one, in which its phones want the MD5 of the very bytes of it, in 32 hexadecimal digits.
	Digest string  `json:"digest"`
	Format *format `json:"format"` // where it isn't the family's
	// OpenFormat is of what anybody gets, where that is spelled out in another way than what the phone itself gets.
	OpenFormat *format `json:"openFormat"`
	pattern    *regexp.Regexp
	open       template
	own        template
}

// packShelf is every pack, read and indexed.
type packShelf struct {
	packs    []*pack
	byFamily map[Family]*pack
	byName   map[string][]packName // by a file's name in lower case, the MAC address in it as {mac}
	patterns []packName            // files whose names are patterns
	broken   error                 // what is left out of it, and why
	uploads  map[string]uploadName // by the name in lower case, the MAC address in it as {mac}
}

// packName is a file of a family.
type packName struct {
	pack *pack
	file *packFile
}

//nolint:gochecknoglobals // never changes: read once, the same in every process
var packs = sync.OnceValue(func() packShelf {
	shelf, err := readPacks(packFiles)
	shelf.broken = err
	return shelf
})

// readPacks reads the packs of all vendors. What is broken is left out, and named.
func readPacks(files fs.FS) (packShelf, error) {
	s := packShelf{byFamily: map[Family]*pack{}, byName: map[string][]packName{}, uploads: map[string]uploadName{}}
	var broken []error
	for _, vendor := range vendors() {
		list, err := readVendor(files, path.Join("packs", vendor))
		if err != nil {
			broken = append(broken, err)
			continue
		}
		for _, p := range list {
			if _, twice := s.byFamily[p.Family]; twice {
				broken = append(broken, fmt.Errorf("packs/%s/%s: the family %s is there twice", vendor, packFileName, p.Family))
				continue
			}
			if err := s.addFacts(p); err != nil {
				broken = append(broken, fmt.Errorf("packs/%s/%s: %w", vendor, packFileName, err))
			}
			s.add(p)
		}
	}
	return s, errors.Join(broken...)
}

func (s *packShelf) add(p *pack) {
	s.packs = append(s.packs, p)
	s.byFamily[p.Family] = p
	for i := range p.Files {
		f := &p.Files[i]
		if f.pattern != nil {
			s.patterns = append(s.patterns, packName{p, f})
			continue
		}
		for _, name := range f.names() {
			s.byName[name] = append(s.byName[name], packName{p, f})
		}
	}
}

// personal reports whether the phone's MAC address stands in the file's name.
func (f *packFile) personal() bool { return strings.Contains(f.base(), "{mac}") }

// base is the file's name without folders but the phone's own, in lower case.
func (f *packFile) base() string {
	if folder, name := path.Split(f.Name); strings.EqualFold(path.Base(folder), "{mac}") { // the phone's own folder is a part of the name
		return strings.ToLower(path.Base(folder) + "/" + name)
	}
	return strings.ToLower(path.Base(f.Name))
}

// names are base and that of the file with its digest, if it has one.
func (f *packFile) names() []string {
	if f.Digest == "" {
		return []string{f.base()}
	}
	return []string{f.base(), f.base() + f.Digest}
}

// answer turns the file into what was asked for by a name in lower case: itself or its digest.
func (f *packFile) answer(name string, file File, err error) (File, error) {
	if err != nil || f.Digest == "" || !strings.HasSuffix(name, f.Digest) {
		return file, err
	}
	sum := md5.Sum(file.Body)
	return File{ContentType: contentTypeText, Body: []byte(hex.EncodeToString(sum[:]))}, nil
}

// packFileName is the file that says of each family of a vendor what its phones are like.
const packFileName = "pack.json"

// readVendor reads the families of one vendor's folder.
func readVendor(files fs.FS, folder string) ([]*pack, error) {
	var data struct {
		Families []*pack `json:"families"`
	}
	name := path.Join(folder, packFileName)
	if err := readFile(files, name, &data); err != nil {
		return nil, err
	}
	sources := map[string]string{}
	names, err := fs.Glob(files, path.Join(folder, "*.tmpl"))
	if err != nil {
		return nil, err
	}
	for _, template := range names {
		raw, err := fs.ReadFile(files, template)
		if err != nil {
			return nil, err
		}
		sources[strings.TrimSuffix(path.Base(template), ".tmpl")] = string(raw)
	}
	for _, p := range data.Families {
		p.vendor = path.Base(folder)
		if err := p.prepare(sources); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, p.Family, err)
		}
	}
	return data.Families, nil
}

// prepare compiles what a family's data names.
func (p *pack) prepare(sources map[string]string) error {
	for name, n := range p.Notations {
		if err := n.check(); err != nil {
			return fmt.Errorf("notation %s: %w", name, err)
		}
	}
	if p.Booleans == [2]string{} {
		p.Booleans = [2]string{"0", "1"}
	}
	if err := p.prepareFacts(); err != nil {
		return err
	}
	for i, source := range p.UserAgents {
		agent, err := regexp.Compile(source)
		if err != nil {
			return fmt.Errorf("userAgents[%d]: %w", i, err)
		}
		p.agents = append(p.agents, agent)
	}
	if err := p.Firmware.prepare(); err != nil {
		return err
	}
	var err error
	if p.handover, err = p.template(p.Handover, sources, false); err != nil {
		return fmt.Errorf("handover: %w", err)
	}
	if len(p.Files) > 0 {
		if err := p.Format.check(); err != nil {
			return fmt.Errorf("format: %w", err)
		}
	}
	for i := range p.Files {
		if err := p.Files[i].prepare(p, sources); err != nil {
			return fmt.Errorf("files[%d] (%s): %w", i, p.Files[i].Name, err)
		}
	}
	return nil
}

func (f *packFile) prepare(p *pack, sources map[string]string) error {
	f.Format = cmp.Or(f.Format, &p.Format)
	f.OpenFormat = cmp.Or(f.OpenFormat, f.Format)
	switch {
	case f.Name == "" || strings.Contains(f.base(), "{model}") && f.Pattern == "" || strings.Contains(f.base(), "{common}") && f.Pattern == "":
		return errors.New("it needs a name, and a pattern of all its names")
	case f.Open == "" && f.Own == "" || f.Own != "" && !f.personal():
		return errors.New("it needs a template, and a phone's own file the phone's address in its name")
	case !slices.Contains([]string{"", aliasOpen, aliasOwn, aliasBoth}, f.Alias):
		return fmt.Errorf("it is no alias of %q", f.Alias)
	}
	err := f.checkKind()
	if err != nil {
		return err
	}
	if f.Pattern != "" {
		if f.pattern, err = regexp.Compile(`^(?:` + f.Pattern + `)(?:` + regexp.QuoteMeta(f.Digest) + `)?$`); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
	}
	if f.open, err = p.template(f.Open, sources, true); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if f.own, err = p.template(f.Own, sources, false); err != nil {
		return fmt.Errorf("own: %w", err)
	}
	if err := f.Format.check(); err != nil {
		return fmt.Errorf("format: %w", err)
	}
	if err := f.OpenFormat.check(); err != nil {
		return fmt.Errorf("openFormat: %w", err)
	}
	return nil
}

// The words of packFile.Alias.
const (
	aliasOpen = "open"
	aliasOwn  = "own"
	aliasBoth = "both"
)

// template compiles the template of a name; nil for none.
func (p *pack) template(name string, sources map[string]string, open bool) (template, error) {
	if name == "" {
		return nil, nil
	}
	c := compiler{open: open, words: p.Words, notations: p.Notations, sources: sources}
	out, err := c.include(name)
	if out == nil && err == nil {
		out = template{}
	}
	return out, err
}

// file finds the family's file of a name in lower case, without folders.
func (p *pack) file(name string) (*packFile, bool) {
	generic, _, _ := withoutMAC(name)
	for i := range p.Files {
		f := &p.Files[i]
		if f.pattern != nil && f.pattern.MatchString(name) || f.pattern == nil && (slices.Contains(f.names(), name) || slices.Contains(f.names(), generic)) {
			return f, true
		}
	}
	return nil, false
}

// named is the file's name for one phone.
func (f *packFile) named(m Model, mac MAC) string {
	return strings.NewReplacer("{mac}", mac.Lower(), "{MAC}", mac.String(), "{model}", m.number(), "{common}", m.CommonFile).Replace(f.Name)
}

// number is the model's name without its vendor, such as 8851.
func (m Model) number() string { return strings.TrimPrefix(m.DisplayName, m.Vendor+" ") }

// spread is a minute of the day that depends on the address alone, so that phones that all ask once a day don't ask at once.
func (m MAC) spread() int {
	const fnvOffset, fnvPrime, minutes = 2166136261, 16777619, 24 * 60
	hash := uint32(fnvOffset)
	for _, b := range m {
		hash = (hash ^ uint32(b)) * fnvPrime
	}
	return int(hash % minutes)
}

// booleans are a family's usual words for false and true.
func (s packShelf) booleans(f Family) [2]string {
	if p := s.byFamily[f]; p != nil {
		return p.Booleans
	}
	return [2]string{"0", "1"}
}
