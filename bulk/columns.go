package bulk

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"dialtone/fault"
)

// The names of the columns that are no package's.
const (
	columnEmail       = "email"
	columnFirstName   = "first_name"
	columnLastName    = "last_name"
	columnDisplayName = "display_name"
	columnLocation    = "location"
	columnExtension   = "extension"
	columnNumber      = "number"
	columnMeetingSite = "meeting_site"
)

// Column is a column that a file may have. Columns stand in any order; a header matches a name or alias whatever its case, blanks, underscores and
// hyphens.
type Column struct {
	Name      string
	Aliases   []string // other names that are accepted: the display name, and what Control Hub's own files say
	Mandatory bool     // a file without it is refused
	Package   Package  // that the column gives or takes; empty for the others
	Meaning   string   // for the administrator who fills it
	Example   string
}

// Columns returns all columns that are read, in the order of the template.
func Columns() []Column {
	columns := personColumns()
	for _, p := range packages() {
		example := "FALSE"
		if p == WebexCalling {
			example = "TRUE"
		}
		columns = append(columns, Column{
			Name: string(p), Aliases: packageAliases(p), Package: p, Example: example,
			Meaning: "TRUE gives the person " + packageAliases(p)[0] + ", FALSE takes it; empty leaves it as it is. FALSE in every package column deletes the person.",
		})
	}
	return columns
}

func personColumns() []Column {
	return []Column{
		{Name: columnEmail, Aliases: []string{"E-mail address", "User ID/Email", "User ID/Email (Required)"}, Mandatory: true, Example: "ada@example.com",
			Meaning: "Who the row is about. Each person stands in one row only."},
		{Name: columnFirstName, Aliases: []string{"Given name"}, Example: "Ada", Meaning: "First name. Empty leaves it as it is, here and in every other column."},
		{Name: columnLastName, Aliases: []string{"Surname", "Family name"}, Example: "Lovelace", Meaning: "Last name."},
		{Name: columnDisplayName, Example: "Ada Lovelace", Meaning: "The name that others see."},
		{Name: columnLocation, Aliases: []string{"Location name", "Location ID"}, Example: "Headquarters", Meaning: "The location's name, or its id. A calling package needs one."},
		{Name: columnExtension, Example: "1001",
			Meaning: "2 to 10 digits. Format the column as text: a zero in front that a spreadsheet took away can't be known to be missing."},
		{Name: columnNumber, Aliases: []string{"Phone number", "Phone numbers", "Primary phone number"}, Example: "+12405551212",
			Meaning: "With country code and plus sign. Format the column as text. Several are separated by commas: PRIMARY| stands before the main one, else it is the first; " +
				"REMOVE| before one that the person is to lose; REMOVE alone takes all."},
		{Name: columnMeetingSite, Aliases: []string{"Preferred Webex site", "Preferred meeting site", "Webex site"}, Example: "example.webex.com",
			Meaning: "The preferred Webex site. Every package with meetings should have one."},
	}
}

// packages are the base packages and add-ons that a person can have.
func packages() []Package {
	return []Package{
		WebexCalling, WebexCallingStandard, WebexVoice, WebexSuite, CXEssentials,
		WebexMeetings, CXPremiumAgent, CXStandardAgent, AttendantConsole,
	}
}

// packageAliases are a package's display name, and what else it is called. Where the display name has the wire name's words, both match alike.
func packageAliases(p Package) []string {
	switch p {
	case WebexCalling:
		return []string{"Webex Calling"}
	case WebexCallingStandard:
		return []string{"Webex Calling Standard"}
	case WebexVoice:
		return []string{"Webex Voice"}
	case WebexSuite:
		return []string{"Webex Suite"}
	case CXEssentials:
		return []string{"Customer Assist", "Webex Customer Experience Essentials"}
	case WebexMeetings:
		return []string{"Webex Meetings"}
	case CXPremiumAgent:
		return []string{"CX Premium Agent"}
	case CXStandardAgent:
		return []string{"CX Standard Agent"}
	case AttendantConsole:
		return []string{"Attendant Console"}
	}
	return []string{string(p)}
}

// carriesMeetings reports whether a package is more than voice: its holder should have a preferred meeting site (product rule 6).
func carriesMeetings(p Package) bool {
	return p == WebexCalling || p == WebexSuite || p == CXEssentials || p == WebexMeetings
}

// matcher finds columns by what stands in a header.
type matcher map[string]string // folded name or alias -> Name

func newMatcher() matcher {
	m := matcher{}
	for _, c := range Columns() {
		for _, name := range append(c.Aliases, c.Name) {
			m[fold(name)] = c.Name
		}
	}
	return m
}

func (m matcher) find(title string) (string, bool) {
	name, ok := m[fold(title)]
	return name, ok
}

// fold makes titles equal that differ in case, blanks, underscores, hyphens and signs that can't be seen.
func fold(title string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, title)
}

// header says which cell of a row belongs to which column.
type header struct {
	width    int            // cells of the header record
	index    map[string]int // a Column's Name -> its cell
	packages []Package      // that have a column, in the order of Columns
	unknown  []string       // titles that are no column's
}

// newHeader reads the header record. fault.Invalid when a mandatory column is missing or a column stands there twice.
func newHeader(titles []string) (header, error) {
	h := header{width: len(titles), index: map[string]int{}}
	columns := newMatcher()
	for i, title := range titles {
		name, ok := columns.find(title)
		if !ok {
			if strings.TrimSpace(title) != "" {
				h.unknown = append(h.unknown, strings.TrimSpace(title))
			}
			continue
		}
		if first, twice := h.index[name]; twice {
			return header{}, headerFault(name, "The column %s stands in the file twice: as column %d (%s) and as column %d (%s). Delete one of them.",
				name, first+1, shown(titles[first]), i+1, shown(title))
		}
		h.index[name] = i
	}
	for _, c := range Columns() {
		_, there := h.index[c.Name]
		if c.Mandatory && !there {
			return header{}, headerFault(c.Name, "The file has no column %s. Its first line must name the columns; expected are: %s.", c.Name, expected())
		}
		if there && c.Package != "" {
			h.packages = append(h.packages, c.Package)
		}
	}
	return h, nil
}

func headerFault(column, format string, args ...any) error {
	e := fault.New(fault.Invalid, format, args...)
	e.Problems = []fault.Problem{{Field: column, Message: e.Message}}
	return e
}

// expected lists the columns for a person.
func expected() string {
	var names []string
	for _, c := range Columns() {
		name := c.Name
		if c.Mandatory {
			name += " (mandatory)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// unknownColumns is the warning about titles that nobody reads, which are often misspelt. It names ten: an export of Control Hub has dozens.
func (h header) unknownColumns(line int) (Problem, bool) {
	const most = 10
	if len(h.unknown) == 0 {
		return Problem{}, false
	}
	var names []string
	for _, title := range h.unknown[:min(most, len(h.unknown))] {
		names = append(names, shown(title))
	}
	list := strings.Join(names, ", ")
	if more := len(h.unknown) - most; more > 0 {
		list += " and " + strconv.Itoa(more) + " more"
	}
	return Problem{
		Line: line, Code: CodeUnknownColumn, Severity: Warning,
		Message: "Nothing is read from these columns: " + list + ". Read are: " + expected() + ".",
	}, true
}

// has reports whether the file has the column.
func (h header) has(column string) bool { _, ok := h.index[column]; return ok }

// known counts the titles that are a column's.
func (m matcher) known(titles []string) int {
	n := 0
	for _, title := range titles {
		if _, ok := m.find(title); ok {
			n++
		}
	}
	return n
}

// separators are what may stand between cells, the likeliest first.
func separators() []byte { return []byte{',', ';', '\t'} }

// separatorOf guesses the separator from the header line: the one that shows most columns, then the one that makes most cells.
func separatorOf(line string) byte {
	type score struct{ known, cells int }
	var best score
	columns, found := newMatcher(), separators()[0]
	for _, separator := range separators() {
		s := splitter{separator: separator}
		s.feed(line)
		got := score{columns.known(s.cells), len(s.cells)}
		if got.known > best.known || got.known == best.known && got.cells > best.cells {
			best, found = got, separator
		}
	}
	return found
}

// declaredSeparator reads Excel's first line "sep=;". False when the line is none; fault.Invalid when its separator isn't one of ours.
func declaredSeparator(line string) (byte, bool, error) {
	line = strings.Trim(strings.TrimRight(line, " "), `"`)
	if len(line) < 4 || !strings.EqualFold(line[:4], "sep=") {
		return 0, false, nil
	}
	value := line[4:]
	if len(value) == 1 && slices.Contains(separators(), value[0]) {
		return value[0], true, nil
	}
	return 0, false, fault.New(fault.Invalid, "The file's first line declares the separator %s. Save it with commas, semicolons or tabs between the cells.", shown(value))
}
