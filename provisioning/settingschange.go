package provisioning

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// keptLevelRevisions bounds the history of what is set on an organisation or a location.
const keptLevelRevisions = 500

// SettingsChange is what is to be set, and cleared, on one level. Its JSON form is how jobs store it: secrets are sealed in it.
type SettingsChange struct {
	Level       deviceprofiles.SettingLevel   `json:"level"`
	Subject     string                        `json:"subject"` // the organisation, location or device
	Set         []SettingState                `json:"set,omitempty"`
	Clear       []deviceprofiles.SettingKey   `json:"clear,omitempty"`
	ClearScopes []deviceprofiles.SettingScope `json:"clearScopes,omitempty"` // in which everything is cleared
}

// put adds a value to what is to be set.
func (s *Service) put(c *SettingsChange, key deviceprofiles.SettingKey, value deviceprofiles.SettingValue) error {
	sealed, err := s.sealSetting(Setting{Subject: c.Subject, Level: c.Level, Key: key}, value)
	c.Set = append(c.Set, settingState(sealed))
	return err
}

// PutAll adds values, in the order of their keys.
func (s *Service) PutAll(c *SettingsChange, values map[deviceprofiles.SettingKey]deviceprofiles.SettingValue) error {
	keys := make([]deviceprofiles.SettingKey, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, deviceprofiles.SettingKey.Compare)
	for _, key := range keys {
		if err := s.put(c, key, values[key]); err != nil {
			return err
		}
	}
	return nil
}

// Scopes returns the groups of settings that the change is about.
func (c SettingsChange) Scopes() []deviceprofiles.SettingScope {
	scopes := slices.Clone(c.ClearScopes)
	for _, one := range c.Set {
		scopes = append(scopes, one.Scope)
	}
	for _, key := range c.Clear {
		scopes = append(scopes, key.Scope)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// clears reports whether a key is among what is to be cleared.
func (c SettingsChange) clears(key deviceprofiles.SettingKey) bool {
	return slices.Contains(c.Clear, key) || slices.Contains(c.ClearScopes, key.Scope)
}

// Applied returns settings as they are after the change; those of other levels stay as they are. What is set anew is of actor and of now.
func (s *Service) Applied(c SettingsChange, tenant customer.Tenant, actor string, before []Setting) []Setting {
	var after []Setting
	replaced := map[deviceprofiles.SettingKey]bool{}
	for _, one := range c.Set {
		replaced[one.Key()] = true
	}
	for _, one := range before {
		if one.Subject != c.Subject || !c.clears(one.Key) && !replaced[one.Key] {
			after = append(after, one)
		}
	}
	for _, one := range c.Set {
		after = append(after, Setting{
			Subject: c.Subject, Level: c.Level, Partner: tenant.Partner, Org: tenant.Customer, Key: one.Key(), Value: one.Value, Sealed: one.Sealed,
			Changed: s.now(), Actor: actor,
		})
	}
	return after
}

// narrowed leaves out what is so already, so that a client that sends everything back sets only what it changed.
func (s *Service) narrowed(c SettingsChange, before []Setting) (SettingsChange, error) {
	stored := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
	out := c
	out.Set, out.Clear, out.ClearScopes = nil, nil, nil
	for _, one := range before {
		if one.Subject != c.Subject {
			continue
		}
		value, err := s.valueOf(one)
		if err != nil {
			return out, err
		}
		stored[one.Key] = value
		if c.clears(one.Key) {
			out.Clear = append(out.Clear, one.Key)
		}
	}
	for _, one := range c.Set {
		value, err := s.valueOf(Setting{Subject: c.Subject, Key: one.Key(), Value: one.Value, Sealed: one.Sealed})
		if err != nil {
			return out, err
		}
		if was, set := stored[one.Key()]; !set || was != value {
			out.Set = append(out.Set, one)
		}
	}
	return out, nil
}

// WriteSettings does a change in a transaction, and returns what it came to. On an organisation or a location it keeps a revision, too.
func (s *Service) WriteSettings(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, c SettingsChange) (SettingsChange, error) {
	before, err := tx.Settings(ctx, tenant, c.Subject)
	if err != nil {
		return c, err
	}
	if c, err = s.narrowed(c, before); err != nil || len(c.Set) == 0 && len(c.Clear) == 0 {
		return c, err
	}
	if err := tx.ClearSettings(ctx, tenant, c.Subject, c.Clear); err != nil {
		return c, err
	}
	after := s.Applied(c, tenant, actor.Email, before)
	if err := tx.PutSettings(ctx, after[len(after)-len(c.Set):]); err != nil {
		return c, err
	}
	if c.Level == deviceprofiles.LevelDevice {
		return c, nil
	}
	revision := LevelRevision{Subject: c.Subject, Level: c.Level, Partner: tenant.Partner, Org: tenant.Customer, Time: s.now(), Actor: actor.Email, Settings: []SettingState{}}
	for _, one := range after {
		revision.Settings = append(revision.Settings, settingState(one))
	}
	return c, tx.CreateLevelRevision(ctx, revision, keptLevelRevisions)
}

// Facts are what the event of a change says: names, and no value.
func (c SettingsChange) Facts() map[string]any {
	keys, cleared := []string{}, []string{}
	for _, one := range c.Set {
		keys = append(keys, one.Key().String())
	}
	for _, key := range c.Clear {
		cleared = append(cleared, key.String())
	}
	return map[string]any{"level": c.Level, "keys": keys, "cleared": cleared}
}
