package customer

import (
	"context"
	"crypto/sha1" //nolint:gosec // G505: RFC 4122 wants it for names in a space, and nothing secret is made of it
	"encoding/hex"
	"fmt"
	"strings"

	"dialtone/fault"
)

// License is what a customer has of one package that people or workspaces can be assigned.
type License struct {
	Package      Package
	Limit        int // units that may be assigned; 0: no limit
	Users        int // people who have it
	Workspaces   int // that have it
	Subscription string
}

// Total is how many units there are: the quantity or, without one, as many as are assigned.
func (l License) Total() int {
	if l.Limit > 0 {
		return l.Limit
	}
	return l.Consumed()
}

// Consumed is how many units are assigned.
func (l License) Consumed() int { return l.Users + l.Workspaces }

// CustomerOf returns the customer that a tenant is. fault.Invalid, naming orgId, for a tenant that is all of a partner's.
func (s *Service) CustomerOf(ctx context.Context, tenant Tenant) (Customer, error) {
	if tenant.Customer == "" {
		return Customer{}, fault.InvalidField("orgId", "is needed: it says which customer is meant").WithCode(fault.CodeMissing)
	}
	return s.store.CustomerByOrg(ctx, tenant.Partner, tenant.Customer)
}

// Licenses lists a customer's licences, in the order of its packages.
func (s *Service) Licenses(ctx context.Context, c Customer) ([]License, error) {
	out := []License{}
	for _, q := range c.Packages {
		if q.Status != PackageProvisioned || !q.Package.assignable() {
			continue
		}
		l, err := s.License(ctx, c, q.Package)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// License returns a customer's licence for one package; fault.NotFound when it hasn't the package.
func (s *Service) License(ctx context.Context, c Customer, pkg Package) (License, error) {
	q, ok := c.Package(pkg)
	if !ok || q.Status != PackageProvisioned || !pkg.assignable() {
		return License{}, fault.New(fault.NotFound, "There is no such license.")
	}
	l := License{Package: pkg, Limit: q.Limit, Subscription: c.Onboarding.SubscriptionID}
	var err error
	if l.Users, err = s.store.CountSubscribers(ctx, c.Tenant(), pkg); err != nil {
		return License{}, err
	}
	l.Workspaces, err = s.store.CountWorkspaces(ctx, c.Tenant(), pkg)
	return l, err
}

// assignable reports whether a person or a workspace can have it.
func (p Package) assignable() bool { return p.ForPerson() || p.AddOn() || p.ForWorkspace() }

// SubscribersOf returns the subscribers that some people are, at most 500, in no order; who is none is left out.
func (s *Service) SubscribersOf(ctx context.Context, tenant Tenant, people []PersonID) ([]Subscriber, error) {
	return s.store.SubscribersOf(ctx, tenant, people)
}

// Members lists people, workspaces and virtual lines in the order that the filter says.
func (s *Service) Members(ctx context.Context, tenant Tenant, filter MemberFilter, page Page) ([]Member, bool, error) {
	return s.store.Members(ctx, tenant, filter, page)
}

// CountMembers counts the members that Members would list.
func (s *Service) CountMembers(ctx context.Context, tenant Tenant, filter MemberFilter) (int, error) {
	return s.store.CountMembers(ctx, tenant, filter)
}

// LicenseKey is what the id of the licence that a customer has with a package is made of, the same at each call: ORGANISATION:PRODUCT_UUID, where the UUID is
// that of the package's name in the space of the customer's id (RFC 4122, version 5). An id that is no UUID counts as the one of zeros.
func LicenseKey(org OrgID, id CustomerID, p Package) string {
	space, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil || len(space) != 16 {
		space = make([]byte, 16)
	}
	sum := sha1.Sum(append(space, p...))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	product := strings.ToUpper(strings.ReplaceAll(string(p), "_", "-"))
	return fmt.Sprintf("%s:%s_%x-%x-%x-%x-%x", org, product, sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
