package main

import (
	"context"
	"fmt"
	"io"

	"dialtone/customer"
	"dialtone/store"
)

// run creates the partner and prints the token and nothing else, so that a script can keep it.
func (c *bootstrapCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withStore(ctx, commandLogger(stderr), func(db *store.Store) error {
		_, token, err := newCustomers(db, customer.Config{}).Bootstrap(ctx, c.Partner, c.Admin)
		if err != nil {
			return asUsage(err)
		}
		_, err = fmt.Fprintln(stdout, token.Reveal())
		return err
	})
}
