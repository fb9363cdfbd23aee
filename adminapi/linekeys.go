package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/provisioning"
)

// Layouts is what the door asks about the keys of devices; provisioning.Service is one.
type Layouts interface {
	Layout(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (deviceprofiles.Layout, error)
	SetLayout(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, layout deviceprofiles.Layout) error
}

const kindLineKeyTemplate = "DEVICE_LINE_KEY_TEMPLATE"

// lineKeyWire is one key of a phone.
type lineKeyWire struct {
	Index      whole  `json:"lineKeyIndex" doc:"From 1"`
	Type       string `json:"lineKeyType"`
	Label      string `json:"lineKeyLabel,omitempty" doc:"For SPEED_DIAL"`
	Value      string `json:"lineKeyValue,omitempty" doc:"For SPEED_DIAL: number, extension or user@host"`
	SharedLine whole  `json:"sharedLineIndex" doc:"For SHARED_LINE: which of the shared lines, from 1; 0: the next one"`
}

// kemKeyWire is one key of an expansion module.
type kemKeyWire struct {
	Module     whole  `json:"kemModuleIndex" doc:"From 1"`
	Index      whole  `json:"kemKeyIndex" doc:"From 1"`
	Type       string `json:"kemKeyType"`
	Label      string `json:"kemKeyLabel,omitempty"`
	Value      string `json:"kemKeyValue,omitempty"`
	SharedLine whole  `json:"sharedLineIndex"`
}

func wireKeys(keys []deviceprofiles.LineKey) []lineKeyWire {
	out := make([]lineKeyWire, len(keys))
	for i, k := range keys {
		out[i] = lineKeyWire{whole(k.Index), string(k.Type), k.Label, k.Value, whole(k.SharedLine)}
	}
	return out
}

func keysOf(keys []lineKeyWire) []deviceprofiles.LineKey {
	out := make([]deviceprofiles.LineKey, len(keys))
	for i, k := range keys {
		out[i] = deviceprofiles.LineKey{Index: int(k.Index), Type: deviceprofiles.KeyType(k.Type), Label: k.Label, Value: k.Value, SharedLine: int(k.SharedLine)}
	}
	return out
}

// layoutWire is what the keys of a device are for.
type layoutWire struct {
	Mode        string        `json:"layoutMode" doc:"DEFAULT or CUSTOM"`
	UserReorder truth         `json:"userReorderEnabled" doc:"Whoever uses the phone may move keys"`
	Keys        []lineKeyWire `json:"lineKeys" doc:"None in the default layout"`
	KEMType     string        `json:"kemModuleType,omitempty"`
	KEM         []kemKeyWire  `json:"kemKeys,omitempty" doc:"What isn't named is open"`
}

// The modes of a layout.
const (
	layoutDefault = "DEFAULT"
	layoutCustom  = "CUSTOM"
)

type layoutOutput struct{ Body layoutWire }

func wireLayout(l deviceprofiles.Layout) *layoutOutput {
	w := layoutWire{Mode: layoutDefault, Keys: []lineKeyWire{}}
	if l.Custom {
		w = layoutWire{Mode: layoutCustom, UserReorder: truth(l.UserReorder), Keys: wireKeys(l.Keys), KEMType: l.KEMType}
		for _, k := range l.KEM {
			w.KEM = append(w.KEM, kemKeyWire{whole(k.Module), whole(k.Index), string(k.Type), k.Label, k.Value, whole(k.SharedLine)})
		}
	}
	return &layoutOutput{w}
}

type layoutInput struct {
	DeviceInput
	Body layoutWire
}

func (in *layoutInput) noun() (deviceprofiles.Layout, error) {
	switch in.Body.Mode {
	case layoutDefault:
		return deviceprofiles.Layout{}, nil
	case layoutCustom:
	default:
		return deviceprofiles.Layout{}, fault.InvalidField("layoutMode", "must be DEFAULT or CUSTOM")
	}
	l := deviceprofiles.Layout{Custom: true, UserReorder: bool(in.Body.UserReorder), Keys: keysOf(in.Body.Keys), KEMType: in.Body.KEMType}
	for _, k := range in.Body.KEM {
		l.KEM = append(l.KEM, deviceprofiles.KEMKey{
			Module: int(k.Module), Index: int(k.Index), Type: deviceprofiles.KeyType(k.Type), Label: k.Label, Value: k.Value, SharedLine: int(k.SharedLine),
		})
	}
	return l, nil
}

// LineKeyTemplateWire is a line key template in a list.
type LineKeyTemplateWire struct {
	ID               string `json:"id"`
	TemplateName     string `json:"templateName"`
	DeviceModel      string `json:"deviceModel"`
	ModelDisplayName string `json:"modelDisplayName"`
}

func wireLineKeyTemplate(t fleet.LineKeyTemplate) LineKeyTemplateWire {
	w := LineKeyTemplateWire{ID: encodeID(kindLineKeyTemplate, t.ID), TemplateName: t.Name, DeviceModel: t.Model}
	if m, ok := deviceprofiles.FindModel(t.Model); ok {
		w.ModelDisplayName = m.DisplayName
	}
	return w
}

// LineKeyTemplateInput names a line key template.
type LineKeyTemplateInput struct {
	InOrg
	ID string `path:"templateId"`
}

func (s *Server) lineKeyTemplate(ctx context.Context, in LineKeyTemplateInput) (customer.Tenant, fleet.LineKeyTemplateID, error) {
	return named[fleet.LineKeyTemplateID](ctx, s, in.InOrg, "line key template", in.ID)
}

type newLineKeyTemplateInput struct {
	InOrg
	Body struct {
		TemplateName string        `json:"templateName"`
		DeviceModel  string        `json:"deviceModel" doc:"Wire name or display name"`
		UserReorder  truth         `json:"userReorderEnabled"`
		LineKeys     []lineKeyWire `json:"lineKeys"`
	}
}

type lineKeyTemplateChangeInput struct {
	LineKeyTemplateInput
	Body struct {
		UserReorder *truth        `json:"userReorderEnabled"`
		LineKeys    []lineKeyWire `json:"lineKeys"`
	}
}

type (
	lineKeyTemplateOutput struct {
		Body struct {
			LineKeyTemplateWire
			UserReorder bool          `json:"userReorderEnabled"`
			LineKeys    []lineKeyWire `json:"lineKeys"`
		}
	}
	lineKeyTemplatesOutput struct {
		Body struct {
			LineKeyTemplates []LineKeyTemplateWire `json:"lineKeyTemplates"`
		}
	}
)

func (s *Server) lineKeyRoutes() {
	const path, one = telephonyDevices + "/lineKeyTemplates", telephonyDevices + "/lineKeyTemplates/{templateId}"
	route(s, operation{"createLineKeyTemplate", http.MethodPost, path, "Create a line key template", http.StatusCreated, customer.ScopeTelephonyWrite}, s.createLineKeyTemplate)
	route(s, operation{"listLineKeyTemplates", http.MethodGet, path, "List line key templates", 0, customer.ScopeTelephonyRead}, s.listLineKeyTemplates)
	route(s, operation{"getLineKeyTemplate", http.MethodGet, one, "Get a line key template", 0, customer.ScopeTelephonyRead}, s.getLineKeyTemplate)
	route(s, operation{"updateLineKeyTemplate", http.MethodPut, one, "Replace the keys of a template; devices stay as they are", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *lineKeyTemplateChangeInput) (*struct{}, error) {
			tenant, id, err := s.lineKeyTemplate(ctx, in.LineKeyTemplateInput)
			if err != nil {
				return nil, err
			}
			return nil, s.Fleet.ChangeLineKeyTemplate(ctx, actorOf(ctx), tenant, id, in.Body.UserReorder.plain(), keysOf(in.Body.LineKeys))
		})
	route(s, operation{"deleteLineKeyTemplate", http.MethodDelete, one, "Delete a template; devices stay as they are", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *LineKeyTemplateInput) (*struct{}, error) {
			tenant, id, err := s.lineKeyTemplate(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.Fleet.DeleteLineKeyTemplate(ctx, actorOf(ctx), tenant, id)
		})
	route(s, operation{"getLayout", http.MethodGet, telephonyDevice + "/layout", "What the keys of a device are for", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *DeviceInput) (*layoutOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			l, err := s.Devices.Layout(ctx, tenant, id)
			return wireLayout(l), err
		})
	route(s, operation{"updateLayout", http.MethodPut, telephonyDevice + "/layout", "Say what the keys of a device are for", http.StatusNoContent, customer.ScopeTelephonyWrite},
		func(ctx context.Context, in *layoutInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			layout, err := in.noun()
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.SetLayout(ctx, actorOf(ctx), tenant, id, layout)
		})
}

func (s *Server) createLineKeyTemplate(ctx context.Context, in *newLineKeyTemplateInput) (*createdOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	t, err := s.Fleet.CreateLineKeyTemplate(ctx, actorOf(ctx), tenant, fleet.NewLineKeyTemplate{
		Name: in.Body.TemplateName, Model: in.Body.DeviceModel, UserReorder: bool(in.Body.UserReorder), Keys: keysOf(in.Body.LineKeys),
	})
	out := &createdOutput{}
	out.Body.ID = encodeID(kindLineKeyTemplate, t.ID)
	return out, err
}

func (s *Server) listLineKeyTemplates(ctx context.Context, in *struct{ InOrg }) (*lineKeyTemplatesOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	list, err := s.Fleet.LineKeyTemplates(ctx, tenant)
	out := &lineKeyTemplatesOutput{}
	out.Body.LineKeyTemplates = make([]LineKeyTemplateWire, len(list))
	for i, t := range list {
		out.Body.LineKeyTemplates[i] = wireLineKeyTemplate(t)
	}
	return out, err
}

func (s *Server) getLineKeyTemplate(ctx context.Context, in *LineKeyTemplateInput) (*lineKeyTemplateOutput, error) {
	tenant, id, err := s.lineKeyTemplate(ctx, *in)
	if err != nil {
		return nil, err
	}
	t, err := s.Fleet.LineKeyTemplate(ctx, tenant, id)
	out := &lineKeyTemplateOutput{}
	out.Body.LineKeyTemplateWire, out.Body.UserReorder, out.Body.LineKeys = wireLineKeyTemplate(t), t.UserReorder, wireKeys(t.Keys)
	return out, err
}
