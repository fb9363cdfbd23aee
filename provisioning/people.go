package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// changePerson gives a person other names or another calling identity, and raises the revision of the phones that show it. fault.Invalid and
// fault.Conflict as in customer.Service.ChangePerson, and fault.Invalid for a name that some phone's file couldn't hold.
func (s *Service) changePerson(ctx context.Context, tx Tx, actor customer.Actor, c customer.Customer, id customer.PersonID, in customer.PersonChange) (before, after customer.Person, err error) {
	if before, after, err = s.customers.ChangePerson(ctx, tx, actor, c, id, in); err != nil || before == after {
		return before, after, err
	}
	renamed, moved := before.DisplayName() != after.DisplayName(), before.Location != after.Location
	if renamed {
		if err := deviceprofiles.CheckDisplayName("provisioningParameters.firstName", after.DisplayName()); err != nil {
			return before, after, err
		}
	}
	if !renamed && !moved && before.Member().Label() == after.Member().Label() {
		return before, after, nil
	}
	return before, after, s.revisePhonesOf(ctx, tx, actor, after, moved)
}

// revisePhonesOf raises the revision of the devices that show a person: the person's own, which move along, and those with a shared line.
func (s *Service) revisePhonesOf(ctx context.Context, tx Tx, actor customer.Actor, p customer.Person, moved bool) error {
	return s.reviseDevicesOf(ctx, tx, actor, p.Member(), customer.EventPersonChanged, moved)
}

// reviseDevicesOf publishes the devices that have a line of a member. Those that it owns move to its location, if it moved.
func (s *Service) reviseDevicesOf(ctx context.Context, tx Tx, actor customer.Actor, m customer.Member, change customer.EventKind, moved bool) error {
	devices, err := tx.DevicesWithLineOf(ctx, m.Tenant(), m.ID)
	if err != nil {
		return err
	}
	for _, id := range devices {
		if moved {
			d, err := tx.Device(ctx, m.Tenant(), id)
			if err != nil {
				return err
			}
			if d.Owner == m.ID {
				if err := tx.MoveDevice(ctx, m.Tenant(), id, m.Location); err != nil {
					return err
				}
			}
		}
		if _, err := s.publish(ctx, tx, actor, m.Tenant(), id, change, nil); err != nil {
			return err
		}
	}
	return nil
}
