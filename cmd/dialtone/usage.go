package main

import (
	"context"
	"fmt"
	"io"

	"dialtone/billing"
	"dialtone/store"
)

type usageCommand struct {
	Check   usageCheckCommand   `cmd:"" help:"Compare what is kept of usage with the log of events: a line for each difference, and exit code 1 when there is one."`
	Rebuild usageRebuildCommand `cmd:"" help:"Make what differs from the log again from it."`
}

type usageCheckCommand struct{ storage }

type usageRebuildCommand struct{ storage }

func (c *usageCheckCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	differences, err := c.checkUsage(ctx, false, stdout, stderr)
	if err == nil && differences > 0 {
		err = fmt.Errorf("usage differs from the log in %d places: make it again with dialtone usage rebuild", differences)
	}
	return err
}

func (c *usageRebuildCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	differences, err := c.checkUsage(ctx, true, stdout, stderr)
	if err == nil && differences > 0 {
		_, err = fmt.Fprintf(stdout, "%d differences are mended; closed days are restated within minutes by the server\n", differences)
	}
	return err
}

// checkUsage prints one line a difference, and returns how many there were.
func (s storage) checkUsage(ctx context.Context, mend bool, stdout, stderr io.Writer) (int, error) {
	differences := 0
	err := s.withStore(ctx, commandLogger(stderr), func(db *store.Store) error {
		ledger := billing.NewLedger(billing.LedgerConfig{Store: db.Billing(), Now: now})
		err := ledger.Check(ctx, mend, func(line string) error {
			differences++
			_, err := fmt.Fprintln(stdout, line)
			return err
		})
		if err == nil && differences == 0 {
			_, err = fmt.Fprintln(stdout, "usage is what the log says")
		}
		return err
	})
	return differences, err
}
