package deviceprofiles

import "strings"

// AddressBlocks returns the address blocks of a family's vendor, each the first six digits of its MAC addresses in lower case; nil for a family whose
// blocks aren't kept. New ones come every year: an address from no block here says nothing.
func AddressBlocks(f Family) []string {
	p, ok := packs().byFamily[f]
	if !ok {
		return nil
	}
	return strings.Fields(p.Blocks)
}
