package phone

import (
	_ "embed" // for families.json
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"dialtone/deviceprofiles"
)

// What is known here of families whose boot is nothing but "ask for some files, read settings in one format, and go where they say" is data. It is written down
// from what such phones do, and from nothing that a server's renderers use, so that the one checks the other.
//
//go:embed families.json
var familiesData []byte

// kind is how the phones of one family boot, or those of its models that differ.
type kind struct {
	Family deviceprofiles.Family `json:"family"`
	Models string                `json:"models"` // RE2 of the names of those that are meant, without the vendor; "" for all others of the family
	HTTP   string                `json:"http"`   // user agent; {mac}, {MAC}, {mac:} with colons, and {model} stand for the phone's
	SIP    string                `json:"sip"`    // user agent
	Asks   []asked               `json:"asks"`   // files, in the phone's order
	Common map[string]string     `json:"common"` // by the model's name: what {common} stands for; a model without one doesn't ask for it
	Read   reading               `json:"read"`
	Next   next                  `json:"next"`
	Line   account               `json:"line"`
	Lines  []account             `json:"lines"` // instead of Line where no rule says the names: one account each

	models *regexp.Regexp
}

// asked is a file that a phone asks for.
type asked struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional"` // the phone goes on without it
}

// reading is how a kind's files are spelled out.
type reading struct {
	Format    string   `json:"format"`    // lines, tree or objects
	First     string   `json:"first"`     // what the first line must be, of lines
	Separator string   `json:"separator"` // of lines
	Quote     string   `json:"quote"`     // around values
	Lists     []string `json:"lists"`     // elements of a tree that are told apart by their place alone
	Place     string   `json:"place"`     // where the names of Next and Line without a slash stand, {name} being the name
	Chain     string   `json:"chain"`     // setting that names a file to read in this one's place
}

// next says where the files send a phone. Of several settings, with blanks between, the first that has a value counts.
type next struct {
	URL      string `json:"url"`      // setting with the address, in which <MAC>, {MAC} and $mac stand for the phone's
	Scheme   string `json:"scheme"`   // of an address without one
	File     bool   `json:"file"`     // the address names the phone's own file, which alone is asked for there
	User     string `json:"user"`     // setting with the name that the phone shows
	Password string `json:"password"` // setting with its password
}

// account says which settings make a line. {n} stands for the line's number from 1, {n-1} and {n+100} for what is so much less and more, {n:5} for the number
// with zeros in front.
type account struct {
	Enabled   string            `json:"enabled"` // setting that must have the value On
	On        string            `json:"on"`
	User      string            `json:"user"` // USER, or USER@DOMAIN
	Auth      string            `json:"auth"`
	Password  string            `json:"password"`
	Name      string            `json:"name"`
	Domain    string            `json:"domain"`
	Server    string            `json:"server"`    // number of the server that the domain's and proxy's settings are of, as {s}
	Proxy     string            `json:"proxy"`     // HOST, HOST:PORT, or either with ;transport= behind
	Port      string            `json:"port"`      // of the proxy, or of the domain without one
	Transport string            `json:"transport"` // setting; its words are those of Words
	Words     map[string]string `json:"words"`     // setting's word -> udp, tcp or tls
	Expires   string            `json:"expires"`
	Minutes   bool              `json:"minutes"` // Expires is in minutes
	Locate    string            `json:"locate"`  // setting that says whether to look for SRV records: when it has the value Located. Without one: when no port is told
	Located   string            `json:"located"`
}

//nolint:gochecknoglobals // never changes: read once, the same in every process
var kinds = sync.OnceValues(func() ([]kind, error) {
	var file struct {
		Note  string `json:"note"` // for readers
		Kinds []kind `json:"kinds"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(familiesData)))
	decoder.DisallowUnknownFields() // a misspelt name would silently be none
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("families.json: %w", err)
	}
	for i := range file.Kinds {
		k := &file.Kinds[i]
		var err error
		if k.models, err = regexp.Compile(k.Models); err != nil {
			return nil, fmt.Errorf("families.json: %s: models: %w", k.Family, err)
		}
	}
	return file.Kinds, nil
})

// kindOf finds how a model boots; false when nobody wrote it down.
func kindOf(model deviceprofiles.Model) (kind, bool) {
	known, _ := kinds() // the tests see that it can be read
	_, name, _ := strings.Cut(model.DisplayName, " ")
	for _, k := range known {
		if k.Family == model.Family && k.models.MatchString(name) {
			return k, true
		}
	}
	return kind{}, false
}
