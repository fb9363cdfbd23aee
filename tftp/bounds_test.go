package tftp_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/tftp"
)

func TestARepeatedRequestIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	core := &RecordingCore{}
	p := newPeer(t, start(t, tftp.Config{Core: core, Logger: slog.New(log), Timeout: time.Minute}))
	for range 5 {
		p.send(ask(long+"f", "octet"))
	}
	p.send(ask("g", "octet")) // requests are taken in turn: when this one is answered, the others were dropped
	p.receive()
	q := *p
	q.receive() // both are answered before either ends: after its end a repetition would be a new request
	p.send("\x00\x05\x00\x00enough\x00")
	q.send("\x00\x05\x00\x00enough\x00")
	log.next(t)
	log.next(t)
	assert.Empty(t, p.waiting())
	assert.Len(t, core.all(), 2)
}

func TestTheSameRequestIsANewOneAfterAnAcknowledgement(t *testing.T) {
	t.Parallel()
	log := make(Log, 100)
	server := start(t, tftp.Config{Core: FixedCore{long + "f": bytesOf(1000)}, Logger: slog.New(log), Timeout: 10 * time.Second})
	p := newPeer(t, server)
	p.send(ask(long+"f", "octet"))
	p.receive()
	first := p.port
	p.send("\x00\x04\x00\x01")
	p.receive()
	q := *p
	q.to = newPeer(t, server).to
	q.send(ask(long+"f", "octet")) // a phone that began anew while we wait for the rest of the old transfer
	assert.Equal(t, "\x00\x03\x00\x01", q.receive()[:4])
	assert.NotEqual(t, first, q.port)
	for _, block := range []string{"\x00\x04\x00\x01", "\x00\x04\x00\x02"} {
		q.send(block)
	}
	p.send("\x00\x05\x00\x05unknown transfer\x00")
	log.next(t)
	log.next(t)
}

func TestOneAddressHasAQuarterOfThePlaces(t *testing.T) {
	t.Parallel()
	core := StuckCore{asked: make(chan string, 100), released: make(chan struct{})}
	server := start(t, tftp.Config{Core: core, MaxTransfers: 8})
	defer close(core.released)
	crowd := newPeerAt(t, server, "127.0.0.1")
	crowd.send(ask("1", "octet"))
	crowd.send(ask("2", "octet"))
	crowd.send(ask("3", "octet")) // no place: it makes the first go
	newPeerAt(t, server, "127.0.0.2").send(ask("4", "octet"))
	got := []string{<-core.asked, <-core.asked, <-core.asked}
	assert.ElementsMatch(t, []string{"1", "2", "4"}, got, "another address has its own")
}

func TestAFloodOfUnacknowledgedRequestsLetsPhonesIn(t *testing.T) {
	t.Parallel()
	log := make(Log, 1000)
	server := start(t, tftp.Config{Core: FixedCore{long + "f": []byte("x")}, Logger: slog.New(log), MaxTransfers: 4, Timeout: time.Minute})
	for _, address := range []string{"127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"} {
		p := newPeerAt(t, server, address)
		p.send(ask(long+"f", "octet"))
		p.receive() // and nothing more: the place is held for minutes
		defer p.send("\x00\x05\x00\x00enough\x00")
	}
	phone := newPeer(t, server)
	phone.send(ask(long+"f", "octet")) // no place, but the oldest of the flood ends
	line := log.next(t)
	require.Error(t, line["error"].(error))
	assert.Contains(t, line["peer"], "127.0.1.1:")
	got := ""
	for got == "" { // its end and the log line are moments apart
		phone.send(ask(long+"f", "octet"))
		if packet, ok := phone.receiveWithin(time.Millisecond); ok {
			got = packet
			phone.send("\x00\x04\x00\x01")
		}
	}
	assert.Equal(t, "\x00\x03\x00\x01x", got)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := tftp.New(tftp.Config{})
	require.EqualError(t, err, "the TFTP door has no core to ask")
	for _, size := range []int{-1, 7, 65465} {
		_, err = tftp.New(tftp.Config{Core: FixedCore{}, MaxBlockSize: size})
		require.ErrorContains(t, err, "from 8 to 65464")
	}
	server, err := tftp.New(tftp.Config{Core: FixedCore{}})
	require.NoError(t, err)
	_, err = server.Listen(t.Context(), "192.0.2.1:6969")
	require.ErrorContains(t, err, "can't listen on 192.0.2.1:6969 for phones over tftp")
}

func TestRunWithoutListenWaits(t *testing.T) {
	t.Parallel()
	server, err := tftp.New(tftp.Config{Core: FixedCore{}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NoError(t, server.Run(ctx))
}

func TestATransferInProgressIsFinishedAtTheEnd(t *testing.T) {
	t.Parallel()
	server, err := tftp.New(tftp.Config{Core: FixedCore{long + "f": bytesOf(700)}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	address, err := server.Listen(ctx, "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	p := newPeer(t, address)
	p.send(ask(long+"f", "octet"))
	p.receive()
	cancel()
	p.send("\x00\x04\x00\x01")
	assert.Equal(t, string(bytesOf(700)[512:]), p.receive()[4:])
	p.send("\x00\x04\x00\x02")
	assert.NoError(t, <-ended)

	_, err = server.Listen(t.Context(), address.String())
	assert.NoError(t, err, "the port is free again")
	require.NoError(t, server.Run(ctx))
}

func BenchmarkTransferOf4kB(b *testing.B) {
	server := start(b, tftp.Config{Core: FixedCore{long + "f": bytesOf(4096)}})
	for name, options := range map[string][]string{"blocks of 512": nil, "blocks of 1428": {"blksize", "1428"}} {
		b.Run(name, func(b *testing.B) {
			p := newPeer(b, server)
			listening := p.to
			b.SetBytes(4096)
			for b.Loop() {
				p.to = listening
				p.send(ask(long+"f", "octet", options...))
				for last, full := false, 4+512; !last; {
					packet := p.receive()
					if packet[1] == 6 {
						p.send("\x00\x04\x00\x00")
						full = 4 + 1428
						continue
					}
					last = len(packet) < full
					p.send("\x00\x04" + packet[2:4])
				}
			}
		})
	}
}
