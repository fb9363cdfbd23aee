package customer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dialtone/fault"
)

// PSTNVendorID names a cloud-connected PSTN vendor of a partner.
type PSTNVendorID string

// PSTNVendor connects locations to the public telephone network (cloud-connected PSTN).
type PSTNVendor struct {
	ID        PSTNVendorID
	Partner   OrgID
	Name      string   // 1 to 80 characters; unique for the partner
	Countries []string // that it serves: ISO 3166-1 alpha-2, sorted, each once
	Created   time.Time
}

// Serves reports whether the vendor serves a country.
func (v PSTNVendor) Serves(country string) bool { return slices.Contains(v.Countries, country) }

// What happens to PSTN vendors.
const (
	EventPSTNVendorCreated EventKind = "pstn_vendor.created"
	EventPSTNVendorChanged EventKind = "pstn_vendor.changed"
	EventPSTNVendorDeleted EventKind = "pstn_vendor.deleted"
)

// PSTNVendorReader is the part of Reader about PSTN vendors.
type PSTNVendorReader interface {
	PSTNVendor(ctx context.Context, partner OrgID, id PSTNVendorID) (PSTNVendor, error)
	PSTNVendors(ctx context.Context, partner OrgID, page Page) ([]PSTNVendor, bool, error)
	// PSTNVendorUses counts the templates, customers and locations that refer to one.
	PSTNVendorUses(ctx context.Context, partner OrgID, id PSTNVendorID) (Uses, error)
}

// PSTNVendorWriter is the part of Tx about PSTN vendors.
type PSTNVendorWriter interface {
	CreatePSTNVendor(ctx context.Context, v PSTNVendor) error
	// SetPSTNVendor replaces the name and countries of the vendor with v.ID.
	SetPSTNVendor(ctx context.Context, v PSTNVendor) error
	// DeletePSTNVendor deletes a vendor that nothing refers to.
	DeletePSTNVendor(ctx context.Context, partner OrgID, id PSTNVendorID) error
}

// NewPSTNVendor is the input of CreatePSTNVendor, and of ChangePSTNVendor, which replaces the whole.
type NewPSTNVendor struct {
	Name      string
	Countries []string // 1 to 300, in any case and order
}

// maxCountries is above the number of countries that there are.
const maxCountries = 300

// CreatePSTNVendor adds a PSTN vendor. fault.Conflict when the partner has one of that name.
func (s *Service) CreatePSTNVendor(ctx context.Context, actor Actor, in NewPSTNVendor) (PSTNVendor, error) {
	v, err := serving(PSTNVendor{ID: PSTNVendorID(s.newID()), Partner: actor.Partner, Created: s.now()}, in, "The PSTN vendor can't be created")
	if err != nil {
		return PSTNVendor{}, err
	}
	return v, s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		if err := tx.CreatePSTNVendor(ctx, v); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventPSTNVendorCreated, string(v.ID), v.facts())
	})
}

// ChangePSTNVendor replaces a vendor's name and countries. Locations stay with it; customers that wait because it didn't serve a country are tried again
// when they are updated. fault.Conflict when the partner has another of that name.
func (s *Service) ChangePSTNVendor(ctx context.Context, actor Actor, id PSTNVendorID, in NewPSTNVendor) (PSTNVendor, error) {
	var after PSTNVendor
	err := s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		before, err := tx.PSTNVendor(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if after, err = serving(before, in, "The PSTN vendor can't be changed"); err != nil {
			return err
		}
		if err := tx.SetPSTNVendor(ctx, after); err != nil {
			return err
		}
		facts := map[string]any{"before": before.facts(), "after": after.facts()}
		return s.record(ctx, tx, actor, actor.Tenant(), EventPSTNVendorChanged, string(id), facts)
	})
	return after, err
}

// serving checks the input and returns the vendor with it.
func serving(v PSTNVendor, in NewPSTNVendor, what string) (PSTNVendor, error) {
	var p problems
	v.Name = p.text("name", in.Name, 80)
	v.Countries = p.countries("countries", in.Countries)
	return v, p.err(what)
}

// countries reads a list of countries, and returns each once and in order.
func (p *problems) countries(field string, values []string) []string {
	switch {
	case len(values) == 0:
		p.missing(field, "must name at least one country")
	case len(values) > maxCountries:
		p.code(fault.CodeSize, field, "must name at most %d countries; it has %d", maxCountries, len(values))
		return nil
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = p.country(fmt.Sprintf("%s[%d]", field, i), v)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (v PSTNVendor) facts() map[string]any {
	return map[string]any{"name": v.Name, "countries": v.Countries}
}

// DeletePSTNVendor deletes a vendor. fault.Conflict while a template, a customer or a location uses it: a customer whose first location is still to come
// is to have it.
func (s *Service) DeletePSTNVendor(ctx context.Context, actor Actor, id PSTNVendorID) error {
	return s.store.Update(ctx, actor.Tenant(), func(tx Tx) error {
		v, err := tx.PSTNVendor(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		uses, err := tx.PSTNVendorUses(ctx, actor.Partner, id)
		if err != nil || uses.any() {
			return orConflict(err, fault.CodeAssigned, "The PSTN vendor %s is used by %s. It can't be deleted before that ends.", v.Name, uses)
		}
		if err := tx.DeletePSTNVendor(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, actor.Tenant(), EventPSTNVendorDeleted, string(id), v.facts())
	})
}

// PSTNVendor returns one PSTN vendor.
func (s *Service) PSTNVendor(ctx context.Context, actor Actor, id PSTNVendorID) (PSTNVendor, error) {
	return s.store.PSTNVendor(ctx, actor.Partner, id)
}

// PSTNVendors lists the partner's PSTN vendors.
func (s *Service) PSTNVendors(ctx context.Context, actor Actor, page Page) ([]PSTNVendor, bool, error) {
	return s.store.PSTNVendors(ctx, actor.Partner, page)
}

// vendorServes refuses a location in a country that its vendor doesn't serve.
func vendorServes(ctx context.Context, r Reader, l *Location) error {
	if l == nil || l.PSTNVendor == "" {
		return nil
	}
	v, err := r.PSTNVendor(ctx, l.Partner, l.PSTNVendor)
	if err != nil || v.Serves(l.Address.Country) {
		return err
	}
	e := fault.New(fault.Conflict, "The PSTN vendor %s doesn't serve %s, the country of the location %s. Add the country to the vendor, or choose a location in a country that it serves, and update the customer.",
		v.Name, l.Address.Country, l.Name)
	e.Problems = []fault.Problem{{Field: "provisioningParameters.calling.location.address.country", Code: fault.CodePSTNCountry, Message: e.Message}}
	return e
}
