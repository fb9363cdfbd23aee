package echo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dialtone/media"
)

func TestWhatACallSays(t *testing.T) {
	t.Parallel()
	good := media.Report{Duration: 8 * time.Second, Received: 400, Sent: 400, Reports: 3, Reported: true, Jitter: 2 * time.Millisecond}
	keyed := media.Summary{Protection: media.SDES, Suite: "AES_CM_128_HMAC_SHA1_80", Proven: true}
	for name, c := range map[string]struct {
		change    func(r *media.Report, m *media.Summary)
		transport string
		unacked   bool
		want      Finding
	}{
		"all is encrypted":      {nil, "tls", false, FoundWell},
		"and by DTLS":           {nil, "dtls", false, FoundWell},
		"signalling is clear":   {func(_ *media.Report, m *media.Summary) { m.Protection = media.DTLS }, "tcp", false, FoundClear},
		"sound is clear":        {func(_ *media.Report, m *media.Summary) { *m = media.Summary{Protection: media.Plain} }, "tls", false, FoundClear},
		"the key is readable":   {func(_ *media.Report, m *media.Summary) { m.OpenKey = true }, "tls", false, FoundClear},
		"nothing came":          {func(r *media.Report, _ *media.Summary) { r.Received, r.Sent = 0, 0 }, "tls", false, FoundSilent},
		"it hung up at once":    {func(r *media.Report, _ *media.Summary) { *r = media.Report{Duration: time.Second} }, "tls", false, ""},
		"nothing readable came": {func(r *media.Report, _ *media.Summary) { r.Received, r.Sent, r.Unreadable = 0, 0, 400 }, "tls", false, FoundUnreadable},
		"no keys":               {func(r *media.Report, m *media.Summary) { r.Received, m.Failure = 0, "why" }, "tls", false, FoundNoKeys},
		"no acknowledgement":    {func(r *media.Report, _ *media.Summary) { r.Received = 0 }, "tls", true, FoundUnacknowledged},
		"it gets nothing":       {func(r *media.Report, _ *media.Summary) { r.Reported = false }, "tls", false, FoundOneWay},
		"it sends no RTCP":      {func(r *media.Report, _ *media.Summary) { r.Reports, r.Reported = 0, false }, "tls", false, FoundWell},
		"it is on hold":         {func(r *media.Report, _ *media.Summary) { r.Sent, r.Reported = 0, false }, "tls", false, FoundWell},
		"much is lost":          {func(r *media.Report, _ *media.Summary) { r.Lost = 20 }, "tls", false, FoundLossy},
		"a little is lost":      {func(r *media.Report, _ *media.Summary) { r.Lost = 10 }, "tls", false, FoundWell},
		"much is lost back":     {func(r *media.Report, _ *media.Summary) { r.LostBack = 20 }, "tls", false, FoundLossy},
		"packets came twice":    {func(r *media.Report, _ *media.Summary) { r.Lost = -300 }, "tls", false, FoundWell},
		"jitter":                {func(r *media.Report, _ *media.Summary) { r.Jitter = 80 * time.Millisecond }, "tls", false, FoundLossy},
	} {
		r, m := good, keyed
		if c.change != nil {
			c.change(&r, &m)
		}
		assert.Equal(t, c.want, finding(r, m, c.transport, !c.unacked), name)
	}
}
