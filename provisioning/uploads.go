package provisioning

import (
	"bytes"
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// What happens to the files that phones send. Logs and the like come and go without an event.
const (
	EventOverridesUploaded customer.EventKind = "device.overrides_uploaded" // the phone's user has changed settings: name, size
	EventUploadDeleted     customer.EventKind = "device.upload_deleted"     // name, kind
)

// StoredUpload is a file that a phone sent. It is kept and given back to the byte, and read for one thing alone: changed settings that keep the phone from the registrar.
type StoredUpload struct {
	Partner customer.OrgID
	Org     customer.OrgID
	Device  DeviceID
	Name    string // in lower case, with the phone's address; unique for the device
	Kind    deviceprofiles.UploadKind
	Size    int           // bytes of what was sealed
	Body    secret.Sealed // for uploadOwner; nil in lists
	Created time.Time
	Changed time.Time
}

// Tenant returns whose phone sent the file.
func (u StoredUpload) Tenant() customer.Tenant {
	return customer.Tenant{Partner: u.Partner, Customer: u.Org}
}

// Secret reports whether the file may hold passwords: settings, reports of them, and archives with everything.
func (u StoredUpload) Secret() bool {
	switch u.Kind {
	case deviceprofiles.UploadOverride, deviceprofiles.UploadReport, deviceprofiles.UploadProblem:
		return true
	case deviceprofiles.UploadLog, deviceprofiles.UploadDirectory, deviceprofiles.UploadCalls:
	}
	return false
}

// ContentType returns what the phone is told that the file is.
func (u StoredUpload) ContentType() string {
	switch {
	case u.Kind == deviceprofiles.UploadProblem:
		return "application/octet-stream"
	case strings.HasSuffix(u.Name, ".xml"):
		return "text/xml; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

func uploadOwner(u StoredUpload) string { return "upload:" + string(u.Device) + "/" + u.Name }

// UploadReader reads what phones sent. The rules of Reader hold.
type UploadReader interface {
	// Uploads lists the files of a device without their bodies, by name; there are at most maxUploads.
	Uploads(ctx context.Context, tenant customer.Tenant, device DeviceID) ([]StoredUpload, error)
	Upload(ctx context.Context, tenant customer.Tenant, device DeviceID, name string) (StoredUpload, error)
	// UploadBytes adds up the sizes of all files of the tenant's one organisation.
	UploadBytes(ctx context.Context, tenant customer.Tenant) (int, error)
}

// UploadTx writes what phones sent. Files go with their device.
type UploadTx interface {
	// PutUpload keeps a file, in the place of the one with its name if there is one.
	PutUpload(ctx context.Context, u StoredUpload) error
	DeleteUpload(ctx context.Context, tenant customer.Tenant, device DeviceID, name string) error
	// DeleteUploads deletes all files of a device; that there are none is fine.
	DeleteUploads(ctx context.Context, tenant customer.Tenant, device DeviceID) error
}

// The bounds of what is kept.
const (
	maxUploads     = 24      // of a device: a phone has some ten
	maxProblems    = 2       // problem reports of a device, the newest
	maxUploadBytes = 1 << 30 // of an organisation
)

// boundOf is the size of the largest file of a kind, in bytes. A log that would become larger begins anew.
func boundOf(kind deviceprofiles.UploadKind) int {
	const ordinary, log, problem = 256 << 10, 512 << 10, 8 << 20
	switch kind {
	case deviceprofiles.UploadLog:
		return log
	case deviceprofiles.UploadProblem:
		return problem
	case deviceprofiles.UploadOverride, deviceprofiles.UploadDirectory, deviceprofiles.UploadCalls, deviceprofiles.UploadReport:
	}
	return ordinary
}

// keptUpload says what became of a file.
type keptUpload struct {
	received int // bytes
	created  bool
}

// keepUpload keeps what a phone sent: a log is added to, everything else is replaced, and problem reports stand side by side.
func (s *Service) keepUpload(ctx context.Context, d Device, name string, kind deviceprofiles.UploadKind, body []byte) (keptUpload, error) {
	u := StoredUpload{Partner: d.Partner, Org: d.Org, Device: d.ID, Name: name, Kind: kind, Created: s.now(), Changed: s.now()}
	if kind == deviceprofiles.UploadProblem {
		u.Name = problemName(name, s.now())
	}
	created := true
	err := s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		now, err := tx.Device(ctx, d.Tenant(), d.ID)
		if fault.Is(err, fault.NotFound) || err == nil && now.MAC != d.MAC {
			return denied() // it has been deleted or replaced meanwhile
		}
		if err != nil {
			return err
		}
		content, unchanged, err := s.contentOf(ctx, tx, u, body, &created)
		if err != nil || unchanged {
			return err
		}
		return s.putUpload(ctx, tx, d, u, content)
	})
	return keptUpload{received: len(body), created: created}, err
}

// problemName gives each problem report a name of its own: phones send all of them under one.
func problemName(name string, at time.Time) string {
	base, ending, _ := strings.Cut(name, ".")
	return base + at.UTC().Format("-20060102-150405.000") + "." + ending
}

// contentOf makes the content of a file of what there is and what came, and says whether it is the same as before.
func (s *Service) contentOf(ctx context.Context, tx Tx, u StoredUpload, body []byte, created *bool) (content []byte, unchanged bool, err error) {
	before, err := tx.Upload(ctx, u.Tenant(), u.Device, u.Name)
	if *created = fault.Is(err, fault.NotFound); *created {
		return body, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	old, err := s.unsealUpload(before)
	switch {
	case err != nil:
		return nil, false, err
	case u.Kind == deviceprofiles.UploadLog && len(old)+len(body) <= boundOf(u.Kind):
		return slices.Concat(old, body), len(body) == 0, nil
	}
	return body, bytes.Equal(old, body), nil
}

// putUpload writes a file within the quotas of its device and organisation.
func (s *Service) putUpload(ctx context.Context, tx Tx, d Device, u StoredUpload, content []byte) error {
	if err := s.makeRoom(ctx, tx, u, len(content)); err != nil {
		return err
	}
	var err error
	if u.Body, err = s.keyring.Seal(uploadOwner(u), content); err != nil {
		return err
	}
	u.Size = len(content)
	if err := tx.PutUpload(ctx, u); err != nil || u.Kind != deviceprofiles.UploadOverride {
		return err
	}
	return s.record(ctx, tx, customer.System(d.Partner), d, EventOverridesUploaded, map[string]any{"name": u.Name, "size": u.Size})
}

// makeRoom deletes problem reports that are too many, and refuses what goes beyond the quotas.
func (s *Service) makeRoom(ctx context.Context, tx Tx, u StoredUpload, size int) error {
	list, err := tx.Uploads(ctx, u.Tenant(), u.Device)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(other StoredUpload) bool { return other.Name == u.Name })
	others := len(list)
	if u.Kind == deviceprofiles.UploadProblem {
		list = slices.DeleteFunc(list, func(other StoredUpload) bool { return other.Kind != deviceprofiles.UploadProblem })
		slices.SortFunc(list, func(a, b StoredUpload) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name)) })
		for ; len(list) >= maxProblems; list = list[1:] {
			if err := tx.DeleteUpload(ctx, u.Tenant(), u.Device, list[0].Name); err != nil {
				return err
			}
			others--
		}
	}
	if others >= maxUploads {
		return fault.New(fault.Invalid, "The device has %d files, the most that are kept. Delete some.", others)
	}
	used, err := tx.UploadBytes(ctx, u.Tenant())
	if err == nil && used+size > maxUploadBytes {
		err = fault.New(fault.Invalid, "The phones of the organisation have sent %d bytes, close to the most that is kept. Delete some.", used)
	}
	return err
}

func (s *Service) unsealUpload(u StoredUpload) ([]byte, error) {
	body, err := s.keyring.Open(uploadOwner(u), u.Body)
	if err != nil {
		return nil, unsealable(err)
	}
	return body, nil
}

// Uploads lists what a device's phone has sent, by name.
func (s *Service) Uploads(ctx context.Context, tenant customer.Tenant, id DeviceID) ([]StoredUpload, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return s.store.Uploads(ctx, d.Tenant(), id)
}

// uploadName is a name that a file of a phone can have.
var uploadName = regexp.MustCompile(`^[0-9a-f]{12}-[0-9a-z.-]{1,80}$`)

// uploadOf finds a file with its device; fault.NotFound when there is none of that name.
func (s *Service) uploadOf(ctx context.Context, tenant customer.Tenant, id DeviceID, name string) (Device, StoredUpload, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return d, StoredUpload{}, err
	}
	if !uploadName.MatchString(name) {
		return d, StoredUpload{}, noUpload()
	}
	u, err := s.store.Upload(ctx, d.Tenant(), id, name)
	if fault.Is(err, fault.NotFound) {
		return d, u, noUpload()
	}
	return d, u, err
}

// OpenUpload returns a file that a device's phone has sent, with its content. Of one that may hold passwords the log says who has seen it; whether
// the actor may is for this method to judge: fault.Denied without customer.ScopeCredentialsWrite.
func (s *Service) OpenUpload(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, name string) (StoredUpload, []byte, error) {
	d, u, err := s.uploadOf(ctx, tenant, id, name)
	if err != nil {
		return u, nil, err
	}
	if u.Secret() && !actor.May(customer.ScopeCredentialsWrite) {
		return u, nil, fault.New(fault.Denied, "The file %s may hold passwords: reading it needs the scope %s.", u.Name, customer.ScopeCredentialsWrite)
	}
	body, err := s.unsealUpload(u)
	if err != nil || !u.Secret() {
		return u, body, err
	}
	return u, body, s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		return s.record(ctx, tx, actor, d, customer.EventCredentialsShown, map[string]any{"path": u.Name})
	})
}

// DeleteUpload deletes a file that a device's phone has sent. A phone that still has the settings in it may send it again.
func (s *Service) DeleteUpload(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, name string) error {
	d, u, err := s.uploadOf(ctx, tenant, id, name)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		err := tx.DeleteUpload(ctx, d.Tenant(), id, name)
		if fault.Is(err, fault.NotFound) {
			return noUpload()
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, actor, d, EventUploadDeleted, map[string]any{"name": u.Name, "kind": u.Kind})
	})
}
