package usage

import (
	"strconv"
	"strings"
)

// Units count usage in millionths of a day. int64 is enough: five years of a hundred million assignments are below 2*10^17, and it holds 9*10^18.
type Units int64

// One is a whole day.
const One Units = 1_000_000

// decimals is how many decimals a unit of usage has, in days.
const decimals = 6

// String writes the units in days, without zeros at the end: 17.5, 31, 0.000694.
func (u Units) String() string { return string(u.append(nil)) }

func (u Units) append(dst []byte) []byte {
	if u < 0 {
		dst, u = append(dst, '-'), -u
	}
	dst = strconv.AppendInt(dst, int64(u/One), 10)
	rest := int64(u % One)
	if rest == 0 {
		return dst
	}
	point := len(dst)
	dst = strconv.AppendInt(dst, rest+int64(One), 10)
	dst[point] = '.' // in place of the 1 that kept the zeros
	end := len(dst)
	for dst[end-1] == '0' {
		end--
	}
	return dst[:end]
}

// mostUnits bounds what is read from strangers, so that no sum of it overflows: a million million days.
const mostUnits = 1_000_000_000_000 * One

// ParseUnits reads days with any number of decimals, of which what is beyond the sixth is rounded half up, and returns how many decimals were written. There is no
// sign, exponent or mark between thousands. False for any other text, and for more than a million million days.
func ParseUnits(text string) (Units, int, bool) {
	whole, fraction, pointed := strings.Cut(text, ".")
	if !digits(whole) || pointed && !digits(fraction) || len(fraction) > 32 {
		return 0, 0, false
	}
	if whole = strings.TrimLeft(whole, "0"); len(whole) > 13 {
		return 0, 0, false
	}
	places := len(fraction)
	padded := fraction + strings.Repeat("0", decimals+1)
	n, err := strconv.ParseInt(whole+padded[:decimals], 10, 64)
	if err != nil {
		return 0, 0, false
	}
	if padded[decimals] >= '5' {
		n++
	}
	return Units(n), places, Units(n) <= mostUnits
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
