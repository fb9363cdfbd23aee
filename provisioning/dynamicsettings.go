package provisioning

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// TagSettings is what an organisation, a location or a device shows of its dynamic settings.
type TagSettings struct {
	Tags    []TagSetting
	Running bool      // a job changes the organisation's devices
	Updated time.Time // when something was last changed on this level; zero: never
}

// TagSetting is one dynamic setting as a level has it, in the wire's texts; passwords are masked.
type TagSetting struct {
	Family      string // display name
	Tag         string
	Value       string // if Set
	Set         bool   // on this level
	Parent      string // what the levels above say; "" if ParentLevel is
	ParentLevel deviceprofiles.SettingLevel
}

// maxTagName bounds the name of a tag that is asked for, in bytes.
const maxTagName = 64

// OrganizationTags returns the dynamic settings of an organisation: those of a family or model, by display name, or of all for ""; of some tags, or of all for
// none. fault.Invalid when there is no such family or model.
func (s *Service) OrganizationTags(ctx context.Context, tenant customer.Tenant, family string, tags []string) (TagSettings, error) {
	l, err := s.organizationLevel(ctx, tenant)
	if err != nil {
		return TagSettings{}, err
	}
	return s.showTags(ctx, l, family, tags)
}

// LocationTags is OrganizationTags for a location.
func (s *Service) LocationTags(ctx context.Context, tenant customer.Tenant, id customer.LocationID, family string, tags []string) (TagSettings, error) {
	l, err := s.locationLevel(ctx, tenant, id)
	if err != nil {
		return TagSettings{}, err
	}
	return s.showTags(ctx, l, family, tags)
}

// DeviceTags is OrganizationTags for a device, whose model has no tags if its settings are static.
func (s *Service) DeviceTags(ctx context.Context, tenant customer.Tenant, id DeviceID, tags []string) (TagSettings, error) {
	l, m, err := s.deviceLevel(ctx, tenant, id)
	if err != nil {
		return TagSettings{}, err
	}
	if m.SettingsStyle != deviceprofiles.SettingsDynamic || len(l.scopes) == 0 {
		return TagSettings{Tags: []TagSetting{}}, checkTagNames(tags)
	}
	return s.showTags(ctx, l, m.DisplayName, tags)
}

func checkTagNames(tags []string) error {
	if len(tags) > maxDynamicTags {
		return fault.InvalidField("tags", "must hold at most %d tags; there are %d", maxDynamicTags, len(tags))
	}
	for i, tag := range tags {
		if tag == "" || len(tag) > maxTagName {
			return fault.InvalidField(fmt.Sprintf("tags[%d]", i), "must have 1 to %d characters", maxTagName)
		}
	}
	return nil
}

func (s *Service) showTags(ctx context.Context, l settingsLevel, family string, tags []string) (TagSettings, error) {
	if err := checkTagNames(tags); err != nil {
		return TagSettings{}, err
	}
	schema, err := deviceprofiles.ValidationSchema(family)
	if err != nil {
		return TagSettings{}, err
	}
	var scopes []deviceprofiles.SettingScope
	for _, rules := range schema.Tags {
		if scope := deviceprofiles.SettingScope(rules.FamilyOrModelDisplayName); !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	effective, err := s.effectiveOn(l, scopes...)
	if err != nil {
		return TagSettings{}, err
	}
	out := TagSettings{Tags: []TagSetting{}}
	for _, e := range effective {
		if len(tags) == 0 || slices.Contains(tags, e.Definition.Key.Name) {
			out.Tags = append(out.Tags, tagSetting(e, l.level))
		}
	}
	if out.Running, err = s.store.DeviceJobRuns(ctx, l.tenant); err != nil {
		return TagSettings{}, err
	}
	out.Updated, err = s.updated(ctx, l)
	return out, err
}

func tagSetting(e deviceprofiles.EffectiveSetting, level deviceprofiles.SettingLevel) TagSetting {
	out := TagSetting{Family: string(e.Definition.Key.Scope), Tag: e.Definition.Key.Name}
	own, set, inherited := e.At(level)
	if out.Set = set; set {
		out.Value = deviceprofiles.TagText(e.Definition, own)
	}
	if inherited != nil {
		out.Parent, out.ParentLevel = deviceprofiles.TagText(e.Definition, inherited.Value), inherited.Level
	}
	return out
}
