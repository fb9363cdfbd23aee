package arch_test

import (
	"fmt"
	"slices"
	"strings"
)

// rule is one rule of the house. check returns a message for each place that breaks it: where, what, and what to do.
type rule struct {
	name  string
	check func(t tree) []string
}

// rules are all of them.
var rules = []rule{
	{"every package is in the table", knownPackages},
	{"packages import only what their row allows", ownImports},
	{"ARCHITECTURE.md shows the same table", sameTable},
	{"doors never import each other", doorsApart},
	{"only the command imports the store", storeWired},
	{"modules have one user", soleUse},
	{"nouns import data libraries only", nounsPure},
	{"the vocabulary needs the standard library only", vocabularyPure},
	{"only the command reads the environment", environment},
	{"handlers alone see gin's context", ginContext},
	{"imports aren't deep", depth},
	{"every package has a package comment", packageComments},
	{"there is no init", noInit},
	{"only main exits", exits},
	{"files are short", fileLength},
	{"functions are short", functionLength},
	{"exported names are documented", documented},
}

func knownPackages(t tree) (broken []string) {
	for _, pkg := range t.packages() {
		if _, ok := rowOf(pkg); !ok {
			broken = append(broken, fmt.Sprintf("%s: nobody knows this package: add it to the table in internal/arch and to ARCHITECTURE.md", pkg))
		}
	}
	return broken
}

func ownImports(t tree) (broken []string) {
	for _, f := range t.product() {
		row, ok := rowOf(f.pkg)
		if !ok || slices.Contains(table[row], everything) {
			continue
		}
		for _, own := range f.own() {
			if !within(own, row) && !isOneOf(own, table[row]) {
				broken = append(broken, fmt.Sprintf("%s imports %s, which the row of %s doesn't allow: declare an interface where you need it, or change the table in internal/arch and ARCHITECTURE.md, saying why",
					f.name, own, row))
			}
		}
	}
	return broken
}

// sameTable reads the rows "| packages | may import | ..." of ARCHITECTURE.md and compares them with the table, both ways.
func sameTable(t tree) (broken []string) {
	shown := map[string]bool{}
	for line := range strings.Lines(t.architecture) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, pkg := range list(cells[1]) {
			allowed, ok := table[pkg]
			if !ok {
				continue // another table, or a row about something else
			}
			shown[pkg] = true
			if want := list(cells[2]); !slices.Equal(want, sorted(allowed)) {
				broken = append(broken, fmt.Sprintf("ARCHITECTURE.md lets %s import %v, the table in internal/arch %v: make them say the same", pkg, want, sorted(allowed)))
			}
		}
	}
	for _, pkg := range t.packages() {
		if _, ok := table[pkg]; ok && !shown[pkg] && pkg != "bench" && pkg != "internal/arch" {
			broken = append(broken, fmt.Sprintf("ARCHITECTURE.md has no row for %s in its table: add it", pkg))
		}
	}
	return broken
}

// list splits a cell at its commas, without what stands in brackets, in order. "all" is everything, "-" nothing.
func list(cell string) []string {
	out := []string{}
	if before, _, ok := strings.Cut(cell, "("); ok {
		cell = before
	}
	for part := range strings.SplitSeq(cell, ",") {
		switch part = strings.TrimSpace(part); part {
		case "", "-":
		case "all":
			out = append(out, everything)
		default:
			out = append(out, part)
		}
	}
	return sorted(out)
}

func sorted(s []string) []string {
	out := append([]string{}, s...)
	slices.Sort(out)
	return out
}

// doorsApart and storeWired are laws above the table: TestTheTableIsSound sees to it that no row allows what they forbid.
func doorsApart(t tree) (broken []string) {
	for _, f := range t.product() {
		row, _ := rowOf(f.pkg)
		if !slices.Contains(doors, row) {
			continue
		}
		for _, own := range f.own() {
			if isOneOf(own, doors) && !within(own, row) {
				broken = append(broken, fmt.Sprintf("%s, a door, imports the door %s: what both need belongs into a package that neither is", f.name, own))
			}
		}
	}
	return broken
}

func storeWired(t tree) (broken []string) {
	for _, f := range t.product() {
		for _, own := range f.own() {
			if within(own, wall) && !within(f.pkg, wall) && f.pkg != command {
				broken = append(broken, fmt.Sprintf("%s imports %s: declare the interface that you need, and let %s pass the store in", f.name, own, command))
			}
		}
	}
	return broken
}

func soleUse(t tree) (broken []string) {
	for _, f := range t.product() {
		for _, imported := range f.foreign() {
			for owned, users := range soleUsers {
				if within(imported, owned) && !isOneOf(f.pkg, users) {
					broken = append(broken, fmt.Sprintf("%s imports %s, which is for %s alone: ask that package", f.name, imported, strings.Join(users, " and ")))
				}
			}
		}
	}
	return broken
}

func nounsPure(t tree) (broken []string) {
	for _, f := range t.product() {
		if !isOneOf(f.pkg, nouns) {
			continue
		}
		for _, imported := range f.foreign() {
			if !isStandardLibrary(imported) && !isOneOf(imported, dataLibraries) {
				broken = append(broken, fmt.Sprintf("%s, a noun, imports %s: only data libraries (%s) may be; take the machinery to a door or to the store",
					f.name, imported, strings.Join(dataLibraries, ", ")))
			}
		}
	}
	return broken
}

func vocabularyPure(t tree) (broken []string) {
	for _, f := range t.product() {
		if !isOneOf(f.pkg, vocabulary) {
			continue
		}
		for _, imported := range f.foreign() {
			if !isStandardLibrary(imported) {
				broken = append(broken, fmt.Sprintf("%s imports %s: this package gets along with the standard library", f.name, imported))
			}
		}
	}
	return broken
}

func environment(t tree) (broken []string) {
	readers := []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Args"}
	for _, f := range t.product() {
		if f.pkg == command {
			continue
		}
		f.uses("os", func(name, at string) {
			if slices.Contains(readers, name) {
				broken = append(broken, fmt.Sprintf("%s uses os.%s: take the value in a Config, and let %s read it", at, name, command))
			}
		})
	}
	return broken
}

func ginContext(t tree) (broken []string) {
	for _, f := range t.product() {
		if isOneOf(f.pkg, ginUsers) {
			continue
		}
		f.uses("github.com/gin-gonic/gin", func(name, at string) {
			if name == "Context" {
				broken = append(broken, fmt.Sprintf("%s names gin.Context: take a context.Context and what you need from the request", at))
			}
		})
	}
	return broken
}

func depth(t tree) (broken []string) {
	imports := map[string][]string{}
	for _, f := range t.product() {
		imports[f.pkg] = append(imports[f.pkg], f.own()...)
	}
	for _, pkg := range t.packages() {
		if chain := longest(imports, pkg, nil); len(chain)-1 > maxDepth {
			broken = append(broken, fmt.Sprintf("%s is %d imports deep, %d are allowed: let one in the middle go", strings.Join(chain, " > "), len(chain)-1, maxDepth))
		}
	}
	return broken
}

// longest is the longest chain of imports that begins with pkg. A circle, which the compiler refuses anyway, is walked once.
func longest(imports map[string][]string, pkg string, above []string) []string {
	above = append(slices.Clone(above), pkg)
	best := above
	for _, own := range imports[pkg] {
		if slices.Contains(above, own) {
			continue
		}
		if chain := longest(imports, own, above); len(chain) > len(best) {
			best = chain
		}
	}
	return best
}
