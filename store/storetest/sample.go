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

// FillSubscribers puts one customer with so many subscribers, without phones, into an empty store: a list to go through.
func FillSubscribers(tb testing.TB, s Store, count int) customer.Customer {
	tb.Helper()
	const each = 10_000 // rows of a transaction
	f := newFixture(tb, s)
	for done := 0; done < count; done += each {
		f.write(tb, tenantOf(f.one), func(tx provisioning.Tx) error {
			for n := range min(each, count-done) {
				p := f.newPerson(f.one, f.oneShop, fmt.Sprint("p", done+n), fmt.Sprint(1_000_000+done+n))
				require.NoError(tb, tx.CreatePerson(tb.Context(), p))
				require.NoError(tb, tx.CreateSubscriber(tb.Context(), f.newSubscriber(f.one, p)))
			}
			return nil
		})
	}
	return f.one
}

func tenantOf(c customer.Customer) customer.Tenant {
	return customer.Tenant{Partner: c.Partner, Customer: c.Org}
}

func (f *fixture) newSubscriber(c customer.Customer, p customer.Person) customer.Subscriber {
	return customer.Subscriber{
		ID: customer.SubscriberID(id()), Partner: c.Partner, Org: c.Org, Customer: c.ID, ExternalCustomerID: c.ExternalID, Person: p.ID, Email: p.Email,
		Package: customer.WebexCalling, Status: customer.SubscriberProvisioned, Created: f.tick(), LastStatusChange: f.now,
	}
}
