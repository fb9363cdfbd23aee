package customer

import (
	"fmt"
	"strings"
)

// Uses counts what refers to a thing, and keeps it from being deleted.
type Uses struct {
	Templates int
	Customers int
	Locations int
}

func (u Uses) any() bool { return u != Uses{} }

// String names what there is, such as "2 templates and 1 customers".
func (u Uses) String() string {
	var parts []string
	for _, c := range []struct {
		n     int
		thing string
	}{{u.Templates, "templates"}, {u.Customers, "customers"}, {u.Locations, "locations"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprint(c.n, " ", c.thing))
		}
	}
	return strings.Join(parts, " and ")
}
