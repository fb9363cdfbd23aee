package deviceprofiles_test

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// No phone that is told a name is told anything that keeps it from looking the name up: draining a node would never reach it.
func TestNoFileDefeatsTheLookup(t *testing.T) {
	t.Parallel()
	for i, m := range configuredModels() {
		s := sampleSettings(t, m.DisplayName, blockOf(m.Family)+fmt.Sprintf("%06x", i+1))
		s.Model = m
		s.Lines = everyLine(s)
		found, err := deviceprofiles.LookupObstacles(s)
		require.NoError(t, err, m.Name)
		assert.Empty(t, found, m.Name)
		found, err = deviceprofiles.LookupObstacles(byAddress(s))
		require.NoError(t, err, m.Name)
		assert.Empty(t, found, "%s: told an address on purpose", m.Name)
	}
}

// What a user changed at the phone is read as the phone writes it.
func TestOverridesThatDefeatTheLookup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		family deviceprofiles.Family
		body   string
		want   []string
	}{
		"a Yealink phone's":      {"yealink", "#!version:1.0.0.1\naccount.1.label = Ada\r\naccount.1.sip_server.1.port = 5060\r\naccount.1.outbound_proxy_enable=0\n", []string{"account.1.sip_server.1.port=5060"}},
		"a Poly phone's":         {"poly", `<PHONE_CONFIG><OVERRIDES reg.1.server.1.transport="TLS" reg.1.server.1.port="0" up.title="5060"/></PHONE_CONFIG>`, []string{"reg.1.server.1.transport=TLS"}},
		"one setting a line":     {"poly", "<x\n  reg.1.server.1.port=\"5061\"\n/>", []string{"reg.1.server.1.port=5061"}},
		"a comment":              {"yealink", "# account.1.sip_server.1.port = 5060", nil},
		"nothing of that":        {"yealink", "\x00\xff=\n====\n", nil},
		"a family without rules": {"snom-c", "account.1.sip_server.1.port = 5060", nil},
		"no family":              {"nobody", "account.1.sip_server.1.port = 5060", nil},
	} {
		var got []string
		for _, o := range deviceprofiles.OverrideObstacles(c.family, "x-local.cfg", []byte(c.body)) {
			assert.Equal(t, "x-local.cfg", o.File, name)
			got = append(got, o.Setting+"="+o.Value)
		}
		assert.Equal(t, c.want, got, name)
	}
}

func FuzzOverrideObstacles(f *testing.F) {
	f.Add([]byte("account.1.sip_server.1.port = 5060\n"))
	f.Add([]byte(`<OVERRIDES account.1.sip_server.1.port="5060"/>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, o := range deviceprofiles.OverrideObstacles("yealink", "f", body) {
			assert.LessOrEqual(t, len(o.Value), 200)
			assert.True(t, utf8.ValidString(o.Value))
			assert.NotContains(t, o.Value, "\n")
		}
	})
}
