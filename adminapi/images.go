package adminapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/provisioning"
)

// Images is what the door asks about background images; provisioning.Service is one.
type Images interface {
	UploadImage(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, fileName string, body []byte) (provisioning.BackgroundImage, int, error)
	Images(ctx context.Context, tenant customer.Tenant) ([]provisioning.BackgroundImage, error)
}

// imageWire is a background image in a list.
type imageWire struct {
	URL      string `json:"backgroundImageUrl" doc:"Path on the doors for phones, and the value of the setting"`
	FileName string `json:"fileName"`
}

type imagesOutput struct {
	Body struct {
		Images []imageWire `json:"backgroundImages"`
		Count  string      `json:"count" doc:"Of all images of the organisation"`
	}
}

// uploadInput keeps the body, which is read as it comes.
type uploadInput struct {
	DeviceInput
	kind string
	body io.Reader
}

// Resolve implements huma.Resolver.
func (in *uploadInput) Resolve(c huma.Context) []error {
	in.kind, in.body = c.Header("Content-Type"), c.BodyReader()
	return nil
}

type uploadedOutput struct {
	Body struct {
		FileName string `json:"filename"`
		URL      string `json:"backgroundImageUrl"`
		Count    string `json:"count"`
	}
}

// imageDeletionBody is one image to delete.
type imageDeletionBody struct {
	FileName string `json:"fileName"`
	Force    truth  `json:"forceDelete" doc:"Take back the settings that use it, too"`
}

type deleteImagesInput struct {
	InOrg
	Body struct {
		Images []imageDeletionBody `json:"backgroundImages"`
	}
}

type deletedImageWire struct {
	FileName string          `json:"fileName"`
	Result   imageResultWire `json:"result"`
}

type imageResultWire struct {
	Status int           `json:"status"`
	Error  *imageProblem `json:"error,omitempty"`
}

type imageProblem struct {
	Message   string `json:"message"`
	ErrorCode int    `json:"errorCode"`
}

type deletedImagesOutput struct {
	Status int
	Body   struct {
		Items []deletedImageWire `json:"items"`
		Count string             `json:"count" doc:"Images that are left"`
	}
}

func (s *Server) imageRoutes() {
	const path = telephonyDevices + "/backgroundImages"
	routeWith(s, operation{"uploadBackgroundImage", http.MethodPost, telephonyDevice + "/actions/backgroundImageUpload/invoke", "Upload a background image for the organisation's phones", http.StatusCreated, customer.ScopeTelephonyWrite},
		takesImage, s.uploadImage)
	route(s, operation{"listBackgroundImages", http.MethodGet, path, "List background images", 0, customer.ScopeTelephonyRead},
		func(ctx context.Context, in *struct{ InOrg }) (*imagesOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			list, err := s.Devices.Images(ctx, tenant)
			out := &imagesOutput{}
			out.Body.Images, out.Body.Count = make([]imageWire, len(list)), strconv.Itoa(len(list))
			for i, one := range list {
				out.Body.Images[i] = imageWire{one.Path(), one.FileName}
			}
			return out, err
		})
	routeWith(s, operation{"deleteBackgroundImages", http.MethodDelete, path, "Delete background images: 206 when some stay", 0, customer.ScopeTelephonyWrite},
		func(o *huma.Operation) {
			o.Responses = map[string]*huma.Response{"206": {Description: "Some stay; the results say why", Content: map[string]*huma.MediaType{"application/json": {}}}}
		}, s.deleteImages)
}

// takesImage describes the form, which the library is to leave to us.
func takesImage(o *huma.Operation) {
	o.RequestBody = &huma.RequestBody{
		Description: "A form with the parts file, a PNG or JPEG of at most 625 KB, and fileName.",
		Content:     map[string]*huma.MediaType{"multipart/form-data": {}},
	}
}

func (s *Server) uploadImage(ctx context.Context, in *uploadInput) (*uploadedOutput, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	name, body, err := in.form(ctx)
	if err != nil {
		return nil, err
	}
	image, count, err := s.Devices.UploadImage(ctx, actorOf(ctx), tenant, id, name, body)
	out := &uploadedOutput{}
	out.Body.FileName, out.Body.URL, out.Body.Count = image.FileName, image.Path(), strconv.Itoa(count)
	return out, err
}

// maxFormParts bounds a form: a file, its name, and what clients add.
const maxFormParts = 10

// form reads the name and the picture. Nothing of it is written to a disk.
func (in *uploadInput) form(ctx context.Context) (string, []byte, error) {
	kind, parameters, err := mime.ParseMediaType(in.kind)
	if err != nil || kind != "multipart/form-data" {
		return "", nil, refusal(ctx, http.StatusUnsupportedMediaType, "Send the picture as a form (multipart/form-data) with the parts file and fileName.")
	}
	form := multipart.NewReader(in.body, parameters["boundary"])
	var name, sent string
	var body []byte
	for range maxFormParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, formError(ctx, err)
		}
		text, err := io.ReadAll(io.LimitReader(part, provisioning.MaxImageBytes+1)) // one more than may be, so that the core sees it
		if err != nil {
			return "", nil, formError(ctx, err)
		}
		switch part.FormName() {
		case "file":
			body, sent = text, part.FileName()
		case "fileName":
			name = string(text)
		}
	}
	if name == "" {
		name = sent
	}
	if body == nil {
		return "", nil, fault.InvalidField("file", "is needed").WithCode(fault.CodeMissing)
	}
	return name, body, nil
}

// formError says why a form can't be read.
func formError(ctx context.Context, err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refusal(ctx, http.StatusRequestEntityTooLarge, "The form is larger than 1 MiB. A picture has at most 625 KB.")
	}
	return fault.Wrap(fault.Invalid, err, "The form can't be read, or broke off. Send it again.")
}

func (s *Server) deleteImages(ctx context.Context, in *deleteImagesInput) (*deletedImagesOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	list := make([]fleet.ImageDeletion, len(in.Body.Images))
	for i, one := range in.Body.Images {
		list[i] = fleet.ImageDeletion{FileName: one.FileName, Force: bool(one.Force)}
	}
	results, left, err := s.Fleet.DeleteImages(ctx, actorOf(ctx), tenant, list)
	if err != nil {
		return nil, err
	}
	out := &deletedImagesOutput{Status: http.StatusOK}
	out.Body.Items, out.Body.Count = make([]deletedImageWire, len(results)), strconv.Itoa(left)
	for i, r := range results {
		w := &out.Body.Items[i]
		w.FileName, w.Result.Status = r.FileName, http.StatusOK
		if r.Err != nil {
			out.Status, w.Result.Status = http.StatusPartialContent, statusOf(fault.KindOf(r.Err))
			w.Result.Error = &imageProblem{Message: fault.Message(r.Err), ErrorCode: codeOf(r.Err)}
		}
	}
	return out, nil
}

// codeOf is the number of an error's first problem.
func codeOf(err error) int {
	if list := fault.ProblemsOf(err); len(list) > 0 {
		return list[0].Code
	}
	return 0
}
