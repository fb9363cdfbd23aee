// Package arch holds the rules of the house as a test: who may import whom, and how big and how well described things are.
//
// It owns the table of packages (table_test.go), which ARCHITECTURE.md repeats for people, and one function for each rule (rules_test.go,
// style_test.go), each with a small counter-example that it must find (examples_test.go). It never holds code that runs in the product. Start
// at the table; to add a package, add a row there and in ARCHITECTURE.md.
package arch
