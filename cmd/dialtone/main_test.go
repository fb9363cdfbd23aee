package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"dialtone/store/pgtest"
)

// TestMain makes the test binary double as the command, so that the stories run the real one in processes of its own.
func TestMain(m *testing.M) {
	testscript.Main(withPostgres{m}, map[string]func(){"dialtone": main})
}

// withPostgres stops the private PostgreSQL, if a story started it, when all tests are done.
type withPostgres struct{ m *testing.M }

func (w withPostgres) Run() int { return pgtest.Run(w.m) }

// TestStories runs each story in testdata on the embedded database, and those that hold for both on PostgreSQL too.
func TestStories(t *testing.T) {
	t.Parallel()
	embedded := func(testing.TB) string { return "" }
	run := func(t *testing.T, dir string, postgres bool, database func(testing.TB) string) {
		t.Helper()
		testscript.Run(t, testscript.Params{
			Dir:                 dir,
			RequireExplicitExec: true,
			RequireUniqueNames:  true,
			Setup:               func(env *testscript.Env) error { return setUp(env, database) },
			Condition: func(condition string) (bool, error) {
				if condition == "postgres" { // what only the embedded database has is looked into
					return postgres, nil
				}
				return hasProgram(condition)
			},
			Cmds: storyCommands(),
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, "testdata", false, embedded)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pgtest.Require(t)
		run(t, "testdata", true, pgtest.URL)
	})
	t.Run("only-postgres", func(t *testing.T) {
		t.Parallel()
		pgtest.Require(t)
		run(t, "testdata/postgres", true, pgtest.URL)
	})
}

// hasProgram is the condition [has:PROGRAM]: the stories call real clients, and skip without them; in CI they must be there.
func hasProgram(condition string) (bool, error) {
	name, ok := strings.CutPrefix(condition, "has:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	_, err := exec.LookPath(name)
	if name == "kamailio-tls" { // a module of it, in a package of its own
		found, _ := filepath.Glob("/usr/lib/*/kamailio/modules/tls.so")
		if err = nil; len(found) == 0 {
			err = exec.ErrNotFound
		}
	}
	if err != nil && os.Getenv("CI") == "true" {
		return false, err
	}
	return err == nil, nil
}
