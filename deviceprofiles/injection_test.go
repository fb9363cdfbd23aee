package deviceprofiles_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// oneOfEachFamily is a model of each family whose files we write, and of each of its forms.
func oneOfEachFamily() []deviceprofiles.Model {
	var out []deviceprofiles.Model
	seen := map[string]bool{}
	for _, m := range configuredModels() {
		if form := string(m.Family) + " " + m.Variant; !seen[form] {
			seen[form] = true
			out = append(out, m)
		}
	}
	return out
}

// oneWithKeysOfEachFamily is a model of each family, and of each of its forms, whose keys can be laid out: the first one of a family may have none.
func oneWithKeysOfEachFamily() []deviceprofiles.Model {
	var out []deviceprofiles.Model
	seen := map[string]bool{}
	for _, m := range configuredModels() {
		if form := string(m.Family) + " " + m.Variant; !seen[form] && m.ConfigurableLayout && m.LineKeys > 3 {
			seen[form] = true
			out = append(out, m)
		}
	}
	return out
}

// hostile is what somebody may try to have written into a phone's file.
func hostile() []string {
	return []string{
		"a\nstatic.auto_provision.server.url = http://evil/", "a\r\nx = y", "a\rb", `"`, `'`, `a" reg.2.address="evil`, "' x='", "]]>", "<![CDATA[", "<!--", "-->",
		"</Display_Name_1_><Profile_Rule>http://evil</Profile_Rule>", "{{.Password}}", "{line.password}", "%BWMACADDRESS%", "%NULL%", "a\x00b", "a\u2028b", "a\u2029b",
		"a\u0085b", strings.Repeat("n", 10_000), "\xff\xfe", "a\uFFFFb", "&#10;x = y", "&amp;", "&evil;", "\\", "\\\"", "$MA", "$(SA)", "[section]", "# remark", "; remark",
		"🙂 مرحبا", "\u202eevil", " blank ", "a|b", "a;b", "a@b/c", "//x", "../..",
	}
}

// Whatever a name, a label, a domain, a user name or a password holds: either the file is refused, or it has exactly the settings that it has for a harmless one,
// and every other setting has the same value.
func TestNoValueEverAddsASetting(t *testing.T) {
	t.Parallel()
	fields := map[string]func(*deviceprofiles.Settings, string){
		"display name": func(s *deviceprofiles.Settings, v string) { s.Lines[0].DisplayName = v },
		"label":        func(s *deviceprofiles.Settings, v string) { s.Lines[0].Label = v },
		"domain":       func(s *deviceprofiles.Settings, v string) { s.Lines[0].Domain = v },
		"user name":    func(s *deviceprofiles.Settings, v string) { s.Lines[0].UserName = v },
		"password":     func(s *deviceprofiles.Settings, v string) { s.Lines[0].Password = secret.New(v) },
		"access":       func(s *deviceprofiles.Settings, v string) { s.Access.Password = secret.New(v) },
		"proxy":        func(s *deviceprofiles.Settings, v string) { s.SIP.OutboundProxy = v },
		"time server":  func(s *deviceprofiles.Settings, v string) { s.Service.NTPServer = v },
		"hotline":      func(s *deviceprofiles.Settings, v string) { s.Lines[0].HotlineDestination = v },
		"key's label":  func(s *deviceprofiles.Settings, v string) { s.Layout.Keys[0].Label = v },
		"key's number": func(s *deviceprofiles.Settings, v string) { s.Layout.Keys[0].Value = v },
		"key's watched name": func(s *deviceprofiles.Settings, v string) {
			s.Watched = []deviceprofiles.Watched{{Number: "2002", Label: v}, {Park: true, Number: "701", Label: v}}
		},
		"key's watched number": func(s *deviceprofiles.Settings, v string) {
			s.Watched = []deviceprofiles.Watched{{Number: v, Label: "Bob"}}
		},
		"key's parking place": func(s *deviceprofiles.Settings, v string) {
			s.Watched = []deviceprofiles.Watched{{Park: true, Number: v, Label: "Park"}}
		},
	}
	for _, m := range append(oneOfEachFamily(), oneWithKeysOfEachFamily()...) {
		for field, put := range fields {
			if strings.HasPrefix(field, "key's") && m.LineKeys == 0 {
				continue
			}
			clean := injected(t, m)
			put(&clean, "1001")
			want := namesOf(t, clean, nil)
			for _, value := range hostile() {
				s := injected(t, m)
				put(&s, value)
				got := namesOf(t, s, func(err error) {
					assert.True(t, fault.Is(err, fault.Invalid), "%s, %s %q: %v", m.Name, field, value, err)
				})
				if got != nil {
					assert.Equal(t, want, got, "%s: the %s %.80q added or hid a setting", m.Name, field, value)
				}
			}
		}
	}
}

// injected is a phone of a model with a speed dial on its first key.
func injected(t testing.TB, m deviceprofiles.Model) deviceprofiles.Settings {
	t.Helper()
	s := sampleSettings(t, m.DisplayName, blockOf(m.Family)+"000001")
	s.Model = m
	s.SIP.OutboundProxy, s.SIP.OutboundPort = "proxy.example.test", 5061
	s.Lines[0].HotlineDestination = "1001"
	s.Layout = deviceprofiles.Layout{Custom: true}
	if m.LineKeys > 0 {
		s.Layout.Keys = []deviceprofiles.LineKey{{Index: 1, Type: deviceprofiles.KeySpeedDial, Label: "1001", Value: "1001"}}
	}
	return s
}

// namesOf renders a phone's own files and returns the names of their settings, sorted; nil when one is refused.
func namesOf(t testing.TB, s deviceprofiles.Settings, refused func(error)) []string {
	t.Helper()
	names := []string{}
	for _, asset := range deviceprofiles.Files(s.Model, s.MAC) {
		if !asset.Secret {
			continue
		}
		file, err := deviceprofiles.Render(path.Base(asset.Path), s)
		if err != nil && refused != nil {
			refused(err)
			return nil
		}
		require.NoError(t, err, s.Model.Name)
		names = append(names, slices.Sorted(maps.Keys(parse(t, string(file.Body))))...)
	}
	return names
}
