package phone

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

func TestTheTableOfFamiliesIsSound(t *testing.T) {
	t.Parallel()
	known, err := kinds()
	require.NoError(t, err)
	for _, k := range known {
		about := string(k.Family) + " " + k.Models
		assert.NotEmpty(t, k.SIP, about)
		assert.NotEmpty(t, k.Asks, about)
		assert.NotEmpty(t, k.Next.URL, about)
		assert.Contains(t, []string{"lines", "tree", "objects"}, k.Read.Format, about)
		assert.NotEqual(t, k.Line.User == "", len(k.Lines) == 0, about)
		for _, a := range append(k.Lines, k.Line) {
			if a.User == "" {
				continue
			}
			for what, name := range map[string]string{"auth": a.Auth, "password": a.Password, "expires": a.Expires, "proxy": a.Proxy} {
				assert.NotEmpty(t, name, "%s: %s", about, what)
			}
		}
	}
}

// What our server would send such a phone is read as the phone reads it: the files are those of the renderers' tests.
func TestFilesOfEachFormatAreRead(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]string{
		"SnomD785": "k7m2p9q4xz", "SnomM900": "k7m2p9q4xz", "GrandstreamGXP2135": "k7m2p9q4xz", "GrandstreamGRP2614": "k7m2p9q4xz", "GrandstreamHT802": "k7m2p9q4xz",
		"GrandstreamHT814": "k7m2p9q4xz", "FanvilX4U": "k7m2p9q4xz", "FanvilV62": "k7m2p9q4xz", "PanasonicKX-HDV230": "k7m2p9q4xz", "GigasetN510IPPRO": "k7m2p9q4xz",
		"GigasetN720DMPRO": "k7m2p9q4xz", "GigasetN670IPPRO": "k7m2p9q4xz", "Algo8180": "k7m2p9q4xz", "AudioCodes440HD": "k7m2p9q4xz", "AudioCodesMP-118": "k7m2p9q4xz",
		"2NIPVerso": "k7m2p9q4xz", "PolyOBi202": "k7m2p9q4xz",
	} {
		for _, way := range []string{"", "-by-address"} {
			lines := linesOfGolden(t, folder+way)
			if !assert.NotEmpty(t, lines, folder+way) {
				continue
			}
			first := lines[0]
			assert.Equal(t, want, first.UserName, folder+way)
			assert.Equal(t, "c1234.sip.example.test", first.Domain, folder+way)
			assert.Equal(t, 3600, first.Expires, folder+way)
			assert.Equal(t, way == "", first.Locate, "%s: by DNS, or as it is told", folder+way)
			if way != "" {
				assert.NotEmpty(t, first.Proxy, folder+way)
				assert.NotZero(t, first.ProxyPort, folder+way)
			}
		}
	}
}

// linesOfGolden reads the own file of one of the golden folders of the server's packs.
func linesOfGolden(t *testing.T, folder string) []Line {
	t.Helper()
	paths, err := filepath.Glob("../deviceprofiles/testdata/golden/" + folder + "/*")
	require.NoError(t, err)
	model, ok := modelOfGolden(folder)
	require.True(t, ok, folder)
	k, ok := kindOf(model)
	require.True(t, ok, model.Name)
	phone := newTabled(k, model, deviceprofiles.MAC{})
	for _, path := range paths {
		if name := filepath.Base(path); strings.HasPrefix(name, "open_") || strings.HasSuffix(name, ".md5") {
			continue
		}
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		if phone.values, err = k.Read.settings(body); err != nil {
			require.NoError(t, err, path)
		}
	}
	lines, err := phone.lines()
	require.NoError(t, err, folder)
	return lines
}

func modelOfGolden(folder string) (deviceprofiles.Model, bool) {
	for _, m := range deviceprofiles.Models() {
		if m.Configured() && strings.ReplaceAll(m.DisplayName, " ", "") == strings.TrimSuffix(folder, "-by-address") {
			return m, true
		}
	}
	return deviceprofiles.Model{}, false
}

func TestNumbersInNamesOfSettings(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a[{n}]": "a[7]", "P{n+4059}": "P4066", "line/{n-1}/id": "line/6/id", "S.{n:5}.U{n}": "S.00007.U7", "plain": "plain", "{n": "{n", "{nx}": "7", "{n+x}": "{n+x}", "{n:x}": "{n:x}",
	} {
		assert.Equal(t, want, numbered(name, 7), name)
	}
	assert.Equal(t, "3600", number("0xe10"))
	assert.Equal(t, "0xzz", number("0xzz"))
}

func TestLinesThatPhonesRefuse(t *testing.T) {
	t.Parallel()
	r := reading{Format: "lines", First: "# first", Separator: "=", Quote: `"`}
	for body, why := range map[string]string{
		"":                      "its first line isn't",
		"# second\n":            "its first line isn't",
		"# first\nname\n":       `line 2 isn't "name=value"`,
		"# first\n=value\n":     `line 2 isn't "name=value"`,
		"# first\nname=a\x01\n": "line 2 holds control characters",
		"# first\nname=\xff\n":  "isn't UTF-8",
	} {
		_, err := r.settings([]byte(body))
		assert.ErrorContains(t, err, why, "%q", body)
	}
	got, err := r.settings([]byte("# first\r\n; remark\r\nA = \"x = y\"\r\n[ T ]\r\nA=1\r\n[ \\T ]\r\nB=\"\r\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"A": "x = y", "T/A": "1", "B": `"`}, got)
	_, err = reading{Format: "tape"}.settings(nil)
	require.ErrorContains(t, err, "tape")
}

func FuzzReadings(f *testing.F) {
	f.Add([]byte("[ T ]\nA = 'x', 1;\n"))
	f.Add([]byte(`<a><b idx="1">x</b><c/><c value="'"/></a>`))
	f.Add([]byte(`<ParameterList><O><N>A.</N><P><N>B</N><V>1</V></P></O></ParameterList>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, format := range []string{"lines", "tree", "objects"} {
			r := reading{Format: format, Separator: "=", Quote: "'", Lists: []string{"c"}}
			if got, err := r.settings(body); (got == nil) == (err == nil) {
				t.Fatalf("%s: %v, %v", format, got, err)
			}
		}
	})
}
