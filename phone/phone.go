// Package phone is a simulated desk phone: it finds its server by DNS, fetches the files that its model would fetch, in that model's order and
// under its name, follows the bootstrap, reads its lines and registers them over SIP. Users debug an installation with it; tests drive it.
//
// It owns its own idea of how each family boots and reads files, and takes from deviceprofiles the names of models alone, so that it checks a
// server instead of repeating it. It speaks only the wire, keeps nothing between two runs, and never prints a secret. Start at Boot. Families whose
// boot is no more than files and settings are a table (families.json, family_table.go, reading.go); the others have a file named family_NAME.go. register.go
// is the SIP side.
//
// # What is said
//
// Each step is one line on the writer: its number, the step's name, how it went, and words.
//
//  1. dns        ok      phones.example.com is 192.0.2.7 (asked 192.0.2.53:53)
//  2. fetch      tried   tftp://phones.example.com/805ec0aabbcc.boot isn't there, which is fine
//  3. fetch      failed  https://phones.example.com/805ec0aabbcc.cfg: the server asks who this phone is, and it has no credentials
//     next       Open an enrolment window for this phone, or give it its user name and password.
//
// "tried" is something that a phone survives: an optional file that is absent, or a way in that doesn't answer while there is another. "failed"
// ends the run, and the line after it says what to check.
package phone

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"dialtone/secret"
)

// The names of the steps, as they are printed and as StepError and Step carry them.
const (
	StepDNS        = "dns"        // a server's name is looked up
	StepFetch      = "fetch"      // a file is asked for
	StepRead       = "read"       // a file that arrived is parsed
	StepTrust      = "trust"      // a CA that the bootstrap names is taken in
	StepFollow     = "follow"     // the files send the phone to another server
	StepLines      = "lines"      // the phone's accounts are found in what was read
	StepLocate     = "locate"     // a line's registrar is looked up (RFC 3263)
	StepRegister   = "register"   // a line registers (RFC 3261 10)
	StepUnregister = "unregister" // a line takes its registration back
)

// Access is the pair that a phone shows to a provisioning server, by HTTP digest or, over TLS only, basic authentication.
type Access struct {
	UserName string
	Password secret.Text
	key      secret.Text // with which the file is encrypted; zero for a file in the clear
}

// IsZero reports whether there is no user name: the phone has nothing to show.
func (a Access) IsZero() bool { return a.UserName == "" }

// BootConfig is one phone and the network it is plugged into.
type BootConfig struct {
	MAC   string // hardware address, in any usual spelling
	Model string // as deviceprofiles.FindModel takes it, e.g. "Yealink T54W"
	// Server is what DHCP option 66 would say: tftp://, http:// or https:// HOST[:PORT][/PATH], a host, or host:port. A host without a scheme
	// is tried as a phone would, with Dialtone's own ports: TFTP on 6969, HTTP on 8081, HTTPS on 8443; a host:port, the three on that port.
	Server string
	// Code is an activation code that somebody types behind Server, which must be an https:// URL then, into the profile rule of a Cisco phone: sixteen
	// digits, with or without hyphens; zero: none.
	Code        secret.Text
	DNS         string         // HOST[:PORT] of the DNS server to ask; "": the system's resolver
	CA          *x509.CertPool // trusted besides the system's roots and the CA that a bootstrap names; may be nil
	InsecureTLS bool           // take any certificate, over HTTPS and SIP
	Access      Access         // what the phone knows from an earlier boot; zero: it is fresh from the factory
	Transport   string         // udp, tcp or tls instead of what the file says; "": as the file says
	Timeout     time.Duration  // for one step; 0: 5 seconds
	Expires     int            // seconds to ask for in REGISTER; 0: as the file says, else 3600
	Unregister  bool           // take the registrations back at the end
	Stay        Stay           // keep the registrations for a while before

	Now    func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
	Logger *slog.Logger     // details that no installer needs, at debug level; nil: none
}

// RegisterConfig is one line, as it would be typed into a generic SIP phone.
type RegisterConfig struct {
	User        string         // user part of the address of record
	AuthName    string         // digest user name; "": the same as User
	Domain      string         // SIP domain
	Password    secret.Text    // SIP password
	Proxy       string         // HOST[:PORT] to send requests to; "": the domain is located by DNS (RFC 3263)
	Transport   string         // udp, tcp or tls; "": what DNS prefers, else udp
	DNS         string         // HOST[:PORT] of the DNS server to ask; "": the system's resolver
	CA          *x509.CertPool // trusted besides the system's roots; may be nil
	InsecureTLS bool           // take any certificate
	Timeout     time.Duration  // for one step; 0: 5 seconds
	Expires     int            // seconds to ask for; 0: 3600
	Unregister  bool           // take the registration back at the end
	Stay        Stay           // keep the registration for a while before
	UserAgent   string         // "": Dialtone-Phone

	Now    func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
	Logger *slog.Logger     // nil: none
}

// Result is what a run found out, up to where it ended.
type Result struct {
	Steps         []Step
	Files         []File         // in the order in which they arrived
	Access        Access         // what the phone shows from now on: learned from its files, else as configured
	Lines         []Line         // by port
	Registrations []Registration // of the lines that registered
}

// Step is one line of what was said.
type Step struct {
	Name string // one of the Step constants
	Text string // words, on one line
	OK   bool   // false on the step that ended the run, and there only
}

// File is a file that arrived.
type File struct {
	Path      string // as the phone asked for it, without scheme and host; an activation code in it is masked
	URL       string // without user name and password; so is it here
	Transport string // tftp, http or https
	Size      int    // bytes
	SHA256    string // 64 lower-case hex digits
}

// Line is one account that the phone was told to register.
type Line struct {
	Port        int    // 1-based
	UserName    string // user part of the address of record
	AuthName    string // digest user name
	Password    secret.Text
	Domain      string // host part of the address of record
	DisplayName string
	Proxy       string // host that requests go to; "": the domain
	ProxyPort   int    // of Proxy, or of the domain when there is no Proxy; 0: none was told
	Transport   string // udp, tcp or tls; "": DNS chooses (NAPTR)
	Locate      bool   // look for SRV records before addresses (RFC 3263)
	Expires     int    // seconds that the file asks for; 0: it doesn't say
}

// Registration is a line that the registrar took.
type Registration struct {
	Port      int           // of the line
	AOR       string        // address of record, sip:user@domain
	Registrar string        // IP:port that answered
	Transport string        // udp, tcp or tls
	Contact   string        // our contact, as sent
	Expires   time.Duration // granted
	Contacts  int           // valid contacts of the address of record, ours included
	Algorithm string        // of the digest: MD5 or SHA-256; "": nobody asked for a password
	Removed   bool          // taken back again
}

// StepError is a failed run: which step, why, and what to check next.
type StepError struct {
	Step string // one of the Step constants
	Err  error
	Next string // a sentence for an installer
}

// Error says step, reason and advice on one line.
func (e *StepError) Error() string {
	if e.Next == "" {
		return fmt.Sprintf("step %s failed: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("step %s failed: %v. %s", e.Step, e.Err, e.Next)
}

// Unwrap gives the reason to errors.Is and errors.As.
func (e *StepError) Unwrap() error { return e.Err }

// Summary says in one line what a run came to.
func (r Result) Summary() string {
	if n := len(r.Steps); n > 0 && !r.Steps[n-1].OK {
		return "No dial tone: " + r.Steps[n-1].Name + " failed."
	}
	var lines []string
	for _, reg := range r.Registrations {
		state := fmt.Sprintf("registered for %d s", int(reg.Expires.Seconds()))
		if reg.Removed {
			state = "registered and taken back"
		}
		lines = append(lines, reg.AOR+" "+state)
	}
	if len(lines) == 0 {
		return "No dial tone: no line registered."
	}
	return fmt.Sprintf("Dial tone: %s; %d files.", strings.Join(lines, ", "), len(r.Files))
}

// The defaults of both configurations.
const (
	defaultTimeout = 5 * time.Second
	defaultExpires = 3600 // seconds (RFC 3261 10.2)
)

// surroundings are the defaults that both configurations share.
type surroundings struct {
	timeout time.Duration
	now     func() time.Time
	random  io.Reader
	log     *slog.Logger
}

func newSurroundings(timeout time.Duration, now func() time.Time, random io.Reader, log *slog.Logger) surroundings {
	s := surroundings{timeout: timeout, now: now, random: random, log: log}
	if s.timeout <= 0 {
		s.timeout = defaultTimeout
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}
