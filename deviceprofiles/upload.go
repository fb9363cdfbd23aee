package deviceprofiles

import (
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

// MatchUpload recognises a file that a phone sends, or asks for again, as Match does one that it asks for: the same errors, and Hit.MAC is always set
// without one. Hit.Families are those whose phones send such a file. Which they are, the packs say.
func MatchUpload(path, userAgent string) (Hit, UploadKind, error) {
	if err := checkPath(path); err != nil {
		return Hit{}, "", err
	}
	_, name := splitPath(strings.ToLower(path))
	generic, mac, ok := withoutMAC(name)
	sent, known := packs().uploads[generic]
	if !ok || !known {
		return withAnyMAC(Hit{Name: name}, name), "", noSuchFile(name)
	}
	hit := Hit{Name: name, MAC: mac, HasMAC: true, Families: sent.families, Vendor: vendorOf(mac, nil)}
	if agent := ParseAgent(userAgent); agent.HasMAC && agent.MAC != mac {
		return hit, "", fault.New(fault.Denied, "The phone says that it is %s and asks for the file of %s.", agent.MAC, mac)
	}
	return hit, sent.kind, nil
}
