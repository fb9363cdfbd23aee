package provisioning

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/customer"
)

func TestHowAWatchedMemberIsDialled(t *testing.T) {
	t.Parallel()
	const here, there = customer.LocationID("here"), customer.LocationID("there")
	for _, c := range []struct {
		extension, number, prefix string
		at                        customer.LocationID
		want                      string
	}{
		{"101", "+4930101", "81", here, "101"},
		{"", "+4930101", "81", here, "+4930101"},
		{"101", "+4930101", "81", there, "81101"},
		{"101", "+4930101", "", there, "+4930101"},
		{"101", "", "", there, "101"},
		{"", "", "81", there, ""},
	} {
		v := MonitoredView{RoutingPrefix: c.prefix, Watched: customer.Member{Location: here, Extension: c.extension, Number: c.number}}
		assert.Equal(t, c.want, v.dialledFrom(c.at), "%+v", c)
	}
}
