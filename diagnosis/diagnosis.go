// Package diagnosis answers "why has this phone no dial tone?": from what is known of a phone to one sentence that names the cause, and one that
// says the next step.
//
// It owns the causes, their order and their words, when firmware is too old, which MAC addresses are a slip of the finger apart, and when a site is
// silent. It never reads anything itself, never asks who may know, and says nothing of what it wasn't given. Start at Explain, then the table in
// causes.go: a new cause is one entry in it.
package diagnosis

import (
	"strconv"
	"strings"
	"time"
)

// Outcome says what became of a contact, in the few words that causes are told from.
type Outcome string

// The outcomes. What isn't one of them is Other.
const (
	Other           Outcome = ""
	Bootstrap       Outcome = "bootstrap"        // a file that is open to everybody was served
	Served          Outcome = "served"           // the phone's own file was served
	NoProof         Outcome = "no_proof"         // it showed nothing, and no window was open
	WrongProof      Outcome = "wrong_proof"      // password of HTTP
	BadCertificate  Outcome = "bad_certificate"  // of the phone
	HandshakeFailed Outcome = "handshake_failed" // TLS ended before the first request
	Throttled       Outcome = "throttled"
	OtherPhone      Outcome = "other_phone"  // path and user agent name two phones
	OtherFamily     Outcome = "other_family" // another vendor's file
	Unexpanded      Outcome = "unexpanded"   // a macro in the path
	Enterprise      Outcome = "enterprise"   // a file of Cisco's enterprise firmware
	Optional        Outcome = "optional"     // a file that needn't be there
	Missing         Outcome = "missing"      // one that the phone needs
	WrongPath       Outcome = "wrong_path"   // one that nobody serves to anybody
	ClearCode       Outcome = "clear_code"
	WrongCode       Outcome = "wrong_code"
	ExpiredCode     Outcome = "expired_code"
	OurFault        Outcome = "our_fault"
	Registered      Outcome = "registered"
	Unregistered    Outcome = "unregistered"
	WrongPassword   Outcome = "wrong_password" // of SIP
	UnknownSIP      Outcome = "unknown_sip"    // user or domain
	Lookup          Outcome = "lookup"         // DNS
	Uploaded        Outcome = "uploaded"
	UpstreamAway    Outcome = "upstream_away"    // of a registration that is handed on: nobody answers there
	UpstreamRefused Outcome = "upstream_refused" // and: the line was refused there

	EchoRefused        Outcome = "echo_refused" // this and the next: calls to the echo
	EchoUnacknowledged Outcome = "echo_unacknowledged"
	EchoNoKeys         Outcome = "echo_no_keys"
	EchoSilent         Outcome = "echo_silent"
	EchoUnreadable     Outcome = "echo_unreadable"
	EchoOneWay         Outcome = "echo_one_way"
	EchoLossy          Outcome = "echo_lossy"
	EchoClear          Outcome = "echo_clear"
	EchoWell           Outcome = "echo_well"
)

// The doors of a contact.
const (
	DoorSIP = "sip"
	DoorDNS = "dns"
)

// Contact is one thing that a phone asked, and what became of it.
type Contact struct {
	Time      time.Time
	Door      string // dns, tftp, http, https, sip
	Peer      string
	Request   string
	Answer    string
	Rule      string
	UserAgent string
	Agent     Agent  // what the user agent says
	Proof     string // the kind that was shown: none, basic, digest, token, certificate
	Bytes     int64
	Revision  int64 // that was served; 0 for none
	Outcome   Outcome
	// ByAddress says that the request named no phone, and is told of those that came from the same address shortly before.
	ByAddress bool
}

// path is what was asked for, without the method.
func (c Contact) path() string {
	_, path, found := strings.Cut(c.Request, " ")
	if !found {
		return c.Request
	}
	return path
}

// Device is what the record says.
type Device struct {
	Model          string // as people know it, e.g. "Yealink T54W"
	Vendor         string // whose pack its family is in
	Family         string // of the catalogue, e.g. "yealink"
	Configured     bool   // we write its files
	Revision       int64
	Published      time.Time // when that revision was made; zero: unknown
	Created        time.Time
	EnrolmentUntil time.Time // zero: no window was opened, or it was closed
	// CodeWaiting says that no phone has come yet with the device's activation code, CodeExpires until when one may; zero: none counts.
	CodeWaiting bool
	CodeExpires time.Time
	// Looping is the firmware that its phone fetched again and again and doesn't run; "" for none.
	Looping string
	Domain  string // of its lines; "" without one
	ByName  bool   // the registrar is found by NAPTR and SRV
	// Obstacle says which setting keeps its phone from that, as a part of a sentence; "" for none.
	Obstacle string
}

// Registration is a line that is registered now.
type Registration struct {
	Port     int
	Expires  time.Time
	Node     string    // that it came to
	NodeGone time.Time // when that was last heard of, if it isn't there; zero: it is, and the line can be reached
}

// Query is a question for the domain of a phone's lines, whoever asked it: phones ask by way of resolvers, which remember the answer for others.
type Query struct {
	Time     time.Time // the newest
	Question string    // such as SRV _sip._udp
	Exists   bool      // the name did
}

// Sighting is what was seen of a MAC address that nobody has.
type Sighting struct {
	MAC       string
	First     time.Time
	Last      time.Time
	Count     int64
	UserAgent string
	Files     []string
}

// Near is a MAC address that is a slip of the finger away from the one in question.
type Near struct {
	MAC  string
	Slip Slip
	Seen *Sighting // of an address that nobody has; nil for a device's
}

// Facts is all that is known of a phone.
type Facts struct {
	Now           time.Time
	MAC           string         // "" for a device that waits for its phone
	Device        *Device        // nil: the tenant has none with that MAC address
	Elsewhere     bool           // another organisation of the same partner has it
	Contacts      []Contact      // the newest first
	Queries       []Query        // in no order
	Registrations []Registration // valid now
	Seen          *Sighting      // nil unless nobody has the address, and it asked
	Near          []Near
}

// Code names a cause for programs.
type Code string

// Verdict is the answer.
type Verdict struct {
	Cause    Code
	Sentence string
	NextStep string
	Evidence []Contact // what the cause was told from, the newest first
	States   States
}

// States is how far a phone has come.
type States struct {
	Configured      bool // there is a record
	FetchedRevision int64
	FetchedAt       time.Time // zero: never
	CurrentRevision int64
	Registered      bool
	RegisteredAt    time.Time // when it last did; zero: not in what is kept
	LastContact     time.Time // zero: never
	ExpectedBy      time.Time // when it should be heard of again; zero: nobody knows
}

// values fill the placeholders of a sentence.
type values map[string]string

func (v values) fill(text string) string {
	pairs := make([]string, 0, 2*len(v))
	for name, value := range v {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// finding is what a cause says of the facts: evidence and what its sentence needs.
type finding struct {
	evidence []Contact
	values   values
}

// maxEvidence bounds what is shown with a verdict.
const maxEvidence = 10

// Explain names the first cause of the table that the facts bear out. The last one always does.
func Explain(f Facts) Verdict {
	for _, c := range causes() {
		found, ok := c.tells(f)
		if !ok {
			continue
		}
		all := values{"mac": f.MAC, "model": "", "revision": "0"}
		if f.Device != nil {
			all["model"], all["revision"] = f.Device.Model, strconv.FormatInt(f.Device.Revision, 10)
		}
		if len(found.evidence) > 0 {
			newest := found.evidence[0]
			all["time"], all["door"], all["path"], all["peer"] = moment(newest.Time), newest.Door, newest.path(), newest.Peer
		}
		for name, value := range found.values {
			all[name] = value
		}
		return Verdict{
			Cause: c.Code, Sentence: all.fill(c.Sentence), NextStep: all.fill(c.NextStep),
			Evidence: found.evidence[:min(len(found.evidence), maxEvidence)], States: f.states(),
		}
	}
	return Verdict{}
}

// moment writes a time as people read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// PollInterval is how often phones are told to look whether their file has changed.
const PollInterval = 24 * time.Hour

func (f Facts) states() States {
	s := States{Registered: len(f.Registrations) > 0}
	if f.Device != nil {
		s.Configured, s.CurrentRevision = true, f.Device.Revision
	}
	if c, ok := f.newest(Served); ok {
		s.FetchedRevision, s.FetchedAt, s.ExpectedBy = c.Revision, c.Time, c.Time.Add(PollInterval)
	}
	if c, ok := f.newest(Registered); ok {
		s.RegisteredAt = c.Time
	}
	if len(f.Contacts) > 0 {
		s.LastContact = f.Contacts[0].Time
	}
	for _, r := range f.Registrations {
		if s.ExpectedBy.IsZero() || r.Expires.Before(s.ExpectedBy) {
			s.ExpectedBy = r.Expires
		}
	}
	return s
}

// newest returns the newest contact with an outcome.
func (f Facts) newest(o Outcome) (Contact, bool) {
	for _, c := range f.Contacts {
		if c.Outcome == o {
			return c, true
		}
	}
	return Contact{}, false
}

// troubleWindow is how far back a phone's trouble goes: what it met before its last hour of tries may be mended long since.
const troubleWindow = time.Hour

// trouble returns the contacts of some doors since the last success there, of the last hour of them.
func (f Facts) trouble(isSIP bool, success Outcome) []Contact {
	var out []Contact
	for _, c := range f.Contacts {
		if (c.Door == DoorSIP) != isSIP || c.Door == DoorDNS || c.Outcome == Optional {
			continue
		}
		if c.Outcome == success || len(out) > 0 && out[0].Time.Sub(c.Time) > troubleWindow {
			break
		}
		out = append(out, c)
	}
	return out
}

func (f Facts) fetchTrouble() []Contact { return f.trouble(false, Served) }
func (f Facts) sipTrouble() []Contact   { return f.trouble(true, Registered) }

// with returns those that had an outcome.
func with(contacts []Contact, o Outcome) []Contact {
	var out []Contact
	for _, c := range contacts {
		if c.Outcome == o {
			out = append(out, c)
		}
	}
	return out
}
