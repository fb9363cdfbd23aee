package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"text/tabwriter"
	"time"

	"dialtone/provisioning"
	"dialtone/store"
)

type bansCommand struct {
	List bansListCommand `cmd:"" help:"List the addresses that get no answer over SIP."`
	Lift bansLiftCommand `cmd:"" help:"Let an address have answers again."`
}

type bansListCommand struct{ storage }

type bansLiftCommand struct {
	storage
	Address string `arg:"" help:"The address, as listed."`
}

// withBans opens the database for one command.
func (s storage) withBans(ctx context.Context, stderr io.Writer, fn func(provisioning.SIPBanStore) error) error {
	return s.withStore(ctx, commandLogger(stderr), func(db *store.Store) error { return fn(db.Provisioning()) })
}

// run prints one line a ban.
func (c *bansListCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withBans(ctx, stderr, func(bans provisioning.SIPBanStore) error {
		all, err := provisioning.AllSIPBans(ctx, bans, now())
		if err != nil {
			return err
		}
		if len(all) == 0 {
			_, err := fmt.Fprintln(stdout, "no address is banned")
			return err
		}
		table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ADDRESS\tTRIES\tFIRST SEEN\tLAST SEEN\tUNTIL\tREASON") // errors come from Flush
		for _, b := range all {
			address := b.Address.String()
			if b.Address.Is6() {
				address = netip.PrefixFrom(b.Address, 64).String()
			}
			_, _ = fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\n", address, b.Count, b.First.Format(time.RFC3339), b.Last.Format(time.RFC3339), b.Until.Format(time.RFC3339), b.Reason)
		}
		return table.Flush()
	})
}

func (c *bansLiftCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withBans(ctx, stderr, func(bans provisioning.SIPBanStore) error {
		if err := provisioning.LiftAnySIPBan(ctx, bans, c.Address, now()); err != nil {
			return asUsage(notFoundAsUsage(err))
		}
		_, err := fmt.Fprintf(stdout, "%s gets answers again, within some seconds\n", c.Address)
		return err
	})
}
