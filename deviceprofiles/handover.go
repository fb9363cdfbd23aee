package deviceprofiles

import "path"

// RenderHandover writes a file for a phone that somebody else configures: its accounts, clock and language in the family's own format, to be put into that
// somebody's own file, and nothing about where files come from or who may use the phone's menu. False when no pack for the family is there.
// fault.Invalid, naming the setting, when a value can't be written in the family's format; fault.Internal for settings without a line.
func RenderHandover(s Settings) (File, bool, error) {
	p, ok := packs().byFamily[s.Model.Family]
	if !ok || p.handover == nil {
		return File{}, false, nil
	}
	file, err := p.own(&p.Format, p.handover, s, "", newSettings(&p.Format))
	return file, true, err
}

// HandoverName is the name of such a file: the phone's MAC address, with the suffix that the family's own files have; .json where no pack is there, for
// what the caller writes then.
func HandoverName(s Settings) string {
	suffix := ".json"
	if p, ok := packs().byFamily[s.Model.Family]; ok && p.handover != nil {
		suffix = p.suffix()
	}
	return s.MAC.Lower() + suffix
}

// suffix is that of the file which holds what administrators chose.
func (p *pack) suffix() string {
	for _, f := range p.Files {
		if f.Settings {
			return path.Ext(f.base())
		}
	}
	return ""
}
