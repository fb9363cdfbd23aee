package people

import (
	"context"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// AddWorkspace makes a workspace of the tenant's customer. Its errors are those of customer.Service.CreateWorkspace, and fault.Invalid for a name that
// some phone's file couldn't hold.
func (s *Service) AddWorkspace(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.WorkspaceFields) (customer.Workspace, error) {
	var w customer.Workspace
	err := s.inCustomer(ctx, tenant, func(tx provisioning.Tx, c customer.Customer) error {
		var err error
		if w, err = s.customers.CreateWorkspace(ctx, tx, actor, c, in); err != nil {
			return err
		}
		return s.memberChanged(ctx, tx, actor, "displayName", customer.Member{}, w.Member())
	})
	return w, err
}

// ChangeWorkspace changes a workspace, and tells its phones. fault.Conflict with fault.CodeAssigned for another way of calling while there are devices,
// but for free calling, with which the devices go.
func (s *Service) ChangeWorkspace(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.WorkspaceID, in customer.WorkspaceFields) (customer.Workspace, error) {
	known, err := s.store.Workspace(ctx, tenant, id)
	if err != nil {
		return known, err
	}
	var after customer.Workspace
	err = s.inCustomer(ctx, known.Tenant(), func(tx provisioning.Tx, c customer.Customer) error {
		before, now, err := s.customers.ChangeWorkspace(ctx, tx, actor, c, id, in)
		if err != nil {
			return err
		}
		after = now
		if err := s.core.DropMonitoring(ctx, tx, actor, after); err != nil {
			return err
		}
		if before.Calling != after.Calling {
			return s.callsOtherwise(ctx, tx, actor, before, after)
		}
		return s.memberChanged(ctx, tx, actor, "displayName", before.Member(), after.Member())
	})
	return after, err
}

// callsOtherwise refuses another way of calling while there are devices, but takes them away when nothing is said against it.
func (s *Service) callsOtherwise(ctx context.Context, tx provisioning.Tx, actor customer.Actor, before, after customer.Workspace) error {
	id := after.Member().ID
	n, err := tx.CountDevices(ctx, after.Tenant(), id)
	if err != nil {
		return err
	}
	if n > 0 && after.Calling != customer.CallingFree {
		return fault.New(fault.Conflict, "%s has %d devices: its calling can't become %s. Remove them first.", before.Name, n, after.Calling).WithCode(fault.CodeAssigned)
	}
	if before.Calling == customer.CallingWebex {
		if err := s.removePhonesOf(ctx, tx, actor, after.Tenant(), id); err != nil {
			return err
		}
	}
	return s.memberChanged(ctx, tx, actor, "displayName", before.Member(), after.Member())
}

// RemoveWorkspace deletes a workspace with its devices, and its lines on other devices.
func (s *Service) RemoveWorkspace(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.WorkspaceID) error {
	w, err := s.store.Workspace(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, w.Tenant(), func(tx provisioning.Tx) error {
		if err := s.removePhonesOf(ctx, tx, actor, w.Tenant(), w.Member().ID); err != nil {
			return err
		}
		return s.customers.DeleteWorkspace(ctx, tx, actor, w.Tenant(), id)
	})
}

// AddVirtualLine makes a virtual line of the tenant's customer. Its errors are those of customer.Service.CreateVirtualLine, and fault.Invalid for a
// name that some phone's file couldn't hold.
func (s *Service) AddVirtualLine(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in customer.VirtualLineFields) (customer.VirtualLine, error) {
	var v customer.VirtualLine
	err := s.inCustomer(ctx, tenant, func(tx provisioning.Tx, c customer.Customer) error {
		var err error
		if v, err = s.customers.CreateVirtualLine(ctx, tx, actor, c, in); err != nil {
			return err
		}
		return s.memberChanged(ctx, tx, actor, "firstName", customer.Member{}, v.Member())
	})
	return v, err
}

// ChangeVirtualLine changes a virtual line, and tells the phones where it rings.
func (s *Service) ChangeVirtualLine(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.VirtualLineID, in customer.VirtualLineFields) (customer.VirtualLine, error) {
	known, err := s.customers.VirtualLine(ctx, tenant, id)
	if err != nil {
		return known, err
	}
	var after customer.VirtualLine
	err = s.inCustomer(ctx, known.Tenant(), func(tx provisioning.Tx, c customer.Customer) error {
		before, now, err := s.customers.ChangeVirtualLine(ctx, tx, actor, c, id, in)
		if err != nil {
			return err
		}
		after = now
		return s.memberChanged(ctx, tx, actor, "firstName", before.Member(), after.Member())
	})
	return after, err
}

// RemoveVirtualLine deletes a virtual line, and takes it from the devices where it rings.
func (s *Service) RemoveVirtualLine(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.VirtualLineID) error {
	v, err := s.customers.VirtualLine(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, v.Tenant(), func(tx provisioning.Tx) error {
		if err := s.removePhonesOf(ctx, tx, actor, v.Tenant(), v.Member().ID); err != nil {
			return err
		}
		return s.customers.DeleteVirtualLine(ctx, tx, actor, v.Tenant(), id)
	})
}

// removePlaces deletes some workspaces with a package and some virtual lines of a customer, and says whether there may be more.
func (s *Service) removePlaces(ctx context.Context, c customer.Customer) (bool, error) {
	system, page := customer.System(c.Partner), customer.Page{Max: deprovisionChunk}
	workspaces, more, err := s.store.Workspaces(ctx, c.Tenant(), customer.WorkspaceFilter{Licensed: true}, page)
	if err != nil {
		return false, err
	}
	for _, w := range workspaces {
		if err := s.RemoveWorkspace(ctx, system, c.Tenant(), w.ID); err != nil && !fault.Is(err, fault.NotFound) { // somebody else was faster
			return false, err
		}
	}
	virtual := customer.MemberFilter{Kinds: []customer.MemberKind{customer.MemberVirtualLine}}
	lines, moreLines, err := s.store.Members(ctx, c.Tenant(), virtual, page)
	if err != nil {
		return false, err
	}
	for _, m := range lines {
		if err := s.RemoveVirtualLine(ctx, system, c.Tenant(), m.VirtualLine().ID); err != nil && !fault.Is(err, fault.NotFound) {
			return false, err
		}
	}
	return more || moreLines, nil
}
