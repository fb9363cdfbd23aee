package provisioning

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// LineUse is what somebody is looked for, in the wire's words.
type LineUse string

// The uses.
const (
	UseAsOwner  LineUse = "DEVICE_OWNER" // who could own a device
	UseAsShared LineUse = "SHARED_LINE"  // whose line could be on somebody's device
)

// CandidateFilter narrows the list of who could be a member; empty fields don't.
type CandidateFilter struct {
	Name, Number, Extension string // parts
	Location                customer.LocationID
	Use                     LineUse // empty: either
	NoVirtualLines          bool
	Order                   customer.MemberOrder
}

// AvailableMembers lists who could have a line on a device, and hasn't: on any device when none is named.
func (s *Service) AvailableMembers(ctx context.Context, tenant customer.Tenant, id DeviceID, f CandidateFilter, page customer.Page) ([]customer.Member, bool, error) {
	tenant, filter, err := s.candidates(ctx, tenant, id, f)
	if err != nil {
		return nil, false, err
	}
	return s.store.Members(ctx, tenant, filter, page)
}

// CountAvailableMembers counts those of AvailableMembers.
func (s *Service) CountAvailableMembers(ctx context.Context, tenant customer.Tenant, id DeviceID, f CandidateFilter) (int, error) {
	tenant, filter, err := s.candidates(ctx, tenant, id, f)
	if err != nil {
		return 0, err
	}
	return s.store.CountMembers(ctx, tenant, filter)
}

// candidates says in whose words the question is asked: a device's members are of its own organisation.
func (s *Service) candidates(ctx context.Context, tenant customer.Tenant, id DeviceID, f CandidateFilter) (customer.Tenant, customer.MemberFilter, error) {
	out := customer.MemberFilter{
		Name: f.Name, Number: f.Number, Extension: f.Extension, Location: f.Location, Order: f.Order, NotOn: string(id),
		Kinds: []customer.MemberKind{customer.MemberPerson, customer.MemberWorkspace, customer.MemberVirtualLine}, Packages: callingPackages(f.Use),
	}
	virtual := f.Use != UseAsOwner && !f.NoVirtualLines
	if id != "" {
		d, err := s.store.Device(ctx, tenant, id)
		if err != nil {
			return tenant, out, err
		}
		tenant = d.Tenant()
		model, _ := deviceprofiles.FindModel(d.Model)
		virtual = virtual && model.VirtualLines
	}
	if !virtual {
		out.Kinds = out.Kinds[:2]
	}
	return tenant, out, nil
}

// callingPackages are the packages that a use needs.
func callingPackages(use LineUse) []customer.Package {
	return slices.DeleteFunc(customer.Packages(), func(p customer.Package) bool {
		return !p.Calling() || use == UseAsShared && !p.Allows(customer.FeatureSharedCallAppearance)
	})
}

// MemberDevice is a device as one of its members sees it.
type MemberDevice struct {
	DeviceView
	Primary bool // the member owns it
}

// MemberDevices is which devices a member has, and how many it may have.
type MemberDevices struct {
	Member    customer.Member
	Devices   []MemberDevice // by creation
	Most      int            // devices with a line of the member
	MostOwned int            // devices of its own
}

// DevicesOf returns the devices with a line of a member of some kind; fault.NotFound when the tenant has no such member.
func (s *Service) DevicesOf(ctx context.Context, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID) (MemberDevices, error) {
	member, err := s.customers.MemberOf(ctx, tenant, kind, id)
	if err != nil {
		return MemberDevices{}, err
	}
	out := MemberDevices{Member: member, Devices: []MemberDevice{}, Most: maxSharing, MostOwned: maxSharing}
	pkg, err := customer.PackageOf(ctx, s.store, member)
	if err != nil {
		return out, err
	}
	if most := pkg.MaxDevices(); most > 0 {
		out.Most, out.MostOwned = most, most
	}
	if kind == customer.MemberVirtualLine {
		out.Most, out.MostOwned = maxSharingVirtual, 0
	}
	ids, err := s.store.DevicesWithLineOf(ctx, member.Tenant(), id)
	if err != nil {
		return out, err
	}
	for _, device := range ids {
		view, err := s.Device(ctx, member.Tenant(), device)
		if err != nil {
			return out, err
		}
		out.Devices = append(out.Devices, MemberDevice{DeviceView: view, Primary: view.Owner == id})
	}
	return out, nil
}
