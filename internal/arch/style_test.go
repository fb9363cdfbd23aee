package arch_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

func packageComments(t tree) (broken []string) {
	described := map[string]bool{}
	for _, f := range t.files {
		name := strings.TrimSuffix(f.syntax.Name.Name, "_test")
		begin := "Package " + name + " "
		if name == "main" {
			begin = "Command "
		}
		if strings.HasPrefix(f.syntax.Doc.Text(), begin) { // Text of no comment is ""
			described[f.pkg] = true
		}
	}
	for _, pkg := range t.packages() {
		if !described[pkg] {
			broken = append(broken, fmt.Sprintf("%s has no package comment: say right above a package clause, beginning with \"Package\" and its name, what it owns, what it never does, and where to start reading", pkg))
		}
	}
	return broken
}

func noInit(t tree) (broken []string) {
	for _, f := range t.product() {
		for function := range f.functions() {
			if function.Recv == nil && function.Name.Name == "init" {
				broken = append(broken, fmt.Sprintf("%s: init runs unasked: make it a function that somebody calls", f.at(function)))
			}
		}
	}
	return broken
}

func exits(t tree) (broken []string) {
	for _, f := range t.product() {
		if f.name == command+"/main.go" {
			continue
		}
		say := func(pkg string) func(name, at string) {
			return func(name, at string) {
				if name == "Exit" || strings.HasPrefix(name, "Fatal") || pkg == "log" && strings.HasPrefix(name, "Panic") {
					broken = append(broken, fmt.Sprintf("%s uses %s.%s: return an error, so that what was deferred runs and main decides", at, pkg, name))
				}
			}
		}
		f.uses("os", say("os"))
		f.uses("log", say("log"))
	}
	return broken
}

func fileLength(t tree) (broken []string) {
	for _, f := range t.product() {
		if f.lines > maxFileLines {
			broken = append(broken, fmt.Sprintf("%s has %d lines, %d are allowed: split it where its subject changes", f.name, f.lines, maxFileLines))
		}
	}
	return broken
}

func functionLength(t tree) (broken []string) {
	for _, f := range t.product() {
		for function := range f.functions() {
			if n := f.set.Position(function.End()).Line - f.set.Position(function.Pos()).Line + 1; n > maxFunctionLines {
				broken = append(broken, fmt.Sprintf("%s: %s has %d lines, %d are allowed: give its steps names", f.at(function), function.Name.Name, n, maxFunctionLines))
			}
		}
	}
	return broken
}

// functions are the file's functions and methods.
func (f file) functions() func(yield func(*ast.FuncDecl) bool) {
	return func(yield func(*ast.FuncDecl) bool) {
		for _, declaration := range f.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && !yield(function) {
				return
			}
		}
	}
}

func documented(t tree) (broken []string) {
	for _, f := range t.product() {
		for _, declaration := range f.syntax.Decls {
			for _, name := range undocumented(declaration) {
				broken = append(broken, fmt.Sprintf("%s: %s has no comment: say what it is, its shape, range and errors", f.at(name), name.Name))
			}
		}
	}
	return broken
}

// undocumented are the exported names of a declaration that nothing is said about.
func undocumented(declaration ast.Decl) []*ast.Ident {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && ofExported(d) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		return undocumentedSpecs(d)
	}
	return nil
}

// ofExported reports whether a function can be seen from outside: a method of a type that can't be seen can't either.
func ofExported(function *ast.FuncDecl) bool {
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return true
	}
	receiver := function.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}

// undocumentedSpecs looks at types, constants and variables. A comment above a group of constants or variables speaks for all of them; a type in
// a group needs its own.
func undocumentedSpecs(d *ast.GenDecl) (names []*ast.Ident) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			alone := d.Doc != nil && d.Lparen == token.NoPos
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && !alone {
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			if d.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
