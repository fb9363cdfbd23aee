package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// Layout returns what the keys of a device are for; the zero layout is the default one.
func (s *Service) Layout(ctx context.Context, tenant customer.Tenant, id DeviceID) (deviceprofiles.Layout, error) {
	d, err := s.store.Device(ctx, tenant, id)
	return d.Layout, err
}

// SetLayout says what the keys of a device are for. fault.Invalid names the fields that break a rule, in the wire's spelling.
func (s *Service) SetLayout(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, layout deviceprofiles.Layout) error {
	d, m, err := s.deviceAndModel(ctx, tenant, id)
	if err != nil {
		return err
	}
	if err := deviceprofiles.CheckLayout(m, layout); err != nil {
		return err
	}
	if !layout.Custom {
		layout = deviceprofiles.Layout{}
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		d, err := tx.Device(ctx, d.Tenant(), id)
		if err != nil {
			return err
		}
		d.Layout = layout
		if err := tx.SetDevice(ctx, d); err != nil {
			return err
		}
		_, err = s.Publish(ctx, tx, actor, d.Tenant(), id, customer.EventDeviceLayout, map[string]any{"custom": layout.Custom})
		return err
	})
}
