package provisioning

import (
	"errors"
	"fmt"

	"dialtone/fault"
	"dialtone/secret"
)

// problems gathers the broken rules of one input, so that whoever sent it can mend them all at once.
type problems struct{ list []fault.Problem }

// add notes that a field breaks a rule.
func (p *problems) add(field, format string, args ...any) {
	p.list = append(p.list, fault.Problem{Field: field, Code: fault.CodeRule, Message: fmt.Sprintf(format, args...)})
}

// join adds what another check found; nil adds nothing.
func (p *problems) join(err error) {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		p.list = append(p.list, e.Problems...)
	}
}

// err returns fault.Invalid with all that was found, nil if nothing was.
func (p *problems) err(what string) error {
	return fault.InvalidProblems(what, p.list)
}

// noPassword asks for one to be made.
func noPassword() secret.Text { return secret.Text{} }
