package provisioning

import (
	"context"
	"slices"

	"dialtone/deviceprofiles"
)

// Told is what a phone was told once beside its family's own choice. A phone keeps what its file no longer mentions, so that a setting that was cleared, or
// a layout that is the default one again, must be written out from then on. Its JSON form is how it is stored.
type Told struct {
	Layout   bool                                     `json:"layout,omitempty"`   // it had a custom layout
	Settings map[deviceprofiles.SettingScope][]string `json:"settings,omitempty"` // names of the settings that had a value of ours, in order
	Firmware deviceprofiles.Firmware                  `json:"firmware,omitzero"`  // what it is told to run now
	Texts    deviceprofiles.LanguageFile              `json:"texts,omitzero"`     // what it is told to load now
}

// keys returns the settings.
func (t Told) keys() []deviceprofiles.SettingKey {
	var keys []deviceprofiles.SettingKey
	for scope, names := range t.Settings {
		for _, name := range names {
			keys = append(keys, deviceprofiles.SettingKey{Scope: scope, Name: name})
		}
	}
	slices.SortFunc(keys, deviceprofiles.SettingKey.Compare)
	return keys
}

// with returns it with what a phone is told now, and whether that adds anything.
func (t Told) with(settings deviceprofiles.Settings) (Told, bool) {
	out := Told{Layout: t.Layout || settings.Layout.Custom, Settings: map[deviceprofiles.SettingScope][]string{}, Firmware: t.Firmware, Texts: t.Texts}
	known := map[deviceprofiles.SettingKey]bool{}
	for _, key := range t.keys() {
		known[key] = true
	}
	more := out.Layout != t.Layout
	for key := range settings.Values {
		more = more || !known[key]
		known[key] = true
	}
	for key := range known {
		out.Settings[key.Scope] = append(out.Settings[key.Scope], key.Name)
	}
	for _, names := range out.Settings {
		slices.Sort(names)
	}
	return out, more
}

// noteTold keeps what a device's phone is told now, if it wasn't told that before.
func (s *Service) noteTold(ctx context.Context, tx Tx, d Device, settings deviceprofiles.Settings) error {
	told, more := d.Told.with(settings)
	if !more {
		return nil
	}
	return tx.SetTold(ctx, d.Tenant(), d.ID, told)
}
