package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// NewSubscriber is the input of AddSubscriber.
type NewSubscriber = customer.NewSubscriber

// AddSubscriber creates a person with its package in one transaction. fault.Invalid names the fields that break a rule; fault.Conflict when
// the e-mail address, number or extension is taken or the package's quantity is used up.
func (s *Service) AddSubscriber(ctx context.Context, actor customer.Actor, in NewSubscriber) (customer.Subscriber, error) {
	if err := checkDisplayName(in); err != nil {
		return customer.Subscriber{}, err
	}
	c, err := s.store.Customer(ctx, actor.Partner, in.Customer)
	if fault.Is(err, fault.NotFound) {
		return customer.Subscriber{}, fault.InvalidField("customerId", "names no customer of yours")
	}
	if err != nil {
		return customer.Subscriber{}, err
	}
	var sub customer.Subscriber
	err = s.store.Update(ctx, customer.Tenant{Partner: c.Partner, Customer: c.Org}, func(tx Tx) error {
		sub, err = s.customers.Subscribe(ctx, tx, actor, c, in)
		return err
	})
	if err != nil {
		return customer.Subscriber{}, err
	}
	return sub, nil
}

// checkDisplayName refuses a name that some phone's file couldn't hold, before it is stored. Without names the e-mail address gives one, which has
// its own rules.
func checkDisplayName(in NewSubscriber) error {
	name := customer.Person{FirstName: in.FirstName, LastName: in.LastName}.DisplayName()
	if name == "" {
		return nil
	}
	return deviceprofiles.CheckDisplayName("provisioningParameters.firstName", name)
}
