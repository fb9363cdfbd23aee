package provisioning

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// What is taken for a run over addresses: so many that nobody has, within ten minutes, from one address, or of one vendor's block from wherever. A
// delivery of new phones that nobody has created yet looks the same, and is as worth looking at.
const (
	harvestWindow    = 10 * time.Minute
	harvestByAddress = 40
	harvestByBlock   = 120
	// harvestTracked bounds the memory: at worst some 50 MB, under a flood from as many addresses.
	harvestTracked = 10_000
	// harvestQuiet ends the alarm of a run that isn't seen any more.
	harvestQuiet = time.Hour
	// harvestAgain is how soon the same run is told of again.
	harvestAgain = 5 * time.Minute
)

// AlarmHarvest is the kind of alarm for a run over addresses that nobody has.
const AlarmHarvest AlarmKind = "harvest"

// harvests counts the distinct unknown MAC addresses that were asked for, by address and by block. Each node counts for itself.
type harvests struct {
	mu      sync.Mutex
	now     func() time.Time
	bySrc   map[netip.Addr]*harvest
	byBlock map[[3]byte]*harvest
	found   chan run
	logged  rate.Sometimes
}

type harvest struct {
	since time.Time
	macs  map[deviceprofiles.MAC]struct{} // at most as many as make a run
	told  time.Time
}

// run is a run over addresses that is under way.
type run struct {
	source    netip.Addr // zero: from several
	low, high deviceprofiles.MAC
	asked     int // at least so many
}

func newHarvests(now func() time.Time) *harvests {
	return &harvests{
		now: now, bySrc: map[netip.Addr]*harvest{}, byBlock: map[[3]byte]*harvest{}, found: make(chan run, 64),
		logged: rate.Sometimes{First: 1, Interval: time.Minute},
	}
}

// lookForRuns counts devices of a batch, and hands runs on to who raises the alarm.
func (s *Service) lookForRuns(ctx context.Context, unknown []UnknownDevice) {
	for _, found := range s.harvests.count(unknown) {
		s.harvests.logged.Do(func() {
			s.logger.WarnContext(ctx, "somebody asks for many MAC addresses that nobody has", "peer", found.sourceText(), "block", found.block(), "addresses", found.asked)
		})
		select {
		case s.harvests.found <- found:
		default: // as many wait as anybody will look at; the next batch tells again
		}
	}
}

// count returns the runs that are under way and weren't told of lately.
func (h *harvests) count(unknown []UnknownDevice) []run {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	var out []run
	for _, u := range unknown {
		if src := tracked(h.bySrc, u.Peer, now); src.add(u.MAC, harvestByAddress, now) {
			out = append(out, runOf(u.Peer, src))
		}
		if block := tracked(h.byBlock, [3]byte(u.MAC[:3]), now); block.add(u.MAC, harvestByBlock, now) {
			out = append(out, runOf(netip.Addr{}, block))
		}
	}
	return out
}

// tracked returns the window of a key; nil when too many are tracked.
func tracked[K comparable](windows map[K]*harvest, key K, now time.Time) *harvest {
	if w, ok := windows[key]; ok {
		return w
	}
	if len(windows) >= harvestTracked {
		maps.DeleteFunc(windows, func(_ K, w *harvest) bool { return now.Sub(w.since) > harvestWindow })
	}
	if len(windows) >= harvestTracked {
		return nil
	}
	w := &harvest{since: now, macs: map[deviceprofiles.MAC]struct{}{}}
	windows[key] = w
	return w
}

// add counts an address, and reports whether there are enough to tell of.
func (w *harvest) add(mac deviceprofiles.MAC, enough int, now time.Time) bool {
	if w == nil {
		return false
	}
	if now.Sub(w.since) > harvestWindow {
		w.since, w.macs = now, map[deviceprofiles.MAC]struct{}{}
	}
	if len(w.macs) < enough {
		w.macs[mac] = struct{}{}
	}
	if len(w.macs) < enough || !w.told.IsZero() && now.Sub(w.told) < harvestAgain {
		return false
	}
	w.told = now
	return true
}

// blockDigits is how closely a run's block is told: 65,536 addresses. A run goes on to the next ones, so that whoever has a phone near is concerned.
const blockDigits = 8

// runOf says which block a run goes over: the addresses that begin as all that were asked for do, as far as eight digits.
func runOf(source netip.Addr, w *harvest) run {
	r := run{source: source, asked: len(w.macs)}
	prefix, first := "", true
	for mac := range w.macs {
		digits := mac.String()[:blockDigits]
		if first {
			prefix, first = digits, false
		}
		same := 0
		for same < len(prefix) && prefix[same] == digits[same] {
			same++
		}
		prefix = prefix[:same]
	}
	r.low, r.high = filled(prefix, "0"), filled(prefix, "F")
	return r
}

func filled(prefix, digit string) deviceprofiles.MAC {
	var mac deviceprofiles.MAC
	_, _ = hex.Decode(mac[:], []byte(prefix+strings.Repeat(digit, 2*len(mac)-len(prefix)))) // hexadecimal digits by making
	return mac
}

// block is the block in words: the digits that all addresses share.
func (r run) block() string {
	low, high := r.low.String(), r.high.String()
	same := 0
	for same < len(low) && low[same] == high[same] {
		same++
	}
	return low[:same] + strings.Repeat("x", len(low)-same)
}

func (r run) sourceText() string {
	if !r.source.IsValid() {
		return "several addresses"
	}
	return r.source.String()
}

// alarm is what a partner is told of a run. The source is told to everybody whom it concerns: it is a stranger's.
func (r run) alarm() Alarm {
	subject := strings.ToUpper(r.low.OUI()) // which stays the same while the run goes on
	if r.source.IsValid() {
		subject = r.source.String()
	}
	return Alarm{
		Kind: AlarmHarvest, Subject: subject,
		Sentence: fmt.Sprintf("Somebody at %s asks for the files of many phones that nobody has: %d or more addresses of the block %s in ten minutes. They got nothing that is secret.", r.sourceText(), r.asked, r.block()),
		NextStep: "If these are phones of yours that nobody has created yet, create them. Else block the address, and see that no enrolment window stays open longer than it must.",
	}
}

// raiseHarvest tells the partners whom a run concerns: those with a device in its block, or with phones that proved themselves from where it comes.
func (s *Service) raiseHarvest(ctx context.Context, r run) {
	partners, err := s.store.AnyTenantPartnersOfRun(ctx, r.low, r.high, r.source, s.now().Add(-knownAddressTime))
	for _, partner := range partners {
		if err == nil {
			a := r.alarm()
			a.Tenant = customer.Tenant{Partner: partner}
			err = s.raise(ctx, a)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "the alarm about a run over MAC addresses isn't stored", "error", err)
	}
}
