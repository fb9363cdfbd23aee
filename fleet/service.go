// Package fleet changes many devices at once: settings of an organisation or a location, layouts, passwords, a roll back, in a job that goes on where it was.
//
// It owns the jobs with their steps, counts and errors, what a job would do, line key templates, which exist to be applied to many, and the deletion of images
// that settings name. It never changes a device in a way of its own: each is changed and published as provisioning does it, in a transaction of some devices.
// Start at Service.Start and deviceWork, which each kind of job implements.
package fleet

import (
	"log/slog"
	"time"

	"dialtone/job"
	"dialtone/provisioning"
)

// Config is what a Service needs. Every field must be set.
type Config struct {
	Store  Store
	Core   *provisioning.Service // changes each device
	Now    func() time.Time
	NewID  func() string // a fresh UUID in canonical form
	Logger *slog.Logger
}

// Service carries the operations on many devices. It is safe for concurrent use.
type Service struct {
	store  Store
	core   *provisioning.Service
	now    func() time.Time
	newID  func() string
	logger *slog.Logger
}

// NewService returns a service.
func NewService(c Config) *Service {
	return &Service{store: c.Store, core: c.Core, now: c.Now, newID: c.NewID, logger: c.Logger}
}

// Workers are those who do jobs over devices.
func (s *Service) Workers() []job.Worker {
	return []job.Worker{job.For(jobOverDevices, s.runDeviceJob, s.giveUpDeviceJob)}
}
