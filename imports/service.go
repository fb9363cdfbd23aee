// Package imports takes files of people into a customer: it adds, changes and deletes those whom a file names, and says of each row what became of it.
//
// It owns the import from its upload to its end, the dry run, the order of the rows, and what a row means for its person. It never reads a file's format (bulk
// does), never decides what a person may have (customer does) and never tells a phone anything: what hangs on people follows by provisioning, in the row's
// transaction. Start at Service.Start; a row is done in importRow, and a dry run is the same code on a rehearsal.
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
	Store     Store
	Customers *customer.Service
	Core      *provisioning.Service // makes phones follow their people
	Now       func() time.Time
	NewID     func() string // a fresh UUID in canonical form
	Logger    *slog.Logger
}

// Service carries the operations on imports. It is safe for concurrent use.
type Service struct {
	store     Store
	customers *customer.Service
	core      *provisioning.Service
	now       func() time.Time
	newID     func() string
	logger    *slog.Logger
}

// NewService returns a service.
func NewService(c Config) *Service {
	return &Service{store: c.Store, customers: c.Customers, core: c.Core, now: c.Now, newID: c.NewID, logger: c.Logger}
}

// Workers are those who do what imports promise.
func (s *Service) Workers() []job.Worker {
	return []job.Worker{
		job.For(jobImport, s.run, s.giveUp),
		job.For(jobSweep, s.sweep, func(context.Context, jobArgs, error) error { return nil }),
	}
}
