// Package deviceprofiles knows phones: which models there are, what each asks for at boot, and how its files are written.
//
// It owns the model catalogue, the way from a requested path to a family and a MAC address, the settings and key layouts that phones can have, and
// the formats in which files are spelled out. It never does I/O, never asks who is allowed to have a file, and gives the same bytes for the same input on
// every machine. What it knows of a vendor is data, one folder a vendor in packs/ (docs/packs.md). Start at Match, which reads a request, and Render, which
// writes a file; pack.go reads the packs, pack_template.go and pack_vocabulary.go are the language of their templates, format*.go the formats. Settings:
// start at SettingDefinition, then Effective; layouts at Layout.
package deviceprofiles

import (
	"maps"

	"dialtone/secret"
)

// Hit is what a request was recognised as.
type Hit struct {
	Name     string   // the file's name without folders, in lower case
	Families []Family // the families that ask for such a file; one if the name or the user agent decides
	Vendor   Family   // of several families, that of the address block's owner, or the first of the one vendor who has them; "" if that doesn't tell
	MAC      MAC      // of the phone, when HasMAC
	HasMAC   bool
	// Encryption is how the phone wants its own file encrypted; "" for not at all.
	Encryption Encryption
	Image      bool // a background image, by the name that it was given when it was uploaded; of no family
	Firmware   bool // a firmware file: Name is its path below the folder of firmware, with slashes and its letters' case; of no family
	// Code is the activation code that the path is; zero for files. Then Families is of whom the phone can be, and Vendor is empty if it says so itself.
	Code secret.Text
}

// Family returns the family that asks, as far as the request alone tells: by name or user agent, else by address block. False when only
// the device's own record can tell.
func (h Hit) Family() (Family, bool) {
	if len(h.Families) == 1 {
		return h.Families[0], true
	}
	return h.Vendor, h.Vendor != ""
}

// Service is what every phone is told about this installation. It holds no secret, and is equal on all nodes.
type Service struct {
	HTTPBase      string // e.g. http://prov.example.com:8081, without a final slash; "" when that door is off
	HTTPSBase     string // e.g. https://prov.example.com:8443, without a final slash; "" when that door is off
	CACertificate []byte // PEM of the CA that signed our servers, for phones that must be told; nil when a public one did
	NTPServer     string // host
}

// Where a phone that must be told about our CA finds its certificate on the plain door.
const CACertificatePath = "ca.pem"

// Settings is all that a phone is told, in no family's words. Secrets are typed, so that a masked copy renders like the real one.
type Settings struct {
	MAC           MAC
	Model         Model
	Revision      int64 // of the device; shown on phones that have a place for it
	Service       Service
	Access        Access      // how this phone proves itself over HTTPS from now on
	AdminPassword secret.Text // of the phone's own menu and web page; 4 to 24 characters of [A-Za-z0-9._-]
	TimeZone      string      // IANA name of the location
	Country       string      // ISO 3166-1 alpha-2 of the location
	Language      string      // locale of the location, e.g. en_us
	Lines         []Line      // by port, ascending; at least one
	SIP           SIP
	// Values are the settings to write, as ValuesToWrite picks them from the effective ones. The family's own choice stands for what isn't there.
	Values map[SettingKey]SettingValue
	// Layout says what the keys are for; the zero Layout is the default one. After a custom one it must be DefaultLayout's, as phones keep keys.
	Layout Layout
	// Watched is what the phone's owner watches, in order: keys show it. Where there is something, the Layout must not be the default one, of which phones are
	// told nothing.
	Watched []Watched
	// Activated says that somebody led the phone here with an activation code, and no DHCP server did: its own file must lead it back here.
	Activated bool
	// Firmware is what it is to run, and LanguageFile the texts that it is to load, from the operator's folder.
	Firmware     Firmware
	LanguageFile LanguageFile
}

// Access is the pair that a phone shows over HTTPS, as HTTP digest or basic authentication, and what a phone that knows neither shows in the path.
type Access struct {
	UserName string
	Password secret.Text
	FileKey  secret.Text // with which its own file is encrypted where it asks for that; letters, digits, - and _
	Token    secret.Text // lower-case hexadecimal; Folder makes it a part of a URL
}

// SIP is how a phone reaches the registrar.
type SIP struct {
	// OutboundProxy is the host that all requests go to: an address, or a DNS name. With OutboundPort 0 the phone must locate it with
	// NAPTR and SRV (RFC 3263); a port would defeat that.
	OutboundProxy string
	OutboundPort  int
	Transport     SIPTransport
	Expires       int // seconds to ask for in REGISTER
}

// SIPTransport is the transport that a phone is told to use.
type SIPTransport string

// The transports. With TLS, media is told to be SRTP.
const (
	UDP SIPTransport = "udp"
	TCP SIPTransport = "tcp"
	TLS SIPTransport = "tls"
)

// Line is one registration of a phone.
type Line struct {
	Port        int    // 1-based
	UserName    string // user part of the address of record
	AuthName    string // digest user name
	Password    secret.Text
	Domain      string // SIP domain: host part of the address of record, and digest realm
	DisplayName string // a person's name, any Unicode
	Label       string // what the key shows: extension, number or name, or what was chosen for it where the model has CustomLabels
	Weight      int    // line keys that it occupies, from its port on; 0 and 1 are one
	// Shared says that it is somebody else's line too. No phone is told: as a shared appearance it would wait for the server to grant it each call.
	Shared bool
	// HotlineDestination is dialled as soon as the phone goes off hook: digits, *, # and a leading +; "" for no hotline.
	HotlineDestination string
	// DeclineEverywhere says that declining a call ends it on all of the owner's devices, not on this phone alone. Yealink phones are told, by their
	// first line; Poly's do so anyway, and Cisco's know no such setting.
	DeclineEverywhere bool
}

// Masked returns a copy in which every secret reads secret.Mask, for showing to people.
func (s Settings) Masked() Settings {
	mask := secret.New(secret.Mask)
	s.Access.Password, s.Access.FileKey, s.Access.Token, s.AdminPassword = mask, mask, mask, mask
	s.Lines = append([]Line(nil), s.Lines...)
	for i := range s.Lines {
		s.Lines[i].Password = mask
	}
	s.Values = maps.Clone(s.Values)
	for key, value := range s.Values {
		s.Values[key] = value.Masked()
	}
	return s
}

// Asset is a file that a phone of a model asks for and that we serve.
type Asset struct {
	Path string // as the phone asks for it, without a leading slash
	// Secret files are served only over HTTPS and only to the phone itself. The others hold nothing that a stranger may not see, and are the
	// same for every MAC address but for the address itself.
	Secret bool
}

// File is a rendered file.
type File struct {
	ContentType string
	Encoding    string // Content-Encoding (RFC 9110 section 8.4); "" for none
	Body        []byte
}
