package provisioning

import (
	"context"

	"dialtone/deviceprofiles"
)

// lookupObstacles returns what in a phone's own files keeps it from looking up where to register, where it is to; none for a device that no phone has come for, and for
// one whose files can't be written, as its other troubles matter more.
func (s *Service) lookupObstacles(ctx context.Context, d Device) []deviceprofiles.LookupObstacle {
	model, err := ModelOf(d)
	if err != nil || !model.Configured() || !d.HasMAC() || s.sip.OutboundProxy != "" {
		return nil
	}
	settings, err := s.settingsOf(ctx, d)
	var found []deviceprofiles.LookupObstacle
	if err == nil {
		found, err = deviceprofiles.LookupObstacles(settings)
	}
	if err != nil {
		s.logger.WarnContext(ctx, "what keeps a phone from looking up the registrar isn't known, as its files can't be written", "device", string(d.ID), "error", err)
	}
	return found
}
