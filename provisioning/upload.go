package provisioning

import (
	"context"
	"io"
	"sync"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Upload is a file that a phone sends: a log, what its user changed, a directory, a report.
type Upload struct {
	Request
	ContentType string    // as sent; "" when the phone doesn't say
	Body        io.Reader // read once, and never further than what may be kept
}

// Uploaded says what became of an upload.
type Uploaded struct {
	Created bool // there was no such file of this phone before
}

// Rules that decide an upload, as the boot trace names them.
const (
	RuleClearUpload    = "what a phone sends is taken only over HTTPS"
	RuleUnprovenUpload = "what a phone sends is taken only from one that has proven itself; an enrolment window isn't enough"
	RuleUploadKept     = "the phone has proven itself, and what it sent is kept"
	RuleUploadRefused  = "what the phone sent can't be kept"
	RuleUploadOpened   = "the phone has proven itself, and gets what it sent"
)

// Upload takes a file from a phone, for that phone alone: one that has proven itself, as whoever comes into an enrolment window could plant settings that the
// phone would read for ever after.
//
// fault.NotFound: nobody takes such a file. fault.Denied, fault.Limited, fault.Unavailable and fault.Internal are as with Open; fault.Invalid also when
// the file is larger than what is kept. The body is read only when nothing speaks against the phone.
func (s *Service) Upload(ctx context.Context, u Upload) (Uploaded, error) {
	asked := u.Path
	u.Path, u.Proof.token = deviceprofiles.SplitToken(u.Path)
	hit, kind, err := deviceprofiles.MatchUpload(u.Path, u.UserAgent)
	v, kept := verdict{rule: RuleHostile}, keptUpload{}
	switch {
	case fault.Is(err, fault.NotFound):
		v.rule = RuleNoSuchFile
	case err == nil && u.Transport != HTTPS:
		v.rule, err = RuleClearUpload, denied()
	case err == nil:
		v, kept, err = s.takeUpload(ctx, hit, kind, u)
	}
	if hit.HasMAC {
		u.Path = asked
		s.traceUpload(u.Request, hit, v, kept, err)
	}
	return Uploaded{Created: kept.created}, err
}

// takeUpload keeps what a phone sends if it proves itself.
func (s *Service) takeUpload(ctx context.Context, hit deviceprofiles.Hit, kind deviceprofiles.UploadKind, u Upload) (verdict, keptUpload, error) {
	a, err := s.admit(ctx, hit.MAC, u.Request)
	v := verdict{device: a.device.ID, rule: a.rule, note: a.note}
	if err == nil && !a.proven() {
		v.rule, err = RuleUnprovenUpload, denied()
	}
	if err != nil {
		return v, keptUpload{}, err
	}
	v.rule = RuleUploadRefused
	most := boundOf(kind)
	if err := s.uploading.begin(a.device.ID, most); err != nil {
		return v, keptUpload{}, err
	}
	defer s.uploading.end(a.device.ID, most)
	body, err := readUpload(u.Body, most)
	if err != nil {
		return v, keptUpload{}, err
	}
	kept, err := s.keepUpload(ctx, a.device, hit.Name, kind, body)
	if err != nil {
		v.rule = ruleOfError(err, RuleUploadRefused)
		return v, kept, err
	}
	v.rule = RuleUploadKept
	return v, kept, nil
}

// readUpload reads a body that may have so many bytes, and at most one more.
func readUpload(from io.Reader, most int) ([]byte, error) {
	if from == nil {
		return []byte{}, nil
	}
	body, err := io.ReadAll(io.LimitReader(from, int64(most)+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "The file broke off. Send it again.")
	case len(body) > most:
		return nil, fault.New(fault.Invalid, "The file is larger than %d bytes, the most that is kept.", most)
	}
	return body, nil
}

// The bounds of what is being received at one moment: memory that phones can make us use. A phone sends one file after the other.
const (
	maxReceiving       = 256 << 20 // bytes, of all phones together
	maxReceivingDevice = 2         // files of one phone
	receivingRetry     = 5 * time.Second
)

// receiving counts the uploads that are under way, each as the largest of its kind.
type receiving struct {
	mu      sync.Mutex
	bytes   int
	devices map[DeviceID]int
}

// begin takes room for an upload. fault.Unavailable when there is none; end gives it back.
func (r *receiving) begin(id DeviceID, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes+most > maxReceiving || r.devices[id] >= maxReceivingDevice {
		e := fault.New(fault.Unavailable, "Too many files are being received. Send it again in a moment.")
		e.RetryAfter = receivingRetry
		return e
	}
	r.bytes += most
	r.devices[id]++
	return nil
}

func (r *receiving) end(id DeviceID, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes -= most
	if r.devices[id]--; r.devices[id] == 0 {
		delete(r.devices, id)
	}
}

// openUploaded opens what a phone sent, for that phone alone. In an enrolment window there is nothing yet: a phone without credentials hasn't sent anything
// since it lost them, and whoever else comes mustn't have it.
func (s *Service) openUploaded(ctx context.Context, hit deviceprofiles.Hit, r Request) (verdict, error) {
	a, err := s.admit(ctx, hit.MAC, r)
	v := verdict{device: a.device.ID, rule: a.rule, note: a.note}
	if err != nil {
		return v, err
	}
	v.rule = RuleNoSuchFile
	if !a.proven() {
		return v, noUpload()
	}
	sent, err := s.store.Upload(ctx, a.device.Tenant(), a.device.ID, hit.Name)
	if fault.Is(err, fault.NotFound) {
		return v, noUpload()
	}
	if err != nil {
		v.rule = RuleBroken
		return v, err
	}
	return s.uploaded(v, a.device, sent)
}

// uploaded opens what a phone sent, for the phone that has proven itself.
func (s *Service) uploaded(v verdict, d Device, sent StoredUpload) (verdict, error) {
	body, err := s.unsealUpload(sent)
	if err != nil {
		v.rule = RuleBroken
		return v, err
	}
	v.rule, v.opened = RuleUploadOpened, opened(deviceprofiles.File{ContentType: sent.ContentType(), Body: body}, d.Revision)
	v.opened.Modified = s.modified(sent.Changed)
	return v, nil
}

func noUpload() error {
	return fault.New(fault.NotFound, "There is no such file: the phone hasn't sent it, or somebody has deleted it.")
}
