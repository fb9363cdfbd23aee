// Package people changes people, their packages, workspaces and virtual lines together with the phones that hang on them.
//
// It owns what becomes of phones when somebody gets another name or place, loses calling or leaves, up to the customer that leaves altogether. It never decides
// what somebody may have (customer does), and never changes a phone in a way of its own (provisioning does): it does both in one transaction. Start at
// Service.AddSubscriber and memberChanged.
package people

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

// Store is what the package needs from below. Update is as in customer.Store.
type Store interface {
	customer.Reader
	Update(ctx context.Context, tenant customer.Tenant, fn func(tx provisioning.Tx) error) error
}

// Config is what a Service needs. Every field must be set.
type Config struct {
	Store     Store
	Customers *customer.Service
	Core      *provisioning.Service // changes phones
	Now       func() time.Time
}

// Service carries the operations on people. It is safe for concurrent use.
type Service struct {
	store     Store
	customers *customer.Service
	core      *provisioning.Service
	now       func() time.Time
}

// NewService returns a service.
func NewService(c Config) *Service {
	return &Service{store: c.Store, customers: c.Customers, core: c.Core, now: c.Now}
}
