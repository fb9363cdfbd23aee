package provisioning

import (
	"cmp"
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Replacement is the phone that takes the place of a broken one: known by its address, or by a code that it is to bring.
type Replacement struct {
	MAC    string // in any spelling; empty with ByCode
	ByCode bool
	Model  string // wire name or display name; "": the same as before
}

// ReplaceDevice gives a device another phone. Id, owner, lines, layout and settings stay. All passwords of the old phone end at once, with its
// registrations and its enrolment window. The code is zero unless one was asked for; it is told this once.
//
// fault.Invalid names the field that breaks a rule: not exactly one of mac and byCode, a model that isn't in the catalogue, takes no code or can't have
// the device's lines. fault.Conflict (fault.CodeMACInUse) when another device has the address.
func (s *Service) ReplaceDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, in Replacement) (DeviceView, Code, error) {
	before, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return DeviceView{}, Code{}, err
	}
	model, err := replacementModel(before, in)
	if err != nil {
		return DeviceView{}, Code{}, err
	}
	next, code, err := s.nextPhone(in)
	if err != nil {
		return DeviceView{}, Code{}, err
	}
	err = s.store.Update(ctx, before.Tenant(), func(tx Tx) error {
		d, err := tx.Device(ctx, before.Tenant(), id)
		if err != nil {
			return err
		}
		if err := checkLinesFit(ctx, tx, d, model); err != nil {
			return err
		}
		return s.replace(ctx, tx, actor, d, model, next)
	})
	if err != nil {
		return DeviceView{}, Code{}, err
	}
	view, err := s.Device(ctx, before.Tenant(), id)
	return view, code, err
}

// replacementModel returns the model that a device is to have.
func replacementModel(d Device, in Replacement) (deviceprofiles.Model, error) {
	name := cmp.Or(in.Model, d.Model)
	model, ok := deviceprofiles.FindModel(name)
	switch {
	case !ok:
		return model, fault.InvalidField("model", "names no model of the catalogue")
	case in.ByCode && !takesCode(model):
		return model, refuseCode(model)
	}
	return model, nil
}

// nextPhone reads who is to come: a device with nothing but an address or an activation.
func (s *Service) nextPhone(in Replacement) (Device, Code, error) {
	if in.ByCode == (in.MAC != "") {
		return Device{}, Code{}, fault.InvalidField("mac", "exactly one of mac and byCode is needed")
	}
	if in.ByCode {
		code, activation, err := s.newCode()
		return Device{Activation: activation}, code, err
	}
	mac, err := deviceprofiles.ParseMAC(in.MAC)
	return Device{MAC: mac, Activation: Activation{State: ActivationNone}}, Code{}, err
}

// checkLinesFit checks that a model can have the lines of a device.
func checkLinesFit(ctx context.Context, tx Tx, d Device, model deviceprofiles.Model) error {
	lines, err := tx.Lines(ctx, d.Tenant(), d.ID)
	if err != nil {
		return err
	}
	needed := 0
	for _, l := range lines {
		needed = max(needed, l.Port+l.Weight-1)
		if model.VirtualLines || model.Name == d.Model {
			continue
		}
		owner, err := tx.Member(ctx, d.Tenant(), l.Owner)
		if err != nil {
			return err
		}
		if owner.Kind == customer.MemberVirtualLine {
			return fault.InvalidField("model", "%s can't have the virtual line %s, which the device has", model.DisplayName, owner.DisplayName())
		}
	}
	if err := deviceprofiles.CheckLayout(model, d.Layout); err != nil {
		return fault.InvalidField("model", "%s can't have the device's key layout: change the layout first", model.DisplayName)
	}
	if needed > model.LinePorts {
		return fault.InvalidField("model", "%s has %d lines, and the device needs %d", model.DisplayName, model.LinePorts, needed)
	}
	return nil
}

// replace puts the next phone into the place of the one that a device has.
func (s *Service) replace(ctx context.Context, tx Tx, actor customer.Actor, d Device, model deviceprofiles.Model, next Device) error {
	facts := map[string]any{"model": model.Name}
	if d.HasMAC() {
		facts["oldMac"] = d.MAC.String()
	}
	if next.HasMAC() {
		facts["mac"] = next.MAC.String()
	}
	d.MAC, d.Activation, d.Model, d.EnrolmentUntil, d.EnrolmentPeers = next.MAC, next.Activation, model.Name, time.Time{}, nil
	d.CertificateBarred = false
	if err := s.newAccess(&d); err != nil {
		return err
	}
	if err := tx.SetDevice(ctx, d); err != nil {
		return err
	}
	if err := tx.DeleteUploads(ctx, d.Tenant(), d.ID); err != nil { // they are the former phone's
		return err
	}
	if err := tx.ForgetFirmware(ctx, d.Tenant(), d.ID); err != nil {
		return err
	}
	if err := s.replacePasswords(ctx, tx, d, rotation{}); err != nil {
		return err
	}
	if d.Activation.State == ActivationWaiting {
		if err := s.recordCode(ctx, tx, actor, d); err != nil {
			return err
		}
	}
	_, err := s.Publish(ctx, tx, actor, d.Tenant(), d.ID, customer.EventDeviceReplaced, facts)
	return err
}
