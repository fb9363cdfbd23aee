package people_test

import (
	"testing"

	"dialtone/provisioning/coretest"
)

// hall is a customer on a real store, with the core.
type hall struct{ *coretest.Hall }

func openHall(t testing.TB) *hall {
	t.Helper()
	return &hall{coretest.Open(t)}
}
