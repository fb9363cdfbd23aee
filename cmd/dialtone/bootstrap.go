package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"dialtone/customer"
)

// run creates the partner and prints the token and nothing else, so that a script can keep it.
func (c *bootstrapCommand) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	db, err := c.openStore(ctx, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, token, err := newCustomers(db, customer.Config{}).Bootstrap(ctx, c.Partner, c.Admin)
	if err != nil {
		return asUsage(err)
	}
	_, err = fmt.Fprintln(stdout, token.Reveal())
	return err
}
