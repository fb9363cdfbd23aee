package provisioning

import (
	"context"
	"maps"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Level is an organisation, a location or a device, on which something is set.
type Level struct {
	Level   deviceprofiles.SettingLevel
	Subject string          // its id
	Tenant  customer.Tenant // the organisation
}

// RestoreLevel sets on an organisation or a location what was set there at a moment, in somebody's transaction; facts are what the event says beside that. Who
// set it, and when, comes back with it. No device is told. fault.Conflict when that moment is forgotten.
func (s *Service) RestoreLevel(ctx context.Context, tx Tx, actor customer.Actor, l Level, to time.Time, facts map[string]any) error {
	now, err := tx.Settings(ctx, l.Tenant, l.Subject)
	if err != nil {
		return err
	}
	then, err := levelAt(ctx, tx, l.Tenant, l.Subject, to)
	if err != nil {
		return err
	}
	if len(now) == 0 && len(then.Settings) == 0 {
		return nil
	}
	frame := Setting{Subject: l.Subject, Level: l.Level, Partner: l.Tenant.Partner, Org: l.Tenant.Customer}
	if err := restoreSettings(ctx, tx, l.Tenant, l.Subject, now, settingsAsIn(then.Settings, frame)); err != nil {
		return err
	}
	data := map[string]any{"level": l.Level, "rolledBackTo": to}
	maps.Copy(data, facts)
	event := customer.Event{Time: s.now(), Tenant: l.Tenant, Actor: actor.Email, Kind: customer.EventDeviceSettings, Subject: l.Subject, Data: data}
	if err := tx.Record(ctx, event); err != nil {
		return err
	}
	return tx.CreateLevelRevision(ctx, LevelRevision{
		Subject: l.Subject, Level: l.Level, Partner: l.Tenant.Partner, Org: l.Tenant.Customer, Time: s.now(), Actor: actor.Email, Settings: then.Settings,
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
