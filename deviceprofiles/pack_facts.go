package deviceprofiles

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What a pack says of its phones besides the files that they are given: what they send, what they ask for in vain, which firmware is too old, and what
// they read of a DHCP server. Programs that use a fact ask for it by family; none of them knows a vendor.

// packUpload is a file that a family's phones send.
type packUpload struct {
	Name string     `json:"name"` // in lower case, without folders; {mac} stands for the phone's address
	Kind UploadKind `json:"kind"`
}

// packForeign is what phones of the vendor ask for that aren't of the family, such as those with other firmware.
type packForeign struct {
	Pattern string `json:"pattern"` // RE2 of the names in lower case
	Says    string `json:"says"`    // who asks, and what to do: the rest of a sentence that names the file
	pattern *regexp.Regexp
}

// packVersion is the version below which a family's files are known not to be understood. It is careful: nothing is called old that may work.
type packVersion struct {
	Version string `json:"version"` // numbers with dots between, and x for one that doesn't matter, as in x.80.0
	Why     string `json:"why"`     // for readers
}

// addressBlock is the beginning of the addresses that a vendor owns.
var addressBlock = regexp.MustCompile(`^[0-9a-f]{6}$`)

var leastVersion = regexp.MustCompile(`^(?:x\.)*[0-9]+(?:\.[0-9]+)*$`)

// prepareFacts checks and compiles what a family's data says besides its files. An error names the field.
func (p *pack) prepareFacts() error {
	for _, block := range strings.Fields(p.Blocks) {
		if !addressBlock.MatchString(block) {
			return fmt.Errorf("blocks: %q isn't six hexadecimal digits in lower case", block)
		}
	}
	if p.Folder != strings.ToLower(p.Folder) || strings.Contains(p.Folder, "/") {
		return fmt.Errorf("folder: %q isn't one name in lower case", p.Folder)
	}
	for i, u := range p.Uploads {
		if err := u.check(); err != nil {
			return fmt.Errorf("uploads[%d]: %w", i, err)
		}
	}
	for i, source := range p.Optional {
		pattern, err := wholeName(source)
		if err != nil {
			return fmt.Errorf("optional[%d]: %w", i, err)
		}
		p.optional = append(p.optional, pattern)
	}
	for i := range p.Lookup {
		if err := p.Lookup[i].compile(); err != nil {
			return fmt.Errorf("lookup[%d]: %w", i, err)
		}
	}
	if p.LeastVersion.Version != "" && !leastVersion.MatchString(p.LeastVersion.Version) {
		return fmt.Errorf("leastVersion.version: %q isn't numbers with dots between, with x for those in front that don't matter", p.LeastVersion.Version)
	}
	if p.Foreign.Pattern != "" || p.Foreign.Says != "" {
		pattern, err := wholeName(p.Foreign.Pattern)
		switch {
		case err != nil:
			return fmt.Errorf("foreign.pattern: %w", err)
		case !strings.HasSuffix(p.Foreign.Says, "."):
			return errors.New("foreign.says: must be the end of a sentence, with its full stop")
		}
		p.Foreign.pattern = pattern
	}
	if err := p.Notify.check(); err != nil {
		return fmt.Errorf("notify.%w", err)
	}
	if err := p.DHCP.check(); err != nil {
		return fmt.Errorf("dhcp.%w", err)
	}
	p.DHCP.Family = p.Family
	return nil
}

// wholeName compiles a pattern of whole names in lower case.
func wholeName(source string) (*regexp.Regexp, error) {
	if source == "" || source != strings.ToLower(source) {
		return nil, fmt.Errorf("%q is no pattern of names in lower case", source)
	}
	return regexp.Compile(`^(?:` + source + `)$`)
}

func (u packUpload) check() error {
	kinds := []UploadKind{UploadLog, UploadOverride, UploadDirectory, UploadCalls, UploadReport, UploadProblem}
	switch {
	case strings.Count(u.Name, "{mac}") != 1 || u.Name != strings.ToLower(u.Name) || strings.ContainsAny(u.Name, "/\\"):
		return fmt.Errorf("name: %q isn't a name in lower case with {mac} in it, and without folders", u.Name)
	case !slices.Contains(kinds, u.Kind):
		return fmt.Errorf("kind: %q is none of %q", u.Kind, kinds)
	}
	return nil
}

// addFacts indexes what is asked for by name.
func (s *packShelf) addFacts(p *pack) error {
	for i, u := range p.Uploads {
		known, ok := s.uploads[u.Name]
		if ok && known.kind != u.Kind {
			return fmt.Errorf("%s: uploads[%d].kind: %q is of kind %q for %s already", p.Family, i, u.Name, known.kind, known.families[0])
		}
		s.uploads[u.Name] = uploadName{kind: u.Kind, families: append(slices.Clip(known.families), p.Family)}
	}
	return nil
}

// uploadName is a name of files that phones send.
type uploadName struct {
	kind     UploadKind
	families []Family
}

// OptionalName reports whether phones ask for files of a name, without folders, that needn't be there: some ask for a dozen, and are told of each that there
// is none.
func OptionalName(name string) bool {
	name = strings.ToLower(name)
	if generic, _, ok := withoutMAC(name); ok {
		if _, sent := packs().uploads[generic]; sent {
			return true // a phone looks first whether it has sent it before
		}
	}
	return slices.ContainsFunc(packs().packs, func(p *pack) bool {
		return slices.ContainsFunc(p.optional, func(pattern *regexp.Regexp) bool { return pattern.MatchString(name) })
	})
}

// ForeignName reports whether phones ask for files of a name, without folders, that a vendor's pack says are none of its families'.
func ForeignName(name string) bool {
	_, foreign := packs().foreign(strings.ToLower(name))
	return foreign
}

// foreign says who asks for a name in lower case that is of none of the families, and what to do.
func (s packShelf) foreign(name string) (says string, ok bool) {
	for _, p := range s.packs {
		if p.Foreign.pattern != nil && p.Foreign.pattern.MatchString(name) {
			return p.Foreign.Says, true
		}
	}
	return "", false
}

// LeastVersion returns the version below which a family's phones are known not to understand their files, as numbers with dots between and x for one
// that doesn't matter; "" where none is known.
func LeastVersion(f Family) string {
	if p := packs().byFamily[f]; p != nil {
		return p.LeastVersion.Version
	}
	return ""
}
