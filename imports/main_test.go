package imports_test

import (
	"os"
	"testing"

	"dialtone/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) } //nolint:forbidigo // a TestMain exits
