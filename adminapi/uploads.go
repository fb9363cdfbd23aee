package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// Uploads is what the door asks about files that phones sent; provisioning.Service is one.
type Uploads interface {
	Uploads(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) ([]provisioning.StoredUpload, error)
	OpenUpload(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, name string) (provisioning.StoredUpload, []byte, error)
	DeleteUpload(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, name string) error
}

// uploadWire is a file that a phone sent.
type uploadWire struct {
	Name    string `json:"name"`
	Kind    string `json:"kind" doc:"log, override (settings that its user changed), directory, calls, report or problem"`
	Size    int    `json:"size" doc:"Bytes"`
	Secret  bool   `json:"secret" doc:"It may hold passwords: reading it needs dialtone:credentials_write"`
	Created string `json:"created"`
	Changed string `json:"changed"`
}

type uploadsOutput struct {
	Body struct {
		Items []uploadWire `json:"items"`
	}
}

// UploadInput names a file of a device's phone.
type UploadInput struct {
	DeviceInput
	Name string `path:"name"`
}

func (s *Server) uploadRoutes() {
	const path = hubDevice + "/uploads"
	route(s, operation{"listUploads", http.MethodGet, path, "List the files that the phone sent", 0, customer.ScopeDevicesRead}, s.uploads)
	routeWith(s, operation{"getUpload", http.MethodGet, path + "/{name}", "Read a file that the phone sent", 0, customer.ScopeDevicesRead}, givesUpload, s.upload)
	route(s, operation{"deleteUpload", http.MethodDelete, path + "/{name}", "Delete a file that the phone sent, such as its user's settings", http.StatusNoContent, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *UploadInput) (*struct{}, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			return nil, s.Devices.DeleteUpload(ctx, actorOf(ctx), tenant, id, in.Name)
		})
}

// What a file of a phone is sent as: text, whatever else it says it is, or bytes.
const (
	uploadText  = "text/plain; charset=utf-8"
	uploadBytes = "application/octet-stream"
)

// givesUpload describes the file, which isn't JSON.
func givesUpload(o *huma.Operation) {
	o.Responses = map[string]*huma.Response{"200": {
		Description: "The file, to the byte", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}, uploadBytes: {}},
	}}
}

func (s *Server) uploads(ctx context.Context, in *DeviceInput) (*uploadsOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	list, err := s.Devices.Uploads(ctx, tenant, id)
	out := &uploadsOutput{}
	out.Body.Items = make([]uploadWire, len(list))
	for i, u := range list {
		out.Body.Items[i] = uploadWire{
			Name: u.Name, Kind: string(u.Kind), Size: u.Size, Secret: u.Secret(), Created: timestamp(u.Created), Changed: timestamp(u.Changed),
		}
	}
	return out, err
}

// upload answers with a file as an attachment that no browser shows: whoever wrote it may have written a script.
func (s *Server) upload(ctx context.Context, in *UploadInput) (*huma.StreamResponse, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	u, body, err := s.Devices.OpenUpload(ctx, actorOf(ctx), tenant, id, in.Name)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		kind := uploadText
		if u.Kind == deviceprofiles.UploadProblem {
			kind = uploadBytes
		}
		c.SetHeader("Content-Type", kind)
		c.SetHeader("Content-Disposition", `attachment; filename="`+u.Name+`"`)
		c.SetHeader("X-Content-Type-Options", "nosniff")
		c.SetStatus(http.StatusOK)
		_, _ = c.BodyWriter().Write(body) // the client is gone, or it has it
	}}, nil
}
