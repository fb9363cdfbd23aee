package deviceprofiles

import (
	"encoding/hex"
	"strings"

	"dialtone/fault"
)

// MAC is a phone's hardware address.
type MAC [6]byte

// ParseMAC reads twelve hex digits in any case, bare or with ':', '-' or '.' between groups of two or four digits. fault.Invalid otherwise,
// and for the addresses that no phone can have: all zero, broadcast and multicast.
func ParseMAC(s string) (MAC, error) {
	digits := s
	if len(s) != 12 {
		var ok bool
		if digits, ok = ungroup(s); !ok {
			return MAC{}, invalidMAC()
		}
	}
	var mac MAC
	if n, err := hex.Decode(mac[:], []byte(digits)); err != nil || n != len(mac) {
		return MAC{}, invalidMAC()
	}
	if mac == (MAC{}) || mac[0]&1 == 1 {
		return MAC{}, invalidMAC()
	}
	return mac, nil
}

func invalidMAC() error {
	return fault.InvalidField("mac", "must be twelve hexadecimal digits of a device's own address, such as 805EC0AABBCC").WithCode(fault.CodeMACInvalid)
}

// ungroup takes the separators out of AA:BB:CC:DD:EE:FF, AA-BB-... and AABB.CCDD.EEFF.
func ungroup(s string) (string, bool) {
	for _, form := range []struct {
		separator string
		groups    int
	}{{":", 6}, {"-", 6}, {".", 3}} {
		parts := strings.Split(s, form.separator)
		if len(parts) != form.groups {
			continue
		}
		for _, p := range parts {
			if len(p) != 12/form.groups {
				return "", false
			}
		}
		return strings.Join(parts, ""), true
	}
	return "", false
}

// String returns twelve upper-case digits, the form of the wire.
func (m MAC) String() string { return strings.ToUpper(m.Lower()) }

// Lower returns twelve lower-case digits, the form of most phones' file names.
func (m MAC) Lower() string { return hex.EncodeToString(m[:]) }

// OUI returns the first six lower-case digits: who made the phone.
func (m MAC) OUI() string { return hex.EncodeToString(m[:3]) }
