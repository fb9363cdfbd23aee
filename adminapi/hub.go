package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
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

// bindingWire is where a phone is registered from.
type bindingWire struct {
	Contact   string `json:"contact"`
	Transport string `json:"transport"`
	Expires   string `json:"expires"`
	UserAgent string `json:"userAgent"`
	Port      int    `json:"port" doc:"Of the line"`
	Source    string `json:"source" doc:"Address that the request came from"`

	Registered   string  `json:"registered" doc:"When the phone said so last"`
	InstanceID   string  `json:"instanceId,omitempty" doc:"What the phone calls itself (RFC 5626)"`
	RegID        uint32  `json:"regId,omitempty" doc:"Which of the phone's flows this is (RFC 5626)"`
	Preference   float64 `json:"q" doc:"0 to 1, the most preferred contact first"`
	Path         string  `json:"path,omitempty" doc:"Proxies on the way to the phone (RFC 3327)"`
	CertifiedMAC string  `json:"certifiedMac,omitempty" doc:"Address in the maker's certificate that the phone showed on the connection"`
}

type registrationOutput struct {
	Body struct {
		Registered bool          `json:"registered"`
		Bindings   []bindingWire `json:"bindings"`
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

func (s *Server) registration(ctx context.Context, in *DeviceInput) (*registrationOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	bindings, err := s.Devices.Registration(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	out := &registrationOutput{}
	out.Body.Registered = len(bindings) > 0
	out.Body.Bindings = make([]bindingWire, len(bindings))
	for i, b := range bindings {
		out.Body.Bindings[i] = bindingWire{
			Contact: b.Contact, Transport: b.Transport, Expires: timestamp(b.Expires), UserAgent: b.UserAgent, Port: b.Port, Source: b.Source.String(),
			Registered: timestamp(b.Registered), InstanceID: b.InstanceID, RegID: b.RegID, Preference: float64(b.Q) / 1000, Path: b.Path,
		}
		if b.Certified != (deviceprofiles.MAC{}) {
			out.Body.Bindings[i].CertifiedMAC = b.Certified.String()
		}
	}
	return out, nil
}
