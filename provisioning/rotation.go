package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/secret"
)

// The bounds of the overlap in which a line's old and new password both count: a phone that is switched off over a holiday still finds its way.
const (
	usualOverlap = 72 * time.Hour
	maxOverlap   = 30 * 24 * time.Hour
)

// SetPassword replaces the SIP password of a device's lines by one that somebody chose; the phone is to fetch its configuration again. The one before
// counts beside it for the usual overlap.
func (s *Service) SetPassword(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, password secret.Text) error {
	if err := deviceprofiles.CheckPassword("sipPassword", password); err != nil {
		return err
	}
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		return s.rotateLines(ctx, tx, actor, d, rotation{password: password, overlap: usualOverlap})
	})
}

// rotation says how the passwords of a device's lines are replaced.
type rotation struct {
	password secret.Text   // for all lines; zero: each gets one that is made
	overlap  time.Duration // in which the ones before count, too; 0: they end at once, and the registrations with them
}

// rotateLines replaces the passwords of a device's lines and publishes that.
func (s *Service) rotateLines(ctx context.Context, tx Tx, actor customer.Actor, d Device, r rotation) error {
	if err := s.renewLines(ctx, tx, d, r); err != nil {
		return err
	}
	_, err := s.publish(ctx, tx, actor, d.Tenant(), d.ID, customer.EventCredentialsRotated, map[string]any{"overlapMinutes": int(r.overlap / time.Minute)})
	return err
}

// renewLines replaces the passwords of a device's lines; its caller publishes that.
func (s *Service) renewLines(ctx context.Context, tx Tx, d Device, r rotation) error {
	lines, err := tx.Lines(ctx, d.Tenant(), d.ID)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.rotateLine(ctx, tx, l, r); err != nil {
			return err
		}
	}
	if r.overlap == 0 {
		return tx.DeleteBindings(ctx, d.Tenant(), d.ID)
	}
	return nil
}

func (s *Service) rotateLine(ctx context.Context, tx Tx, l Line, r rotation) error {
	if err := s.keepPrevious(&l, r.overlap); err != nil {
		return err
	}
	password := r.password
	l.Revealed = !password.IsZero()
	if password.IsZero() {
		var err error
		if password, err = secret.NewPassword(s.random); err != nil {
			return err
		}
	}
	if err := s.sealLine(&l, password); err != nil {
		return err
	}
	return tx.SetLineSecret(ctx, l.Tenant(), l)
}
