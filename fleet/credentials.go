package fleet

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

// RotationRequest asks for new SIP passwords for all devices of an organisation, or of one of its locations.
type RotationRequest struct {
	Location customer.LocationID // empty: the organisation
	Overlap  time.Duration       // as in provisioning.Service.Rotate
}

// CompromiseRequest asks to end everything that whoever holds the secrets of an organisation's devices, or of a location's, could do with them.
type CompromiseRequest struct {
	Location customer.LocationID // empty: the organisation
	Enrol    time.Duration       // as in provisioning.Service.AnswerCompromise
}

// credentialsWork replaces the secrets of devices.
type credentialsWork struct {
	plainWork
	Location    customer.LocationID `json:"location,omitempty"`
	Compromised bool                `json:"compromised,omitempty"`
	Overlap     time.Duration       `json:"overlap,omitempty"` // nanoseconds, as Enrol
	Enrol       time.Duration       `json:"enrol,omitempty"`
}

func (r RotationRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	overlap, err := provisioning.CheckOverlap(r.Overlap)
	if err != nil {
		return "", "", nil, err
	}
	return JobRotateCredentials, r.Location, credentialsWork{Location: r.Location, Overlap: overlap}, s.mayBeLocation(ctx, tenant, r.Location)
}

func (r CompromiseRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	if err := provisioning.CheckEnrol(r.Enrol); err != nil {
		return "", "", nil, err
	}
	return JobAnswerCompromise, r.Location, credentialsWork{Location: r.Location, Compromised: true, Enrol: r.Enrol}, s.mayBeLocation(ctx, tenant, r.Location)
}

// mayBeLocation checks a location that a request may name.
func (s *Service) mayBeLocation(ctx context.Context, tenant customer.Tenant, id customer.LocationID) error {
	if id == "" {
		return nil
	}
	_, err := s.ownLocation(ctx, tenant, id, "locationId")
	return err
}

// inLocation is every device of an organisation, or of one of its locations.
func inLocation(id customer.LocationID) provisioning.DeviceTargets {
	if id == "" {
		return provisioning.DeviceTargets{}
	}
	return provisioning.DeviceTargets{Locations: []customer.LocationID{id}}
}

func (w credentialsWork) targets() provisioning.DeviceTargets { return inLocation(w.Location) }

func (w credentialsWork) change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error) {
	if w.Compromised {
		return outcome{updated: true}, s.core.AnswerCompromiseIn(ctx, tx, j.actor(), d, w.Enrol)
	}
	return outcome{updated: true}, s.core.RotateIn(ctx, tx, j.actor(), d, w.Overlap)
}
