package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fleet"
	"dialtone/imports"
	"dialtone/job"
	"dialtone/provisioning"
)

// Promises stands between the services and their store, and keeps what they promise as soon as the transaction has committed, before its caller goes
// on: tests see the end of background work without waiting for it. Jobs for later wait until Due. The real queue has its own tests.
type Promises struct {
	mu      sync.Mutex
	workers map[job.Kind]job.Worker
	held    bool
	waiting []promised
	later   []promised
}

type promised struct {
	kind      job.Kind
	args      []byte
	notBefore time.Time // zero: at once
}

// Employ names those who do the jobs.
func (p *Promises) Employ(workers ...job.Worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers == nil {
		p.workers = map[job.Kind]job.Worker{}
	}
	for _, w := range workers {
		p.workers[w.Kind] = w
	}
}

// Hold lets jobs wait from now on, until Do.
func (p *Promises) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = true
}

// Do does what waits, and holds nothing any more. Jobs that fail, or that ask for another turn, wait for the next Do.
func (p *Promises) Do(ctx context.Context) error {
	p.mu.Lock()
	p.held = false
	list := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	var all error
	for _, j := range list {
		if err := p.do(ctx, j); err != nil {
			p.keep(j)
			all = errors.Join(all, err)
		}
	}
	return all
}

// Due does the jobs for later whose time has come by now. What fails, or asks for another turn, is tried again by the next call.
func (p *Promises) Due(ctx context.Context, now time.Time) error {
	p.mu.Lock()
	var due []promised
	p.later = slices.DeleteFunc(p.later, func(j promised) bool {
		come := !now.Before(j.notBefore)
		if come {
			due = append(due, j)
		}
		return come
	})
	p.mu.Unlock()
	var all error
	for _, j := range due {
		if err := p.do(ctx, j); err != nil {
			p.postpone(j)
			if _, again := job.IsAgain(err); !again {
				all = errors.Join(all, err)
			}
		}
	}
	return all
}

func (p *Promises) postpone(j promised) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.later = append(p.later, j)
}

// GiveUp ends what waits as the queue does when nothing helped. Jobs that are never given up wait for the next Do.
func (p *Promises) GiveUp(ctx context.Context, cause error) error {
	p.mu.Lock()
	list := p.waiting
	p.waiting, p.held = nil, false
	workers := p.workers
	p.mu.Unlock()
	var all error
	for _, j := range list {
		err := workers[j.kind].GiveUp(ctx, j.args, cause)
		if errors.Is(err, cause) {
			p.keep(j)
			continue
		}
		all = errors.Join(all, err)
	}
	return all
}

func (p *Promises) do(ctx context.Context, j promised) error {
	p.mu.Lock()
	worker, ok := p.workers[j.kind]
	p.mu.Unlock()
	if !ok {
		return fmt.Errorf("nobody does jobs of the kind %s", j.kind)
	}
	return worker.Do(ctx, j.args)
}

func (p *Promises) keep(j promised) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, j)
}

// committed does, or holds, what a transaction promised.
func (p *Promises) committed(ctx context.Context, list []promised) error {
	for _, j := range list {
		if !j.notBefore.IsZero() {
			p.postpone(j)
			continue
		}
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		if held {
			p.keep(j)
			continue
		}
		for {
			err := p.do(context.WithoutCancel(ctx), j)
			if _, again := job.IsAgain(err); again {
				continue
			}
			if err != nil {
				return err
			}
			break
		}
	}
	return nil
}

func (p *Promises) note(list *[]promised, j job.Job) error {
	args, err := json.Marshal(j.Args)
	*list = append(*list, promised{j.Kind, args, j.NotBefore})
	return err
}

// Customers is a store whose promises are kept.
func (p *Promises) Customers(s customer.Store) customer.Store { return promisingCustomers{s, p} }

// Billing is a store whose promises are kept.
func (p *Promises) Billing(s billing.Store) billing.Store { return promisingReports{s, p} }

// Provisioning is a store whose promises are kept.
func (p *Promises) Provisioning(s provisioning.Store) provisioning.Store {
	return promisingDevices{s, p}
}

// Imports is a store whose promises are kept.
func (p *Promises) Imports(s imports.Store) imports.Store { return promisingImports{s, p} }

// Fleet is a store whose promises are kept.
func (p *Promises) Fleet(s fleet.Store) fleet.Store { return promisingFleet{s, p} }

type promisingCustomers struct {
	customer.Store
	promises *Promises
}

// Update implements customer.Store.
func (s promisingCustomers) Update(ctx context.Context, tenant customer.Tenant, fn func(customer.Tx) error) error {
	var list []promised
	err := s.Store.Update(ctx, tenant, func(tx customer.Tx) error {
		list = nil
		return fn(promisingCustomerTx{tx, func(j job.Job) error { return s.promises.note(&list, j) }})
	})
	if err != nil {
		return err
	}
	return s.promises.committed(ctx, list)
}

type promisingCustomerTx struct {
	customer.Tx
	note func(job.Job) error
}

// Enqueue implements customer.Tx.
func (t promisingCustomerTx) Enqueue(_ context.Context, j job.Job) error { return t.note(j) }

type promisingReports struct {
	billing.Store
	promises *Promises
}

// Update implements billing.Store.
func (s promisingReports) Update(ctx context.Context, tenant customer.Tenant, fn func(billing.Tx) error) error {
	var list []promised
	err := s.Store.Update(ctx, tenant, func(tx billing.Tx) error {
		list = nil
		return fn(promisingReportTx{tx, func(j job.Job) error { return s.promises.note(&list, j) }})
	})
	if err != nil {
		return err
	}
	return s.promises.committed(ctx, list)
}

type promisingReportTx struct {
	billing.Tx
	note func(job.Job) error
}

// Enqueue implements billing.Tx.
func (t promisingReportTx) Enqueue(_ context.Context, j job.Job) error { return t.note(j) }

type promisingDevices struct {
	provisioning.Store
	promises *Promises
}

// Update implements provisioning.Store.
func (s promisingDevices) Update(ctx context.Context, tenant customer.Tenant, fn func(provisioning.Tx) error) error {
	var list []promised
	err := s.Store.Update(ctx, tenant, func(tx provisioning.Tx) error {
		list = nil
		return fn(promisingDeviceTx{tx, func(j job.Job) error { return s.promises.note(&list, j) }})
	})
	if err != nil {
		return err
	}
	return s.promises.committed(ctx, list)
}

type promisingDeviceTx struct {
	provisioning.Tx
	note func(job.Job) error
}

// Enqueue implements customer.Tx.
func (t promisingDeviceTx) Enqueue(_ context.Context, j job.Job) error { return t.note(j) }

type promisingImports struct {
	imports.Store
	promises *Promises
}

// Update implements imports.Store.
func (s promisingImports) Update(ctx context.Context, tenant customer.Tenant, fn func(imports.Tx) error) error {
	var list []promised
	err := s.Store.Update(ctx, tenant, func(tx imports.Tx) error {
		list = nil
		return fn(promisingImportTx{tx, func(j job.Job) error { return s.promises.note(&list, j) }})
	})
	if err != nil {
		return err
	}
	return s.promises.committed(ctx, list)
}

type promisingImportTx struct {
	imports.Tx
	note func(job.Job) error
}

// Enqueue implements customer.Tx.
func (t promisingImportTx) Enqueue(_ context.Context, j job.Job) error { return t.note(j) }

type promisingFleet struct {
	fleet.Store
	promises *Promises
}

// Update implements fleet.Store.
func (s promisingFleet) Update(ctx context.Context, tenant customer.Tenant, fn func(fleet.Tx) error) error {
	var list []promised
	err := s.Store.Update(ctx, tenant, func(tx fleet.Tx) error {
		list = nil
		return fn(promisingFleetTx{tx, func(j job.Job) error { return s.promises.note(&list, j) }})
	})
	if err != nil {
		return err
	}
	return s.promises.committed(ctx, list)
}

type promisingFleetTx struct {
	fleet.Tx
	note func(job.Job) error
}

// Enqueue implements customer.Tx.
func (t promisingFleetTx) Enqueue(_ context.Context, j job.Job) error { return t.note(j) }
