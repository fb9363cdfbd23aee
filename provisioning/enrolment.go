package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// An enrolment window is for one phone: who fetches the phone's own file first has it alone from then on, and it closes when the phone comes back with what
// the file told it.

// What happens in enrolment windows beside their opening and closing.
const (
	EventEnrolmentUsed      customer.EventKind = "enrolment.used"      // peer: who fetched first
	EventEnrolmentContested customer.EventKind = "enrolment.contested" // peer and other: a second address asked, and was refused; once a window
)

// maxEnrolmentPeers is how many addresses a window remembers: the first, and the first other one.
const maxEnrolmentPeers = 2

// windowFor reports whether an open window is there for an address, as sourceOf gives it.
func (d Device) windowFor(source string) bool {
	return len(d.EnrolmentPeers) == 0 || d.EnrolmentPeers[0] == source
}

// takeWindow binds an open window to the address that was the first to fetch. fault.Denied: another one was faster, or the window was closed meanwhile.
func (s *Service) takeWindow(ctx context.Context, d Device, source string) error {
	if len(d.EnrolmentPeers) > 0 {
		return nil // it is bound, and to this address: admit has seen to that
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		now, err := tx.Device(ctx, d.Tenant(), d.ID)
		switch {
		case fault.Is(err, fault.NotFound) || err == nil && (now.MAC != d.MAC || !now.EnrolmentOpen(s.now()) || !now.windowFor(source)):
			return denied()
		case err != nil:
			return err
		case len(now.EnrolmentPeers) > 0:
			return nil
		}
		if err := tx.SetEnrolmentPeers(ctx, d.Tenant(), d.ID, []string{source}); err != nil {
			return err
		}
		return s.record(ctx, tx, customer.System(d.Partner), d, EventEnrolmentUsed, map[string]any{"peer": source})
	})
}

// noteContest records that a second address came into a window; more of them stand in the trace alone.
func (s *Service) noteContest(ctx context.Context, d Device, source string) error {
	if len(d.EnrolmentPeers) >= maxEnrolmentPeers {
		return nil
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		now, err := tx.Device(ctx, d.Tenant(), d.ID)
		if fault.Is(err, fault.NotFound) || err == nil && (len(now.EnrolmentPeers) != 1 || now.EnrolmentPeers[0] == source) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.SetEnrolmentPeers(ctx, d.Tenant(), d.ID, append(now.EnrolmentPeers, source)); err != nil {
			return err
		}
		facts := map[string]any{"peer": now.EnrolmentPeers[0], "other": source}
		return s.record(ctx, tx, customer.System(d.Partner), d, EventEnrolmentContested, facts)
	})
}

// leaveWindow closes the window of a phone that has proven itself: it needs it no more. That it couldn't be closed isn't the phone's fault.
func (s *Service) leaveWindow(ctx context.Context, d Device) {
	if !d.EnrolmentOpen(s.now()) {
		return
	}
	err := s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		now, err := tx.Device(ctx, d.Tenant(), d.ID)
		if err != nil || !now.EnrolmentOpen(s.now()) || !now.EnrolmentUntil.Equal(d.EnrolmentUntil) { // closed meanwhile, or opened again
			return err
		}
		if err := tx.SetEnrolment(ctx, d.Tenant(), d.ID, time.Time{}); err != nil {
			return err
		}
		return s.record(ctx, tx, customer.System(d.Partner), d, customer.EventEnrolmentClosed, map[string]any{"proven": true})
	})
	if err != nil {
		s.logger.WarnContext(ctx, "the enrolment window of a phone that has proven itself stays open", "device", d.ID, "error", err)
	}
}
