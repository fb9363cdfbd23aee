package deviceprofiles_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// digestRun, in the environment, makes TestTheSameBytesInTwoProcesses print its digest and nothing else.
const digestRun = "DIALTONE_TEST_DIGEST"

// everyFile renders all that each model is served, by model and path: with every line, a layout of its own, and modules where it takes them.
func everyFile(t testing.TB) map[string]deviceprofiles.File {
	t.Helper()
	out := map[string]deviceprofiles.File{}
	for i, m := range configuredModels() {
		s := sampleSettings(t, m.DisplayName, blockOf(m.Family)+fmt.Sprintf("%06x", i+1))
		s.Model = m
		full := s
		full.Lines = everyLine(s)
		full.Layout = everyKey(m)
		for kind, settings := range map[string]deviceprofiles.Settings{"one line": s, "full": full, "by address": byAddress(full)} {
			for _, asset := range deviceprofiles.Files(m, s.MAC) {
				var file deviceprofiles.File
				var err error
				if asset.Secret {
					file, err = deviceprofiles.Render(path.Base(asset.Path), settings)
				} else {
					hit, matchErr := deviceprofiles.Match("/"+asset.Path, "")
					require.NoError(t, matchErr, "%s: %s", m.Name, asset.Path)
					file, err = deviceprofiles.RenderBootstrap(hit, m.Family, settings.Service)
				}
				require.NoError(t, err, "%s, %s: %s", m.Name, kind, asset.Path)
				out[fmt.Sprintf("%s, %s: %s %v", m.Name, kind, asset.Path, asset.Secret)] = file
			}
		}
	}
	return out
}

// everyLine is one line for each port.
func everyLine(s deviceprofiles.Settings) []deviceprofiles.Line {
	var out []deviceprofiles.Line
	for port := 1; port <= s.Model.LinePorts; port++ {
		line := s.Lines[0]
		line.Port, line.UserName, line.AuthName = port, fmt.Sprintf("user%d", port), fmt.Sprintf("user%d", port)
		line.HotlineDestination, line.DeclineEverywhere, line.Shared = "+4930123456", true, port > 1
		out = append(out, line)
	}
	return out
}

// everyKey is a layout with a key of each type by turns, on the phone and on all of its modules.
func everyKey(m deviceprofiles.Model) deviceprofiles.Layout {
	l := deviceprofiles.Layout{Custom: true}
	types := []deviceprofiles.KeyType{
		deviceprofiles.KeyPrimaryLine, deviceprofiles.KeySpeedDial, deviceprofiles.KeySharedLine, deviceprofiles.KeyOpen, deviceprofiles.KeyClosed,
		deviceprofiles.KeyMonitor, deviceprofiles.KeyCallPark, deviceprofiles.KeyModeManagement,
	}
	label := func(t deviceprofiles.KeyType, i int) (string, string) {
		if t != deviceprofiles.KeySpeedDial {
			return "", ""
		}
		return fmt.Sprintf("Bell %d & Söhne", i), fmt.Sprintf("+49 30 %d", 1000+i)
	}
	for i := range m.LineKeys {
		kind := types[i%len(types)]
		name, number := label(kind, i)
		l.Keys = append(l.Keys, deviceprofiles.LineKey{Index: i + 1, Type: kind, Label: name, Value: number})
	}
	if m.KEMModules > 0 && len(m.KEMTypes) > 0 {
		l.KEMType = m.KEMTypes[0]
	}
	for module := 1; module <= m.KEMModules; module++ {
		for i := range 4 {
			name, number := label(types[i], i)
			l.KEM = append(l.KEM, deviceprofiles.KEMKey{Module: module, Index: i + 1, Type: types[i], Label: name, Value: number})
		}
	}
	return l
}

// What every model is told can be read by a parser that isn't ours, holds each setting once, and no name of a template is left in it.
func TestEveryFileOfEveryModelCanBeRead(t *testing.T) {
	t.Parallel()
	for name, file := range everyFile(t) {
		parse(t, string(file.Body))
		assert.NotContains(t, string(file.Body), "{line.", name)
		assert.NotContains(t, string(file.Body), "********", name)
		assert.NotEmpty(t, file.ContentType, name)
	}
}

// Phones compare what they get with what they have: a map's order or a moment in a file would restart them all.
func TestTheSameBytesInTwoProcesses(t *testing.T) {
	t.Parallel()
	files := everyFile(t)
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(files[name].Body), files[name].Body)
	}
	digest := hex.EncodeToString(sum.Sum(nil))
	if os.Getenv(digestRun) != "" {
		_, _ = fmt.Fprintf(os.Stdout, "digest=%s\n", digest)
		return
	}
	other := exec.Command(os.Args[0], "-test.run=^TestTheSameBytesInTwoProcesses$", "-test.count=1")
	other.Env = append(os.Environ(), digestRun+"=1")
	out, err := other.CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, after, found := strings.Cut(string(out), "digest=")
	require.True(t, found, "%s", out)
	assert.Equal(t, digest, after[:len(digest)])
}
