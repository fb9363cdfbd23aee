package provisioning

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// A device that is ordered by an activation code waits without a MAC address. The phone that brings the code first becomes it.

// OrderByCode makes a device that waits for a phone, with its first line, and the code that the phone must bring within seven days. The code is told
// this once. Errors are those of AddDevice; fault.Invalid names the model, too, when its phones take no code.
func (s *Service) OrderByCode(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in NewDevice) (DeviceView, Code, error) {
	if model, ok := deviceprofiles.FindModel(in.Model); ok && !takesCode(model) {
		return DeviceView{}, Code{}, refuseCode(model)
	}
	code, activation, err := s.newCode()
	if err != nil {
		return DeviceView{}, Code{}, err
	}
	d, err := s.addDevice(ctx, actor, tenant, in, Device{Activation: activation})
	if err != nil {
		return DeviceView{}, Code{}, err
	}
	return d, code, nil
}

// ReissueCode gives a device that waits for its phone another code, told this once; the one before ends. fault.Conflict (fault.CodeHasPhone) when a
// phone has come already.
func (s *Service) ReissueCode(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) (Code, error) {
	code, activation, err := s.newCode()
	if err != nil {
		return Code{}, err
	}
	err = s.changeWaiting(ctx, tenant, id, func(tx Tx, d Device) error {
		d.Activation = activation
		if err := tx.SetDevice(ctx, d); err != nil {
			return err
		}
		return s.recordCode(ctx, tx, actor, d)
	})
	if err != nil {
		return Code{}, err
	}
	return code, nil
}

// CancelCode ends the code of a device that waits for its phone. The device stays, without a code until one is issued again; that there is none is
// fine. fault.Conflict (fault.CodeHasPhone) when a phone has come already.
func (s *Service) CancelCode(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) error {
	return s.changeWaiting(ctx, tenant, id, func(tx Tx, d Device) error {
		if d.Activation.Hash == nil {
			return nil
		}
		d.Activation = Activation{State: ActivationWaiting}
		if err := tx.SetDevice(ctx, d); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, d, customer.EventDeviceCodeCancelled, nil)
	})
}

// changeWaiting runs a change of a device that waits for its phone, in one transaction.
func (s *Service) changeWaiting(ctx context.Context, tenant customer.Tenant, id DeviceID, change func(tx Tx, d Device) error) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		d, err := tx.Device(ctx, d.Tenant(), id)
		if err != nil {
			return err
		}
		if d.HasMAC() {
			return fault.New(fault.Conflict, "The device has a phone, %s. Replace the phone if another one is to take its place.", d.MAC).WithCode(fault.CodeHasPhone)
		}
		return change(tx, d)
	})
}

// Arrival is a phone that brings an activation code.
type Arrival struct {
	Code     secret.Text // sixteen digits, as deviceprofiles.ParseCode gives them
	MAC      deviceprofiles.MAC
	Families []deviceprofiles.Family // of which the phone can be
	Vendor   deviceprofiles.Family   // whose block the address is from, where that is all that is known of the phone; "" otherwise
}

// fits reports whether the phone can be of a model.
func (a Arrival) fits(model deviceprofiles.Model) bool {
	return slices.Contains(a.Families, model.Family) && (a.Vendor == "" || deviceprofiles.SameVendor(a.Vendor, model.Family))
}

// ActivateWithCode lets a phone become the device that waits for its code, in one transaction: the code counts no more, the device has the phone's
// address and new credentials, and a revision with files. It returns the device as it is then, and the rule that decided.
//
// fault.Denied, always the same: the code is wrong, used, replaced or over, or the phone is of another family. fault.Conflict (fault.CodeMACInUse):
// a device has the phone's address; the code counts on. It doesn't throttle; Open does.
func (s *Service) ActivateWithCode(ctx context.Context, a Arrival) (Device, string, error) {
	d, err := s.deviceByCode(ctx, a.Code)
	if fault.Is(err, fault.NotFound) {
		return Device{}, RuleWrongCode, denied()
	}
	if err != nil {
		return Device{}, RuleBroken, err
	}
	if rule := s.refusal(d, d.Activation.Hash, a); rule != "" {
		return d, rule, denied()
	}
	rule := RuleActivated
	err = s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		now, err := tx.Device(ctx, d.Tenant(), d.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if rule = s.refusal(now, d.Activation.Hash, a); rule != "" { // another phone was faster, or an administrator
			return denied()
		}
		rule = RuleActivated
		d, err = s.activate(ctx, tx, now, a.MAC)
		return err
	})
	switch {
	case fault.Is(err, fault.Conflict):
		rule = RuleTakenMAC
	case err != nil && !fault.Is(err, fault.Denied):
		rule = RuleBroken
	}
	return d, rule, err
}

// refusal says why a code with a hash doesn't make a phone a device; "" if it does.
func (s *Service) refusal(d Device, hash []byte, a Arrival) string {
	model, ok := deviceprofiles.FindModel(d.Model)
	switch {
	case d.Activation.Hash == nil || !bytes.Equal(d.Activation.Hash, hash):
		return RuleWrongCode
	case !s.now().Before(d.Activation.Expires):
		return RuleExpiredCode
	case a.MAC == deviceprofiles.MAC{}:
		return RuleNameless
	case !ok || !a.fits(model):
		return RuleOtherFamily
	}
	return ""
}

// activate gives a device its phone. A window that was opened while it waited is closed: the code has proven the phone.
func (s *Service) activate(ctx context.Context, tx Tx, d Device, mac deviceprofiles.MAC) (Device, error) {
	d.MAC, d.Activation, d.EnrolmentUntil, d.EnrolmentPeers = mac, Activation{State: ActivationDone}, time.Time{}, nil
	d.CertificateBarred = false
	if err := s.newAccess(&d); err != nil {
		return d, err
	}
	if err := tx.SetDevice(ctx, d); err != nil {
		return d, err
	}
	var err error
	d.Revision, err = s.Publish(ctx, tx, customer.System(d.Partner), d.Tenant(), d.ID, customer.EventDeviceActivated, map[string]any{"mac": mac.String()})
	return d, err
}

// openByCode opens the own file of a phone that brings an activation code, which makes it a device. Every code that doesn't count is refused alike, as
// a phone without credentials is. In the clear a code isn't even looked at: whoever listens has it, too.
func (s *Service) openByCode(ctx context.Context, hit deviceprofiles.Hit, r Request) (verdict, error) {
	switch {
	case r.Transport != HTTPS:
		return verdict{rule: RuleClearCode}, denied()
	case r.Header:
		return verdict{rule: RuleNoProof}, denied()
	}
	if wait := s.guesses.wait(r.Peer.Addr()); wait > 0 {
		e := fault.New(fault.Limited, "Too many wrong activation codes. Wait before the next try.")
		e.RetryAfter = wait
		return verdict{rule: RuleGuessing}, e
	}
	note, other := s.otherPhone(&hit, r)
	if other {
		s.countGuess(ctx, r.Peer.Addr())
		return verdict{rule: RuleOtherCertificate}, denied()
	}
	d, rule, err := s.ActivateWithCode(ctx, Arrival{Code: hit.Code, MAC: hit.MAC, Families: hit.Families, Vendor: hit.Vendor})
	v := verdict{device: d.ID, rule: rule, note: note}
	switch {
	case fault.Is(err, fault.Denied) || fault.Is(err, fault.Conflict):
		s.countGuess(ctx, r.Peer.Addr())
		return v, denied()
	case err != nil:
		return v, err
	}
	s.probers.welcome(s.probers.placeOf(r.Peer.Addr(), d.MAC))
	v.opened, err = s.render(ctx, d, ownFile(d), "")
	return v, err
}

// ownFile is the name of the file that holds what a phone is told.
func ownFile(d Device) string {
	model, _ := deviceprofiles.FindModel(d.Model)
	for _, asset := range deviceprofiles.Files(model, d.MAC) {
		if asset.Secret {
			return asset.Path[strings.LastIndexByte(asset.Path, '/')+1:]
		}
	}
	return ""
}
