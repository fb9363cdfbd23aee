package adminapi

import (
	"context"
	"net/http"
	"strconv"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// revisionWire is a revision on the wire.
type revisionWire struct {
	Revision int64  `json:"revision"`
	Time     string `json:"time"`
	Actor    string `json:"actor"`
	Change   string `json:"change" doc:"Kind of the event that made it"`
}

func wireRevision(r provisioning.Revision) revisionWire {
	return revisionWire{Revision: r.Number, Time: timestamp(r.Time), Actor: r.Actor, Change: string(r.Change)}
}

type revisionsInput struct {
	DeviceInput
	Before string `query:"before" doc:"Revisions before this number"`
	Max    string `query:"max" doc:"1 to 100; 50 when it isn't given"`
}

type revisionsOutput struct {
	Body struct {
		Items []revisionWire `json:"items" doc:"The newest first"`
	}
}

// RevisionInput names one revision of a device.
type RevisionInput struct {
	DeviceInput
	Revision string `path:"revision" doc:"Number, or a moment such as 2026-05-01T08:00:00Z: the revision that was in force then"`
}

type revisionOutput struct {
	Body struct {
		revisionWire
		Files []fileWire `json:"files"`
	}
}

type revisionFileInput struct {
	RevisionInput
	Body struct {
		Path string `json:"path" doc:"Of a file, as the list of files has it"`
	}
}

type revealedFile struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Path        string `json:"path"`
		ContentType string `json:"contentType"`
		SHA256      string `json:"sha256"`
		Body        []byte `json:"body" doc:"Base64 of the bytes that the phone gets"`
	}
}

type diffInput struct {
	DeviceInput
	From string `query:"from" doc:"Number or moment"`
	To   string `query:"to" doc:"Number or moment"`
}

type diffWire struct {
	Path    string `json:"path"`
	Diff    string `json:"diff" doc:"Unified; secrets read ********"`
	Secrets bool   `json:"secretsDiffer"`
}

type diffOutput struct {
	Body struct {
		Files []diffWire `json:"files" doc:"Those that differ"`
	}
}

type rollbackInput struct {
	DeviceInput
	Body struct {
		To string `json:"to" doc:"Number or moment"`
	}
}

type rolledBackOutput struct {
	Body struct {
		Revision int64 `json:"revision" doc:"The new one"`
	}
}

// parseMoment reads a revision's number or a moment.
func parseMoment(field, text string) (provisioning.Moment, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n < 1_000_000_000 {
		return provisioning.Moment{Number: n}, nil
	}
	at, err := instant(field, text)
	if err == nil && at.IsZero() {
		err = fault.InvalidField(field, "is needed: a revision's number, or a moment such as 2026-05-01T08:00:00Z").WithCode(fault.CodeMissing)
	}
	return provisioning.Moment{Time: at}, err
}

func (s *Server) revisionRoutes() {
	const path = hubDevice + "/revisions"
	route(s, operation{"listRevisions", http.MethodGet, path, "What a device was told, change by change", 0, customer.ScopeDevicesRead}, s.revisions)
	route(s, operation{"getRevision", http.MethodGet, path + "/{revision}", "What a device was told at a revision or moment, secrets masked", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *RevisionInput) (*revisionOutput, error) {
			r, files, err := s.revision(ctx, *in)
			if err != nil {
				return nil, err
			}
			out := &revisionOutput{}
			out.Body.revisionWire, out.Body.Files = wireRevision(r), wireFiles(files)
			return out, nil
		})
	route(s, operation{"revealRevisionFile", http.MethodPost, path + "/{revision}/reveal", "One file of a revision, to the byte: with its secrets", 0, customer.ScopeCredentialsWrite}, s.revisionFile)
	route(s, operation{"diffRevisions", http.MethodGet, hubDevice + "/diff", "How what a device was told differs between two moments", 0, customer.ScopeDevicesRead}, s.diff)
	route(s, operation{"rollBackDevice", http.MethodPost, hubDevice + "/rollback", "Bring back a device's layout, line options and settings as they were", 0, customer.ScopeDevicesWrite},
		func(ctx context.Context, in *rollbackInput) (*rolledBackOutput, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			to, err := parseMoment("to", in.Body.To)
			if err != nil {
				return nil, err
			}
			out := &rolledBackOutput{}
			out.Body.Revision, err = s.Devices.RollBack(ctx, actorOf(ctx), tenant, id, to)
			return out, err
		})
}

func (s *Server) revisions(ctx context.Context, in *revisionsInput) (*revisionsOutput, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	limit, before := int64(defaultMax), int64(0)
	for _, q := range []struct {
		field, text string
		into        *int64
	}{{"max", in.Max, &limit}, {"before", in.Before, &before}} {
		if q.text == "" {
			continue
		}
		if *q.into, err = strconv.ParseInt(q.text, 10, 64); err != nil || *q.into < 1 {
			return nil, fault.InvalidField(q.field, "must be a whole number from 1; it is %.40q", q.text)
		}
	}
	list, err := s.Devices.Revisions(ctx, tenant, id, before, int(min(limit, mostMax)))
	if err != nil {
		return nil, err
	}
	out := &revisionsOutput{}
	out.Body.Items = make([]revisionWire, len(list))
	for i, r := range list {
		out.Body.Items[i] = wireRevision(r)
	}
	return out, nil
}

func (s *Server) revision(ctx context.Context, in RevisionInput) (provisioning.Revision, []provisioning.DeviceFile, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return provisioning.Revision{}, nil, err
	}
	at, err := parseMoment("revision", in.Revision)
	if err != nil {
		return provisioning.Revision{}, nil, err
	}
	return s.Devices.FilesAt(ctx, tenant, id, at)
}

func (s *Server) revisionFile(ctx context.Context, in *revisionFileInput) (*revealedFile, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	at, err := parseMoment("revision", in.Revision)
	if err != nil {
		return nil, err
	}
	if in.Body.Path == "" {
		return nil, fault.InvalidField("path", "is needed: of a file, as the list of files has it").WithCode(fault.CodeMissing)
	}
	f, err := s.Devices.RevealFile(ctx, actorOf(ctx), tenant, id, at, in.Body.Path)
	if err != nil {
		return nil, err
	}
	out := &revealedFile{CacheControl: "no-store"}
	out.Body.Path, out.Body.ContentType, out.Body.SHA256, out.Body.Body = f.Path, f.ContentType, f.SHA256(), f.Body
	return out, nil
}

func (s *Server) diff(ctx context.Context, in *diffInput) (*diffOutput, error) {
	tenant, id, err := s.device(ctx, in.DeviceInput)
	if err != nil {
		return nil, err
	}
	from, err := parseMoment("from", in.From)
	if err != nil {
		return nil, err
	}
	to, err := parseMoment("to", in.To)
	if err != nil {
		return nil, err
	}
	list, err := s.Devices.DiffRevisions(ctx, tenant, id, from, to)
	if err != nil {
		return nil, err
	}
	out := &diffOutput{}
	out.Body.Files = make([]diffWire, len(list))
	for i, d := range list {
		out.Body.Files[i] = diffWire(d)
	}
	return out, nil
}
