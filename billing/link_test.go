package billing_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/fault"
)

func TestALinkHoldsForHalfAnHourAndNotBeyondItsReport(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	assert.Empty(t, o.Link(o.ordered(t, april())), "it failed")
	o.countsByLedger()
	r := o.ordered(t, april())
	link, err := url.Parse(o.Link(r))
	require.NoError(t, err)
	parts, query := strings.Split(link.Path, "/"), link.Query()
	require.Equal(t, []string{"", string(r.Partner), "WHOLESALE", string(r.ID) + ".csv"}, parts)
	assert.Equal(t, "1777624200", query.Get("Expires"))
	open := func(partner, file, expires, signature string) error {
		_, err := o.OpenLink(t.Context(), partner, file, expires, signature)
		return err
	}
	expires, signature := query.Get("Expires"), query.Get("Signature")
	require.NoError(t, open(parts[1], parts[3], expires, signature))
	for name, err := range map[string]error{
		"another partner": open(string(o.stranger.Partner), parts[3], expires, signature), "another report": open(parts[1], newID()+".csv", expires, signature),
		"later": open(parts[1], parts[3], "1777624201", signature), "no signature": open(parts[1], parts[3], expires, ""),
		"no file": open(parts[1], string(r.ID), expires, signature),
	} {
		assert.True(t, fault.Is(err, fault.NotFound), name)
	}
	o.today(time.Unix(1777624199, 0).UTC())
	require.NoError(t, open(parts[1], parts[3], expires, signature))
	o.today(time.Unix(1777624200, 0).UTC())
	assert.True(t, fault.Is(open(parts[1], parts[3], expires, signature), fault.NotFound), "over")
	o.today(time.Unix(1777622400, 0).UTC())
	require.NoError(t, o.Delete(t.Context(), o.actor, r.ID))
	assert.True(t, fault.Is(open(parts[1], parts[3], expires, signature), fault.NotFound), "deleted")
	assert.Empty(t, o.Link(billing.Report{Status: billing.InProgress}))
}
