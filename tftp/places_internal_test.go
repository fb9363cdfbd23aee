package tftp

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/provisioning"
)

// TestPlacesKeepTheirBounds plays with places as peers do, and compares with a plain list of what is held.
func TestPlacesKeepTheirBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const limit, perAddress = 8, 2
		p := newPlaces(limit)
		var held []*place
		evicted := map[*place]bool{}
		take := func(t *rapid.T) {
			a := asked{
				peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(rapid.IntRange(1, 5).Draw(t, "address"))}), uint16(rapid.IntRange(1, 3).Draw(t, "port"))),
				path: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "path"),
			}
			var taken *place
			taken, ok := p.take(a, func() { evicted[taken] = true })
			if ok {
				held = append(held, taken)
			}
		}
		pick := func(t *rapid.T) int {
			if len(held) == 0 {
				t.Skip("nothing is held")
			}
			return rapid.IntRange(0, len(held)-1).Draw(t, "which")
		}
		t.Repeat(map[string]func(*rapid.T){
			"take":  take,
			"heard": func(t *rapid.T) { p.heard(held[pick(t)]) },
			"free": func(t *rapid.T) {
				i := pick(t)
				p.free(held[i])
				held = append(held[:i], held[i+1:]...)
			},
			"": func(t *rapid.T) {
				byAddress, waiting := map[netip.Addr]int{}, 0
				for _, h := range held {
					byAddress[h.asked.peer.Addr()]++
					if h.element != nil {
						waiting++
						assert.False(t, evicted[h])
					}
				}
				assert.LessOrEqual(t, len(held), limit)
				assert.Equal(t, len(held), p.count)
				assert.Equal(t, byAddress, p.byAddress)
				assert.Equal(t, waiting, p.queue.Len())
				assert.Len(t, p.unheard, waiting)
				for _, n := range byAddress {
					assert.LessOrEqual(t, n, perAddress)
				}
			},
		})
	})
}

func TestTheOldestUnheardMakesRoom(t *testing.T) {
	t.Parallel()
	p := newPlaces(4)
	var ended []string
	take := func(address, path string) (*place, bool) {
		return p.take(asked{peer: netip.MustParseAddrPort(address), path: path}, func() { ended = append(ended, path) })
	}
	a, _ := take("10.0.0.1:1", "a")
	for address, path := range map[string]string{"10.0.0.2:1": "b"} {
		_, ok := take(address, path)
		require.True(t, ok)
	}
	_, _ = take("10.0.0.3:1", "c")
	_, _ = take("10.0.0.4:1", "d")
	p.heard(a)

	_, ok := take("10.0.0.4:1", "e")
	assert.False(t, ok)
	assert.Equal(t, []string{"d"}, ended, "a crowded address makes its own go")
	_, ok = take("10.0.0.5:1", "f")
	assert.False(t, ok)
	assert.Equal(t, []string{"d", "b"}, ended, "the oldest, but never one that was heard")
}

// endlessCore has a file that no peer in the tests reads to the end.
type endlessCore struct{}

func (endlessCore) Open(context.Context, provisioning.Request) (provisioning.Opened, error) {
	return provisioning.Opened{Body: make([]byte, 10_000)}, nil
}

func TestATransferThatDoesntEndIsCut(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Core: endlessCore{}, Timeout: time.Hour})
	require.NoError(t, err)
	s.drain = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	address, err := s.Listen(ctx, "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.WriteToUDPAddrPort([]byte("\x00\x01f\x00octet\x00tsize\x000\x00"), address)
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1000))
	require.NoError(t, err)
	cancel()
	assert.NoError(t, <-ended)
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		"", "\x00", "\x00\x01", "\x00\x02", "\x00\x01f\x00octet\x00", "\x00\x01f\x00netascii\x00blksize\x001428\x00tsize\x000\x00timeout\x005\x00",
		"\x00\x01f\x00octet\x00windowsize\x0016\x00blksize\x0065464\x00", "\x00\x01f\x00octet\x00windowsize\x00\x0016\x00", "\x00\x01f\x00\x00octet\x00",
		"\x00\x01f\x00octet", "\x00\x01\x00\x00", "\x00\x01f\x00OCTET\x00blksize\x00-1\x00blksize\x00\x00", "\x00\x04\x00\x01", "\x00\x05\x00\x01x\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		request, err := parseRequest(datagram)
		if err != nil {
			assert.Zero(t, request)
			return
		}
		assert.NotEmpty(t, request.path)
		assert.NotContains(t, request.path, "\x00")
		assert.LessOrEqual(t, len(datagram), 512)
		assert.Contains(t, string(datagram), request.path)
		if size := request.options.blockSize; size != 0 {
			assert.True(t, size >= 8 && size <= 65464)
		}
		assert.True(t, request.options.windowSize >= 0 && request.options.windowSize <= 65535)
		assert.True(t, request.options.timeout >= 0 && request.options.timeout <= 30*time.Second)
		// Whatever is acknowledged can be read as a request's options again, and means the same.
		oack := request.options.acknowledge(1234)
		if oack == nil {
			assert.Equal(t, options{}, request.options)
			return
		}
		fields, ok := split(oack[2:])
		require.True(t, ok)
		assert.Equal(t, request.options, parseOptions(fields))
	})
}
