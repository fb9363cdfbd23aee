package customer

import (
	"context"
	"slices"

	"dialtone/fault"
)

// Workspace returns one workspace.
func (s *Service) Workspace(ctx context.Context, tenant Tenant, id WorkspaceID) (Workspace, error) {
	return s.store.Workspace(ctx, tenant, id)
}

// Workspaces lists the tenant's workspaces.
func (s *Service) Workspaces(ctx context.Context, tenant Tenant, filter WorkspaceFilter, page Page) ([]Workspace, bool, error) {
	return s.store.Workspaces(ctx, tenant, filter, page)
}

// CreateWorkspace makes a workspace inside the caller's transaction. fault.Invalid names the fields that break a rule; fault.Conflict when number or
// extension is taken, or a package's quantity is used up.
func (s *Service) CreateWorkspace(ctx context.Context, tx Tx, actor Actor, c Customer, in WorkspaceFields) (Workspace, error) {
	before := Workspace{
		ID: WorkspaceID(s.newID()), Partner: c.Partner, Org: c.Org, Capacity: NoCapacity, Type: WorkspaceNotSet, Calling: CallingFree,
		Calendar: Calendar{Type: CalendarNone}, Created: s.now(),
	}
	after, err := s.changedWorkspace(ctx, tx, c, before, in)
	if err != nil {
		return after, err
	}
	if err := c.notBusy(); err != nil {
		return after, err
	}
	err = arrive(ctx, tx, c, before.Member(), after.Member(), func() error { return tx.CreateWorkspace(ctx, after) })
	if err != nil {
		return after, err
	}
	if err := s.record(ctx, tx, actor, c.Tenant(), EventWorkspaceCreated, string(after.ID), after.facts()); err != nil {
		return after, err
	}
	return after, s.recordHoldings(ctx, tx, actor, after.holding(c.ID).nothing(), after.holding(c.ID))
}

// ChangeWorkspace changes a workspace inside the caller's transaction, and says what it was before. Its errors are those of CreateWorkspace. Whether its
// devices let it is the caller's question.
func (s *Service) ChangeWorkspace(ctx context.Context, tx Tx, actor Actor, c Customer, id WorkspaceID, in WorkspaceFields) (before, after Workspace, err error) {
	if before, err = tx.Workspace(ctx, c.Tenant(), id); err != nil {
		return before, after, err
	}
	if after, err = s.changedWorkspace(ctx, tx, c, before, in); err != nil || after == before {
		return before, after, err
	}
	if err := c.notBusy(); err != nil {
		return before, after, err
	}
	err = arrive(ctx, tx, c, before.Member(), after.Member(), func() error { return tx.SetWorkspace(ctx, after) })
	if err != nil {
		return before, after, err
	}
	facts := map[string]any{"before": before.facts(), "after": after.facts()}
	if err := s.record(ctx, tx, actor, c.Tenant(), EventWorkspaceChanged, string(id), facts); err != nil {
		return before, after, err
	}
	return before, after, s.recordHoldings(ctx, tx, actor, before.holding(c.ID), after.holding(c.ID))
}

// DeleteWorkspace deletes a workspace that has no devices and lines any more, inside the caller's transaction. Its number is free.
func (s *Service) DeleteWorkspace(ctx context.Context, tx Tx, actor Actor, tenant Tenant, id WorkspaceID) error {
	w, err := tx.Workspace(ctx, tenant, id)
	if err != nil {
		return err
	}
	var c Customer
	if w.Package != "" { // without, the organisation may be nobody's customer any more
		if c, err = tx.CustomerByOrg(ctx, w.Partner, w.Org); err != nil {
			return err
		}
	}
	if err := remove(ctx, tx, w.Member()); err != nil {
		return err
	}
	if err := s.recordHoldings(ctx, tx, actor, w.holding(c.ID), w.holding(c.ID).nothing()); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, w.Tenant(), EventWorkspaceDeleted, string(id), w.facts())
}

// facts are what events say of a workspace.
func (w Workspace) facts() map[string]any {
	return map[string]any{"displayName": w.Name, "calling": w.Calling, "package": w.Package, "location": w.Location, "extension": w.Extension, "number": w.Number}
}

// changedWorkspace checks the input and returns the workspace as it is to be.
func (s *Service) changedWorkspace(ctx context.Context, tx Tx, c Customer, before Workspace, in WorkspaceFields) (Workspace, error) {
	var p problems
	after := before.changed(&p, in)
	if in.Calling != nil {
		after = after.calls(&p, *in.Calling)
	}
	if err := p.err("The workspace isn't right"); err != nil {
		return after, err
	}
	after, err := after.equipped(ctx, tx, c, before, in)
	if err != nil || after.Place == before.Place {
		return after, err
	}
	if _, err := tx.Location(ctx, c.Tenant(), after.Place); fault.Is(err, fault.NotFound) {
		return after, fault.InvalidField("locationId", "names no location of this customer").WithCode(fault.CodeUnknown)
	} else if err != nil {
		return after, err
	}
	return after, nil
}

// calls checks the form of how a workspace is to make calls.
func (w Workspace) calls(p *problems, in WorkspaceCalling) Workspace {
	if !slices.Contains(CallingTypes(), in.Type) {
		p.reject("calling.type", string(in.Type), "must be freeCalling, hybridCalling, webexCalling, webexEdgeForDevices, thirdPartySipCalling or none")
		return w
	}
	w.Calling, w.SIPAddress = in.Type, ""
	if in.Type == CallingThirdParty {
		w.SIPAddress = p.sipAddress("sipAddress", in.SIPAddress)
	}
	if in.Type != CallingWebex {
		w.Package, w.Location, w.Extension, w.Number = "", "", "", ""
		return w
	}
	identity := p.changedIdentity(w.Member().identity(), in.CallingIdentity, false)
	w.Location, w.Extension, w.Number = identity.Location, identity.Extension, identity.Number
	for _, name := range in.Packages {
		if !name.ForWorkspace() {
			p.add("calling.webexCalling.licenses", "%s can't be a workspace's: %s and %s can", name, CommonAreaCalling, WebexCalling)
		}
	}
	return w
}

// equipped gives a workspace with calling its package and location; where it is, if nobody told, is where its calling is.
func (w Workspace) equipped(ctx context.Context, tx Tx, c Customer, before Workspace, in WorkspaceFields) (Workspace, error) {
	if w.Calling != CallingWebex || in.Calling == nil {
		return w, nil
	}
	var err error
	if w.Package, err = packageFor(ctx, tx, c, before.Package, in.Calling.Packages); err != nil {
		return w, err
	}
	if w.Location == "" {
		location, err := locationOf(ctx, tx, c, w.Place)
		if err != nil {
			return w, err
		}
		w.Location = location.ID
	}
	if w.Place == "" {
		w.Place = w.Location
	}
	return w, nil
}

// packageFor chooses the package of a workspace: the one at hand if it may stay, else the first that can be assigned of those that are wanted; without a
// wish of those that a workspace can have, the smallest first.
func packageFor(ctx context.Context, tx Tx, c Customer, has Package, wanted []Package) (Package, error) {
	if has != "" && (len(wanted) == 0 || slices.Contains(wanted, has)) {
		return has, nil
	}
	if len(wanted) == 0 {
		wanted = []Package{CommonAreaCalling, WebexCalling}
	}
	refusal := error(fault.New(fault.Conflict, "The customer has neither %s nor %s, of which a workspace with calling needs one. Add it to the customer first.", CommonAreaCalling, WebexCalling).WithCode(fault.CodeNotProvisioned))
	for _, name := range wanted {
		if !c.Has(name) {
			continue
		}
		if refusal = c.ready([]Package{name}); refusal == nil {
			refusal = checkQuantities(ctx, tx, c, []Package{name})
		}
		if refusal == nil {
			return name, nil
		}
		if !fault.Is(refusal, fault.Conflict) {
			return "", refusal
		}
	}
	return "", refusal
}

// countAssigned counts the people and workspaces that have a package; with any when pkg is empty.
func countAssigned(ctx context.Context, r Reader, tenant Tenant, pkg Package) (int, error) {
	people, err := r.CountSubscribers(ctx, tenant, pkg)
	if err != nil {
		return 0, err
	}
	workspaces, err := r.CountWorkspaces(ctx, tenant, pkg)
	return people + workspaces, err
}
