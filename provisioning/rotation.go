package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// The bounds of the overlap in which a line's old and new password both count: a phone that is switched off over a holiday still finds its way.
const (
	usualOverlap = 72 * time.Hour
	minOverlap   = time.Minute
	maxOverlap   = 30 * 24 * time.Hour
)

// LineCredentials is what a phone shows to register one line.
type LineCredentials struct {
	Line
	Password      secret.Text // zero: it was shown before, or somebody chose it
	OutboundProxy string      // host, with a port if the phone mustn't look it up
	Transport     deviceprofiles.SIPTransport
}

// Credentials returns what a device's lines register with, without passwords.
func (s *Service) Credentials(ctx context.Context, tenant customer.Tenant, id DeviceID) ([]LineCredentials, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	lines, err := s.store.Lines(ctx, d.Tenant(), id)
	if err != nil {
		return nil, err
	}
	out := make([]LineCredentials, len(lines))
	for i, l := range lines {
		sip := s.sipFor(l.Domain)
		out[i] = LineCredentials{Line: l, OutboundProxy: hostPort(sip), Transport: sip.Transport}
	}
	return out, nil
}

// RevealCredentials returns a device's credentials with the passwords that nobody has seen yet, and marks them as seen: each is shown once.
// fault.Conflict with fault.CodeRevealed when there is none.
func (s *Service) RevealCredentials(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) ([]LineCredentials, error) {
	all, err := s.Credentials(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		lines, err := tx.Lines(ctx, d.Tenant(), id) // as they are now that nobody else changes them
		if err != nil {
			return err
		}
		return s.reveal(ctx, tx, actor, d, lines, all)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (s *Service) reveal(ctx context.Context, tx Tx, actor customer.Actor, d Device, lines []Line, into []LineCredentials) error {
	ports := []int{}
	for _, l := range lines {
		for i := range into {
			if into[i].ID != l.ID || l.Revealed {
				continue
			}
			password, err := s.open(passwordOwner(l.ID), l.Password)
			if err != nil {
				return err
			}
			l.Revealed = true
			if err := tx.SetLineSecret(ctx, d.Tenant(), l); err != nil {
				return err
			}
			into[i].Line, into[i].Password = l, password
			ports = append(ports, l.Port)
		}
	}
	if len(ports) == 0 {
		return fault.New(fault.Conflict, "The passwords of this device were shown before, or chosen by somebody. Rotate them to get new ones.").WithCode(fault.CodeRevealed)
	}
	return s.record(ctx, tx, actor, d, customer.EventCredentialsShown, map[string]any{"ports": ports})
}

// SetPassword replaces the SIP password of a device's lines by one that somebody chose; the phone is to fetch its configuration again. The one before
// counts beside it for the usual overlap.
func (s *Service) SetPassword(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, password secret.Text) error {
	if err := deviceprofiles.CheckPassword("sipPassword", password); err != nil {
		return err
	}
	return s.rotate(ctx, actor, tenant, id, rotation{password: password, overlap: usualOverlap})
}

// Rotate replaces the SIP passwords of a device's lines by new ones. Those before count beside them until the phone has registered with the new ones,
// or the overlap is over: 1 minute to 30 days, 0 for the usual three days.
func (s *Service) Rotate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, overlap time.Duration) error {
	overlap, err := CheckOverlap(overlap)
	if err != nil {
		return err
	}
	return s.rotate(ctx, actor, tenant, id, rotation{overlap: overlap})
}

// CheckOverlap returns how long two passwords count, which is the usual time for 0. fault.Invalid when it is too short or too long.
func CheckOverlap(overlap time.Duration) (time.Duration, error) {
	if overlap == 0 {
		return usualOverlap, nil
	}
	if overlap < minOverlap || overlap > maxOverlap {
		return 0, fault.InvalidField("overlapMinutes", "must be 1 to %d", int(maxOverlap/time.Minute))
	}
	return overlap, nil
}

func (s *Service) rotate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, r rotation) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error { return s.rotateLines(ctx, tx, actor, d, r) })
}

// rotation says how the passwords of a device's lines are replaced.
type rotation struct {
	password secret.Text   // for all lines; zero: each gets one that is made
	overlap  time.Duration // in which the ones before count, too; 0: they end at once, and the registrations with them
}

// RotateIn is Rotate in somebody's transaction; overlap is as CheckOverlap returned it.
func (s *Service) RotateIn(ctx context.Context, tx Tx, actor customer.Actor, d Device, overlap time.Duration) error {
	return s.rotateLines(ctx, tx, actor, d, rotation{overlap: overlap})
}

// rotateLines replaces the passwords of a device's lines and publishes that.
func (s *Service) rotateLines(ctx context.Context, tx Tx, actor customer.Actor, d Device, r rotation) error {
	if err := s.replacePasswords(ctx, tx, d, r); err != nil {
		return err
	}
	_, err := s.Publish(ctx, tx, actor, d.Tenant(), d.ID, customer.EventCredentialsRotated, map[string]any{"overlapMinutes": int(r.overlap / time.Minute)})
	return err
}

func (s *Service) replacePasswords(ctx context.Context, tx Tx, d Device, r rotation) error {
	lines, err := tx.Lines(ctx, d.Tenant(), d.ID)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.rotateLine(ctx, tx, l, r); err != nil {
			return err
		}
	}
	if r.overlap > 0 {
		return nil
	}
	return tx.DeleteBindings(ctx, d.Tenant(), d.ID)
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

// AnswerCompromise ends everything that whoever holds a device's secrets could do with them, in one transaction: SIP passwords, registrations, the
// phone's password over HTTPS and that of its menu, activation code and enrolment window; the certificate that its maker built in counts no more, until another
// phone is in its place. The phone has to prove itself anew: enrol opens a window for
// that, 1 minute to 7 days; 0 leaves it closed.
func (s *Service) AnswerCompromise(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, enrol time.Duration) error {
	if err := CheckEnrol(enrol); err != nil {
		return err
	}
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		d, err := tx.Device(ctx, d.Tenant(), id)
		if err != nil {
			return err
		}
		return s.AnswerCompromiseIn(ctx, tx, actor, d, enrol)
	})
}

// AnswerCompromiseIn is AnswerCompromise in somebody's transaction, for a device as it is in that.
func (s *Service) AnswerCompromiseIn(ctx context.Context, tx Tx, actor customer.Actor, d Device, enrol time.Duration) error {
	d.Activation.Hash, d.Activation.Expires, d.EnrolmentUntil, d.EnrolmentPeers = nil, time.Time{}, time.Time{}, nil
	d.CertificateBarred = true
	if enrol > 0 {
		d.EnrolmentUntil = s.now().Add(enrol).Truncate(time.Millisecond)
	}
	if err := s.newAccess(&d); err != nil {
		return err
	}
	if err := tx.SetDevice(ctx, d); err != nil {
		return err
	}
	if err := s.replacePasswords(ctx, tx, d, rotation{}); err != nil {
		return err
	}
	_, err := s.Publish(ctx, tx, actor, d.Tenant(), d.ID, customer.EventDeviceCompromised, map[string]any{"enrolMinutes": int(enrol / time.Minute)})
	return err
}

// CheckEnrol refuses a length of the window that follows a compromise, with fault.Invalid; 0 is for none.
func CheckEnrol(enrol time.Duration) error {
	if enrol != 0 && (enrol < minEnrolment || enrol > maxEnrolment) {
		return fault.InvalidField("enrolMinutes", "must be 1 to %d", int(maxEnrolment/time.Minute))
	}
	return nil
}
