package tftp_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/tftp"
)

func TestAFileComesInBlocksOf512(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("a", 512) + strings.Repeat("b", 512)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": []byte(body)}}))

	p.send(ask(long+"f", "octet"))
	assert.Equal(t, "\x00\x03\x00\x01"+body[:512], p.receive())
	p.send("\x00\x04\x00\x01")
	assert.Equal(t, "\x00\x03\x00\x02"+body[512:], p.receive())
	p.send("\x00\x04\x00\x02")
	assert.Equal(t, "\x00\x03\x00\x03", p.receive(), "a file of whole blocks ends with an empty one")
	p.send("\x00\x04\x00\x03")
}

func TestOptionsAreAcknowledgedWithWhatHolds(t *testing.T) {
	t.Parallel()
	const body = "twelve bytes"
	address := start(t, tftp.Config{Core: FixedCore{long + "f": []byte(body)}})
	data := "\x00\x03\x00\x01" + body
	for name, test := range map[string]struct {
		options []string
		want    string
	}{
		"none":                                {nil, data},
		"block size":                          {[]string{"blksize", "1428"}, "\x00\x06blksize\x001428\x00"},
		"block size above ours":               {[]string{"blksize", "65464"}, "\x00\x06blksize\x001468\x00"},
		"smallest block size":                 {[]string{"blksize", "8"}, "\x00\x06blksize\x008\x00"},
		"block size too small":                {[]string{"blksize", "7"}, data},
		"block size too large":                {[]string{"blksize", "65465"}, data},
		"block size below zero":               {[]string{"blksize", "-512"}, data},
		"block size that is no number":        {[]string{"blksize", "many"}, data},
		"block size twice: the first counts":  {[]string{"blksize", "600", "blksize", "700"}, "\x00\x06blksize\x00600\x00"},
		"size":                                {[]string{"tsize", "0"}, "\x00\x06tsize\x0012\x00"},
		"timeout":                             {[]string{"timeout", "6"}, "\x00\x06timeout\x006\x00"},
		"no timeout":                          {[]string{"timeout", "0"}, data},
		"timeout longer than a place's worth": {[]string{"timeout", "31"}, data},
		"names in any case":                   {[]string{"BlkSize", "512", "TSIZE", "0"}, "\x00\x06blksize\x00512\x00tsize\x0012\x00"},
		"all": {
			[]string{"tsize", "0", "blksize", "1024", "timeout", "3"}, "\x00\x06blksize\x001024\x00timeout\x003\x00tsize\x0012\x00",
		},
		"unknown alone":          {[]string{"multicast", "1"}, data},
		"unknown beside known":   {[]string{"multicast", "1", "tsize", "0"}, "\x00\x06tsize\x0012\x00"},
		"a name without a value": {[]string{"tsize", "0", "blksize"}, "\x00\x06tsize\x0012\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, address)
			p.send(ask(long+"f", "octet", test.options...))
			require.Equal(t, test.want, p.receive())
			if test.want != data {
				p.send("\x00\x04\x00\x00")
				assert.Equal(t, data[:min(len(data), 12)], p.receive()[:12], "data follows the acknowledgement of options")
			}
			p.send("\x00\x05\x00\x00enough\x00")
		})
	}
}

func TestModesInAnyCase(t *testing.T) {
	t.Parallel()
	address := start(t, tftp.Config{Core: FixedCore{long + "f": []byte("a\nb\rc")}})
	for mode, want := range map[string]string{
		"octet": "a\nb\rc", "OCTET": "a\nb\rc", "netascii": "a\r\nb\r\x00c", "NetASCII": "a\r\nb\r\x00c",
	} {
		p := newPeer(t, address)
		p.send(ask(long+"f", mode))
		assert.Equal(t, "\x00\x03\x00\x01"+want, p.receive(), mode)
		p.send("\x00\x04\x00\x01")
	}
}

func TestSizeInNetasciiIsThatOfTheTransfer(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": []byte("a\nb\n")}}))
	p.send(ask(long+"f", "netascii", "tsize", "0"))
	assert.Equal(t, "\x00\x06tsize\x006\x00", p.receive())
	p.send("\x00\x05\x00\x00enough\x00")
}

func TestRefusalsAreFixedTexts(t *testing.T) {
	t.Parallel()
	hostile := fmt.Errorf("password %w", fault.New(fault.Denied, "hunter2 at db.internal"))
	address := start(t, tftp.Config{Core: FixedCore{long + "f": []byte("x")}})
	refusing := start(t, tftp.Config{Core: RefusingCore{err: hostile}})
	for name, test := range map[string]struct {
		server       netip.AddrPort
		packet, want string
	}{
		"missing":              {address, ask("nothing", "octet"), "\x00\x05\x00\x01not found\x00"},
		"out of the folder":    {address, ask("../../etc/passwd", "octet"), "\x00\x05\x00\x00bad request\x00"},
		"backslashes":          {address, ask(`..\..\boot.ini`, "octet"), "\x00\x05\x00\x00bad request\x00"},
		"control characters":   {address, ask("a\r\nb", "octet"), "\x00\x05\x00\x00bad request\x00"},
		"denied":               {refusing, ask(long+"f", "octet"), "\x00\x05\x00\x02denied\x00"},
		"write":                {address, "\x00\x02f\x00octet\x00", "\x00\x05\x00\x02read only\x00"},
		"write without a name": {address, "\x00\x02", "\x00\x05\x00\x02read only\x00"},
		"no name":              {address, ask("", "octet"), "\x00\x05\x00\x00bad request\x00"},
		"nothing":              {address, "\x00\x01", "\x00\x05\x00\x00bad request\x00"},
		"no mode":              {address, "\x00\x01f\x00", "\x00\x05\x00\x00bad request\x00"},
		"name without an end":  {address, "\x00\x01fffffff", "\x00\x05\x00\x00bad request\x00"},
		"mode without an end":  {address, "\x00\x01f\x00octet", "\x00\x05\x00\x00bad request\x00"},
		"mail":                 {address, ask(long+"f", "mail"), "\x00\x05\x00\x00bad request\x00"},
		"too long":             {address, ask(strings.Repeat("a", 504), "octet"), "\x00\x05\x00\x00bad request\x00"},
		"as long as may be":    {address, ask(strings.Repeat("a", 503), "octet"), "\x00\x05\x00\x01not found\x00"},
		"too many options":     {address, ask(long+"f", "octet", strings.Split(strings.Repeat("a b ", 17), " ")[:34]...), "\x00\x05\x00\x00bad request\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, test.server)
			p.send(test.packet)
			assert.Equal(t, test.want, p.receive())
		})
	}
}

func TestWhatIsNoRequestGetsNoAnswer(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": []byte("x")}}))
	for _, packet := range []string{
		"", "\x00", "\x01", "\x00\x00", "\x00\x03", "\x00\x03\x00\x01data", "\x00\x04\x00\x00", "\x00\x05\x00\x01no\x00", "\x00\x06tsize\x000\x00",
		"\xff\xff\xff\xff", strings.Repeat("\xff", 2000),
	} {
		p.send(packet)
	}
	p.send(ask(long+"f", "octet"))
	assert.Equal(t, "\x00\x03\x00\x01x", p.receive(), "the first answer is that to the only request")
	p.send("\x00\x04\x00\x01")
}

func TestOurOwnFailuresAreSilence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		core  tftp.Core
		level slog.Level
	}{
		"unavailable":  {RefusingCore{fault.New(fault.Unavailable, "The database doesn't answer.")}, slog.LevelWarn},
		"internal":     {RefusingCore{fault.New(fault.Internal, "a bug")}, slog.LevelWarn},
		"unclassified": {RefusingCore{errors.New("dial tcp 10.0.0.7: refused")}, slog.LevelWarn},
		"panic":        {PanickingCore{}, slog.LevelWarn},
		"limited":      {RefusingCore{fault.New(fault.Limited, "Too much.")}, slog.LevelDebug},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := make(Log, 100)
			p := newPeer(t, start(t, tftp.Config{Core: test.core, Logger: slog.New(log)}))
			p.send(ask(long+"f", "octet"))
			assert.Equal(t, test.level, log.next(t)["level"])
			p.send(ask("good", "octet"))
			assert.Equal(t, "\x00\x03\x00\x01good", p.receive(), "the first packet is the answer to the second request")
			p.send("\x00\x04\x00\x01")
		})
	}
}

func TestTheCoreIsToldWhoAsksForWhat(t *testing.T) {
	t.Parallel()
	core := &RecordingCore{}
	p := newPeer(t, start(t, tftp.Config{Core: core}))
	p.send(ask("//Cisco/%2e/805EC0AABBCC.cfg", "octet"))
	p.receive()
	p.send("\x00\x04\x00\x01")
	want := provisioning.Request{
		Path: "//Cisco/%2e/805EC0AABBCC.cfg", Transport: provisioning.TFTP, Peer: netip.MustParseAddrPort(p.conn.LocalAddr().String()),
	}
	assert.Equal(t, []provisioning.Request{want}, core.all())
}

func TestTheFirstPacketIsSentTwiceAtMost(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	p := newPeer(t, start(t, tftp.Config{
		Core: FixedCore{long + "f": bytes.Repeat([]byte("x"), 4096)}, Logger: slog.New(log), Timeout: time.Millisecond,
	}))
	p.send(ask(long+"f", "octet"))
	line := log.next(t)
	assert.ErrorContains(t, line["error"].(error), "no acknowledgement came")
	assert.Len(t, p.waiting(), 2)

	p.send(ask(long+"f", "octet", "blksize", "1468"))
	log.next(t)
	assert.Equal(t, []string{"\x00\x06blksize\x001468\x00", "\x00\x06blksize\x001468\x00"}, p.waiting())
}

func TestLaterPacketsAreSentAgainAsConfigured(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	server := start(t, tftp.Config{
		Core: FixedCore{long + "f": bytes.Repeat([]byte("x"), 700)}, Logger: slog.New(log), Timeout: 10 * time.Millisecond, Retries: 3,
	})
	for {
		p := newPeer(t, server)
		p.send(ask(long+"f", "octet"))
		p.receive()
		p.send("\x00\x04\x00\x01")
		if log.next(t)["bytes"].(int64) != 512 {
			continue // this machine was too slow to acknowledge in time; that is no answer to our question
		}
		second := slices.DeleteFunc(p.waiting(), func(packet string) bool { return !strings.HasPrefix(packet, "\x00\x03\x00\x02") })
		assert.Len(t, second, 4)
		return
	}
}

func TestAnAcknowledgementOfAnEarlierBlockSendsNothing(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": bytes.Repeat([]byte("x"), 1200)}, Timeout: time.Minute}))
	p.send(ask(long+"f", "octet"))
	p.receive()
	p.send("\x00\x04\x00\x01")
	assert.Equal(t, "\x00\x03\x00\x02", p.receive()[:4])
	for range 5 {
		p.send("\x00\x04\x00\x01")
		p.send("\x00")
		p.send("\x00\x04\x00\x07")
	}
	p.send("\x00\x04\x00\x02")
	assert.Equal(t, "\x00\x03\x00\x03", p.receive()[:4], "the next packet is the next block")
	p.send("\x00\x04\x00\x03")
	assert.Empty(t, p.waiting())
}

func TestAnErrorOfThePeerEndsTheTransfer(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": []byte("x")}, Logger: slog.New(log), Timeout: time.Minute}))
	p.send(ask(long+"f", "octet", "tsize", "0"))
	p.receive()
	p.send("\x00\x05\x00\x08no options, please\x00")
	assert.EqualError(t, log.next(t)["error"].(error), "the peer ended the transfer: code 8")
}

func TestAPeerThatIsGoneEndsTheTransfer(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": []byte("x")}, Logger: slog.New(log), Timeout: 50 * time.Millisecond}))
	p.send(ask(long+"f", "octet"))
	p.receive()
	require.NoError(t, p.conn.Close())
	assert.ErrorContains(t, log.next(t)["error"].(error), "connection refused", "the peer's host says so at the first repetition")
}

func TestBlockNumbersStartAgainAfterTheLast(t *testing.T) {
	t.Parallel()
	const blocks = 65_540
	body := bytes.Repeat([]byte("12345678"), blocks)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{long + "f": body}, Timeout: time.Minute}))
	p.send(ask(long+"f", "octet", "blksize", "8"))
	p.receive()
	p.send("\x00\x04\x00\x00")
	for block := 1; block <= blocks; block++ {
		number := string([]byte{byte(block >> 8), byte(block)})
		if packet := p.receive(); packet != "\x00\x03"+number+"12345678" {
			require.Equal(t, "\x00\x03"+number+"12345678", packet)
		}
		p.send("\x00\x04" + number)
	}
	assert.Equal(t, "\x00\x03\x00\x05", p.receive())
	p.send("\x00\x04\x00\x05")
}

func TestTheAnswerComesFromTheAddressThatWasAsked(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", "[::]:0"} {
		at := startAt(t, tftp.Config{Core: FixedCore{long + "f": []byte("x")}}, address)
		asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.77"), at.Port())
		p := newPeer(t, asked)
		p.send(ask(long+"f", "octet"))
		p.receive()
		assert.Equal(t, "127.0.0.77", p.port.Addr().String(), address)
		assert.NotEqual(t, at.Port(), p.port.Port(), "a transfer has its own port")
		p.send("\x00\x04\x00\x01")
	}
}

func TestTheLogSaysWhatHappenedInOneLine(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{}, Logger: slog.New(log)}))
	p.send(ask("\x1b[2J\n"+strings.Repeat("ä", 200), "octet"))
	p.receive()
	line := log.next(t)
	assert.Equal(t, slog.LevelDebug, line["level"])
	assert.Equal(t, `\x1b[2J\n`, line["path"].(string)[:9], "nothing that moves a terminal")
	assert.Less(t, len(line["path"].(string)), 1000)
	assert.Equal(t, p.conn.LocalAddr().String(), line["peer"])
	assert.Equal(t, uint64(1), line["request"])
}

func TestActivationCodesStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	log := make(Log, 10)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{}, Logger: slog.New(log)}))
	p.send("\x00\x01/5414-0112-5617-3816/00562b043615\x00octet\x00")
	p.receive()
	assert.Equal(t, "/********/00562b043615", log.next(t)["path"])
}
