package deviceprofiles

import (
	"regexp"
	"strings"

	"dialtone/fault"
)

// UploadKind says what a phone uploads.
type UploadKind string

// The kinds of uploads.
const (
	UploadLog       UploadKind = "log"       // added to at its end, or replaced, as the family does
	UploadOverride  UploadKind = "override"  // settings that the phone's user changed; the phone reads it again at boot
	UploadDirectory UploadKind = "directory" // contacts of the phone's user
	UploadCalls     UploadKind = "calls"     // call lists
	UploadReport    UploadKind = "report"    // the configuration as the phone has it, or its state
	UploadProblem   UploadKind = "problem"   // a problem report: an archive of several MB
)

// uploadNames are the names of what phones upload, in lower case, with the phone's MAC address as the first group.
//
//nolint:gochecknoglobals // never changes
var uploadNames = []struct {
	name *regexp.Regexp
	kind UploadKind
}{
	{regexp.MustCompile(`^([0-9a-f]{12})-(?:boot|app|appflash|sys)\.log$`), UploadLog},
	{regexp.MustCompile(`^([0-9a-f]{12})-(?:phone|web|local)\.cfg$`), UploadOverride},
	{regexp.MustCompile(`^([0-9a-f]{12})-(?:directory|contact)\.xml$`), UploadDirectory},
	{regexp.MustCompile(`^([0-9a-f]{12})-(?:calls|calllog)\.xml$`), UploadCalls},
	{regexp.MustCompile(`^([0-9a-f]{12})-(?:report|status|delta)\.xml$`), UploadReport},
	{regexp.MustCompile(`^([0-9a-f]{12})-problem\.(?:tar|tar\.gz|tgz|zip)$`), UploadProblem},
}

// MatchUpload recognises a file that a phone sends, or asks for again, as Match does one that it asks for: the same errors, and Hit.MAC is always set
// without one.
func MatchUpload(path, userAgent string) (Hit, UploadKind, error) {
	if err := checkPath(path); err != nil {
		return Hit{}, "", err
	}
	_, name := splitPath(strings.ToLower(path))
	for _, u := range uploadNames {
		m := u.name.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		mac, err := ParseMAC(m[1])
		if err != nil {
			break
		}
		hit := Hit{Name: name, MAC: mac, HasMAC: true, Vendor: vendorOf(mac, nil)}
		if agent := ParseAgent(userAgent); agent.HasMAC && agent.MAC != mac {
			return hit, "", fault.New(fault.Denied, "The phone says that it is %s and asks for the file of %s.", agent.MAC, mac)
		}
		return hit, u.kind, nil
	}
	return withAnyMAC(Hit{Name: name}, name), "", noSuchFile(name)
}
