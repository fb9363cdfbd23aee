package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"dialtone/adminapi"
	"dialtone/billing"
	"dialtone/customer"
	"dialtone/secret"
	"dialtone/store"
	"dialtone/webhook"
)

// masterKeyVariable holds the master keys where a file isn't wanted. It is no flag: a command line is for everybody to read.
const masterKeyVariable = "DIALTONE_MASTER_KEY"

// openStore opens the database that the flags name, and makes the data folder if there is none.
func (s storage) openStore(ctx context.Context, logger *slog.Logger) (*store.Store, error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, usage("--data: %s can't be made: %w", s.Data, rootCause(err))
	}
	url := s.Database
	switch {
	case url == "":
		url = filepath.Join(s.Data, "dialtone.db")
	case !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://"):
		return nil, usage("--database: only postgres:// URLs are known; leave it out for the embedded database")
	}
	db, err := store.Open(ctx, store.Config{URL: url, Logger: logger})
	return db, asUsage(err)
}

// withStore opens the database for one command.
func (s storage) withStore(ctx context.Context, logger *slog.Logger, fn func(*store.Store) error) (err error) {
	db, err := s.openStore(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(db)
}

// commandLogger is what a command that a person runs says beside its answer: that something is wrong.
func commandLogger(stderr io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// keyring reads the master keys from the environment or from DIR/master.key, which it makes when there is none.
func (s storage) keyring() (*secret.Keyring, error) {
	if text := os.Getenv(masterKeyVariable); text != "" {
		ring, err := secret.ParseKeyring(text, rand.Reader)
		if err != nil {
			return nil, usage("%s: %w", masterKeyVariable, err)
		}
		return ring, nil
	}
	path := filepath.Join(s.Data, "master.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeMasterKey(path)
	}
	if err != nil {
		return nil, usage("the master key %s can't be read: %w", path, rootCause(err))
	}
	ring, err := secret.ParseKeyring(string(text), rand.Reader)
	if err != nil {
		return nil, usage("the master key %s: %w", path, err)
	}
	return ring, nil
}

func makeMasterKey(path string) ([]byte, error) {
	key, err := secret.NewMasterKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	text := []byte("# Opens every secret in the database. Keep a copy in a safe place; to rotate, put a new key above this one.\n" + key + "\n")
	return text, writeNew(path, text)
}

// writeNew writes a private file that isn't there yet, whole or not at all.
func writeNew(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already when all went well
	if _, err := temporary.Write(content); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Link(temporary.Name(), path) // unlike a rename, it fails when another process was first
}

// rootCause takes the operation and the path off a file error, which our own sentence names already.
func rootCause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// newID returns a fresh UUID. Version 7 begins with the time, so that rows made together lie together.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// now is the one clock of the process, in UTC and in whole microseconds, as the databases keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// newCustomers makes the service for customers over a store; the rest of the configuration may be empty where nothing is served.
func newCustomers(db *store.Store, c customer.Config) *customer.Service {
	c.Store, c.Now, c.Random, c.NewID = db.Customers(), now, rand.Reader, newID
	return customer.NewService(c)
}

// newBilling makes the service for billing reports over a store, and the ledger that counts for it.
func newBilling(db *store.Store, keyring *secret.Keyring, logger *slog.Logger) (*billing.Service, *billing.Ledger) {
	ledger := billing.NewLedger(billing.LedgerConfig{Store: db.Billing(), Now: now, Logger: logger.With("part", "usage")})
	return billing.NewService(billing.Config{Store: db.Billing(), Counter: ledger, Now: now, NewID: newID, LinkKey: keyring.Derive("billing links")}), ledger
}

// newWebhooks makes the service for webhooks over a store, and the client that it sends with.
func newWebhooks(db *store.Store, keyring *secret.Keyring, allowPrivate bool, logger *slog.Logger) (*webhook.Service, *webhook.Client) {
	client := webhook.NewClient(allowPrivate)
	return webhook.NewService(webhook.Config{
		Store: db.Webhooks(), Keyring: keyring, Poster: client, Body: adminapi.ChangeJSON, Now: now, Random: rand.Reader, NewID: newID, Logger: logger,
		AllowPrivate: allowPrivate,
	}), client
}
