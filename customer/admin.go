package customer

import (
	"context"
	"slices"
	"time"

	"dialtone/fault"
)

// Admin is a person who administers a partner, or one customer of it.
type Admin struct {
	ID        AdminID
	Partner   OrgID
	Org       OrgID  // the one customer; empty: the partner
	Email     string // lower case; unique for the partner
	FirstName string
	LastName  string
	Role      Role
	Created   time.Time
}

// Bearer is who holds a token, and for which partner.
type Bearer struct {
	Token   Token
	Admin   Admin
	Partner Partner
}

// actor is what the bearer may do now: what the token says, within what the role allows.
func (b Bearer) actor() Actor {
	actor := Actor{Admin: b.Admin.ID, Org: b.Admin.Org, Email: b.Admin.Email, Role: b.Admin.Role, Scopes: b.Admin.Role.within(b.Token.Scopes)}
	return actor.in(b.Partner)
}

// NewAdmin is the input of CreateAdmin.
type NewAdmin struct {
	Email     string
	FirstName string // up to 64 characters
	LastName  string // up to 64 characters
	Role      Role
	Org       OrgID // the customer's organisation for a customer's role; empty for a partner's
}

// newAdmin checks the input; prefix goes before the fields' names.
func (s *Service) newAdmin(p *problems, prefix string, partner OrgID, in NewAdmin) Admin {
	admin := Admin{
		ID: AdminID(s.newID()), Partner: partner, Org: in.Org, Role: in.Role, Created: s.now(),
		Email:     p.email(prefix+"email", in.Email),
		FirstName: p.optionalText(prefix+"firstName", in.FirstName, 64),
		LastName:  p.optionalText(prefix+"lastName", in.LastName, 64),
	}
	p.role(prefix, in.Role, in.Org)
	return admin
}

// role checks that a role can be held where it is to be.
func (p *problems) role(prefix string, role Role, org OrgID) {
	switch {
	case !slices.Contains(roles(), role):
		p.reject(prefix+"role", string(role), "must be one of full_partner_admin, wholesale_admin, readonly_partner_admin, full_customer_admin, readonly_customer_admin, device_admin")
	case org == "" && role.places()&atPartner == 0:
		p.missing(prefix+"orgId", "is needed with the role %s: the customer's organisation", role)
	case org != "" && role.places()&atCustomer == 0:
		p.add(prefix+"orgId", "can't be given with the role %s, which is for the whole partner", role)
	}
}

// CreateAdmin adds an administrator. fault.Conflict when the partner has one with the e-mail address.
func (s *Service) CreateAdmin(ctx context.Context, actor Actor, in NewAdmin) (Admin, error) {
	var p problems
	admin := s.newAdmin(&p, "", actor.Partner, in)
	if err := p.err("The administrator can't be added"); err != nil {
		return Admin{}, err
	}
	if in.Org != "" {
		if _, err := s.store.CustomerByOrg(ctx, actor.Partner, in.Org); err != nil {
			return Admin{}, unknownField(err, "orgId", "names no customer of yours")
		}
	}
	return admin, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error { return s.createAdmin(ctx, tx, actor, admin) })
}

// unknownField turns the answer that something isn't there into one about the field that named it.
func unknownField(err error, field, message string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidField(field, "%s", message).WithCode(fault.CodeUnknown)
	}
	return err
}

func (s *Service) createAdmin(ctx context.Context, tx Tx, actor Actor, a Admin) error {
	if err := tx.CreateAdmin(ctx, a); err != nil {
		return err
	}
	facts := map[string]any{"email": a.Email, "role": a.Role, "org": a.Org}
	return s.record(ctx, tx, actor, actor.Tenant(), EventAdminCreated, string(a.ID), facts)
}

// Administrators lists the partner's administrators, those of its customers among them.
func (s *Service) Administrators(ctx context.Context, actor Actor, page Page) ([]Admin, bool, error) {
	return s.store.Admins(ctx, actor.Tenant(), page)
}

// Administrator returns one administrator.
func (s *Service) Administrator(ctx context.Context, actor Actor, id AdminID) (Admin, error) {
	return s.store.Admin(ctx, actor.Tenant(), id)
}

// AdminChange is the input of ChangeAdmin. What is empty stays.
type AdminChange struct {
	FirstName string
	LastName  string
	Role      Role // of the same place: a partner's stays a partner's
}

// ChangeAdmin renames an administrator or gives another role; tokens feel it with their next request. fault.Conflict when nobody would be left with
// RoleFullPartner.
func (s *Service) ChangeAdmin(ctx context.Context, actor Actor, id AdminID, in AdminChange) (Admin, error) {
	var after Admin
	err := s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.Admin(ctx, actor.Tenant(), id)
		if err != nil {
			return err
		}
		var p problems
		after = before
		if in == (AdminChange{}) {
			p.missing("role", "is needed, or a name")
		}
		if in.FirstName != "" || in.LastName != "" {
			after.FirstName, after.LastName = p.optionalText("firstName", in.FirstName, 64), p.optionalText("lastName", in.LastName, 64)
		}
		if in.Role != "" {
			after.Role = in.Role
			p.role("", in.Role, before.Org)
		}
		if err := p.err("The administrator can't be changed"); err != nil {
			return err
		}
		if err := tx.SetAdmin(ctx, after); err != nil {
			return err
		}
		if err := somebodyIsLeft(ctx, tx, actor); err != nil {
			return err
		}
		facts := map[string]any{"email": after.Email, "before": map[string]any{"role": before.Role}, "after": map[string]any{"role": after.Role}}
		return s.record(ctx, tx, actor, actor.Tenant(), EventAdminChanged, string(id), facts)
	})
	return after, err
}

// DeleteAdmin removes an administrator and ends all of its tokens. fault.Conflict when nobody would be left with RoleFullPartner.
func (s *Service) DeleteAdmin(ctx context.Context, actor Actor, id AdminID) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		a, err := tx.Admin(ctx, actor.Tenant(), id)
		if err != nil {
			return err
		}
		if err := tx.DeleteAdmin(ctx, a.Partner, id); err != nil {
			return err
		}
		if err := somebodyIsLeft(ctx, tx, actor); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventAdminDeleted, string(id), map[string]any{"email": a.Email, "role": a.Role})
	})
}

// somebodyIsLeft refuses what would lock a partner out of itself.
func somebodyIsLeft(ctx context.Context, tx Tx, actor Actor) error {
	n, err := tx.CountAdmins(ctx, actor.Partner, RoleFullPartner)
	if err != nil || n == 0 {
		return orConflict(err, fault.CodeAssigned, "Nobody would be left who is full_partner_admin. Give somebody else the role first.")
	}
	return nil
}
