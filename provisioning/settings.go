package provisioning

import (
	"cmp"
	"context"
	"strings"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// settingsOf gathers what a phone is told.
func (s *Service) settingsOf(ctx context.Context, d Device) (deviceprofiles.Settings, error) {
	in, err := s.store.RenderInput(ctx, d.Tenant(), d.ID)
	if err != nil {
		return deviceprofiles.Settings{}, err
	}
	return s.settingsFrom(in)
}

// settingsFrom makes what a phone is told of what the store knows.
func (s *Service) settingsFrom(in RenderInput) (deviceprofiles.Settings, error) {
	model, ok := deviceprofiles.FindModel(in.Device.Model)
	if !ok || len(in.Lines) == 0 {
		return deviceprofiles.Settings{}, fault.New(fault.Internal, "device %s has model %q and %d lines", in.Device.ID, in.Device.Model, len(in.Lines))
	}
	out := deviceprofiles.Settings{
		MAC: in.Device.MAC, Model: model, Revision: in.Device.Revision, Service: s.phones,
		Access:   deviceprofiles.Access{UserName: in.Device.MAC.Lower()},
		TimeZone: cmp.Or(in.Location.TimeZone, "UTC"), Country: countryOf(in.Location),
		Language: cmp.Or(in.Location.Language, defaultLanguage),
		SIP:      s.sipFor(in.Lines[0].Domain), Activated: in.Device.Activation.State == ActivationDone,
	}
	var err error
	if out.Access.Password, err = s.open(accessOwner(in.Device.ID), in.Device.Access); err != nil {
		return deviceprofiles.Settings{}, err
	}
	out.Access.Token, out.Access.FileKey = accessToken(out.Access.Password), fileKey(out.Access.Password)
	if out.AdminPassword, err = s.open(adminOwner(in.Device.ID), in.Device.AdminPassword); err != nil {
		return deviceprofiles.Settings{}, err
	}
	for _, l := range in.Lines {
		line, err := s.lineSettings(l, in.Device.Owner)
		if err != nil {
			return deviceprofiles.Settings{}, err
		}
		out.Lines = append(out.Lines, line)
	}
	out.Watched = watchedBy(in)
	// A phone whose keys watch somebody is told all of them, as after a layout of its own.
	in.Device.Told.Layout = in.Device.Told.Layout || len(out.Watched) > 0 && model.ConfigurableLayout
	effective, err := s.effective(model, in.Location, in.Settings)
	if err != nil {
		return deviceprofiles.Settings{}, err
	}
	out.Values = s.imageAddresses(deviceprofiles.ValuesToWrite(effective, in.Device.Told.keys()...))
	out.Firmware, out.LanguageFile = in.Device.Told.Firmware, in.Device.Told.Texts
	if out.Layout = in.Device.Layout; !out.Layout.Custom && in.Device.Told.Layout {
		out.Layout = deviceprofiles.DefaultLayout(model, out.Lines)
	}
	return out, nil
}

// effective returns what a phone of a model is told of each setting, of those that are set on some levels.
func (s *Service) effective(m deviceprofiles.Model, at customer.Location, settings []Setting) ([]deviceprofiles.EffectiveSetting, error) {
	levels, err := s.levelsOf(settings)
	if err != nil {
		return nil, err
	}
	return deviceprofiles.Effective(m, countryOf(at), levels...), nil
}

// countryOf returns the country of a location, for regional defaults.
func countryOf(l customer.Location) string { return cmp.Or(l.Address.Country, "US") }

// imageAddresses completes the paths of uploaded images: a phone needs the whole address.
func (s *Service) imageAddresses(values map[deviceprofiles.SettingKey]deviceprofiles.SettingValue) map[deviceprofiles.SettingKey]deviceprofiles.SettingValue {
	base := cmp.Or(s.phones.HTTPBase, s.phones.HTTPSBase)
	for key, value := range values {
		if strings.HasPrefix(value.Text, "/"+deviceprofiles.ImageFolder) {
			value.Text = base + value.Text
			values[key] = value
		}
	}
	return values
}

// lineSettings makes a line of what the store knows; owner is the device's.
func (s *Service) lineSettings(l RenderLine, owner customer.MemberID) (deviceprofiles.Line, error) {
	password, err := s.open(passwordOwner(l.ID), l.Password)
	line := deviceprofiles.Line{
		Port: l.Port, UserName: l.UserName, AuthName: l.UserName, Password: password, Domain: l.Domain,
		DisplayName: l.Member.DisplayName(), Label: cmp.Or(l.Label, l.Member.Label()),
		Weight: l.Weight, Shared: l.Owner != owner, DeclineEverywhere: l.DeclineEverywhere,
	}
	if l.HotlineEnabled {
		line.HotlineDestination = l.HotlineDestination
	}
	return line, err
}

// FilesView is what a phone would be served, with secrets masked.
type FilesView struct {
	Revision int64
	Files    []DeviceFile // in the phone's boot order; Body holds the secrets
}

// Files renders what this phone would be served now, secrets as secret.Mask. Empty for models that nothing is served to.
func (s *Service) Files(ctx context.Context, tenant customer.Tenant, id DeviceID) (FilesView, error) {
	in, err := s.store.RenderInput(ctx, tenant, id)
	if err != nil {
		return FilesView{}, err
	}
	files, err := s.FilesOf(in)
	return FilesView{Revision: in.Device.Revision, Files: files}, err
}

// shownFile is one file, with or without its secrets.
type shownFile struct {
	Path        string
	Transports  []Transport
	ContentType string
	Body        string
}

func (s *Service) show(asset deviceprofiles.Asset, settings deviceprofiles.Settings) (shownFile, error) {
	name := asset.Path[strings.LastIndexByte(asset.Path, '/')+1:]
	var file deviceprofiles.File
	var err error
	transports := []Transport{HTTPS}
	if asset.Secret {
		file, err = deviceprofiles.Render(name, settings)
	} else {
		transports = []Transport{TFTP, HTTP}
		hit := deviceprofiles.Hit{Name: name, Families: []deviceprofiles.Family{settings.Model.Family}, MAC: settings.MAC, HasMAC: strings.Contains(strings.ToLower(name), settings.MAC.Lower())}
		if !hit.HasMAC {
			transports = append(transports, HTTPS)
		}
		file, err = deviceprofiles.RenderBootstrap(hit, settings.Model.Family, s.phones)
	}
	return shownFile{Path: asset.Path, Transports: transports, ContentType: file.ContentType, Body: string(file.Body)}, err
}
