package provisioning

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/fault"
)

// Notification is what one phone is told over SIP, and the way to it.
type Notification struct {
	Binding          Binding
	UserName, Domain string // of the line
	Event            string // with its parameters, as of the phone's family
	ContentType      string // "" without a body
	Body             string
	// HA1 answers a phone that asks who we are, for a realm that it names.
	HA1 func(a digest.Algorithm, realm string) (string, error)
}

// NotifyAnswer is what a phone said. It is no success: that is the fetch that follows.
type NotifyAnswer struct {
	Status     int
	Reason     string
	Challenged bool // it asked who we are, and was told
}

// Notifier tells phones. The door for SIP is one.
type Notifier interface {
	// Reaches reports whether a binding's phone can be reached from this node.
	Reaches(b Binding) bool
	// Notify tells one phone, and waits for its answer, at most some 32 seconds. fault.NotFound: its connection isn't open here. fault.Unavailable: nobody
	// answered. fault.Denied: it asked who we are in a way that can't be answered. fault.Limited: too many are being told.
	Notify(ctx context.Context, n Notification) (NotifyAnswer, error)
}

// NotifyAction is what a phone is told to do.
type NotifyAction string

// The actions.
const (
	ActionResync NotifyAction = "resync" // fetch the configuration again
	ActionReboot NotifyAction = "reboot"
)

// Bell is a device whose phone is to be told something. A device has one at most: what is ordered while one waits is the same ring.
type Bell struct {
	Device   DeviceID
	Partner  customer.OrgID
	Org      customer.OrgID
	Action   NotifyAction
	Revision int64     // the phone has done what it was told when it fetched this one or a later one
	Asked    bool      // somebody asked for it: then a fetch from before doesn't count
	Rung     time.Time // when it was ordered
	Due      time.Time // when the phone is told, or told again; zero: when it registers
	Told     time.Time // when its phone last answered; zero: never
	Attempts int
}

// Tenant returns whose device it is.
func (b Bell) Tenant() customer.Tenant {
	return customer.Tenant{Partner: b.Partner, Customer: b.Org}
}

// FetchedBell is one that has done its work.
type FetchedBell struct {
	Bell
	Fetched time.Time // when the phone last fetched its own file
}

// BellTurn says which bells a node takes, and how many.
type BellTurn struct {
	Node        string // that the phones' registrations came to
	Now, Until  time.Time
	Most        int
	PerCustomer int
}

// BellTx writes bells with what they are rung for.
type BellTx interface {
	// Ring orders a bell, in place of what was ordered for the device before; a reboot that nobody was told yet stays one.
	Ring(ctx context.Context, b Bell) error
}

// BellStore is where bells wait for the node that can reach their phone.
type BellStore interface {
	// BellOf returns the bell of a device; fault.NotFound when none is rung.
	BellOf(ctx context.Context, tenant customer.Tenant, device DeviceID) (Bell, error)
	// Fetched returns the newest revision that a device's phone has fetched, 0 for none, and when it last fetched.
	Fetched(ctx context.Context, tenant customer.Tenant, device DeviceID) (revision int64, at time.Time, err error)
	// AnyTenantTakeBells counts an attempt for bells that are due and whose phone has a valid registration with the node, and makes them due again at the
	// end of the turn, so that nobody else takes them before. Those that wait longest come first.
	AnyTenantTakeBells(ctx context.Context, turn BellTurn) ([]Bell, error)
	// AnyTenantFetchedBells deletes the bells whose phones have fetched, at most so many, and returns them.
	AnyTenantFetchedBells(ctx context.Context, most int) ([]FetchedBell, error)
	// AnyTenantParkBells makes bells that are due, and whose phones aren't registered anywhere, wait until these register, and those whose phones are registered
	// with nodes alone that aren't there wait until a moment; at most so many of each.
	AnyTenantParkBells(ctx context.Context, now, until time.Time, most int) error
	// SetBell replaces Due, Told and Attempts, unless another one was rung since.
	SetBell(ctx context.Context, b Bell) error
	// DropBell deletes a bell, unless another one was rung since.
	DropBell(ctx context.Context, b Bell) error
	// WakeBell makes a bell that waits for its phone to register due at a moment.
	WakeBell(ctx context.Context, tenant customer.Tenant, device DeviceID, due time.Time) error
}

// How long a bell waits before it rings. Somebody who saves three times within a second rings once, and phones of a site don't fetch in the same moment.
const (
	bellPause  = time.Second
	bellJitter = 2 * time.Second
	// wakePause is how long a phone that has just registered is left alone: it may be about to fetch by itself.
	wakePause = 3 * time.Second
)

// ring orders that a device's phone is told. Nothing for phones that aren't known to obey, and for those that were never seen: they fetch at their boot.
func (s *Service) ring(ctx context.Context, tx BellTx, d Device, action NotifyAction, asked bool) error {
	if _, can := s.eventFor(d, action); !can || d.FirstSeen.IsZero() {
		return nil
	}
	now := s.now()
	return tx.Ring(ctx, Bell{
		Device: d.ID, Partner: d.Partner, Org: d.Org, Action: action, Revision: d.Revision, Asked: asked, Rung: now, Due: now.Add(bellPause + s.jitter(bellJitter)),
	})
}

// jitter is a random part of a time.
func (s *Service) jitter(most time.Duration) time.Duration {
	var raw [2]byte
	if _, err := io.ReadFull(s.random, raw[:]); err != nil {
		return most
	}
	return most * time.Duration(binary.BigEndian.Uint16(raw[:])) >> 16
}

// eventFor is the event by which a device's phone is told to do something; false when it can't be told.
func (s *Service) eventFor(d Device, action NotifyAction) (deviceprofiles.NotifyEvents, bool) {
	model, _ := deviceprofiles.FindModel(d.Model)
	events, known := deviceprofiles.NotifyEventsOf(model.Family)
	if !known || !d.HasMAC() || !model.Configured() {
		return events, false
	}
	if action == ActionReboot {
		events.Resync = events.Reboot
	}
	return events, events.Resync != ""
}

// Reboot tells a device's phone to restart: fault.Invalid when phones of its model can't be told to.
func (s *Service) Reboot(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	if _, can := s.eventFor(d, ActionReboot); !can {
		model, _ := deviceprofiles.FindModel(d.Model)
		return fault.New(fault.Invalid, "A %s can't be told to restart over SIP: switch its power off and on.", model.DisplayName)
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		if err := s.ring(ctx, tx, d, ActionReboot, true); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, d, customer.EventDeviceReboot, map[string]any{"revision": d.Revision})
	})
}

// wake lets the bell of a phone that has just registered ring. What fails is only late: the phone registers again.
func (s *Service) wake(ctx context.Context, line LineOwner) {
	if !line.Bell {
		return
	}
	if err := s.store.WakeBell(ctx, line.Tenant(), line.Device, s.now().Add(wakePause)); err != nil {
		s.logger.WarnContext(ctx, "a phone is told of a change when it registers next", "device", line.Device, "error", err)
	}
}
