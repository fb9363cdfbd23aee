package deviceprofiles

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// notation is how a vendor spells out one part of a tone: its frequencies, or its cadence. A template puts the parts together.
type notation struct {
	Of      string `json:"of"`      // frequencies or cadence
	Text    string `json:"text"`    // of each frequency: {n} (from 1), {hz}, {level}; of each pair of sound and silence: {on}, {off}, {all} (1+2), {sum} (350+440)
	Join    string `json:"join"`    // between them
	Endless string `json:"endless"` // of a cadence: for a tone without an end, which has neither {on} nor {off}
	Unit    int    `json:"unit"`    // of a cadence, in milliseconds: 1, 10, or 1000, which makes decimals such as .25
	// Lead is a silence in milliseconds with which the vendor's cadences begin; the last silence is shorter by it.
	Lead int `json:"lead"`
}

// The parts of a tone.
const (
	notationFrequencies = "frequencies"
	notationCadence     = "cadence"
)

// toneField is what stands for a figure in a notation.
var toneField = regexp.MustCompile(`\{[a-z]*\}`)

// check refuses a notation that names what nobody knows, and one that can't write some tone of the table.
func (n notation) check() error {
	each, endless := []string{"{n}", "{hz}", "{level}"}, []string{}
	switch {
	case n.Of == notationCadence:
		each, endless = []string{"{on}", "{off}", "{all}", "{sum}"}, []string{"{all}", "{sum}"}
	case n.Of != notationFrequencies:
		return fmt.Errorf("there is no part %q of a tone", n.Of)
	}
	for text, known := range map[string][]string{n.Text: each, n.Endless: endless} {
		for _, field := range toneField.FindAllString(text, -1) {
			if !slices.Contains(known, field) {
				return fmt.Errorf("nobody knows %s in %s", field, n.Of)
			}
		}
	}
	if n.Of == notationCadence && (n.Endless == "" || !slices.Contains([]int{1, 10, 1000}, n.Unit) || n.Lead < 0 || n.Lead >= leastMS*3) {
		return errors.New("a cadence needs a word for endless tones, and a unit of 1, 10 or 1000 ms")
	}
	return nil
}

// write spells out the part of a tone that the notation is of.
func (n notation) write(t tone) string {
	if n.Of == notationFrequencies {
		return n.frequencies(t)
	}
	return n.cadence(t)
}

func (n notation) frequencies(t tone) string {
	parts := make([]string, len(t.Hz))
	for i, hz := range t.Hz {
		parts[i] = strings.NewReplacer("{n}", strconv.Itoa(i+1), "{hz}", strconv.Itoa(hz), "{level}", strconv.Itoa(t.Level)).Replace(n.Text)
	}
	return strings.Join(parts, n.Join)
}

func (n notation) cadence(t tone) string {
	all, sum := make([]string, len(t.Hz)), make([]string, len(t.Hz))
	for i, hz := range t.Hz {
		all[i], sum[i] = strconv.Itoa(i+1), strconv.Itoa(hz)
	}
	mixed := strings.NewReplacer("{all}", strings.Join(all, "+"), "{sum}", strings.Join(sum, "+"))
	if len(t.MS) == 0 {
		return mixed.Replace(n.Endless)
	}
	parts := make([]string, 0, mostSections)
	for i := 0; i+1 < len(t.MS); i += 2 {
		off := t.MS[i+1]
		if i+2 == len(t.MS) {
			off -= n.Lead
		}
		parts = append(parts, strings.NewReplacer("{on}", n.time(t.MS[i]), "{off}", n.time(off)).Replace(mixed.Replace(n.Text)))
	}
	text := strings.Join(parts, n.Join)
	if n.Lead > 0 {
		text = n.time(n.Lead) + n.Join + text
	}
	return text
}

// time writes milliseconds in the notation's unit: seconds as decimals without a zero before the point, other units as whole numbers, rounded.
func (n notation) time(ms int) string {
	if n.Unit != 1000 {
		return strconv.Itoa((ms + n.Unit/2) / n.Unit)
	}
	text := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%03d", ms/1000, ms%1000), "0"), ".")
	if rest, below := strings.CutPrefix(text, "0."); below {
		return "." + rest
	}
	return text
}

// spelledOut writes a part of a tone that a template says to be there.
func (s *scope) spelledOut(t *tone, n notation) string {
	if t == nil {
		s.fail("a template asks for a tone where there is none")
		return ""
	}
	return n.write(*t)
}
