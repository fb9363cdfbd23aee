package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// InFamily is a family or model of devices.
type InFamily struct {
	Family string `query:"familyOrModelDisplayName" doc:"Display name of a family or model; all families when it isn't given"`
}

type schemaInput struct {
	InOrg
	InFamily
}

type groupsInput struct {
	InOrg
	InFamily
	Include string `query:"includeSettingsType" doc:"TABS, GROUPS or ALL"`
}

type (
	schemaOutput struct{ Body deviceprofiles.TagSchema }
	groupsOutput struct{ Body deviceprofiles.TagGroups }
)

// tagsBody names the tags that are asked for.
type tagsBody struct {
	Tags []string `json:"tags" doc:"None means all"`
}

type organizationTagsInput struct {
	InOrg
	InFamily
	Body tagsBody
}

type locationTagsInput struct {
	LocationInput
	InFamily
	Body tagsBody
}

type deviceTagsInput struct {
	DeviceInput
	Body tagsBody
}

// tagWire is one dynamic setting of a level.
type tagWire struct {
	FamilyOrModelDisplayName string  `json:"familyOrModelDisplayName"`
	Tag                      string  `json:"tag"`
	Value                    *string `json:"value,omitempty" doc:"If it is set on this level"`
	ParentValue              *string `json:"parentValue,omitempty" doc:"What the levels above say"`
	ParentLevel              string  `json:"parentLevel,omitempty"`
}

type tagsOutput struct {
	Body struct {
		Tags             []tagWire `json:"tags"`
		LastUpdateTime   int64     `json:"lastUpdateTime" doc:"Milliseconds since 1970; 0: never"`
		UpdateInProgress bool      `json:"updateInProgress"`
	}
}

func wireTags(t provisioning.TagSettings) *tagsOutput {
	out := &tagsOutput{}
	out.Body.LastUpdateTime, out.Body.UpdateInProgress = epoch(t.Updated), t.Running
	out.Body.Tags = make([]tagWire, len(t.Tags))
	for i, one := range t.Tags {
		w := tagWire{FamilyOrModelDisplayName: one.Family, Tag: one.Tag, ParentLevel: string(one.ParentLevel)}
		if one.Set {
			w.Value = &one.Value
		}
		if one.ParentLevel != "" {
			w.ParentValue = &one.Parent
		}
		out.Body.Tags[i] = w
	}
	return out
}

// TagChangeBody is what becomes of one tag of a device.
type TagChangeBody struct {
	Tag    string `json:"tag"`
	Action string `json:"action" doc:"SET or CLEAR"`
	Value  digits `json:"value,omitempty" doc:"For SET"`
}

type deviceTagChangesInput struct {
	DeviceInput
	Body struct {
		Tags []TagChangeBody `json:"tags"`
	}
}

func (s *Server) dynamicSettingsRoutes() {
	const path, lists, end = telephonyDevices + "/dynamicSettings", "/v1/telephony/config/lists", "/dynamicSettings/actions/getSettings/invoke"
	route(s, operation{"getSettingsSchema", http.MethodGet, path + "/validationSchema", "Rules of dynamic settings", 0, customer.ScopeTelephonyRead},
		func(_ context.Context, in *schemaInput) (*schemaOutput, error) {
			schema, err := deviceprofiles.ValidationSchema(in.Family)
			return &schemaOutput{schema}, err
		})
	route(s, operation{"getSettingsGroups", http.MethodGet, path + "/settingsGroups", "How dynamic settings are shown", 0, customer.ScopeTelephonyRead},
		func(_ context.Context, in *groupsInput) (*groupsOutput, error) {
			groups, err := deviceprofiles.SettingsGroups(in.Family, in.Include)
			return &groupsOutput{groups}, err
		})
	route(s, operation{"getOrganizationDynamicSettings", http.MethodPost, lists + "/devices" + end, "Dynamic settings of an organisation's devices", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *organizationTagsInput) (*tagsOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			tags, err := s.Devices.OrganizationTags(ctx, tenant, in.Family, in.Body.Tags)
			return wireTags(tags), err
		})
	route(s, operation{"getLocationDynamicSettings", http.MethodPost, lists + "/locations/{locationId}/devices" + end, "Dynamic settings of a location's devices", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *locationTagsInput) (*tagsOutput, error) {
			tenant, id, err := s.locationInput(ctx, in.LocationInput)
			if err != nil {
				return nil, err
			}
			tags, err := s.Devices.LocationTags(ctx, tenant, id, in.Family, in.Body.Tags)
			return wireTags(tags), err
		})
	route(s, operation{"getDeviceDynamicSettings", http.MethodPost, lists + "/devices/{deviceId}" + end, "Dynamic settings of a device", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *deviceTagsInput) (*tagsOutput, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			tags, err := s.Devices.DeviceTags(ctx, tenant, id, in.Body.Tags)
			return wireTags(tags), err
		})
	route(s, operation{"updateDeviceDynamicSettings", http.MethodPut, telephonyDevice + "/dynamicSettings", "Set and clear dynamic settings of a device", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *deviceTagChangesInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			changes := make([]provisioning.DynamicChange, len(in.Body.Tags))
			for i, tag := range in.Body.Tags {
				changes[i] = provisioning.DynamicChange{Tag: tag.Tag, Action: tag.Action, Value: string(tag.Value)}
			}
			return nil, s.Devices.SetDeviceTags(ctx, actorOf(ctx), tenant, id, changes)
		})
}
