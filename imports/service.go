// Package imports takes files of people into a customer: it adds, changes and deletes those whom a file names, and says of each row what became of it.
//
// It owns the import from its upload to its end, the dry run, the order of the rows, and what a row means for its person. It never reads a file's format (bulk
// does), never decides what a person may have (customer does) and never tells a phone anything: people and what hangs on them are changed by People, in the
// row's transaction. Start at Service.Start; a row is done in importRow, and a dry run is the same code on a rehearsal.
package imports

import (
	"context"
	"log/slog"
	"time"

	"dialtone/customer"
	"dialtone/job"
	"dialtone/provisioning"
)

// Config is what a Service needs. Every field must be set.
type Config struct {
	Store  Store
	People People
	Now    func() time.Time
	NewID  func() string // a fresh UUID in canonical form
	Logger *slog.Logger
}

// People changes people in the transaction of a row, and makes their phones follow; people.Service does. What it refuses is the row's result.
type People interface {
	SubscribeIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, c customer.Customer, in customer.NewSubscriber) (customer.Subscriber, error)
	ChangeSubscriberIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, tenant customer.Tenant, id customer.SubscriberID, in customer.Reassignment) (customer.Subscriber, error)
	RemoveSubscriberIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, sub customer.Subscriber) error
	ChangePersonIn(ctx context.Context, tx provisioning.Tx, actor customer.Actor, c customer.Customer, id customer.PersonID, in customer.PersonChange) (before, after customer.Person, err error)
}

// Service carries the operations on imports. It is safe for concurrent use.
type Service struct {
	store  Store
	people People
	now    func() time.Time
	newID  func() string
	logger *slog.Logger
}

// NewService returns a service.
func NewService(c Config) *Service {
	return &Service{store: c.Store, people: c.People, now: c.Now, newID: c.NewID, logger: c.Logger}
}

// Workers are those who do what imports promise.
func (s *Service) Workers() []job.Worker {
	return []job.Worker{
		job.For(jobImport, s.run, s.giveUp),
		job.For(jobSweep, s.sweep, func(context.Context, jobArgs, error) error { return nil }),
	}
}
