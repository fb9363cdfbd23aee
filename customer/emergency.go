package customer

import (
	"context"
	"strings"

	"dialtone/fault"
)

// EmergencyAddressID names the emergency address of a location, a UUID.
type EmergencyAddressID string

// Callback is the number that emergency services call back.
type Callback struct {
	Location CallingLocation
	Member   Member // whose number it is; zero: the location's main number
}

// EmergencyCallback returns the number that emergency services call back from a location's calls.
func (s *Service) EmergencyCallback(ctx context.Context, tenant Tenant, id LocationID) (Callback, error) {
	l, err := s.CallingLocation(ctx, tenant, id)
	if err != nil || l.Telephony.CallbackMember == "" {
		return Callback{Location: l}, err
	}
	m, err := s.store.Member(ctx, l.Tenant(), l.Telephony.CallbackMember)
	if fault.Is(err, fault.NotFound) || err == nil && (m.Location != id || m.Number == "") {
		return Callback{Location: l}, nil // who left, or lost the number: the main number stands in
	}
	return Callback{Location: l, Member: m}, err
}

// SetEmergencyCallback chooses a member of the location whose number emergency services call back; empty chooses the main number. fault.Invalid when the
// member isn't there or has no number.
func (s *Service) SetEmergencyCallback(ctx context.Context, actor Actor, tenant Tenant, id LocationID, member MemberID) error {
	return s.withCalling(ctx, tenant, id, func(tx Tx, l Location) error {
		if member != "" {
			m, err := tx.Member(ctx, l.Tenant(), member)
			switch {
			case fault.Is(err, fault.NotFound), err == nil && m.Location != id:
				return fault.InvalidField("locationMemberId", "names nobody in this location").WithCode(fault.CodeUnknown)
			case err != nil:
				return err
			case m.Number == "":
				return fault.InvalidField("locationMemberId", "%s has no number that could be called back", m.DisplayName())
			}
		}
		before := l.Telephony.CallbackMember
		l.Telephony.CallbackMember = member
		if err := tx.SetLocation(ctx, l); err != nil {
			return err
		}
		facts := map[string]any{"before": map[string]any{"emergencyCallback": before}, "after": map[string]any{"emergencyCallback": member}}
		return s.record(ctx, tx, actor, l.Tenant(), EventCallingChanged, string(id), facts)
	})
}

// AddressFault is what is to be mended in an address.
type AddressFault struct {
	Field   string // in the wire's spelling
	Message string
}

// LookUpEmergencyAddress checks the form of an address by the rules of its country's post, and returns it as the post writes it. It doesn't know whether
// there is such a place. fault.NotFound when the location has no calling.
func (s *Service) LookUpEmergencyAddress(ctx context.Context, tenant Tenant, id LocationID, a Address) (Address, []AddressFault, error) {
	if _, err := s.CallingLocation(ctx, tenant, id); err != nil {
		return Address{}, nil, err
	}
	if (a == Address{}) {
		return Address{}, nil, fault.InvalidField("address1", "is needed").WithCode(fault.CodeMissing)
	}
	var p problems
	clean := p.place("", a)
	var out []AddressFault
	for _, problem := range p.list {
		out = append(out, AddressFault{Field: problem.Field, Message: problem.Message})
	}
	return clean, out, nil
}

// AddEmergencyAddress says where help is to be sent from a location's calls, in the place of what was said before.
func (s *Service) AddEmergencyAddress(ctx context.Context, actor Actor, tenant Tenant, id LocationID, a Address) (EmergencyAddressID, error) {
	address := EmergencyAddressID(s.newID())
	return address, s.setEmergencyAddress(ctx, actor, tenant, id, a, func(Location) (EmergencyAddressID, error) { return address, nil })
}

// ChangeEmergencyAddress replaces the emergency address of a location. fault.NotFound when the location has no such address.
func (s *Service) ChangeEmergencyAddress(ctx context.Context, actor Actor, tenant Tenant, id LocationID, address EmergencyAddressID, a Address) error {
	return s.setEmergencyAddress(ctx, actor, tenant, id, a, func(l Location) (EmergencyAddressID, error) {
		if l.Telephony.EmergencyAddressID != address {
			return "", fault.New(fault.NotFound, "There is no such emergency address.")
		}
		return address, nil
	})
}

func (s *Service) setEmergencyAddress(ctx context.Context, actor Actor, tenant Tenant, id LocationID, a Address, name func(Location) (EmergencyAddressID, error)) error {
	return s.withCalling(ctx, tenant, id, func(tx Tx, l Location) error {
		address, err := name(l)
		if err != nil {
			return err
		}
		var p problems
		clean := p.place("", a)
		if a.Country != "" && !strings.EqualFold(clean.Country, l.Address.Country) {
			p.reject("country", clean.Country, "must be the location's country, "+l.Address.Country)
		}
		if err := p.err("The emergency address can't be set"); err != nil {
			return err
		}
		before := l.Telephony.EmergencyAddress
		l.Telephony.EmergencyAddress, l.Telephony.EmergencyAddressID = clean, address
		if err := tx.SetLocation(ctx, l); err != nil {
			return err
		}
		facts := map[string]any{"before": map[string]any{"emergencyAddress": before}, "after": map[string]any{"emergencyAddress": clean}}
		return s.record(ctx, tx, actor, l.Tenant(), EventPSTNChanged, string(id), facts)
	})
}
