package fleet

import (
	"context"
	"fmt"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// The actions of a TemplateRequest, in the wire's words.
const (
	ApplyTemplate         = "APPLY_TEMPLATE"
	ApplyDefaultTemplates = "APPLY_DEFAULT_TEMPLATES"
)

// maxTargets bounds the locations, and the tags, of one request.
const maxTargets = 500

// TemplateRequest asks to give many devices the layout of a line key template, or the default one of their models.
type TemplateRequest struct {
	Action        string
	Template      LineKeyTemplateID // for ApplyTemplate
	Locations     []customer.LocationID
	DefaultLayout bool // only devices whose layout isn't a custom one
	Tags          []string
	WithoutTags   []string
	Advisories    AdvisoryTypes
}

// AdvisoryTypes narrows a TemplateRequest to devices that the template doesn't fit in one of the ways that are true. With none it doesn't narrow.
type AdvisoryTypes struct {
	MoreSharedAppearances         bool `json:"moreShared,omitempty"`
	FewSharedAppearances          bool `json:"fewShared,omitempty"`
	MoreMonitorAppearances        bool `json:"moreMonitor,omitempty"`
	MoreCPEAppearances            bool `json:"moreParkExtensions,omitempty"`
	MoreModeManagementAppearances bool `json:"moreModes,omitempty"`
}

// match reports whether a device has one of the advisories asked for.
func (t AdvisoryTypes) match(a deviceprofiles.Advisories) bool {
	return t == AdvisoryTypes{} ||
		t.MoreSharedAppearances && a.MoreSharedAppearances > 0 || t.FewSharedAppearances && a.FewSharedAppearances > 0 ||
		t.MoreMonitorAppearances && a.MoreMonitorAppearances > 0 || t.MoreCPEAppearances && a.MoreCPEAppearances > 0 ||
		t.MoreModeManagementAppearances && a.MoreModeManagementAppearances > 0
}

// templateWork gives devices a layout. The template is kept as it was when the job began.
type templateWork struct {
	plainWork
	Locations     []customer.LocationID `json:"locations,omitempty"`
	Models        []string              `json:"models"`
	Tags          []string              `json:"tags,omitempty"`
	WithoutTags   []string              `json:"withoutTags,omitempty"`
	DefaultLayout bool                  `json:"defaultLayout,omitempty"`
	Advisories    AdvisoryTypes         `json:"advisories"`
	Template      LineKeyTemplateID     `json:"template,omitempty"`
	Layout        deviceprofiles.Layout `json:"layout"`
}

func (r TemplateRequest) prepare(ctx context.Context, s *Service, _ customer.Actor, tenant customer.Tenant) (JobKind, customer.LocationID, deviceWork, error) {
	w := templateWork{
		Locations: r.Locations, Tags: r.Tags, WithoutTags: r.WithoutTags, DefaultLayout: r.DefaultLayout, Advisories: r.Advisories, Template: r.Template, Models: []string{},
	}
	if err := s.checkTargets(ctx, tenant, r); err != nil {
		return "", "", nil, err
	}
	switch r.Action {
	case ApplyTemplate:
		if r.Template == "" {
			return "", "", nil, fault.InvalidField("templateId", "is needed for the action %s", ApplyTemplate).WithCode(fault.CodeMissing)
		}
		t, err := s.store.LineKeyTemplate(ctx, tenant, r.Template)
		if fault.Is(err, fault.NotFound) {
			err = fault.InvalidField("templateId", "names no line key template of this organisation").WithCode(fault.CodeUnknown)
		}
		if err != nil {
			return "", "", nil, err
		}
		w.Models, w.Layout = []string{t.Model}, deviceprofiles.Layout{Custom: true, UserReorder: t.UserReorder, Keys: t.Keys}
	case ApplyDefaultTemplates:
		w.Template = ""
		for _, m := range deviceprofiles.Models() {
			if m.ConfigurableLayout {
				w.Models = append(w.Models, m.Name)
			}
		}
	default:
		return "", "", nil, fault.InvalidField("action", "must be %s or %s", ApplyTemplate, ApplyDefaultTemplates)
	}
	var location customer.LocationID
	if len(r.Locations) == 1 {
		location = r.Locations[0]
	}
	return JobApplyLineKeyTemplate, location, w, nil
}

// checkTargets checks which devices a request is about.
func (s *Service) checkTargets(ctx context.Context, tenant customer.Tenant, r TemplateRequest) error {
	for field, n := range map[string]int{"locationIds": len(r.Locations), "includeDeviceTags": len(r.Tags), "excludeDeviceTags": len(r.WithoutTags)} {
		if n > maxTargets {
			return fault.InvalidField(field, "must hold at most %d; there are %d", maxTargets, n)
		}
	}
	for field, tags := range map[string][]string{"includeDeviceTags": r.Tags, "excludeDeviceTags": r.WithoutTags} {
		for i, tag := range tags {
			if len(tag) > provisioning.MaxTag {
				return fault.InvalidField(fmt.Sprintf("%s[%d]", field, i), "is no tag: those have at most %d bytes; this one begins with %.40q", provisioning.MaxTag, tag)
			}
		}
	}
	for i, id := range r.Locations {
		if _, err := s.ownLocation(ctx, tenant, id, fmt.Sprintf("locationIds[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

func (w templateWork) targets() provisioning.DeviceTargets {
	return provisioning.DeviceTargets{Locations: w.Locations, Models: w.Models, Tags: w.Tags, WithoutTags: w.WithoutTags, DefaultLayout: w.DefaultLayout}
}

// advisories says what doesn't fit on a device.
func (w templateWork) advisories(lines int, monitored []provisioning.MonitoredView) deviceprofiles.Advisories {
	if !w.Layout.Custom {
		return deviceprofiles.Advisories{}
	}
	return deviceprofiles.AdvisoriesOf(w.Layout.Keys, make([]deviceprofiles.Line, lines), provisioning.CountMonitored(monitored))
}

func (w templateWork) narrows() bool { return w.Advisories != AdvisoryTypes{} }

func (w templateWork) concerns(_ *Service, in provisioning.RenderInput) (bool, error) {
	return w.Advisories.match(w.advisories(len(in.Lines), in.Monitored)), nil
}

// layoutFor is what a device gets: the keys of its expansion modules stay as they are, as no template has any.
func (w templateWork) layoutFor(d provisioning.Device) deviceprofiles.Layout {
	layout := w.Layout
	if layout.Custom && d.Layout.Custom {
		layout.KEMType, layout.KEM = d.Layout.KEMType, d.Layout.KEM
	}
	return layout
}

func (w templateWork) change(ctx context.Context, s *Service, tx Tx, j Job, d provisioning.Device) (outcome, error) {
	d.Layout = w.layoutFor(d)
	if err := tx.SetDevice(ctx, d); err != nil {
		return outcome{}, err
	}
	lines, err := tx.Lines(ctx, d.Tenant(), d.ID)
	if err != nil {
		return outcome{}, err
	}
	monitored, err := tx.Monitoring(ctx, d.Tenant(), d.Owner)
	if err != nil {
		return outcome{}, err
	}
	facts := map[string]any{"job": j.ID, "template": w.Template}
	_, err = s.core.Publish(ctx, tx, j.actor(), d.Tenant(), d.ID, customer.EventDeviceLayout, facts)
	return outcome{updated: true, advisory: w.advisories(len(lines), monitored) != deviceprofiles.Advisories{}}, err
}

func (w templateWork) wouldBe(_ *Service, in provisioning.RenderInput) (provisioning.RenderInput, error) {
	in.Device.Layout = w.layoutFor(in.Device)
	return in, nil
}
