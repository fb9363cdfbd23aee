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
	model, ok := deviceprofiles.FindModel(in.Device.Model)
	if !ok || len(in.Lines) == 0 {
		return deviceprofiles.Settings{}, fault.New(fault.Internal, "device %s has model %q and %d lines", d.ID, in.Device.Model, len(in.Lines))
	}
	out := deviceprofiles.Settings{
		MAC: in.Device.MAC, Model: model, Revision: in.Device.Revision, Service: s.phones,
		Access:   deviceprofiles.Access{UserName: in.Device.MAC.Lower()},
		TimeZone: orElse(in.Location.TimeZone, "UTC"), Country: orElse(in.Location.Address.Country, "US"),
		Language: orElse(in.Location.Language, "en_us"),
		SIP:      s.sipFor(in.Lines[0].Domain),
	}
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
	Files    []ShownFile // in the phone's boot order
}

// ShownFile is one file of a FilesView.
type ShownFile struct {
	Path        string
	Transports  []Transport
	ContentType string
	Body        string
}

// Files renders what this phone would be served now, secrets as secret.Mask. Empty for models that nothing is served to.
func (s *Service) Files(ctx context.Context, tenant customer.Tenant, id DeviceID) (FilesView, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return FilesView{}, err
	}
	settings, err := s.settingsOf(ctx, d)
	if err != nil {
		return FilesView{}, err
	}
	settings = settings.Masked()
	view := FilesView{Revision: settings.Revision, Files: []ShownFile{}}
	for _, asset := range deviceprofiles.Files(settings.Model, settings.MAC) {
		file, err := s.show(asset, settings)
		if fault.Is(err, fault.NotFound) {
			continue // the door that would serve it is off
		}
		if err != nil {
			return FilesView{}, err
		}
		view.Files = append(view.Files, file)
	}
	return view, nil
}

func (s *Service) show(asset deviceprofiles.Asset, settings deviceprofiles.Settings) (ShownFile, error) {
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
	return ShownFile{Path: asset.Path, Transports: transports, ContentType: file.ContentType, Body: string(file.Body)}, err
}
