package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// The actions on a tag, in the wire's words.
const (
	ActionSet   = "SET"
	ActionClear = "CLEAR"
)

// maxDynamicTags bounds the tags of one request: more than all families have together.
const maxDynamicTags = 1000

// DynamicChange is what becomes of one dynamic setting.
type DynamicChange struct {
	Family string // family or model, by display name; not used for a device, which has its own
	Tag    string
	Action string
	Value  string // for ActionSet
}

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
	Tags     []DynamicChange
}

// settingsWork writes the settings of a level and publishes the devices that have such settings.
type settingsWork struct {
	plainWork
	Location customer.LocationID `json:"location,omitempty"`
	Change   settingsChange      `json:"change"`
}

// staticScopes are the groups of static settings that a level has.
func staticScopes(level deviceprofiles.SettingLevel) []deviceprofiles.SettingScope {
	if level == deviceprofiles.LevelOrganization {
		return []deviceprofiles.SettingScope{deviceprofiles.ScopeATA, deviceprofiles.ScopeDECT, deviceprofiles.ScopeMPP, deviceprofiles.ScopeWiFi}
	}
	return []deviceprofiles.SettingScope{deviceprofiles.ScopeATA, deviceprofiles.ScopeMPP, deviceprofiles.ScopeWiFi}
}

// levelOf begins a change of an organisation or of one of its locations.
func (s *Service) levelOf(ctx context.Context, tenant customer.Tenant, location customer.LocationID) (settingsChange, error) {
	if location == "" {
		return settingsChange{Level: deviceprofiles.LevelOrganization, Subject: string(tenant.Customer)}, nil
	}
	l, err := s.ownLocation(ctx, tenant, location, "locationId")
	return settingsChange{Level: deviceprofiles.LevelLocation, Subject: string(l.ID)}, err
}

func (r SettingsRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (DeviceJobKind, customer.LocationID, deviceWork, error) {
	c, err := s.levelOf(ctx, tenant, r.Location)
	if err != nil {
		return "", "", nil, err
	}
	switch {
	case r.Location == "" && r.Enabled != nil && !*r.Enabled && len(r.Customizations) == 0:
		err = fault.InvalidField("locationId", "is needed to take back what is set on a location")
	case r.Location != "" && r.Enabled != nil && !*r.Enabled:
		c.ClearScopes = staticScopes(c.Level)
	case len(r.Customizations) == 0:
		err = fault.InvalidField("customizations", "is needed").WithCode(fault.CodeMissing)
	default:
		var values map[deviceprofiles.SettingKey]deviceprofiles.SettingValue
		if values, err = deviceprofiles.ParseCustomizations(r.Customizations, c.Level); err == nil {
			err = s.putAll(&c, values)
		}
	}
	return JobCallDeviceSettings, r.Location, settingsWork{Location: r.Location, Change: c}, err
}

func (r TagsRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (DeviceJobKind, customer.LocationID, deviceWork, error) {
	c, err := s.levelOf(ctx, tenant, r.Location)
	if err == nil && len(r.Tags) == 0 {
		err = fault.InvalidField("tags", "must hold at least one tag").WithCode(fault.CodeMissing)
	}
	if err == nil {
		err = s.putTags(&c, r.Tags, "")
	}
	return JobDynamicDeviceSettings, r.Location, settingsWork{Location: r.Location, Change: c}, err
}

// putTags checks tags and adds them to a change. family stands for that of every tag, unless it is "".
func (s *Service) putTags(c *settingsChange, tags []DynamicChange, family string) error {
	if len(tags) > maxDynamicTags {
		return fault.InvalidField("tags", "must hold at most %d tags; there are %d", maxDynamicTags, len(tags))
	}
	var broken problems
	seen := map[deviceprofiles.SettingKey]bool{}
	for i, tag := range tags {
		if family != "" {
			tag.Family = family
		}
		field := fmt.Sprintf("tags[%d].", i)
		key, value, err := tag.check(c.Level)
		if err != nil {
			if !broken.joinAt(field, err) {
				return err
			}
			continue
		}
		if seen[key] {
			broken.add(field+"tag", "stands twice in the list")
		}
		seen[key] = true
		if tag.Action == ActionClear {
			c.Clear = append(c.Clear, key)
			continue
		}
		if err := s.put(c, key, value); err != nil {
			return err
		}
	}
	return broken.err("The settings can't be taken")
}

// check parses one tag.
func (t DynamicChange) check(level deviceprofiles.SettingLevel) (deviceprofiles.SettingKey, deviceprofiles.SettingValue, error) {
	switch t.Action {
	case ActionSet:
		return deviceprofiles.CheckTag(t.Family, t.Tag, level, t.Value)
	case ActionClear:
		key, err := deviceprofiles.FindTag(t.Family, t.Tag)
		return key, deviceprofiles.SettingValue{}, err
	}
	return deviceprofiles.SettingKey{}, deviceprofiles.SettingValue{}, fault.InvalidField("action", "must be %s or %s", ActionSet, ActionClear)
}

// joinAt adds what another check found in a part of the input. False when the error isn't about fields.
func (p *problems) joinAt(prefix string, err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || len(e.Problems) == 0 {
		return false
	}
	for _, problem := range e.Problems {
		problem.Field = prefix + problem.Field
		p.list = append(p.list, problem)
	}
	return true
}

func (w settingsWork) targets() DeviceTargets {
	targets := DeviceTargets{Models: modelsWith(w.Change.scopes())}
	if w.Location != "" {
		targets.Locations = []customer.LocationID{w.Location}
	}
	return targets
}

// modelsWith names the models that have settings of some groups; not nil.
func modelsWith(scopes []deviceprofiles.SettingScope) []string {
	models := []string{}
	for _, m := range deviceprofiles.Models() {
		if slices.ContainsFunc(deviceprofiles.ScopesOf(m), func(s deviceprofiles.SettingScope) bool { return slices.Contains(scopes, s) }) {
			models = append(models, m.Name)
		}
	}
	return models
}

func (w settingsWork) begin(ctx context.Context, s *Service, tx Tx, j DeviceJob) error {
	c, err := s.writeSettings(ctx, tx, j.actor(), j.Tenant(), w.Change)
	if err != nil {
		return err
	}
	facts := c.facts()
	facts["job"] = j.ID
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: j.Tenant(), Actor: j.Actor, Kind: customer.EventDeviceSettings, Subject: c.Subject, Data: facts})
}

func (w settingsWork) change(ctx context.Context, s *Service, tx Tx, j DeviceJob, d Device) (outcome, error) {
	_, err := s.publish(ctx, tx, j.actor(), d.Tenant(), d.ID, customer.EventDeviceSettings, nil)
	return outcome{updated: true}, err
}

func (w settingsWork) wouldBe(s *Service, in RenderInput) (RenderInput, error) {
	in.Settings = s.applied(w.Change, in.Device.Tenant(), "", in.Settings)
	return in, nil
}
