package provisioning

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Members of a device are those who have a line on it: the primary owner, and others whose lines are shared with it.

// maxSharing is the most devices that may have a line of one person or workspace, and of one virtual line (device-management API, "Life cycle and
// limits").
const (
	maxSharing        = 35
	maxSharingVirtual = 36
)

// DeviceMembers is who has lines on a device.
type DeviceMembers struct {
	Device   Device
	Model    deviceprofiles.Model
	Members  []LineMember // by port
	MaxLines int
}

// LineMember is one member's line on a device.
type LineMember struct {
	Line
	Member   customer.Member
	Location customer.Location // of the member; zero if it has none
	Package  customer.Package
	Primary  bool   // the member owns the device
	Contact  string // host of the registered contact; "" unless registered
	Source   string // address that the registration came from; "" unless registered
}

// NewMember is the input of SetMembers: one member's line.
type NewMember struct {
	Member  customer.MemberID
	Port    int // where clients want it; only the order counts, 0 comes last
	Primary bool
	Options LineOptions
}

// Members returns who has lines on a device.
func (s *Service) Members(ctx context.Context, tenant customer.Tenant, id DeviceID) (DeviceMembers, error) {
	in, err := s.store.RenderInput(ctx, tenant, id)
	if err != nil {
		return DeviceMembers{}, err
	}
	bindings, err := s.store.Bindings(ctx, in.Device.Tenant(), id, s.now())
	if err != nil {
		return DeviceMembers{}, err
	}
	out := DeviceMembers{Device: in.Device, Members: make([]LineMember, 0, len(in.Lines))}
	out.Model, _ = deviceprofiles.FindModel(in.Device.Model)
	out.MaxLines = out.Model.LinePorts
	for _, l := range in.Lines {
		m := LineMember{Line: l.Line, Member: l.Member, Primary: l.Owner == in.Device.Owner}
		for _, b := range bindings {
			if b.Line == l.ID && m.Source == "" {
				m.Contact, m.Source = hostOf(b.Contact), b.Source.Addr().String()
			}
		}
		if m.Package, err = customer.PackageOf(ctx, s.store, l.Member); err != nil {
			return DeviceMembers{}, err
		}
		if m.Location, err = s.locationOf(ctx, l.Member); err != nil {
			return DeviceMembers{}, err
		}
		out.Members = append(out.Members, m)
	}
	return out, nil
}

func (s *Service) locationOf(ctx context.Context, m customer.Member) (customer.Location, error) {
	if m.Location == "" {
		return customer.Location{}, nil
	}
	return s.store.Location(ctx, m.Tenant(), m.Location)
}

// hostOf returns the host and port of a contact URI, as far as it can be read.
func hostOf(contact string) string {
	_, rest, _ := strings.Cut(contact, ":")
	if _, host, ok := strings.Cut(rest, "@"); ok {
		rest = host
	}
	host, _, _ := strings.Cut(rest, ";")
	return host
}

// SetMembers makes the given members those of a device, in the order of their ports; nil leaves the primary owner alone. Who is marked as primary owns
// the device from then on. Lines that stay keep their credentials and registrations; new ones get their own; what isn't among them ends at once.
// fault.Invalid names the fields that break a rule, in the wire's spelling; fault.Conflict when a member's package or a limit forbids it.
func (s *Service) SetMembers(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, list []NewMember) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	model, ok := deviceprofiles.FindModel(d.Model)
	if !ok {
		return fault.New(fault.Internal, "device %s has model %q", d.ID, d.Model)
	}
	c, err := s.store.CustomerByOrg(ctx, d.Partner, d.Org)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		d, err := tx.Device(ctx, d.Tenant(), id)
		if err != nil {
			return err
		}
		before, err := tx.Lines(ctx, d.Tenant(), id)
		if err != nil {
			return err
		}
		ordered, err := placed(model, withPrimary(d, before, list))
		if err != nil {
			return err
		}
		if err := s.checkMembers(ctx, tx, d, model, ordered); err != nil {
			return err
		}
		lines, err := s.memberLines(d, c.SIPDomain, before, ordered)
		if err != nil {
			return err
		}
		return s.writeMembers(ctx, tx, actor, d, ordered, lines)
	})
}

func (s *Service) writeMembers(ctx context.Context, tx Tx, actor customer.Actor, d Device, members []NewMember, lines []Line) error {
	for _, m := range members {
		if !m.Primary || m.Member == d.Owner {
			continue
		}
		owner, err := tx.Member(ctx, d.Tenant(), m.Member)
		if err != nil {
			return err
		}
		d.Owner, d.Location = owner.ID, owner.Location
		if err := tx.SetDevice(ctx, d); err != nil {
			return err
		}
	}
	if err := tx.SetLines(ctx, d.Tenant(), d.ID, lines); err != nil {
		return err
	}
	facts := make([]map[string]any, len(lines))
	for i, l := range lines {
		facts[i] = map[string]any{"port": l.Port, "member": l.Owner, "line": l.LinePort()}
	}
	_, err := s.Publish(ctx, tx, actor, d.Tenant(), d.ID, customer.EventDeviceMembers, map[string]any{"owner": d.Owner, "members": facts})
	return err
}

// withPrimary returns the members that are asked for, of whom exactly the right one is primary: the one that is marked, or else who owns the device. An
// empty list means the owner alone.
func withPrimary(d Device, before []Line, list []NewMember) []NewMember {
	if len(list) == 0 {
		for _, l := range before {
			if l.Owner == d.Owner {
				return []NewMember{{Member: d.Owner, Primary: true, Options: l.LineOptions}}
			}
		}
		return []NewMember{{Member: d.Owner, Primary: true, Options: LineOptions{Weight: 1, DeclineEverywhere: true}}}
	}
	list = slices.Clone(list)
	marked := slices.ContainsFunc(list, func(m NewMember) bool { return m.Primary })
	for i := range list {
		list[i].Primary = list[i].Primary || !marked && list[i].Member == d.Owner
	}
	return list
}

// placed checks what a list of members says in itself, and gives each its port: those that clients send may be stale, so that order and weight decide.
func placed(model deviceprofiles.Model, list []NewMember) ([]NewMember, error) {
	var broken problems
	primaries := 0
	for i, m := range list {
		field := fmt.Sprintf("members[%d]", i)
		if m.Primary {
			primaries++
		}
		if slices.ContainsFunc(list[:i], func(other NewMember) bool { return other.Member == m.Member }) {
			broken.add(field+".id", "stands twice in the list")
		}
		checkOptions(&broken, field, model, m)
	}
	if primaries != 1 {
		broken.add("members", "exactly one must be the primary owner; %d are", primaries)
	}
	ordered := slices.Clone(list)
	slices.SortStableFunc(ordered, func(a, b NewMember) int { return orLast(a.Port) - orLast(b.Port) })
	port := 1
	for i := range ordered {
		ordered[i].Port = port
		port += ordered[i].Options.Weight
	}
	if port-1 > model.LinePorts {
		broken.add("members", "need %d lines; %s has %d", port-1, model.DisplayName, model.LinePorts)
	}
	return ordered, broken.err("The members can't be changed")
}

// orLast puts members without a port behind the others.
func orLast(port int) int {
	if port <= 0 {
		return 1 << 30
	}
	return port
}

// maxWeight bounds a weight before it is summed; no phone has so many keys.
const maxWeight = 100

func checkOptions(broken *problems, field string, model deviceprofiles.Model, m NewMember) {
	o := m.Options
	switch {
	case o.Weight < 1 || o.Weight > maxWeight:
		broken.add(field+".lineWeight", "must be 1 to %d", maxWeight)
	case o.Weight > 1 && !m.Primary:
		broken.add(field+".lineWeight", "above 1 is for the primary owner alone")
	}
	if o.HotlineEnabled && strings.TrimSpace(o.HotlineDestination) == "" {
		broken.add(field+".hotlineDestination", "is needed when the hotline is enabled")
	}
	if strings.Trim(o.HotlineDestination, "0123456789*#+") != "" || len(o.HotlineDestination) > 23 {
		broken.add(field+".hotlineDestination", "must be at most 23 digits, *, # and +")
	}
	if o.Label != "" {
		if !model.CustomLabels {
			broken.add(field+".lineLabel", "%s shows labels of its own", model.DisplayName)
		}
		broken.join(deviceprofiles.CheckDisplayName(field+".lineLabel", o.Label))
	}
}

// checkMembers asks who the members are: all of this organisation, with packages that allow it, and within the limits.
func (s *Service) checkMembers(ctx context.Context, tx Tx, d Device, model deviceprofiles.Model, list []NewMember) error {
	for i, m := range list {
		field := fmt.Sprintf("members[%d].id", i)
		member, err := tx.Member(ctx, d.Tenant(), m.Member)
		if fault.Is(err, fault.NotFound) {
			return fault.InvalidField(field, "names nobody in this organisation")
		}
		if err != nil {
			return err
		}
		if m.Primary {
			err = s.checkPrimary(ctx, tx, d, member, field, len(list) > 1)
		} else {
			err = checkShared(ctx, tx, d, model, member, field)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkPrimary checks who is to own a device.
func (s *Service) checkPrimary(ctx context.Context, tx Tx, d Device, m customer.Member, field string, sharing bool) error {
	if m.Kind == customer.MemberVirtualLine {
		return fault.InvalidField(field, "is a virtual line, which can't own a device")
	}
	pkg, err := customer.PackageOf(ctx, tx, m)
	if err != nil {
		return err
	}
	if sharing && !pkg.Allows(customer.FeatureSharedCallAppearance) {
		return fault.InvalidField(field, "has a package without shared call appearances, so that nobody else can have a line on the device")
	}
	if m.ID == d.Owner {
		return nil
	}
	return mayHaveAnother(ctx, tx, m, field)
}

// checkShared checks whose line is to be shared with a device.
func checkShared(ctx context.Context, tx Tx, d Device, model deviceprofiles.Model, m customer.Member, field string) error {
	most := maxSharing
	if m.Kind == customer.MemberVirtualLine {
		most = maxSharingVirtual
		if !model.VirtualLines {
			return fault.InvalidField(field, "is a virtual line, which %s can't have", model.DisplayName)
		}
	} else {
		pkg, err := customer.PackageOf(ctx, tx, m)
		if err != nil {
			return err
		}
		if !pkg.Allows(customer.FeatureSharedCallAppearance) {
			return fault.InvalidField(field, "has no package with shared call appearances")
		}
	}
	devices, err := tx.DevicesWithLineOf(ctx, d.Tenant(), m.ID)
	if err != nil {
		return err
	}
	if !slices.Contains(devices, d.ID) && len(devices) >= most {
		return fault.New(fault.Conflict, "The line of %s is on %d devices already, the most that can share it. Take it from one first.", m.DisplayName(), len(devices)).WithCode(fault.CodeDeviceLimit)
	}
	return nil
}

// memberLines makes the lines that members are to have: the ones that they have on this device, or new ones.
func (s *Service) memberLines(d Device, domain string, before []Line, list []NewMember) ([]Line, error) {
	lines := make([]Line, len(list))
	for i, m := range list {
		at := slices.IndexFunc(before, func(l Line) bool { return l.Owner == m.Member })
		if at >= 0 {
			lines[i] = before[at]
		} else {
			var err error
			if lines[i], err = s.newLine(d, m.Member, domain, noPassword()); err != nil {
				return nil, err
			}
		}
		lines[i].Port, lines[i].LineOptions = m.Port, m.Options
	}
	return lines, nil
}
