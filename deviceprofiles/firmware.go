package deviceprofiles

import (
	"regexp"
	"slices"
	"strings"
)

// FirmwareFolder is the folder under which phones find firmware, wherever it stands in a path: what follows it names the file.
const FirmwareFolder = "firmware"

// firmwareName is one step of the way to a firmware file. It never begins with a dot, so that it is no hidden file and leads nowhere else.
var firmwareName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// matchFirmware recognises a firmware file by its path as asked. Unlike other files it keeps its letters' case, as the operator's folder does.
func matchFirmware(path string) (Hit, bool) {
	steps := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	at := slices.IndexFunc(steps, func(step string) bool { return strings.EqualFold(step, FirmwareFolder) })
	if at < 0 || at == len(steps)-1 || strings.HasSuffix(path, "/") {
		return Hit{}, false
	}
	for _, step := range steps[at+1:] {
		if !firmwareName.MatchString(step) {
			return Hit{}, false
		}
	}
	return Hit{Name: strings.Join(steps[at+1:], "/"), Firmware: true}, true
}
