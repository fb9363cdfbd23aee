package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// adminWire is an administrator on the wire.
type adminWire struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Role      string `json:"role" example:"wholesale_admin"`
	OrgID     string `json:"orgId,omitempty" doc:"The one customer; absent: the whole partner"`
	Created   string `json:"created"`
}

func wireAdmin(a customer.Admin) adminWire {
	return adminWire{
		ID: encodeID(kindPerson, a.ID), Email: a.Email, FirstName: a.FirstName, LastName: a.LastName, Role: string(a.Role),
		OrgID: encodeID(kindOrganization, a.Org), Created: timestamp(a.Created),
	}
}

type adminOutput struct{ Body adminWire }

type newAdminInput struct {
	Body struct {
		Email     string `json:"email"`
		FirstName string `json:"firstName"`
		LastName  string `json:"lastName"`
		Role      string `json:"role" doc:"full_partner_admin, wholesale_admin, readonly_partner_admin, full_customer_admin, readonly_customer_admin or device_admin"`
		OrgID     string `json:"orgId" doc:"The customer's organisation, with a customer's role; device_admin may have one"`
	}
}

func (in *newAdminInput) noun() (customer.NewAdmin, error) {
	b := &in.Body
	org, err := fieldID[customer.OrgID]("orgId", b.OrgID)
	return customer.NewAdmin{Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, Role: customer.Role(b.Role), Org: org}, err
}

// AdminInput names an administrator.
type AdminInput struct {
	ID string `path:"adminId"`
}

type adminChangeInput struct {
	AdminInput
	Body struct {
		FirstName string `json:"firstName"`
		LastName  string `json:"lastName"`
		Role      string `json:"role"`
	}
}

func (s *Server) adminRoutes() {
	const path, one = "/hub/v1/admins", "/hub/v1/admins/{adminId}"
	route(s, operation{"createAdmin", http.MethodPost, path, "Add an administrator of the partner or of one customer", http.StatusCreated, customer.ScopeAdminsWrite},
		func(ctx context.Context, in *newAdminInput) (*adminOutput, error) {
			noun, err := in.noun()
			if err != nil {
				return nil, err
			}
			a, err := s.Customers.CreateAdmin(ctx, actorOf(ctx), noun)
			return &adminOutput{wireAdmin(a)}, err
		})
	route(s, operation{"listAdmins", http.MethodGet, path, "List administrators", 0, customer.ScopeAdminsRead},
		func(ctx context.Context, in *struct{ Paging }) (*listed[adminWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Administrators(ctx, actorOf(ctx), page)
			return answer(&in.Paging, page, list, more, wireAdmin), err
		})
	route(s, operation{"getAdmin", http.MethodGet, one, "Get an administrator", 0, customer.ScopeAdminsRead},
		func(ctx context.Context, in *AdminInput) (*adminOutput, error) {
			id, err := pathID[customer.AdminID]("administrator", in.ID)
			if err != nil {
				return nil, err
			}
			a, err := s.Customers.Administrator(ctx, actorOf(ctx), id)
			return &adminOutput{wireAdmin(a)}, err
		})
	route(s, operation{"updateAdmin", http.MethodPut, one, "Rename an administrator, or give another role", 0, customer.ScopeAdminsWrite},
		func(ctx context.Context, in *adminChangeInput) (*adminOutput, error) {
			id, err := pathID[customer.AdminID]("administrator", in.ID)
			if err != nil {
				return nil, err
			}
			a, err := s.Customers.ChangeAdmin(ctx, actorOf(ctx), id, customer.AdminChange{FirstName: in.Body.FirstName, LastName: in.Body.LastName, Role: customer.Role(in.Body.Role)})
			return &adminOutput{wireAdmin(a)}, err
		})
	route(s, operation{"deleteAdmin", http.MethodDelete, one, "Remove an administrator and end the tokens", http.StatusNoContent, customer.ScopeAdminsWrite},
		func(ctx context.Context, in *AdminInput) (*struct{}, error) {
			id, err := pathID[customer.AdminID]("administrator", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.DeleteAdmin(ctx, actorOf(ctx), id)
		})
}
