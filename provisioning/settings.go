package provisioning

import (
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
		TimeZone: orElse(in.Location.TimeZone, "UTC"), Country: orElse(in.Location.Address.Country, "US"),
		Language: orElse(in.Location.Language, "en_us"),
		SIP:      s.sipFor(in.Lines[0].Domain), Activated: in.Device.Activation.State == ActivationDone,
	}
	var err error
	if out.Access.Password, err = s.open(accessOwner(in.Device.ID), in.Device.Access); err != nil {
		return deviceprofiles.Settings{}, err
	}
	if out.AdminPassword, err = s.open(adminOwner(in.Device.ID), in.Device.AdminPassword); err != nil {
		return deviceprofiles.Settings{}, err
	}
	for _, l := range in.Lines {
		line, err := s.lineSettings(l)
		if err != nil {
			return deviceprofiles.Settings{}, err
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

func (s *Service) lineSettings(l RenderLine) (deviceprofiles.Line, error) {
	password, err := s.open(passwordOwner(l.ID), l.Password)
	return deviceprofiles.Line{
		Port: l.Port, UserName: l.UserName, AuthName: l.UserName, Password: password, Domain: l.Domain,
		DisplayName: l.Member.DisplayName(), Label: l.Member.Label(),
	}, err
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
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
	files, err := s.filesOf(in)
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
