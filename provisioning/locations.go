package provisioning

import (
	"context"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/job"
)

// jobReviseLocation is what a change of a location promises that its phones show.
const jobReviseLocation job.Kind = "provisioning.revise_location"

type locationArgs struct {
	Partner  customer.OrgID      `json:"partner"`
	Org      customer.OrgID      `json:"org"`
	Location customer.LocationID `json:"location"`
	Actor    string              `json:"actor"`
}

// reviseChunk is how many devices one transaction takes along: other writers of the customer wait for some milliseconds.
const reviseChunk = 200

// ChangeLocation changes what a location is called and where it is, and promises to raise the revision of its devices when they are told otherwise then.
// Errors as in customer.Service.ChangeLocation.
func (s *Service) ChangeLocation(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, in customer.LocationChange) error {
	known, err := s.store.Location(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		before, after, err := s.customers.ChangeLocation(ctx, tx, actor, known.Tenant(), id, in)
		if err != nil || !after.TellsPhonesOtherwise(before) {
			return err
		}
		if err := tx.BeginRevising(ctx, after.Tenant(), id); err != nil {
			return err
		}
		return tx.Enqueue(ctx, job.Job{Kind: jobReviseLocation, Args: locationArgs{Partner: after.Partner, Org: after.Org, Location: id, Actor: actor.Email}})
	})
}

// reviseLocation raises the revision of a location's next devices. How far it is stands in the location, so that it can be cut off anywhere and run
// again; two jobs after two changes share the work.
func (s *Service) reviseLocation(ctx context.Context, args locationArgs) error {
	tenant := customer.Tenant{Partner: args.Partner, Customer: args.Org}
	count := 0
	err := s.store.Update(ctx, tenant, func(tx Tx) error {
		list, err := tx.NextToRevise(ctx, tenant, args.Location, reviseChunk)
		if err != nil {
			return err
		}
		count = len(list)
		for _, d := range list {
			if _, err := s.Publish(ctx, tx, customer.Actor{Email: args.Actor}, tenant, d.ID, customer.EventLocationChanged, nil); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case fault.Is(err, fault.NotFound): // the location is gone, and with it what was to be told
		return nil
	case err == nil && count == reviseChunk:
		return job.Again(0)
	}
	return err
}

// Workers are those who keep promises that phones are a part of.
func (s *Service) Workers() []job.Worker {
	return []job.Worker{
		job.For(jobReviseLocation, s.reviseLocation, func(_ context.Context, _ locationArgs, cause error) error { return cause }), // phones would be left behind
		job.For(jobReviseWatchers, s.reviseWatchers, func(_ context.Context, _ watchersArgs, cause error) error { return cause }),
		job.For(customer.JobPrefix, s.prefixChanged, func(_ context.Context, _ customer.PrefixChange, cause error) error { return cause }),
	}
}
