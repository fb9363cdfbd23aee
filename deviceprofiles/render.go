package deviceprofiles

import (
	"strings"

	"dialtone/fault"
)

// Files returns what we serve to a phone of a model, in its boot order. A file that exists for everybody and, with secrets, for the phone alone
// is there twice, the open one first. Empty for models that somebody else configures.
func Files(m Model, mac MAC) []Asset {
	if !m.Configured() {
		return []Asset{}
	}
	var open, own []Asset
	for _, f := range packs().byFamily[m.Family].Files {
		if m.CommonFile == "" && strings.Contains(f.Name, "{common}") || f.Kind == kindPhonebook {
			continue // nobody knows its name, or it isn't of the device's revision
		}
		if f.open != nil && f.Alias != aliasOpen && f.Alias != aliasBoth {
			open = append(open, Asset{Path: f.named(m, mac)})
		}
		if f.own != nil && f.Alias != aliasOwn && f.Alias != aliasBoth {
			own = append(own, Asset{Path: f.named(m, mac), Secret: true})
		}
	}
	return append(open, own...)
}

// RenderBootstrap writes what anybody gets over TFTP and plain HTTP, and over HTTPS for files that name no MAC address. It is made of the request
// alone and holds no secret: it tells a phone where HTTPS is, and whom to trust there. fault.NotFound when the family has no such file, or when the
// door that the file would point to is off.
func RenderBootstrap(h Hit, f Family, svc Service) (File, error) {
	h.Name = strings.ToLower(h.Name)
	switch {
	case h.Name == CACertificatePath && len(svc.CACertificate) > 0:
		return File{ContentType: "application/x-pem-file", Body: svc.CACertificate}, nil
	case h.Name == CACertificatePath:
		return File{}, noSuchFile(h.Name)
	case svc.HTTPSBase == "":
		return File{}, doorOff(h.Name)
	}
	p, ok := packs().byFamily[f]
	if !ok {
		return File{}, noSuchFile(h.Name)
	}
	file, ok := p.file(h.Name)
	if !ok || file.open == nil {
		return File{}, noSuchFile(h.Name)
	}
	s := scope{Settings: Settings{Service: svc, MAC: h.MAC}, file: h.Name, named: h.HasMAC, out: newSettings(file.OpenFormat)}
	if err := file.open.run(&s); err != nil {
		return File{}, err
	}
	written, err := file.OpenFormat.write(s.out)
	return file.answer(h.Name, written, err)
}

// Render writes a phone's own file, for the phone alone: name is the file's, without folders, in any case. The same settings give the same bytes on
// every machine. fault.NotFound when the phone's family has no such file, when somebody else configures the phone, or when the HTTPS door, to which
// the file would point, is off; fault.Invalid, naming the setting, when a value can't be written in the family's format; fault.Internal for settings
// without a line.
func Render(name string, s Settings) (File, error) {
	name = strings.ToLower(name)
	if !s.Model.Configured() {
		return File{}, noSuchFile(name)
	}
	p := packs().byFamily[s.Model.Family]
	file, ok := p.file(name)
	_, mac, named := withoutMAC(name)
	switch {
	case !ok || file.own == nil || file.Kind != "" || !named || mac != s.MAC:
		return File{}, noSuchFile(name)
	case s.Service.HTTPSBase == "":
		return File{}, doorOff(name)
	}
	out := newOwnSettings(file.Format, s)
	if !file.Settings {
		out = newSettings(file.Format)
	}
	written, err := p.own(file.Format, file.own, s, name, out)
	return file.answer(name, written, err)
}

// own runs a template that is a phone's own.
func (p *pack) own(f *format, t template, phone Settings, name string, out *settings) (File, error) {
	s, err := newScope(phone, name, out)
	if err != nil {
		return File{}, err
	}
	s.ciphers, s.firmware = p.Encryption, p.told(phone)
	s.ownCA = p.ownCA(phone)
	s.book.told = PhonebookOf(phone.Model, phone.Values) != PhonebookOff
	if err := t.run(s); err != nil {
		return File{}, err
	}
	out.rest()
	return f.write(out)
}

// newScope checks what every family's file is made of.
func newScope(phone Settings, name string, out *settings) (*scope, error) {
	if len(phone.Lines) == 0 {
		return nil, fault.New(fault.Internal, "the phone %s has no line", phone.MAC)
	}
	clock, err := clockRuleOf(phone.TimeZone)
	if err != nil {
		return nil, err
	}
	for _, line := range phone.Lines {
		if line.HotlineDestination == "" {
			continue
		}
		if err := CheckHotline("hotlineDestination", line.HotlineDestination); err != nil {
			return nil, err
		}
	}
	keys := phone.Layout.Resolve(phone.Model, phone.Lines, phone.Watched)
	return &scope{Settings: phone, out: out, file: name, named: true, clock: clock, keys: keys}, nil
}

func doorOff(name string) error {
	return fault.New(fault.NotFound, "There is no file %s: the HTTPS door, to which it would point, is off.", name)
}

// languageOf returns the language of a locale such as de_de or pt-BR, in lower case.
func languageOf(locale string) string {
	language, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "-", "_"), "_")
	return language
}

// caURL is where phones fetch our CA's certificate; "" when they needn't or can't.
func (s Service) caURL() string {
	if len(s.CACertificate) == 0 || s.HTTPBase == "" {
		return ""
	}
	return s.HTTPBase + "/" + CACertificatePath
}

// zeroOne writes a boolean as Yealink and Poly do.
func zeroOne(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
