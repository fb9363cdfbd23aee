package adminapi

import (
	"context"
	"net/http"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/people"
)

// People is what the door asks about people, workspaces and virtual lines with their phones; people.Service is one.
type People interface {
	WorkspacesAndLines
	AddSubscriber(ctx context.Context, actor customer.Actor, in customer.NewSubscriber) (customer.Subscriber, error)
	CheckSubscriber(ctx context.Context, actor customer.Actor, in customer.NewSubscriber) error
	ChangeSubscriber(ctx context.Context, actor customer.Actor, id customer.SubscriberID, in customer.Reassignment) (customer.Subscriber, error)
	RemoveSubscriber(ctx context.Context, actor customer.Actor, id customer.SubscriberID) error
	ChangePerson(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.PersonID, in customer.PersonChange) (customer.Person, error)
	ChangeLicenses(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in people.LicenseChange) (customer.Person, []customer.Package, error)
	ChangeDeviceSettings(ctx context.Context, actor customer.Actor, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID, in customer.DeviceSettingsChange) error
}

// personWire is a person on the wire.
type personWire struct {
	ID           string            `json:"id"`
	Emails       []string          `json:"emails"`
	DisplayName  string            `json:"displayName"`
	FirstName    string            `json:"firstName,omitempty"`
	LastName     string            `json:"lastName,omitempty"`
	OrgID        string            `json:"orgId"`
	Licenses     []string          `json:"licenses"`
	Created      string            `json:"created"`
	Type         string            `json:"type"`
	PhoneNumbers []phoneNumberWire `json:"phoneNumbers,omitempty" doc:"With callingData"`
	Extension    string            `json:"extension,omitempty" doc:"With callingData"`
	LocationID   string            `json:"locationId,omitempty" doc:"With callingData"`
	SIPAddresses []sipAddressWire  `json:"sipAddresses,omitempty" doc:"With callingData: of each of the person's lines"`
}

type phoneNumberWire struct {
	Type    string `json:"type" doc:"work or work_extension"`
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
}

type sipAddressWire struct {
	Type    string `json:"type"`
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
}

// CallingDataInput says whether how people are called is meant too.
type CallingDataInput struct {
	CallingData bool `query:"callingData" doc:"Show, or change, how the person is called too"`
}

type peopleInput struct {
	Paging
	InOrg
	CallingDataInput
	Email       string `query:"email"`
	DisplayName string `query:"displayName" doc:"Part of the names"`
	ID          string `query:"id" doc:"Up to 85 ids, with commas between them"`
	LocationID  string `query:"locationId"`
}

// maxIDs is the most ids that the wire lets a query name.
const maxIDs = 85

func (in *peopleInput) filter() (customer.MemberFilter, error) {
	f := customer.MemberFilter{
		Kinds: []customer.MemberKind{customer.MemberPerson}, Name: in.DisplayName, Email: strings.ToLower(strings.TrimSpace(in.Email)),
	}
	if in.ID != "" {
		texts := strings.Split(in.ID, ",")
		if len(texts) > maxIDs {
			return f, fault.InvalidField("id", "must hold at most %d ids; it holds %d", maxIDs, len(texts))
		}
		for _, text := range texts {
			id, err := fieldID[customer.MemberID]("id", text)
			if err != nil {
				return f, err
			}
			f.IDs = append(f.IDs, id)
		}
	}
	var err error
	f.Location, err = fieldID[customer.LocationID]("locationId", in.LocationID)
	return f, err
}

// PersonInput names a person.
type PersonInput struct {
	InOrg
	ID string `path:"personId"`
}

type personInput struct {
	PersonInput
	CallingDataInput
}

type changedPersonInput struct {
	PersonInput
	CallingDataInput
	Body struct {
		FirstName    string            `json:"firstName" doc:"Absent or empty: as it is"`
		LastName     string            `json:"lastName" doc:"Absent or empty: as it is"`
		DisplayName  string            `json:"displayName" doc:"Taken and not kept: it is both names"`
		PhoneNumbers []phoneNumberWire `json:"phoneNumbers" doc:"With callingData: the one of type work; a list without one takes the number away"`
		Extension    digits            `json:"extension" doc:"With callingData"`
		LocationID   string            `json:"locationId" doc:"With callingData"`
	}
}

// change is what the body asks for.
func (in *changedPersonInput) change() (customer.PersonChange, error) {
	change := customer.PersonChange{FirstName: in.Body.FirstName, LastName: in.Body.LastName}
	if !in.CallingData {
		return change, nil
	}
	var err error
	change.CallingIdentity.Extension = string(in.Body.Extension)
	change.CallingIdentity.Location, err = fieldID[customer.LocationID]("locationId", in.Body.LocationID)
	change.NoNumber = in.Body.PhoneNumbers != nil
	for _, n := range in.Body.PhoneNumbers {
		if n.Type == "work" {
			change.CallingIdentity.Number, change.NoNumber = n.Value, n.Value == ""
		}
	}
	return change, err
}

// personSpelling is how this resource calls what subscribers have too.
func personSpelling() spelling {
	return spelling{
		"provisioningParameters.extension", "extension", "provisioningParameters.primaryPhoneNumber", "phoneNumbers",
		"provisioningParameters.locationId", "locationId", "provisioningParameters.firstName", "firstName", "provisioningParameters.lastName", "lastName",
		"provisioningParameters", "extension", "primaryPhoneNumber", "phoneNumbers",
	}
}

type personOutput struct{ Body personWire }

// personID reads whose rows are meant, and which person.
func (s *Server) personID(ctx context.Context, in PersonInput) (customer.Tenant, customer.PersonID, error) {
	return named[customer.PersonID](ctx, s, in.InOrg, "person", in.ID)
}

func (s *Server) peopleRoutes() {
	const all, one = "/v1/people", "/v1/people/{personId}"
	route(s, operation{"listPeople", http.MethodGet, all, "List people", 0, customer.ScopePeopleRead}, s.listPeople)
	route(s, operation{"getPerson", http.MethodGet, one, "Get a person", 0, customer.ScopePeopleRead},
		func(ctx context.Context, in *personInput) (*personOutput, error) {
			tenant, id, err := s.personID(ctx, in.PersonInput)
			if err != nil {
				return nil, err
			}
			m, err := s.Customers.MemberOf(ctx, tenant, customer.MemberPerson, customer.MemberID(id))
			if err != nil {
				return nil, err
			}
			return s.personOutput(ctx, m, in.CallingData)
		})
	route(s, operation{"updatePerson", http.MethodPut, one, "Give a person other names and, with callingData, another number, extension or location", 0, customer.ScopePeopleWrite},
		func(ctx context.Context, in *changedPersonInput) (*personOutput, error) {
			tenant, id, err := s.personID(ctx, in.PersonInput)
			if err != nil {
				return nil, err
			}
			change, err := in.change()
			if err != nil {
				return nil, err
			}
			p, err := s.People.ChangePerson(ctx, actorOf(ctx), tenant, id, change)
			if err != nil {
				return nil, personSpelling().of(err)
			}
			return s.personOutput(ctx, p.Member(), in.CallingData)
		})
}

func (s *Server) listPeople(ctx context.Context, in *peopleInput) (*listed[personWire], error) {
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
	out := &listed[personWire]{Link: in.link(page, more, lastOf(list, more))}
	out.Body.Items, err = s.wirePeople(ctx, tenant, list, in.CallingData)
	return out, err
}

func (s *Server) personOutput(ctx context.Context, m customer.Member, callingData bool) (*personOutput, error) {
	list, err := s.wirePeople(ctx, m.Tenant(), []customer.Member{m}, callingData)
	if err != nil {
		return nil, err
	}
	return &personOutput{list[0]}, nil
}

// wirePeople writes a page of people, with their licences and, with callingData, how they are called.
func (s *Server) wirePeople(ctx context.Context, tenant customer.Tenant, list []customer.Member, callingData bool) ([]personWire, error) {
	licenses, err := s.licensesOf(ctx, tenant, list)
	if err != nil {
		return nil, err
	}
	out := make([]personWire, len(list))
	for i, m := range list {
		out[i] = personWire{
			ID: encodeID(kindPerson, m.ID), Emails: []string{m.Email}, DisplayName: m.DisplayName(), FirstName: m.FirstName, LastName: m.LastName,
			OrgID: encodeID(kindOrganization, m.Org), Licenses: licenses[customer.PersonID(m.ID)], Created: timestamp(m.Created), Type: "person",
		}
		if out[i].Licenses == nil {
			out[i].Licenses = []string{}
		}
	}
	if !callingData {
		return out, nil
	}
	return out, s.addCalling(ctx, tenant, list, out)
}

// licensesOf returns the ids of the licences that some people have.
func (s *Server) licensesOf(ctx context.Context, tenant customer.Tenant, list []customer.Member) (map[customer.PersonID][]string, error) {
	ids := make([]customer.PersonID, len(list))
	for i, m := range list {
		ids[i] = customer.PersonID(m.ID)
	}
	subscribers, err := s.Customers.SubscribersOf(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	owners, out := customersByOrg{server: s}, map[customer.PersonID][]string{}
	for _, sub := range subscribers {
		c, err := owners.of(ctx, sub.Tenant())
		if err != nil {
			return nil, err
		}
		for _, p := range sub.Packages() {
			out[sub.Person] = append(out[sub.Person], licenseID(c, p))
		}
	}
	return out, nil
}

// addCalling writes how people are called.
func (s *Server) addCalling(ctx context.Context, tenant customer.Tenant, list []customer.Member, out []personWire) error {
	ids := make([]customer.MemberID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	lines, err := s.Devices.LinesOf(ctx, tenant, ids)
	if err != nil {
		return err
	}
	addresses := map[customer.MemberID][]sipAddressWire{}
	for _, l := range lines {
		addresses[l.Owner] = append(addresses[l.Owner], sipAddressWire{"cloud-calling", l.LinePort(), len(addresses[l.Owner]) == 0})
	}
	for i, m := range list {
		out[i].Extension, out[i].LocationID, out[i].SIPAddresses = m.Extension, encodeID(kindLocation, m.Location), addresses[m.ID]
		if m.Number != "" {
			out[i].PhoneNumbers = append(out[i].PhoneNumbers, phoneNumberWire{"work", m.Number, true})
		}
		if m.Extension != "" {
			out[i].PhoneNumbers = append(out[i].PhoneNumbers, phoneNumberWire{"work_extension", m.Extension, m.Number == ""})
		}
	}
	return nil
}
