package provisioning

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

func TestTheDevicesOwnPhoneIsTold(t *testing.T) {
	t.Parallel()
	mac, err := deviceprofiles.ParseMAC("805EC0AABBCC")
	require.NoError(t, err)
	at := time.Unix(1_800_000_000, 0)
	one := func(contact, agent, instance string, age time.Duration) BindingView {
		return BindingView{Port: 1, Binding: Binding{Line: "l", Contact: contact, UserAgent: agent, InstanceID: instance, Registered: at.Add(-age)}}
	}
	named := one("named", "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc", "", time.Hour)
	byInstance := one("instance", "", "<urn:uuid:00000000-0000-1000-8000-805EC0AABBCC>", 2*time.Hour)
	family := one("family", "Yealink SIP-T54W 96.86.0.70", "", time.Minute)
	silent, newer := one("silent", "", "", time.Minute), one("newer", "", "", time.Second)
	another := one("another", "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:dd", "", 0)
	stranger := one("stranger", "Cisco-CP-8851-3PCC/12.0.1", "", 0)
	for want, list := range map[string][]BindingView{
		"named": {family, named, silent, another, byInstance}, "instance": {silent, byInstance, family}, "family": {silent, family, another},
		"newer": {silent, newer, stranger}, "": {another, stranger},
	} {
		got, found := bindingOf(list, mac, "yealink", 1)
		assert.Equal(t, want != "", found, want)
		if found {
			assert.Equal(t, want, got.Contact)
		}
	}
	_, found := bindingOf(nil, mac, "yealink", 1)
	assert.False(t, found)
}

func TestWhatComesAfterTelling(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	s := &Service{now: func() time.Time { return at }}
	for name, c := range map[string]struct {
		attempts int
		found    bool
		status   int
		err      error
		keep     bool
		due      time.Time
		told     time.Time
	}{
		"answered":          {1, true, 200, nil, true, at.Add(10 * time.Minute), at},
		"answered later":    {3, true, 481, nil, true, at.Add(40 * time.Minute), at},
		"silent":            {1, true, 0, fault.New(fault.Unavailable, "x"), true, at.Add(30 * time.Second), time.Time{}},
		"silent again":      {2, true, 0, fault.New(fault.Unavailable, "x"), true, at.Add(time.Minute), time.Time{}},
		"busy":              {1, true, 503, nil, true, at.Add(30 * time.Second), time.Time{}},
		"too often":         {6, true, 200, nil, false, time.Time{}, time.Time{}},
		"doesn't obey":      {1, true, 489, nil, false, time.Time{}, time.Time{}},
		"can't be answered": {1, true, 401, fault.New(fault.Denied, "x"), false, time.Time{}, time.Time{}},
		"connection gone":   {1, true, 0, fault.New(fault.NotFound, "x"), true, time.Time{}, time.Time{}},
		"not here":          {1, false, 0, nil, true, time.Time{}, time.Time{}},
	} {
		b := Bell{Attempts: c.attempts}
		assert.Equal(t, c.keep, s.afterTelling(&b, c.found, NotifyAnswer{Status: c.status}, c.err), name)
		if c.keep {
			assert.Equal(t, c.due, b.Due, name)
			assert.Equal(t, c.told, b.Told, name)
		}
	}
}
