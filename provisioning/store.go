package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// Reader reads devices and what hangs on them. The rules of customer.Reader hold: tenant first, fault.NotFound for what isn't the tenant's,
// fault.Unavailable when the database doesn't answer, lists ordered by creation, then id, and never nil.
type Reader interface {
	SettingReader
	RevisionReader
	TargetReader
	MonitoringReader
	ImageReader
	UploadReader
	FirmwareReader
	PhonebookReader
	InboxTokenReader
	Device(ctx context.Context, tenant customer.Tenant, id DeviceID) (Device, error)
	// Devices lists devices; now decides which bindings are still valid for DeviceView.Registered.
	Devices(ctx context.Context, tenant customer.Tenant, filter DeviceFilter, now time.Time, page customer.Page) ([]DeviceView, bool, error)
	CountDevices(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) (int, error)
	// CountLines counts the lines that a member has, on all devices.
	CountLines(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) (int, error)
	// DevicesWithLineOf lists the devices that have a line of a member; at most 500, far more than a line may be shared by.
	DevicesWithLineOf(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) ([]DeviceID, error)
	// DisabledModels lists the wire names of the models that are switched off for the tenant's one organisation, sorted.
	DisabledModels(ctx context.Context, tenant customer.Tenant) ([]string, error)
	// Lines lists a device's lines by port.
	Lines(ctx context.Context, tenant customer.Tenant, device DeviceID) ([]Line, error)
	// LinesOf lists the lines of some members, at most 500, on whichever devices, by owner, device and port.
	LinesOf(ctx context.Context, tenant customer.Tenant, owners []customer.MemberID) ([]Line, error)
	// RenderInput reads what a device's files are made of, at one moment.
	RenderInput(ctx context.Context, tenant customer.Tenant, device DeviceID) (RenderInput, error)
	// Trace lists the newest contacts first, at most limit.
	Trace(ctx context.Context, tenant customer.Tenant, device DeviceID, filter TraceFilter, limit int) ([]TraceEntry, error)
	WatchReader
	// Bindings lists the bindings of a device that are valid at now, by port, then contact.
	Bindings(ctx context.Context, tenant customer.Tenant, device DeviceID, now time.Time) ([]BindingView, error)

	// AnyTenantDeviceByMAC finds a device by its address alone: it is how a phone that asks for a file becomes known.
	AnyTenantDeviceByMAC(ctx context.Context, mac deviceprofiles.MAC) (Device, error)
	// AnyTenantModelsOfBlock lists the models of the first devices, at most 20, whose addresses begin with the same six digits, by address: it is how a phone
	// of a block that nobody knows is told from other vendors' without telling whether that very phone is known.
	AnyTenantModelsOfBlock(ctx context.Context, mac deviceprofiles.MAC) ([]string, error)
	// AnyTenantMACsInUse returns those of some addresses that a device has, whoever's it is. It tells nothing else of them.
	AnyTenantMACsInUse(ctx context.Context, macs []deviceprofiles.MAC) (map[deviceprofiles.MAC]bool, error)
	// AnyTenantDeviceByCode finds the device that waits for an activation code, by the code's hash: it is how a phone that brings one becomes known.
	AnyTenantDeviceByCode(ctx context.Context, hash []byte) (Device, error)
	// AnyTenantLine finds a line by its SIP identity, both in lower case: it is how a phone that registers becomes known.
	AnyTenantLine(ctx context.Context, domain, userName string) (LineOwner, error)
	// AnyTenantOldestAndNewestDevice returns the two, or as many as there are: what is sealed in them was sealed first and last.
	AnyTenantOldestAndNewestDevice(ctx context.Context) ([]Device, error)
}

// Tx reads and writes in one transaction, customers' nouns included.
type Tx interface {
	customer.Tx
	Reader
	SettingTx
	RevisionTx
	MonitoringTx
	ImageTx
	UploadTx
	FirmwareTx
	InboxTokenTx
	// CreateDevice gives fault.Conflict with code 5675 when the MAC is in use, whoever uses it.
	CreateDevice(ctx context.Context, d Device) error
	// SetDisabledModels replaces the models that are switched off for the tenant's one organisation.
	SetDisabledModels(ctx context.Context, tenant customer.Tenant, models []string) error
	// SetDevice replaces the address, model, owner, location, tags, both passwords, enrolment, activation and layout of the device with d.ID.
	SetDevice(ctx context.Context, d Device) error
	// MoveDevice sets the location of a device.
	MoveDevice(ctx context.Context, tenant customer.Tenant, id DeviceID, location customer.LocationID) error
	// DeleteDevice deletes a device with its lines, bindings, settings, revisions, trace and what its phone sent.
	DeleteDevice(ctx context.Context, tenant customer.Tenant, id DeviceID) error
	// SetTold replaces what a device's phone was told once.
	SetTold(ctx context.Context, tenant customer.Tenant, id DeviceID, told Told) error
	// SetEnrolment sets the end of the device's enrolment window, in which nobody has been yet; a zero time closes it.
	SetEnrolment(ctx context.Context, tenant customer.Tenant, id DeviceID, until time.Time) error
	// SetEnrolmentPeers sets who has been in the device's enrolment window.
	SetEnrolmentPeers(ctx context.Context, tenant customer.Tenant, id DeviceID, peers []string) error
	// RaiseRevision adds one to the device's revision and returns it.
	RaiseRevision(ctx context.Context, tenant customer.Tenant, id DeviceID) (int64, error)
	// BeginRevising notes that the revision of every device of a location is to be raised, whatever of that was begun before.
	BeginRevising(ctx context.Context, tenant customer.Tenant, id customer.LocationID) error
	// NextToRevise returns the next devices of a location whose revision is to be raised, at most so many, and takes them for done; none when all are.
	NextToRevise(ctx context.Context, tenant customer.Tenant, id customer.LocationID, most int) ([]Device, error)
	CreateLine(ctx context.Context, l Line) error
	// SetLineSecret replaces Password, HA1, Revealed and the overlap of the line with l.ID.
	SetLineSecret(ctx context.Context, tenant customer.Tenant, l Line) error
	// SetLines makes lines those of a device: what isn't among them goes, with its bindings; what was there gets its port and options; the rest is new.
	SetLines(ctx context.Context, tenant customer.Tenant, device DeviceID, lines []Line) error
	// DeleteBindings ends the registrations of a device.
	DeleteBindings(ctx context.Context, tenant customer.Tenant, device DeviceID) error
	BellTx
	AlarmTx
	SIPBanTx
}

// Store is what the core needs from below. Update is as in customer.Store.
type Store interface {
	customer.Reader
	Reader
	Update(ctx context.Context, tenant customer.Tenant, fn func(tx Tx) error) error

	// UpdateBindings reads the bindings of some lines, lets fn decide what becomes of them, and writes that, in one transaction. fn gets the
	// lines as they are, with all their bindings, expired ones too, by contact; what it returns replaces them, line by line; a line that it leaves out stays as it
	// is. Lines that don't exist any more are passed over. fn may be run again.
	UpdateBindings(ctx context.Context, lines []LineID, fn func(current map[LineID]BoundLine) (map[LineID][]Binding, error)) error
	// DeleteExpiredBindings deletes at most limit bindings that ended before a moment, and says how many.
	DeleteExpiredBindings(ctx context.Context, before time.Time, limit int) (int, error)
	// EndOverlap ends the overlap of a line's two passwords; that there is none is fine.
	EndOverlap(ctx context.Context, tenant customer.Tenant, id LineID) error
	// EndOverlaps ends at most limit overlaps that are over at a moment, and says how many.
	EndOverlaps(ctx context.Context, before time.Time, limit int) (int, error)
	WatchStore
	FirmwareStore
	BellStore
	LineRegistrationStore
	SIPBanStore
	// AppendTrace writes contacts, sets when the devices were seen, fetched, registered and were refused, notes the addresses of those that did well, and
	// cuts traces to their bound. Entries told by address count for no such moment; those with
	// a domain go to devices of its organisation alone.
	AppendTrace(ctx context.Context, entries []TraceEntry, bound TraceBound) error
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
}
