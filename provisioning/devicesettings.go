package provisioning

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// LevelSettings is what an organisation, a location or a device shows of its static settings.
type LevelSettings struct {
	Customizations json.RawMessage // the wire's object, complete: inherited values and defaults, too; secrets masked
	Custom         bool            // something is set on this level
	Running        bool            // a job changes the organisation's devices, so that nothing can be changed now
	Devices        int             // that the level is about
	Updated        time.Time       // when something was last changed here; zero: never
}

// settingsLevel is an organisation, a location or a device, with what is set on it and above.
type settingsLevel struct {
	level    deviceprofiles.SettingLevel
	subject  string
	tenant   customer.Tenant // the organisation
	country  string          // for regional defaults; "" for an organisation, which is in several
	scopes   []deviceprofiles.SettingScope
	settings []Setting
	targets  DeviceTargets
}

func (s *Service) organizationLevel(ctx context.Context, tenant customer.Tenant) (settingsLevel, error) {
	if err := OneOrganisation(tenant); err != nil {
		return settingsLevel{}, err
	}
	l := settingsLevel{level: deviceprofiles.LevelOrganization, subject: string(tenant.Customer), tenant: tenant, scopes: StaticScopes(deviceprofiles.LevelOrganization)}
	var err error
	l.settings, err = s.store.Settings(ctx, tenant, l.subject)
	return l, err
}

func (s *Service) locationLevel(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (settingsLevel, error) {
	at, err := s.store.Location(ctx, tenant, id)
	if err != nil {
		return settingsLevel{}, err
	}
	l := settingsLevel{
		level: deviceprofiles.LevelLocation, subject: string(at.ID), tenant: customer.Tenant{Partner: at.Partner, Customer: at.Org}, country: countryOf(at),
		scopes: StaticScopes(deviceprofiles.LevelLocation), targets: DeviceTargets{Locations: []customer.LocationID{at.ID}},
	}
	l.settings, err = s.store.Settings(ctx, l.tenant, string(at.Org), l.subject)
	return l, err
}

func (s *Service) deviceLevel(ctx context.Context, tenant customer.Tenant, id DeviceID) (settingsLevel, deviceprofiles.Model, error) {
	in, err := s.store.RenderInput(ctx, tenant, id)
	if err != nil {
		return settingsLevel{}, deviceprofiles.Model{}, err
	}
	model, err := ModelOf(in.Device)
	return settingsLevel{
		level: deviceprofiles.LevelDevice, subject: string(in.Device.ID), tenant: in.Device.Tenant(), country: countryOf(in.Location),
		scopes: deviceprofiles.ScopesOf(model), settings: in.Settings,
	}, model, err
}

// ModelOf returns a device's model in the catalogue.
func ModelOf(d Device) (deviceprofiles.Model, error) {
	m, ok := deviceprofiles.FindModel(d.Model)
	if !ok {
		return m, fault.New(fault.Internal, "device %s has model %q", d.ID, d.Model)
	}
	return m, nil
}

// effectiveOn returns what counts on the level in some groups of settings.
func (s *Service) effectiveOn(l settingsLevel, scopes ...deviceprofiles.SettingScope) ([]deviceprofiles.EffectiveSetting, error) {
	levels, err := s.levelsOf(l.settings)
	if err != nil {
		return nil, err
	}
	var out []deviceprofiles.EffectiveSetting
	for _, scope := range scopes {
		out = append(out, deviceprofiles.EffectiveIn(scope, l.country, levels...)...)
	}
	return out, nil
}

// updated returns when something was last changed on the level itself.
func (s *Service) updated(ctx context.Context, l settingsLevel) (time.Time, error) {
	var last time.Time
	for _, one := range l.settings {
		if one.Subject == l.subject && one.Changed.After(last) {
			last = one.Changed
		}
	}
	if l.level == deviceprofiles.LevelDevice {
		return last, nil
	}
	revision, err := s.store.LevelRevisionAt(ctx, l.tenant, l.subject, s.now()) // it knows of what was cleared, too
	if fault.Is(err, fault.NotFound) {
		return last, nil
	}
	return revision.Time, err
}

// OrganizationSettings returns what counts for an organisation's devices unless a location or a device says otherwise.
func (s *Service) OrganizationSettings(ctx context.Context, tenant customer.Tenant) (LevelSettings, error) {
	l, err := s.organizationLevel(ctx, tenant)
	if err != nil {
		return LevelSettings{}, err
	}
	return s.showLevel(ctx, l)
}

// LocationSettings returns what counts for a location's devices unless a device says otherwise.
func (s *Service) LocationSettings(ctx context.Context, tenant customer.Tenant, id customer.LocationID) (LevelSettings, error) {
	l, err := s.locationLevel(ctx, tenant, id)
	if err != nil {
		return LevelSettings{}, err
	}
	return s.showLevel(ctx, l)
}

// DeviceSettings returns what counts for a device, of the groups that its model has. model is its model's wire name or display name, or "": fault.Invalid
// when it is another one's.
func (s *Service) DeviceSettings(ctx context.Context, tenant customer.Tenant, id DeviceID, model string) (LevelSettings, error) {
	l, m, err := s.deviceLevel(ctx, tenant, id)
	if err == nil {
		err = checkModelNamed(m, model)
	}
	if err != nil {
		return LevelSettings{}, err
	}
	return s.showLevel(ctx, l)
}

// checkModelNamed refuses a model that isn't the device's.
func checkModelNamed(m deviceprofiles.Model, name string) error {
	if named, ok := deviceprofiles.FindModel(name); name != "" && (!ok || named.Name != m.Name) {
		return fault.InvalidField("deviceModel", "isn't the device's model, which is %s", m.DisplayName)
	}
	return nil
}

func (s *Service) showLevel(ctx context.Context, l settingsLevel) (LevelSettings, error) {
	effective, err := s.effectiveOn(l, l.scopes...)
	if err != nil {
		return LevelSettings{}, err
	}
	values := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
	for _, e := range effective {
		values[e.Definition.Key] = e.Value
	}
	out := LevelSettings{Customizations: deviceprofiles.Customizations(l.scopes, values), Devices: 1}
	out.Custom = slices.ContainsFunc(l.settings, func(one Setting) bool { return one.Subject == l.subject && one.Key.Scope.Static() })
	if l.level != deviceprofiles.LevelDevice {
		targets := l.targets
		targets.Models = ModelsWith(l.scopes)
		if out.Devices, err = s.store.CountTargetDevices(ctx, l.tenant, targets); err != nil {
			return LevelSettings{}, err
		}
	}
	if out.Running, err = s.store.DeviceJobRuns(ctx, l.tenant); err != nil {
		return LevelSettings{}, err
	}
	out.Updated, err = s.updated(ctx, l)
	return out, err
}

// SetDeviceSettings sets static settings of a device, in the wire's object; with enabled false it takes back everything that is set on the device instead.
// Settings that aren't named stay as they are. fault.Invalid names every value that breaks a rule, or that the model doesn't have; fault.Conflict with
// fault.CodeJobRunning while a job changes the organisation's devices.
func (s *Service) SetDeviceSettings(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, model string, enabled bool, customizations json.RawMessage) error {
	d, m, err := s.deviceAndModel(ctx, tenant, id)
	if err == nil {
		err = checkModelNamed(m, model)
	}
	if err != nil {
		return err
	}
	c := SettingsChange{Level: deviceprofiles.LevelDevice, Subject: string(d.ID)}
	if !enabled {
		c.ClearScopes = StaticScopes(deviceprofiles.LevelDevice)
		return s.changeSettings(ctx, actor, d, c)
	}
	if len(customizations) > 0 {
		values, err := deviceprofiles.ParseCustomizations(customizations, deviceprofiles.LevelDevice)
		if err == nil {
			err = checkScopes(m, values)
		}
		if err == nil {
			err = s.PutAll(&c, values)
		}
		if err != nil {
			return err
		}
	}
	return s.changeSettings(ctx, actor, d, c)
}

// checkScopes refuses settings of groups that a model doesn't have.
func checkScopes(m deviceprofiles.Model, values map[deviceprofiles.SettingKey]deviceprofiles.SettingValue) error {
	var broken problems
	has := deviceprofiles.ScopesOf(m)
	for _, scope := range StaticScopes(deviceprofiles.LevelDevice) {
		for key := range values {
			if key.Scope == scope && !slices.Contains(has, scope) {
				broken.add("customizations."+string(scope), "is for other devices than the %s", m.DisplayName)
				break
			}
		}
	}
	return broken.err("The settings can't be taken")
}

// SetDeviceTags sets and clears dynamic settings of a device. No tags change nothing. Errors are those of SetDeviceSettings, with fields like tags[0].value.
func (s *Service) SetDeviceTags(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, tags []DynamicChange) error {
	d, m, err := s.deviceAndModel(ctx, tenant, id)
	if err != nil || len(tags) == 0 {
		return err
	}
	c := SettingsChange{Level: deviceprofiles.LevelDevice, Subject: string(d.ID)}
	if err := s.PutTags(&c, tags, m.DisplayName); err != nil {
		return err
	}
	return s.changeSettings(ctx, actor, d, c)
}

func (s *Service) deviceAndModel(ctx context.Context, tenant customer.Tenant, id DeviceID) (Device, deviceprofiles.Model, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return d, deviceprofiles.Model{}, err
	}
	m, err := ModelOf(d)
	return d, m, err
}

// changeSettings changes what is set on a device, and publishes that.
func (s *Service) changeSettings(ctx context.Context, actor customer.Actor, d Device, c SettingsChange) error {
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		if err := noJobRuns(ctx, tx, d.Tenant()); err != nil {
			return err
		}
		c, err := s.WriteSettings(ctx, tx, actor, d.Tenant(), c)
		if err != nil || len(c.Set) == 0 && len(c.Clear) == 0 {
			return err
		}
		_, err = s.Publish(ctx, tx, actor, d.Tenant(), d.ID, customer.EventDeviceSettings, c.Facts())
		return err
	})
}

// noJobRuns refuses a change while a job is about all devices.
func noJobRuns(ctx context.Context, tx Tx, tenant customer.Tenant) error {
	runs, err := tx.DeviceJobRuns(ctx, tenant)
	if err == nil && runs {
		return fault.New(fault.Conflict, "A job changes this organisation's devices. Try again when it is over.").WithCode(fault.CodeJobRunning)
	}
	return err
}

// DeviceSetting is what a device's phone is told of one setting, and why.
type DeviceSetting struct {
	deviceprofiles.EffectiveSetting
	Unsupported bool // no phone of the model can be told
}

// EffectiveSettings returns every setting that a device's model has, static and dynamic, sorted by key.
func (s *Service) EffectiveSettings(ctx context.Context, tenant customer.Tenant, id DeviceID) ([]DeviceSetting, error) {
	in, err := s.store.RenderInput(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	model, err := ModelOf(in.Device)
	if err != nil {
		return nil, err
	}
	effective, err := s.effective(model, in.Location, in.Settings)
	if err != nil {
		return nil, err
	}
	values := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
	for _, e := range effective {
		values[e.Definition.Key] = e.Value
	}
	unsupported := deviceprofiles.Unsupported(model, values)
	out := make([]DeviceSetting, len(effective))
	for i, e := range effective {
		out[i] = DeviceSetting{e, slices.Contains(unsupported, e.Definition.Key)}
	}
	return out, nil
}
