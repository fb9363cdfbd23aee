package fleet

import (
	"context"
	"encoding/json"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// SettingsRequest asks to change static settings of an organisation, or of one of its locations.
type SettingsRequest struct {
	Location customer.LocationID // empty: the organisation
	// Enabled false takes back everything that is set on the location; nil and true set what is given.
	Enabled        *bool
	Customizations json.RawMessage // the wire's object
}

// TagsRequest asks to change dynamic settings of an organisation, or of one of its locations.
type TagsRequest struct {
	Location customer.LocationID // empty: the organisation
	Tags     []provisioning.DynamicChange
}

// settingsWork writes the settings of a level and publishes the devices that have such settings.
type settingsWork struct {
	plainWork
	Location customer.LocationID         `json:"location,omitempty"`
	Change   provisioning.SettingsChange `json:"change"`
}

// levelOf begins a change of an organisation or of one of its locations.
func (s *Service) levelOf(ctx context.Context, tenant customer.Tenant, location customer.LocationID) (provisioning.SettingsChange, error) {
	if location == "" {
		return provisioning.SettingsChange{Level: deviceprofiles.LevelOrganization, Subject: string(tenant.Customer)}, nil
	}
	l, err := s.ownLocation(ctx, tenant, location, "locationId")
	return provisioning.SettingsChange{Level: deviceprofiles.LevelLocation, Subject: string(l.ID)}, err
}

func (r SettingsRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	c, err := s.levelOf(ctx, tenant, r.Location)
	if err != nil {
		return "", "", nil, err
	}
	switch {
	case r.Location == "" && r.Enabled != nil && !*r.Enabled && len(r.Customizations) == 0:
		err = fault.InvalidField("locationId", "is needed to take back what is set on a location")
	case r.Location != "" && r.Enabled != nil && !*r.Enabled:
		c.ClearScopes = provisioning.StaticScopes(c.Level)
	case len(r.Customizations) == 0:
		err = fault.InvalidField("customizations", "is needed").WithCode(fault.CodeMissing)
	default:
		var values map[deviceprofiles.SettingKey]deviceprofiles.SettingValue
		if values, err = deviceprofiles.ParseCustomizations(r.Customizations, c.Level); err == nil {
			err = s.core.PutAll(&c, values)
		}
	}
	return JobCallDeviceSettings, r.Location, settingsWork{Location: r.Location, Change: c}, err
}

func (r TagsRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	c, err := s.levelOf(ctx, tenant, r.Location)
	if err == nil && len(r.Tags) == 0 {
		err = fault.InvalidField("tags", "must hold at least one tag").WithCode(fault.CodeMissing)
	}
	if err == nil {
		err = s.core.PutTags(&c, r.Tags, "")
	}
	return JobDynamicDeviceSettings, r.Location, settingsWork{Location: r.Location, Change: c}, err
}

func (w settingsWork) targets() provisioning.DeviceTargets {
	targets := provisioning.DeviceTargets{Models: provisioning.ModelsWith(w.Change.Scopes())}
	if w.Location != "" {
		targets.Locations = []customer.LocationID{w.Location}
	}
	return targets
}

func (w settingsWork) begin(ctx context.Context, s *Service, tx Tx, j Job) error {
	c, err := s.core.WriteSettings(ctx, tx, j.actor(), j.Tenant(), w.Change)
	if err != nil {
		return err
	}
	facts := c.Facts()
	facts["job"] = j.ID
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: j.Tenant(), Actor: j.Actor, Kind: customer.EventDeviceSettings, Subject: c.Subject, Data: facts})
}

func (w settingsWork) change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error) {
	_, err := s.core.Publish(ctx, tx, j.actor(), d.Tenant(), d.ID, customer.EventDeviceSettings, nil)
	return outcome{updated: true}, err
}

func (w settingsWork) wouldBe(s *Service, in provisioning.RenderInput) (provisioning.RenderInput, error) {
	in.Settings = s.core.Applied(w.Change, in.Device.Tenant(), "", in.Settings)
	return in, nil
}
