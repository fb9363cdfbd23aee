package phone

import (
	"regexp"
	"strings"

	"dialtone/fault"
	"dialtone/secret"
)

var (
	typedCode = regexp.MustCompile(`^[0-9]{4}(?:-?[0-9]{4}){3}$`)
	// codeLike is more digits in a row than any file's name has.
	codeLike = regexp.MustCompile(`[0-9](?:-?[0-9]){12,}`)
)

// takeCode types an activation code into the phone: its profile rule is the server's address with the code behind it, and nothing else. fault.Invalid
// when the phone has no place for one, or when it would go in the clear.
func (b *boot) takeCode(code secret.Text) error {
	if code.IsZero() {
		return nil
	}
	c, ok := b.family.(*cisco)
	base := b.ways[0].base
	switch {
	case !ok:
		return fault.InvalidField("code", "nobody can type an activation code into a %s; a Cisco phone takes one", b.model.DisplayName)
	case !typedCode.MatchString(code.Reveal()):
		return fault.InvalidField("code", "must be the sixteen digits of an activation code")
	case base.Scheme != "https":
		return fault.InvalidField("server", "must be https://HOST: an activation code is a secret, which no other way keeps")
	}
	c.typed = true
	base.Path, base.RawPath = strings.TrimSuffix(base.Path, "/")+"/"+code.Reveal(), ""
	return nil
}

// maskCode hides activation codes in what is printed.
func maskCode(text string) string { return codeLike.ReplaceAllString(text, secret.Mask) }
