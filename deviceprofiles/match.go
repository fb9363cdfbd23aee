package deviceprofiles

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dialtone/fault"
)

// The bounds of what a stranger may send, in bytes: twice what any known phone does.
const (
	maxPath      = 512
	maxUserAgent = 512
)

// The names of files that we serve, in lower case.
var (
	perMACName       = regexp.MustCompile(`^([0-9a-f]{12})(-user)?\.(cfg|xml)$`)
	ciscoModelName   = regexp.MustCompile(`^(?:cp-)?[0-9]{4}(?:-3pcc)?\.(?:xml|cfg)$`)
	yealinkModelName = regexp.MustCompile(`^y[0-9]{12}\.cfg$`)
	imageName        = regexp.MustCompile(`^[0-9a-f]{32}\.(?:png|jpg)$`)
	enterpriseName   = regexp.MustCompile(`^(?:sep|ctlsep|itlsep)[0-9a-f]{12}\.`)
	anyMAC           = regexp.MustCompile(`(?:^|[^0-9a-f])([0-9a-f]{12})(?:[^0-9a-f]|$)`)
)

// ImageFolder is where phones find the background images that were uploaded, without a leading slash, as the device-management API has it.
const ImageFolder = "dms/Cisco_Phone_Background/"

const (
	polyMasterName    = "000000000000.cfg"
	polyBootstrapName = "dialtone-poly.cfg"
)

// Match recognises a request: the path as asked, percent escapes decoded, and the user agent or "". Folders before the name don't matter, case
// doesn't either, nor do double slashes.
//
// fault.Invalid: the path breaks the rules of paths. fault.Denied: the user agent names another phone than the path. fault.NotFound: nobody
// serves such a file, as is usual for the optional files that phones ask for; Hit holds the MAC address even then, if there is one. No error holds
// what may be an activation code.
func Match(path, userAgent string) (Hit, error) {
	if err := checkPath(path); err != nil {
		return Hit{}, err
	}
	folders, name := splitPath(strings.ToLower(path))
	if inImageFolder(folders) && imageName.MatchString(name) {
		return Hit{Name: name, Image: true}, nil
	}
	agent := parseUserAgent(userAgent)
	if hit, ok := matchCode(folders, name, agent); ok {
		return hit, nil
	}
	if hit, ok := matchFirmware(path); ok {
		return hit, nil
	}
	hit, err := matchName(name, slices.Contains(folders, "cisco"))
	if err != nil {
		return withAnyMAC(hit, name), err
	}
	if !hit.HasMAC {
		return hit, nil
	}
	if agent.hasMAC && agent.mac != hit.MAC {
		return hit, fault.New(fault.Denied, "The phone says that it is %s and asks for the file of %s.", agent.mac, hit.MAC)
	}
	if len(hit.Families) > 1 {
		hit.Vendor = vendorOf(hit.MAC)
		if slices.Contains(hit.Families, agent.family) {
			hit.Families = []Family{agent.family}
		}
	}
	return hit, nil
}

// splitPath returns the names of a path's folders and the name behind them.
func splitPath(path string) (folders []string, name string) {
	parts := strings.Split(path, "/")
	last := len(parts) - 1
	return parts[:last], parts[last]
}

// inImageFolder reports whether folders in lower case end in that of the background images.
func inImageFolder(folders []string) bool {
	last := len(folders)
	return last >= 2 && folders[last-2]+"/"+folders[last-1]+"/" == strings.ToLower(ImageFolder)
}

func checkPath(path string) error {
	switch {
	case path == "" || len(path) > maxPath:
		return fault.New(fault.Invalid, "A path has 1 to %d bytes.", maxPath)
	case !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) || strings.ContainsRune(path, '\\'):
		return fault.New(fault.Invalid, "The path holds characters that no file name has.")
	case slices.Contains(strings.Split(path, "/"), ".."):
		return fault.New(fault.Invalid, "The path leads out of its folder.")
	}
	return nil
}

// matchName recognises a name in lower case.
func matchName(name string, ciscoFolder bool) (Hit, error) {
	hit := Hit{Name: name}
	switch {
	case name == CACertificatePath:
		hit.Families = []Family{Generic}
	case name == polyMasterName || name == polyBootstrapName:
		hit.Families = []Family{Poly}
	case yealinkModelName.MatchString(name):
		hit.Families = []Family{Yealink}
	case ciscoModelName.MatchString(name):
		hit.Families = []Family{CiscoMPP}
	case perMACName.MatchString(name):
		return matchPerMAC(hit, ciscoFolder)
	case enterpriseName.MatchString(name):
		return hit, fault.New(fault.NotFound, "There is no file %s: a Cisco phone with enterprise firmware asks for it. Convert it to multiplatform firmware first.", MaskCodes(name))
	case strings.ContainsRune(name, '$') || strings.Contains(name, "%24"): // TFTP knows no percent escapes
		return hit, fault.New(fault.NotFound, "There is no file %s: a macro of the phone's profile rule wasn't expanded. Check its spelling.", MaskCodes(name))
	default:
		return hit, noSuchFile(name)
	}
	return hit, nil
}

func matchPerMAC(hit Hit, ciscoFolder bool) (Hit, error) {
	parts := perMACName.FindStringSubmatch(hit.Name)
	mac, err := ParseMAC(parts[1])
	if err != nil {
		return hit, noSuchFile(hit.Name)
	}
	hit.MAC, hit.HasMAC = mac, true
	user, kind := parts[2] != "", parts[3]
	switch {
	case user && kind == "cfg":
		hit.Families = []Family{Poly}
	case user:
		return hit, noSuchFile(hit.Name)
	case kind == "xml" || ciscoFolder:
		hit.Families = []Family{CiscoMPP}
	default:
		hit.Families = []Family{Yealink, Poly, CiscoMPP}
	}
	return hit, nil
}

// withAnyMAC finds the address in the name of a file that nobody serves, for the boot trace.
func withAnyMAC(hit Hit, name string) Hit {
	if m := anyMAC.FindStringSubmatch(name); m != nil && !hit.HasMAC {
		if mac, err := ParseMAC(m[1]); err == nil {
			hit.MAC, hit.HasMAC = mac, true
		}
	}
	return hit
}

func noSuchFile(name string) error {
	return fault.New(fault.NotFound, "There is no file %s here. Phones ask for some files that needn't exist.", MaskCodes(name))
}
