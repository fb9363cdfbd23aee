package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// codeWire is an activation code on the wire.
type codeWire struct {
	Code       string `json:"code" doc:"Sixteen digits, shown this once" example:"5414011256173816"`
	ExpiryTime string `json:"expiryTime"`
}

func wireCode(c provisioning.Code) codeWire {
	return codeWire{Code: c.Digits.Reveal(), ExpiryTime: timestamp(c.Expires)}
}

type codeOutput struct{ Body codeWire }

type newCodeInput struct {
	InOrg
	Body struct {
		PersonID    string `json:"personId"`
		WorkspaceID string `json:"workspaceId"`
		Model       string `json:"model" doc:"Wire name or display name of a model that takes codes" example:"DMS Cisco 8851"`
	}
}

// replaceInput says who takes a phone's place.
type replaceInput struct {
	DeviceInput
	Body struct {
		MAC    string `json:"mac" doc:"Of the new phone, in any spelling; or byCode" example:"805EC0AABBCC"`
		ByCode bool   `json:"byCode" doc:"A code is issued, and the phone that brings it first becomes this device"`
		Model  string `json:"model" doc:"Of the new phone; absent: as before"`
	}
}

type replaceOutput struct {
	Body struct {
		Device     deviceWire `json:"device"`
		Code       string     `json:"code,omitempty" doc:"Sixteen digits, shown this once; with byCode"`
		ExpiryTime string     `json:"expiryTime,omitempty"`
	}
}

func (s *Server) activationRoutes() {
	const path = hubDevice + "/activationCode"
	route(s, operation{"createActivationCode", http.MethodPost, devicesPath + "/activationCode", "Create a device that waits for a phone, and the code that its phone brings", 0, customer.ScopeDevicesWrite}, s.orderByCode)
	route(s, operation{"reissueActivationCode", http.MethodPost, path, "Give a device that waits for its phone another code", 0, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *DeviceInput) (*codeOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			code, err := s.Devices.ReissueCode(ctx, actorOf(ctx), tenant, id)
			return &codeOutput{wireCode(code)}, err
		})
	route(s, operation{"cancelActivationCode", http.MethodDelete, path, "End a device's code; the device stays", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *DeviceInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.CancelCode(ctx, actorOf(ctx), tenant, id)
		})
	route(s, operation{"replaceDevice", http.MethodPost, hubDevice + "/replace", "Put another phone into the place of a broken one", 0, customer.ScopeDevicesWrite}, s.replaceDevice)
}

func (s *Server) orderByCode(ctx context.Context, in *newCodeInput) (*codeOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	person, err := fieldID[customer.PersonID]("personId", in.Body.PersonID)
	if err != nil {
		return nil, err
	}
	workspace, err := fieldID[customer.MemberID]("workspaceId", in.Body.WorkspaceID)
	if err != nil {
		return nil, err
	}
	if in.Body.Model == "" {
		return nil, fault.InvalidField("model", "is needed: only phones are provisioned here")
	}
	_, code, err := s.Devices.OrderByCode(ctx, actorOf(ctx), tenant, provisioning.NewDevice{Model: in.Body.Model, Person: person, Workspace: workspace})
	return &codeOutput{wireCode(code)}, err
}

func (s *Server) replaceDevice(ctx context.Context, in *replaceInput) (*replaceOutput, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	d, code, err := s.Devices.ReplaceDevice(ctx, actorOf(ctx), tenant, id, provisioning.Replacement{MAC: in.Body.MAC, ByCode: in.Body.ByCode, Model: in.Body.Model})
	out := &replaceOutput{}
	out.Body.Device = wireDevice(d)
	if !code.Digits.IsZero() {
		out.Body.Code, out.Body.ExpiryTime = code.Digits.Reveal(), timestamp(code.Expires)
	}
	return out, err
}
