// Command dialtone is the whole of Dialtone in one binary: the server with all its doors, the making of a first partner, and a simulated
// phone to try and debug it with.
//
// It owns flags, environment, signals, exit codes and the wiring of the parts; it holds no rule and speaks no protocol. Start at run, which
// picks the subcommand, then serve.go, which wires everything.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes: scripts tell a wrong call from a failure.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// run runs one subcommand and returns the exit code. It says why it failed in one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, err := parse(args, stdout)
	if err == nil && command != nil {
		err = command(ctx, stdout, stderr)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "dialtone: %s\n", strings.Join(strings.Fields(err.Error()), " ")) // drivers write theirs over several lines
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// usageError is a mistake of whoever called us: a bad flag, or a file that can't be read.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }
