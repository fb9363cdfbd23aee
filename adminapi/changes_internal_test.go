package adminapi

import (
	"testing"

	"dialtone/customer"
)

// FuzzPlace holds that a cursor is what we wrote, or refused.
func FuzzPlace(f *testing.F) {
	f.Add(formatPlace(customer.EventCursor{}))
	f.Add(formatPlace(customer.EventCursor{Transaction: 1 << 62, ID: 1 << 62}))
	f.Add("MS4wLjA=")
	f.Fuzz(func(t *testing.T, text string) {
		place, err := parsePlace("after", text)
		if err == nil && text != "" && formatPlace(place) != text {
			t.Errorf("%q was taken for %+v", text, place)
		}
	})
}
