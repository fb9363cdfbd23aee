package screening

import "fmt"

// Refusal says to a person why a list, or a step of a review, isn't taken. This package knows no kinds of error of the house: whoever hands a refusal on
// makes one of it, by its reason.
type Refusal struct {
	Reason  Reason
	Field   string // of the input, when one breaks a rule; else ""
	Message string // a sentence; with Field, what that must be
	Cause   error  // for the log; nil for none
}

// Reason says what kind of refusal it is.
type Reason int

// The reasons.
const (
	Malformed Reason = iota // what was given breaks a rule
	Settled                 // the review has come too far for that
	Unread                  // the list couldn't be read to its end
)

// Error implements error.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Message
	}
	return r.Field + ": " + r.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (r *Refusal) Unwrap() error { return r.Cause }

// malformed refuses what was given; field is "" when no single one is wrong.
func malformed(field, format string, args ...any) error {
	return &Refusal{Reason: Malformed, Field: field, Message: fmt.Sprintf(format, args...)}
}

// settled refuses a step of a review.
func settled(format string, args ...any) error {
	return &Refusal{Reason: Settled, Message: fmt.Sprintf(format, args...)}
}

// unread refuses a list that broke off.
func unread(cause error, message string) error {
	return &Refusal{Reason: Unread, Message: message, Cause: cause}
}
