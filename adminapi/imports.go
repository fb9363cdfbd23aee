package adminapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/imports"
)

// Imports is what the door asks about people in bulk; imports.Service is one.
type Imports interface {
	Start(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in imports.NewImport) (imports.Import, error)
	Import(ctx context.Context, tenant customer.Tenant, id imports.ID) (imports.Import, error)
	Imports(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]imports.Import, bool, error)
	Remove(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id imports.ID) error
	WriteResults(ctx context.Context, tenant customer.Tenant, id imports.ID, w io.Writer) error
	WriteTemplate(w io.Writer) error
}

const (
	importsPath  = "/hub/v1/people/imports"
	templatePath = importsPath + "/template"
	kindImport   = "PEOPLE_IMPORT"
	csvType      = "text/csv; charset=utf-8"
)

// importWire is an import on the wire.
type importWire struct {
	ID        string   `json:"id"`
	OrgID     string   `json:"orgId"`
	Status    string   `json:"status" doc:"queued, running, completed or failed"`
	DryRun    bool     `json:"dryRun" doc:"Nothing is changed: the results say what would be"`
	Mode      string   `json:"mode"`
	Rows      int      `json:"rows" doc:"Of the file"`
	Done      int      `json:"done" doc:"Rows that have a result"`
	Added     int      `json:"added"`
	Changed   int      `json:"changed"`
	Deleted   int      `json:"deleted"`
	Unchanged int      `json:"unchanged"`
	Failed    int      `json:"failed"`
	Warnings  int      `json:"warnings" doc:"Rows with a warning, whatever became of them"`
	Notices   []string `json:"notices" doc:"What is odd about the file as a whole"`
	Error     string   `json:"error,omitempty" doc:"Why the import failed"`
	CreatedBy string   `json:"createdBy"`
	Created   string   `json:"created"`
	Finished  string   `json:"finished,omitempty"`
}

func wireImport(i imports.Import) importWire {
	w := importWire{
		ID: encodeID(kindImport, i.ID), OrgID: encodeID(kindOrganization, i.Org), Status: string(i.Status), DryRun: i.DryRun, Mode: string(i.Mode),
		Rows: i.Rows, Done: i.Done, Added: i.Added, Changed: i.Changed, Deleted: i.Deleted, Unchanged: i.Unchanged, Failed: i.Failed, Warnings: i.Warnings,
		Notices: i.Notices, Error: i.Error, CreatedBy: i.Actor, Created: timestamp(i.Created), Finished: timestamp(i.Finished),
	}
	if i.Status == imports.Receiving {
		w.Status = string(imports.Queued)
	}
	if w.Notices == nil {
		w.Notices = []string{}
	}
	return w
}

type newImportInput struct {
	Paging
	InOrg
	DryRun bool   `query:"dryRun" doc:"Find out what would become of each row, and change nothing"`
	Mode   string `query:"mode" doc:"addAndRemoveServices (default): FALSE takes a package, and another base package replaces the one that there is. addServices: packages are only added"`
	sent   sentCSV
}

// Resolve keeps the body, which is read as it comes.
func (in *newImportInput) Resolve(c huma.Context) []error {
	in.sent = csvOf(c)
	return in.Paging.Resolve(c)
}

// sentCSV is a body with a CSV file.
type sentCSV struct {
	kind string // media type, with its parameters
	body io.Reader
}

func csvOf(c huma.Context) sentCSV { return sentCSV{c.Header("Content-Type"), c.BodyReader()} }

// file returns the CSV inside the body.
func (in sentCSV) file(ctx context.Context) (io.Reader, error) {
	kind, parameters, err := mime.ParseMediaType(in.kind)
	switch {
	case in.kind == "", err == nil && kind == "text/csv":
		return in.body, nil
	case err == nil && kind == "multipart/form-data":
		return newFormFile(in.body, parameters["boundary"])
	}
	return nil, refusal(ctx, http.StatusUnsupportedMediaType, "Send the file as text/csv, or as the one file of a form (multipart/form-data).")
}

type importOutput struct {
	Location string `header:"Location"`
	Body     importWire
}

func importAt(p *Paging, i imports.Import) *importOutput {
	return &importOutput{p.self(importsPath + "/" + encodeID(kindImport, i.ID)), wireImport(i)}
}

// ImportInput names an import.
type ImportInput struct {
	Paging
	ID string `path:"importId"`
}

type importsInput struct {
	Paging
	InOrg
}

func (s *Server) importRoutes() {
	const one = importsPath + "/{importId}"
	routeWith(s, operation{"importPeople", http.MethodPost, importsPath, "Add, change and delete people by a CSV file", http.StatusAccepted, customer.ScopeSubscribersWrite}, takesCSV("64 MiB"), s.importPeople)
	route(s, operation{"listImports", http.MethodGet, importsPath, "List imports of people", 0, customer.ScopeSubscribersRead}, s.listImports)
	route(s, operation{"getImport", http.MethodGet, one, "How far an import is, and what became of its rows", 0, customer.ScopeSubscribersRead},
		func(ctx context.Context, in *ImportInput) (*importOutput, error) {
			i, err := s.importOf(ctx, in)
			return importAt(&in.Paging, i), err
		})
	route(s, operation{"deleteImport", http.MethodDelete, one, "Delete an import; one that runs ends with the row at hand", http.StatusNoContent, customer.ScopeSubscribersWrite},
		func(ctx context.Context, in *ImportInput) (*struct{}, error) {
			id, err := pathID[imports.ID]("import", in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.Imports.Remove(ctx, actorOf(ctx), actorOf(ctx).Tenant(), id)
		})
	routeWith(s, operation{"getImportResults", http.MethodGet, one + "/results", "What became of each row, as CSV", 0, customer.ScopeSubscribersRead}, givesCSV, s.importResults)
	routeWith(s, operation{"getImportTemplate", http.MethodGet, templatePath, "A CSV with every column and one row as an example", 0, customer.ScopeSubscribersRead}, givesCSV,
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return s.download("people.csv", s.Imports.WriteTemplate), nil
		})
}

// takesCSV describes the body, which the library is to leave to us: it would read an object that has a schema.
func takesCSV(size string) func(*huma.Operation) {
	return func(o *huma.Operation) {
		o.RequestBody = &huma.RequestBody{
			Description: "The CSV itself, or a form with one file. At most " + size + " and 100,000 rows.",
			Content:     map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}, "multipart/form-data": {}},
		}
	}
}

// givesCSV describes the answer.
func givesCSV(o *huma.Operation) {
	o.Responses = map[string]*huma.Response{"200": {Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
}

func (s *Server) importPeople(ctx context.Context, in *newImportInput) (*importOutput, error) {
	tenant, err := s.tenant(ctx, in.InOrg)
	if err != nil {
		return nil, err
	}
	file, err := in.sent.file(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.Imports.Start(ctx, actorOf(ctx), tenant, imports.NewImport{DryRun: in.DryRun, Mode: imports.Mode(in.Mode), File: file, ReadID: decodeID})
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, refusal(ctx, http.StatusRequestEntityTooLarge, "The file is larger than 64 MiB. Split it.")
	}
	return importAt(&in.Paging, i), err
}

func (s *Server) listImports(ctx context.Context, in *importsInput) (*listed[importWire], error) {
	page, tenant, err := s.window(ctx, &in.Paging, in.InOrg)
	if err != nil {
		return nil, err
	}
	list, more, err := s.Imports.Imports(ctx, tenant, page)
	return answer(&in.Paging, page, list, more, wireImport), err
}

func (s *Server) importOf(ctx context.Context, in *ImportInput) (imports.Import, error) {
	id, err := pathID[imports.ID]("import", in.ID)
	if err != nil {
		return imports.Import{}, err
	}
	return s.Imports.Import(ctx, actorOf(ctx).Tenant(), id)
}

func (s *Server) importResults(ctx context.Context, in *ImportInput) (*huma.StreamResponse, error) {
	i, err := s.importOf(ctx, in)
	if err != nil {
		return nil, err
	}
	name := "people-results-" + i.Created.UTC().Format("20060102-150405") + ".csv"
	return s.download(name, func(w io.Writer) error { return s.Imports.WriteResults(ctx, i.Tenant(), i.ID, w) }), nil
}

// download answers with a CSV file as it is written. What goes wrong in the middle cuts the connection, so that nobody takes a half for the whole.
func (s *Server) download(name string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", csvType)
		c.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		c.SetStatus(http.StatusOK)
		if err := write(c.BodyWriter()); err != nil {
			s.Logger.WarnContext(c.Context(), "a file broke off", "tracking_id", trackingID(c.Context()), "file", name, "error", err)
			panic(http.ErrAbortHandler)
		}
	}}
}

// formFile reads the one file of a form as it comes.
type formFile struct {
	form *multipart.Reader
	part *multipart.Part
}

func newFormFile(body io.Reader, boundary string) (*formFile, error) {
	if boundary == "" {
		return nil, fault.New(fault.Invalid, "The form names no boundary between its parts.")
	}
	f := &formFile{form: multipart.NewReader(body, boundary)}
	var err error
	if f.part, err = f.next(); errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "The form holds no file. Send the CSV as its one file.")
	}
	return f, err
}

// next goes to the next part that is a file.
func (f *formFile) next() (*multipart.Part, error) {
	for {
		part, err := f.form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, fault.Wrap(fault.Invalid, err, "The form can't be read, or broke off. Send it again.")
		case part.FileName() != "":
			return part, nil
		}
	}
}

// Read implements io.Reader. After the file there must not be another one.
func (f *formFile) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	if _, err := f.next(); err == nil {
		return 0, fault.New(fault.Invalid, "The form holds several files. Send one at a time.")
	} else if !errors.Is(err, io.EOF) {
		return 0, err
	}
	return 0, io.EOF
}
