package deviceprofiles

import (
	"strings"

	"dialtone/fault"
)

// Files returns what we serve to a phone of a model, in its boot order. A file that exists for everybody and, with secrets, for the phone alone
// is there twice, the open one first. Empty for models that somebody else configures.
func Files(m Model, mac MAC) []Asset {
	switch {
	case !m.Configured():
		return []Asset{}
	case m.Family == CiscoMPP:
		return ciscoFiles(m, mac)
	case m.Family == Yealink:
		return yealinkFiles(m, mac)
	default:
		return polyFiles(mac)
	}
}

// RenderBootstrap writes what anybody gets over TFTP and plain HTTP, and over HTTPS for files that name no MAC address. It is made of the request
// alone and holds no secret: it tells a phone where HTTPS is, and whom to trust there. fault.NotFound when the family has no such file, or when the
// door that the file would point to is off.
func RenderBootstrap(h Hit, f Family, svc Service) (File, error) {
	switch {
	case h.Name == CACertificatePath && len(svc.CACertificate) > 0:
		return File{ContentType: "application/x-pem-file", Body: svc.CACertificate}, nil
	case h.Name == CACertificatePath:
		return File{}, noSuchFile(h.Name)
	case svc.HTTPSBase == "":
		return File{}, doorOff(h.Name)
	}
	switch f {
	case CiscoMPP:
		return ciscoBootstrap(svc)
	case Yealink:
		return yealinkBootstrap(h, svc)
	case Poly:
		return polyBootstrap(h, svc)
	default:
		return File{}, noSuchFile(h.Name)
	}
}

// Render writes a phone's own file, for the phone alone: name is the file's, without folders, in any case. The same settings give the same bytes on
// every machine. fault.NotFound when the phone's family has no such file, when somebody else configures the phone, or when the HTTPS door, to which
// the file would point, is off; fault.Invalid, naming the setting, when a value can't be written in the family's format; fault.Internal for settings
// without a line.
func Render(name string, s Settings) (File, error) {
	name = strings.ToLower(name)
	switch {
	case !s.Model.Configured():
		return File{}, noSuchFile(name)
	case s.Service.HTTPSBase == "":
		return File{}, doorOff(name)
	case len(s.Lines) == 0:
		return File{}, fault.New(fault.Internal, "the phone %s has no line", s.MAC)
	case s.Model.Family == CiscoMPP && (name == s.MAC.Lower()+".xml" || name == s.MAC.Lower()+".cfg"):
		return ciscoOwn(s)
	case s.Model.Family == Yealink && name == s.MAC.Lower()+".cfg":
		return yealinkOwn(s)
	case s.Model.Family == Poly && name == s.MAC.Lower()+".cfg":
		return polyMaster(s.MAC.Lower() + polyOwnSuffix)
	case s.Model.Family == Poly && name == s.MAC.Lower()+polyOwnSuffix:
		return polyOwn(s)
	default:
		return File{}, noSuchFile(name)
	}
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
