package billing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// Restatement says what of a completed report's days was restated after it was counted. A report that is made anew has it.
type Restatement struct {
	Since    time.Time   // when the first of them was restated; zero: none was
	Days     []usage.Day // in order; never nil
	Services []RestatedService
}

// RestatedService says by how much the days differ in one service.
type RestatedService struct {
	Service usage.Service
	Days    int         // on how many days something differs, be it the location alone
	By      usage.Units // how much more there is now; 0 when it is the same in sum
}

// Restated returns what was restated since a report was counted; nothing of one that isn't completed. fault.NotFound as Report.
func (s *Service) Restated(ctx context.Context, actor customer.Actor, id ReportID) (Report, Restatement, error) {
	r, err := s.Report(ctx, actor, id)
	if err != nil || r.Status != Completed {
		return r, Restatement{Days: []usage.Day{}}, err
	}
	progress, err := s.store.Progress(ctx, r.Partner, id)
	if err != nil {
		return r, Restatement{}, err
	}
	tenant := customer.Tenant{Partner: cmp.Or(r.SubPartner, r.Partner)}
	sum := restatementOf(r)
	for after := progress.Known; ; {
		list, err := s.store.Restated(ctx, tenant, after, restatedBatch)
		if err != nil {
			return r, Restatement{}, err
		}
		for _, e := range list {
			if err := sum.add(e); err != nil {
				return r, Restatement{}, err
			}
			after = e.ID
		}
		if len(list) < restatedBatch {
			return r, sum.result(), nil
		}
	}
}

// restatedBatch is how many events are read at a time.
const restatedBatch = 1000

// restatementSum adds up what was restated of a report's days. It holds a number for each day and service.
type restatementSum struct {
	first, last usage.Day
	since       time.Time
	services    map[usage.Service]map[usage.Day]usage.Units
}

func restatementOf(r Report) *restatementSum {
	sum := &restatementSum{first: dayOf(r.Start), last: dayOf(r.End), services: map[usage.Service]map[usage.Day]usage.Units{}}
	if r.Category == PointInTime {
		sum.first = sum.last
	}
	return sum
}

// add adds what an event says; one about another day is passed over.
func (s *restatementSum) add(e customer.Event) error {
	text := func(name string) string { value, _ := e.Data[name].(string); return value }
	day, known := usage.ParseDay(text("day"))
	before, _, okBefore := usage.ParseUnits(text("before"))
	after, _, okAfter := usage.ParseUnits(text("after"))
	if !known || !okBefore || !okAfter {
		return fault.New(fault.Internal, "The event %d doesn't say what was restated.", e.ID)
	}
	if day < s.first || day > s.last {
		return nil
	}
	if s.since.IsZero() || e.Time.Before(s.since) {
		s.since = e.Time
	}
	service := usage.ServiceOf(customer.Package(text("package")))
	if s.services[service] == nil {
		s.services[service] = map[usage.Day]usage.Units{}
	}
	s.services[service][day] += after - before
	return nil
}

func (s *restatementSum) result() Restatement {
	all := map[usage.Day]bool{}
	out := Restatement{Since: s.since}
	for _, service := range slices.Sorted(maps.Keys(s.services)) {
		days := s.services[service]
		one := RestatedService{Service: service, Days: len(days)}
		for day, units := range days {
			one.By += units
			all[day] = true
		}
		out.Services = append(out.Services, one)
	}
	out.Days = append([]usage.Day{}, slices.Sorted(maps.Keys(all))...)
	return out
}
