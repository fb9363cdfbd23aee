package customer

import (
	"context"
	"slices"
)

// holding is who has packages, where: what billing needs to know of a change.
type holding struct {
	tenant   Tenant
	customer CustomerID
	subject  string // a SubscriberID or a WorkspaceID
	who      string // the name of the fact that says who it is: person or workspace
	id       string // of that person or workspace
	location LocationID
	packages []Package
}

func (s Subscriber) holding(location LocationID) holding {
	return holding{
		tenant: s.Tenant(), customer: s.Customer, subject: string(s.ID), who: "person", id: string(s.Person), location: location, packages: s.Packages(),
	}
}

func (w Workspace) holding(c CustomerID) holding {
	h := holding{tenant: w.Tenant(), customer: c, subject: string(w.ID), who: "workspace", id: string(w.ID), location: w.Location}
	if w.Package != "" {
		h.packages = []Package{w.Package}
	}
	return h
}

// nothing is the same holder without packages.
func (h holding) nothing() holding {
	h.packages = nil
	return h
}

// recordHoldings writes what differs between two holdings of one holder into the log, an event for each package. Usage is counted by these events alone, so
// that whatever assigns, removes or moves a package must come here, in the transaction that does it.
func (s *Service) recordHoldings(ctx context.Context, tx Tx, actor Actor, before, after holding) error {
	for _, pkg := range difference(before.packages, after.packages) {
		if err := s.recordPackage(ctx, tx, actor, EventPackageRemoved, before, pkg, nil); err != nil {
			return err
		}
	}
	for _, pkg := range after.packages {
		switch had := slices.Contains(before.packages, pkg); {
		case !had:
			if err := s.recordPackage(ctx, tx, actor, EventPackageAssigned, after, pkg, nil); err != nil {
				return err
			}
		case before.location != after.location:
			if err := s.recordPackage(ctx, tx, actor, EventPackageMoved, after, pkg, map[string]any{"from": before.location}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) recordPackage(ctx context.Context, tx Tx, actor Actor, kind EventKind, h holding, pkg Package, facts map[string]any) error {
	if facts == nil {
		facts = map[string]any{}
	}
	facts[h.who], facts["package"], facts["location"], facts["license"] = h.id, pkg, h.location, LicenseKey(h.tenant.Customer, h.customer, pkg)
	return s.record(ctx, tx, actor, h.tenant, kind, h.subject, facts)
}
