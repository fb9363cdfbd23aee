package deviceprofiles

import "slices"

// eachLine goes through the lines that the phone has.
func eachLine(s *scope, body func() error) error {
	for i := range s.Lines {
		s.line, s.number = &s.Lines[i], s.Lines[i].Port
		if err := body(); err != nil {
			return err
		}
	}
	s.line = nil
	return nil
}

// eachPort goes through all lines that the model can have, used or not.
func eachPort(s *scope, body func() error) error {
	for port := 1; port <= s.Model.LinePorts; port++ {
		s.number, s.line = port, s.lineAt(port)
		if err := body(); err != nil {
			return err
		}
	}
	s.line = nil
	return nil
}

// eachServer goes through the SIP domains of the phone's lines, each once, for phones that keep servers in a list: the line is the first in the domain.
func eachServer(s *scope, body func() error) error {
	for i := range s.Lines {
		if s.number = s.serverOf(&s.Lines[i]); s.number <= s.servers(i) {
			continue // it is the domain of a line before
		}
		s.line = &s.Lines[i]
		if err := body(); err != nil {
			return err
		}
	}
	s.line = nil
	return nil
}

// eachPlace goes through the numbers that are a port, a key or both: the line is the port's, the key that of the same number.
func eachPlace(s *scope, body func() error) error {
	for place := 1; place <= max(s.Model.LinePorts, s.Model.LineKeys); place++ {
		s.number, s.line = place, s.lineAt(place)
		s.key = Key{Index: place, Line: place} // a phone with more lines than keys
		if place <= s.Model.LineKeys {
			s.key = s.keys[place-1]
		}
		if err := body(); err != nil {
			return err
		}
	}
	s.line = nil
	return nil
}

// eachKey goes through keys: the line is the one that the key shows, and the number counts all of them.
func (s *scope) eachKey(keys []Key, body func() error) error {
	s.dials, s.watch = 0, 0
	for i, key := range keys {
		s.key, s.number, s.line = key, i+1, s.lineAt(key.Line)
		switch {
		case key.Type == KeySpeedDial && s.line == nil:
			s.dials++
		case key.watches():
			s.watch++
		}
		if err := body(); err != nil {
			return err
		}
	}
	s.line = nil
	return nil
}

func (s *scope) lineAt(port int) *Line {
	for i := range s.Lines {
		if s.Lines[i].Port == port {
			return &s.Lines[i]
		}
	}
	return nil
}

// dialled is what a key dials; what can't be dialled or shown on a key ends the file.
func (s *scope) dialled() string {
	s.out.speedDial(s.key)
	return dialled(s.key.Value)
}

// watches is what a key of a type watches, "" for nothing, and for keys of other types.
func (s *scope) watches(t KeyType) string {
	if s.key.Type != t || !s.key.watches() {
		return ""
	}
	return s.dialled()
}

func (s *scope) linePort() int {
	if s.line == nil {
		s.fail("a template asks for a line where there is none")
		return 0
	}
	return s.line.Port
}

// serverOf is the place of a line's SIP domain among those of all lines, from 1; 0 for no line.
func (s *scope) serverOf(line *Line) int {
	if line == nil {
		s.fail("a template asks for a line where there is none")
		return 0
	}
	for i := range s.Lines {
		if s.Lines[i].Domain == line.Domain {
			return s.servers(i) + 1
		}
	}
	return 0
}

// servers counts the SIP domains of the first lines.
func (s *scope) servers(lines int) int {
	n := 0
	for i, line := range s.Lines[:lines] {
		if !slices.ContainsFunc(s.Lines[:i], func(before Line) bool { return before.Domain == line.Domain }) {
			n++
		}
	}
	return n
}

func (s *scope) keysOf(port int) int {
	n := 0
	for _, key := range s.keys {
		if key.Line == port {
			n++
		}
	}
	return n
}

func (s *scope) speedDials() int {
	n := 0
	for _, key := range s.keys {
		if key.Type == KeySpeedDial && s.lineAt(key.Line) == nil {
			n++
		}
	}
	return n
}

// keyPort is the port of the line that the key shows, 0 where there is none.
func (s *scope) keyPort() int {
	if line := s.lineAt(s.key.Line); line != nil {
		return line.Port
	}
	return 0
}

func (s *scope) keyLabel() string {
	if line := s.lineAt(s.key.Line); line != nil {
		return s.out.format.person(line.Label)
	}
	return ""
}

// modules is the number of the last expansion module that the layout uses.
func (s *scope) modules() int {
	if len(s.keys) <= s.Model.LineKeys {
		return 0
	}
	return s.keys[len(s.keys)-1].Module
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
