package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
)

// Workers are those who keep promises that phones are a part of.
func (s *Service) Workers() []job.Worker {
	return []job.Worker{
		job.For(customer.JobDeprovision, s.deprovision, neverGivenUp),
		job.For(jobReviseLocation, s.reviseLocation, func(_ context.Context, _ locationArgs, cause error) error { return cause }), // phones would be left behind
		job.For(jobReviseWatchers, s.reviseWatchers, func(_ context.Context, _ watchersArgs, cause error) error { return cause }),
		job.For(customer.JobPrefix, s.prefixChanged, func(_ context.Context, _ customer.PrefixChange, cause error) error { return cause }),
		job.For(jobImport, s.runImport, s.giveUpImport),
		job.For(jobOverDevices, s.runDeviceJob, s.giveUpDeviceJob),
		job.For(jobSweepImport, s.sweepImport, func(context.Context, importArgs, error) error { return nil }),
	}
}

// neverGivenUp goes on, with an error in the log each time: who is denied mustn't be served because a database was away.
func neverGivenUp(_ context.Context, _ customer.Deprovisioning, cause error) error { return cause }

// deprovisionChunk is how many subscribers one run removes: each takes a transaction of some milliseconds.
const deprovisionChunk = 50

// deprovision takes packages and phones from everybody and every workspace of a customer whose review is due, chunk by chunk, and then ends the customer. Each step is a
// transaction of its own that finds what the ones before have left, so that it can be cut off anywhere and run again.
func (s *Service) deprovision(ctx context.Context, d customer.Deprovisioning) error {
	c, due, err := s.customers.BeginDeprovisioning(ctx, d)
	if err != nil || !due {
		return err
	}
	list, more, err := s.store.Subscribers(ctx, c.Tenant(), customer.SubscriberFilter{}, customer.Page{Max: deprovisionChunk})
	if err != nil {
		return err
	}
	for _, sub := range list {
		err := s.RemoveSubscriber(ctx, customer.System(c.Partner), sub.ID)
		if err != nil && !fault.Is(err, fault.NotFound) { // somebody else was faster
			return err
		}
	}
	if more {
		return job.Again(0)
	}
	if more, err = s.removePlaces(ctx, c); err != nil {
		return err
	}
	if more {
		return job.Again(0)
	}
	return s.customers.FinishDeprovisioning(ctx, c)
}
