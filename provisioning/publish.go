package provisioning

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// keptRevisions bounds what one device's history takes: some kilobytes each, and more changes than a phone sees in years. Older ones are forgotten.
const keptRevisions = 500

// Publish makes what was changed in a transaction the device's next revision: every file is rendered before it counts, so that what can't be written
// is refused here and not found out by a phone at boot. change is the event that made it; it is recorded with facts, unless they are nil because it
// happened to something else. It returns the revision's number.
func (s *Service) Publish(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, id DeviceID, change customer.EventKind, facts map[string]any) (int64, error) {
	if _, err := tx.RaiseRevision(ctx, tenant, id); err != nil {
		return 0, err
	}
	in, err := tx.RenderInput(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	d := in.Device
	if facts != nil {
		if err := s.record(ctx, tx, actor, d, change, facts); err != nil {
			return 0, err
		}
	}
	if err := s.record(ctx, tx, actor, d, customer.EventDeviceRevised, map[string]any{"revision": d.Revision, "change": change}); err != nil {
		return 0, err
	}
	if err := s.ring(ctx, tx, d, ActionResync, false); err != nil {
		return 0, err
	}
	return d.Revision, s.keepRevision(ctx, tx, actor, in, change)
}

// keepRevision renders what a device is told now and keeps it as the revision that it has.
func (s *Service) keepRevision(ctx context.Context, tx Tx, actor customer.Actor, in RenderInput, change customer.EventKind) error {
	d := in.Device
	files, err := s.tell(ctx, tx, in)
	if err != nil {
		return err
	}
	packed, err := packFiles(files)
	if err != nil {
		return err
	}
	r := Revision{
		Device: d.ID, Partner: d.Partner, Org: d.Org, Number: d.Revision, Time: s.now(), Actor: actor.Email, Change: change, State: stateOf(in),
	}
	if r.Files, err = s.keyring.Seal(filesOwner(d.ID, d.Revision), packed); err != nil {
		return err
	}
	return tx.CreateRevision(ctx, r, d.Revision-keptRevisions)
}

// tell renders what a device's phone is told now, and notes that it was. Nothing for a device without a phone yet.
func (s *Service) tell(ctx context.Context, tx Tx, in RenderInput) ([]DeviceFile, error) {
	if !in.Device.HasMAC() {
		return []DeviceFile{}, nil
	}
	in, err := s.chooseFirmware(ctx, tx, in)
	if err != nil {
		return nil, err
	}
	settings, err := s.settingsFrom(in)
	if err != nil {
		return nil, err
	}
	if err := s.noteTold(ctx, tx, in.Device, settings); err != nil {
		return nil, err
	}
	return s.filesFrom(settings)
}

func filesOwner(id DeviceID, revision int64) string {
	return fmt.Sprintf("device-files:%s:%d", id, revision)
}

// stateOf picks what a rollback brings back.
func stateOf(in RenderInput) DeviceState {
	state := DeviceState{Layout: in.Device.Layout, Lines: []LineState{}, Settings: []SettingState{}}
	for _, l := range in.Lines {
		state.Lines = append(state.Lines, LineState{Member: l.Owner, Port: l.Port, Options: l.LineOptions})
	}
	for _, one := range in.Settings {
		if one.Subject == string(in.Device.ID) {
			state.Settings = append(state.Settings, settingState(one))
		}
	}
	return state
}

func settingState(one Setting) SettingState {
	return SettingState{Scope: one.Key.Scope, Name: one.Key.Name, Value: one.Value, Sealed: one.Sealed, Changed: one.Changed, Actor: one.Actor}
}

// DeviceFile is a file of a device's own: to the byte, and as people may see it.
type DeviceFile struct {
	Path        string      `json:"path"`
	Transports  []Transport `json:"transports"`
	ContentType string      `json:"contentType"`
	Body        []byte      `json:"body"`
	Masked      string      `json:"masked"` // secrets read secret.Mask
}

// FilesOf renders every file that a device's phone is served, in its boot order. Empty for a device without a phone yet, and for models that nothing is
// served to.
func (s *Service) FilesOf(in RenderInput) ([]DeviceFile, error) {
	if !in.Device.HasMAC() {
		return []DeviceFile{}, nil
	}
	settings, err := s.settingsFrom(in)
	if err != nil {
		return nil, err
	}
	return s.filesFrom(settings)
}

// filesFrom renders every file that is made of some settings.
func (s *Service) filesFrom(settings deviceprofiles.Settings) ([]DeviceFile, error) {
	masked := settings.Masked()
	files := []DeviceFile{}
	for _, asset := range deviceprofiles.Files(settings.Model, settings.MAC) {
		shown, err := s.show(asset, masked)
		if fault.Is(err, fault.NotFound) {
			continue // the door that would serve it is off
		}
		if err != nil {
			return nil, err
		}
		file := DeviceFile{Path: shown.Path, Transports: shown.Transports, ContentType: shown.ContentType, Body: []byte(shown.Body), Masked: shown.Body}
		if asset.Secret {
			exact, err := s.show(asset, settings)
			if err != nil {
				return nil, err
			}
			file.Body = []byte(exact.Body)
		}
		files = append(files, file)
	}
	return files, nil
}

// SHA256 returns the hash of the file's bytes, in hexadecimal: whoever has a phone's file can tell whether it is this one, without its secrets.
func (f DeviceFile) SHA256() string {
	sum := sha256.Sum256(f.Body)
	return hex.EncodeToString(sum[:])
}

// packFiles writes files small: the masked text is nearly the real one again.
func packFiles(files []DeviceFile) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(z).Encode(files); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// maxPacked bounds what is unpacked: a hundred times the largest phone's files.
const maxPacked = 64 << 20

func unpackFiles(packed []byte) ([]DeviceFile, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a revision's files can't be unpacked")
	}
	var files []DeviceFile
	if err := json.NewDecoder(io.LimitReader(z, maxPacked)).Decode(&files); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a revision's files can't be read")
	}
	return files, nil
}

// openFiles opens the files of a revision.
func (s *Service) openFiles(r Revision) ([]DeviceFile, error) {
	packed, err := s.keyring.Open(filesOwner(r.Device, r.Number), r.Files)
	if err != nil {
		return nil, unsealable(err)
	}
	return unpackFiles(packed)
}
