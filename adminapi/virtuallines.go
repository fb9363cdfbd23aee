package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/provisioning"
)

// virtualLineWire is a virtual line on the wire.
type virtualLineWire struct {
	ID                      string             `json:"id"`
	FirstName               string             `json:"firstName"`
	LastName                string             `json:"lastName"`
	DisplayName             string             `json:"displayName" doc:"What phones show: both names"`
	PhoneNumber             string             `json:"phoneNumber,omitempty"`
	Extension               string             `json:"extension,omitempty"`
	Number                  virtualNumberWire  `json:"number" doc:"The same once more, as older clients read it"`
	Location                virtualLocation    `json:"location"`
	NumberOfDevicesAssigned int                `json:"numberOfDevicesAssigned"`
	License                 virtualLicenseWire `json:"license" doc:"By which the customer has virtual lines; they use up none of it"`
}

type virtualNumberWire struct {
	External  string `json:"external,omitempty"`
	Extension string `json:"extension,omitempty"`
	Primary   bool   `json:"primary"`
}

type virtualLocation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type virtualLicenseWire struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// virtualLineBody is a virtual line that is to be, on the wire.
type virtualLineBody struct {
	FirstName   string  `json:"firstName" example:"Front"`
	LastName    string  `json:"lastName" example:"Desk"`
	DisplayName string  `json:"displayName" doc:"Taken and not kept: phones show both names"`
	PhoneNumber *string `json:"phoneNumber" doc:"An empty one takes it away"`
	Extension   digits  `json:"extension"`
	LocationID  string  `json:"locationId" doc:"May be absent when the customer has just one"`
}

func (b virtualLineBody) fields() (customer.VirtualLineFields, error) {
	f := customer.VirtualLineFields{FirstName: b.FirstName, LastName: b.LastName}
	f.Extension = string(b.Extension)
	if b.PhoneNumber != nil {
		f.Number, f.NoNumber = *b.PhoneNumber, *b.PhoneNumber == ""
	}
	var err error
	f.Location, err = fieldID[customer.LocationID]("locationId", b.LocationID)
	return f, err
}

// virtualLineSpelling is how the wire calls what people have too.
func virtualLineSpelling() spelling {
	return spelling{
		"provisioningParameters.extension", "extension", "provisioningParameters.primaryPhoneNumber", "phoneNumber",
		"provisioningParameters.locationId", "locationId", "provisioningParameters", "extension", "primaryPhoneNumber", "phoneNumber",
	}
}

type newVirtualLineInput struct {
	InOrg
	Body virtualLineBody
}

// VirtualLineInput names a virtual line.
type VirtualLineInput struct {
	InOrg
	ID string `path:"virtualLineId"`
}

type changedVirtualLineInput struct {
	VirtualLineInput
	Body virtualLineBody
}

type virtualLineOutput struct{ Body virtualLineWire }

// createdOutput says what was created.
type createdOutput struct {
	Body struct {
		ID string `json:"id"`
	}
}

type virtualLinesInput struct {
	Paging
	InOrg
	ID          string `query:"id"`
	LocationID  string `query:"locationId"`
	OwnerName   string `query:"ownerName" doc:"Part of the names"`
	PhoneNumber string `query:"phoneNumber" doc:"Part of the number"`
	Extension   string `query:"extension" doc:"Part of the extension"`
}

func (in *virtualLinesInput) filter() (customer.MemberFilter, error) {
	f := customer.MemberFilter{
		Kinds: []customer.MemberKind{customer.MemberVirtualLine}, Name: in.OwnerName, Number: in.PhoneNumber, Extension: in.Extension,
	}
	id, err := fieldID[customer.MemberID]("id", in.ID)
	if err != nil {
		return f, err
	}
	if id != "" {
		f.IDs = []customer.MemberID{id}
	}
	f.Location, err = fieldID[customer.LocationID]("locationId", in.LocationID)
	return f, err
}

// virtualLinesOutput is a list under the name that it has below /telephony/config.
type virtualLinesOutput struct {
	Link string `header:"Link"`
	Body struct {
		VirtualLines []virtualLineWire `json:"virtualLines"`
	}
}

// virtualLine reads whose rows are meant, and which virtual line.
func (s *Server) virtualLine(ctx context.Context, in VirtualLineInput) (customer.Tenant, customer.VirtualLineID, error) {
	return named[customer.VirtualLineID](ctx, s, in.InOrg, "virtual line", in.ID)
}

func (s *Server) virtualLineRoutes() {
	const all, one = "/v1/telephony/config/virtualLines", "/v1/telephony/config/virtualLines/{virtualLineId}"
	route(s, operation{"createVirtualLine", http.MethodPost, all, "Create a virtual line", http.StatusCreated, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *newVirtualLineInput) (*createdOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			fields, err := in.Body.fields()
			if err != nil {
				return nil, err
			}
			v, err := s.People.AddVirtualLine(ctx, actorOf(ctx), tenant, fields)
			out := &createdOutput{}
			out.Body.ID = encodeID(kindVirtualLine, v.ID)
			return out, virtualLineSpelling().of(err)
		})
	route(s, operation{"listVirtualLines", http.MethodGet, all, "List virtual lines", 0, customer.ScopeTelephonyRead}, s.listVirtualLines)
	route(s, operation{"getVirtualLine", http.MethodGet, one, "Get a virtual line", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *VirtualLineInput) (*virtualLineOutput, error) {
			tenant, id, err := s.virtualLine(ctx, *in)
			if err != nil {
				return nil, err
			}
			v, err := s.Customers.VirtualLine(ctx, tenant, id)
			if err != nil {
				return nil, err
			}
			list, err := s.wireVirtualLines(ctx, tenant, []customer.Member{v.Member()})
			if err != nil {
				return nil, err
			}
			return &virtualLineOutput{list[0]}, nil
		})
	route(s, operation{"updateVirtualLine", http.MethodPut, one, "Change a virtual line; what is absent stays", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *changedVirtualLineInput) (*struct{}, error) {
			tenant, id, err := s.virtualLine(ctx, in.VirtualLineInput)
			if err != nil {
				return nil, err
			}
			fields, err := in.Body.fields()
			if err != nil {
				return nil, err
			}
			_, err = s.People.ChangeVirtualLine(ctx, actorOf(ctx), tenant, id, fields)
			return nil, virtualLineSpelling().of(err)
		})
	route(s, operation{"deleteVirtualLine", http.MethodDelete, one, "Delete a virtual line, and take it from the devices where it rings", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *VirtualLineInput) (*struct{}, error) {
			tenant, id, err := s.virtualLine(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.People.RemoveVirtualLine(ctx, actorOf(ctx), tenant, id)
		})
}

func (s *Server) listVirtualLines(ctx context.Context, in *virtualLinesInput) (*virtualLinesOutput, error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	list, more, err := s.Customers.Members(ctx, tenant, filter, page)
	if err != nil {
		return nil, err
	}
	out := &virtualLinesOutput{Link: in.link(page, more, lastOf(list, more))}
	out.Body.VirtualLines, err = s.wireVirtualLines(ctx, tenant, list)
	return out, err
}

// lastOf is the place of the last of some members in the order of their creation, if there are more behind it.
func lastOf(list []customer.Member, more bool) customer.Cursor {
	if !more || len(list) == 0 {
		return customer.Cursor{}
	}
	return customer.ByCreation.Cursor(list[len(list)-1])
}

// wireVirtualLines writes a page of virtual lines, with their locations' names and what they ring at.
func (s *Server) wireVirtualLines(ctx context.Context, tenant customer.Tenant, list []customer.Member) ([]virtualLineWire, error) {
	devices, err := s.devicesOf(ctx, tenant, list)
	if err != nil {
		return nil, err
	}
	owners, places := customersByOrg{server: s}, map[customer.LocationID]string{}
	out := make([]virtualLineWire, len(list))
	for i, m := range list {
		c, err := owners.of(ctx, m.Tenant())
		if err != nil {
			return nil, err
		}
		if _, ok := places[m.Location]; !ok {
			found, _, err := s.Customers.Locations(ctx, m.Tenant(), customer.LocationFilter{ID: m.Location}, customer.Page{Max: 1})
			if err != nil {
				return nil, err
			}
			for _, l := range found {
				places[l.ID] = l.Name
			}
		}
		out[i] = virtualLineWire{
			ID: encodeID(kindVirtualLine, m.ID), FirstName: m.FirstName, LastName: m.LastName, DisplayName: m.DisplayName(), PhoneNumber: m.Number,
			Extension: m.Extension, Number: virtualNumberWire{m.Number, m.Extension, true}, NumberOfDevicesAssigned: len(devices[m.ID]),
			Location: virtualLocation{encodeID(kindLocation, m.Location), places[m.Location]}, License: virtualLicense(c),
		}
	}
	return out, nil
}

// devicesOf returns on which devices some members have lines.
func (s *Server) devicesOf(ctx context.Context, tenant customer.Tenant, list []customer.Member) (map[customer.MemberID]map[provisioning.DeviceID]bool, error) {
	ids := make([]customer.MemberID, len(list))
	out := map[customer.MemberID]map[provisioning.DeviceID]bool{}
	for i, m := range list {
		ids[i], out[m.ID] = m.ID, map[provisioning.DeviceID]bool{}
	}
	lines, err := s.Devices.LinesOf(ctx, tenant, ids)
	for _, l := range lines {
		out[l.Owner][l.Device] = true
	}
	return out, err
}

// virtualLicense is the licence by which a customer has virtual lines.
func virtualLicense(c customer.Customer) virtualLicenseWire {
	for _, q := range c.Packages {
		if q.Status == customer.PackageProvisioned && q.Package.Allows(customer.FeatureVirtualLines) {
			return virtualLicenseWire{licenseID(c, q.Package), licenseName(q.Package)}
		}
	}
	return virtualLicenseWire{}
}
