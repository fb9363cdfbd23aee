package imports

import (
	"context"
	"strings"

	"dialtone/customer"
	"dialtone/fault"
)

// rehearsal is a transaction that isn't kept, in which a row of a dry run is done by the very code of the real run.
//
// What rows share are extensions, numbers and the units of packages; a person stands in one row only. So a dry run notes for each extension and number
// who would have it now, and for each package how many more would be assigned. Before a row takes an extension or a number, what the rows before
// it did to that one is done again in the row's transaction: its holder loses it, or a placeholder takes it. Then the database itself
// decides, with its own words.
type rehearsal struct {
	Tx
	run      Import
	earlier  map[string]string // claims of rows before, that aren't stored yet
	newID    func() string
	claims   map[string]string // of this row: key -> who has it, "" for nobody
	assigned map[customer.Package]int
	numbers  map[customer.PersonID]customer.Person // as they were before this row
}

func newRehearsal(tx Tx, run Import, earlier map[string]string, newID func() string) *rehearsal {
	return &rehearsal{
		Tx: tx, run: run, earlier: earlier, newID: newID,
		claims: map[string]string{}, assigned: map[customer.Package]int{}, numbers: map[customer.PersonID]customer.Person{},
	}
}

func extensionKey(l customer.LocationID, extension string) string {
	return "extension/" + string(l) + "/" + extension
}

func numberKey(e164 string) string { return "number/" + e164 }

// holder is who would have something by the rows before; false when none of them touched it.
func (r *rehearsal) holder(ctx context.Context, key string) (customer.PersonID, bool, error) {
	if holder, ok := r.earlier[key]; ok {
		return customer.PersonID(holder), true, nil
	}
	holder, ok, err := r.ImportClaim(ctx, r.run.Tenant(), r.run.ID, key)
	return customer.PersonID(holder), ok, err
}

// placeholder creates somebody who stands for a person of a row before.
func (r *rehearsal) placeholder(ctx context.Context, l customer.LocationID, extension string) (customer.PersonID, error) {
	id := r.newID()
	p := customer.Person{
		ID: customer.PersonID(id), Partner: r.run.Partner, Org: r.run.Org, Email: strings.ToLower(id) + "@rehearsal.invalid", Location: l, Extension: extension,
		Created: r.run.Created,
	}
	return p.ID, r.Tx.CreatePerson(ctx, p)
}

// setExtension makes an extension taken or free as the rows before left it, before p takes it.
func (r *rehearsal) setExtension(ctx context.Context, p customer.Person) error {
	if p.Extension == "" {
		return nil
	}
	holder, touched, err := r.holder(ctx, extensionKey(p.Location, p.Extension))
	if err != nil || !touched {
		return err
	}
	now, err := r.PersonByExtension(ctx, r.run.Tenant(), p.Location, p.Extension)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil {
		if now.ID == holder || now.ID == p.ID {
			return nil
		}
		now.Extension = ""
		if err := r.Tx.SetPerson(ctx, now); err != nil {
			return err
		}
	}
	if holder == "" {
		return nil
	}
	_, err = r.placeholder(ctx, p.Location, p.Extension)
	return err
}

// CreatePerson implements customer.Tx.
func (r *rehearsal) CreatePerson(ctx context.Context, p customer.Person) error {
	if err := r.setExtension(ctx, p); err != nil {
		return err
	}
	if err := r.Tx.CreatePerson(ctx, p); err != nil {
		return err
	}
	if p.Extension != "" {
		r.claims[extensionKey(p.Location, p.Extension)] = string(p.ID)
	}
	return nil
}

// SetPerson implements customer.Tx.
func (r *rehearsal) SetPerson(ctx context.Context, p customer.Person) error {
	if _, err := r.original(ctx, p.ID); err != nil {
		return err
	}
	before, err := r.Person(ctx, r.run.Tenant(), p.ID)
	if err != nil {
		return err
	}
	moved := before.Extension != p.Extension || before.Location != p.Location
	if moved {
		if err := r.setExtension(ctx, p); err != nil {
			return err
		}
	}
	if err := r.Tx.SetPerson(ctx, p); err != nil || !moved {
		return err
	}
	if before.Extension != "" {
		r.claims[extensionKey(before.Location, before.Extension)] = ""
	}
	if p.Extension != "" {
		r.claims[extensionKey(p.Location, p.Extension)] = string(p.ID)
	}
	return nil
}

// original is a person as it was before this row.
func (r *rehearsal) original(ctx context.Context, id customer.PersonID) (customer.Person, error) {
	if p, ok := r.numbers[id]; ok {
		return p, nil
	}
	p, err := r.Person(ctx, r.run.Tenant(), id)
	if err == nil {
		r.numbers[id] = p
	}
	return p, err
}

// OwnNumber implements customer.Tx.
func (r *rehearsal) OwnNumber(ctx context.Context, tenant customer.Tenant, e164 string, owner customer.MemberID) error {
	if err := r.setNumber(ctx, tenant, e164); err != nil {
		return err
	}
	if err := r.Tx.OwnNumber(ctx, tenant, e164, owner); err != nil {
		return err
	}
	r.claims[numberKey(e164)] = string(owner)
	return nil
}

// setNumber makes a number taken or free as the rows before left it.
func (r *rehearsal) setNumber(ctx context.Context, tenant customer.Tenant, e164 string) error {
	holder, touched, err := r.holder(ctx, numberKey(e164))
	if err != nil || !touched {
		return err
	}
	n, err := r.Number(ctx, tenant, e164)
	if err != nil || n.Owner == customer.MemberID(holder) {
		return err
	}
	if n.Owner != "" {
		if err := r.Tx.FreeNumbers(ctx, tenant, n.Owner); err != nil {
			return err
		}
	}
	if holder == "" {
		return nil
	}
	somebody, err := r.placeholder(ctx, n.Location, "")
	if err != nil {
		return err
	}
	return r.Tx.OwnNumber(ctx, tenant, e164, customer.MemberID(somebody))
}

// FreeNumbers implements customer.Tx.
func (r *rehearsal) FreeNumbers(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) error {
	before, err := r.original(ctx, customer.PersonID(owner))
	if err != nil {
		return err
	}
	if before.Number != "" {
		r.claims[numberKey(before.Number)] = ""
	}
	return r.Tx.FreeNumbers(ctx, tenant, owner)
}

// CountSubscribers implements customer.Reader: those that there are, and those that the rows before made or took away.
func (r *rehearsal) CountSubscribers(ctx context.Context, tenant customer.Tenant, pkg customer.Package) (int, error) {
	n, err := r.Tx.CountSubscribers(ctx, tenant, pkg)
	return n + r.run.Assigned[pkg], err
}

func (r *rehearsal) assign(packages []customer.Package, by int) {
	for _, p := range packages {
		r.assigned[p] += by
	}
}

// CreateSubscriber implements customer.Tx.
func (r *rehearsal) CreateSubscriber(ctx context.Context, s customer.Subscriber) error {
	r.assigned[""]++
	r.assign(s.Packages(), 1)
	return r.Tx.CreateSubscriber(ctx, s)
}

// SetPackages implements customer.Tx.
func (r *rehearsal) SetPackages(ctx context.Context, s customer.Subscriber) error {
	before, err := r.Subscriber(ctx, s.Tenant(), s.ID)
	if err != nil {
		return err
	}
	r.assign(before.Packages(), -1)
	r.assign(s.Packages(), 1)
	return r.Tx.SetPackages(ctx, s)
}

// DeleteSubscriber implements customer.Tx.
func (r *rehearsal) DeleteSubscriber(ctx context.Context, tenant customer.Tenant, id customer.SubscriberID) error {
	before, err := r.Subscriber(ctx, tenant, id)
	if err != nil {
		return err
	}
	r.assigned[""]--
	r.assign(before.Packages(), -1)
	return r.Tx.DeleteSubscriber(ctx, tenant, id)
}
