package store

import (
	"context"
	"database/sql"

	"dialtone/customer"
)

// onboardingColumns are what a customer took from its template: JSON, but for the two references, which the database itself keeps from dangling.
type onboardingColumns struct {
	Onboarding         string         `db:"onboarding"`
	IdentityProviderID sql.NullString `db:"identity_provider_id"`
	PSTNVendorID       sql.NullString `db:"pstn_vendor_id"`
}

type onboardingColumn struct {
	Authentication    string `json:"authentication"`
	EntityID          string `json:"entityId,omitempty"`
	SubscriptionID    string `json:"subscriptionId,omitempty"`
	BrandName         string `json:"brandName,omitempty"`
	AllowNonPSTNCalls bool   `json:"allowNonPstnCalls,omitempty"`
}

func (c onboardingColumns) noun() customer.Onboarding {
	o := decode[onboardingColumn](c.Onboarding)
	return customer.Onboarding{
		Authentication: customer.Authentication{
			Mode: customer.AuthenticationMode(o.Authentication), EntityID: o.EntityID, IdentityProvider: customer.IdentityProviderID(c.IdentityProviderID.String),
		},
		SubscriptionID: o.SubscriptionID, BrandName: o.BrandName, PSTNVendor: customer.PSTNVendorID(c.PSTNVendorID.String), AllowNonPSTNCalls: o.AllowNonPSTNCalls,
	}
}

func fromOnboarding(o customer.Onboarding) (onboardingColumns, error) {
	a := o.Authentication
	text, err := encode(onboardingColumn{
		Authentication: string(a.Mode), EntityID: a.EntityID, SubscriptionID: o.SubscriptionID, BrandName: o.BrandName, AllowNonPSTNCalls: o.AllowNonPSTNCalls,
	})
	return onboardingColumns{
		Onboarding:         text,
		IdentityProviderID: sql.NullString{String: string(a.IdentityProvider), Valid: a.IdentityProvider != ""},
		PSTNVendorID:       sql.NullString{String: string(o.PSTNVendor), Valid: o.PSTNVendor != ""},
	}, err
}

// IdentityProviderUses implements customer.IdentityProviderReader.
func (r reader) IdentityProviderUses(ctx context.Context, partner customer.OrgID, id customer.IdentityProviderID) (customer.Uses, error) {
	return r.uses(ctx, "identity_provider_id", partner, string(id), "templates", "customers")
}

// PSTNVendorUses implements customer.PSTNVendorReader.
func (r reader) PSTNVendorUses(ctx context.Context, partner customer.OrgID, id customer.PSTNVendorID) (customer.Uses, error) {
	return r.uses(ctx, "pstn_vendor_id", partner, string(id), "templates", "customers", "locations")
}

// uses counts the rows of some tables that refer to a thing in the named column.
func (r reader) uses(ctx context.Context, column string, partner customer.OrgID, id string, tables ...string) (customer.Uses, error) {
	var uses customer.Uses
	into := map[string]*int{"templates": &uses.Templates, "customers": &uses.Customers, "locations": &uses.Locations}
	for _, table := range tables {
		err := r.count(ctx, into[table], "count "+table, "SELECT count(*) FROM "+table+" WHERE partner_id = ? AND "+column+" = ?", string(partner), id)
		if err != nil {
			return customer.Uses{}, err
		}
	}
	return uses, nil
}
