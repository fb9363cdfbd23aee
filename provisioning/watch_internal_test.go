package provisioning

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/diagnosis"
)

var (
	nine  = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	house = netip.MustParseAddr("192.0.2.7")
)

func numberedMAC(n int) deviceprofiles.MAC {
	var mac deviceprofiles.MAC
	mac[0] = 0x80
	binary.BigEndian.PutUint32(mac[2:], uint32(n))
	return mac
}

func TestARequestWithoutANameIsToldOfFewNeighbours(t *testing.T) {
	t.Parallel()
	n := newNeighbours()
	assert.Empty(t, n.at(house, nine))
	n.note(house, neighbour{mac: numberedMAC(1)}, nine)
	n.note(house, neighbour{mac: numberedMAC(1), device: "d1"}, nine)
	n.note(house, neighbour{device: "d1"}, nine)
	n.note(netip.Addr{}, neighbour{device: "d2"}, nine)
	assert.Equal(t, []neighbour{{device: "d1"}}, n.at(house, nine), "one phone, by whatever it was known")
	for i := range neighboursMost {
		n.note(house, neighbour{mac: numberedMAC(i + 2)}, nine.Add(time.Minute))
	}
	assert.Empty(t, n.at(house, nine.Add(time.Minute)), "too many to tell anything")
	later := nine.Add(3 * time.Hour)
	n.note(house, neighbour{mac: numberedMAC(99)}, later)
	assert.Equal(t, []neighbour{{mac: numberedMAC(99)}}, n.at(house, later), "the others are forgotten")
}

func TestAFloodOfStrangersLeavesWhatPhonesProved(t *testing.T) {
	t.Parallel()
	b := newTraceBuffer()
	b.add(TraceEntry{Time: nine, Device: "d", Standing: StandingRegistered})
	for i := range traceBufferSize + 5 {
		b.add(TraceEntry{Time: nine.Add(time.Second), MAC: numberedMAC(i)})
	}
	assert.Equal(t, uint64(5), b.dropped.Load())
	batch := b.take()
	require.Len(t, batch, traceBatch)
	assert.Equal(t, DeviceID("d"), batch[0].Device)
	assert.Equal(t, numberedMAC(5), batch[1].MAC)
}

func TestTheSameQuestionIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	b := newQueryBuffer()
	q := Query{Time: nine, Peer: house, Domain: "c.sip.example", Question: "SRV _sip._udp", Answer: "NOERROR"}
	assert.True(t, b.add(q))
	q.Time = nine.Add(59 * time.Second)
	assert.False(t, b.add(q))
	q.Time = nine.Add(time.Minute)
	assert.True(t, b.add(q))
	assert.Len(t, b.take(), 2)
	for i := range queryBufferSize + 10 {
		q.Domain = fmt.Sprint(i)
		b.add(q)
	}
	assert.Len(t, b.take(), queryBufferSize, "bounded")
}

func TestARunIsToldNowAndThen(t *testing.T) {
	t.Parallel()
	now := nine
	h := newHarvests(func() time.Time { return now })
	ask := func(from, to int, source netip.Addr) (found []run) {
		for n := from; n < to; n++ {
			found = append(found, h.count([]UnknownDevice{{MAC: numberedMAC(n), Peer: source}})...)
		}
		return found
	}
	assert.Empty(t, ask(0, harvestByAddress-1, house))
	assert.Empty(t, ask(0, harvestByAddress-1, house), "the same addresses again")
	found := ask(harvestByAddress-1, harvestByAddress, house)
	require.Len(t, found, 1)
	assert.Equal(t, "80000000xxxx", found[0].block())
	assert.Equal(t, house, found[0].source)
	assert.Empty(t, ask(50, 100, house), "told of just now")
	now = now.Add(harvestAgain)
	assert.Len(t, ask(100, 101, house), 1)
	now = now.Add(2 * harvestWindow)
	assert.Empty(t, ask(200, 200+harvestByAddress-1, house), "another window")

	now = now.Add(2 * harvestWindow)
	var spread []run
	for n := range harvestByBlock {
		spread = append(spread, ask(n, n+1, netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}))...)
	}
	require.Len(t, spread, 1, "from many sources, one address each")
	assert.Equal(t, "several addresses", spread[0].sourceText())
	assert.Equal(t, "800000", spread[0].alarm().Subject)
	for n := range harvestTracked + 100 {
		ask(n, n+1, netip.AddrFrom4([4]byte{11, byte(n >> 16), byte(n >> 8), byte(n)}))
	}
	assert.LessOrEqual(t, len(h.bySrc), harvestTracked)
}

func TestWhatAStrangerSendsCantBreakALine(t *testing.T) {
	t.Parallel()
	s := &Service{now: func() time.Time { return nine }, trace: newTraceBuffer(), neighbours: newNeighbours(), logger: slog.New(slog.DiscardHandler)}
	s.Record(TraceEntry{Device: "d", UserAgent: "a\r\nb\x1b[0m\u202e\xff" + strings.Repeat("x", 500), Request: "GET /\x00"})
	e := s.trace.take()[0]
	assert.True(t, strings.HasPrefix(e.UserAgent, `a\r\nb\x1b[0m\u202e\ufffdxxx`), e.UserAgent)
	assert.Len(t, e.UserAgent, maxUserAgent)
	assert.Equal(t, `GET /\x00`, e.Request)
	assert.Equal(t, ProofNone, e.Proof)
}

// A rule that somebody adds has a meaning before somebody gives it one.
func TestAnUnknownRuleIsToldByItsAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		entry TraceEntry
		want  diagnosis.Outcome
	}{
		{TraceEntry{Door: "https", Revision: 3, Answer: "served 10 bytes", Proof: ProofCertificate}, diagnosis.Served},
		{TraceEntry{Door: "https", Answer: "denied", Proof: ProofCertificate}, diagnosis.BadCertificate},
		{TraceEntry{Door: "https", Answer: "denied", Proof: ProofToken}, diagnosis.WrongProof},
		{TraceEntry{Door: "https", Answer: "denied", Proof: ProofNone}, diagnosis.NoProof},
		{TraceEntry{Door: "https", Answer: "limited"}, diagnosis.Throttled},
		{TraceEntry{Door: "https", Answer: "not found"}, diagnosis.Missing},
		{TraceEntry{Door: "https", Answer: "unavailable"}, diagnosis.OurFault},
		{TraceEntry{Door: "https", Answer: "internal"}, diagnosis.OurFault},
		{TraceEntry{Door: "https", Answer: "something"}, diagnosis.Other},
	} {
		c.entry.Rule = "a rule of tomorrow"
		assert.Equal(t, c.want, outcomeOf(c.entry, outcomes()), "%+v", c.entry)
	}
}

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc", "Cisco-CP-8851-3PCC/12.0.7_00562b043615_x", "805ec0aabbccd", "ff:ff:ff:ff:ff:ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := printable(text, maxUserAgent)
		if len(out) > maxUserAgent || !utf8.ValidString(out) || strings.ContainsFunc(out, unprintable) {
			t.Fatalf("%q is %q", text, out)
		}
	})
}
