// Package fault is the vocabulary of failure: a handful of kinds that every door translates into its own protocol.
//
// It owns the kinds, the error that carries one together with a sentence for a person, and the rule that anything else is
// Internal. It never knows a status code, a packet or a table: those belong to the doors. Start at Kind, then Error.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what class of failure an error is. The zero Kind is Internal, so that an error nobody classified tells a stranger nothing.
type Kind uint8

// The kinds, in the order of ARCHITECTURE.md. Doors translate them; see each door's table.
const (
	Internal    Kind = iota // a bug, or a state that must not be: the log has it, the caller doesn't
	Invalid                 // the input breaks a rule that can be named
	NotFound                // the store said that it isn't there, or it belongs to somebody else
	Denied                  // who asks may not have it
	Conflict                // a rule about what exists already is in the way
	Limited                 // too much, too fast or too many; RetryAfter says when
	Unavailable             // a part that we need doesn't answer; asking again later may help
)

// String returns the kind's name in lower case, as logs and metrics show it.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case NotFound:
		return "not found"
	case Denied:
		return "denied"
	case Conflict:
		return "conflict"
	case Limited:
		return "limited"
	case Unavailable:
		return "unavailable"
	default:
		return "internal"
	}
}

// Problem is one broken rule of an Invalid or Conflict input.
type Problem struct {
	Field   string // path of the input field in the caller's own spelling, e.g. "provisioningParameters.extension"; "" if none
	Code    Code   // the wire's error number; 0 if none
	Message string // what is wrong and what to do, for a person
}

// Error is a failure with its kind and a message that may be shown to whoever asked.
type Error struct {
	Kind       Kind
	Message    string        // for a person: what happened, to which thing, what to do next
	Problems   []Problem     // the broken rules, when there are any to name
	RetryAfter time.Duration // Limited and Unavailable: when asking again makes sense; 0 if unknown
	Cause      error         // for the log only; never shown
}

// Error returns the message and the cause, for a log. A door shows Message(err) instead.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error of a kind with a message for a person.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a kind whose cause goes to the log and to nobody else.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// InvalidProblems returns an Invalid error with all broken rules of one input, so that whoever sent it can mend them all at once; nil for none. what says
// what can't be done, as the beginning of a sentence.
func InvalidProblems(what string, list []Problem) error {
	if len(list) == 0 {
		return nil
	}
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.Field + " " + p.Message
	}
	e := New(Invalid, "%s: %s.", what, strings.Join(parts, "; "))
	e.Problems = list
	return e
}

// InvalidField makes an Invalid error about one field of the input, with CodeRule.
func InvalidField(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Message: field + ": " + message, Problems: []Problem{{Field: field, Code: CodeRule, Message: message}}}
}

// WithCode returns a copy that carries the wire's error number in its first problem, which it makes if there is none.
func (e *Error) WithCode(code Code) *Error {
	c := *e
	c.Problems = append([]Problem(nil), e.Problems...)
	if len(c.Problems) == 0 {
		c.Problems = []Problem{{Message: e.Message}}
	}
	c.Problems[0].Code = code
	return &c
}

// KindOf returns the kind of the first Error in err's chain; Internal when there is none. KindOf(nil) is Internal too: ask only about errors.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind. A nil error is of no kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// IsAnswer reports whether err answers what was asked, so that asking the same again gives the same: Invalid, NotFound, Denied or Conflict.
func IsAnswer(err error) bool {
	return Is(err, Invalid) || Is(err, NotFound) || Is(err, Denied) || Is(err, Conflict)
}

// Message returns what a person may be told about err. Errors that nobody classified give one constant sentence.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Message
	}
	return "Something went wrong on our side. Try again; if it stays, give your administrator the tracking id."
}

// ProblemsOf returns the named broken rules of err, nil if it names none.
func ProblemsOf(err error) []Problem {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Problems
	}
	return nil
}

// RetryAfter returns when asking again makes sense, 0 if err doesn't say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
