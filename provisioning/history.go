package provisioning

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// maxRevisions is the most revisions of one answer.
const maxRevisions = 100

// Revisions lists what a device was told, the newest first; those before a number when it isn't 0. limit is 1 to 100.
func (s *Service) Revisions(ctx context.Context, tenant customer.Tenant, id DeviceID, before int64, limit int) ([]Revision, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return s.store.Revisions(ctx, d.Tenant(), id, before, min(max(limit, 1), maxRevisions))
}

// Moment names a revision: by its number, or by a moment at which it was in force.
type Moment struct {
	Number int64 // 0: by time
	Time   time.Time
}

func (s *Service) revisionAt(ctx context.Context, r Reader, tenant customer.Tenant, id DeviceID, m Moment) (Revision, error) {
	var rev Revision
	var err error
	if m.Number > 0 {
		rev, err = r.Revision(ctx, tenant, id, m.Number)
	} else {
		rev, err = r.RevisionAt(ctx, tenant, id, m.Time)
	}
	if fault.Is(err, fault.NotFound) {
		return rev, fault.New(fault.NotFound, "The device has no revision of that number or moment, or it is forgotten: the newest %d are kept.", keptRevisions)
	}
	return rev, err
}

// FilesAt returns what a device was told at a moment, to the byte: Body holds the secrets of then. For people there is Masked.
func (s *Service) FilesAt(ctx context.Context, tenant customer.Tenant, id DeviceID, m Moment) (Revision, []DeviceFile, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return Revision{}, nil, err
	}
	rev, err := s.revisionAt(ctx, s.store, d.Tenant(), id, m)
	if err != nil {
		return Revision{}, nil, err
	}
	files, err := s.openFiles(rev)
	return rev, files, err
}

// RevealFile returns one file that a device was told at a moment, to the byte and with its secrets; the log says who has seen it. fault.NotFound when
// there was no such file.
func (s *Service) RevealFile(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, m Moment, path string) (DeviceFile, error) {
	rev, files, err := s.FilesAt(ctx, tenant, id, m)
	if err != nil {
		return DeviceFile{}, err
	}
	f := fileAt(files, path)
	if f.Path == "" {
		return f, fault.New(fault.NotFound, "The revision has no file %.200q.", path)
	}
	return f, s.store.Update(ctx, rev.Tenant(), func(tx Tx) error {
		return s.record(ctx, tx, actor, Device{ID: id, Partner: rev.Partner, Org: rev.Org}, customer.EventCredentialsShown, map[string]any{"path": path, "revision": rev.Number})
	})
}

// FileDiff is how one file differs between two moments, secrets masked.
type FileDiff struct {
	Path    string
	Diff    string // unified; "" when only secrets differ
	Secrets bool   // secrets differ
}

// DiffRevisions says how a device's files differ between two moments. Files that are the same aren't among it.
func (s *Service) DiffRevisions(ctx context.Context, tenant customer.Tenant, id DeviceID, from, to Moment) ([]FileDiff, error) {
	older, before, err := s.FilesAt(ctx, tenant, id, from)
	if err != nil {
		return nil, err
	}
	newer, after, err := s.FilesAt(ctx, tenant, id, to)
	if err != nil {
		return nil, err
	}
	return DiffFiles(before, after, "revision "+strconv.FormatInt(older.Number, 10), "revision "+strconv.FormatInt(newer.Number, 10)), nil
}

// DiffFiles compares files by their paths. A path that holds a phone's address is another file for another phone.
func DiffFiles(before, after []DeviceFile, from, to string) []FileDiff {
	out := []FileDiff{}
	for _, path := range paths(before, after) {
		a, b := fileAt(before, path), fileAt(after, path)
		if bytes.Equal(a.Body, b.Body) {
			continue
		}
		d := FileDiff{Path: path, Diff: string(diff.Diff(path+" "+from, []byte(a.Masked), path+" "+to, []byte(b.Masked)))}
		d.Secrets = d.Diff == ""
		out = append(out, d)
	}
	return out
}

func paths(lists ...[]DeviceFile) []string {
	var out []string
	for _, list := range lists {
		for _, f := range list {
			if !slices.Contains(out, f.Path) {
				out = append(out, f.Path)
			}
		}
	}
	return out
}

// fileAt returns the last file with a path: one that exists for everybody and for the phone alone is there twice, the phone's own last.
func fileAt(list []DeviceFile, path string) DeviceFile {
	for _, f := range slices.Backward(list) {
		if f.Path == path {
			return f
		}
	}
	return DeviceFile{}
}

// RollBack brings back a device's lines with their options, its layout and its own settings as they were at a moment; it is a new revision. Who owns the
// device, names, numbers and passwords stay as they are now: a line that comes back gets new credentials, and one whose member may not have it any more
// stays away. It returns the new revision. fault.NotFound when there is no such moment, or it is forgotten; fault.Conflict when what was then doesn't fit
// the device any more.
func (s *Service) RollBack(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, m Moment) (int64, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	var number int64
	err = s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		number, err = s.RollBackIn(ctx, tx, actor, d.Tenant(), id, m)
		return err
	})
	return number, err
}

// RollBackIn is RollBack in somebody's transaction.
func (s *Service) RollBackIn(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, id DeviceID, m Moment) (int64, error) {
	rev, err := s.revisionAt(ctx, tx, tenant, id, m)
	if err != nil {
		return 0, err
	}
	in, err := tx.RenderInput(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	d := in.Device
	lines, away, err := s.linesAsIn(ctx, tx, d, rev.State, in.Lines)
	if err != nil {
		return 0, err
	}
	d.Layout = rev.State.Layout
	if err := tx.SetDevice(ctx, d); err != nil {
		return 0, err
	}
	if err := tx.SetLines(ctx, tenant, id, lines); err != nil {
		return 0, err
	}
	if err := restoreSettings(ctx, tx, tenant, string(id), ownSettings(in), settingsAsIn(rev.State.Settings, Setting{
		Subject: string(id), Level: deviceprofiles.LevelDevice, Partner: d.Partner, Org: d.Org,
	})); err != nil {
		return 0, err
	}
	facts := map[string]any{"from": d.Revision, "to": rev.Number}
	if len(away) > 0 {
		facts["away"] = away
	}
	return s.Publish(ctx, tx, actor, tenant, id, customer.EventDeviceRolledBack, facts)
}

// linesAsIn returns the lines that a device had, as far as their members may have them now, and whose stay away. The owner of now has a line in any case.
func (s *Service) linesAsIn(ctx context.Context, tx Tx, d Device, state DeviceState, lines []RenderLine) ([]Line, []customer.MemberID, error) {
	model, ok := deviceprofiles.FindModel(d.Model)
	if !ok || len(lines) == 0 {
		return nil, nil, fault.New(fault.Internal, "device %s has model %q and %d lines", d.ID, d.Model, len(lines))
	}
	if err := deviceprofiles.CheckLayout(model, state.Layout); err != nil {
		return nil, nil, fault.New(fault.Conflict, "The key layout of then doesn't fit %s.", model.DisplayName)
	}
	before := make([]Line, len(lines))
	for i, l := range lines {
		before[i] = l.Line
	}
	members, away, err := membersAsIn(ctx, tx, d, model, state, before)
	if err != nil {
		return nil, nil, err
	}
	members, err = placed(model, members)
	if err != nil {
		return nil, nil, fault.New(fault.Conflict, "The lines of then don't fit %s: %s", model.DisplayName, fault.Message(err))
	}
	after, err := s.memberLines(d, before[0].Domain, before, members)
	return after, away, err
}

// membersAsIn picks who of a revision's members may have a line now.
func membersAsIn(ctx context.Context, tx Tx, d Device, model deviceprofiles.Model, state DeviceState, before []Line) (members []NewMember, away []customer.MemberID, err error) {
	for _, then := range state.Lines {
		m := NewMember{Member: then.Member, Port: then.Port, Primary: then.Member == d.Owner, Options: then.Options}
		if !m.Primary {
			m.Options.Weight = 1 // an owner of then may have had more
			may, err := mayShare(ctx, tx, d, model, then.Member)
			if err != nil {
				return nil, nil, err
			}
			if !may {
				away = append(away, then.Member)
				continue
			}
		}
		members = append(members, m)
	}
	if !slices.ContainsFunc(members, func(m NewMember) bool { return m.Primary }) {
		members = append(withPrimary(d, before, nil), members...)
	}
	return members, away, nil
}

// mayShare reports whether a member's line may be on somebody's device.
func mayShare(ctx context.Context, tx Tx, d Device, model deviceprofiles.Model, id customer.MemberID) (bool, error) {
	member, err := tx.Member(ctx, d.Tenant(), id)
	if err == nil {
		err = checkShared(ctx, tx, d, model, member, "members")
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

func ownSettings(in RenderInput) []Setting {
	return slices.DeleteFunc(slices.Clone(in.Settings), func(one Setting) bool { return one.Subject != string(in.Device.ID) })
}

// settingsAsIn makes settings of what a revision kept; frame says on what they are set.
func settingsAsIn(state []SettingState, frame Setting) []Setting {
	out := make([]Setting, len(state))
	for i, one := range state {
		out[i] = frame
		out[i].Key, out[i].Value, out[i].Sealed, out[i].Changed, out[i].Actor = one.Key(), one.Value, one.Sealed, one.Changed, one.Actor
	}
	return out
}

// restoreSettings replaces what is set on a subject. Who set a value, and when, comes back with it.
func restoreSettings(ctx context.Context, tx Tx, tenant customer.Tenant, subject string, now, then []Setting) error {
	var gone []deviceprofiles.SettingKey
	for _, one := range now {
		if !slices.ContainsFunc(then, func(other Setting) bool { return other.Key == one.Key }) {
			gone = append(gone, one.Key)
		}
	}
	if err := tx.ClearSettings(ctx, tenant, subject, gone); err != nil {
		return err
	}
	return tx.PutSettings(ctx, then)
}
