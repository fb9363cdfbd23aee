package deviceprofiles

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// lookupRule is what a pack knows of a setting that decides whether a phone looks up where to register (RFC 3263).
type lookupRule struct {
	Setting string `json:"setting"` // RE2 of names of settings
	Located string `json:"located"` // RE2 of the values with which the phone looks it up
	Says    string `json:"says"`    // what other values do, for people: the end of a sentence, without its full stop

	setting, located *regexp.Regexp
}

func (r *lookupRule) compile() error {
	if r.Setting == "" || r.Says == "" {
		return errors.New("setting and says must be there")
	}
	var err error
	if r.setting, err = regexp.Compile(`^(?:` + r.Setting + `)$`); err != nil {
		return fmt.Errorf("setting: %w", err)
	}
	if r.located, err = regexp.Compile(`^(?:` + r.Located + `)$`); err != nil {
		return fmt.Errorf("located: %w", err)
	}
	return nil
}

// LookupObstacle is a setting in a phone's own file that keeps it from looking up where to register, so that it stays where it is when a server is emptied or lost.
type LookupObstacle struct {
	File    string // without folders
	Setting string // the vendor's name
	Value   string
	Says    string // why, for people: the end of a sentence
}

// LookupObstacles returns what in a phone's own files defeats NAPTR and SRV although the phone is to be located by them; none for a phone that is told an address and a port
// on purpose. Errors are those of Render.
func LookupObstacles(s Settings) ([]LookupObstacle, error) {
	if s.SIP.OutboundPort != 0 || !s.Model.Configured() {
		return nil, nil
	}
	p := packs().byFamily[s.Model.Family]
	var found []LookupObstacle
	for _, asset := range Files(s.Model, s.MAC) {
		name := path.Base(asset.Path)
		file, ok := p.file(name)
		if !asset.Secret || !ok || file.own == nil || file.Kind != "" {
			continue
		}
		out := newSettings(file.Format)
		if file.Settings {
			out = newOwnSettings(file.Format, s)
		}
		if _, err := p.own(file.Format, file.own, s, name, out); err != nil {
			return nil, err
		}
		found = append(found, p.obstacles(name, out)...)
	}
	return found, nil
}

// obstacles are the settings of one file that break a rule.
func (p *pack) obstacles(file string, written *settings) []LookupObstacle {
	var found []LookupObstacle
	for _, name := range written.names {
		for i := range p.Lookup {
			r := &p.Lookup[i]
			if r.setting.MatchString(name) && !r.located.MatchString(written.values[name]) {
				found = append(found, LookupObstacle{File: file, Setting: name, Value: written.values[name], Says: r.Says})
			}
		}
	}
	return found
}

// OverrideObstacles returns the same of settings that a phone's user has changed at the phone, as the phone wrote them into a file of a name: lines with NAME = VALUE,
// or NAME="VALUE" in XML. What else is in the file is passed over.
func OverrideObstacles(f Family, file string, body []byte) []LookupObstacle {
	p, known := packs().byFamily[f]
	if !known {
		return nil
	}
	written := &settings{values: map[string]string{}}
	for _, pattern := range []*regexp.Regexp{overriddenLine, overriddenAttribute} {
		for _, found := range pattern.FindAllSubmatch(body, maxOverridden) {
			name := string(found[1])
			if _, twice := written.values[name]; !twice {
				written.names = append(written.names, name)
			}
			written.values[name] = strings.Trim(strings.TrimSpace(strings.ToValidUTF8(string(found[2]), "")), `"`)
		}
	}
	return p.obstacles(file, written)
}

// maxOverridden is how many settings of one file are looked at: no phone has more.
const maxOverridden = 5000

var (
	overriddenLine      = regexp.MustCompile(`(?m)^[ \t]*([A-Za-z][\w.\-]{0,199})[ \t]*=[ \t]*([^\r\n]{0,200})`)
	overriddenAttribute = regexp.MustCompile(`([A-Za-z][\w.\-]{0,199})="([^"<>\r\n]{0,200})"`)
)
