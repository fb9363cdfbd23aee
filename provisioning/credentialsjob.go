package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// RotationRequest asks for new SIP passwords for all devices of an organisation, or of one of its locations.
type RotationRequest struct {
	Location customer.LocationID // empty: the organisation
	Overlap  time.Duration       // as in Service.Rotate
}

// CompromiseRequest asks to end everything that whoever holds the secrets of an organisation's devices, or of a location's, could do with them.
type CompromiseRequest struct {
	Location customer.LocationID // empty: the organisation
	Enrol    time.Duration       // as in Service.AnswerCompromise
}

// credentialsWork replaces the secrets of devices.
type credentialsWork struct {
	plainWork
	Location    customer.LocationID `json:"location,omitempty"`
	Compromised bool                `json:"compromised,omitempty"`
	Overlap     time.Duration       `json:"overlap,omitempty"` // nanoseconds, as Enrol
	Enrol       time.Duration       `json:"enrol,omitempty"`
}

func (r RotationRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (DeviceJobKind, customer.LocationID, deviceWork, error) {
	overlap, err := checkOverlap(r.Overlap)
	if err != nil {
		return "", "", nil, err
	}
	return JobRotateCredentials, r.Location, credentialsWork{Location: r.Location, Overlap: overlap}, s.mayBeLocation(ctx, tenant, r.Location)
}

func (r CompromiseRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (DeviceJobKind, customer.LocationID, deviceWork, error) {
	if err := checkEnrol(r.Enrol); err != nil {
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
func inLocation(id customer.LocationID) DeviceTargets {
	if id == "" {
		return DeviceTargets{}
	}
	return DeviceTargets{Locations: []customer.LocationID{id}}
}

func (w credentialsWork) targets() DeviceTargets { return inLocation(w.Location) }

func (w credentialsWork) change(ctx context.Context, s *Service, tx Tx, j DeviceJob, d Device) (outcome, error) {
	if w.Compromised {
		return outcome{updated: true}, s.answerCompromise(ctx, tx, j.actor(), d, w.Enrol)
	}
	return outcome{updated: true}, s.rotateLines(ctx, tx, j.actor(), d, rotation{overlap: w.Overlap})
}

// checkEnrol checks the length of the window that follows a compromise; 0 for none.
func checkEnrol(enrol time.Duration) error {
	if enrol != 0 && (enrol < minEnrolment || enrol > maxEnrolment) {
		return fault.InvalidField("enrolMinutes", "must be 1 to %d", int(maxEnrolment/time.Minute))
	}
	return nil
}
