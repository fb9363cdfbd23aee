package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/store"
)

type rplCommand struct {
	Load rplLoadCommand `cmd:"" help:"Put a list in force, a CSV file in the columns of the US Consolidated Screening List; everybody is compared with it."`
	Show rplShowCommand `cmd:"" help:"Say which list is in force, and since when."`
}

type rplLoadCommand struct {
	storage
	File string `arg:"" help:"The list's CSV file, as it was published."`
}

type rplShowCommand struct{ storage }

// noList is what to do when none is loaded.
const noList = "no screening list is loaded: dialtone rpl load FILE"

// run says in one line what it did. Rows that it passed over are warnings on stderr.
func (c *rplLoadCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	file, err := openList(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	logger := commandLogger(stderr)
	return c.withCustomers(ctx, logger, func(customers *customer.Service) error {
		loaded, err := customers.LoadList(ctx, file)
		if err != nil {
			return asUsage(err)
		}
		if !loaded.Fresh {
			_, err = fmt.Fprintf(stdout, "%s is in force already, nothing was changed: %s\n", c.File, inWords(loaded.List))
			return err
		}
		for _, row := range loaded.Summary.BadRows {
			logger.WarnContext(ctx, "a row was passed over", "line", row.Line, "reason", row.Reason)
		}
		_, err = fmt.Fprintf(stdout, "%s is in force, %d rows passed over: %s\n", c.File, loaded.Summary.Bad, inWords(loaded.List))
		return err
	})
}

// openList opens a file that can be read twice: a pipe can't.
func openList(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, usage("the list %s can't be read: it is no file", path)
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, usage("the list %s can't be read: %w", path, rootCause(err))
	}
	return file, nil
}

// run says in one line which list is in force.
func (c *rplShowCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	logger := commandLogger(stderr)
	return c.withCustomers(ctx, logger, func(customers *customer.Service) error {
		list, err := customers.List(ctx)
		if fault.Is(err, fault.NotFound) {
			_, err = fmt.Fprintln(stdout, noList)
			return err
		}
		if err != nil {
			return err
		}
		progress := "customers are being compared with it"
		if !list.Screened.IsZero() {
			progress = "all customers had been compared with it on " + list.Screened.Format(time.RFC3339)
		}
		_, err = fmt.Fprintf(stdout, "%s, loaded %s, %s\n", inWords(list), list.Loaded.Format(time.RFC3339), progress)
		return err
	})
}

// withCustomers opens the database for one command.
func (s storage) withCustomers(ctx context.Context, logger *slog.Logger, fn func(*customer.Service) error) error {
	return s.withStore(ctx, logger, func(db *store.Store) error { return fn(newCustomers(db, customer.Config{})) })
}

func inWords(l customer.List) string {
	return fmt.Sprintf("list %s, %d entries, sha256 %x", l.ID, l.Entries, l.SHA256)
}

// warnWithoutList says once at the start that nobody is screened.
func (h *house) warnWithoutList(ctx context.Context) {
	if _, err := h.customers.List(ctx); fault.Is(err, fault.NotFound) {
		h.logger.WarnContext(ctx, noList)
	}
}
