package provisioning

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/fault"
)

// How phones are told: in waves, by the node that holds their registrations.
const (
	bellInterval = 500 * time.Millisecond
	// bellsAtOnce bounds the phones that a node waits for, 32 seconds each when they are silent.
	bellsAtOnce = 1024
	// bellLease is longer than telling takes: two transactions of 32 s, as a phone may ask who we are.
	bellLease = 90 * time.Second
	// bellAttempts is how often a phone is told before it is left alone. It fetches at its boot and once a day anyway.
	bellAttempts = 6
	// bellAgain is after how long a silent phone is told again, and twice as long each time.
	bellAgain = 30 * time.Second
	// fetchPatience is how long a phone that answered may take to fetch, and twice as long each time: many wait for the end of a call.
	fetchPatience = 10 * time.Minute
	// bellStore bounds how long what became of it may take to be stored, also while the server stops.
	bellStore = 5 * time.Second
	bellSweep = 500
	// bellGone is how often it is looked whether a phone has come to another node, or its node back.
	bellGone = 10 * time.Second
)

// BellRates bound how many phones a node tells in a second: of all, and of one customer. Both are 1 or more.
type BellRates struct{ PerNode, PerCustomer int }

// Rules of what phones are told, as the boot trace names them.
const (
	RuleToldChange  = "its configuration changed: it is told to fetch it"
	RuleToldAsked   = "somebody asked for it"
	RuleFetchedBell = "it was told to fetch its configuration"
)

// RingBells tells phones what waits for them until ctx ends, and waits for those that are being told. node is this process's name, which registrations
// that came to it carry.
func (s *Service) RingBells(ctx context.Context, notifier Notifier, rates BellRates) error {
	var telling sync.WaitGroup
	defer telling.Wait()
	slots := make(chan struct{}, bellsAtOnce)
	ticker := time.NewTicker(bellInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, b := range s.takeBells(ctx, rates, bellsAtOnce-len(slots)) {
			slots <- struct{}{}
			telling.Go(func() {
				defer func() { <-slots }()
				s.tellPhone(ctx, notifier, b)
			})
		}
		s.sweepBells(ctx)
	}
}

// takeBells takes the next wave, half a second's worth.
func (s *Service) takeBells(ctx context.Context, rates BellRates, room int) []Bell {
	half := func(rate int) int { return max(1, rate/2) }
	now := s.now()
	bells, err := s.store.AnyTenantTakeBells(ctx, BellTurn{
		Node: s.node, Now: now, Until: now.Add(bellLease), Most: min(room, half(rates.PerNode)), PerCustomer: half(rates.PerCustomer),
	})
	if err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "phones aren't told of changes until the database answers", "error", err)
	}
	return bells
}

// sweepBells ends the bells whose phones have fetched, and parks those whose phones aren't there.
func (s *Service) sweepBells(ctx context.Context) {
	done, err := s.store.AnyTenantFetchedBells(ctx, bellSweep)
	for _, b := range done {
		s.recordFetched(b)
	}
	if err == nil {
		err = s.store.AnyTenantParkBells(ctx, s.now(), s.now().Add(bellGone), bellSweep)
	}
	if err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "what phones have fetched is noted later", "error", err)
	}
}

// recordFetched notes how long a phone took that was told.
func (s *Service) recordFetched(b FetchedBell) {
	if b.Told.IsZero() {
		return // it came by itself
	}
	took := max(0, b.Fetched.Sub(b.Told)).Round(time.Second)
	s.Record(TraceEntry{
		Device: b.Device, Door: doorSIP, Request: "NOTIFY", Answer: fmt.Sprintf("fetched %s after it answered", took), Rule: RuleFetchedBell, Time: b.Fetched,
	})
}

// tellPhone tells one phone, over one of its registrations, and keeps what became of it.
func (s *Service) tellPhone(ctx context.Context, notifier Notifier, b Bell) {
	n, found, err := s.notificationFor(ctx, notifier, b)
	if err != nil && !fault.Is(err, fault.Invalid) {
		s.logger.WarnContext(ctx, "a phone is told later", "device", b.Device, "error", err)
		return // when the lease has ended
	}
	var answer NotifyAnswer
	if err == nil && found {
		answer, err = notifier.Notify(ctx, n)
	}
	if ctx.Err() != nil {
		return // when the lease has ended, and perhaps by another node
	}
	keep := s.afterTelling(&b, found, answer, err)
	if found {
		s.recordTold(b, n, answer, err, keep)
	}
	stored, cancel := context.WithTimeout(context.WithoutCancel(ctx), bellStore)
	defer cancel()
	if keep {
		err = s.store.SetBell(stored, b)
	} else {
		err = s.store.DropBell(stored, b)
	}
	if err != nil {
		s.logger.WarnContext(ctx, "a phone may be told once more", "device", b.Device, "error", err)
	}
}

// afterTelling decides when a phone is told again; false: never. It is a pure function but for the clock.
func (s *Service) afterTelling(b *Bell, found bool, answer NotifyAnswer, err error) bool {
	now := s.now()
	double := func(d time.Duration) time.Time { return now.Add(d << min(b.Attempts-1, 10)) }
	switch {
	case err == nil && !found || err != nil && fault.Is(err, fault.NotFound): // its connection has ended, and it will make another one
		b.Due = time.Time{}
		b.Attempts--
		return true
	case err == nil && (answer.Status == statusBadEvent || answer.Status == statusNotImplemented || answer.Status == statusMethodNotAllowed):
		return false // it doesn't obey, and won't
	case b.Attempts >= bellAttempts || err != nil && (fault.Is(err, fault.Denied) || fault.Is(err, fault.Invalid)):
		return false
	case err != nil || answer.Status >= statusServerError:
		b.Due = double(bellAgain)
	default:
		b.Told, b.Due = now, double(fetchPatience)
	}
	return true
}

// The statuses of SIP that decide something.
const (
	statusMethodNotAllowed = 405
	statusBadEvent         = 489
	statusServerError      = 500
	statusNotImplemented   = 501
)

// recordTold notes in the boot trace what a phone was told and what it said.
func (s *Service) recordTold(b Bell, n Notification, answer NotifyAnswer, err error, keep bool) {
	e := TraceEntry{
		Device: b.Device, Door: doorSIP, Peer: n.Binding.Source.Addr(), Request: "NOTIFY " + n.Event + " over " + n.Binding.Transport,
		Rule: RuleToldChange, Revision: b.Revision, UserAgent: n.Binding.UserAgent,
	}
	if b.Asked {
		e.Rule = RuleToldAsked
	}
	switch {
	case err != nil:
		e.Answer = fault.Message(err)
	case answer.Challenged:
		e.Answer = fmt.Sprintf("told, with the line's password: it answered %d %s", answer.Status, answer.Reason)
	default:
		e.Answer = fmt.Sprintf("told: it answered %d %s", answer.Status, answer.Reason)
	}
	if !keep {
		e.Answer += "; it isn't told again"
	}
	s.Record(e)
}

// notificationFor finds what a phone is told and over which registration; false when none of them leads to it from here.
func (s *Service) notificationFor(ctx context.Context, notifier Notifier, b Bell) (Notification, bool, error) {
	d, err := s.store.Device(ctx, b.Tenant(), b.Device)
	if err != nil {
		return Notification{}, false, err
	}
	events, can := s.eventFor(d, b.Action)
	if !can {
		return Notification{}, false, fault.New(fault.Invalid, "The phone can't be told.")
	}
	bindings, err := s.store.Bindings(ctx, b.Tenant(), b.Device, s.now())
	if err != nil {
		return Notification{}, false, err
	}
	model, _ := deviceprofiles.FindModel(d.Model)
	here := slices.DeleteFunc(bindings, func(v BindingView) bool { return v.Node != s.node || !notifier.Reaches(v.Binding) })
	binding, found := bindingOf(here, d.MAC, model.Family, b.Attempts)
	if !found {
		return Notification{}, false, nil
	}
	lines, err := s.store.Lines(ctx, b.Tenant(), b.Device)
	if err != nil {
		return Notification{}, false, err
	}
	i := slices.IndexFunc(lines, func(l Line) bool { return l.ID == binding.Line })
	if i < 0 {
		return Notification{}, false, nil
	}
	return Notification{
		Binding: binding, UserName: lines[i].UserName, Domain: lines[i].Domain, Event: events.Resync, ContentType: events.ContentType, Body: events.Body,
		HA1: s.ha1For(lines[i]),
	}, true, nil
}

// ha1For gives what proves a line's password: what is at hand for its own realm, and of another one that a phone names.
func (s *Service) ha1For(l Line) func(digest.Algorithm, string) (string, error) {
	return func(a digest.Algorithm, realm string) (string, error) {
		if realm == l.Domain {
			return s.ha1(l, a)
		}
		password, err := s.open(passwordOwner(l.ID), l.Password)
		if err != nil {
			return "", err
		}
		return digest.HA1(a, l.UserName, realm, password), nil
	}
}

// bindingOf picks the one registration that is the device's own phone: others may use a line's credentials too, such as an app, or the phone that was there
// before. What names the phone's address in its instance or user agent comes first, then what says that it is of the family, then what says nothing; what
// names another phone or family is never told. Of equals it is the newest at the first attempt and the next one at each further: the newest may be what a
// phone left behind, or the flow of several that has died.
func bindingOf(list []BindingView, mac deviceprofiles.MAC, family deviceprofiles.Family, attempt int) (Binding, bool) {
	most := 1
	for _, v := range list {
		most = max(most, likeness(v.Binding, mac, family))
	}
	equal := slices.DeleteFunc(slices.Clone(list), func(v BindingView) bool { return likeness(v.Binding, mac, family) < most })
	if len(equal) == 0 {
		return Binding{}, false
	}
	slices.SortStableFunc(equal, func(a, b BindingView) int {
		return cmp.Or(b.Registered.Compare(a.Registered), cmp.Compare(a.Port, b.Port))
	})
	return equal[max(0, attempt-1)%len(equal)].Binding, true
}

// likeness tells how sure it is that a registration is a phone's: 0 for not at all.
func likeness(b Binding, mac deviceprofiles.MAC, family deviceprofiles.Family) int {
	const none, unknown, ofFamily, named = 0, 1, 2, 3
	agent := deviceprofiles.ParseAgent(b.UserAgent)
	plain := strings.NewReplacer("-", "", ":", "").Replace(strings.ToLower(b.InstanceID))
	switch {
	case b.Line == "":
		return none
	case agent.MAC == mac || strings.Contains(plain, mac.Lower()) || strings.Contains(strings.ToLower(b.Contact), mac.Lower()):
		return named
	case agent.MAC != deviceprofiles.MAC{}:
		return none
	case agent.Family == family:
		return ofFamily
	case agent.Family != "":
		return none
	}
	return unknown
}
