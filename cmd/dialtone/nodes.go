package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"dialtone/fault"
	"dialtone/nodes"
	"dialtone/store"
)

type nodesCommand struct {
	List   nodesListCommand   `cmd:"" help:"List the nodes, and how phones try them."`
	Drain  nodesDrainCommand  `cmd:"" help:"Move phones away from a node: they try it last from their next look-up on."`
	Resume nodesResumeCommand `cmd:"" help:"Let phones come to a node again."`
	Forget nodesForgetCommand `cmd:"" help:"Remove a node that won't come back."`
}

type nodesListCommand struct{ storage }

type oneNode struct {
	storage
	Name string `arg:"" help:"The node's name."`
}

type (
	nodesDrainCommand  struct{ oneNode }
	nodesResumeCommand struct{ oneNode }
	nodesForgetCommand struct{ oneNode }
)

func newNodes(db *store.Store, logger *slog.Logger) *nodes.Service {
	return nodes.NewService(nodes.Config{Store: db.Nodes(), Now: now, Logger: logger.With("part", "nodes")})
}

// withNodes opens the database for one command.
func (s storage) withNodes(ctx context.Context, stderr io.Writer, fn func(*nodes.Service) error) error {
	logger := commandLogger(stderr)
	return s.withStore(ctx, logger, func(db *store.Store) error { return fn(newNodes(db, logger)) })
}

// run prints one line a node.
func (c *nodesListCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withNodes(ctx, stderr, func(s *nodes.Service) error {
		all, err := s.List(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			_, err := fmt.Fprintln(stdout, "no node has a name: dialtone serve --node NAME gives this server one")
			return err
		}
		table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "NODE\tSTATE\tPRIORITY\tWEIGHT\tADDRESSES\tSEEN") // errors come from Flush
		for _, n := range all {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\n", n.Name, n.State(), n.TriedAt(), n.Weight, joined(n), n.Seen.Format(time.RFC3339))
		}
		return table.Flush()
	})
}

func joined(n nodes.Node) string {
	out := make([]string, len(n.Addresses))
	for i, a := range n.Addresses {
		out[i] = a.String()
	}
	return strings.Join(out, ",")
}

// run says when phones will be gone.
func (c *nodesDrainCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withNodes(ctx, stderr, func(s *nodes.Service) error {
		if err := s.Drain(ctx, nodes.Name(c.Name), nodes.By{}); err != nil {
			return notFoundAsUsage(err)
		}
		_, err := fmt.Fprintf(stdout, "%s is being emptied: phones find the other nodes first at their next look-up, at the latest 5 minutes (the records' TTL) after it is asked for\n", c.Name)
		return err
	})
}

func (c *nodesResumeCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withNodes(ctx, stderr, func(s *nodes.Service) error {
		if err := s.Resume(ctx, nodes.Name(c.Name), nodes.By{}); err != nil {
			return notFoundAsUsage(err)
		}
		_, err := fmt.Fprintf(stdout, "%s takes phones again\n", c.Name)
		return err
	})
}

func (c *nodesForgetCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	return c.withNodes(ctx, stderr, func(s *nodes.Service) error {
		if err := s.Forget(ctx, nodes.Name(c.Name), nodes.By{}); err != nil {
			return notFoundAsUsage(err)
		}
		_, err := fmt.Fprintf(stdout, "%s is forgotten\n", c.Name)
		return err
	})
}

// notFoundAsUsage says of a node that isn't there, or can't go, what a person can do, with the exit code of a wrong command line.
func notFoundAsUsage(err error) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		return &usageError{errors.New(fault.Message(err))}
	}
	return err
}
