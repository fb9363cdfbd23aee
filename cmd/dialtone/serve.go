package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/devicecert"
	"dialtone/deviceprofiles"
	"dialtone/echo"
	"dialtone/fault"
	"dialtone/fleet"
	"dialtone/imports"
	"dialtone/nodes"
	"dialtone/people"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/sip"
	"dialtone/store"
	"dialtone/upstream"
	"dialtone/webhook"
	"dialtone/zone"
)

// drainTimeout is how long the doors may take to finish what is under way; the core has what is left of ten seconds.
const drainTimeout = 8 * time.Second

// run serves until ctx ends, then lets every door finish what it is at.
func (c *serveCommand) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if err := deviceprofiles.CheckPacks(); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	db, err := c.openStore(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	keyring, err := c.keyring()
	if err != nil {
		return err
	}
	mailer, err := c.mailer(logger)
	if err != nil {
		return err
	}
	makers, err := c.openDeviceCAs(ctx, logger.With("part", "devicecert"))
	if err != nil {
		return asUsage(err)
	}
	firmware, closeFirmware, err := c.openFirmware()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFirmware()) }()
	node, err := c.nodeName()
	if err != nil {
		return err
	}
	customers := newCustomers(db, customer.Config{SIPDomain: c.SIPDomain, Keyring: keyring, Mailer: mailer, HubURL: c.HubURL})
	core, err := provisioning.New(provisioning.Config{
		Store: db.Provisioning(), Customers: customers, Keyring: keyring, Now: now, Random: rand.Reader, NewID: newID,
		Logger: logger.With("part", "provisioning"), Firmware: firmware, Certificates: judge(makers), Node: node,
	})
	if err != nil {
		return err
	}
	if err := core.CheckKeyring(ctx); err != nil {
		return asUsage(err)
	}
	webhooks, client := newWebhooks(db, keyring, c.WebhookAllowPrivate, logger.With("part", "webhooks"))
	defer client.Close()
	staff := people.NewService(people.Config{Store: db.Provisioning(), Customers: customers, Core: core, Now: now})
	h := house{
		config: c, logger: logger, keyring: keyring, db: db, customers: customers, people: staff, fleet: newFleet(db, core, logger), imports: newImports(db, staff, logger), webhooks: webhooks, core: core,
		makers: makers, nodes: newNodes(db, logger), upstreams: newUpstreams(db, logger), addresses: map[string]string{},
	}
	h.billing, h.ledger = newBilling(db, keyring, logger)
	if err := h.open(ctx); err != nil {
		h.shut()
		return err
	}
	h.warnWithoutList(ctx)
	return h.serve(ctx, stdout, stderr)
}

// newFleet is who changes many devices.
func newFleet(db *store.Store, core *provisioning.Service, logger *slog.Logger) *fleet.Service {
	return fleet.NewService(fleet.Config{Store: db.Fleet(), Core: core, Now: now, NewID: newID, Logger: logger.With("part", "fleet")})
}

// newImports is who takes files of people.
func newImports(db *store.Store, staff *people.Service, logger *slog.Logger) *imports.Service {
	return imports.NewService(imports.Config{
		Store: db.Imports(), People: staff, Now: now, NewID: newID, Logger: logger.With("part", "imports"),
	})
}

// openDeviceCAs loads the CAs of phone makers; nil when the operator has none.
func (c *serveCommand) openDeviceCAs(ctx context.Context, logger *slog.Logger) (*devicecert.Pools, error) {
	if c.DeviceCA == "" {
		return nil, nil //nolint:nilnil // there are none, and nothing is wrong
	}
	return devicecert.Open(ctx, devicecert.Config{Dir: c.DeviceCA, Now: now, Logger: logger})
}

// judge is who judges phones' certificates: nobody without CAs.
func judge(makers *devicecert.Pools) provisioning.Certificates {
	if makers == nil {
		return nil
	}
	return judged{makers}
}

// judged lets the pools of makers' CAs judge.
type judged struct{ makers *devicecert.Pools }

// Identify implements provisioning.Certificates.
func (j judged) Identify(chain []*x509.Certificate, now time.Time) (provisioning.CertifiedPhone, error) {
	identity, err := j.makers.Identify(chain, now)
	return provisioning.CertifiedPhone{MAC: identity.MAC, MadeBy: identity.Fits}, err
}

// house is the running server: the core, and the doors in front of it.
type house struct {
	config    *serveCommand
	logger    *slog.Logger
	keyring   *secret.Keyring
	db        *store.Store
	customers *customer.Service
	people    *people.Service
	fleet     *fleet.Service
	imports   *imports.Service
	billing   *billing.Service
	ledger    *billing.Ledger
	webhooks  *webhook.Service
	core      *provisioning.Service
	makers    *devicecert.Pools // nil without --device-ca
	nodes     *nodes.Service
	upstreams *upstream.Service
	self      *nodes.Node  // nil without --node
	registrar *sip.Server  // nil when SIP is off
	echo      *echo.Server // nil when it is off
	zone      *zone.Server // nil when DNS is off
	doors     []door
	addresses map[string]string // of each door that is open, by its flag's name without --listen-
}

// door is a part that serves until its context ends, and then drains.
type door struct {
	name string
	run  func(ctx context.Context) error
}

// serve says that the server is ready and runs every door. The core stops last, so that what a door let in is still stored.
func (h *house) serve(ctx context.Context, stdout, stderr io.Writer) error {
	coreContext, stopCore := context.WithCancel(context.WithoutCancel(ctx))
	coreDone := make(chan error, 1)
	go func() { coreDone <- h.runCore(coreContext) }()
	doorsDone := make(chan error, 1)
	doors, doorsContext := errgroup.WithContext(ctx)
	for _, d := range h.doors {
		doors.Go(func() error {
			if err := d.run(doorsContext); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			return nil
		})
	}
	go func() { doorsDone <- doors.Wait() }()

	err := h.announceReady(ctx, stdout, stderr)
	if err == nil {
		<-doorsContext.Done()
		h.logger.Info("stopping")
	}
	err = errors.Join(err, drained(doorsDone))
	stopCore()
	return errors.Join(err, <-coreDone)
}

// runCore does what isn't at anybody's request, until ctx ends.
func (h *house) runCore(ctx context.Context) error {
	core, ctx := errgroup.WithContext(ctx)
	core.Go(func() error { return h.core.Run(ctx) })
	core.Go(func() error { return h.webhooks.Run(ctx) })
	core.Go(func() error { return h.ledger.Run(ctx) })
	if h.makers != nil {
		core.Go(func() error { return h.makers.Run(ctx) })
	}
	workers := slices.Concat(h.customers.Workers(), h.core.Workers(), h.people.Workers(), h.fleet.Workers(), h.imports.Workers(), h.billing.Workers())
	core.Go(func() error { return h.db.Work(ctx, workers, h.logger.With("part", "jobs")) })
	return core.Wait()
}

// drained waits for the doors, but not for ever: a client that won't let go mustn't keep a restart waiting.
func drained(done <-chan error) error {
	timer := time.NewTimer(drainTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("some connections were still open after %s and were cut", drainTimeout)
	}
}

// announceReady prints the line that scripts wait for, and for people what to try.
func (h *house) announceReady(ctx context.Context, stdout, stderr io.Writer) error {
	if h.config.Demo {
		if err := h.demo(ctx); err != nil {
			return err
		}
	}
	line, err := json.Marshal(h.addresses)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "ready %s\n", line); err != nil {
		return err
	}
	h.logger.Info("ready", "public_host", h.config.PublicHost, "sip_domain", h.config.SIPDomain)
	if h.config.Demo {
		_, err = io.WriteString(stderr, h.recipe())
	}
	return err
}

// asUsage turns what a person got wrong into a usage error, so that the exit code says so.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	if fault.Is(err, fault.Invalid) {
		return &usageError{errors.New(fault.Message(err))}
	}
	return err
}
