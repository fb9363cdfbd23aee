package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
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

func (r RollbackRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (DeviceJobKind, customer.LocationID, deviceWork, error) {
	if r.To.IsZero() {
		return "", "", nil, fault.InvalidField("to", "is needed: a moment such as 2026-05-01T08:00:00Z").WithCode(fault.CodeMissing)
	}
	if r.To.After(s.now()) {
		return "", "", nil, fault.InvalidField("to", "is in the future")
	}
	return JobRollBack, r.Location, rollbackWork{Location: r.Location, To: r.To}, s.mayBeLocation(ctx, tenant, r.Location)
}

func (w rollbackWork) targets() DeviceTargets { return inLocation(w.Location) }

// begin restores what was set on the levels, before any device is told.
func (w rollbackWork) begin(ctx context.Context, s *Service, tx Tx, j DeviceJob) error {
	if w.Location != "" {
		return s.restoreLevel(ctx, tx, j, deviceprofiles.LevelLocation, string(w.Location), w.To)
	}
	if err := s.restoreLevel(ctx, tx, j, deviceprofiles.LevelOrganization, string(j.Org), w.To); err != nil {
		return err
	}
	page := customer.Page{Max: 500}
	for {
		list, more, err := tx.Locations(ctx, j.Tenant(), customer.LocationFilter{}, page)
		if err != nil {
			return err
		}
		for _, l := range list {
			if err := s.restoreLevel(ctx, tx, j, deviceprofiles.LevelLocation, string(l.ID), w.To); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		page.Offset += len(list)
	}
}

// restoreLevel sets on a level what was set there at a moment. Who set it, and when, comes back with it.
func (s *Service) restoreLevel(ctx context.Context, tx Tx, j DeviceJob, level deviceprofiles.SettingLevel, subject string, to time.Time) error {
	now, err := tx.Settings(ctx, j.Tenant(), subject)
	if err != nil {
		return err
	}
	then, err := levelAt(ctx, tx, j.Tenant(), subject, to)
	if err != nil {
		return err
	}
	if len(now) == 0 && len(then.Settings) == 0 {
		return nil
	}
	frame := Setting{Subject: subject, Level: level, Partner: j.Partner, Org: j.Org}
	if err := restoreSettings(ctx, tx, j.Tenant(), subject, now, settingsAsIn(then.Settings, frame)); err != nil {
		return err
	}
	facts := map[string]any{"level": level, "rolledBackTo": to, "job": j.ID}
	event := customer.Event{Time: s.now(), Tenant: j.Tenant(), Actor: j.Actor, Kind: customer.EventDeviceSettings, Subject: subject, Data: facts}
	if err := tx.Record(ctx, event); err != nil {
		return err
	}
	return tx.CreateLevelRevision(ctx, LevelRevision{
		Subject: subject, Level: level, Partner: j.Partner, Org: j.Org, Time: s.now(), Actor: j.Actor, Settings: then.Settings,
	}, keptLevelRevisions)
}

// levelAt returns what was set on a level at a moment: nothing before the first change. fault.Conflict when that is forgotten.
func levelAt(ctx context.Context, tx Tx, tenant customer.Tenant, subject string, at time.Time) (LevelRevision, error) {
	then, err := tx.LevelRevisionAt(ctx, tenant, subject, at)
	if !fault.Is(err, fault.NotFound) {
		return then, err
	}
	newest, err := tx.LevelRevisionAt(ctx, tenant, subject, farFuture())
	switch {
	case fault.Is(err, fault.NotFound):
		return LevelRevision{Settings: []SettingState{}}, nil
	case err != nil:
		return LevelRevision{}, err
	case newest.Number > keptLevelRevisions:
		return LevelRevision{}, fault.New(fault.Conflict, "What was set then is forgotten: the newest %d changes of each level are kept.", keptLevelRevisions)
	}
	return LevelRevision{Settings: []SettingState{}}, nil
}

// farFuture is behind every change.
func farFuture() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// change restores one device. One that came later keeps what is its own, and is told of the levels.
func (w rollbackWork) change(ctx context.Context, s *Service, tx Tx, j DeviceJob, d Device) (outcome, error) {
	if d.Created.After(w.To) {
		_, err := s.publish(ctx, tx, j.actor(), d.Tenant(), d.ID, customer.EventDeviceRolledBack, map[string]any{"job": j.ID})
		return outcome{updated: true}, err
	}
	_, err := s.rollBack(ctx, tx, j.actor(), d.Tenant(), d.ID, Moment{Time: w.To})
	return outcome{updated: true}, err
}
