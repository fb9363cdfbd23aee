package customer

import (
	"context"
	"time"
)

// FloorID names a floor of a location, a UUID.
type FloorID string

// Floor is a floor of a location's building.
type Floor struct {
	ID       FloorID
	Partner  OrgID
	Org      OrgID
	Location LocationID
	Number   int    // -100 to 1000, 0 for the ground floor; unique in the location
	Name     string // at most 128 characters
	Created  time.Time
}

// NewFloor is the input of CreateFloor, and of ChangeFloor, which replaces the whole.
type NewFloor struct {
	Number *int   // needed
	Name   string // at most 128 characters
}

// The bounds of a floor's number, beyond every building that there is.
const (
	lowestFloor  = -100
	highestFloor = 1000
)

func (p *problems) floor(f Floor, in NewFloor) Floor {
	f.Name = p.optionalText("displayName", in.Name, 128)
	switch {
	case in.Number == nil:
		p.missing("floorNumber", "is needed")
	case *in.Number < lowestFloor || *in.Number > highestFloor:
		p.add("floorNumber", "must be %d to %d; it is %d", lowestFloor, highestFloor, *in.Number)
	default:
		f.Number = *in.Number
	}
	return f
}

// CreateFloor adds a floor to a location. fault.Conflict when the location has one of that number.
func (s *Service) CreateFloor(ctx context.Context, actor Actor, tenant Tenant, location LocationID, in NewFloor) (Floor, error) {
	var f Floor
	err := s.withLocation(ctx, tenant, location, func(tx Tx, l Location) error {
		var p problems
		f = p.floor(Floor{ID: FloorID(s.newID()), Partner: l.Partner, Org: l.Org, Location: l.ID, Created: s.now()}, in)
		if err := p.err("The floor can't be created"); err != nil {
			return err
		}
		if err := tx.CreateFloor(ctx, f); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventFloorCreated, string(f.ID), f.facts())
	})
	return f, err
}

// ChangeFloor replaces a floor's number and name. fault.Conflict when the location has another of that number.
func (s *Service) ChangeFloor(ctx context.Context, actor Actor, tenant Tenant, location LocationID, id FloorID, in NewFloor) (Floor, error) {
	var after Floor
	err := s.withLocation(ctx, tenant, location, func(tx Tx, l Location) error {
		before, err := tx.Floor(ctx, l.Tenant(), location, id)
		if err != nil {
			return err
		}
		var p problems
		after = p.floor(before, in)
		if err := p.err("The floor can't be changed"); err != nil {
			return err
		}
		if err := tx.SetFloor(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventFloorChanged, string(id), map[string]any{"before": before.facts(), "after": after.facts()})
	})
	return after, err
}

// DeleteFloor deletes a floor.
func (s *Service) DeleteFloor(ctx context.Context, actor Actor, tenant Tenant, location LocationID, id FloorID) error {
	return s.withLocation(ctx, tenant, location, func(tx Tx, l Location) error {
		f, err := tx.Floor(ctx, l.Tenant(), location, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteFloor(ctx, l.Tenant(), location, id); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventFloorDeleted, string(id), f.facts())
	})
}

// Floor returns one floor.
func (s *Service) Floor(ctx context.Context, tenant Tenant, location LocationID, id FloorID) (Floor, error) {
	if _, err := s.store.Location(ctx, tenant, location); err != nil {
		return Floor{}, err
	}
	return s.store.Floor(ctx, tenant, location, id)
}

// Floors lists a location's floors. fault.NotFound when the location isn't the tenant's.
func (s *Service) Floors(ctx context.Context, tenant Tenant, location LocationID, page Page) ([]Floor, bool, error) {
	if _, err := s.store.Location(ctx, tenant, location); err != nil {
		return nil, false, err
	}
	return s.store.Floors(ctx, tenant, location, page)
}

func (f Floor) facts() map[string]any {
	return map[string]any{"location": f.Location, "number": f.Number, "name": f.Name}
}
