package arch_test

import "strings"

// module is the path that our own imports begin with.
const module = "dialtone"

// everything, in a row of the table, is leave to import all of our packages.
const everything = "*"

// table says for each package which of our own it may import. A folder below a package has the package's row, and may be imported by it.
var table = map[string][]string{
	"fault":          {},
	"secret":         {},
	"digest":         {"secret"},
	"pki":            {"fault"},
	"job":            {},
	"throttle":       {},
	"customer":       {"fault", "secret", "job", "screening"},
	"deviceprofiles": {"fault", "secret"},
	"devicecert":     {"fault", "deviceprofiles"},
	"diagnosis":      {},
	"screening":      {},
	"bulk":           {"fault"},
	"usage":          {"fault", "customer"},
	"billing":        {"fault", "customer", "job", "usage"},
	"filecrypt":      {"fault", "secret"},
	"nodes":          {"fault"},
	"dhcp":           {"fault", "deviceprofiles"},
	"upstream":       {"fault", "customer"},
	"webhook":        {"fault", "secret", "customer"},
	"provisioning":   {"fault", "secret", "digest", "filecrypt", "job", "throttle", "customer", "deviceprofiles", "diagnosis"},
	"people":         {"fault", "job", "customer", "deviceprofiles", "provisioning"},
	"fleet":          {"fault", "job", "customer", "deviceprofiles", "provisioning"},
	"imports":        {"fault", "job", "bulk", "customer", "provisioning"},
	"store":          {"fault", "secret", "job", "screening", "customer", "deviceprofiles", "billing", "usage", "webhook", "provisioning", "fleet", "imports", "nodes", "upstream"},
	"httpcfg":        {"fault", "secret", "digest", "deviceprofiles", "provisioning"},
	"tftp":           {"fault", "deviceprofiles", "provisioning"},
	"media":          {"fault", "secret"},
	"echo":           {"fault", "media"},
	"sip":            {"fault", "secret", "digest", "customer", "deviceprofiles", "provisioning", "echo", "upstream"},
	"zone":           {"fault", "secret", "customer", "nodes"},
	"adminapi":       {"fault", "secret", "throttle", "screening", "customer", "deviceprofiles", "diagnosis", "billing", "usage", "webhook", "provisioning", "people", "fleet", "imports", "nodes", "upstream"},
	"mail":           {"fault", "secret", "customer"},
	"phone":          {"fault", "secret", "filecrypt", "deviceprofiles"},
	"cmd/dialtone":   {everything},
	"bench":          {everything},
	"internal/arch":  {},
}

// doors speak to the world. None knows another.
var doors = []string{"httpcfg", "tftp", "sip", "zone", "adminapi"}

// nouns hold rules, and no machinery.
var nouns = []string{"customer", "deviceprofiles", "diagnosis", "screening", "bulk", "usage", "billing", "webhook", "dhcp", "nodes"}

// wall is the only package that speaks SQL, and only the command wires it to the rest.
const (
	wall    = "store"
	command = "cmd/dialtone"
)

// vocabulary are the packages that everything else is said with: they need nothing but the standard library.
var vocabulary = []string{"fault", "secret", "digest", "pki", "job", "filecrypt"}

// soleUsers says for modules, and for packages of the standard library, who alone may import them.
var soleUsers = map[string][]string{
	"database/sql":                    {wall},
	"github.com/jmoiron/sqlx":         {wall},
	"modernc.org/sqlite":              {wall},
	"github.com/jackc/pgx/v5":         {wall},
	"github.com/pressly/goose/v3":     {wall},
	"github.com/riverqueue":           {wall},
	"github.com/emiago/sipgo":         {"sip", "phone"},
	"github.com/pion":                 {"sip", "media", "phone"},
	"github.com/gobwas":               {"sip"},
	"github.com/icholy/digest":        {"phone"},
	"github.com/miekg/dns":            {"zone", "phone", "upstream"},
	"github.com/pin/tftp/v3":          {"tftp", "phone"},
	"github.com/gin-gonic/gin":        {"adminapi", "httpcfg"},
	"github.com/danielgtaylor/huma":   {"adminapi"},
	"github.com/wneessen/go-mail":     {"mail"},
	"github.com/alecthomas/kong":      {command},
	"flag":                            {command},
	"github.com/prometheus":           {command},
	"github.com/nyaruka/phonenumbers": {"customer"},
	"github.com/hbollon/go-edlib":     {"screening"},
}

// dataLibraries are what a noun may import from outside: data with a little code around it, or plain arithmetic.
var dataLibraries = []string{"github.com/nyaruka/phonenumbers", "golang.org/x/text", "github.com/hbollon/go-edlib"}

// testSupport are packages that only tests import. They may read the environment, as tests may.
var testSupport = []string{"store/pgtest", "store/storetest", "provisioning/coretest"}

// ginUsers may name *gin.Context, in their handlers.
var ginUsers = []string{"adminapi", "httpcfg"}

// Limits, as ARCHITECTURE.md states them.
const (
	maxDepth         = 5 // imports in a row, from the command down
	maxFileLines     = 500
	maxFunctionLines = 80
)

// rowOf returns the row of the table that a package belongs to: its own, or that of the nearest folder above.
func rowOf(path string) (string, bool) {
	for p := path; ; {
		if _, ok := table[p]; ok {
			return p, true
		}
		cut := strings.LastIndexByte(p, '/')
		if cut < 0 {
			return "", false
		}
		p = p[:cut]
	}
}

// within reports whether an import path is the package or module, or below it.
func within(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// isOneOf reports whether path is one of the packages, or below one.
func isOneOf(path string, packages []string) bool {
	for _, p := range packages {
		if within(path, p) {
			return true
		}
	}
	return false
}
