package deviceprofiles

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
