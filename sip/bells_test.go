package sip_test

import (
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
	"dialtone/sip"
)

func TestAPhoneInABrowserIsTold(t *testing.T) {
	t.Parallel()
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.TLS, c.T1 = certificate(t), time.Minute })
	conn, reader, _ := openWebSocket(t, run(t, server, sip.Listen{WSS: "127.0.0.1:0"}), asksForSIP)
	r := register{headers: []string{"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks"}}
	say(t, conn, ws.NewTextFrame([]byte(r.text(""))))
	say(t, conn, ws.NewTextFrame([]byte(r.text(noncePattern.FindStringSubmatch(string(hear(t, reader).Payload))[1]))))
	require.Contains(t, string(hear(t, reader).Payload), "SIP/2.0 200 OK")
	source, err := netip.ParseAddrPort(conn.LocalAddr().String())
	require.NoError(t, err)
	binding := provisioning.Binding{Contact: "sip:alice@df7jal23ls0d.invalid;transport=ws", Transport: "wss", Source: source}
	require.True(t, server.Reaches(binding))
	done := notify(t, server, checkSync(binding))
	request := string(hear(t, reader).Payload)
	assert.Contains(t, request, "NOTIFY sip:alice@df7jal23ls0d.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WSS ")
	say(t, conn, ws.NewTextFrame([]byte(reply(request, "200 OK"))))
	got := <-done
	require.NoError(t, got.err)
	assert.Equal(t, 200, got.answer.Status)
}

// Ten thousand phones are told, as many at once as the core waits for, and nothing of it stays.
func TestTenThousandPhonesAreTold(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures memory, and takes seconds")
	}
	const phones, atOnce = 10_000, 1024
	server := newServer(t, newFixedCore(), func(c *sip.Config) { c.T1 = time.Second })
	addresses := run(t, server, udpAlone)
	phone, binding := registered(t, "udp", addresses)
	answering := answerAll(t, phone)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var told atomic.Int64
	work := make(chan struct{})
	var tellers sync.WaitGroup
	for range atOnce {
		tellers.Go(func() {
			for range work {
				if answer, err := server.Notify(t.Context(), checkSync(binding)); err == nil && answer.Status == 200 {
					told.Add(1)
				}
			}
		})
	}
	for range phones {
		work <- struct{}{}
	}
	during := heap()
	close(work)
	tellers.Wait()
	assert.EqualValues(t, phones, told.Load())
	assert.GreaterOrEqual(t, answering.Load(), int64(phones))
	const most = 64 << 20
	assert.Less(t, during, before+most, "while a thousand wait")
	assert.Less(t, heap(), before+8<<20, "when all are told")
}

// answerAll answers whatever a phone is told until the test ends, and counts it.
func answerAll(t *testing.T, phone net.Conn) *atomic.Int64 {
	t.Helper()
	var count atomic.Int64
	done := make(chan struct{})
	require.NoError(t, phone.SetDeadline(time.Time{}))
	go func() {
		defer close(done)
		buffer := make([]byte, 4096)
		for {
			n, err := phone.Read(buffer)
			if err != nil {
				return
			}
			count.Add(1)
			_, _ = phone.Write([]byte(reply(string(buffer[:n]), "200 OK")))
		}
	}()
	t.Cleanup(func() {
		_ = phone.Close()
		<-done
	})
	return &count
}
