package provisioning

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// firmwareFolder is the operator's folder with the plan in it. What the plan says counts until another one is read that isn't broken.
type firmwareFolder struct {
	files fs.FS // nil: there is no folder, and no plan
	now   func() time.Time

	mu      sync.Mutex
	plan    deviceprofiles.FirmwarePlan
	there   map[string]bool // of the files that the plan names: whether they are, with something in them
	problem string          // what is wrong with the file as it is now; "" for nothing
	known   bool            // some plan was read that isn't broken; else nobody is told anything else than before
	read    time.Time       // when the plan that counts was read
	mark    [sha256.Size]byte
}

// newFirmwareFolder reads the plan for the first time. Without a folder there is an empty one.
func newFirmwareFolder(files fs.FS, now func() time.Time) (f *firmwareFolder, problem string) {
	f = &firmwareFolder{files: files, now: now, there: map[string]bool{}}
	_, problem = f.reload()
	return f, problem
}

// reload reads the plan again. It reports whether phones may be told something else since: the plan is another one, or a file that it names came or went;
// and what is wrong with it, once.
func (f *firmwareFolder) reload() (changed bool, problem string) {
	if f.files == nil {
		f.known = true
		return false, ""
	}
	plan, err := f.readPlan()
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.problem
	if f.problem = ""; err != nil {
		f.problem = fault.Message(err)
	} else {
		f.plan = plan
	}
	if f.problem != before {
		problem = f.problem
	}
	f.look()
	mark := f.markOf()
	changed = mark != f.mark
	f.mark = mark
	if err == nil && (changed || !f.known) {
		f.known, f.read = true, f.now()
	}
	return changed, problem
}

// look sees which of the plan's files are there. Of a disk that fails it is as it was.
func (f *firmwareFolder) look() {
	there := map[string]bool{}
	for _, name := range f.plan.Files() {
		info, err := fs.Stat(f.files, name)
		switch {
		case err == nil:
			there[name] = info.Mode().IsRegular() && info.Size() > 0
		case !isMissing(err):
			there[name] = f.there[name]
		}
	}
	f.there = there
}

// readPlan reads the file. No file is an empty plan; a disk that fails is none.
func (f *firmwareFolder) readPlan() (deviceprofiles.FirmwarePlan, error) {
	file, err := f.files.Open(deviceprofiles.FirmwarePlanName)
	if errors.Is(err, fs.ErrNotExist) {
		return deviceprofiles.FirmwarePlan{}, nil
	}
	if err != nil {
		return deviceprofiles.FirmwarePlan{}, fault.Wrap(fault.Unavailable, err, "%s can't be opened", deviceprofiles.FirmwarePlanName)
	}
	const most = 2 << 20 // more than a plan may have, so that it says so itself
	raw, err := io.ReadAll(io.LimitReader(file, most))
	if err = errors.Join(err, file.Close()); err != nil {
		return deviceprofiles.FirmwarePlan{}, fault.Wrap(fault.Unavailable, err, "%s can't be read", deviceprofiles.FirmwarePlanName)
	}
	return deviceprofiles.ParseFirmwarePlan(raw)
}

// markOf tells plans apart by what phones would be told of them.
func (f *firmwareFolder) markOf() [sha256.Size]byte {
	plan := f.plan
	var b strings.Builder
	for _, r := range plan.Rules {
		share := 100
		if r.Share != nil {
			share = *r.Share
		}
		fmt.Fprintf(&b, "%q %q %q %q %q %q %d\n", r.Families, r.Models, r.File, r.Version, r.From, r.Least, share)
	}
	for _, r := range plan.Languages {
		fmt.Fprintf(&b, "%q %q %q %q %q\n", r.Families, r.Models, r.Language, r.Name, r.File)
	}
	for _, name := range plan.Files() {
		fmt.Fprintf(&b, "%q %t\n", name, f.there[name])
	}
	return sha256.Sum256([]byte(b.String()))
}

// firmwareChoice is what a phone is to run and what it is told.
type firmwareChoice struct {
	wanted, version string // file of the rule that is for it; "" for none
	told            deviceprofiles.Firmware
	texts           deviceprofiles.LanguageFile
}

// choose decides about a phone. It is told a firmware only where the file is there, where it doesn't loop, and where it runs something else as far as is
// known, unless it compares itself.
func (f *firmwareFolder) choose(d Device, language string, state FirmwareState) firmwareChoice {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.known {
		return firmwareChoice{wanted: state.Wanted, version: state.WantedVersion, told: d.Told.Firmware, texts: d.Told.Texts}
	}
	var c firmwareChoice
	if model, known := deviceprofiles.FindModel(d.Model); known {
		c = f.chosen(model, d, language, state)
	}
	c.told.Withdrawn = c.told.File == "" && (d.Told.Firmware.File != "" || d.Told.Firmware.Withdrawn)
	c.texts.Withdrawn = c.texts.File == "" && (d.Told.Texts.File != "" || d.Told.Texts.Withdrawn)
	return c
}

func (f *firmwareFolder) chosen(model deviceprofiles.Model, d Device, language string, state FirmwareState) firmwareChoice {
	var c firmwareChoice
	if texts, ok := f.plan.Language(model, cmp.Or(language, defaultLanguage)); ok && f.there[texts.File] {
		c.texts = deviceprofiles.LanguageFile{File: texts.File, Name: texts.Name}
	}
	rule, ok := f.plan.Rule(model, d.MAC, state.Version)
	if !ok || !f.there[rule.File] {
		return c
	}
	c.wanted, c.version = rule.File, rule.Version
	_, compares := deviceprofiles.TakesFirmware(model)
	needs := compares || state.Version != "" && state.Version != rule.Version
	if needs && state.Looping != rule.File {
		c.told = deviceprofiles.Firmware{File: rule.File, Version: rule.Version, Least: rule.Least}
	}
	return c
}

// defaultLanguage is of phones whose location has none.
const defaultLanguage = "en_us"

// FolderFile is a file of the operator's folder.
type FolderFile struct {
	Name     string // below the folder, with slashes
	Size     int64  // bytes
	Modified time.Time
}

// maxFolderFiles bounds what is listed of a folder.
const maxFolderFiles = 1000

// list lists the files that phones can have, by name, at most maxFolderFiles.
func (f *firmwareFolder) list() ([]FolderFile, error) {
	files := []FolderFile{}
	if f.files == nil {
		return files, nil
	}
	err := fs.WalkDir(f.files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case len(files) >= maxFolderFiles:
			return fs.SkipAll
		case entry.IsDir() || name == deviceprofiles.FirmwarePlanName || !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // it went meanwhile
			return nil
		}
		if err == nil {
			files = append(files, FolderFile{Name: name, Size: info.Size(), Modified: info.ModTime()})
		}
		return err
	})
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The folder with firmware can't be read")
	}
	return files, nil
}
