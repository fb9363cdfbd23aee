package billing

import (
	"cmp"
	"context"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
)

// Config is what a Service needs. Every field but LinkKey must be set.
type Config struct {
	Store   Store
	Counter Counter
	Now     func() time.Time
	NewID   func() string // a fresh UUID in canonical form
	LinkKey []byte        // that links to files are signed with; nil: there are none
}

// Service carries the operations on reports. It is safe for concurrent use. Its errors are those of the store; each method says what it adds.
type Service struct {
	store   Store
	counter Counter
	now     func() time.Time
	newID   func() string
	linkKey []byte
}

// NewService returns a service.
func NewService(c Config) *Service {
	return &Service{store: c.Store, counter: c.Counter, now: c.Now, newID: c.NewID, linkKey: c.LinkKey}
}

// NewReport is the input of Create.
type NewReport struct {
	Start, End string         // YYYY-MM-DD, or a timestamp, of which the date counts; see ParseDate
	Type       Type           // empty: TypePartner
	Category   Category       // empty: Reconciliation
	SubPartner customer.OrgID // of the actor's partner; empty: the partner itself
	Internal   bool
}

// Create orders a report, which is counted in the background (product rule 9). fault.Invalid, with all that is wrong and the fields in the wire's
// spelling, when a day isn't over, is more than five years ago, or doesn't exist, when the last day is before the first, when a word isn't known, or
// when the sub-partner isn't the partner's. fault.Conflict while a completed report of the same kind is there: it must be deleted before. Those that
// failed or are in progress aren't in the way.
func (s *Service) Create(ctx context.Context, actor customer.Actor, in NewReport) (Report, error) {
	r, err := s.ordered(ctx, actor, in)
	if err != nil {
		return Report{}, err
	}
	return r, s.store.Update(ctx, r.tenant(), func(tx Tx) error {
		if completed, err := tx.HasCompleted(ctx, r); err != nil || completed {
			return orConflict(err, r)
		}
		if err := tx.CreateReport(ctx, r); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, actor.Email, EventReportOrdered); err != nil {
			return err
		}
		return tx.Enqueue(ctx, job.Job{Kind: jobReport, Args: reportArgs{Partner: r.Partner, Report: r.ID}})
	})
}

// ordered checks the input and returns the report as it is before it is counted.
func (s *Service) ordered(ctx context.Context, actor customer.Actor, in NewReport) (Report, error) {
	var p problems
	r := Report{
		ID: ReportID(s.newID()), Partner: actor.Partner, SubPartner: in.SubPartner, Internal: in.Internal, Status: InProgress,
		CreatedBy: actor.Admin, CreatedByEmail: actor.Email, Created: s.now(),
	}
	today, err := s.today(ctx, cmp.Or(in.SubPartner, actor.Partner))
	if err != nil {
		return Report{}, err
	}
	r.Start, r.End = p.days(in.Start, in.End, today)
	r.Type = word(&p, "type", in.Type, Types())
	r.Category = word(&p, "category", in.Category, Categories())
	if in.SubPartner != "" {
		_, err := s.store.SubPartner(ctx, actor.Partner, in.SubPartner)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Report{}, err
		}
		if err != nil {
			p.add(fault.CodeUnknown, "subPartnerOrgId", "names no sub-partner of yours")
		}
	}
	return r, p.err()
}

// today is the day that isn't over yet: in the zone of the partner's subscriptions where it is earliest, in UTC while nobody is counted.
func (s *Service) today(ctx context.Context, partner customer.OrgID) (Date, error) {
	zones, err := s.store.Zones(ctx, partner)
	if err != nil || len(zones) == 0 {
		return DateOf(s.now().UTC()), err
	}
	today := zones[0].Day(s.now())
	for _, zone := range zones {
		today = min(today, zone.Day(s.now()))
	}
	day, _ := ParseDate(today.String())
	return day, nil
}

func orConflict(err error, r Report) error {
	if err != nil {
		return err
	}
	notice := existsAlready(r)
	return fault.New(fault.Conflict, "%s", notice.Message).WithCode(notice.Code)
}

// existsAlready says that another report is in the way.
func existsAlready(r Report) customer.Notice {
	return customer.Notice{Code: fault.CodeReportExists, Message: "There is a completed report of the type " + string(r.Type) + " for " + r.Start.String() + " to " + r.End.String() + ". Use it, or delete it before you order it again."}
}

// Report returns one report of the actor's partner. fault.NotFound, with the wire's own number, when there is none.
func (s *Service) Report(ctx context.Context, actor customer.Actor, id ReportID) (Report, error) {
	r, err := s.store.Report(ctx, actor.Partner, id)
	return r, orUnknown(err)
}

// orUnknown says in the wire's words that there is no such report.
func orUnknown(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "Billing Report not found.").WithCode(fault.CodeReportNotFound)
	}
	return err
}

// Reports lists the reports of the actor's partner.
func (s *Service) Reports(ctx context.Context, actor customer.Actor, filter Filter, page customer.Page) ([]Report, bool, error) {
	return s.store.Reports(ctx, actor.Partner, filter, page)
}

// Delete deletes a report; one that is in progress isn't finished any more. fault.NotFound as Report.
func (s *Service) Delete(ctx context.Context, actor customer.Actor, id ReportID) error {
	return orUnknown(s.store.Update(ctx, customer.Tenant{Partner: actor.Partner}, func(tx Tx) error {
		r, err := tx.Report(ctx, actor.Partner, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteReport(ctx, actor.Partner, id); err != nil {
			return err
		}
		return s.record(ctx, tx, r, actor.Email, EventReportDeleted)
	}))
}

// record writes what happened to a report into the log.
func (s *Service) record(ctx context.Context, tx Tx, r Report, who string, kind customer.EventKind) error {
	facts := map[string]any{
		"billingStartDate": r.Start.String(), "billingEndDate": r.End.String(), "type": r.Type, "category": r.Category, "internal": r.Internal, "status": r.Status,
	}
	if r.SubPartner != "" {
		facts["subPartnerOrgId"] = r.SubPartner
	}
	if len(r.Errors) > 0 {
		facts["error"] = r.Errors[0].Message
	}
	return tx.Record(ctx, customer.Event{Time: s.now(), Tenant: r.tenant(), Actor: who, Kind: kind, Subject: string(r.ID), Data: facts})
}
