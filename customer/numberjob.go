package customer

import (
	"context"
	"time"

	"dialtone/fault"
	"dialtone/job"
)

// NumberJobID names a job on numbers, a UUID.
type NumberJobID string

// NumberOperation is what a job does to numbers, in the wire's words.
type NumberOperation string

// The operations.
const (
	OperationMove  NumberOperation = "MOVE" // to another location of the organisation
	OperationUsage NumberOperation = "NUMBER_USAGE_CHANGE"
)

// JobState says how far a job is, in the wire's words.
type JobState string

// The states of a job.
const (
	JobStarting  JobState = "STARTING"
	JobCompleted JobState = "COMPLETED" // with or without failures of single numbers
	JobFailed    JobState = "FAILED"    // nothing could be done
)

// NumberJob is background work on numbers of one location.
type NumberJob struct {
	ID        NumberJobID
	Partner   OrgID
	Org       OrgID
	Actor     string  // who asked for it: an admin's e-mail
	Admin     AdminID // and the admin's id
	Operation NumberOperation
	Source    LocationID
	Target    LocationID  // of OperationMove
	Usage     NumberUsage // of OperationUsage
	Numbers   []string    // 1 to 500, E.164
	State     JobState
	Changed   int // numbers that were moved or changed
	Failures  []NumberFailure
	Created   time.Time
	Finished  time.Time // zero: not yet
}

// NumberFailure says why one number of a job stayed as it was.
type NumberFailure struct {
	Number  string
	Code    fault.Code
	Message string
}

// Tenant returns whose job it is.
func (j NumberJob) Tenant() Tenant { return Tenant{Partner: j.Partner, Customer: j.Org} }

// NewNumberJob is the input of StartNumberJob.
type NewNumberJob struct {
	Operation NumberOperation
	Source    LocationID
	Target    LocationID
	Usage     NumberUsage
	E164      []string // 1 to 500; other signs than + and digits are taken out
}

// jobNumbers is what accepting a job on numbers promises.
const jobNumbers job.Kind = "customer.numbers"

type numberJobArgs struct {
	Partner OrgID       `json:"partner"`
	Org     OrgID       `json:"org"`
	Job     NumberJobID `json:"job"`
}

// StartNumberJob promises to do something to numbers of a location. fault.Invalid names the fields that break a rule; what is wrong with single numbers
// is told by the job.
func (s *Service) StartNumberJob(ctx context.Context, actor Actor, tenant Tenant, in NewNumberJob) (NumberJob, error) {
	source, err := s.store.Location(ctx, tenant, in.Source)
	if err != nil {
		return NumberJob{}, unknownField(err, "numberList[0].locationId", "names no location of yours")
	}
	j := NumberJob{
		ID: NumberJobID(s.newID()), Partner: source.Partner, Org: source.Org, Actor: actor.Email, Admin: actor.Admin, Operation: in.Operation,
		Source: in.Source, Target: in.Target, Usage: in.Usage, State: JobStarting, Created: s.now(),
	}
	var p problems
	switch in.Operation {
	case OperationMove:
		if err := p.target(ctx, s.store, source, in.Target); err != nil {
			return NumberJob{}, err
		}
	case OperationUsage:
		if in.Usage != UsageNone && in.Usage != UsageService {
			p.reject("numberUsageType", string(in.Usage), "must be NONE or SERVICE")
		}
	default:
		p.reject("operation", string(in.Operation), "must be MOVE or NUMBER_USAGE_CHANGE")
	}
	j.Numbers = p.numberList(in.E164)
	if err := p.err("The job can't be started"); err != nil {
		return NumberJob{}, err
	}
	return j, s.store.Update(ctx, j.Tenant(), func(tx Tx) error {
		if err := tx.CreateNumberJob(ctx, j); err != nil {
			return err
		}
		return tx.Enqueue(ctx, job.Job{Kind: jobNumbers, Args: numberJobArgs{Partner: j.Partner, Org: j.Org, Job: j.ID}})
	})
}

// target checks where numbers are to go.
func (p *problems) target(ctx context.Context, r Reader, source Location, id LocationID) error {
	const field = "targetLocationId"
	if id == source.ID {
		p.add(field, "must be another location than the numbers are in")
		return nil
	}
	l, err := r.Location(ctx, source.Tenant(), id)
	switch {
	case fault.Is(err, fault.NotFound):
		p.unknown(field, "names no location of the same organisation")
		return nil
	case err != nil:
		return err
	case !l.Calling:
		p.add(field, "must be a location with calling")
	}
	return nil
}

// NumberJob returns one job.
func (s *Service) NumberJob(ctx context.Context, tenant Tenant, id NumberJobID) (NumberJob, error) {
	return s.store.NumberJob(ctx, tenant, id)
}

// NumberJobs lists the tenant's jobs, the newest first.
func (s *Service) NumberJobs(ctx context.Context, tenant Tenant, page Page) ([]NumberJob, bool, error) {
	return s.store.NumberJobs(ctx, tenant, page)
}

// workOnNumbers does a job in one transaction: its numbers are few. Who moved the organisation away meanwhile finds no job any more.
func (s *Service) workOnNumbers(ctx context.Context, args numberJobArgs) error {
	tenant := Tenant{Partner: args.Partner, Customer: args.Org}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		j, err := tx.NumberJob(ctx, tenant, args.Job)
		if err != nil || j.State != JobStarting {
			return unlessGone(err)
		}
		if j, err = s.doNumberJob(ctx, tx, j); err != nil {
			return err
		}
		return tx.SetNumberJob(ctx, j)
	})
}

// giveUpOnNumbers ends the waiting for what couldn't be done for hours.
func (s *Service) giveUpOnNumbers(ctx context.Context, args numberJobArgs, _ error) error {
	tenant := Tenant{Partner: args.Partner, Customer: args.Org}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		j, err := tx.NumberJob(ctx, tenant, args.Job)
		if err != nil || j.State != JobStarting {
			return unlessGone(err)
		}
		j.State, j.Finished = JobFailed, s.now()
		j.Failures = []NumberFailure{{Code: fault.CodeGivenUp, Message: "This took too many attempts. Start the job once more; if it fails again, ask whoever runs the server."}}
		return tx.SetNumberJob(ctx, j)
	})
}

func (s *Service) doNumberJob(ctx context.Context, tx Tx, j NumberJob) (NumberJob, error) {
	j.State, j.Finished = JobCompleted, s.now()
	source, err := tx.Location(ctx, j.Tenant(), j.Source)
	if fault.Is(err, fault.NotFound) {
		return j.refused("", fault.CodeUnknown, "The location of the numbers isn't there any more."), nil
	}
	if err != nil {
		return j, err
	}
	if j.Operation == OperationMove {
		if takes, err := takesNumbers(ctx, tx, j); err != nil || !takes {
			return j.refused("", fault.CodeCallingOff, "The location that the numbers were to go to isn't there any more, or has no calling."), err
		}
	}
	var changed []string
	for _, e164 := range j.Numbers {
		err := s.changeNumber(ctx, tx, j, source, e164)
		switch {
		case err == nil:
			changed = append(changed, e164)
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound):
			j = j.refused(e164, firstCode(err), fault.Message(err))
		default:
			return j, err
		}
	}
	j.Changed = len(changed)
	if len(changed) == 0 {
		return j, nil
	}
	kind, facts := EventNumbersMoved, map[string]any{"numbers": changed, "from": j.Source, "to": j.Target}
	if j.Operation == OperationUsage {
		kind, facts = EventNumbersChanged, map[string]any{"numbers": changed, "usage": j.Usage}
	}
	return j, s.record(ctx, tx, Actor{Partner: j.Partner, Email: j.Actor}, j.Tenant(), kind, string(j.Source), facts)
}

// takesNumbers reports whether the numbers of a job can go where they are to.
func takesNumbers(ctx context.Context, r Reader, j NumberJob) (bool, error) {
	target, err := r.Location(ctx, j.Tenant(), j.Target)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return target.Calling, err
}

// changeNumber does what a job says to one number.
func (s *Service) changeNumber(ctx context.Context, tx Tx, j NumberJob, source Location, e164 string) error {
	n, err := tx.Number(ctx, j.Tenant(), e164)
	if fault.Is(err, fault.NotFound) || err == nil && n.Location != source.ID {
		return fault.New(fault.NotFound, "%s isn't in the location %s.", e164, source.Name).WithCode(fault.CodeUnknown)
	}
	if err != nil {
		return err
	}
	if j.Operation == OperationUsage {
		n.Usage = j.Usage
		return tx.SetNumber(ctx, n)
	}
	if err := source.keeps(n, "moved"); err != nil {
		return err
	}
	n.Location = j.Target
	return tx.SetNumber(ctx, n)
}

func (j NumberJob) refused(number string, code fault.Code, message string) NumberJob {
	if number == "" {
		j.State = JobFailed
	}
	j.Failures = append(j.Failures, NumberFailure{Number: number, Code: code, Message: message})
	return j
}

func firstCode(err error) fault.Code {
	if list := fault.ProblemsOf(err); len(list) > 0 {
		return list[0].Code
	}
	return fault.CodeRule
}
