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

// revisePhonesOf raises the revision of a person's devices, which move along with the person.
func (s *Service) revisePhonesOf(ctx context.Context, tx Tx, actor customer.Actor, p customer.Person, moved bool) error {
	const page = 100
	tenant := customer.Tenant{Partner: p.Partner, Customer: p.Org}
	for offset := 0; ; offset += page {
		list, more, err := tx.Devices(ctx, tenant, DeviceFilter{Owner: customer.MemberID(p.ID)}, s.now(), customer.Page{Offset: offset, Max: page})
		if err != nil {
			return err
		}
		for _, d := range list {
			if moved {
				if err := tx.MoveDevice(ctx, tenant, d.ID, p.Location); err != nil {
					return err
				}
			}
			revision, err := tx.RaiseRevision(ctx, tenant, d.ID)
			if err != nil {
				return err
			}
			if err := s.record(ctx, tx, actor, d.Device, customer.EventDeviceRevised, map[string]any{"revision": revision}); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}
