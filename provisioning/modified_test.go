package provisioning_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
)

// A file says when it was changed: what everybody gets at our start, a phone's own at its revision. Within the second of a change nothing is said, as a phone
// that came shortly before would be told by the same time that it has the file.
func TestFilesSayWhenTheyWereChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	start := b.clock
	password := b.enrol(t)
	modified := func(transport provisioning.Transport) time.Time {
		file, err := b.fetch(t, transport, yealinkFile, basic("805ec0aabbcc", password))
		require.NoError(t, err)
		return file.Modified
	}
	assert.Equal(t, start, modified(provisioning.HTTP))
	assert.Equal(t, start, modified(provisioning.HTTPS), "its revision is older than what it says of the installation")

	b.clock = start.Add(time.Hour + 200*time.Millisecond)
	b.store.mu.Lock()
	b.store.device.Revision++
	b.store.revised = b.clock
	b.store.mu.Unlock()
	assert.Zero(t, modified(provisioning.HTTPS))
	assert.Equal(t, start, modified(provisioning.HTTP))
	b.clock = start.Add(time.Hour + 900*time.Millisecond)
	assert.Zero(t, modified(provisioning.HTTPS), "from the cache as when it was rendered")
	b.clock = start.Add(2 * time.Hour)
	assert.Equal(t, start.Add(time.Hour+time.Second), modified(provisioning.HTTPS))
}
