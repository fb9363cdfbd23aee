package echo

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// minSession is the shortest session interval, in seconds (RFC 4028 section 4).
const minSession = 90

// sessionTimer is what was agreed on (RFC 4028); zero for none.
type sessionTimer struct {
	interval time.Duration
	ours     bool // we refresh
}

// timerOf reads what a phone wants. ok is false for an interval that is too short. A phone that wants us to refresh and takes no UPDATE gets no
// timer: no call is as long as to need one.
func timerOf(r Request) (t sessionTimer, ok bool) {
	value, parameters, _ := strings.Cut(r.SessionExpires, ";")
	if value = strings.TrimSpace(value); value == "" {
		return sessionTimer{}, true
	}
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return sessionTimer{}, true
	}
	if seconds < minSession {
		return sessionTimer{}, false
	}
	t.interval = time.Duration(seconds) * time.Second
	t.ours = strings.Contains(strings.ToLower(parameters), "refresher=uas") || !slices.Contains(r.Supported, "timer")
	if t.ours && !slices.Contains(r.Allow, "UPDATE") {
		return sessionTimer{}, true
	}
	return t, true
}

// fields are what a 2xx says of the timer.
func (t sessionTimer) fields() []field {
	if t.interval == 0 {
		return nil
	}
	value := strconv.Itoa(int(t.interval / time.Second))
	if t.ours {
		return []field{{"Session-Expires", value + ";refresher=uas"}}
	}
	return []field{{"Require", "timer"}, {"Session-Expires", value + ";refresher=uac"}}
}

// left is how long a call may go on without a refresh; 0 for ever. Who doesn't refresh is hung up on a little before the end (RFC 4028 section 10).
func (t sessionTimer) left() time.Duration {
	switch {
	case t.interval == 0:
		return 0
	case t.ours:
		return t.interval / 2
	}
	return t.interval - min(32*time.Second, t.interval/3)
}

// watch ends a call that lasts too long, or that nobody refreshes.
func (s *Server) watch(c *call, timer sessionTimer) {
	longest := time.NewTimer(s.config.MaxDuration)
	defer longest.Stop()
	refresh := time.NewTimer(time.Hour)
	defer refresh.Stop()
	set := func(left time.Duration) {
		if left == 0 {
			left = 24 * time.Hour // longer than any call
		}
		refresh.Reset(left)
	}
	set(timer.left())
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-c.ended:
			return
		case left := <-c.refreshed:
			set(left)
		case <-longest.C:
			s.hangUp(c, "the call reached the longest time that one may take", 200)
			return
		case <-refresh.C:
			if !timer.ours {
				s.hangUp(c, "the phone didn't refresh the session", 408)
				return
			}
			interval := strconv.Itoa(int(timer.interval / time.Second))
			s.request(c, "UPDATE", []field{{"Supported", "timer"}, {"Session-Expires", interval + ";refresher=uac"}})
			set(timer.left())
		}
	}
}
