package tftp_test

import (
	"encoding/binary"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/tftp"
)

// acknowledge acknowledges a block.
func (p *peer) acknowledge(block int) {
	p.t.Helper()
	p.send("\x00\x04" + string(binary.BigEndian.AppendUint16(nil, uint16(block))))
}

// numbers receives so many DATA packets and returns the numbers of their blocks.
func (p *peer) numbers(count int) []int {
	p.t.Helper()
	var out []int
	for range count {
		packet := p.receive()
		require.Equal(p.t, "\x00\x03", packet[:2])
		out = append(out, int(binary.BigEndian.Uint16([]byte(packet[2:]))))
	}
	return out
}

func TestWindowSizesAreAgreedToWithinBounds(t *testing.T) {
	t.Parallel()
	core := FixedCore{"f": bytesOf(10)}
	for name, test := range map[string]struct {
		config  tftp.Config
		options []string
		want    string
	}{
		"as asked":                {tftp.Config{}, []string{"windowsize", "16"}, "\x00\x06windowsize\x0016\x00"},
		"the smallest":            {tftp.Config{}, []string{"windowsize", "1"}, "\x00\x06windowsize\x001\x00"},
		"ours":                    {tftp.Config{}, []string{"WindowSize", "65535"}, "\x00\x06windowsize\x0064\x00"},
		"ours over a single port": {tftp.Config{SinglePort: true}, []string{"windowsize", "65535"}, "\x00\x06windowsize\x008\x00"},
		"as configured":           {tftp.Config{SinglePort: true, MaxWindowSize: 200}, []string{"windowsize", "300"}, "\x00\x06windowsize\x00200\x00"},
		"none":                    {tftp.Config{}, []string{"windowsize", "0"}, "\x00\x03\x00\x01"},
		"too large":               {tftp.Config{}, []string{"windowsize", "65536"}, "\x00\x03\x00\x01"},
		"twice":                   {tftp.Config{}, []string{"windowsize", "2", "windowsize", "3"}, "\x00\x06windowsize\x002\x00"},
		"of large blocks": {
			tftp.Config{MaxBlockSize: 65464}, []string{"blksize", "65464", "windowsize", "64"}, "\x00\x06blksize\x0065464\x00windowsize\x002\x00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.Core = core
			p := newPeer(t, start(t, test.config))
			p.send(ask("f", "octet", test.options...))
			got := p.receive()
			assert.Equal(t, test.want, got[:min(len(got), len(test.want))])
			p.send("\x00\x05\x00\x00enough\x00")
		})
	}
}

func TestAWindowIsSentForOneAcknowledgement(t *testing.T) {
	t.Parallel()
	for _, single := range []bool{false, true} {
		p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": bytesOf(512*9 + 1)}, Timeout: time.Minute, SinglePort: single}))
		p.send(ask("f", "octet", "windowsize", "4"))
		assert.Equal(t, "\x00\x06windowsize\x004\x00", p.receive())
		p.acknowledge(0)
		assert.Equal(t, []int{1, 2, 3, 4}, p.numbers(4))
		p.acknowledge(4)
		assert.Equal(t, []int{5, 6, 7, 8}, p.numbers(4))
		p.acknowledge(8)
		assert.Equal(t, []int{9, 10}, p.numbers(2))
		p.acknowledge(10)
		assert.Empty(t, p.waiting())
	}
}

// A client that acknowledges each packet behind a gap has made servers send gigabytes for a file of two megabytes.
func TestALostPacketMakesNoStorm(t *testing.T) {
	t.Parallel()
	for _, single := range []bool{false, true} {
		p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": bytesOf(512 * 100)}, Timeout: time.Minute, SinglePort: single, MaxWindowSize: 64}))
		p.send(ask("f", "octet", "windowsize", "8"))
		p.receive()
		p.acknowledge(0)
		p.numbers(8)
		for range 6 { // the third is lost, and the six behind it are each answered with this
			p.acknowledge(2)
		}
		assert.Equal(t, []int{3, 4, 5, 6, 7, 8, 9, 10}, p.numbers(8), "the window goes back once")
		for range 6 {
			p.acknowledge(2)
		}
		p.acknowledge(10)
		assert.Equal(t, []int{11, 12, 13, 14, 15, 16, 17, 18}, p.numbers(8), "and nothing was sent in between")
		p.send("\x00\x05\x00\x00enough\x00")
	}
}

func TestATimeoutSendsTheWindowAgain(t *testing.T) {
	t.Parallel()
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": bytesOf(512 * 10)}, Timeout: 50 * time.Millisecond}))
	p.send(ask("f", "octet", "windowsize", "3"))
	p.receive()
	p.acknowledge(0)
	assert.Equal(t, []int{1, 2, 3}, p.numbers(3))
	p.acknowledge(1)
	assert.Equal(t, []int{2, 3, 4}, p.numbers(3))
	assert.Equal(t, []int{2, 3, 4}, p.numbers(3), "after 50 ms")
	p.send("\x00\x05\x00\x00enough\x00")
}

func TestBlocksOfAllSizes(t *testing.T) {
	t.Parallel()
	core := files(200_000)
	name := long + "f200000"
	for _, single := range []bool{false, true} {
		address := start(t, tftp.Config{Core: core, MaxBlockSize: 65464, SinglePort: single})
		for _, size := range []int{512, 1468, 1469, 9000, 65463, 65464} {
			p := newPeer(t, address)
			p.large = make([]byte, 70_000)
			p.send(ask(name, "octet", "blksize", strconv.Itoa(size)))
			require.Equal(t, "\x00\x06blksize\x00"+strconv.Itoa(size)+"\x00", p.receive())
			var got []byte
			for block, last := 0, false; !last; block++ {
				p.acknowledge(block)
				data := p.receive()[4:]
				got = append(got, data...)
				last = len(data) < size
			}
			p.acknowledge(200_000/size + 1)
			assert.Equal(t, string(core[name]), string(got), "%d", size)
		}
	}
}

func TestPeersThatAcknowledgeEveryBlockGetEachTwiceAtMost(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	p := newPeer(t, start(t, tftp.Config{Core: FixedCore{"f": bytesOf(512*64 - 1)}, Timeout: time.Minute, Logger: slog.New(log)}))
	p.send(ask("f", "octet", "windowsize", "16"))
	p.receive()
	p.acknowledge(0)
	packets := 0
	for expected := 1; expected <= 64; {
		packet := p.receive()
		packets++
		if block := int(binary.BigEndian.Uint16([]byte(packet[2:]))); block == expected {
			p.acknowledge(block)
			expected++
		}
	}
	assert.NoError(t, errorOf(log.next(t)))
	assert.LessOrEqual(t, packets+len(p.waiting()), 128)
}

func errorOf(line map[string]any) error {
	err, _ := line["error"].(error)
	return err
}
