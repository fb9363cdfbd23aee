package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
)

// templateWire is an onboarding template on the wire.
type templateWire struct {
	ID             string `json:"id"`
	ProvisioningID string `json:"provisioningId" doc:"Names the template when a customer is provisioned"`
	Name           string `json:"name"`
	Country        string `json:"country"`
	Language       string `json:"language"`
	SubscriptionID string `json:"subscriptionId"`
	Created        string `json:"created"`

	Type                   string             `json:"type"`
	ServiceProviderAdmin   string             `json:"serviceProviderAdmin"`
	Authentication         authenticationWire `json:"authentication"`
	PSTNVendorID           string             `json:"pstnVendorId,omitempty"`
	BrandName              string             `json:"brandName,omitempty"`
	AllowAdminInviteEmails bool               `json:"allowAdminInviteEmails"`
	AllowNonPSTNCalls      bool               `json:"allowNonPstnCalls"`
}

// authenticationWire is how customers' people sign in, on the wire.
type authenticationWire struct {
	Mode             string `json:"mode" doc:"webex (default), partner_saml or partner_oidc" example:"webex"`
	EntityID         string `json:"entityId,omitempty" doc:"Of the SAML identity provider: a URI of 1 to 1024 characters"`
	IdentityProvider string `json:"identityProvider,omitempty" doc:"Name of one of your identity providers"`
}

func wireTemplate(t customer.Template) templateWire {
	return templateWire{
		ID: encodeID(kindTemplate, t.ID), ProvisioningID: encodeProvisioningID(t.ProvisioningID), Name: t.Name, Country: t.Country, Language: t.Language,
		SubscriptionID: t.SubscriptionID, Created: timestamp(t.Created), Type: string(t.Type), ServiceProviderAdmin: t.ServiceProviderAdmin,
		Authentication: authenticationWire{string(t.Authentication.Mode), t.Authentication.EntityID, t.IdentityProviderName},
		PSTNVendorID:   encodeID(kindPSTNVendor, t.PSTNVendor), BrandName: t.BrandName,
		AllowAdminInviteEmails: t.AllowAdminInviteEmails, AllowNonPSTNCalls: t.AllowNonPSTNCalls,
	}
}

// templateBody is what a template says, on the wire.
type templateBody struct {
	Name           string `json:"name" doc:"1 to 80 characters; unique" example:"Small business"`
	Country        string `json:"country" doc:"ISO 3166-1 alpha-2" example:"US"`
	Language       string `json:"language" doc:"Locale of new customers" example:"en_US"`
	SubscriptionID string `json:"subscriptionId" doc:"Wholesale subscription" example:"Sub-1"`

	Type                   string             `json:"type" doc:"webex_for_wholesale (default)" example:"webex_for_wholesale"`
	ServiceProviderAdmin   string             `json:"serviceProviderAdmin" doc:"E-mail address; yours by default"`
	Authentication         authenticationWire `json:"authentication" doc:"Of customers that are created later"`
	PSTNVendorID           string             `json:"pstnVendorId" doc:"Connects the first location of each customer"`
	BrandName              string             `json:"brandName" doc:"In e-mails; at most 80 characters"`
	AllowAdminInviteEmails bool               `json:"allowAdminInviteEmails" doc:"When an existing organisation is attached"`
	AllowNonPSTNCalls      bool               `json:"allowNonPstnCalls" doc:"Webex-to-Webex calls"`
}

func (b templateBody) noun() customer.NewTemplate {
	a := b.Authentication
	return customer.NewTemplate{
		Name: b.Name, Country: b.Country, Language: b.Language, SubscriptionID: b.SubscriptionID, Type: customer.TemplateType(b.Type),
		ServiceProviderAdmin: b.ServiceProviderAdmin, PSTNVendor: namedPSTNVendor(b.PSTNVendorID), BrandName: b.BrandName,
		Authentication:         customer.NewAuthentication{Mode: customer.AuthenticationMode(a.Mode), EntityID: a.EntityID, IdentityProvider: a.IdentityProvider},
		AllowAdminInviteEmails: b.AllowAdminInviteEmails, AllowNonPSTNCalls: b.AllowNonPSTNCalls,
	}
}

type newTemplateInput struct{ Body templateBody }

// TemplateInput names a template.
type TemplateInput struct {
	ID string `path:"id"`
}

type templateChangeInput struct {
	TemplateInput
	Body templateBody
}

type templateOutput struct{ Body templateWire }

func (s *Server) templateRoutes() {
	const path, one = "/hub/v1/templates", "/hub/v1/templates/{id}"
	route(s, operation{"createTemplate", http.MethodPost, path, "Create an onboarding template", http.StatusCreated, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *newTemplateInput) (*templateOutput, error) {
			t, err := s.Customers.CreateTemplate(ctx, actorOf(ctx), in.Body.noun())
			return &templateOutput{wireTemplate(t)}, err
		})
	route(s, operation{"listTemplates", http.MethodGet, path, "List onboarding templates", 0, customer.ScopeTemplatesRead},
		func(ctx context.Context, in *struct{ Paging }) (*listed[templateWire], error) {
			page, err := in.page()
			if err != nil {
				return nil, err
			}
			list, more, err := s.Customers.Templates(ctx, actorOf(ctx), page)
			return answer(&in.Paging, page, list, more, wireTemplate), err
		})
	route(s, operation{"getTemplate", http.MethodGet, one, "Get an onboarding template", 0, customer.ScopeTemplatesRead},
		func(ctx context.Context, in *TemplateInput) (*templateOutput, error) {
			id, err := pathID[customer.TemplateID]("template", in.ID)
			if err != nil {
				return nil, err
			}
			t, err := s.Customers.Template(ctx, actorOf(ctx), id)
			return &templateOutput{wireTemplate(t)}, err
		})
	route(s, operation{"updateTemplate", http.MethodPut, one, "Replace what a template says; customers stay as they are", 0, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *templateChangeInput) (*templateOutput, error) {
			id, err := pathID[customer.TemplateID]("template", in.ID)
			if err != nil {
				return nil, err
			}
			t, err := s.Customers.ChangeTemplate(ctx, actorOf(ctx), id, in.Body.noun())
			return &templateOutput{wireTemplate(t)}, err
		})
	route(s, operation{"deleteTemplate", http.MethodDelete, one, "Delete a template that no customer was made with", http.StatusNoContent, customer.ScopeTemplatesWrite},
		func(ctx context.Context, in *TemplateInput) (*struct{}, error) {
			id, err := pathID[customer.TemplateID]("template", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Customers.DeleteTemplate(ctx, actorOf(ctx), id)
		})
}
