package deviceprofiles

import "dialtone/fault"

// RenderHandover writes a file for a phone that somebody else configures: its accounts, clock and language in the family's own format, to be put into that
// somebody's own file, and nothing about where files come from or who may use the phone's menu. False when no pack for the family is there.
// fault.Invalid, naming the setting, when a value can't be written in the family's format; fault.Internal for settings without a line.
func RenderHandover(s Settings) (File, bool, error) {
	if len(s.Lines) == 0 {
		return File{}, false, fault.New(fault.Internal, "the phone %s has no line", s.MAC)
	}
	switch s.Model.Family {
	case Yealink:
		file, err := yealinkHandover(s)
		return file, true, err
	case Poly:
		file, err := polyHandover(s)
		return file, true, err
	default:
		return File{}, false, nil
	}
}

func yealinkHandover(s Settings) (File, error) {
	rule, err := clockRuleOf(s.TimeZone)
	if err != nil {
		return File{}, err
	}
	p := newSettings()
	yealinkClock(p, s, rule)
	p.set("lang.gui", yealinkLanguage(s.Language))
	for port := 1; port <= s.Model.LinePorts; port++ {
		yealinkLine(p, s, port)
	}
	return p.lines()
}

func polyHandover(s Settings) (File, error) {
	rule, err := clockRuleOf(s.TimeZone)
	if err != nil {
		return File{}, err
	}
	p := newSettings()
	secure := s.SIP.Transport == TLS
	p.set("sec.srtp.enable", "1")
	p.set("sec.srtp.offer", zeroOne(secure))
	p.set("sec.srtp.require", zeroOne(secure))
	polyClock(p, s, rule)
	p.set("lcl.ml.lang", polyLanguage(s.Language))
	for _, line := range s.Lines {
		polyLine(p, s, line)
	}
	return p.attributes("polycomConfig")
}
