package people

import (
	"context"
	"errors"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// AddSubscriber gives a person its packages in one transaction. fault.Invalid names the fields that break a rule; fault.Conflict when the e-mail
// address, number or extension is taken or a package's quantity is used up.
func (s *Service) AddSubscriber(ctx context.Context, actor customer.Actor, in customer.NewSubscriber) (customer.Subscriber, error) {
	return s.addSubscriber(ctx, actor, in, nil)
}

// errChecked ends a transaction in which everything went well, so that nothing of it stays.
var errChecked = errors.New("checked")

// CheckSubscriber says whether AddSubscriber would succeed at this moment, by doing it and taking it back. Nothing is changed.
func (s *Service) CheckSubscriber(ctx context.Context, actor customer.Actor, in customer.NewSubscriber) error {
	_, err := s.addSubscriber(ctx, actor, in, errChecked)
	if errors.Is(err, errChecked) {
		return nil
	}
	return err
}

// addSubscriber adds a subscriber in a transaction that ends with an error; nil commits it.
func (s *Service) addSubscriber(ctx context.Context, actor customer.Actor, in customer.NewSubscriber, end error) (customer.Subscriber, error) {
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
	err = s.store.Update(ctx, c.Tenant(), func(tx provisioning.Tx) error {
		c, err := tx.Customer(ctx, c.Partner, c.ID) // its packages as they are now that nobody else changes them
		if err != nil {
			return err
		}
		if sub, err = s.customers.Subscribe(ctx, tx, actor, c, in); err != nil {
			return err
		}
		return end
	})
	if err != nil {
		return customer.Subscriber{}, err
	}
	return sub, nil
}

// SubscribeIn is AddSubscriber in somebody's transaction.
func (s *Service) SubscribeIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, c customer.Customer, in customer.NewSubscriber) (customer.Subscriber, error) {
	if err := checkDisplayName(in); err != nil {
		return customer.Subscriber{}, err
	}
	return s.customers.Subscribe(ctx, tx, actor, c, in)
}

// checkDisplayName refuses a name that some phone's file couldn't hold, before it is stored. Without names the e-mail address gives one, which has
// its own rules.
func checkDisplayName(in customer.NewSubscriber) error {
	name := customer.Person{FirstName: in.FirstName, LastName: in.LastName}.DisplayName()
	if name == "" {
		return nil
	}
	return deviceprofiles.CheckDisplayName("provisioningParameters.firstName", name)
}

// ChangeSubscriber gives a subscriber other packages. Whoever has no calling package any more loses the phones with it, in the same transaction.
// fault.NotFound when it isn't the actor's; fault.Invalid and fault.Conflict as in AddSubscriber, and fault.Conflict when the person has more phones
// than the new package allows.
func (s *Service) ChangeSubscriber(ctx context.Context, actor customer.Actor, id customer.SubscriberID, in customer.Reassignment) (customer.Subscriber, error) {
	sub, err := s.store.Subscriber(ctx, actor.Tenant(), id)
	if err != nil {
		return sub, err
	}
	var after customer.Subscriber
	err = s.store.Update(ctx, sub.Tenant(), func(tx provisioning.Tx) error {
		var err error
		after, err = s.ChangeSubscriberIn(ctx, tx, actor, sub.Tenant(), id, in)
		return err
	})
	return after, err
}

// ChangeSubscriberIn is ChangeSubscriber in somebody's transaction.
func (s *Service) ChangeSubscriberIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, tenant customer.Tenant, id customer.SubscriberID, in customer.Reassignment) (customer.Subscriber, error) {
	before, after, err := s.customers.Reassign(ctx, tx, actor, tenant, id, in)
	if err != nil {
		return after, err
	}
	if before.Package.Calling() && !after.Package.Calling() {
		return after, s.removePhonesOf(ctx, tx, actor, after.Tenant(), customer.MemberID(after.Person))
	}
	return after, phonesFit(ctx, tx, after)
}

// phonesFit refuses a package that allows fewer phones than the person has.
func phonesFit(ctx context.Context, tx provisioning.Tx, sub customer.Subscriber) error {
	most := sub.Package.MaxDevices()
	if most == 0 {
		return nil
	}
	count, err := tx.CountDevices(ctx, sub.Tenant(), customer.MemberID(sub.Person))
	if err != nil || count <= most {
		return err
	}
	return fault.New(fault.Conflict, "%s has %d devices, and %s allows %d. Remove the others first.", sub.Email, count, sub.Package, most).WithCode(fault.CodeDeviceLimit)
}

// RemoveSubscriber takes a person's packages away, and the phones that hang on them. The person stays.
func (s *Service) RemoveSubscriber(ctx context.Context, actor customer.Actor, id customer.SubscriberID) error {
	sub, err := s.store.Subscriber(ctx, actor.Tenant(), id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, sub.Tenant(), func(tx provisioning.Tx) error { return s.RemoveSubscriberIn(ctx, tx, actor, sub) })
}

// RemoveSubscriberIn is RemoveSubscriber in somebody's transaction.
func (s *Service) RemoveSubscriberIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, sub customer.Subscriber) error {
	if _, err := s.customers.Unsubscribe(ctx, tx, actor, sub.Tenant(), sub.ID); err != nil {
		return err
	}
	return s.removePhonesOf(ctx, tx, actor, sub.Tenant(), customer.MemberID(sub.Person))
}
