package customer

import (
	"context"

	"dialtone/fault"
	"dialtone/job"
)

// jobFulfil is what accepting a new, changed or leaving customer promises.
const jobFulfil job.Kind = "customer.fulfil"

type fulfilArgs struct {
	Partner  OrgID      `json:"partner"`
	Customer CustomerID `json:"customer"`
}

// Workers are those who keep what this service promises.
func (s *Service) Workers() []job.Worker {
	return append([]job.Worker{
		job.For(jobFulfil, s.fulfil, s.giveUp),
		job.For(jobMail, s.sendMail, s.mailFailed),
		job.For(jobNumbers, s.workOnNumbers, s.giveUpOnNumbers),
	}, s.screeningWorkers()...)
}

// promise ends the transaction that made a customer busy.
func (s *Service) promise(ctx context.Context, tx Tx, c Customer) error {
	return tx.Enqueue(ctx, job.Job{Kind: jobFulfil, Args: fulfilArgs{Partner: c.Partner, Customer: c.ID}})
}

// fulfil does what a customer waits for. What a rule forbids is rolled back, and then written down as the result: trying again wouldn't mend it.
// Every other failure is tried again.
func (s *Service) fulfil(ctx context.Context, args fulfilArgs) error {
	err := s.withBusy(ctx, args, s.fulfilIn)
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		return err
	}
	return s.withBusy(ctx, args, func(ctx context.Context, tx Tx, c Customer) error {
		return s.finish(ctx, tx, c.refused(noticesOf(err)))
	})
}

// giveUp ends the waiting for what couldn't be done for hours.
func (s *Service) giveUp(ctx context.Context, args fulfilArgs, _ error) error {
	return s.withBusy(ctx, args, func(ctx context.Context, tx Tx, c Customer) error {
		return s.finish(ctx, tx, c.failed(Notice{fault.CodeGivenUp, "This took too many attempts. Send the same update once more; if it fails again, ask whoever runs the server."}))
	})
}

// withBusy runs a step of the work on a customer in a transaction; one that nothing is promised to any more is left alone, as jobs may be run twice.
func (s *Service) withBusy(ctx context.Context, args fulfilArgs, step func(context.Context, Tx, Customer) error) error {
	known, err := s.store.Customer(ctx, args.Partner, args.Customer)
	if err != nil {
		return unlessGone(err)
	}
	return s.store.Update(ctx, known.Tenant(), func(tx Tx) error {
		c, err := tx.Customer(ctx, args.Partner, args.Customer)
		if err != nil || !c.Status.Busy() {
			return unlessGone(err)
		}
		return step(ctx, tx, c)
	})
}

func unlessGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// fulfilIn does everything in one transaction. Its errors of the kinds fault.Conflict and fault.Invalid are about what comes with calling packages.
func (s *Service) fulfilIn(ctx context.Context, tx Tx, c Customer) error {
	if c.Status == StatusDeleting {
		return s.leave(ctx, tx, c)
	}
	if c.Pending.Attach != "" {
		return s.attach(ctx, tx, c)
	}
	return s.equip(ctx, tx, c)
}

// equip gives a customer that has its organisation the rest.
func (s *Service) equip(ctx context.Context, tx Tx, c Customer) error {
	if err := vendorServes(ctx, tx, c.Pending.Location); err != nil {
		return err
	}
	if err := s.addLocation(ctx, tx, c.asker(), c.Pending.Location, c.Pending.Numbers); err != nil {
		return err
	}
	return s.finish(ctx, tx, c.fulfilled())
}

// asker is who asked for what is pending.
func (c Customer) asker() Actor { return Actor{Partner: c.Partner, Email: c.Pending.Actor} }

// fulfilled is the customer when everything went well.
func (c Customer) fulfilled() Customer {
	c.Pending.Location, c.Pending.Numbers = nil, nil
	return c.settled(func(Package) []Notice { return nil })
}

// refused is the customer when what comes with its calling packages can't be: those are in error, and the others provisioned; without an organisation
// all are in error. What is pending stays, so that an update need only say what is to be different.
func (c Customer) refused(why []Notice) Customer {
	return c.settled(func(p Package) []Notice {
		if p.Calling() || c.Org == "" {
			return why
		}
		return nil
	})
}

// failed is the customer when nothing could be done.
func (c Customer) failed(why Notice) Customer {
	c = c.settled(func(Package) []Notice { return []Notice{why} })
	c.Errors = []Notice{why}
	return c
}

// settled ends the waiting: packages that are to go are gone, and each that was to come is provisioned or in error.
func (c Customer) settled(errors func(Package) []Notice) Customer {
	var packages []CustomerPackage
	provisioned := 0
	for _, p := range c.Packages {
		if p.Status == PackageDeleting {
			continue
		}
		if p.Status == PackageProvisioning {
			p.Errors = errors(p.Package)
			p.Status = PackageProvisioned
			if len(p.Errors) > 0 {
				p.Status = PackageError
			}
		}
		if p.Status == PackageProvisioned {
			provisioned++
		}
		packages = append(packages, p)
	}
	c.Packages, c.Errors = packages, nil
	switch provisioned {
	case len(packages):
		c.Status = StatusProvisioned
	case 0:
		c.Status = StatusError
	default:
		c.Status = StatusProvisionedWithErrors
	}
	return c
}

// finish stores what became of a customer.
func (s *Service) finish(ctx context.Context, tx Tx, c Customer) error {
	if err := tx.SetCustomer(ctx, c); err != nil {
		return err
	}
	states := map[string]any{}
	for _, p := range c.Packages {
		states[string(p.Package)] = p.Status
		if len(p.Errors) > 0 {
			states[string(p.Package)] = p.Errors[0].Message
		}
	}
	facts := map[string]any{"status": c.Status, "packages": states}
	return s.record(ctx, tx, c.asker(), c.Tenant(), EventCustomerFulfilled, string(c.ID), facts)
}

// leave ends the wholesale relation, and a review with it. The organisation stays.
func (s *Service) leave(ctx context.Context, tx Tx, c Customer) error {
	if err := s.endReview(ctx, tx, c); err != nil {
		return err
	}
	if err := tx.DeleteCustomer(ctx, c.Partner, c.ID); err != nil {
		return err
	}
	return s.record(ctx, tx, c.asker(), c.Tenant(), EventCustomerDeleted, string(c.ID), map[string]any{"externalId": c.ExternalID, "name": c.Name})
}

func noticesOf(err error) []Notice {
	var out []Notice
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, Notice{p.Code, p.Message})
	}
	if out == nil {
		out = []Notice{{fault.CodeRule, fault.Message(err)}}
	}
	return out
}

// notBusy refuses to change what is being worked on.
func (c Customer) notBusy() error {
	if !c.Status.Busy() {
		return nil
	}
	return fault.New(fault.Conflict, "The customer is %s. Try again when its status has changed.", c.Status).WithCode(fault.CodeBusy)
}
