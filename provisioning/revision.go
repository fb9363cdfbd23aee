package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/secret"
)

// Revision is what a device's phone was told from a moment on: what a rollback brings back, and the files to the byte.
type Revision struct {
	Device  DeviceID
	Partner customer.OrgID
	Org     customer.OrgID
	Number  int64
	Time    time.Time
	Actor   string
	Change  customer.EventKind // what made it
	State   DeviceState
	Files   secret.Sealed // packed by packFiles, sealed for filesOwner; nil in lists
}

// Tenant returns whose revision it is.
func (r Revision) Tenant() customer.Tenant {
	return customer.Tenant{Partner: r.Partner, Customer: r.Org}
}

// DeviceState is what a rollback of a device brings back. Neither who owns it, nor names, numbers and passwords are among it: those are as they are
// now, whatever a phone was told before. Its JSON form is how it is stored.
type DeviceState struct {
	Layout   deviceprofiles.Layout `json:"layout"`
	Lines    []LineState           `json:"lines"` // by port
	Settings []SettingState        `json:"settings"`
}

// LineState is a line's part of a DeviceState.
type LineState struct {
	Member  customer.MemberID `json:"member"`
	Port    int               `json:"port"`
	Options LineOptions       `json:"options"`
}

// SettingState is one setting of a level, as a revision keeps it.
type SettingState struct {
	Scope   deviceprofiles.SettingScope `json:"scope"`
	Name    string                      `json:"name"`
	Value   string                      `json:"value,omitempty"`
	Sealed  secret.Sealed               `json:"sealed,omitempty"`
	Changed time.Time                   `json:"changed"`
	Actor   string                      `json:"actor"`
}

// Key returns the setting's key.
func (s SettingState) Key() deviceprofiles.SettingKey {
	return deviceprofiles.SettingKey{Scope: s.Scope, Name: s.Name}
}

// LevelRevision is what was set on an organisation or a location from a moment on.
type LevelRevision struct {
	Subject  string
	Level    deviceprofiles.SettingLevel
	Partner  customer.OrgID
	Org      customer.OrgID
	Number   int64 // from 1, given by the store
	Time     time.Time
	Actor    string
	Settings []SettingState
}

// RevisionReader reads revisions. The rules of Reader hold.
type RevisionReader interface {
	// Revisions lists a device's revisions, the newest first, without their files and states; those before a number when it isn't 0.
	Revisions(ctx context.Context, tenant customer.Tenant, device DeviceID, before int64, limit int) ([]Revision, error)
	Revision(ctx context.Context, tenant customer.Tenant, device DeviceID, number int64) (Revision, error)
	// RevisionAt returns the revision that was in force at a moment.
	RevisionAt(ctx context.Context, tenant customer.Tenant, device DeviceID, at time.Time) (Revision, error)
	// LevelRevisionAt returns what was set on an organisation or location at a moment; fault.NotFound when nothing ever was until then.
	LevelRevisionAt(ctx context.Context, tenant customer.Tenant, subject string, at time.Time) (LevelRevision, error)
}

// RevisionTx writes revisions.
type RevisionTx interface {
	// CreateRevision keeps a revision, and throws away the device's revisions up to a number.
	CreateRevision(ctx context.Context, r Revision, forgetTo int64) error
	// CreateLevelRevision keeps what is set on a level now, under the next number, and only the newest keep of them.
	CreateLevelRevision(ctx context.Context, r LevelRevision, keep int64) error
}
