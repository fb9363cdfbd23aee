package fleet

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// JobResetBackgrounds takes back the settings that used deleted images.
const JobResetBackgrounds JobKind = "resetbackgroundimages"

// maxImageDeletions bounds one call of DeleteImages.
const maxImageDeletions = 10

// ImageDeletion names an image to delete.
type ImageDeletion struct {
	FileName string
	Force    bool // take back the settings that use it, too
}

// ImageDeleted is what became of it.
type ImageDeleted struct {
	FileName string
	Err      error // nil: it is gone
}

// DeleteImages deletes images of an organisation, each for itself, and returns what became of them, in their order, and the number that is left. Settings that used
// them are taken back by a job. fault.Invalid when there are none, or too many.
func (s *Service) DeleteImages(ctx context.Context, actor customer.Actor, tenant customer.Tenant, list []ImageDeletion) ([]ImageDeleted, int, error) {
	if err := provisioning.OneOrganisation(tenant); err != nil {
		return nil, 0, err
	}
	if len(list) == 0 || len(list) > maxImageDeletions {
		return nil, 0, fault.InvalidField("backgroundImages", "must hold 1 to %d images", maxImageDeletions)
	}
	var out []ImageDeleted
	left := 0
	err := s.store.Update(ctx, tenant, func(tx Tx) error {
		images, err := tx.BackgroundImages(ctx, tenant)
		if err != nil {
			return err
		}
		out = make([]ImageDeleted, 0, len(list))
		var used []provisioning.Setting
		for _, one := range list {
			at := slices.IndexFunc(images, func(i provisioning.BackgroundImage) bool { return i.FileName == one.FileName })
			if at < 0 {
				out = append(out, ImageDeleted{one.FileName, fault.New(fault.NotFound, "There is no image of this name.").WithCode(fault.CodeUnknown)})
				continue
			}
			uses, err := s.core.DeleteImageIn(ctx, tx, actor, images[at], one.Force)
			if err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
			out = append(out, ImageDeleted{one.FileName, err})
			if err == nil {
				images = slices.Delete(images, at, at+1)
				used = append(used, uses...)
			}
		}
		left = len(images)
		return s.resetBackgrounds(ctx, tx, actor, tenant, used)
	})
	return out, left, err
}

// imageWork takes back settings on some levels, and publishes the devices that have such settings.
type imageWork struct {
	plainWork
	Changes []provisioning.SettingsChange `json:"changes"`
}

// resetBackgrounds promises to take back settings; none need no job.
func (s *Service) resetBackgrounds(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, used []provisioning.Setting) error {
	if len(used) == 0 {
		return nil
	}
	var work imageWork
	for _, one := range used {
		at := slices.IndexFunc(work.Changes, func(c provisioning.SettingsChange) bool { return c.Subject == one.Subject })
		if at < 0 {
			at = len(work.Changes)
			work.Changes = append(work.Changes, provisioning.SettingsChange{Level: one.Level, Subject: one.Subject})
		}
		c := &work.Changes[at]
		c.Clear = append(c.Clear, one.Key)
		if one.Key == (deviceprofiles.SettingKey{Scope: deviceprofiles.ScopeMPP, Name: "background.customUrl"}) {
			c.Clear = append(c.Clear, deviceprofiles.SettingKey{Scope: deviceprofiles.ScopeMPP, Name: "background.image"}) // it says to look there
		}
	}
	j, err := s.makeDeviceJob(actor, tenant, JobResetBackgrounds, "", work)
	if err != nil {
		return err
	}
	return s.promiseDeviceJob(ctx, tx, j)
}

func (w imageWork) targets() provisioning.DeviceTargets {
	var scopes []deviceprofiles.SettingScope
	for _, c := range w.Changes {
		scopes = append(scopes, c.Scopes()...)
	}
	return provisioning.DeviceTargets{Models: provisioning.ModelsWith(scopes)}
}

func (w imageWork) begin(ctx context.Context, s *Service, tx Tx, j Job) error {
	for _, c := range w.Changes {
		if err := (settingsWork{Change: c}).begin(ctx, s, tx, j); err != nil {
			return err
		}
	}
	return nil
}

func (w imageWork) change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error) {
	return settingsWork{}.change(ctx, s, tx, j, d)
}
