package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// LineKeyTemplateID names a line key template, a UUID.
type LineKeyTemplateID string

// What happens to line key templates.
const (
	EventLineKeyTemplateCreated customer.EventKind = "line_key_template.created"
	EventLineKeyTemplateChanged customer.EventKind = "line_key_template.changed"
	EventLineKeyTemplateDeleted customer.EventKind = "line_key_template.deleted"
)

// LineKeyTemplate says what the keys of all phones of one model are for. Devices that it was applied to keep their layout when it changes.
type LineKeyTemplate struct {
	ID          LineKeyTemplateID
	Partner     customer.OrgID
	Org         customer.OrgID
	Name        string // unique in the organisation
	Model       string // wire name
	UserReorder bool   // whoever uses the phone may move keys
	Keys        []deviceprofiles.LineKey
	Created     time.Time
}

// Tenant returns whose template it is.
func (t LineKeyTemplate) Tenant() customer.Tenant {
	return customer.Tenant{Partner: t.Partner, Customer: t.Org}
}

// TemplateReader reads line key templates. The rules of Reader hold.
type TemplateReader interface {
	LineKeyTemplate(ctx context.Context, tenant customer.Tenant, id LineKeyTemplateID) (LineKeyTemplate, error)
	// LineKeyTemplates lists them; at most maxLineKeyTemplates, as an organisation has no more.
	LineKeyTemplates(ctx context.Context, tenant customer.Tenant) ([]LineKeyTemplate, error)
}

// TemplateTx writes line key templates.
type TemplateTx interface {
	// CreateLineKeyTemplate gives fault.Conflict with fault.CodeNameInUse when the organisation has one with the name.
	CreateLineKeyTemplate(ctx context.Context, t LineKeyTemplate) error
	// SetLineKeyTemplate replaces the keys, and whether they can be moved.
	SetLineKeyTemplate(ctx context.Context, t LineKeyTemplate) error
	DeleteLineKeyTemplate(ctx context.Context, tenant customer.Tenant, id LineKeyTemplateID) error
}
