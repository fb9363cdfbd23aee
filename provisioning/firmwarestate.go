package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// FirmwareState is what is known of a phone's firmware. The zero value is of a phone of which nothing is.
type FirmwareState struct {
	Version       string // as the phone said last with a fetch of its own file; "" until it did
	Wanted        string // file that the operator's plan has for it; "" for none
	WantedVersion string
	Fetched       string // file that it fetched last; "" for none
	Fetches       int    // of that file, within a day from the first
	First, Last   time.Time
	Looping       string // file that it fetched again and again and doesn't run; "" for none
	News          bool   // nobody has looked at what changed
}

// What is taken for a loop: a phone that fetched the same firmware so often within a day, and runs what it ran before. Fetches that follow each other closely
// are one, as phones fetch in parts and go on where they were cut off.
const (
	loopFetches = 3
	loopTime    = 24 * time.Hour
	loopApart   = 10 * time.Minute
)

// After returns the state after some contacts of the phone, in the order of their times, and whether that is another one. Only who has its own file is
// believed about its version. Of a firmware that was fetched the user agent alone says by whom: at worst somebody keeps an upgrade from a phone, and is seen.
func (f FirmwareState) After(entries []TraceEntry) (FirmwareState, bool) {
	before := f
	for _, e := range entries {
		switch {
		case e.ByAddress:
		case e.Standing == StandingFetched:
			if version := deviceprofiles.ParseAgent(e.UserAgent).Version; version != "" && version != f.Version {
				f = FirmwareState{Version: version, Wanted: f.Wanted, WantedVersion: f.WantedVersion, News: true}
			}
		case e.Firmware != "" && e.Firmware == f.Wanted:
			f = f.fetched(e.Firmware, e.Time)
		}
	}
	return f, f != before
}

// fetched counts a fetch of the firmware that the phone is to run.
func (f FirmwareState) fetched(file string, at time.Time) FirmwareState {
	switch {
	case file != f.Fetched || at.Sub(f.First) > loopTime:
		f.Fetched, f.Fetches, f.First = file, 1, at
	case at.Sub(f.Last) >= loopApart:
		f.Fetches++
	default:
		return f
	}
	f.Last = at
	if f.Fetches >= loopFetches && f.Looping != file && f.Version != f.WantedVersion {
		f.Looping, f.News = file, true
	}
	return f
}

// FirmwareProgress is how far a phone is with the firmware that it is to run.
type FirmwareProgress string

// The steps.
const (
	FirmwareNone    FirmwareProgress = "none" // no rule is for it
	FirmwareDue     FirmwareProgress = "due"
	FirmwareDone    FirmwareProgress = "done"
	FirmwareLooping FirmwareProgress = "looping" // it fetched it again and again, and is told it no more
)

// Progress says how far the phone is.
func (f FirmwareState) Progress() FirmwareProgress {
	switch {
	case f.Wanted == "":
		return FirmwareNone
	case f.Version == f.WantedVersion:
		return FirmwareDone
	case f.Looping == f.Wanted:
		return FirmwareLooping
	}
	return FirmwareDue
}

// FirmwareDevice is a device with what its firmware is chosen by.
type FirmwareDevice struct {
	Device   Device
	Language string // of its location; "" without one
	State    FirmwareState
}

// FirmwareCount says how many devices of a model are alike in what they run and are to run.
type FirmwareCount struct {
	Model string // wire name
	State FirmwareState
	Count int
}

// FirmwareReader reads what is known of phones' firmware.
type FirmwareReader interface {
	// FirmwareState returns what is known of a device's phone; the zero value when nothing is.
	FirmwareState(ctx context.Context, tenant customer.Tenant, device DeviceID) (FirmwareState, error)
	// FirmwareCounts counts the tenant's devices with a MAC address by model, version, what they are to run, and whether they loop; at most limit lines, the
	// most frequent first. Only those parts of the state are set.
	FirmwareCounts(ctx context.Context, tenant customer.Tenant, limit int) ([]FirmwareCount, error)
	// AnyTenantFirmware lists devices with a MAC address behind one, by id, at most limit.
	AnyTenantFirmware(ctx context.Context, after DeviceID, limit int) ([]FirmwareDevice, error)
	// AnyTenantFirmwareNews lists devices that somebody should look at, at most limit.
	AnyTenantFirmwareNews(ctx context.Context, limit int) ([]FirmwareDevice, error)
	// AnyTenantFirmwareLoops lists devices whose phones loop, behind one, by id, at most limit.
	AnyTenantFirmwareLoops(ctx context.Context, after DeviceID, limit int) ([]FirmwareDevice, error)
}

// FirmwareTx writes it.
type FirmwareTx interface {
	// SetFirmwareWanted notes what a device's phone is to run.
	SetFirmwareWanted(ctx context.Context, tenant customer.Tenant, device DeviceID, file, version string) error
	// ForgetFirmware forgets what is known of a device's phone, for another one that takes its place.
	ForgetFirmware(ctx context.Context, tenant customer.Tenant, device DeviceID) error
}

// FirmwareStore is what a look through all phones needs.
type FirmwareStore interface {
	// AnyTenantFirmwareSeen notes that somebody has looked at devices as they were: what a phone has said since stays news.
	AnyTenantFirmwareSeen(ctx context.Context, devices []FirmwareDevice) error
}
