package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// tree is the source of the module.
type tree struct {
	files        []file
	architecture string // ARCHITECTURE.md; "" if there is none
}

// file is one Go file, parsed.
type file struct {
	name    string // its path in the module, with slashes
	pkg     string // the folder that it is in
	isTest  bool
	lines   int
	set     *token.FileSet
	syntax  *ast.File
	imports map[string]string // import path -> the name by which the file knows it
}

// load parses every Go file of a module. Folders that the go command passes over are passed over, and those with a go.mod of their own.
func load(root fs.FS) (tree, error) {
	var t tree
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return enter(root, name)
		case strings.HasSuffix(name, ".go"):
			f, err := parse(root, name)
			t.files = append(t.files, f)
			return err
		case name == "ARCHITECTURE.md":
			text, err := fs.ReadFile(root, name)
			t.architecture = string(text)
			return err
		}
		return nil
	})
	return t, err
}

func enter(root fs.FS, name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func parse(root fs.FS, name string) (file, error) {
	source, err := fs.ReadFile(root, name)
	if err != nil {
		return file{}, err
	}
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	f := file{
		name: name, pkg: path.Dir(name), isTest: strings.HasSuffix(name, "_test.go"), lines: strings.Count(string(source), "\n"),
		set: set, syntax: syntax, imports: map[string]string{},
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports[imported] = localName(spec, imported)
	}
	return f, nil
}

// localName is the name by which a file knows an import: its own choice, or the last part of the path that isn't a version.
func localName(spec *ast.ImportSpec, imported string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	base := path.Base(imported)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(imported))
	}
	return base
}

// product are the files that are built into something, in order: neither tests nor their support.
func (t tree) product() []file {
	return slices.DeleteFunc(slices.Clone(t.files), func(f file) bool { return f.isTest || isOneOf(f.pkg, testSupport) })
}

// packages are the folders that hold Go files, in order.
func (t tree) packages() []string {
	found := map[string]bool{}
	for _, f := range t.files {
		found[f.pkg] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// own are the packages of ours that the file imports, without the module's name, in order.
func (f file) own() []string {
	var out []string
	for imported := range f.imports {
		if rest, ok := strings.CutPrefix(imported, module+"/"); ok {
			out = append(out, rest)
		}
	}
	slices.Sort(out)
	return out
}

// foreign are the imports from outside, in order; of the standard library, whose paths have no dot in their first part, too.
func (f file) foreign() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for imported := range f.imports {
			if !within(imported, module) && !yield(imported) {
				return
			}
		}
	})
}

func isStandardLibrary(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// at is where a node is, as FILE:LINE.
func (f file) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.name, f.set.Position(n.Pos()).Line)
}

// uses calls found for every use of a name of an imported package, such as os.Exit.
func (f file) uses(imported string, found func(name string, at string)) {
	local, ok := f.imports[imported]
	if !ok {
		return
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && x.Name == local {
				found(selector.Sel.Name, f.at(selector))
			}
		}
		return true
	})
}
