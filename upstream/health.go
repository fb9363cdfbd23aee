package upstream

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// State is how an upstream was met last, in the wire's words.
type State string

// The states.
const (
	Unknown State = "unknown" // it wasn't asked yet
	Up      State = "up"
	Down    State = "down"
)

// Status is what one node knows of an upstream.
type Status struct {
	State      State
	Since      time.Time // of the state; zero while unknown
	LastAnswer time.Time // zero: none yet
	LastStatus int       // of that answer
	Failure    string    // why it is down
	Waiting    int       // phones that were told to come back in this moment's queue
}

// health is what is known of one upstream. Service.mu guards it.
type health struct {
	Status
	tokens   float64
	filled   time.Time
	promised time.Time // when the last of those who were told to come back will
	used     time.Time // when a phone last made us ask or would have
	probe    time.Time // not before: the next sign of life that is asked for
	back     time.Time // when it last came back after it was down; zero: it never was down
}

// The bounds of waiting.
const (
	// longestWait is what a phone is told at most: later than that, it may have been forgotten by its user.
	longestWait = 5 * time.Minute
	// downWait is how long a phone waits that found an upstream down, with as much again by random.
	downWait = 15 * time.Second
	// pingEvery is how often an upstream is asked for a sign of life while phones use it, probeEvery while it is down.
	pingEvery, probeEvery = 30 * time.Second, 5 * time.Second
	// idleAfter is how long after the last phone an upstream isn't asked any more.
	idleAfter = 2 * time.Hour
)

func (s *Service) healthOf(partner customer.OrgID) *health {
	h := s.health[partner]
	if h == nil {
		h = &health{Status: Status{State: Unknown}}
		s.health[partner] = h
	}
	return h
}

// Status returns what this node knows of an upstream.
func (s *Service) Status(setting Setting) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.healthOf(setting.Partner)
	out := h.Status
	if left := h.promised.Sub(s.Now()); left > 0 {
		out.Waiting = int(left.Seconds() * float64(setting.Rate))
	}
	return out
}

// Back returns when an upstream came back after it was down, as this node saw it; zero: it never was down.
func (s *Service) Back(setting Setting) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.healthOf(setting.Partner).back
}

// Statuses counts the upstreams by state, for metrics.
func (s *Service) Statuses() map[State]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[State]int{Up: 0, Down: 0, Unknown: 0}
	for _, h := range s.health {
		out[h.State]++
	}
	return out
}

// Admit takes one registration's turn at an upstream: nil when it may be handed on now. fault.Unavailable while the upstream is down, fault.Limited when
// more come than its rate; both say when the phone is to come back, each phone at another moment.
func (s *Service) Admit(setting Setting) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, now := s.healthOf(setting.Partner), s.Now()
	h.used = now
	if h.State == Down {
		e := fault.New(fault.Unavailable, "The upstream registrar is down.")
		e.RetryAfter = downWait + time.Duration(s.Random()*float64(downWait))
		return e
	}
	wait := h.take(float64(setting.Rate), now)
	if wait <= 0 {
		return nil
	}
	e := fault.New(fault.Limited, "Too many registrations are handed on at once.")
	e.RetryAfter = wait
	return e
}

// take takes a token from a bucket that holds a second's worth, and says else after how long the caller is to come back: one after the other, at the rate.
func (h *health) take(rate float64, now time.Time) time.Duration {
	if h.filled.IsZero() {
		h.tokens = rate
	} else {
		h.tokens = min(rate, h.tokens+rate*max(0, now.Sub(h.filled).Seconds()))
	}
	h.filled = now
	if h.tokens >= 1 {
		h.tokens--
		return 0
	}
	if h.promised.Before(now) {
		h.promised = now
	}
	if h.promised.Sub(now) < longestWait {
		h.promised = h.promised.Add(time.Duration(float64(time.Second) / rate))
	}
	return max(time.Second, h.promised.Sub(now))
}

// unavailable is the status by which an upstream says that it can't.
const unavailable = 503

// Answered notes an answer: the upstream is there, unless it says that it can't serve.
func (s *Service) Answered(setting Setting, status int) {
	if status == unavailable {
		s.met(setting, Down, status, "It answered 503.")
		return
	}
	s.met(setting, Up, status, "")
}

// Failed notes that none of an upstream's addresses answered.
func (s *Service) Failed(setting Setting, err error) {
	s.met(setting, Down, 0, fault.Message(err))
}

// Lost notes that a connection to an upstream ended: it is asked for a sign of life at once.
func (s *Service) Lost(setting Setting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.healthOf(setting.Partner).probe = s.Now()
}

// met notes how an upstream was met. Only a change is logged.
func (s *Service) met(setting Setting, state State, status int, failure string) {
	s.mu.Lock()
	h, now := s.healthOf(setting.Partner), s.Now()
	before := h.Status
	if status != 0 {
		h.LastAnswer, h.LastStatus = now, status
	}
	if h.State == Down && state == Up {
		h.back = now
	}
	if h.State != state {
		h.State, h.Since = state, now
	}
	h.Failure = failure
	h.probe = now.Add(pingEvery)
	if state == Down {
		h.probe = now.Add(probeEvery + time.Duration(s.Random()*float64(probeEvery)/2))
		s.dropTargets(setting)
	}
	s.mu.Unlock()
	if before.State == state {
		return
	}
	if state == Down {
		s.Logger.Warn("an upstream registrar is down: phones that it still holds stay registered, others are told to come back", upstreamAttrs(setting, "failure", failure)...)
	} else {
		s.Logger.Info("an upstream registrar answers", upstreamAttrs(setting, "status", status)...)
	}
}

func upstreamAttrs(s Setting, key string, value any) []any {
	return []any{slog.String("partner", string(s.Partner)), slog.String("upstream", s.Address()), slog.String("transport", string(s.Transport)), slog.Any(key, value)}
}

// NextProbes returns the upstreams that are to be asked for a sign of life now, and counts them as asked: those that phones use.
func (s *Service) NextProbes(ctx context.Context) []Setting {
	s.mu.Lock()
	var due []customer.OrgID
	now := s.Now()
	for partner, h := range s.health {
		if now.Sub(h.used) > idleAfter || now.Before(h.probe) {
			continue
		}
		h.probe = now.Add(pingEvery)
		due = append(due, partner)
	}
	s.mu.Unlock()
	slices.Sort(due)
	var out []Setting
	for _, partner := range due {
		if setting, on, err := s.InForce(ctx, partner); err == nil && on && setting.Partner == partner {
			out = append(out, setting)
		} else if err == nil {
			s.forget(partner)
		}
	}
	return out
}

// forget drops what is known of an upstream that is no more.
func (s *Service) forget(partner customer.OrgID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.health, partner)
}
