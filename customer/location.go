package customer

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"dialtone/fault"
)

// The longest names of locations: of those with calling phones and callers see the name.
const (
	maxLocationName = 256
	maxCallingName  = 80
	maxNotes        = 500
)

// LocationChange is the input of CreateLocation and ChangeLocation, which leaves what is empty as it is.
type LocationChange struct {
	Name                string // 1 to 256 characters; 80 with calling
	Address             *Address
	TimeZone            string // IANA name
	Language            string // locale in any case
	Announcements       string // locale in any case: what recordings speak
	Latitude, Longitude string // decimal degrees
	Notes               string // at most 500 characters
}

// LocationUses counts what belongs to a location, and keeps it from being deleted.
type LocationUses struct{ People, Workspaces, VirtualLines, Devices, Numbers int }

func (u LocationUses) any() bool { return u != LocationUses{} }

// String names what there is, such as "2 people and 1 numbers".
func (u LocationUses) String() string {
	var parts []string
	for _, c := range []struct {
		n     int
		thing string
	}{{u.People, "people"}, {u.Workspaces, "workspaces"}, {u.VirtualLines, "virtual lines"}, {u.Devices, "devices"}, {u.Numbers, "numbers"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprint(c.n, " ", c.thing))
		}
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// Location returns one location.
func (s *Service) Location(ctx context.Context, tenant Tenant, id LocationID) (Location, error) {
	return s.store.Location(ctx, tenant, id)
}

// Locations lists the tenant's locations.
func (s *Service) Locations(ctx context.Context, tenant Tenant, filter LocationFilter, page Page) ([]Location, bool, error) {
	return s.store.Locations(ctx, tenant, filter, page)
}

// servedCustomer returns the one customer that a tenant is. fault.Invalid when the tenant is all of a partner's.
func (s *Service) servedCustomer(ctx context.Context, tenant Tenant) (Customer, error) {
	if tenant.Customer == "" {
		return Customer{}, fault.InvalidField("orgId", "is needed: the customer's organisation").WithCode(fault.CodeMissing)
	}
	return s.store.CustomerByOrg(ctx, tenant.Partner, tenant.Customer)
}

// CreateLocation adds a location without calling to a customer. All fields but the coordinates and notes are needed.
func (s *Service) CreateLocation(ctx context.Context, actor Actor, tenant Tenant, in LocationChange) (Location, error) {
	c, err := s.servedCustomer(ctx, tenant)
	if err != nil {
		return Location{}, err
	}
	var p problems
	l := Location{ID: LocationID(s.newID()), Partner: c.Partner, Org: c.Org, Created: s.now()}
	for field, value := range map[string]string{"name": in.Name, "timeZone": in.TimeZone, "preferredLanguage": in.Language, "announcementLanguage": in.Announcements} {
		if strings.TrimSpace(value) == "" {
			p.missing(field, "is needed")
		}
	}
	if in.Address == nil {
		p.missing("address", "is needed")
	}
	l = p.location(l, in)
	p.sort()
	if err := p.err("The location can't be created"); err != nil {
		return Location{}, err
	}
	return l, s.store.Update(ctx, l.Tenant(), func(tx Tx) error { return s.addLocation(ctx, tx, actor, &l, nil) })
}

// ChangeLocation changes what a location is called and where it is, inside the caller's transaction; it says what the location was before. What is so
// already changes nothing. fault.NotFound when it isn't the tenant's, fault.Invalid naming the fields that break a rule, and fault.Conflict with
// fault.CodePSTNCountry when its PSTN vendor doesn't serve another country.
func (s *Service) ChangeLocation(ctx context.Context, tx Tx, actor Actor, tenant Tenant, id LocationID, in LocationChange) (before, after Location, err error) {
	if before, err = tx.Location(ctx, tenant, id); err != nil {
		return before, after, err
	}
	if (in == LocationChange{}) {
		return before, after, fault.InvalidField("name", "nothing is to be changed: send name, address, timeZone or preferredLanguage").WithCode(fault.CodeMissing)
	}
	var p problems
	after = p.location(before, in)
	if err := p.err("The location can't be changed"); err != nil {
		return before, after, err
	}
	if after.facts() == before.facts() {
		return before, before, nil
	}
	if after.Address.Country != before.Address.Country {
		if err := stillServed(ctx, tx, after); err != nil {
			return before, after, err
		}
	}
	if err := tx.SetLocation(ctx, after); err != nil {
		return before, after, err
	}
	facts := map[string]any{"before": before.facts(), "after": after.facts()}
	return before, after, s.record(ctx, tx, actor, after.Tenant(), EventLocationChanged, string(id), facts)
}

// locationFacts is what LocationChange can change, for comparing and for the log.
type locationFacts struct {
	Name, TimeZone, Language, Announcements string
	Address                                 Address
	Latitude, Longitude, Notes              string
}

func (l Location) facts() locationFacts {
	return locationFacts{l.Name, l.TimeZone, l.Language, l.AnnouncementLanguage, l.Address, l.Latitude, l.Longitude, l.Notes}
}

// TellsPhonesOtherwise reports whether phones there are told something else of the location than before.
func (l Location) TellsPhonesOtherwise(before Location) bool {
	return l.Name != before.Name || l.TimeZone != before.TimeZone || l.Language != before.Language || l.Address != before.Address
}

// location checks what is given, and returns the location with it.
func (p *problems) location(l Location, in LocationChange) Location {
	if in.Name != "" {
		size := maxLocationName
		if l.Calling {
			size = maxCallingName
		}
		l.Name = p.text("name", in.Name, size)
	}
	if in.Address != nil {
		l.Address = p.place("address.", *in.Address)
	}
	if in.TimeZone != "" {
		l.TimeZone = p.timeZone("timeZone", in.TimeZone)
	}
	l.Language = strings.ToLower(p.language("preferredLanguage", in.Language, l.Address.Country, l.Language))
	l.AnnouncementLanguage = strings.ToLower(p.language("announcementLanguage", in.Announcements, l.Address.Country, l.AnnouncementLanguage))
	l.Latitude = p.degrees("latitude", in.Latitude, 90, l.Latitude)
	l.Longitude = p.degrees("longitude", in.Longitude, 180, l.Longitude)
	if in.Notes != "" {
		l.Notes = p.optionalText("notes", in.Notes, maxNotes)
	}
	return l
}

// degrees checks a coordinate, which stays as it was written.
func (p *problems) degrees(field, value string, most float64, otherwise string) string {
	const longest = 17 // sign, three digits, point, and as many behind it as tell hairs apart
	value = strings.TrimSpace(value)
	if value == "" {
		return otherwise
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || len(value) > longest || strings.Trim(value, "+-.0123456789") != "" || n < -most || n > most {
		p.reject(field, value, fmt.Sprintf("must be decimal degrees from -%g to %g, such as 12.935784", most, most))
	}
	return value
}

// DeleteLocation deletes a location without calling that nothing belongs to; its floors go with it. fault.Conflict says what is in the way.
func (s *Service) DeleteLocation(ctx context.Context, actor Actor, tenant Tenant, id LocationID) error {
	return s.withLocation(ctx, tenant, id, func(tx Tx, l Location) error {
		if l.Calling {
			return fault.New(fault.Conflict, "The location %s has calling. Switch calling off first.", l.Name).WithCode(fault.CodeAssigned)
		}
		if err := isEmpty(ctx, tx, l); err != nil {
			return err
		}
		if err := tx.DeleteLocation(ctx, l.Tenant(), id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventLocationDeleted, string(id), map[string]any{"name": l.Name})
	})
}

// isEmpty refuses what a location can't lose while something belongs to it.
func isEmpty(ctx context.Context, tx Tx, l Location) error {
	uses, err := tx.LocationUses(ctx, l.Tenant(), l.ID)
	if err != nil || uses.any() {
		return orConflict(err, fault.CodeAssigned, "%s belong to the location %s. Move or remove them first.", uses, l.Name)
	}
	return nil
}

// withLocation runs fn in a transaction, on a location as it is there.
func (s *Service) withLocation(ctx context.Context, tenant Tenant, id LocationID, fn func(Tx, Location) error) error {
	known, err := s.store.Location(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		l, err := tx.Location(ctx, known.Tenant(), id)
		if err != nil {
			return err
		}
		return fn(tx, l)
	})
}
