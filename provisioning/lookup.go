package provisioning

import (
	"context"

	"dialtone/deviceprofiles"
)

// lookupObstacles returns what in a phone's own files, and in what its user has changed at the phone, keeps it from looking up where to register, where it is to; none for
// a device that no phone has come for, and for one whose files can't be written or read, as its other troubles matter more.
func (s *Service) lookupObstacles(ctx context.Context, d Device) []deviceprofiles.LookupObstacle {
	model, err := ModelOf(d)
	if err != nil || !model.Configured() || !d.HasMAC() || s.sip.OutboundProxy != "" {
		return nil
	}
	found, err := s.toldObstacles(ctx, d)
	if err == nil {
		var more []deviceprofiles.LookupObstacle
		more, err = s.overrideObstacles(ctx, d, model.Family)
		found = append(found, more...)
	}
	if err != nil {
		s.logger.WarnContext(ctx, "what keeps a phone from looking up the registrar isn't known", "device", string(d.ID), "error", err)
	}
	return found
}

func (s *Service) toldObstacles(ctx context.Context, d Device) ([]deviceprofiles.LookupObstacle, error) {
	settings, err := s.settingsOf(ctx, d)
	if err != nil {
		return nil, err
	}
	return deviceprofiles.LookupObstacles(settings)
}

func (s *Service) overrideObstacles(ctx context.Context, d Device, family deviceprofiles.Family) ([]deviceprofiles.LookupObstacle, error) {
	sent, err := s.store.Uploads(ctx, d.Tenant(), d.ID)
	if err != nil {
		return nil, err
	}
	var found []deviceprofiles.LookupObstacle
	for _, u := range sent {
		if u.Kind != deviceprofiles.UploadOverride {
			continue
		}
		if u, err = s.store.Upload(ctx, d.Tenant(), d.ID, u.Name); err != nil {
			return found, err
		}
		body, err := s.unsealUpload(u)
		if err != nil {
			return found, err
		}
		found = append(found, deviceprofiles.OverrideObstacles(family, u.Name, body)...)
	}
	return found, nil
}
