package people

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// ChangePerson gives a person other names or another calling identity, and tells the phones. fault.NotFound when there is nobody with that id in the
// tenant; fault.Invalid and fault.Conflict as in customer.Service.ChangePerson.
func (s *Service) ChangePerson(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.PersonID, in customer.PersonChange) (customer.Person, error) {
	person, err := s.store.Person(ctx, tenant, id)
	if err != nil {
		return person, err
	}
	var after customer.Person
	err = s.inCustomer(ctx, person.Member().Tenant(), func(tx provisioning.Tx, c customer.Customer) error {
		_, after, err = s.ChangePersonIn(ctx, tx, actor, c, id, in)
		return err
	})
	return after, err
}

// inCustomer runs fn in a transaction, with the customer that an organisation is.
func (s *Service) inCustomer(ctx context.Context, tenant customer.Tenant, fn func(tx provisioning.Tx, c customer.Customer) error) error {
	if tenant.Customer == "" {
		return fault.InvalidField("orgId", "is needed: it says whose it is to be").WithCode(fault.CodeMissing)
	}
	return s.store.Update(ctx, tenant, func(tx provisioning.Tx) error {
		c, err := tx.CustomerByOrg(ctx, tenant.Partner, tenant.Customer)
		if err != nil {
			return err
		}
		return fn(tx, c)
	})
}

// ChangePersonIn is ChangePerson in somebody's transaction, and returns the person as it was, too. fault.Invalid as well for a name that some phone's file
// couldn't hold.
func (s *Service) ChangePersonIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, c customer.Customer, id customer.PersonID, in customer.PersonChange) (before, after customer.Person, err error) {
	if before, after, err = s.customers.ChangePerson(ctx, tx, actor, c, id, in); err != nil || before == after {
		return before, after, err
	}
	return before, after, s.memberChanged(ctx, tx, actor, "provisioningParameters.firstName", before.Member(), after.Member())
}

// memberChanged raises the revision of the phones that show a member, if they show something else than before. field is that of the name, for
// fault.Invalid when some phone's file couldn't hold it.
func (s *Service) memberChanged(ctx context.Context, tx provisioning.Tx, actor customer.Actor, field string, before, after customer.Member) error {
	renamed, moved := before.DisplayName() != after.DisplayName(), before.Location != after.Location
	if before.ID != "" && (renamed || moved || before.Extension != after.Extension || before.Number != after.Number) {
		if err := s.core.TellWatchers(ctx, tx, actor, after.Tenant(), after.ID); err != nil {
			return err
		}
	}
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

// revisePhonesOf publishes the devices that have a line of a member: its own, which move along, and those of others.
func (s *Service) revisePhonesOf(ctx context.Context, tx provisioning.Tx, actor customer.Actor, m customer.Member, moved bool) error {
	devices, err := tx.DevicesWithLineOf(ctx, m.Tenant(), m.ID)
	if err != nil {
		return err
	}
	for _, id := range devices {
		if err := s.moveAlong(ctx, tx, m, id, moved); err != nil {
			return err
		}
		if _, err := s.core.Publish(ctx, tx, actor, m.Tenant(), id, customer.EventPersonChanged, nil); err != nil {
			return err
		}
	}
	return nil
}

// moveAlong moves a member's own device to where the member is now, if that is somewhere else.
func (s *Service) moveAlong(ctx context.Context, tx provisioning.Tx, m customer.Member, id provisioning.DeviceID, moved bool) error {
	if !moved {
		return nil
	}
	d, err := tx.Device(ctx, m.Tenant(), id)
	if err != nil || d.Owner != m.ID {
		return err
	}
	return tx.MoveDevice(ctx, m.Tenant(), id, m.Location)
}

// removePhonesOf ends everything that a member has on phones: devices of its own, and lines on others.
func (s *Service) removePhonesOf(ctx context.Context, tx provisioning.Tx, actor customer.Actor, tenant customer.Tenant, member customer.MemberID) error {
	if err := s.core.TellWatchers(ctx, tx, actor, tenant, member); err != nil {
		return err
	}
	const page = 100
	for more := true; more; {
		var list []provisioning.DeviceView
		var err error
		if list, more, err = tx.Devices(ctx, tenant, provisioning.DeviceFilter{Owner: member}, s.now(), customer.Page{Max: page}); err != nil {
			return err
		}
		for _, d := range list {
			if err := s.core.RemoveDeviceIn(ctx, tx, actor, d.Device); err != nil {
				return err
			}
		}
	}
	shared, err := tx.DevicesWithLineOf(ctx, tenant, member)
	if err != nil {
		return err
	}
	for _, id := range shared {
		if err := s.removeSharedLine(ctx, tx, actor, tenant, id, member); err != nil {
			return err
		}
	}
	return nil
}

// removeSharedLine takes a member's line off somebody else's device; the lines behind it move up.
func (s *Service) removeSharedLine(ctx context.Context, tx provisioning.Tx, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, member customer.MemberID) error {
	lines, err := tx.Lines(ctx, tenant, id)
	if err != nil {
		return err
	}
	lines = slices.DeleteFunc(lines, func(l provisioning.Line) bool { return l.Owner == member })
	port := 1
	for i := range lines {
		lines[i].Port = port
		port += lines[i].Weight
	}
	if err := tx.SetLines(ctx, tenant, id, lines); err != nil {
		return err
	}
	_, err = s.core.Publish(ctx, tx, actor, tenant, id, customer.EventDeviceMembers, map[string]any{"removed": member})
	return err
}

// ChangeDeviceSettings changes what a member's own phones do, and tells them. fault.NotFound when the tenant has no member of that kind and id.
func (s *Service) ChangeDeviceSettings(ctx context.Context, actor customer.Actor, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID, in customer.DeviceSettingsChange) error {
	member, err := s.customers.MemberOf(ctx, tenant, kind, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, member.Tenant(), func(tx provisioning.Tx) error {
		before, after, err := s.customers.ChangeDeviceSettings(ctx, tx, actor, member.Tenant(), kind, id, in)
		if err != nil {
			return err
		}
		return s.memberChanged(ctx, tx, actor, "", before, after)
	})
}
