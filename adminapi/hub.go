package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

// fileWire is a file that a phone would be served.
type fileWire struct {
	Path        string   `json:"path"`
	Transports  []string `json:"transports"`
	ContentType string   `json:"contentType"`
	Body        string   `json:"body" doc:"Secrets read ********"`
	SHA256      string   `json:"sha256" doc:"Of the bytes that the phone gets, secrets and all"`
}

type filesOutput struct {
	Body struct {
		Revision int64      `json:"revision"`
		Files    []fileWire `json:"files"`
	}
}

type enrolmentInput struct {
	DeviceInput
	Body struct {
		Minutes int64 `json:"minutes" doc:"1 to 10080" example:"60"`
	}
}

type enrolmentOutput struct {
	Body struct {
		Expires string `json:"expires"`
	}
}

const hubDevice = "/hub/v1/devices/{deviceId}"

// maxMinutes keeps a window's length within what a duration holds; the core's own bound is far below.
const maxMinutes = 1_000_000

func (s *Server) hubRoutes() {
	route(s, operation{"getDeviceFiles", http.MethodGet, hubDevice + "/files", "What the phone would be served now", 0, customer.ScopeDevicesRead}, s.files)
	route(s, operation{"openEnrolment", http.MethodPost, hubDevice + "/enrolment", "Open the phone's enrolment window", http.StatusCreated, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *enrolmentInput) (*enrolmentOutput, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			length := time.Duration(max(0, min(in.Body.Minutes, maxMinutes))) * time.Minute
			until, err := s.Devices.OpenEnrolment(ctx, actorOf(ctx), tenant, id, length)
			out := &enrolmentOutput{}
			out.Body.Expires = timestamp(until)
			return out, err
		})
	route(s, operation{"closeEnrolment", http.MethodDelete, hubDevice + "/enrolment", "Close the phone's enrolment window", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *DeviceInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.CloseEnrolment(ctx, actorOf(ctx), tenant, id)
		})
	route(s, operation{"getRegistration", http.MethodGet, hubDevice + "/registration", "Whether and from where the phone is registered", 0, customer.ScopeDevicesRead}, s.registration)
	route(s, operation{"rebootDevice", http.MethodPost, hubDevice + "/actions/reboot/invoke", "Tell the phone to restart", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *DeviceInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.Reboot(ctx, actorOf(ctx), tenant, id)
		})
}

func (s *Server) files(ctx context.Context, in *DeviceInput) (*filesOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	view, err := s.Devices.Files(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	out := &filesOutput{}
	out.Body.Revision, out.Body.Files = view.Revision, wireFiles(view.Files)
	return out, nil
}

func wireFiles(files []provisioning.DeviceFile) []fileWire {
	out := make([]fileWire, len(files))
	for i, f := range files {
		transports := make([]string, len(f.Transports))
		for j, t := range f.Transports {
			transports[j] = string(t)
		}
		out[i] = fileWire{Path: f.Path, Transports: transports, ContentType: f.ContentType, Body: f.Masked, SHA256: f.SHA256()}
	}
	return out
}
