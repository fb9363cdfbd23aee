package phone

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A phone leaves a server that DNS puts behind others, and none that is as good as the first.
func TestAPhoneFollowsWhatDNSPrefers(t *testing.T) {
	t.Parallel()
	at := target{transport: tcp, address: netip.MustParseAddrPort("192.0.2.2:5060"), name: "d.example"}
	line := Line{Port: 1, UserName: "ada", Domain: "d.example", Transport: tcp, Locate: true}
	for name, c := range map[string]struct {
		records []service
		want    bool
	}{
		"it is the first":        {[]service{{"a.example", 5060, 10, 0}, {"b.example", 5060, 1010, 0}}, false},
		"it is as good":          {[]service{{"b.example", 5060, 10, 0}, {"a.example", 5060, 10, 0}}, false},
		"it is drained":          {[]service{{"b.example", 5060, 10, 0}, {"a.example", 5060, 1010, 0}}, true},
		"it is there no more":    {[]service{{"b.example", 5060, 10, 0}}, true},
		"nobody can be found":    {nil, true}, // but the domain's own address, which is another one
		"it has moved its ports": {[]service{{"a.example", 5070, 10, 0}}, true},
	} {
		resolver := &FixedResolver{
			hosts: map[string]string{"a.example": "192.0.2.2", "b.example": "192.0.2.3", "d.example": "192.0.2.9"}, srv: map[string][]service{"_sip._tcp.d.example": c.records},
		}
		u := &userAgent{surroundings: surroundings{timeout: time.Minute}, names: bookOf(resolver)}
		assert.Equal(t, c.want, u.better(t.Context(), &session{line: line, to: at}), name)
	}
	u := &userAgent{surroundings: surroundings{timeout: time.Minute}, names: bookOf(&BrokenResolver{})}
	assert.False(t, u.better(t.Context(), &session{line: line, to: at}), "what DNS doesn't say moves nobody")
}
