package deviceprofiles

// KeyType says what a key does, in the wire's words.
type KeyType string

// The types.
const (
	KeyPrimaryLine    KeyType = "PRIMARY_LINE"
	KeySharedLine     KeyType = "SHARED_LINE"
	KeyMonitor        KeyType = "MONITOR"
	KeyCallPark       KeyType = "CALL_PARK_EXTENSION"
	KeySpeedDial      KeyType = "SPEED_DIAL"
	KeyOpen           KeyType = "OPEN"   // free for monitored lines and for what the user puts there
	KeyClosed         KeyType = "CLOSED" // does nothing
	KeyModeManagement KeyType = "MODE_MANAGEMENT"
)

// LineKey is what one key of a phone is for. The names of its JSON form are those under which layouts and templates are stored.
type LineKey struct {
	Index      int     `json:"index"` // from 1
	Type       KeyType `json:"type"`
	Label      string  `json:"label,omitempty"`      // SPEED_DIAL only
	Value      string  `json:"value,omitempty"`      // SPEED_DIAL only: number, extension or user@host
	SharedLine int     `json:"sharedLine,omitempty"` // SHARED_LINE only: which of the shared lines, from 1; 0: the next one
}

// KEMKey is what one key of an expansion module is for.
type KEMKey struct {
	Module     int     `json:"module"` // from 1
	Index      int     `json:"index"`  // from 1
	Type       KeyType `json:"type"`
	Label      string  `json:"label,omitempty"`
	Value      string  `json:"value,omitempty"`
	SharedLine int     `json:"sharedLine,omitempty"`
}

// Layout is what all keys of a phone are for. Its JSON form is stable: it is how layouts are stored. The zero Layout is the default one.
type Layout struct {
	Custom      bool      `json:"custom"`
	UserReorder bool      `json:"userReorder"`
	Keys        []LineKey `json:"keys,omitempty"`
	KEMType     string    `json:"kemType,omitempty"` // wire word, e.g. KEM_14_KEYS
	KEM         []KEMKey  `json:"kem,omitempty"`
}

// Key is what one physical key does on a phone with certain lines.
type Key struct {
	Module int // 0 for the phone itself, else the expansion module
	Index  int // from 1
	Type   KeyType
	Line   int // port of the line that the key shows; 0 if none
	Label  string
	// Value is what a SPEED_DIAL dials, and what a MONITOR or CALL_PARK_EXTENSION key asks about; empty for one of those two that has nothing to show.
	Value string
}

// Watched is what a person follows on keys beside the lines of the phone: somebody's calls, or a place where calls are parked.
type Watched struct {
	Park   bool   // calls are parked there
	Number string // number or extension that the phone asks about and dials
	Label  string // what the key shows; signs that a key can't hold are left out, and the number stands for an empty one
}

// Advisories counts what doesn't fit when a template meets a device, as the wire's advisory types do. An appearance is a key that the template has.
type Advisories struct {
	MoreSharedAppearances         int // keys for shared lines without a line
	FewSharedAppearances          int // shared lines without a key
	MoreMonitorAppearances        int // keys for monitored lines without one
	MoreCPEAppearances            int // keys for call park extensions without one
	MoreModeManagementAppearances int // keys for mode management without one
}
