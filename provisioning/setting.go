package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/secret"
)

// Setting is a value that somebody set on a level.
type Setting struct {
	Subject string // id of the organisation, location or device that it was set on
	Level   deviceprofiles.SettingLevel
	Partner customer.OrgID
	Org     customer.OrgID
	Key     deviceprofiles.SettingKey
	Value   string        // canonical; "" for a secret
	Sealed  secret.Sealed // a secret, sealed for settingOwner; nil for all others
	Changed time.Time
	Actor   string // who set it
}

// SettingReader reads settings. The rules of Reader hold.
type SettingReader interface {
	// Settings lists what is set on some subjects, by subject, scope and name. Subjects are few: an organisation, a location, a device.
	Settings(ctx context.Context, tenant customer.Tenant, subjects ...string) ([]Setting, error)
}

// SettingTx writes settings.
type SettingTx interface {
	// PutSettings sets values; what was set before under the same keys of the same subjects goes.
	PutSettings(ctx context.Context, settings []Setting) error
	// ClearSettings takes back what was set on a subject under some keys.
	ClearSettings(ctx context.Context, tenant customer.Tenant, subject string, keys []deviceprofiles.SettingKey) error
}

// settingOwner binds a sealed setting to its subject and key.
func settingOwner(s Setting) string { return "setting:" + s.Subject + ":" + s.Key.String() }

// valueOf opens a stored setting.
func (s *Service) valueOf(in Setting) (deviceprofiles.SettingValue, error) {
	if len(in.Sealed) == 0 {
		return deviceprofiles.SettingValue{Text: in.Value}, nil
	}
	plain, err := s.open(settingOwner(in), in.Sealed)
	return deviceprofiles.SettingValue{Secret: plain}, err
}

// sealSetting puts a value into a setting, sealed if it is a secret.
func (s *Service) sealSetting(in Setting, v deviceprofiles.SettingValue) (Setting, error) {
	in.Value, in.Sealed = v.Text, nil
	if v.Secret.IsZero() {
		return in, nil
	}
	var err error
	in.Sealed, err = s.keyring.Seal(settingOwner(in), []byte(v.Secret.Reveal()))
	return in, err
}

// levelsOf sorts stored settings into the levels of a cascade.
func (s *Service) levelsOf(settings []Setting) ([]deviceprofiles.LevelValues, error) {
	byLevel := map[deviceprofiles.SettingLevel]map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{}
	for _, one := range settings {
		value, err := s.valueOf(one)
		if err != nil {
			return nil, err
		}
		if byLevel[one.Level] == nil {
			byLevel[one.Level] = map[deviceprofiles.SettingKey]deviceprofiles.StoredSetting{}
		}
		byLevel[one.Level][one.Key] = deviceprofiles.StoredSetting{Value: value, At: one.Changed, By: one.Actor}
	}
	levels := make([]deviceprofiles.LevelValues, 0, len(byLevel))
	for _, level := range []deviceprofiles.SettingLevel{deviceprofiles.LevelOrganization, deviceprofiles.LevelLocation, deviceprofiles.LevelDevice} {
		if values := byLevel[level]; values != nil {
			levels = append(levels, deviceprofiles.LevelValues{Level: level, Values: values})
		}
	}
	return levels, nil
}
