package deviceprofiles

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dialtone/fault"
)

// FirmwarePlanName is the file in the operator's folder that says which phones are to run which firmware. It is for us alone, and never served.
const FirmwarePlanName = "firmware.json"

// FirmwarePlan is what the operator's firmware.json says. The zero plan tells no phone anything.
type FirmwarePlan struct {
	Note      string         `json:"note"` // for readers
	Rules     []FirmwareRule `json:"firmware"`
	Languages []LanguageRule `json:"languages"`
}

// FirmwareRule says which firmware some phones are to run.
type FirmwareRule struct {
	Note     string   `json:"note"`
	Families []Family `json:"families"` // with models: phones of the one or the other
	Models   []string `json:"models"`   // as the catalogue displays or names them
	File     string   `json:"file"`     // below the operator's folder, with slashes
	Version  string   `json:"version"`  // as a phone that runs it says in its user agent
	From     []string `json:"from"`     // only phones that run one of these; 12.0 stands for 12.0.7 too; empty: whatever they run
	Share    *int     `json:"share"`    // percent of these phones; absent: all
	Least    string   `json:"least"`    // the oldest version that a phone may take, where its family has a place for that
}

// LanguageRule says which file with a language's texts some phones are to load.
type LanguageRule struct {
	Note     string   `json:"note"`
	Families []Family `json:"families"`
	Models   []string `json:"models"`
	Language string   `json:"language"` // of a location, such as de, or de_de for that locale alone
	Name     string   `json:"name"`     // of the language, as the phone's menu is to show it
	File     string   `json:"file"`
}

// The bounds of a plan: far more than an operator writes by hand.
const (
	maxPlan      = 1 << 20 // bytes
	maxPlanRules = 1000
	maxVersion   = 64 // bytes
)

var (
	versionText  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._()+-]*$`)
	languageText = regexp.MustCompile(`^[a-z]{2,3}(?:_[a-z]{2,3})?$`)
	languageName = regexp.MustCompile(`^\pL[\pL ()_-]{0,39}$`)
)

// ParseFirmwarePlan reads a firmware.json. fault.Invalid says what is wrong, in the file's own words, such as firmware[2].file; then no part of it counts.
func ParseFirmwarePlan(raw []byte) (FirmwarePlan, error) {
	var p FirmwarePlan
	if len(raw) > maxPlan {
		return FirmwarePlan{}, fault.New(fault.Invalid, "%s has more than %d bytes.", FirmwarePlanName, maxPlan)
	}
	if err := decodeStrictly(raw, &p); err != nil {
		return FirmwarePlan{}, fault.New(fault.Invalid, "%s can't be read: %v.", FirmwarePlanName, err)
	}
	if len(p.Rules)+len(p.Languages) > maxPlanRules {
		return FirmwarePlan{}, fault.New(fault.Invalid, "%s has more than %d rules.", FirmwarePlanName, maxPlanRules)
	}
	for i, r := range p.Rules {
		if err := r.check(fmt.Sprintf("firmware[%d].", i)); err != nil {
			return FirmwarePlan{}, err
		}
	}
	for i, r := range p.Languages {
		if err := r.check(fmt.Sprintf("languages[%d].", i)); err != nil {
			return FirmwarePlan{}, err
		}
	}
	return p, nil
}

func (r FirmwareRule) check(at string) error {
	families, err := checkReach(at, r.Families, r.Models)
	if err != nil {
		return err
	}
	if err := checkFirmwarePath(at+"file", r.File); err != nil {
		return err
	}
	for _, m := range families {
		facts := packs().byFamily[m].Firmware
		switch {
		case facts == nil:
			return fault.InvalidField(at+"families", "phones of the family %s can't be told a firmware by their file", m)
		case !facts.pattern.MatchString(lastStep(r.File)):
			return fault.InvalidField(at+"file", "is no firmware of the family %s: its files are named %s", m, facts.Named)
		case r.Least != "" && !facts.Least:
			return fault.InvalidField(at+"least", "phones of the family %s have no place for it", m)
		}
	}
	for field, versions := range map[string][]string{"version": {r.Version}, "from": r.From} {
		for _, v := range versions {
			if len(v) > maxVersion || !versionText.MatchString(v) {
				return fault.InvalidField(at+field, "must be a version as phones say it, of at most %d characters", maxVersion)
			}
		}
	}
	switch {
	case r.Least != "" && (len(r.Least) > maxVersion || !versionText.MatchString(r.Least)):
		return fault.InvalidField(at+"least", "must be a version as phones say it, of at most %d characters", maxVersion)
	case r.Share != nil && (*r.Share < 0 || *r.Share > 100):
		return fault.InvalidField(at+"share", "must be 0 to 100, in percent")
	}
	return nil
}

func (r LanguageRule) check(at string) error {
	families, err := checkReach(at, r.Families, r.Models)
	if err != nil {
		return err
	}
	if err := checkFirmwarePath(at+"file", r.File); err != nil {
		return err
	}
	for _, f := range families {
		if !packs().byFamily[f].Languages {
			return fault.InvalidField(at+"families", "phones of the family %s can't be told a language's file", f)
		}
	}
	switch {
	case !languageText.MatchString(r.Language):
		return fault.InvalidField(at+"language", "must be a language such as de, or a locale such as de_de")
	case !languageName.MatchString(r.Name):
		return fault.InvalidField(at+"name", "must have 1 to 40 letters and blanks")
	case !strings.HasPrefix(r.File, languagesFolder):
		return fault.InvalidField(at+"file", "must be in the folder %s", languagesFolder)
	}
	return nil
}

// languagesFolder is where files with languages' texts are, in the operator's folder.
const languagesFolder = "languages/"

// checkReach checks which phones a rule is for, and returns their families.
func checkReach(at string, families []Family, models []string) ([]Family, error) {
	if len(families)+len(models) == 0 {
		return nil, fault.InvalidField(at+"families", "or models must name at least one kind of phone")
	}
	out := slices.Clone(families)
	for _, f := range families {
		if packs().byFamily[f] == nil {
			return nil, fault.InvalidField(at+"families", "there is no family %q", f)
		}
	}
	for _, name := range models {
		m, ok := FindModel(name)
		if !ok || packs().byFamily[m.Family] == nil {
			return nil, fault.InvalidField(at+"models", "there is no model %q", name)
		}
		out = append(out, m.Family)
	}
	return out, nil
}

func checkFirmwarePath(field, path string) error {
	for step := range strings.SplitSeq(path, "/") {
		if len(path) > maxPath/2 || !firmwareName.MatchString(step) {
			return fault.InvalidField(field, "must be the way to a file below the folder, such as yealink/T54W-96.86.0.70.rom")
		}
	}
	return nil
}

// Rule returns the rule that decides about a phone: the first that is for its model, for what it runs, and whose wave it is in. version is what the phone
// last said that it runs, "" if it never did. False when none is.
func (p FirmwarePlan) Rule(m Model, mac MAC, version string) (FirmwareRule, bool) {
	for _, r := range p.Rules {
		if reaches(r.Families, r.Models, m) && firmwareFor(m) != nil && r.from(version) && r.wave(mac) {
			return r, true
		}
	}
	return FirmwareRule{}, false
}

// Language returns the rule for a phone's texts: one for the very locale goes before one for the language. False when none is.
func (p FirmwarePlan) Language(m Model, locale string) (LanguageRule, bool) {
	locale = strings.ReplaceAll(strings.ToLower(locale), "-", "_")
	for _, wanted := range []string{locale, languageOf(locale)} {
		for _, r := range p.Languages {
			if r.Language == wanted && reaches(r.Families, r.Models, m) {
				return r, true
			}
		}
	}
	return LanguageRule{}, false
}

// Files lists the files that the plan names, sorted, each once.
func (p FirmwarePlan) Files() []string {
	var files []string
	for _, r := range p.Rules {
		files = append(files, r.File)
	}
	for _, r := range p.Languages {
		files = append(files, r.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// reaches reports whether a model is one of some, or of some families.
func reaches(families []Family, models []string, m Model) bool {
	if !m.Configured() {
		return false
	}
	return slices.Contains(families, m.Family) || slices.ContainsFunc(models, func(name string) bool {
		named, ok := FindModel(name)
		return ok && (named.Name == m.Name || named.DisplayName == m.DisplayName)
	})
}

// from reports whether a phone that runs a version is meant. One that never said what it runs is meant by rules alone that ask for nothing.
func (r FirmwareRule) from(version string) bool {
	return len(r.From) == 0 || slices.ContainsFunc(r.From, func(v string) bool {
		rest, ok := strings.CutPrefix(version, v)
		return ok && (rest == "" || strings.ContainsRune(".-(", rune(rest[0])))
	})
}

// wave reports whether a phone is among the share of a rule. It depends on the address and the version alone, and only grows with the share: and not always
// the same phones try a new version first.
func (r FirmwareRule) wave(mac MAC) bool {
	if r.Share == nil {
		return true
	}
	sum := sha256.Sum256(append(mac[:], r.Version...))
	const percent = 100
	return int64(binary.BigEndian.Uint32(sum[:]))*percent>>32 < int64(*r.Share)
}
