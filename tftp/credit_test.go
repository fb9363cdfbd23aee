package tftp_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/tftp"
)

const bootstrap = "805ec0aabbcc.cfg" // its request has 25 bytes

func TestARequestWithoutOptionsIsAnsweredAtItsRepetition(t *testing.T) {
	t.Parallel()
	for _, single := range []bool{false, true} {
		log := make(Log, 100)
		p := newPeer(t, start(t, tftp.Config{
			Core: FixedCore{bootstrap: bytesOf(4096)}, Logger: slog.New(log), Timeout: time.Minute, SinglePort: single,
		}))
		for range 2 {
			p.send(ask(bootstrap, "octet"))
			assert.ErrorContains(t, errorOf(log.next(t)), "waits for a repetition")
		}
		assert.Empty(t, p.waiting(), "500 bytes are less than 516")
		p.send(ask(bootstrap, "octet"))
		for block := 1; block <= 8; block++ {
			assert.Equal(t, []int{block}, p.numbers(1))
			p.acknowledge(block)
		}
		assert.Equal(t, []int{9}, p.numbers(1))
		p.acknowledge(9)
		assert.NoError(t, errorOf(log.next(t)))
	}
}

func TestRepetitionsFromOtherPortsCountToo(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	server := start(t, tftp.Config{Core: FixedCore{bootstrap: bytesOf(4096)}, Logger: slog.New(log), Timeout: time.Minute})
	for range 2 {
		newPeer(t, server).send(ask(bootstrap, "octet"))
		log.next(t)
	}
	stranger := newPeerAt(t, server, "127.0.0.2")
	stranger.send(ask(bootstrap, "octet"))
	log.next(t)
	assert.Empty(t, stranger.waiting(), "another address has to earn its own")
	p := newPeer(t, server)
	p.send(ask(bootstrap, "octet"))
	assert.Equal(t, []int{1}, p.numbers(1))
	p.send("\x00\x05\x00\x00enough\x00")
}

func TestSmallAnswersComeAtOnce(t *testing.T) {
	t.Parallel()
	server := start(t, tftp.Config{Core: FixedCore{bootstrap: bytesOf(4096), "s": bytesOf(96)}})
	p := newPeer(t, server)
	p.send(ask(bootstrap, "octet", "tsize", "0"))
	assert.Equal(t, "\x00\x06tsize\x004096\x00", p.receive())
	p.send("\x00\x05\x00\x00enough\x00")
	q := newPeer(t, server)
	q.send(ask("s", "octet"))
	assert.Equal(t, "\x00\x03\x00\x01"+string(bytesOf(96)), q.receive(), "100 bytes for 10")
	q.send("\x00\x04\x00\x01")
}

// TestNobodyGetsMoreThanTenTimesWhatItSent asks in all manners, again and again, acknowledges nothing, and counts.
func TestNobodyGetsMoreThanTenTimesWhatItSent(t *testing.T) {
	t.Parallel()
	requests := []string{
		ask(bootstrap, "octet"), ask(bootstrap, "netascii"), ask("f", "octet"), ask("tiny", "octet"), ask("none", "octet"), ask("f", "mail"), "\x00\x01", "\x00\x02",
		"\x00\x02f\x00octet\x00", ask("../f", "octet"), ask("f", "octet", "tsize", "0"), ask("f", "octet", "blksize", "65464", "windowsize", "64", "tsize", "0"),
		ask(long+"f", "octet"), "\x00\x04\x00\x01", "\x00\x03\x00\x01", "\x00\x05\x00\x01",
	}
	for _, single := range []bool{false, true} {
		log := make(Log, 1000)
		server := start(t, tftp.Config{
			Core:   FixedCore{bootstrap: bytesOf(4096), "f": bytesOf(4096), long + "f": bytesOf(4096), "tiny": bytesOf(20)},
			Logger: slog.New(log), Timeout: time.Millisecond, SinglePort: single,
		})
		for i, request := range requests {
			p, sent, got := newPeerAt(t, server, fmt.Sprintf("127.0.2.%d", i)), 0, 0 // credit is an address's
			listening := p.to
			for range 12 {
				p.to = listening
				p.send(request)
				sent += len(request)
				if isRequest := request[1] <= 2; isRequest {
					log.next(t) // the transfer is over
				}
				for _, packet := range p.waiting() {
					got += len(packet)
				}
				require.LessOrEqual(t, got, 10*sent, "%q", request)
			}
		}
	}
}

func TestAmplificationIsConfigurable(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	server := start(t, tftp.Config{Core: FixedCore{"f": []byte("0123456789"), "good": nil}, Logger: slog.New(log), Amplification: 1, Timeout: time.Minute})
	p := newPeer(t, server)
	p.send("\x00\x01") // a refusal would have 16 bytes
	log.next(t)
	p.send(ask("f", "octet")) // 10 bytes, and the answer has 14
	assert.ErrorContains(t, errorOf(log.next(t)), "waits for a repetition")
	p.send(ask("good", "octet"))
	assert.Equal(t, "\x00\x03\x00\x01", p.receive())
	p.send("\x00\x04\x00\x01")
	_, err := tftp.New(tftp.Config{Core: FixedCore{}, Amplification: -1})
	assert.ErrorContains(t, err, "amplification must be above 0")
	_, err = tftp.New(tftp.Config{Core: FixedCore{}, MaxWindowSize: 65536})
	assert.ErrorContains(t, err, "window size must be from 1 to 65535")
}
