package arch_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sources are files in memory, by name.
type sources map[string]string

func (s sources) load(t *testing.T) tree {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range s {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	house, err := load(root)
	require.NoError(t, err)
	return house
}

// sound is a small house that breaks no rule, and comes close to breaking most.
var sound = sources{
	"fault/fault.go": "// Package fault is sound.\npackage fault\n\nimport \"errors\"\n\n// Err is an error.\nvar Err = errors.New(\"x\")\n",
	"customer/customer.go": "// Package customer is sound.\npackage customer\n\nimport (\n\t\"dialtone/fault\"\n\t\"github.com/nyaruka/phonenumbers\"\n\t\"golang.org/x/text/language\"\n)\n\n" +
		"// Constants that one comment speaks for.\nconst (\n\tA = 1\n\tB = 2 // and this one too\n)\n\n// Noun is one.\ntype Noun struct{}\n\n// Do does.\nfunc (n *Noun) Do() { _, _, _ = fault.Err, phonenumbers.MOBILE, language.English }\n\n" +
		"type hidden[T any] struct{}\n\nfunc (hidden[T]) Seen() {}\n\nfunc init_() {}\n",
	"customer/customer_test.go":   "package customer_test\n\nimport (\n\t\"os\"\n\n\t\"dialtone/store\"\n)\n\nvar X = os.Getenv(store.Name)\n\nfunc init() { os.Exit(1) }\n",
	"store/store.go":              "// Package store is sound.\npackage store\n\nimport (\n\t\"database/sql\"\n\n\t\"dialtone/customer\"\n\t\"dialtone/store/migrations\"\n)\n\n// Open opens.\nfunc Open(*sql.DB, customer.Noun) { migrations.Run() }\n",
	"store/migrations/run.go":     "// Package migrations is sound.\npackage migrations\n\nimport \"github.com/pressly/goose/v3\"\n\n// Run runs.\nfunc Run() { _ = goose.Up }\n",
	"store/pgtest/pgtest.go":      "// Package pgtest is for tests.\npackage pgtest\n\nimport \"os\"\n\n// Bin is where PostgreSQL is.\nvar Bin = os.Getenv(\"PG_BIN\")\n",
	"zone/zone.go":                "// Package zone is sound.\npackage zone\n\nimport (\n\t\"os\"\n\n\t\"github.com/miekg/dns\"\n)\n\nvar _ = os.ErrNotExist\n\nvar os_ = dns.TypeA\n",
	"adminapi/adminapi.go":        "// Package adminapi is sound.\npackage adminapi\n\nimport \"github.com/gin-gonic/gin\"\n\nfunc handle(*gin.Context) {}\n",
	"cmd/dialtone/main.go":        "// Command dialtone is sound.\npackage main\n\nimport (\n\t\"os\"\n\n\t\"dialtone/adminapi\"\n\t\"dialtone/store\"\n\t\"dialtone/zone\"\n\t\"github.com/alecthomas/kong\"\n)\n\nfunc main() { os.Exit(len(os.Args)) }\n",
	"internal/arch/testdata/x.go": "package broken; func init() {",
	"tools/go.mod":                "module tools",
	"tools/x.go":                  "package tools",
	"ARCHITECTURE.md": "| package | may import (ours) | sole user of |\n|---|---|---|\n| fault | - | |\n| customer | secret, fault, job, screening | |\n| store | fault, secret, job, screening, customer, deviceprofiles, billing, usage, webhook, provisioning, fleet, imports, nodes, upstream | |\n" +
		"| zone | fault, secret, customer, nodes | dns |\n| adminapi | fault, secret, throttle, screening, customer, deviceprofiles, diagnosis, billing, usage, webhook, provisioning, people, fleet, imports, nodes, upstream | |\n| cmd/dialtone | all | |\n",
}

// with returns a sound house with one file more, or another one.
func (s sources) with(name, text string) sources {
	out := sources{name: text}
	for n, t := range s {
		if n != name {
			out[n] = t
		}
	}
	return out
}

func TestASoundHouseBreaksNoRule(t *testing.T) {
	t.Parallel()
	house := sound.load(t)
	assert.Len(t, house.packages(), 8)
	for _, r := range rules {
		assert.Empty(t, r.check(house), r.name)
	}
}

// A rule that can't fail is none: here is for each what it must find, and what it must say.
func TestEachRuleFindsItsCounterExample(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\t_ = 1\n", 81)
	tests := []struct {
		rule string
		name string
		text string
		want string
	}{
		{"every package is in the table", "helpers/x.go", "// Package helpers is new.\npackage helpers\n", "add it to the table in internal/arch and to ARCHITECTURE.md"},
		{"every package is in the table", "x_test.go", "package main\n", "nobody knows"},
		{"packages import only what their row allows", "zone/more.go", "package zone\n\nimport _ \"dialtone/provisioning\"\n", "zone/more.go imports provisioning"},
		{"packages import only what their row allows", "store/migrations/more.go", "package migrations\n\nimport _ \"dialtone/pki\"\n", "the row of store"},
		{"packages import only what their row allows", "fault/more.go", "package fault\n\nimport _ \"dialtone/secret\"\n", "fault/more.go imports secret"},
		{"ARCHITECTURE.md shows the same table", "ARCHITECTURE.md", "| zone | fault |\n| fault | - | |\n| fault | secret | |\n", "lets fault import [secret]"},
		{"ARCHITECTURE.md shows the same table", "ARCHITECTURE.md", "nothing\n", "has no row for zone"},
		{"doors never import each other", "adminapi/more.go", "package adminapi\n\nimport \"dialtone/zone\"\n", "imports the door zone"},
		{"only the command imports the store", "adminapi/more.go", "package adminapi\n\nimport \"dialtone/store\"\n", "imports store"},
		{"only the command imports the store", "adminapi/more.go", "package adminapi\n\nimport \"dialtone/store/migrations\"\n", "imports store/migrations"},
		{"modules have one user", "zone/more.go", "package zone\n\nimport \"database/sql\"\n", "database/sql, which is for store alone"},
		{"modules have one user", "customer/more.go", "package customer\n\nimport \"github.com/miekg/dns\"\n", "for zone and phone and upstream alone"},
		{"modules have one user", "zone/more.go", "package zone\n\nimport \"github.com/pion/dtls/v3\"\n", "for sip and media and phone alone"},
		{"modules have one user", "zone/more.go", "package zone\n\nimport \"flag\"\n", "for cmd/dialtone alone"},
		{"modules have one user", "zone/more.go", "package zone\n\nimport \"github.com/jackc/pgx/v5/pgxpool\"\n", "for store alone"},
		{"nouns import data libraries only", "customer/more.go", "package customer\n\nimport \"github.com/google/uuid\"\n", "a noun, imports github.com/google/uuid"},
		{"the vocabulary needs the standard library only", "fault/more.go", "package fault\n\nimport \"github.com/google/uuid\"\n", "imports github.com/google/uuid"},
		{"only the command reads the environment", "zone/more.go", "package zone\n\nimport \"os\"\n\nvar x = os.Getenv(\"X\")\n", "zone/more.go:5 uses os.Getenv"},
		{"only the command reads the environment", "zone/more.go", "package zone\n\nimport system \"os\"\n\nvar x = system.Args\n", "uses os.Args"},
		{"only the command reads the environment", "zone/more.go", "package zone\n\nimport \"os\"\n\nfunc f() { os.LookupEnv(\"X\") }\n", "uses os.LookupEnv"},
		{"handlers alone see gin's context", "zone/more.go", "package zone\n\nimport \"github.com/gin-gonic/gin\"\n\nfunc f(*gin.Context) {}\n", "zone/more.go:5 names gin.Context"},
		{"every package has a package comment", "phone/x.go", "package phone\n", "phone has no package comment"},
		{"every package has a package comment", "phone/x.go", "// Package phone is detached.\n\npackage phone\n", "phone has no package comment"},
		{"every package has a package comment", "phone/x.go", "// This is some package.\npackage phone\n", "phone has no package comment"},
		{"there is no init", "zone/more.go", "package zone\n\nfunc init() {}\n", "zone/more.go:3: init"},
		{"only main exits", "zone/more.go", "package zone\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "zone/more.go:5 uses os.Exit"},
		{"only main exits", "zone/more.go", "package zone\n\nimport \"log\"\n\nfunc f() { log.Fatalf(\"\") }\n", "uses log.Fatalf"},
		{"only main exits", "cmd/dialtone/more.go", "package main\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "uses os.Exit"},
		{"files are short", "zone/more.go", "package zone\n" + strings.Repeat("\n", 500), "zone/more.go has 501 lines"},
		{"functions are short", "zone/more.go", "package zone\n\nfunc f() {\n" + long + "}\n", "f has 83 lines"},
		{"exported names are documented", "zone/more.go", "package zone\n\nfunc Bare() {}\n", "zone/more.go:3: Bare"},
		{"exported names are documented", "zone/more.go", "package zone\n\n// T is one.\ntype T[A any] struct{}\n\nfunc (t *T[A]) Bare() {}\n", "Bare has no comment"},
		{"exported names are documented", "zone/more.go", "package zone\n\n// Types.\ntype (\n\tBare struct{}\n)\n", "Bare has no comment"},
		{"exported names are documented", "zone/more.go", "package zone\n\nconst Bare = 1\n", "Bare has no comment"},
		{"exported names are documented", "zone/more.go", "package zone\n\nvar hidden, Bare int\n", "Bare has no comment"},
	}
	covered := map[string]bool{"imports aren't deep": true} // has a test of its own
	for _, tt := range tests {
		covered[tt.rule] = true
		t.Run(tt.rule+": "+tt.want, func(t *testing.T) {
			t.Parallel()
			messages := ruleNamed(t, tt.rule).check(sound.with(tt.name, tt.text).load(t))
			assert.Contains(t, strings.Join(messages, "\n"), tt.want)
		})
	}
	for _, r := range rules {
		assert.True(t, covered[r.name], "the rule %q has no counter-example", r.name)
	}
}

func ruleNamed(t *testing.T, name string) rule {
	t.Helper()
	for _, r := range rules {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("there is no rule %q", name)
	return rule{}
}

func TestDepthIsCountedFromTheTop(t *testing.T) {
	t.Parallel()
	chain := sources{}
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	for i, name := range names {
		chain[name+"/x.go"] = "package " + name + "\n"
		if i+1 < len(names) {
			chain[name+"/x.go"] += "\nimport \"dialtone/" + names[i+1] + "\"\n"
		}
	}
	messages := depth(chain.load(t))
	require.Len(t, messages, 1)
	assert.Contains(t, messages[0], "a > b > c > d > e > f > g is 6 imports deep, 5 are allowed")
	delete(chain, "a/x.go")
	assert.Empty(t, depth(chain.load(t)))
	circle := sources{"a/x.go": "package a\n\nimport \"dialtone/b\"\n", "b/x.go": "package b\n\nimport \"dialtone/a\"\n"}
	assert.Empty(t, depth(circle.load(t)), "a circle ends")
}

func TestAFileThatDoesntParseIsAnError(t *testing.T) {
	t.Parallel()
	_, err := load(fstest.MapFS{"zone/x.go": &fstest.MapFile{Data: []byte("package zone\nfunc {")}})
	assert.ErrorContains(t, err, "zone/x.go")
}

func TestALocalNameIsntAnImport(t *testing.T) {
	t.Parallel()
	assert.Empty(t, exits(sound.with("zone/more.go", "package zone\n\ntype o struct{}\n\nfunc (o) Exit(int) {}\n\nfunc f(os o) { os.Exit(1) }\n").load(t)))
	assert.Empty(t, environment(sound.with("zone/more.go", "package zone\n\nimport \"example.com/os/v2\"\n\nvar x = os.Getenv(\"X\")\n").load(t)))
}
