package deviceprofiles

import "strconv"

// Types of a Yealink phone's keys (auto-provisioning guide).
const (
	yealinkKeyNone      = "0"
	yealinkKeySpeedDial = "13"
	yealinkKeyLine      = "15"
)

// yealinkKeys writes what each key does, once that isn't what the phone does by itself: one key a line, in their order.
func yealinkKeys(p *settings, s Settings) {
	if !s.Layout.Custom && !hasWeights(s.Lines) {
		return
	}
	for _, key := range s.Layout.Resolve(s.Model, s.Lines) {
		group := "linekey." + strconv.Itoa(key.Index) + "."
		if key.Module > 0 {
			group = "expansion_module." + strconv.Itoa(key.Module) + ".key." + strconv.Itoa(key.Index) + "."
		}
		line, shows := lineAt(s.Lines, key.Line)
		switch {
		case shows:
			p.set(group+"type", yealinkKeyLine)
			p.set(group+"line", strconv.Itoa(line.Port))
			p.set(group+"label", line.Label) // else one that a speed dial had would stay
		case key.Type == KeySpeedDial:
			p.speedDial(key)
			p.set(group+"type", yealinkKeySpeedDial)
			p.set(group+"line", strconv.Itoa(s.Lines[0].Port))
			p.set(group+"value", dialled(key.Value))
			p.set(group+"label", key.Label)
		default:
			p.set(group+"type", yealinkKeyNone)
		}
	}
}

// hasWeights reports whether a line occupies more than one key.
func hasWeights(lines []Line) bool {
	for _, line := range lines {
		if line.Weight > 1 {
			return true
		}
	}
	return false
}

// yealinkFeatures writes what the phone has once and the wire has with each line: the first line decides.
func yealinkFeatures(p *settings, line Line) {
	if line.HotlineDestination != "" {
		p.set("features.hotline_number", p.hotline("", line.HotlineDestination, ""))
		p.set("features.hotline_delay", "0")
	}
	if line.DeclineEverywhere {
		p.set("features.normal_refuse_code", "603") // declines everywhere; the factory's 486 is busy, here alone (RFC 3261 section 21.6.2)
	}
}
