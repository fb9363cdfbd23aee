package deviceprofiles

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A rule that is never met guards nothing, so each has to match a setting of some model; and with an address and a port in place of a name, each family's rules
// have to notice.
func TestEveryLookupRuleIsMet(t *testing.T) {
	t.Parallel()
	met, broken := map[*lookupRule]bool{}, map[Family]bool{}
	for _, m := range Models() {
		if !m.Configured() {
			continue
		}
		p := packs().byFamily[m.Family]
		for _, port := range []int{0, 5061} {
			s := Settings{
				MAC: MAC{2, 0, 0, 0, 0, 1}, Model: m, TimeZone: "Europe/Berlin", Country: "DE", Language: "de_de",
				Service: Service{HTTPSBase: "https://phones.example.test"}, SIP: SIP{Transport: TLS, Expires: 3600},
			}
			for line := 1; line <= m.LinePorts; line++ {
				s.Lines = append(s.Lines, Line{Port: line, UserName: "u", AuthName: "u", Domain: "c1.sip.example.test"})
			}
			if port != 0 {
				s.SIP.OutboundProxy, s.SIP.OutboundPort = "192.0.2.10", port
			}
			for _, file := range p.Files {
				if file.own == nil || file.Kind != "" {
					continue
				}
				out := newSettings(file.Format)
				_, err := p.own(file.Format, file.own, s, file.Name, out)
				require.NoError(t, err, m.Name)
				for _, name := range out.names {
					for i := range p.Lookup {
						met[&p.Lookup[i]] = met[&p.Lookup[i]] || p.Lookup[i].setting.MatchString(name)
					}
				}
				obstacles := p.obstacles(file.Name, out)
				if port == 0 {
					assert.Empty(t, obstacles, m.Name)
				} else if len(obstacles) > 0 {
					broken[m.Family] = true
				}
			}
		}
	}
	for family, p := range packs().byFamily {
		for i := range p.Lookup {
			assert.True(t, met[&p.Lookup[i]], "%s: nothing is called %s", family, p.Lookup[i].Setting)
		}
		if len(p.Lookup) > 0 {
			assert.True(t, broken[family], "%s: an address and a port go unnoticed", family)
		}
	}
}
