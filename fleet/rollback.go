package fleet

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// RollbackRequest asks to bring back what an organisation, or one of its locations, and all devices in it were told at a moment.
type RollbackRequest struct {
	Location customer.LocationID // empty: the organisation with all its locations
	To       time.Time           // not in the future
}

// rollbackWork restores the settings of levels, and then each device.
type rollbackWork struct {
	plainWork
	Location customer.LocationID `json:"location,omitempty"`
	To       time.Time           `json:"to"`
}

func (r RollbackRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	if r.To.IsZero() {
		return "", "", nil, fault.InvalidField("to", "is needed: a moment such as 2026-05-01T08:00:00Z").WithCode(fault.CodeMissing)
	}
	if r.To.After(s.now()) {
		return "", "", nil, fault.InvalidField("to", "is in the future")
	}
	return JobRollBack, r.Location, rollbackWork{Location: r.Location, To: r.To}, s.mayBeLocation(ctx, tenant, r.Location)
}

func (w rollbackWork) targets() provisioning.DeviceTargets { return inLocation(w.Location) }

// begin restores what was set on the levels, before any device is told.
func (w rollbackWork) begin(ctx context.Context, s *Service, tx Tx, j Job) error {
	if w.Location != "" {
		return w.restore(ctx, s, tx, j, deviceprofiles.LevelLocation, string(w.Location))
	}
	if err := w.restore(ctx, s, tx, j, deviceprofiles.LevelOrganization, string(j.Org)); err != nil {
		return err
	}
	page := customer.Page{Max: 500}
	for {
		list, more, err := tx.Locations(ctx, j.Tenant(), customer.LocationFilter{}, page)
		if err != nil {
			return err
		}
		for _, l := range list {
			if err := w.restore(ctx, s, tx, j, deviceprofiles.LevelLocation, string(l.ID)); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		page.Offset += len(list)
	}
}

func (w rollbackWork) restore(ctx context.Context, s *Service, tx Tx, j Job, level deviceprofiles.SettingLevel, subject string) error {
	return s.core.RestoreLevel(ctx, tx, j.actor(), provisioning.Level{Level: level, Subject: subject, Tenant: j.Tenant()}, w.To, map[string]any{"job": j.ID})
}

// change restores one device. One that came later keeps what is its own, and is told of the levels.
func (w rollbackWork) change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error) {
	if d.Created.After(w.To) {
		_, err := s.core.Publish(ctx, tx, j.actor(), d.Tenant(), d.ID, customer.EventDeviceRolledBack, map[string]any{"job": j.ID})
		return outcome{updated: true}, err
	}
	_, err := s.core.RollBackIn(ctx, tx, j.actor(), d.Tenant(), d.ID, provisioning.Moment{Time: w.To})
	return outcome{updated: true}, err
}
