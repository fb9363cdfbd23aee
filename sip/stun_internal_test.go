package sip

import (
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stunID = "2112a442b7e7a701bc34d686fa87dfae" // cookie and transaction

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestSTUNTellsAPhoneItsAddress(t *testing.T) {
	t.Parallel()
	four := netip.MustParseAddrPort("192.0.2.1:32853")
	six := netip.MustParseAddrPort("[2001:db8:1234:5678:11:2233:4455:6677]:32853")
	for name, tc := range map[string]struct {
		request string
		peer    netip.AddrPort
		want    string
	}{
		// The mapped addresses are those of RFC 5769 sections 2.2 and 2.3.
		"IPv4":                    {"00010000" + stunID, four, "0101000c" + stunID + "002000080001a147e112a643"},
		"IPv4 in IPv6":            {"00010000" + stunID, netip.MustParseAddrPort("[::ffff:192.0.2.1]:32853"), "0101000c" + stunID + "002000080001a147e112a643"},
		"IPv6":                    {"00010000" + stunID, six, "01010018" + stunID + "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"},
		"software is passed over": {"00010008" + stunID + "8022000461626364", four, "0101000c" + stunID + "002000080001a147e112a643"},
		"must be understood":      {"00010008" + stunID + "0006000461626364", four, "01110010" + stunID + "0009000400000414" + "000a000200060000"},
	} {
		request := unhex(t, tc.request)
		require.True(t, isSTUN(request), name)
		assert.Equal(t, tc.want, hex.EncodeToString(answerSTUN(request, tc.peer)), name)
	}
}

func TestAFingerprintIsCheckedAndAnsweredWithOne(t *testing.T) {
	t.Parallel()
	// RFC 5769 section 2.4's kind of request can't be used, as it needs credentials; this sum is that of the 20 bytes before it.
	request := unhex(t, "00010008"+stunID+"80280004")
	request = append(request, unhex(t, fingerprintOf(request[:20]))...)
	answer := answerSTUN(request, netip.MustParseAddrPort("192.0.2.1:32853"))
	require.Len(t, answer, 40)
	assert.Equal(t, "80280004"+fingerprintOf(answer[:32]), hex.EncodeToString(answer[32:]))
	request[27]++
	assert.Nil(t, answerSTUN(request, netip.MustParseAddrPort("192.0.2.1:32853")))
}

// fingerprintOf works CRC-32 out bit by bit, as RFC 5389 section 15.5 defines it.
func fingerprintOf(data []byte) string {
	sum := ^uint32(0)
	for _, b := range data {
		sum ^= uint32(b)
		for range 8 {
			sum = sum>>1 ^ 0xedb88320*(sum&1)
		}
	}
	sum = ^sum ^ 0x5354554e
	return hex.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

func TestOtherSTUNIsMetWithSilence(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an indication":       "00110000" + stunID,
		"an answer":           "0101000c" + stunID + "002000080001a147e112a643",
		"a length too large":  "00010004" + stunID,
		"a length too small":  "00010000" + stunID + "00000000",
		"half an attribute":   "00010004" + stunID + "80220008",
		"an odd length":       "00010001" + stunID + "00",
		"after a fingerprint": "00010010" + stunID + "8028000400000000" + "8022000461626364",
	} {
		assert.Nil(t, answerSTUN(unhex(t, text), netip.MustParseAddrPort("192.0.2.1:1")), name)
	}
	assert.False(t, isSTUN([]byte("OPTIONS sip:acme.sip.test SIP/2.0")))
	assert.False(t, isSTUN(unhex(t, "000100002112a443b7e7a701bc34d686fa87dfae")), "another cookie")
}

func FuzzSTUN(f *testing.F) {
	f.Add(unhex(f, "00010000"+stunID))
	f.Add(unhex(f, "00010008"+stunID+"0006000461626364"))
	peer := netip.MustParseAddrPort("[2001:db8::1]:1")
	f.Fuzz(func(t *testing.T, data []byte) {
		if !isSTUN(data) {
			return
		}
		answer := answerSTUN(data, peer)
		assert.LessOrEqual(t, len(answer), len(data)+24+8, "no amplifier")
		assert.Zero(t, len(answer)%4)
	})
}
