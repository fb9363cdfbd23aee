package sip

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"dialtone/fault"
	"dialtone/provisioning"
)

// The bounds of those who watch registrations.
const (
	// maxWatchersPerLine is as many as the line may have contacts. One more makes the one end that wasn't refreshed for the longest time: a phone that
	// starts again and again leaves one behind each time.
	maxWatchersPerLine = provisioning.MaxContacts
	// maxWatchers bounds all of them: some 1.5 kB each with what was told, so that this is 30 MB.
	maxWatchers = 20_000
	// maxTelling bounds the NOTIFYs that wait for an answer. When it is reached, lines wait for their turn.
	maxTelling = 1024
	// maxLook bounds the lines that are read in one turn, of which there are four in each WatchPause.
	maxLook = 250
	// looksPerPause is how many turns there are.
	looksPerPause = 4
	// probationWait is how long who had to make room should wait, in seconds.
	probationWait = "600"
)

// dialogID identifies a subscription: its Call-ID and both tags.
type dialogID struct{ callID, fromTag, toTag string }

// subscription is one watcher. All but what begin and refresh set is guarded by the watchers' lock.
type subscription struct {
	id      dialogID
	line    provisioning.LineID
	aor     addressOfRecord
	local   string // our From: the To of the SUBSCRIBE with our tag
	remote  string // our To: its From
	eventID string
	cseq    uint32 // of its last SUBSCRIBE
	contact string // where NOTIFY goes, by the way of target
	target  Target
	expires time.Time

	sent    uint32 // CSeq of our last request
	version uint32 // of the next document
	fresh   bool   // it is to be told, whether or not anything changed
	busy    bool   // a NOTIFY is under way
	moves   uint32 // how often its phone came from elsewhere: what was sent before says nothing of it any more
	ending  string // why it ends with the next NOTIFY; "" while it lives
	missed  []watchedContact
}

// watchedLine is a line that somebody watches.
type watchedLine struct {
	id       provisioning.LineID
	watchers []*subscription
	contacts []watchedContact // as last read
	password uint64
	read     time.Time // zero: never
	place    *list.Element
}

// watchers are those who subscribed to how their line is registered. What they are told is what the store has, read at most once a WatchPause for each
// line: at once when a registration of the line came through this door, and every WatchEvery for what other nodes, administrators and time do. It is
// safe for concurrent use.
type watchers struct {
	server *Server

	mu       sync.Mutex
	lines    map[provisioning.LineID]*watchedLine
	byDialog map[dialogID]*subscription
	order    *list.List                // of *watchedLine: what wasn't read for the longest time comes first
	soon     map[*watchedLine]struct{} // something may have changed
}

func newWatchers(s *Server) *watchers {
	return &watchers{server: s, lines: map[provisioning.LineID]*watchedLine{}, byDialog: map[dialogID]*subscription{}, order: list.New(), soon: map[*watchedLine]struct{}{}}
}

// begin takes a new subscription; one that is there already is a request that came again. fault.Limited when there are too many.
func (w *watchers) begin(sub *subscription) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byDialog[sub.id] != nil {
		return nil
	}
	line := w.lines[sub.line]
	switch {
	case len(w.byDialog) >= maxWatchers || line != nil && len(line.watchers) >= 2*maxWatchersPerLine:
		return fault.New(fault.Limited, "Too many watch registrations.")
	case line == nil:
		line = &watchedLine{id: sub.line}
		line.place = w.order.PushFront(line)
		w.lines[sub.line] = line
	}
	w.makeRoom(line)
	sub.fresh = true
	line.watchers = append(line.watchers, sub)
	w.byDialog[sub.id] = sub
	return nil
}

// makeRoom ends the oldest watcher of a line that has as many as it may have; w.mu is held.
func (w *watchers) makeRoom(line *watchedLine) {
	living := slices.DeleteFunc(slices.Clone(line.watchers), func(s *subscription) bool { return s.ending != "" })
	if len(living) < maxWatchersPerLine {
		return
	}
	oldest := slices.MinFunc(living, func(a, b *subscription) int { return a.expires.Compare(b.expires) })
	oldest.ending = "probation;retry-after=" + probationWait
}

// refresh prolongs a subscription, or ends it. fault.NotFound when there is none; fault.Conflict when a later request was answered already.
func (w *watchers) refresh(next *subscription) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	sub := w.byDialog[next.id]
	switch {
	case sub == nil || sub.line != next.line || sub.ending != "":
		return fault.New(fault.NotFound, "There is no such subscription.")
	case next.cseq < sub.cseq:
		return fault.New(fault.Conflict, "A later request of this subscription was answered already.")
	case next.cseq == sub.cseq:
		return nil
	}
	sub.cseq, sub.contact, sub.expires, sub.fresh = next.cseq, next.contact, next.expires, true
	if here := next.target; here.Transport != sub.target.Transport || here.Source != sub.target.Source {
		sub.target.Transport, sub.target.Source = here.Transport, here.Source
		sub.moves++
		sub.busy = false
	}
	return nil
}

// changed says that a line may be registered in another way now, or that one of its watchers is to be told.
func (w *watchers) changed(id provisioning.LineID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if line := w.lines[id]; line != nil {
		w.soon[line] = struct{}{}
	}
}

// count returns how many watchers there are.
func (w *watchers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byDialog)
}

// drop takes a subscription away; w.mu is held.
func (w *watchers) drop(sub *subscription) {
	line := w.lines[sub.line]
	if w.byDialog[sub.id] != sub || line == nil {
		return
	}
	delete(w.byDialog, sub.id)
	line.watchers = slices.DeleteFunc(line.watchers, func(s *subscription) bool { return s == sub })
	if len(line.watchers) == 0 {
		delete(w.lines, line.id)
		delete(w.soon, line)
		w.order.Remove(line.place)
	}
}

// run tells watchers until ctx ends, and waits for those that are being told.
func (w *watchers) run(ctx context.Context) {
	config := w.server.config
	ticker := time.NewTicker(max(time.Millisecond, config.WatchPause/looksPerPause))
	defer ticker.Stop()
	var telling sync.WaitGroup
	defer telling.Wait()
	slots := make(chan struct{}, maxTelling)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, n := range w.look(ctx) {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			telling.Go(func() {
				defer func() { <-slots }()
				w.tell(ctx, n)
			})
		}
	}
}

// look reads the lines whose turn it is, and returns what is to be told of them.
func (w *watchers) look(ctx context.Context) []notice {
	ids := w.turn(w.server.config.Now())
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	states, err := w.server.config.Registrations.LineRegistrations(ctx, ids)
	if err != nil {
		if ctx.Err() == nil {
			w.server.config.Logger.Warn("who watches registrations is told later", "error", err)
		}
		w.again(ids)
		return nil
	}
	now := w.server.config.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []notice
	for _, id := range ids {
		if line := w.lines[id]; line != nil {
			state, exists := states[id]
			out = append(out, w.notices(line, state, exists, now)...)
		}
	}
	return out
}

// turn takes the next lines: those of which something is known to have changed, then those that weren't read for too long.
func (w *watchers) turn(now time.Time) []provisioning.LineID {
	config := w.server.config
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []provisioning.LineID
	take := func(line *watchedLine) {
		line.read = now
		w.order.MoveToBack(line.place)
		delete(w.soon, line)
		out = append(out, line.id)
	}
	for line := range w.soon {
		if len(out) == maxLook {
			return out
		}
		if line.read.IsZero() || now.Sub(line.read) >= config.WatchPause {
			take(line)
		}
	}
	for len(out) < maxLook && w.order.Len() > 0 {
		line, _ := w.order.Front().Value.(*watchedLine)
		if now.Sub(line.read) < config.WatchEvery {
			break
		}
		take(line)
	}
	return out
}

// again lets lines have another turn that couldn't be read.
func (w *watchers) again(ids []provisioning.LineID) {
	for _, id := range ids {
		w.changed(id)
	}
}

// notice is one NOTIFY that is to be sent.
type notice struct {
	sub    *subscription
	moves  uint32 // of it
	state  string // Subscription-State
	cseq   uint32
	body   []byte
	target Target
	uri    string
}

// notices compares a line with what was told of it, and returns what its watchers are told; w.mu is held.
func (w *watchers) notices(line *watchedLine, state provisioning.LineRegistration, exists bool, now time.Time) []notice {
	// A password that ended, with what it had registered, ends what it had subscribed to.
	closed := !exists || line.password != 0 && state.Password != line.password && !state.Overlap
	current, ended, changed := nextContacts(line.contacts, state.Bindings, closed, now)
	line.contacts, line.password = current, state.Password
	var out []notice
	for _, sub := range slices.Clone(line.watchers) {
		switch {
		case sub.ending != "":
		case !exists:
			sub.ending = "noresource"
		case closed:
			sub.ending = "deactivated"
		case !now.Before(sub.expires):
			sub.ending = "timeout"
		}
		if !changed && !sub.fresh && sub.ending == "" {
			continue
		}
		sub.missed = append(sub.missed, ended...)
		if len(sub.missed) > maxContacts {
			sub.missed = slices.Clone(sub.missed[len(sub.missed)-maxContacts:])
		}
		sub.fresh = true
		if !sub.busy {
			out = append(out, w.notice(sub, line, now))
		}
	}
	return out
}

// notice makes the NOTIFY of one watcher, and takes the watcher away when it is the last; w.mu is held.
func (w *watchers) notice(sub *subscription, line *watchedLine, now time.Time) notice {
	// A contact that ended and came again is there.
	ended := slices.DeleteFunc(sub.missed, func(c watchedContact) bool {
		return slices.ContainsFunc(line.contacts, func(current watchedContact) bool { return current.id == c.id })
	})
	sub.sent++
	n := notice{
		sub: sub, moves: sub.moves, cseq: sub.sent, target: sub.target, uri: sub.contact, state: "terminated;reason=" + sub.ending,
		body: w.server.reginfo(sub.version, line.id, sub.aor, line.contacts, ended, now),
	}
	sub.version++
	sub.fresh, sub.busy, sub.missed = false, true, nil
	if sub.ending == "" {
		n.state = "active;expires=" + secondsText(sub.expires.Sub(now))
	} else {
		w.drop(sub)
	}
	return n
}

// outcome is what became of a NOTIFY.
type outcome int

const (
	heard  outcome = iota // or as good as
	unsent                // too many of ours wait: it is to be told again
	hungUp                // nobody is there who subscribed
)

// told notes that a NOTIFY is over, and returns the next one where something happened meanwhile: no more often than the line is read.
func (w *watchers) told(n notice, o outcome) (next notice, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sub, line := n.sub, w.lines[n.sub.line]
	if n.moves != sub.moves || w.byDialog[sub.id] != sub {
		return notice{}, false
	}
	sub.busy = false
	switch {
	case o == hungUp:
		w.drop(sub)
	case o == unsent:
		sub.fresh = true
		w.soon[line] = struct{}{}
	case sub.fresh && !w.unread(line):
		return w.notice(sub, line, w.server.config.Now()), true
	}
	return notice{}, false
}

// unread reports whether a line is about to be read, and its watchers told by that; w.mu is held.
func (w *watchers) unread(line *watchedLine) bool {
	_, soon := w.soon[line]
	return soon
}

// nextCSeq counts a request that is sent again with a proof.
func (w *watchers) nextCSeq(sub *subscription) uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	sub.sent++
	return sub.sent
}

// watchPauses fills in what a config leaves out.
func (c *Config) watchPauses() {
	c.WatchPause = cmp.Or(c.WatchPause, time.Second)
	c.WatchEvery = cmp.Or(c.WatchEvery, 10*time.Second)
}
