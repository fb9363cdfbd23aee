package tftp

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptedLink plays what a peer sends, packet by packet, and counts what it gets. An empty packet is a timeout; the end of the script is the end of the
// link.
type scriptedLink struct {
	script  [][]byte
	unheard int // bytes before anything was acknowledged
	packets int
	sent    func(packet []byte)
	waits   []time.Duration
}

func (l *scriptedLink) send(packet []byte) error {
	l.sent(packet)
	return nil
}

func (l *scriptedLink) await(deadline time.Time) (event, error) {
	l.waits = append(l.waits, time.Until(deadline).Round(time.Second))
	for len(l.script) > 0 {
		packet := l.script[0]
		l.script = l.script[1:]
		if len(packet) == 0 {
			return event{}, os.ErrDeadlineExceeded
		}
		if e, ok := parseEvent(packet); ok {
			return e, nil
		}
	}
	return event{}, io.EOF
}

func (l *scriptedLink) close() {}

// cut cuts bytes into a script: each packet has its length before it.
func cut(b []byte) [][]byte {
	var script [][]byte
	for len(b) > 0 {
		size := min(int(b[0]), len(b)-1)
		script = append(script, b[1:1+size])
		b = b[1+size:]
	}
	return script
}

func TestWaitsGrowUntilAnAnswerSaysBetter(t *testing.T) {
	t.Parallel()
	ack := func(n byte) []byte { return []byte{0, 4, 0, n} }
	for name, test := range map[string]struct {
		timeout time.Duration // that the peer chose
		want    []int         // seconds
	}{
		"ours":       {0, []int{3, 3, 6, 12, 12, 3, 6, 12, 24, 30}},
		"the peer's": {5 * time.Second, []int{5, 5, 5, 5, 5, 5, 5, 5, 5, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(Config{Core: endlessCore{}, Timeout: 3 * time.Second})
			require.NoError(t, err)
			transfer := s.newTransfer(readRequest{path: "f", options: options{size: true, timeout: test.timeout}}, make([]byte, 10_000))
			transfer.credit = 1000
			// Blocks 0 and 2 are answered at once, block 1 after two repetitions, and block 3 never.
			l := &scriptedLink{script: [][]byte{ack(0), nil, nil, ack(1), ack(2), nil, nil, nil, nil, nil}, sent: func([]byte) {}}
			transfer.link = l
			require.ErrorIs(t, transfer.run(), errSilence)
			var got []int
			for _, wait := range l.waits {
				got = append(got, int(wait/time.Second))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// FuzzTransfer lets a peer say anything within a transfer. Whatever it is, what is sent stays within the bounds.
func FuzzTransfer(f *testing.F) {
	ack := func(n byte) string { return "\x04\x00\x04\x00" + string([]byte{n}) }
	for _, script := range []string{
		"", ack(0) + ack(4) + ack(8), "\x00\x00\x00", ack(0) + "\x04\x00\x05\x00\x00", "\x01\x00" + "\x02\x00\x04" + "\x03\x00\x04\x00",
		ack(0) + ack(1) + ack(1) + ack(2) + "\x00" + ack(2), ack(255) + "\x04\x00\x04\xff\xff", ack(0) + "\x08\x00\x03\x00\x01data", ack(0) + ack(9) + ack(4) + ack(6),
	} {
		for _, window := range []uint16{0, 1, 4, 64} {
			f.Add([]byte(script), uint16(512), window, uint16(5000), uint16(40))
		}
	}
	s, err := New(Config{Core: endlessCore{}, MaxBlockSize: maxBlockSize})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, script []byte, blockSize, windowSize, size, request uint16) {
		asked := readRequest{path: "f", options: options{windowSize: int(windowSize)}}
		if int(blockSize) >= minBlockSize && int(blockSize) <= maxBlockSize {
			asked.options.blockSize = int(blockSize)
		}
		transfer := s.newTransfer(asked, make([]byte, size))
		earned := int(request%maxRequest) * s.config.Amplification
		transfer.credit = earned
		l := &scriptedLink{script: cut(script)}
		said := len(l.script)
		transfer.link = l
		l.sent = func(packet []byte) {
			operation := binary.BigEndian.Uint16(packet)
			if operation == opData && len(packet) <= 4+transfer.blockSize || operation == opOptions && len(packet) < 100 {
				l.packets++
			} else {
				t.Errorf("operation %d, %d bytes", operation, len(packet))
			}
			if !transfer.started {
				l.unheard += len(packet)
			}
		}
		err := transfer.run()
		assert.LessOrEqual(t, l.unheard, earned)
		assert.LessOrEqual(t, transfer.acknowledged(), int(size))
		if err == nil {
			assert.Equal(t, int(size), transfer.acknowledged())
		}
		if errors.Is(err, errCreditSpent) {
			assert.Zero(t, l.packets)
		}
		assert.LessOrEqual(t, l.packets, (said+1)*int(transfer.window.size), "a packet of the peer is worth a window at most")
	})
}
