package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"dialtone/customer"
	"dialtone/fault"
)

type personRow struct {
	ID         string         `db:"id"`
	PartnerID  string         `db:"partner_id"`
	OrgID      string         `db:"org_id"`
	Email      string         `db:"email"`
	FirstName  string         `db:"first_name"`
	LastName   string         `db:"last_name"`
	LocationID sql.NullString `db:"location_id"`
	Extension  string         `db:"extension"`
	Number     string         `db:"number"`
	Admin      int            `db:"admin"`
	Calling    string         `db:"calling"`
	Created    int64          `db:"created"`
}

const personColumns = "id, partner_id, org_id, email, first_name, last_name, location_id, extension, number, admin, calling, created"

func (r personRow) noun() customer.Person {
	return customer.Person{
		ID: customer.PersonID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Email: r.Email,
		FirstName: r.FirstName, LastName: r.LastName, Location: customer.LocationID(r.LocationID.String), Extension: r.Extension,
		Number: r.Number, Admin: r.Admin == 1, Settings: toSettings(r.Calling), Created: fromMicros(r.Created),
	}
}

// CreatePerson implements customer.Tx.
func (t *tx) CreatePerson(ctx context.Context, p customer.Person) error {
	return t.insertMember(ctx, p.Member(), p.Email, p.Admin)
}

// Person implements customer.Reader.
func (r reader) Person(ctx context.Context, tenant customer.Tenant, id customer.PersonID) (customer.Person, error) {
	w := ofTenant("", tenant)
	w.add("id = ? AND kind = ?", string(id), string(customer.MemberPerson))
	var row personRow
	err := r.get(ctx, &row, "person", "SELECT "+personColumns+" FROM members"+w.text(), w.args...)
	return row.noun(), err
}

// PersonByEmail implements customer.Reader.
func (r reader) PersonByEmail(ctx context.Context, tenant customer.Tenant, email string) (customer.Person, error) {
	w := ofTenant("", tenant)
	w.add("email = ?", email)
	var row personRow
	err := r.get(ctx, &row, "person", "SELECT "+personColumns+" FROM members"+w.text(), w.args...)
	return row.noun(), err
}

// AnyTenantHasEmail implements customer.Reader.
func (r reader) AnyTenantHasEmail(ctx context.Context, email string) (bool, error) {
	var count int
	err := r.count(ctx, &count, "look for an e-mail address", "SELECT count(*) FROM members WHERE email = ?", email)
	return count > 0, err
}

// SetPerson implements customer.Tx.
func (t *tx) SetPerson(ctx context.Context, p customer.Person) error {
	return t.setMember(ctx, "person", p.Member())
}

type numberRow struct {
	E164       string         `db:"e164"`
	PartnerID  string         `db:"partner_id"`
	OrgID      string         `db:"org_id"`
	LocationID string         `db:"location_id"`
	State      string         `db:"state"`
	Type       string         `db:"type"`
	Usage      string         `db:"usage"`
	OwnerID    sql.NullString `db:"owner_id"`
	Created    int64          `db:"created"`
}

const numberColumns = "e164, partner_id, org_id, location_id, state, type, usage, owner_id, created"

func (r numberRow) noun() customer.Number {
	return customer.Number{
		E164: r.E164, Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Location: customer.LocationID(r.LocationID),
		State: customer.NumberState(r.State), Type: customer.NumberType(r.Type), Usage: customer.NumberUsage(r.Usage), Owner: customer.MemberID(r.OwnerID.String), Created: fromMicros(r.Created),
	}
}

// Number implements customer.Reader.
func (r reader) Number(ctx context.Context, tenant customer.Tenant, e164 string) (customer.Number, error) {
	w := ofTenant("", tenant)
	w.add("e164 = ?", e164)
	var row numberRow
	err := r.get(ctx, &row, "number", "SELECT "+numberColumns+" FROM numbers"+w.text(), w.args...)
	return row.noun(), err
}

// AddNumber implements customer.Tx.
func (t *tx) AddNumber(ctx context.Context, n customer.Number) (bool, error) {
	here, err := t.Number(ctx, customer.Tenant{Partner: n.Partner, Customer: n.Org}, n.E164)
	if err == nil && here.Location == n.Location {
		return false, nil
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	return true, t.insert(ctx, "numbers", numberColumns,
		n.E164, string(n.Partner), string(n.Org), string(n.Location), string(n.State), string(n.Type), string(n.Usage), nullable(n.Owner), micros(n.Created))
}

// AnyTenantHasNumber implements customer.Reader.
func (r reader) AnyTenantHasNumber(ctx context.Context, e164 string) (bool, error) {
	var count int
	err := r.count(ctx, &count, "look for a number", "SELECT count(*) FROM numbers WHERE e164 = ?", e164)
	return count > 0, err
}

// OwnNumber implements customer.Tx.
func (t *tx) OwnNumber(ctx context.Context, tenant customer.Tenant, e164 string, owner customer.MemberID) error {
	w := ofTenant("", tenant)
	w.add("e164 = ? AND owner_id IS NULL", e164)
	n, err := t.exec(ctx, "assign a number", "UPDATE numbers SET owner_id = ?"+w.text(), append([]any{string(owner)}, w.args...)...)
	if err != nil || n == 1 {
		return err
	}
	if _, err := t.Number(ctx, tenant, e164); err != nil {
		return err
	}
	e := fault.New(fault.Conflict, "The number %s is somebody else's.", e164)
	e.Problems = []fault.Problem{{Field: "provisioningParameters.primaryPhoneNumber", Code: fault.CodeNumberInUse, Message: "The number is somebody else's."}}
	return e
}

// FreeNumbers implements customer.Tx.
func (t *tx) FreeNumbers(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) error {
	w := ofTenant("", tenant)
	w.add("owner_id = ?", string(owner))
	_, err := t.exec(ctx, "free numbers", "UPDATE numbers SET owner_id = NULL"+w.text(), w.args...)
	return err
}

type subscriberRow struct {
	ID                 string `db:"id"`
	PartnerID          string `db:"partner_id"`
	OrgID              string `db:"org_id"`
	CustomerID         string `db:"customer_id"`
	ExternalCustomerID string `db:"external_customer_id"`
	PersonID           string `db:"person_id"`
	Email              string `db:"email"`
	Package            string `db:"package"`
	AttendantConsole   int    `db:"attendant_console"`
	Status             string `db:"status"`
	Errors             string `db:"errors"`
	Pending            string `db:"pending"`
	Created            int64  `db:"created"`
	LastStatusChange   int64  `db:"last_status_change"`
}

const subscriberColumns = "id, partner_id, org_id, customer_id, external_customer_id, person_id, email, package, attendant_console, status, errors, pending, created, last_status_change"

func (r subscriberRow) noun() customer.Subscriber {
	s := customer.Subscriber{
		ID: customer.SubscriberID(r.ID), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID), Customer: customer.CustomerID(r.CustomerID),
		ExternalCustomerID: r.ExternalCustomerID, Person: customer.PersonID(r.PersonID), Email: r.Email, Package: customer.Package(r.Package),
		Status: customer.SubscriberStatus(r.Status), Created: fromMicros(r.Created), LastStatusChange: fromMicros(r.LastStatusChange),
	}
	s.Errors, s.Pending = toNotices(decode[[]noticeColumn](r.Errors)), customer.PendingPerson(decode[pendingPersonColumn](r.Pending))
	if r.AttendantConsole == 1 {
		s.AddOns = []customer.Package{customer.AttendantConsole}
	}
	return s
}

// pendingPersonColumn is what somebody is to have who must agree first.
type pendingPersonColumn struct {
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	customer.CallingIdentity
}

// waiting is what changes while a person is asked: the columns errors and pending.
func waiting(s customer.Subscriber) (errors, pending string, err error) {
	if errors, err = encode(fromNotices(s.Errors)); err != nil {
		return "", "", err
	}
	pending, err = encode(pendingPersonColumn(s.Pending))
	return errors, pending, err
}

// hasConsole is how the one add-on that a person can have is kept.
func hasConsole(s customer.Subscriber) int {
	return flag(slices.Contains(s.AddOns, customer.AttendantConsole))
}

// CreateSubscriber implements customer.Tx.
func (t *tx) CreateSubscriber(ctx context.Context, s customer.Subscriber) error {
	errors, pending, err := waiting(s)
	if err != nil {
		return err
	}
	return t.insert(ctx, "subscribers", subscriberColumns, string(s.ID), string(s.Partner), string(s.Org), string(s.Customer), s.ExternalCustomerID,
		string(s.Person), s.Email, string(s.Package), hasConsole(s), string(s.Status), errors, pending, micros(s.Created), micros(s.LastStatusChange))
}

// SetSubscriber implements customer.Tx.
func (t *tx) SetSubscriber(ctx context.Context, s customer.Subscriber) error {
	errors, pending, err := waiting(s)
	if err != nil {
		return err
	}
	w := oneSubscriber(s.Tenant(), s.ID)
	return t.change(ctx, "subscriber", "UPDATE subscribers SET status = ?, errors = ?, pending = ?, last_status_change = ?"+w.text(),
		append([]any{string(s.Status), errors, pending, micros(s.LastStatusChange)}, w.args...)...)
}

// SetPackages implements customer.Tx.
func (t *tx) SetPackages(ctx context.Context, s customer.Subscriber) error {
	w := oneSubscriber(s.Tenant(), s.ID)
	return t.change(ctx, "subscriber", "UPDATE subscribers SET package = ?, attendant_console = ?, last_status_change = ?"+w.text(),
		append([]any{string(s.Package), hasConsole(s), micros(s.LastStatusChange)}, w.args...)...)
}

// DeleteSubscriber implements customer.Tx.
func (t *tx) DeleteSubscriber(ctx context.Context, tenant customer.Tenant, id customer.SubscriberID) error {
	w := oneSubscriber(tenant, id)
	return t.change(ctx, "subscriber", "DELETE FROM subscribers"+w.text(), w.args...)
}

func oneSubscriber(tenant customer.Tenant, id customer.SubscriberID) where {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	return w
}

// Subscriber implements customer.Reader.
func (r reader) Subscriber(ctx context.Context, tenant customer.Tenant, id customer.SubscriberID) (customer.Subscriber, error) {
	return r.subscriber(ctx, tenant, "id", string(id))
}

// SubscriberByPerson implements customer.Reader.
func (r reader) SubscriberByPerson(ctx context.Context, tenant customer.Tenant, person customer.PersonID) (customer.Subscriber, error) {
	return r.subscriber(ctx, tenant, "person_id", string(person))
}

func (r reader) subscriber(ctx context.Context, tenant customer.Tenant, by, value string) (customer.Subscriber, error) {
	w := ofTenant("", tenant)
	w.add(by+" = ?", value)
	var row subscriberRow
	err := r.get(ctx, &row, "subscriber", "SELECT "+subscriberColumns+" FROM subscribers"+w.text(), w.args...)
	return row.noun(), err
}

// SubscribersOf implements customer.Reader.
func (r reader) SubscribersOf(ctx context.Context, tenant customer.Tenant, people []customer.PersonID) ([]customer.Subscriber, error) {
	if len(people) == 0 {
		return []customer.Subscriber{}, nil
	}
	people = people[:min(len(people), maxRows)]
	w := where{}
	w.among("person_id", texts(people))
	from := " FROM (SELECT * FROM subscribers" + w.text() + " LIMIT " + strconv.Itoa(maxRows) + ") AS subscribers"
	whose := ofTenant("", tenant)
	var rows []subscriberRow
	err := r.all(ctx, &rows, "find subscribers", "SELECT "+subscriberColumns+from+whose.text(), append(w.args, whose.args...)...)
	return nouns(rows, subscriberRow.noun), err
}

// Subscribers implements customer.Reader.
func (r reader) Subscribers(ctx context.Context, tenant customer.Tenant, f customer.SubscriberFilter, page customer.Page) ([]customer.Subscriber, bool, error) {
	w := ofTenant("", tenant)
	// What is unique elsewhere is looked up there, so that each new subscriber writes fewer indexes.
	if f.Customer != "" {
		w.add("org_id = (SELECT c.org_id FROM customers c WHERE c.partner_id = ? AND c.id = ?)", string(tenant.Partner), string(f.Customer))
	}
	if f.ExternalCustomerID != "" {
		w.add("org_id = (SELECT c.org_id FROM customers c WHERE c.partner_id = ? AND c.external_id = ?)", string(tenant.Partner), f.ExternalCustomerID)
	}
	w.equal("person_id", string(f.Person))
	if f.Email != "" {
		w.add("person_id = (SELECT p.id FROM members p WHERE p.email = ?)", f.Email)
	}
	w.equal("status", string(f.Status))
	if !f.CreatedAfter.IsZero() {
		w.add("created > ?", micros(f.CreatedAfter))
	}
	if !f.ChangedAfter.IsZero() {
		w.add("last_status_change > ?", micros(f.ChangedAfter))
	}
	column, direction := "created", ""
	if f.ByStatusChange {
		column = "last_status_change"
	}
	if f.Descending {
		direction = " DESC"
	}
	return list(ctx, r, w, page, subscriberRow.noun, "SELECT "+subscriberColumns+" FROM subscribers", column+direction+", id"+direction)
}

// CountSubscribers implements customer.Reader.
func (r reader) CountSubscribers(ctx context.Context, tenant customer.Tenant, pkg customer.Package) (int, error) {
	w := ofTenant("", tenant)
	if pkg == customer.AttendantConsole {
		w.add("attendant_console = 1")
	} else {
		w.equal("package", string(pkg))
	}
	var count int
	err := r.count(ctx, &count, "count subscribers", "SELECT count(*) FROM subscribers"+w.text(), w.args...)
	return count, err
}
