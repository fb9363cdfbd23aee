package sip_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/echo"
	"dialtone/media"
	"dialtone/sip"
)

// newEcho makes a SIP server with an echo behind it, and returns where it listens and what it told of calls.
func newEcho(t testing.TB, change ...func(*echo.Config)) (sip.Addresses, <-chan echo.Record) {
	t.Helper()
	desk, err := media.NewDesk(media.Config{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Reports: 500 * time.Millisecond})
	require.NoError(t, err)
	records := make(chan echo.Record, 100)
	config := echo.Config{Desk: desk, Record: func(r echo.Record) { records <- r }}
	for _, c := range change {
		c(&config)
	}
	calls, err := echo.New(config)
	require.NoError(t, err)
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.Calls, c.PublicHost, c.TLS = calls, "127.0.0.1", certificate(t) })
	addresses := run(t, server, everywhere)
	t.Cleanup(calls.Close)
	return addresses, records
}

// next returns the next record of a call.
func next(t testing.TB, records <-chan echo.Record) echo.Record {
	t.Helper()
	select {
	case r := <-records:
		return r
	case <-time.After(patience):
		require.FailNow(t, "nothing was told of the call")
		return echo.Record{}
	}
}

// need skips a test without a program, but never where everything has to be there.
func need(t testing.TB, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: install the Debian package %s", program, debian)
		}
		t.Skipf("%s isn't installed (Debian package %s)", program, debian)
	}
}

// client runs a program of others in a folder of its own and returns what it said.
func client(t testing.TB, folder string, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "TERM=dumb", "HOME="+folder)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s failed:\n%s", program, tail(string(output)))
	return string(output)
}

var packetsBack = regexp.MustCompile(`(\d+) packets came and (\d+) went back`)

// assertHeard checks that some seconds of sound came and went back.
func assertHeard(t *testing.T, ended echo.Record) {
	t.Helper()
	assert.Equal(t, echo.Ended, ended.Event)
	numbers := packetsBack.FindStringSubmatch(ended.Words)
	require.NotNil(t, numbers, ended.Words)
	for _, text := range numbers[1:] {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		assert.Greater(t, n, 50, ended.Words)
	}
}

func TestBaresipHearsItself(t *testing.T) {
	t.Parallel()
	need(t, "baresip", "baresip-core")
	for _, c := range []struct{ transport, encryption, words string }{
		{"udp", "", "signalling in the clear over UDP, sound in the clear"},
		{"tcp", "", "signalling in the clear over TCP, sound in the clear"},
		{"tls", "srtp", "signalling encrypted by TLS, sound encrypted by SDES-SRTP with A"},
		{"tls", "srtp-mand", "signalling encrypted by TLS, sound encrypted by SDES-SRTP with A"},
		{"udp", "srtp-mand", "sound encrypted by SDES-SRTP with AES_CM_128_HMAC_SHA1_80, whose key others could read"},
		{"udp", "dtls_srtp", "signalling in the clear over UDP, sound encrypted by DTLS-SRTP with A"},
		{"tls", "dtls_srtp", "signalling encrypted by TLS, sound encrypted by DTLS-SRTP with A"},
	} {
		t.Run(c.transport+" "+c.encryption, func(t *testing.T) {
			t.Parallel()
			addresses, records := newEcho(t)
			folder := t.TempDir()
			said := client(t, folder, "baresip", "-f", baresip(t, folder, addresses, c.transport, c.encryption), "-e", "/dial sip:echo@acme.sip.test", "-t", "4")
			first := next(t, records)
			require.Equal(t, echo.Answered, first.Event, "%s\n%s", first.Words, tail(said))
			ended := next(t, records)
			assert.Contains(t, ended.Words, c.words)
			assertHeard(t, ended)
			if t.Failed() {
				t.Log(said)
			}
			assertRecorded(t, folder)
		})
	}
}

// assertRecorded checks that the client recorded a tone, and no silence.
func assertRecorded(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "dump-*dec.wav"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	sound, err := os.ReadFile(files[0])
	require.NoError(t, err)
	loud := 0
	for _, b := range sound[min(44, len(sound)):] {
		if b != 0 {
			loud++
		}
	}
	assert.Greater(t, loud, 16_000, "a second of sound")
}

// baresip writes a configuration and returns its folder.
func baresip(t testing.TB, folder string, at sip.Addresses, transport, encryption string) string {
	t.Helper()
	port := map[string]uint16{"udp": at.UDP.Port(), "tcp": at.TCP.Port(), "tls": at.TLS.Port()}[transport]
	account := fmt.Sprintf(`<sip:alice@acme.sip.test>;auth_pass=wonderland;outbound="sip:127.0.0.1:%d;transport=%s";regint=60`, port, transport)
	if encryption != "" {
		account += ";mediaenc=" + encryption
	}
	config := strings.Join([]string{
		"sip_listen 127.0.0.1:0", "call_local_timeout 20", "audio_source aufile," + filepath.Join(folder, "tone.wav"), "audio_player aubridge,nothing", "audio_alert aubridge,nothing",
		"module_path /usr/lib/baresip/modules", "module g711.so", "module aufile.so", "module aubridge.so", "module sndfile.so", "module srtp.so",
		"module dtls_srtp.so", "module_tmp account.so", "module_app menu.so", "snd_path " + folder, "net_interface 127.0.0.1", "sip_verify_server no",
		"audio_buffer 20-160", "rtp_stats yes", "",
	}, "\n")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tone.wav"), toneFile(20*time.Second), 0o600))
	for name, text := range map[string]string{"accounts": account + "\n", "config": config, "contacts": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return folder
}

// toneFile is a tone of 440 Hz in a WAV file of 8,000 samples a second, 16 bits each.
func toneFile(length time.Duration) []byte {
	const rate = 8000
	samples := int(length.Seconds() * rate)
	b := binary.LittleEndian
	out := b.AppendUint32([]byte("RIFF"), uint32(36+2*samples))
	out = b.AppendUint32(append(out, "WAVEfmt "...), 16)
	out = b.AppendUint16(b.AppendUint16(out, 1), 1) // PCM, one channel
	out = b.AppendUint32(b.AppendUint32(out, rate), 2*rate)
	out = b.AppendUint16(b.AppendUint16(out, 2), 16)
	out = b.AppendUint32(append(out, "data"...), uint32(2*samples))
	for i := range samples {
		out = b.AppendUint16(out, uint16(int16(8000*math.Sin(2*math.Pi*440*float64(i)/rate))))
	}
	return out
}
