package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// migrations are the steps of the schema, one folder a dialect, in the order of their numbers. A step that was released is never changed.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date. On PostgreSQL the nodes take turns.
func migrate(ctx context.Context, db *sql.DB, d dialect, logger *slog.Logger) error {
	folder, kind := "migrations/sqlite", goose.DialectSQLite3
	var options []goose.ProviderOption
	if _, ok := d.(postgresDialect); ok {
		folder, kind = "migrations/postgres", goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("preparing migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	steps, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	provider, err := goose.NewProvider(kind, db, steps, options...)
	if err != nil {
		return fmt.Errorf("preparing migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("bringing the schema up to date: %w", err)
	}
	for _, r := range results {
		logger.InfoContext(ctx, "schema brought up to date", "step", r.Source.Path, "took", r.Duration)
	}
	return nil
}

// migrateJobs brings the tables of the job queue up to date, with the steps that come with the queue.
func migrateJobs[T any](ctx context.Context, driver riverdriver.Driver[T]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: noLogger()})
	if err != nil {
		return fmt.Errorf("preparing the job queue's migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("bringing the job queue up to date: %w", err)
	}
	return nil
}

// noLogger is for parts that have nothing to say that their errors don't.
func noLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }
