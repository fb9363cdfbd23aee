package adminapi

import (
	"context"
	"errors"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/people"
)

// licenseWire is a licence on the wire.
type licenseWire struct {
	ID                   string `json:"id"`
	Name                 string `json:"name"`
	TotalUnits           int    `json:"totalUnits" doc:"The quantity of the package; without one as many as are consumed"`
	ConsumedUnits        int    `json:"consumedUnits"`
	ConsumedByUsers      int    `json:"consumedByUsers"`
	ConsumedByWorkspaces int    `json:"consumedByWorkspaces"`
	SubscriptionID       string `json:"subscriptionId"`
}

func wireLicense(c customer.Customer, l customer.License) licenseWire {
	return licenseWire{
		ID: licenseID(c, l.Package), Name: licenseName(l.Package), TotalUnits: l.Total(), ConsumedUnits: l.Consumed(), ConsumedByUsers: l.Users,
		ConsumedByWorkspaces: l.Workspaces, SubscriptionID: l.Subscription,
	}
}

// licenseName is what the wire calls the licence for a package. Names that no client is known to compare are our own.
func licenseName(p customer.Package) string {
	switch p {
	case customer.WebexCalling:
		return "Webex Calling - Professional"
	case customer.WebexCallingStandard:
		return "Webex Calling - Standard"
	case customer.CommonAreaCalling:
		return "Webex Calling - Workspaces"
	case customer.WebexVoice:
		return "Webex Voice"
	case customer.WebexSuite:
		return "Webex Suite"
	case customer.WebexMeetings:
		return "Webex Meetings"
	case customer.CXEssentials:
		return "Customer Assist"
	case customer.AttendantConsole:
		return "Attendant Console"
	case customer.CXPremiumAgent:
		return "Contact Center Premium Agent" //nolint:misspell // a name
	case customer.CXStandardAgent:
		return "Contact Center Standard Agent" //nolint:misspell // a name
	case customer.CiscoCallingPlan, customer.CXVoicePorts, customer.CXAIAssistant, customer.WebexAIAgent:
	}
	return string(p)
}

type licensesInput struct {
	Paging
	InOrg
}

type licenseInput struct {
	ID string `path:"licenseId"`
}

type licenseOutput struct{ Body licenseWire }

// licenseOperation is one of the things that are to be done with somebody's licences.
type licenseOperation struct {
	ID         string `json:"id"`
	Operation  string `json:"operation" doc:"add (default) or remove"`
	Properties struct {
		LocationID  string `json:"locationId"`
		PhoneNumber string `json:"phoneNumber"`
		Extension   digits `json:"extension"`
	} `json:"properties" doc:"Counts for who had no calling license before"`
}

type userLicensesInput struct {
	InOrg
	Body struct {
		Email    string             `json:"email" doc:"Either this or personId"`
		PersonID string             `json:"personId"`
		OrgID    string             `json:"orgId" doc:"orgId in the query does as well"`
		Licenses []licenseOperation `json:"licenses"`
	}
}

type userLicensesOutput struct {
	Status int
	Body   struct {
		OrgID    string      `json:"orgId"`
		PersonID string      `json:"personId"`
		Email    string      `json:"email"`
		Licenses []string    `json:"licenses" doc:"As they are now"`
		SiteURLs []string    `json:"siteUrls"`
		Errors   []errorItem `json:"errors,omitempty" doc:"With 206: what couldn't be done"`
	}
}

func (s *Server) licenseRoutes() {
	const all = "/v1/licenses"
	route(s, operation{"listLicenses", http.MethodGet, all, "List the licenses of a customer", 0, customer.ScopeLicensesRead},
		func(ctx context.Context, in *licensesInput) (*listed[licenseWire], error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			c, err := s.Customers.CustomerOf(ctx, tenant)
			if err != nil {
				return nil, err
			}
			list, err := s.Customers.Licenses(ctx, c)
			return answer(&in.Paging, customer.Page{Max: mostMax}, list, false, func(l customer.License) licenseWire { return wireLicense(c, l) }), err
		})
	route(s, operation{"getLicense", http.MethodGet, all + "/{licenseId}", "Get a license", 0, customer.ScopeLicensesRead}, s.getLicense)
	route(s, operation{"changeUserLicenses", http.MethodPatch, all + "/users", "Give a person licenses, and take others away", 0, customer.ScopePeopleWrite}, s.changeUserLicenses)
	answers := s.api.OpenAPI().Paths[all+"/users"].Patch.Responses
	answers["206"] = answers["200"] // some of it couldn't be done
}

func (s *Server) getLicense(ctx context.Context, in *licenseInput) (*licenseOutput, error) {
	unknown := fault.New(fault.NotFound, "There is no such license.")
	org, key, ok := decodeLicenseID(in.ID)
	if !ok {
		return nil, unknown
	}
	tenant, err := s.Customers.TenantOf(ctx, actorOf(ctx), org)
	var c customer.Customer
	if err == nil {
		c, err = s.Customers.CustomerOf(ctx, tenant)
	}
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid): // the partner itself has none
		return nil, unknown
	case err != nil:
		return nil, err
	}
	p, ok := licenseOf(c, key)
	if !ok {
		return nil, unknown
	}
	l, err := s.Customers.License(ctx, c, p)
	return &licenseOutput{wireLicense(c, l)}, err
}

// licenseSpelling is how this resource calls what subscribers have too.
func licenseSpelling() spelling {
	const properties = "licenses.properties"
	return spelling{
		"provisioningParameters.extension", properties + ".extension", "provisioningParameters.primaryPhoneNumber", properties + ".phoneNumber",
		"provisioningParameters.locationId", properties + ".locationId", "provisioningParameters", properties, "packages", "licenses",
		"primaryPhoneNumber", "phoneNumber",
	}
}

// changeUserLicenses does all that names a licence of the customer, at once or not at all. What names none is told in a 206 if the rest could be done.
func (s *Server) changeUserLicenses(ctx context.Context, in *userLicensesInput) (*userLicensesOutput, error) {
	if in.Body.OrgID != "" {
		in.OrgID = in.Body.OrgID
	}
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	change := people.LicenseChange{Email: in.Body.Email}
	if change.Person, err = fieldID[customer.PersonID]("personId", in.Body.PersonID); err != nil {
		return nil, err
	}
	tenant, c, err := s.licensee(ctx, tenant, change)
	if err != nil {
		return nil, err
	}
	refused, err := readOperations(c, in.Body.Licenses, &change)
	if err != nil {
		return nil, err
	}
	person, packages, err := s.People.ChangeLicenses(ctx, actorOf(ctx), tenant, change)
	if err != nil {
		return nil, licenseSpelling().of(err)
	}
	return userLicenses(c, person, packages, refused), nil
}

// licensee finds the customer whose licences are meant: that of the organisation or, when none is named, of the person.
func (s *Server) licensee(ctx context.Context, tenant customer.Tenant, change people.LicenseChange) (customer.Tenant, customer.Customer, error) {
	if tenant.Customer == "" && change.Person != "" {
		m, err := s.Customers.MemberOf(ctx, tenant, customer.MemberPerson, customer.MemberID(change.Person))
		if err != nil {
			return tenant, customer.Customer{}, err
		}
		tenant = m.Tenant()
	}
	c, err := s.Customers.CustomerOf(ctx, tenant)
	return tenant, c, err
}

// readOperations reads what is to be done, and returns what can't be. When nothing is left its error is the first of those.
func readOperations(c customer.Customer, list []licenseOperation, change *people.LicenseChange) ([]errorItem, error) {
	if len(list) == 0 {
		return nil, fault.InvalidField("licenses", "is needed: say what to add or to remove").WithCode(fault.CodeMissing)
	}
	var refused []errorItem
	var first error
	for _, o := range list {
		err := o.read(c, change)
		if err == nil {
			continue
		}
		first = errors.Join(first, err)
		for _, p := range fault.ProblemsOf(err) {
			refused = append(refused, errorItem{ErrorCode: p.Code, Description: p.Message, FieldName: p.Field})
		}
	}
	if len(change.Add)+len(change.Remove) == 0 {
		return nil, first
	}
	return refused, nil
}

// read adds the operation to a change.
func (o licenseOperation) read(c customer.Customer, change *people.LicenseChange) error {
	operation, err := wordOf("licenses.operation", o.Operation, []string{"add", "remove"})
	if err != nil {
		return err
	}
	_, key, _ := decodeLicenseID(o.ID)
	p, ok := licenseOf(c, key)
	if !ok {
		return fault.InvalidField("licenses.id", "names no license of this customer; it is %.40q", o.ID).WithCode(fault.CodeUnknown)
	}
	if operation == "remove" {
		change.Remove = append(change.Remove, p)
		return nil
	}
	location, err := fieldID[customer.LocationID]("licenses.properties.locationId", o.Properties.LocationID)
	if err != nil {
		return err
	}
	change.Add = append(change.Add, p)
	if p.Calling() {
		change.CallingIdentity = customer.CallingIdentity{Number: o.Properties.PhoneNumber, Extension: string(o.Properties.Extension), Location: location}
	}
	return nil
}

func userLicenses(c customer.Customer, person customer.Person, packages []customer.Package, refused []errorItem) *userLicensesOutput {
	out := &userLicensesOutput{Status: http.StatusOK}
	out.Body.OrgID, out.Body.PersonID, out.Body.Email = encodeID(kindOrganization, person.Org), encodeID(kindPerson, person.ID), person.Email
	out.Body.Licenses, out.Body.SiteURLs, out.Body.Errors = []string{}, []string{}, refused
	for _, p := range packages {
		out.Body.Licenses = append(out.Body.Licenses, licenseID(c, p))
	}
	if len(refused) > 0 {
		out.Status = http.StatusPartialContent
	}
	return out
}
