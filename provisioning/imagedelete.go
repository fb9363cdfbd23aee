package provisioning

import (
	"context"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// JobResetBackgrounds takes back the settings that used deleted images.
const JobResetBackgrounds DeviceJobKind = "resetbackgroundimages"

// The bounds of DeleteImages.
const (
	maxImageDeletions = 10
	maxImageUses      = 2000
)

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
	if err := oneOrganisation(tenant); err != nil {
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
		var used []Setting
		for _, one := range list {
			at := slices.IndexFunc(images, func(i BackgroundImage) bool { return i.FileName == one.FileName })
			if at < 0 {
				out = append(out, ImageDeleted{one.FileName, fault.New(fault.NotFound, "There is no image of this name.").WithCode(fault.CodeUnknown)})
				continue
			}
			uses, err := s.deleteImage(ctx, tx, actor, images[at], one.Force)
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

// deleteImage deletes one image and returns the settings that used it. fault.Conflict when it stays.
func (s *Service) deleteImage(ctx context.Context, tx Tx, actor customer.Actor, i BackgroundImage, force bool) ([]Setting, error) {
	uses, err := tx.SettingsWithValue(ctx, i.Tenant(), s.addressesOf(i), maxImageUses)
	if err != nil {
		return nil, err
	}
	if len(uses) > 0 && !force {
		return nil, fault.New(fault.Conflict, "A setting uses the image. Reset it first, or force the deletion.").WithCode(fault.CodeImageInUse)
	}
	if len(uses) == maxImageUses {
		return nil, fault.New(fault.Conflict, "More than %d settings use the image. Reset some first.", maxImageUses-1).WithCode(fault.CodeImageInUse)
	}
	if len(uses) > 0 {
		if err := noJobRuns(ctx, tx, i.Tenant()); err != nil {
			return nil, err
		}
	}
	if err := tx.DeleteBackgroundImage(ctx, i.Tenant(), i.FileName); err != nil {
		return nil, err
	}
	return uses, s.recordImage(ctx, tx, actor, i, EventImageDeleted)
}

// addressesOf are the values by which settings name an image.
func (s *Service) addressesOf(i BackgroundImage) []string {
	values := []string{i.Path()}
	for _, base := range []string{s.phones.HTTPBase, s.phones.HTTPSBase} {
		if base != "" {
			values = append(values, base+i.Path())
		}
	}
	return values
}

// imageWork takes back settings on some levels, and publishes the devices that have such settings.
type imageWork struct {
	plainWork
	Changes []settingsChange `json:"changes"`
}

// resetBackgrounds promises to take back settings; none need no job.
func (s *Service) resetBackgrounds(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, used []Setting) error {
	if len(used) == 0 {
		return nil
	}
	var work imageWork
	for _, one := range used {
		at := slices.IndexFunc(work.Changes, func(c settingsChange) bool { return c.Subject == one.Subject })
		if at < 0 {
			at = len(work.Changes)
			work.Changes = append(work.Changes, settingsChange{Level: one.Level, Subject: one.Subject})
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

func (w imageWork) targets() DeviceTargets {
	var scopes []deviceprofiles.SettingScope
	for _, c := range w.Changes {
		scopes = append(scopes, c.scopes()...)
	}
	return DeviceTargets{Models: modelsWith(scopes)}
}

func (w imageWork) begin(ctx context.Context, s *Service, tx Tx, j DeviceJob) error {
	for _, c := range w.Changes {
		if err := (settingsWork{Change: c}).begin(ctx, s, tx, j); err != nil {
			return err
		}
	}
	return nil
}

func (w imageWork) change(ctx context.Context, s *Service, tx Tx, j DeviceJob, d Device) (outcome, error) {
	return settingsWork{}.change(ctx, s, tx, j, d)
}
