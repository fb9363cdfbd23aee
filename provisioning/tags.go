package provisioning

import (
	"context"
	"slices"
	"strings"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// TagChange says what becomes of a device's tags.
type TagChange string

// The changes, in the words of JSON patch (RFC 6902).
const (
	TagsAdd     TagChange = "add"     // behind those that there are
	TagsRemove  TagChange = "remove"  // all of them
	TagsReplace TagChange = "replace" // by these
)

// The bounds of a device's tags.
const (
	maxTags = 50
	MaxTag  = 64 // bytes
)

// ChangeTags changes a device's tags: words to find it by, in any language; a tag stands once. fault.Invalid names what breaks a rule.
func (s *Service) ChangeTags(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, change TagChange, tags []string) (DeviceView, error) {
	if err := checkTags(change, tags); err != nil {
		return DeviceView{}, err
	}
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return DeviceView{}, err
	}
	err = s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		if d, err = tx.Device(ctx, d.Tenant(), id); err != nil {
			return err
		}
		before := d.Tags
		if d.Tags = changedTags(before, change, tags); len(d.Tags) > maxTags {
			return fault.InvalidField("value", "makes %d tags; a device can have %d", len(d.Tags), maxTags)
		}
		if slices.Equal(before, d.Tags) {
			return nil
		}
		if err := tx.SetDevice(ctx, d); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, d, customer.EventDeviceTagged, map[string]any{"before": before, "after": d.Tags})
	})
	if err != nil {
		return DeviceView{}, err
	}
	return s.Device(ctx, tenant, id)
}

func checkTags(change TagChange, tags []string) error {
	if change != TagsAdd && change != TagsRemove && change != TagsReplace {
		return fault.InvalidField("op", "must be add, remove or replace; it is %.40q", string(change))
	}
	if change == TagsRemove {
		return nil
	}
	var broken problems
	for _, tag := range tags {
		if strings.TrimSpace(tag) == "" || len(tag) > MaxTag {
			broken.add("value", "a tag must have 1 to %d bytes; one is %.40q", MaxTag, tag)
		}
		broken.join(deviceprofiles.CheckDisplayName("value", tag))
	}
	return broken.err("The tags can't be changed")
}

func changedTags(before []string, change TagChange, tags []string) []string {
	after := []string{}
	if change == TagsAdd {
		after = append(after, before...)
	}
	if change != TagsRemove {
		for _, tag := range tags {
			if !slices.Contains(after, tag) {
				after = append(after, tag)
			}
		}
	}
	return after
}
