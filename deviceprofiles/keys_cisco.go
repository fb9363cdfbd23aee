package deviceprofiles

import (
	"strconv"
	"strings"
)

// Keys of Cisco multiplatform phones. A key shows a line (Extension) or has a function of its own (Extended_Function), for which its line must be
// disabled. Lines on an expansion module need firmware 12.0(3); older ones pass them over (XML reference guide).

// ciscoKey writes the key of one number. In the default layout keys have no function, and none is written; in a custom one those that have none are
// cleared, as a phone keeps what its file doesn't mention.
func ciscoKey(p *settings, s Settings, place int, keys []Key) {
	set := func(name, value string) { p.set(name+"_"+strconv.Itoa(place)+"_", value) }
	key := Key{Index: place, Line: place} // a phone with more lines than keys
	if place <= s.Model.LineKeys {
		key = keys[place-1]
	}
	line, shows := lineAt(s.Lines, key.Line)
	if !shows {
		set("Extension", "Disabled")
	} else {
		set("Extension", strconv.Itoa(line.Port))
		set("Short_Name", line.Label)
	}
	if s.Layout.Custom {
		set("Extended_Function", ciscoFunction(p, s, key))
	}
}

// ciscoFunction returns a key's function in the phone's own language: fields of a name and a value. Labels and values can't hold the signs that end a
// field or begin a macro.
func ciscoFunction(p *settings, s Settings, key Key) string {
	switch key.Type {
	case KeySpeedDial:
		p.speedDial(key)
		number := dialled(key.Value)
		if !strings.Contains(number, "@") {
			number += "@$PROXY"
		}
		return "fnc=sd;ext=" + number + ";vid=" + strconv.Itoa(s.Lines[0].Port) + ";nme=" + key.Label
	case KeyClosed:
		return "fnc=inert;"
	default:
		return ""
	}
}

// ciscoModules writes the keys of the expansion modules that the layout uses. They need more power than a switch may give.
func ciscoModules(p *settings, s Settings, keys []Key) {
	modules := keys[s.Model.LineKeys:]
	if len(modules) == 0 {
		if s.Layout.Custom && s.Model.KEMModules > 0 {
			p.set("Number_of_Units", "0") // else modules of a former layout would stay
		}
		return
	}
	p.preset("PoE_Power_Required", "Maximum")
	p.set("Number_of_Units", strconv.Itoa(modules[len(modules)-1].Module))
	for _, key := range modules {
		unit, place := "Unit_"+strconv.Itoa(key.Module)+"_", "_"+strconv.Itoa(key.Index)
		p.set(unit+"Key"+place, ciscoFunction(p, s, key))
		if line, shows := lineAt(s.Lines, key.Line); shows {
			p.set(unit+"Extension"+place+"_", strconv.Itoa(line.Port))
			p.set(unit+"Short_Name"+place+"_", line.Label)
			continue
		}
		p.set(unit+"Extension"+place+"_", "Disabled")
	}
}
