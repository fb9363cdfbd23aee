package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// PSTNVendors is the part of Customers about cloud-connected PSTN vendors.
type PSTNVendors interface {
	CreatePSTNVendor(ctx context.Context, actor customer.Actor, in customer.NewPSTNVendor) (customer.PSTNVendor, error)
	ChangePSTNVendor(ctx context.Context, actor customer.Actor, id customer.PSTNVendorID, in customer.NewPSTNVendor) (customer.PSTNVendor, error)
	DeletePSTNVendor(ctx context.Context, actor customer.Actor, id customer.PSTNVendorID) error
	PSTNVendor(ctx context.Context, actor customer.Actor, id customer.PSTNVendorID) (customer.PSTNVendor, error)
	PSTNVendors(ctx context.Context, actor customer.Actor, page customer.Page) ([]customer.PSTNVendor, bool, error)
}

const kindPSTNVendor = "PSTN_VENDOR"

// pstnVendorWire is a cloud-connected PSTN vendor on the wire.
type pstnVendorWire struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Countries []string `json:"countries"`
	Created   string   `json:"created"`
}

func wirePSTNVendor(v customer.PSTNVendor) pstnVendorWire {
	return pstnVendorWire{ID: encodeID(kindPSTNVendor, v.ID), Name: v.Name, Countries: append([]string{}, v.Countries...), Created: timestamp(v.Created)}
}

// namedPSTNVendor reads the id of a field. What can't be one stays as it is: it names nothing, and the core says so along with all else that is wrong.
func namedPSTNVendor(text string) customer.PSTNVendorID {
	if id, ok := decodeID(text); ok {
		return customer.PSTNVendorID(id)
	}
	return customer.PSTNVendorID(text)
}

// pstnVendorBody is what is said of a vendor, on the wire.
type pstnVendorBody struct {
	Name      string   `json:"name" doc:"1 to 80 characters; unique" example:"Example Carrier"`
	Countries []string `json:"countries" doc:"That it serves: 1 to 300, ISO 3166-1 alpha-2" example:"[\"US\",\"CA\"]"`
}

func (b pstnVendorBody) noun() customer.NewPSTNVendor {
	return customer.NewPSTNVendor{Name: b.Name, Countries: b.Countries}
}

type newPSTNVendorInput struct{ Body pstnVendorBody }

// PSTNVendorInput names a vendor.
type PSTNVendorInput struct {
	ID string `path:"id"`
}

func (in PSTNVendorInput) id() (customer.PSTNVendorID, error) {
	return pathID[customer.PSTNVendorID]("PSTN vendor", in.ID)
}

type pstnVendorChangeInput struct {
	PSTNVendorInput
	Body pstnVendorBody
}

type pstnVendorOutput struct{ Body pstnVendorWire }

func (s *Server) pstnVendorRoutes() {
	const path, one = "/hub/v1/pstnVendors", "/hub/v1/pstnVendors/{id}"
	route(s, operation{"createPstnVendor", http.MethodPost, path, "Add a cloud-connected PSTN vendor", http.StatusCreated, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *newPSTNVendorInput) (*pstnVendorOutput, error) {
			v, err := s.Customers.CreatePSTNVendor(ctx, actorOf(ctx), in.Body.noun())
			return &pstnVendorOutput{wirePSTNVendor(v)}, err
		})
	route(s, operation{"listPstnVendors", http.MethodGet, path, "List PSTN vendors", 0, customer.ScopeTemplatesRead},
		func(ctx context.Context, in *struct{ Paging }) (*listed[pstnVendorWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.PSTNVendors(ctx, actorOf(ctx), page)
			return answer(&in.Paging, page, list, more, wirePSTNVendor), err
		})
	route(s, operation{"getPstnVendor", http.MethodGet, one, "Get a PSTN vendor", 0, customer.ScopeTemplatesRead},
		func(ctx context.Context, in *PSTNVendorInput) (*pstnVendorOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			v, err := s.Customers.PSTNVendor(ctx, actorOf(ctx), id)
			return &pstnVendorOutput{wirePSTNVendor(v)}, err
		})
	route(s, operation{"updatePstnVendor", http.MethodPut, one, "Replace a PSTN vendor's name and countries", 0, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *pstnVendorChangeInput) (*pstnVendorOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			v, err := s.Customers.ChangePSTNVendor(ctx, actorOf(ctx), id, in.Body.noun())
			return &pstnVendorOutput{wirePSTNVendor(v)}, err
		})
	route(s, operation{"deletePstnVendor", http.MethodDelete, one, "Delete a PSTN vendor that nothing uses", http.StatusNoContent, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *PSTNVendorInput) (*struct{}, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.DeletePSTNVendor(ctx, actorOf(ctx), id)
		})
}
