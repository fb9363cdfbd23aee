package adminapi

import (
	"errors"
	"slices"
	"strings"

	"dialtone/fault"
)

// spelling says how a route calls fields that the core knows under another name: pairs of the core's and the route's. A name that another one begins
// with comes after it.
type spelling []string

// of returns an error in the route's words; other errors as they are.
func (s spelling) of(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || len(e.Problems) == 0 {
		return err
	}
	replacer, names := strings.NewReplacer(s...), map[string]string{}
	for pair := range slices.Chunk(s, 2) {
		names[pair[0]] = pair[1]
	}
	c := *e
	c.Message, c.Problems = replacer.Replace(e.Message), make([]fault.Problem, len(e.Problems))
	for i, p := range e.Problems {
		p.Message = replacer.Replace(p.Message)
		if name, ok := names[p.Field]; ok {
			p.Field = name
		}
		c.Problems[i] = p
	}
	return &c
}

// yesOrNo reads a switch of a query; nil when it isn't there.
func yesOrNo(field, value string) (*bool, error) {
	word, err := wordOf(field, value, []string{"true", "false"})
	if err != nil || word == "" {
		return nil, err
	}
	yes := word == "true"
	return &yes, nil
}
