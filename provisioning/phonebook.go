package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// PhonebookReader reads who can be called.
type PhonebookReader interface {
	// Phonebook lists the people, workspaces and virtual lines of the tenant's one organisation that have an extension or a number, by last name, then first;
	// those of a location alone unless that is "". At most limit.
	Phonebook(ctx context.Context, tenant customer.Tenant, location customer.LocationID, limit int) ([]customer.Member, error)
}

// maxPhonebook bounds a phone's book: some 100 kB, and what the phones' own manuals promise to take. Whoever comes later by name isn't in it.
const maxPhonebook = 1000

// openPhonebook opens the book of a phone for the phone alone. Unlike its own file it is only for who has proven itself: an enrolment window brings the phone
// its proof, and nothing about persons. Nothing is written, and what the phone itself sent under that name goes before.
func (s *Service) openPhonebook(ctx context.Context, hit deviceprofiles.Hit, a admission, model deviceprofiles.Model) (verdict, error) {
	d := a.device
	v := verdict{device: d.ID, rule: RuleNoSuchFile, note: a.note}
	missing := fault.New(fault.NotFound, "There is no phone book for this phone.")
	if !a.proven() || hit.Encryption != "" {
		return v, missing
	}
	if _, kind, err := deviceprofiles.MatchUpload(hit.Name, ""); err == nil && kind != "" {
		sent, err := s.store.Upload(ctx, d.Tenant(), d.ID, hit.Name)
		if err == nil {
			return s.uploaded(v, d, sent)
		}
		if !fault.Is(err, fault.NotFound) {
			v.rule = RuleBroken
			return v, err
		}
	}
	reach, err := s.phonebookReach(ctx, d, model)
	if err != nil {
		v.rule = RuleBroken
		return v, err
	}
	if reach == deviceprofiles.PhonebookOff {
		return v, missing
	}
	file, err := s.phonebook(ctx, hit.Name, d, model, reach)
	if err != nil {
		v.rule = ruleOfError(err, RuleNoSuchFile)
		return v, err
	}
	v.rule, v.opened = a.rule, opened(file, 0)
	return v, nil
}

// phonebookReach says whose people the phone may have, by the settings as they are now: not by what its own file told it once.
func (s *Service) phonebookReach(ctx context.Context, d Device, model deviceprofiles.Model) (deviceprofiles.PhonebookReach, error) {
	settings, err := s.store.Settings(ctx, d.Tenant(), string(d.Org), string(d.Location), string(d.ID))
	if err != nil {
		return "", err
	}
	effective, err := s.effective(model, customer.Location{}, settings)
	if err != nil {
		return "", err
	}
	reach := deviceprofiles.PhonebookOf(model, deviceprofiles.ValuesToWrite(effective))
	if reach == deviceprofiles.PhonebookLocation && d.Location == "" {
		return deviceprofiles.PhonebookOff, nil
	}
	return reach, nil
}

// phonebook renders a book from one read.
func (s *Service) phonebook(ctx context.Context, name string, d Device, model deviceprofiles.Model, reach deviceprofiles.PhonebookReach) (deviceprofiles.File, error) {
	var location customer.LocationID
	if reach == deviceprofiles.PhonebookLocation {
		location = d.Location
	}
	members, err := s.store.Phonebook(ctx, d.Tenant(), location, maxPhonebook)
	if err != nil {
		return deviceprofiles.File{}, err
	}
	entries := make([]deviceprofiles.PhonebookEntry, len(members))
	for i, m := range members {
		entries[i] = deviceprofiles.PhonebookEntry{Name: m.DisplayName(), First: m.FirstName, Last: m.LastName, Extension: m.Extension, Number: m.Number}
		if m.FirstName == "" && m.LastName == "" {
			entries[i].First = entries[i].Name
		}
	}
	password, err := s.open(accessOwner(d.ID), d.Access)
	if err != nil {
		return deviceprofiles.File{}, err
	}
	return deviceprofiles.RenderPhonebook(name, deviceprofiles.Settings{
		MAC: d.MAC, Model: model, Service: s.phones,
		Access: deviceprofiles.Access{UserName: d.MAC.Lower(), Token: accessToken(password)},
	}, entries)
}
