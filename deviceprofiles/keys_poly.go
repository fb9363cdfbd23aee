package deviceprofiles

import "strconv"

// polyKeys writes how many keys each line has and, for a custom layout, what each key does. Speed dials are enhanced feature keys: a list of actions,
// which keys name by their place. Keys of expansion modules are numbered behind the phone's own.
func polyKeys(p *settings, s Settings) {
	keys := s.Layout.Resolve(s.Model, s.Lines)
	count := map[int]int{}
	for _, key := range keys {
		count[key.Line]++
	}
	for _, line := range s.Lines {
		if count[line.Port] > 1 {
			p.set("reg."+strconv.Itoa(line.Port)+".lineKeys", strconv.Itoa(count[line.Port]))
		}
	}
	if !s.Layout.Custom {
		return
	}
	p.set("lineKey.reassignment.enabled", "1")
	actions := 0
	for i, key := range keys {
		group := "lineKey." + strconv.Itoa(i+1) + "."
		category, index := "Unassigned", 0
		switch {
		case key.Line > 0:
			category, index = "Line", key.Line
		case key.Type == KeySpeedDial:
			actions++
			category, index = "EFK", actions
			polyAction(p, actions, key)
		}
		p.set(group+"category", category)
		p.set(group+"index", strconv.Itoa(index))
	}
	if actions > 0 {
		p.set("feature.enhancedFeatureKeys.enabled", "1")
		p.set("feature.EFKLineKey.enabled", "1")
	}
}

// polyAction writes an action that dials. What is dialled and shown can't hold the sign that begins a macro.
func polyAction(p *settings, place int, key Key) {
	p.speedDial(key)
	group := "efk.efklist." + strconv.Itoa(place) + "."
	p.set(group+"mname", "speeddial"+strconv.Itoa(place))
	p.set(group+"status", "1")
	p.set(group+"label", key.Label)
	p.set(group+"action.string", dialled(key.Value)+"$Tinvite$")
}

// polyHotline makes a line dial as soon as the phone goes off hook.
func polyHotline(p *settings, line Line) {
	if line.HotlineDestination == "" {
		return
	}
	group := "call.autoOffHook." + strconv.Itoa(line.Port) + "."
	p.set(group+"enabled", "1")
	p.set(group+"contact", p.hotline("", line.HotlineDestination, ""))
	p.set(group+"protocol", "SIP")
}
