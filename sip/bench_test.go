package sip_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	sipmsg "github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"

	"dialtone/digest"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/sip"
)

// OneLineCore verifies like the real core, for one line, and stores nothing.
type OneLineCore struct{ ha1 string }

func (c OneLineCore) VerifySIP(_ context.Context, p provisioning.SIPProof) (provisioning.LineOwner, error) {
	if !p.Answer.Matches(c.ha1, p.Method) {
		return provisioning.LineOwner{}, context.Canceled
	}
	return provisioning.LineOwner{}, nil
}

func (c OneLineCore) Register(_ context.Context, r provisioning.RegisterRequest) ([]provisioning.Binding, error) {
	return []provisioning.Binding{{Contact: r.Contacts[0].URI, Expires: time.Now().Add(r.Contacts[0].Expires)}}, nil
}

func benchServer(b *testing.B) *sip.Server {
	b.Helper()
	core := OneLineCore{digest.HA1(digest.MD5, "alice", "acme.sip.test", secret.New("wonderland"))}
	return newServer(b, core, func(c *sip.Config) {
		c.Now, c.Nonces = time.Now, digest.NewNonces(digest.NoncesConfig{Key: []byte("0123456789abcdef")})
	})
}

// pair registers once: challenge and answer.
func pair(b *testing.B, ask func(text string) string) {
	b.Helper()
	_, nonce, _ := strings.Cut(ask(register{}.text("")), `nonce="`)
	nonce, _, _ = strings.Cut(nonce, `"`)
	if reply := ask(register{cseq: 2}.text(nonce)); !strings.HasPrefix(reply, "SIP/2.0 200 OK") {
		b.Fatal(reply)
	}
}

// BenchmarkRegister is one registration, challenge included: by the handler alone, over a UDP socket as we serve it, and over sipgo's own
// server with transactions around the same handler. The client's part, which is the same in all, is in the figures.
func BenchmarkRegister(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		server := benchServer(b)
		parser := sipmsg.NewParser(sipmsg.WithHeadersParsers(sipmsg.HeadersParser{}))
		for b.Loop() {
			pair(b, func(text string) string {
				message, err := parser.ParseSIP([]byte(text))
				require.NoError(b, err)
				return server.Handle(b.Context(), message.(*sipmsg.Request), deskPhone).String()
			})
		}
	})
	b.Run("udp", func(b *testing.B) {
		conn := dial(b, "udp", run(b, benchServer(b), sip.Listen{UDP: "127.0.0.1:0"}))
		require.NoError(b, conn.SetDeadline(time.Time{}))
		for b.Loop() {
			pair(b, func(text string) string { return exchange(b, conn, text) })
		}
	})
	b.Run("udp with transactions", func(b *testing.B) {
		listener, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(b, err)
		serveWithTransactions(b, benchServer(b), listener)
		conn, err := net.Dial("udp", listener.LocalAddr().String())
		require.NoError(b, err)
		defer func() { _ = conn.Close() }()
		branch := 0
		for b.Loop() {
			pair(b, func(text string) string {
				branch++ // or the second request would pass for the first again
				return exchange(b, conn, strings.Replace(text, "z9hG4bK-1", "z9hG4bK-"+itoa(branch), 1))
			})
		}
	})
}

// serveWithTransactions puts the handler behind sipgo's server.
func serveWithTransactions(b *testing.B, server *sip.Server, listener net.PacketConn) {
	b.Helper()
	agent, err := sipgo.NewUA()
	require.NoError(b, err)
	front, err := sipgo.NewServer(agent)
	require.NoError(b, err)
	front.OnRegister(func(req *sipmsg.Request, tx sipmsg.ServerTransaction) {
		res := server.Handle(context.Background(), req, deskPhone)
		res.SetTransport("UDP")
		res.SetDestination(req.Source())
		_ = tx.Respond(res)
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = front.ServeUDP(listener)
	}()
	b.Cleanup(func() {
		_ = listener.Close()
		<-ended
		_ = agent.Close()
	})
}
