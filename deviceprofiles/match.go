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

// The names of files that no family has to itself, in lower case.
var (
	imageName = regexp.MustCompile(`^[0-9a-f]{32}\.(?:png|jpg)$`)
	anyMAC    = regexp.MustCompile(`(?:^|[^0-9a-f])([0-9a-f]{12})(?:[^0-9a-f]|$)`)
)

// ImageFolder is where phones find the background images that were uploaded, without a leading slash, as the device-management API has it.
const ImageFolder = "dms/Cisco_Phone_Background/"

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
	agent := ParseAgent(userAgent)
	if hit, ok := matchCode(folders, name, agent); ok {
		return hit, nil
	}
	if hit, ok := matchFirmware(path); ok {
		return hit, nil
	}
	hit, err := matchName(folders, packs().ownFolder(folders, name))
	if err != nil {
		return withAnyMAC(hit, name), err
	}
	if hit.HasMAC && agent.HasMAC && agent.MAC != hit.MAC {
		return hit, fault.New(fault.Denied, "The phone says that it is %s and asks for the file of %s.", agent.MAC, hit.MAC)
	}
	if len(hit.Families) > 1 && slices.Contains(hit.Families, agent.Family) {
		hit.Families = []Family{agent.Family}
	}
	switch {
	case len(hit.Families) > 1 && hit.HasMAC:
		hit.Vendor = vendorOf(hit.MAC, hit.Families)
	case len(hit.Families) > 1:
		hit.Vendor = packs().sameVendor(hit.Families)
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
func matchName(folders []string, name string) (Hit, error) {
	hit := Hit{Name: name, Encryption: encryptionOf(folders)}
	if name == CACertificatePath {
		hit.Families = []Family{Generic}
		return hit, nil
	}
	hit.Families, hit.MAC, hit.HasMAC = packs().find(folders, name)
	switch {
	case len(hit.Families) > 0:
		return hit, nil
	case strings.ContainsRune(name, '$') || strings.Contains(name, "%24"): // TFTP knows no percent escapes
		return hit, fault.New(fault.NotFound, "There is no file %s: a macro of the phone's profile rule wasn't expanded. Check its spelling.", MaskCodes(name))
	}
	if says, foreign := packs().foreign(name); foreign {
		return hit, fault.New(fault.NotFound, "There is no file %s: %s", MaskCodes(name), says)
	}
	return hit, noSuchFile(name)
}

// ownFolder puts the phone's own folder before a name that is only known so: some phones ask for the same name, each in its folder.
func (s packShelf) ownFolder(folders []string, name string) string {
	if len(folders) == 0 || len(s.byName["{mac}/"+name]) == 0 {
		return name
	}
	folder := folders[len(folders)-1]
	if generic, _, ok := withoutMAC(folder); !ok || generic != "{mac}" {
		return name
	}
	return folder + "/" + name
}

// find returns the families that ask for a name in lower case, and the MAC address in it, if it is one that a phone can have.
func (s packShelf) find(folders []string, name string) (families []Family, mac MAC, hasMAC bool) {
	found := s.byName[name]
	if len(found) == 0 {
		var generic string
		if generic, mac, hasMAC = withoutMAC(name); hasMAC {
			found = s.byName[generic]
		}
	}
	if len(found) == 0 {
		mac, hasMAC = MAC{}, false
		for _, p := range s.patterns {
			if !p.file.pattern.MatchString(name) {
				continue
			}
			found = append(found, p)
			if p.file.personal() {
				_, mac, hasMAC = withoutMAC(name)
			}
		}
	}
	named := func(n packName) bool { return n.pack.Folder != "" && slices.Contains(folders, n.pack.Folder) }
	inFolder := slices.ContainsFunc(found, named)
	for _, n := range found {
		if inFolder && !named(n) || slices.Contains(families, n.pack.Family) {
			continue
		}
		families = append(families, n.pack.Family)
	}
	return families, mac, hasMAC
}

// sameVendor is the first of some families if one vendor's phones are all of them, which then ask for one common file; else "".
func (s packShelf) sameVendor(families []Family) Family {
	for _, f := range families[1:] {
		if s.byFamily[f].vendor != s.byFamily[families[0]].vendor {
			return ""
		}
	}
	return families[0]
}

// withoutMAC replaces the MAC address in a name in lower case by {mac}. False without one that a phone can have.
func withoutMAC(name string) (generic string, mac MAC, ok bool) {
	const digits = 12
	start := -1
	for i := range len(name) + 1 {
		if i < len(name) && isHex(name[i]) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && i-start >= digits {
			start = i - digits // what stands before may be letters of a name, as in cfg000b82aabbcc
			mac, err := ParseMAC(name[start:i])
			return name[:start] + "{mac}" + name[i:], mac, err == nil
		}
		start = -1
	}
	return name, MAC{}, false
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

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
