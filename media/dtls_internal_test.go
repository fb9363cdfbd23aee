package media

import (
	"net/netip"
	"testing"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/secret"
)

// TestSoundThatComesBeforeTheKeysIsKept is a phone whose handshake ended a moment before ours did, and that speaks at once.
func TestSoundThatComesBeforeTheKeysIsKept(t *testing.T) {
	t.Parallel()
	phone, stranger := netip.MustParseAddrPort("127.0.0.1:9"), netip.MustParseAddrPort("127.0.0.1:7")
	desk, err := NewDesk(Config{Addresses: []netip.Addr{phone.Addr()}})
	require.NoError(t, err)
	s, err := desk.begin(Terms{Peer: phone.Addr()}, phone.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	chosen, _, ok := suiteNamed("AEAD_AES_128_GCM")
	require.True(t, ok)
	line := keyLine{suite: chosen, key: secret.New("sixteen bytes ofkey and salt")}
	theirs, err := line.context()
	require.NoError(t, err)

	s.mu.Lock()
	s.plan = plan{protection: DTLS, direction: "sendrecv", codecs: []codec{{payload: "0", rate: 8000}}}
	a := &association{component: s.rtp, peer: phone, closed: make(chan struct{})}
	s.rtp.dtls = a
	s.mu.Unlock()
	for i := range 20 {
		raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), SSRC: 7}, Payload: []byte("sound")}).Marshal()
		require.NoError(t, err)
		sealed, err := theirs.EncryptRTP(nil, raw, nil)
		require.NoError(t, err)
		s.sound(s.rtp, sealed, stranger)
		s.sound(s.rtp, sealed, phone)
	}
	assert.Zero(t, s.Report().Received)
	assert.Equal(t, uint64(20+4), s.Report().Unreadable, "a stranger's, and those of the phone that are too many")
	require.NoError(t, a.take(line, line))
	r := s.Report()
	assert.Equal(t, uint64(16), r.Received)
	assert.Equal(t, uint64(16), r.Sent)
}
