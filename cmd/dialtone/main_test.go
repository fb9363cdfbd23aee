package main

import (
	"os"
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
	run := func(t *testing.T, dir string, database func(testing.TB) string) {
		t.Helper()
		testscript.Run(t, testscript.Params{
			Dir:                 dir,
			RequireExplicitExec: true,
			RequireUniqueNames:  true,
			Setup:               func(env *testscript.Env) error { return setUp(env, database) },
			Cmds:                storyCommands(),
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, "testdata", func(testing.TB) string { return "" })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pgtest.Require(t)
		run(t, "testdata", pgtest.URL)
	})
	t.Run("only-postgres", func(t *testing.T) {
		t.Parallel()
		pgtest.Require(t)
		run(t, "testdata/postgres", pgtest.URL)
	})
}

// The stories call the real clients; without them they are skipped, and in CI they must be there.
func hasProgram(name string) bool {
	for _, dir := range []string{"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/bin/"} {
		if _, err := os.Stat(dir + name); err == nil {
			return true
		}
	}
	return false
}
