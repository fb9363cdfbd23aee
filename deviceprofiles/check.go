package deviceprofiles

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"dialtone/fault"
	"dialtone/secret"
)

// CheckPacks reads the packs of all vendors, and says what in them is broken and therefore left out: file, family and field of each mistake. Whoever starts
// a server asks first. fault.Internal.
func CheckPacks() error {
	if err := errors.Join(catalogue().broken, packs().broken, settingDefinitions().broken); err != nil {
		return fault.Wrap(fault.Internal, err, "The program was built with broken vendor packs")
	}
	return nil
}

// maxValue bounds one setting in bytes. Phones cut or refuse longer ones.
const maxValue = 512

// checkValue refuses what some phone's format can't hold: control characters, the Unicode line breaks, bytes that are no UTF-8, and what is too
// long. Every writer asks it for every value; whoever stores a value asks it first, so that the error names the field.
func checkValue(field, value string, size int) error {
	switch {
	case !utf8.ValidString(value):
		return fault.InvalidField(field, "must be UTF-8")
	case len(value) > size:
		return fault.InvalidField(field, "must have at most %d bytes", size)
	case strings.ContainsFunc(value, unwritable):
		return fault.InvalidField(field, "must not contain control characters or line breaks")
	}
	return nil
}

func unwritable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\uFFFE' || r == '\uFFFF'
}

// CheckDisplayName refuses a name that can't be written into every family's files: fault.Invalid, naming the field. It may have up to 512 bytes of
// any printable Unicode, without blanks at its ends.
func CheckDisplayName(field, value string) error {
	if err := checkValue(field, value, maxValue); err != nil {
		return err
	}
	return checkLine(field, value)
}

// CheckHotline refuses a destination that some family's phones can't be told to dial: fault.Invalid, naming the field. It must be 1 to 32 digits, * and #,
// with or without a + in front.
func CheckHotline(field, value string) error {
	const longest = 32
	digits := strings.TrimPrefix(value, "+")
	if digits == "" || len(value) > longest || strings.Trim(digits, "0123456789*#") != "" {
		return fault.InvalidField(field, "must have 1 to %d digits, * or #, with or without a + in front", longest)
	}
	return nil
}

// The length of a password that an administrator chooses, in characters.
const (
	minPassword = 8
	maxPassword = 64
)

// CheckPassword refuses a SIP password that some format, phone or client can't take: fault.Invalid, naming the field and never the password. It must be 8 to 64 visible ASCII characters, without
// the quotes and the backslash that SIP's own quoting uses (RFC 3261 section 25.1), and without the semicolon and the angle brackets that clients
// use around addresses.
func CheckPassword(field string, p secret.Text) error {
	value := p.Reveal()
	if len(value) < minPassword || len(value) > maxPassword {
		return fault.InvalidField(field, "must have %d to %d characters", minPassword, maxPassword)
	}
	for _, r := range value {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"'\;<>`, r) {
			return fault.InvalidField(field, `must be letters, digits and signs other than blanks, quotes, backslash, semicolon, < and >`)
		}
	}
	return nil
}
