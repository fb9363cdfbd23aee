package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/provisioning"
)

// Sample is what Fill put into a store: for each index one phone with its owner and its only line.
type Sample struct {
	Customers []customer.Customer
	Locations []customer.Location // the first of each customer
	People    []customer.Person
	Devices   []provisioning.Device
	Lines     []provisioning.Line
}

// Fill puts customers of one partner, with some phones each, into an empty store: a fleet to measure with.
func Fill(tb testing.TB, s Store, customers, phonesEach int) Sample {
	tb.Helper()
	f := newFixture(tb, s)
	sample := Sample{}
	for i := range customers {
		c, l := f.customer(tb, f.one.Partner, fmt.Sprint("fleet", i))
		sample.Customers = append(sample.Customers, c)
		sample.Locations = append(sample.Locations, l)
		f.write(tb, tenantOf(c), func(tx provisioning.Tx) error {
			for n := range phonesEach {
				p := f.newPerson(c, l, fmt.Sprint("p", n), fmt.Sprint(1000+n))
				d, line := f.newDevice(p)
				line.Domain = c.SIPDomain
				require.NoError(tb, tx.CreatePerson(tb.Context(), p))
				require.NoError(tb, tx.CreateDevice(tb.Context(), d))
				require.NoError(tb, tx.CreateLine(tb.Context(), line))
				sample.People, sample.Devices, sample.Lines = append(sample.People, p), append(sample.Devices, d), append(sample.Lines, line)
			}
			return nil
		})
	}
	return sample
}
