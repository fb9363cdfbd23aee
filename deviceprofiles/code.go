package deviceprofiles

import (
	"regexp"
	"strings"

	"dialtone/secret"
)

// Activation codes: sixteen decimal digits that somebody types into a phone behind our address, as in https://HOST/5414-0112-5617-3816. The path is
// a secret, unlike all others.

var (
	activationCode = regexp.MustCompile(`^[0-9]{4}(?:[-. ]?[0-9]{4}){3}$`)
	// codeLike is what may be a code, or one that was typed with a slip: more digits in a row than the twelve of a MAC address.
	codeLike = regexp.MustCompile(`[0-9](?:[-. ]?[0-9]){12,}`)
)

// codeName stands for the code in Hit.Name.
const codeName = "activation-code"

// ParseCode reads an activation code: sixteen digits, bare or in groups of four as people type them, with '-', '.' or a blank between. False for
// everything else.
func ParseCode(text string) (secret.Text, bool) {
	if !activationCode.MatchString(text) {
		return secret.Text{}, false
	}
	return secret.New(strings.NewReplacer("-", "", ".", "", " ", "").Replace(text)), true
}

// MaskCodes replaces whatever in a path, or in a sentence about one, may be an activation code or a token by secret.Mask, so that it can be logged.
func MaskCodes(text string) string { return codeLike.ReplaceAllString(maskTokens(text), secret.Mask) }

// matchCode recognises CODE and CODE/MAC at the end of a path in lower case. The phone says in its user agent who it is, or else in the path; one that
// says both, and not the same, has no address.
func matchCode(folders []string, name string, agent Agent) (Hit, bool) {
	hit := Hit{Name: codeName, Families: packs().codes(), MAC: agent.MAC, HasMAC: agent.HasMAC}
	code, ok := ParseCode(name)
	if !ok && len(folders) > 0 {
		mac, err := ParseMAC(name)
		if code, ok = ParseCode(folders[len(folders)-1]); !ok || err != nil {
			return Hit{}, false
		}
		hit.HasMAC = !agent.HasMAC || agent.MAC == mac
		hit.MAC = mac
	}
	if !ok {
		return Hit{}, false
	}
	hit.Code = code
	if agent.Family != "" {
		hit.Families = []Family{agent.Family}
	} else {
		hit.Vendor = vendorOf(hit.MAC, nil)
	}
	if !hit.HasMAC {
		hit.MAC = MAC{}
	}
	return hit, true
}

// codes are the families whose phones take a code from whoever unpacks them.
func (s packShelf) codes() []Family {
	var out []Family
	for _, p := range s.packs {
		if p.Codes {
			out = append(out, p.Family)
		}
	}
	return out
}

// VendorOf returns the vendor whose pack a family is in, as its folder is called; "" for a family that no pack has.
func VendorOf(f Family) string {
	if p := packs().byFamily[f]; p != nil {
		return p.vendor
	}
	return ""
}

// SameVendor reports whether two families are of one vendor's pack.
func SameVendor(a, b Family) bool { return VendorOf(a) != "" && VendorOf(a) == VendorOf(b) }
