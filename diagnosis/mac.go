package diagnosis

import "strings"

// Slip says how a MAC address was mistyped.
type Slip string

// The slips that are looked for.
const (
	NoSlip      Slip = ""
	OneDigit    Slip = "one digit is another"
	TwoSwapped  Slip = "two digits are swapped"
	macDigits        = 12
	hexDigits        = "0123456789ABCDEF"
	maxNearMACs      = macDigits*(len(hexDigits)-1) + macDigits - 1
)

// NearMACs returns the 180 addresses that one other digit makes of a MAC address, and the up to 11 that two swapped neighbours make; in upper case,
// each once. What isn't twelve digits has none.
func NearMACs(mac string) []string {
	mac = strings.ToUpper(mac)
	if len(mac) != macDigits {
		return nil
	}
	seen := make(map[string]bool, maxNearMACs+1)
	seen[mac] = true
	var out []string
	add := func(digits []byte) {
		if text := string(digits); !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	for i := range macDigits {
		for j := range len(hexDigits) {
			digits := []byte(mac)
			digits[i] = hexDigits[j]
			add(digits)
		}
	}
	for i := range macDigits - 1 {
		digits := []byte(mac)
		digits[i], digits[i+1] = digits[i+1], digits[i]
		add(digits)
	}
	return out
}

// SlipBetween says which slip makes one MAC address of another; NoSlip when more than one does, or they are the same.
func SlipBetween(a, b string) Slip {
	a, b = strings.ToUpper(a), strings.ToUpper(b)
	if len(a) != len(b) {
		return NoSlip
	}
	var different []int
	for i := range len(a) {
		if a[i] != b[i] {
			different = append(different, i)
		}
	}
	switch {
	case len(different) == 1:
		return OneDigit
	case len(different) == 2 && different[1] == different[0]+1 && a[different[0]] == b[different[1]] && a[different[1]] == b[different[0]]:
		return TwoSwapped
	default:
		return NoSlip
	}
}
