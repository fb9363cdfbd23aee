package deviceprofiles

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Firmware is what a phone is told to run.
type Firmware struct {
	File    string `json:"file,omitempty"`    // below the operator's folder; "" for none
	Version string `json:"version,omitempty"` // as a phone that runs it says
	Least   string `json:"least,omitempty"`
	// Withdrawn says that the phone was told one before and is told none now: a phone keeps what its file no longer mentions.
	Withdrawn bool `json:"withdrawn,omitempty"`
}

// LanguageFile is a file with a language's texts that a phone is told to load.
type LanguageFile struct {
	File      string `json:"file,omitempty"` // below the operator's folder; "" for none
	Name      string `json:"name,omitempty"` // of the language
	Withdrawn bool   `json:"withdrawn,omitempty"`
}

// firmwareFacts is how a family's phones are told their firmware; a family without can't be told.
type firmwareFacts struct {
	Note string `json:"note"`
	// File is RE2 of the name of a rule's file. Its group told is what the phone is told instead of the name, running what the phone calls itself then.
	File     string   `json:"file"`
	Named    string   `json:"named"`    // the same for people
	Compares bool     `json:"compares"` // the phone itself loads nothing that it runs already
	Least    bool     `json:"least"`    // it has a place for the oldest version that it may take
	Except   []string `json:"except"`   // variants of models that can't be told
	pattern  *regexp.Regexp
}

func (f *firmwareFacts) prepare() error {
	if f == nil {
		return nil
	}
	var err error
	if f.pattern, err = regexp.Compile(`^(?:` + f.File + `)$`); err != nil {
		return fmt.Errorf("firmware: %w", err)
	}
	if f.File == "" || f.Named == "" {
		return errors.New("firmware: it needs a pattern of its files' names, and words for it")
	}
	return nil
}

// group is what a group of the pattern finds in a file's name; otherwise where there is none.
func (f *firmwareFacts) group(name, file, otherwise string) string {
	found, at := f.pattern.FindStringSubmatch(file), f.pattern.SubexpIndex(name)
	if found == nil || at < 0 || found[at] == "" {
		return otherwise
	}
	return found[at]
}

// firmwareFor is how a model's phones are told their firmware; nil for not at all.
func firmwareFor(m Model) *firmwareFacts {
	p := packs().byFamily[m.Family]
	if p == nil || p.Firmware == nil || slices.Contains(p.Firmware.Except, m.Variant) {
		return nil
	}
	return p.Firmware
}

// TakesFirmware reports whether phones of a model can be told their firmware by their file, and whether they themselves pass over what they run already.
func TakesFirmware(m Model) (takes, compares bool) {
	facts := firmwareFor(m)
	if facts == nil || !m.Configured() {
		return false, false
	}
	return true, facts.Compares
}

// TakesLanguages reports whether phones of a model can be told to load a file with a language's texts.
func TakesLanguages(m Model) bool {
	p := packs().byFamily[m.Family]
	return p != nil && p.Languages && m.Configured()
}

// firmwareTold is what the words of templates say of a phone's firmware.
type firmwareTold struct {
	folder, name, running string
}

// told works out the words. Without a firmware, or for a model that can't be told, they are empty.
func (p *pack) told(s Settings) firmwareTold {
	if s.Firmware.File == "" || p.Firmware == nil || slices.Contains(p.Firmware.Except, s.Model.Variant) {
		return firmwareTold{}
	}
	name := lastStep(s.Firmware.File)
	return firmwareTold{
		folder: firmwareFolderOf(s.Firmware.File), name: p.Firmware.group("told", name, name), running: p.Firmware.group("running", name, s.Firmware.Version),
	}
}

// firmwareFolderOf is the folder of a file as phones find it, without slashes before and behind.
func firmwareFolderOf(file string) string { return path.Join(FirmwareFolder, path.Dir(file)) }

func lastStep(file string) string { return file[strings.LastIndexByte(file, '/')+1:] }

// firmwareWords are the words of templates about what a phone loads beside its file.
//
//nolint:gochecknoglobals // never changes
var firmwareWords = map[string]term{
	"firmware":           statement(func(s *scope) bool { return s.firmware.name != "" }),
	"firmware.withdrawn": statement(func(s *scope) bool { return s.Firmware.Withdrawn }),
	"firmware.folder":    words(func(s *scope) string { return s.firmware.folder }), // of a URL behind the host, without slashes around it
	"firmware.name":      words(func(s *scope) string { return s.firmware.name }),   // of the file, as the phone is told
	"firmware.version":   words(func(s *scope) string { return s.Firmware.Version }),
	"firmware.running":   words(func(s *scope) string { return s.firmware.running }), // what the phone calls itself that runs it
	"firmware.least":     words(func(s *scope) string { return s.Firmware.Least }),
	"texts":              statement(func(s *scope) bool { return s.LanguageFile.File != "" }),
	"texts.withdrawn":    statement(func(s *scope) bool { return s.LanguageFile.Withdrawn }),
	"texts.folder":       words(func(s *scope) string { return firmwareFolderOf(s.LanguageFile.File) }),
	"texts.name":         words(func(s *scope) string { return lastStep(s.LanguageFile.File) }),
	"texts.language":     words(func(s *scope) string { return s.LanguageFile.Name }),
	"locale.tag":         words(func(s *scope) string { return localeTag(s.Language) }), // e.g. de-DE
}

// localeTag writes a locale such as de_de as de-DE.
func localeTag(locale string) string {
	language, region, found := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "-", "_"), "_")
	if !found {
		return language
	}
	return language + "-" + strings.ToUpper(region)
}
