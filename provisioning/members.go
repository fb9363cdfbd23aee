package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// PersonChange is the input of ChangePerson.
type PersonChange = customer.PersonChange

// ChangePerson gives a person other names or another calling identity, and tells the phones. fault.NotFound when there is nobody with that id in the
// tenant; fault.Invalid and fault.Conflict as in customer.Service.ChangePerson.
func (s *Service) ChangePerson(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.PersonID, in PersonChange) (customer.Person, error) {
	person, err := s.store.Person(ctx, tenant, id)
	if err != nil {
		return person, err
	}
	var after customer.Person
	err = s.inCustomer(ctx, person.Member().Tenant(), func(tx Tx, c customer.Customer) error {
		_, after, err = s.changePerson(ctx, tx, actor, c, id, in)
		return err
	})
	return after, err
}

// inCustomer runs fn in a transaction, with the customer that an organisation is.
func (s *Service) inCustomer(ctx context.Context, tenant customer.Tenant, fn func(tx Tx, c customer.Customer) error) error {
	if tenant.Customer == "" {
		return fault.InvalidField("orgId", "is needed: it says whose it is to be").WithCode(fault.CodeMissing)
	}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		c, err := tx.CustomerByOrg(ctx, tenant.Partner, tenant.Customer)
		if err != nil {
			return err
		}
		return fn(tx, c)
	})
}

// changePerson gives a person other names or another calling identity, and raises the revision of the phones that show it. fault.Invalid and
// fault.Conflict as in customer.Service.ChangePerson, and fault.Invalid for a name that some phone's file couldn't hold.
func (s *Service) changePerson(ctx context.Context, tx Tx, actor customer.Actor, c customer.Customer, id customer.PersonID, in PersonChange) (before, after customer.Person, err error) {
	if before, after, err = s.customers.ChangePerson(ctx, tx, actor, c, id, in); err != nil || before == after {
		return before, after, err
	}
	return before, after, s.memberChanged(ctx, tx, actor, "provisioningParameters.firstName", before.Member(), after.Member())
}

// memberChanged raises the revision of the phones that show a member, if they show something else than before. field is that of the name, for
// fault.Invalid when some phone's file couldn't hold it.
func (s *Service) memberChanged(ctx context.Context, tx Tx, actor customer.Actor, field string, before, after customer.Member) error {
	renamed, moved := before.DisplayName() != after.DisplayName(), before.Location != after.Location
	if renamed {
		if err := deviceprofiles.CheckDisplayName(field, after.DisplayName()); err != nil {
			return err
		}
	}
	if !renamed && !moved && before.Label() == after.Label() && before.Settings == after.Settings {
		return nil
	}
	return s.revisePhonesOf(ctx, tx, actor, after, moved)
}

// revisePhonesOf raises the revision of a member's devices, which move along with the member, and of those of others that have a line of the member.
func (s *Service) revisePhonesOf(ctx context.Context, tx Tx, actor customer.Actor, m customer.Member, moved bool) error {
	const page = 100
	revised := map[DeviceID]bool{}
	for offset := 0; ; offset += page {
		list, more, err := tx.Devices(ctx, m.Tenant(), DeviceFilter{Owner: m.ID}, s.now(), customer.Page{Offset: offset, Max: page})
		if err != nil {
			return err
		}
		for _, d := range list {
			if moved {
				if err := tx.MoveDevice(ctx, m.Tenant(), d.ID, m.Location); err != nil {
					return err
				}
			}
			if err := s.revise(ctx, tx, actor, d.Device); err != nil {
				return err
			}
			revised[d.ID] = true
		}
		if !more {
			return s.reviseSharedOf(ctx, tx, actor, m, revised)
		}
	}
}

// reviseSharedOf raises the revision of the devices with a line of the member that weren't revised yet.
func (s *Service) reviseSharedOf(ctx context.Context, tx Tx, actor customer.Actor, m customer.Member, revised map[DeviceID]bool) error {
	lines, err := tx.LinesOf(ctx, m.Tenant(), []customer.MemberID{m.ID})
	if err != nil {
		return err
	}
	for _, l := range lines {
		if revised[l.Device] {
			continue
		}
		d, err := tx.Device(ctx, m.Tenant(), l.Device)
		if err != nil {
			return err
		}
		if err := s.revise(ctx, tx, actor, d); err != nil {
			return err
		}
		revised[l.Device] = true
	}
	return nil
}

// revise raises a device's revision.
func (s *Service) revise(ctx context.Context, tx Tx, actor customer.Actor, d Device) error {
	revision, err := tx.RaiseRevision(ctx, d.Tenant(), d.ID)
	if err != nil {
		return err
	}
	return s.record(ctx, tx, actor, d, customer.EventDeviceRevised, map[string]any{"revision": revision})
}

// removePhonesOf deletes a member's devices, and its lines on those of others. Credentials and bindings end with them.
func (s *Service) removePhonesOf(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, id customer.MemberID) error {
	const page = 100
	for {
		list, more, err := tx.Devices(ctx, tenant, DeviceFilter{Owner: id}, s.now(), customer.Page{Max: page})
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := s.removeDevice(ctx, tx, actor, d.Device); err != nil {
				return err
			}
		}
		if !more {
			return s.removeLinesOf(ctx, tx, actor, tenant, id)
		}
	}
}

// removeLinesOf deletes what lines a member has, and raises the revision of their devices.
func (s *Service) removeLinesOf(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, id customer.MemberID) error {
	lines, err := tx.LinesOf(ctx, tenant, []customer.MemberID{id})
	if err != nil {
		return err
	}
	for n, l := range lines {
		if err := tx.DeleteLine(ctx, tenant, l.ID); err != nil {
			return err
		}
		if n+1 < len(lines) && lines[n+1].Device == l.Device {
			continue // it is revised once, with the last of them
		}
		d, err := tx.Device(ctx, tenant, l.Device)
		if err != nil {
			return err
		}
		if err := s.revise(ctx, tx, actor, d); err != nil {
			return err
		}
	}
	return nil
}

// LinesOf returns the lines that some members of a tenant have, on whichever devices, by owner, device and port; at most 500 members.
func (s *Service) LinesOf(ctx context.Context, tenant customer.Tenant, owners []customer.MemberID) ([]Line, error) {
	return s.store.LinesOf(ctx, tenant, owners)
}

// ChangeDeviceSettings changes what a member's own phones do, and tells them. fault.NotFound when the tenant has no member of that kind and id.
func (s *Service) ChangeDeviceSettings(ctx context.Context, actor customer.Actor, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID, in customer.DeviceSettingsChange) error {
	member, err := s.customers.MemberOf(ctx, tenant, kind, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, member.Tenant(), func(tx Tx) error {
		before, after, err := s.customers.ChangeDeviceSettings(ctx, tx, actor, member.Tenant(), kind, id, in)
		if err != nil {
			return err
		}
		return s.memberChanged(ctx, tx, actor, "", before, after)
	})
}
