package adminapi_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/billing"
	"dialtone/customer"
)

const billingPath = "/hub/v1/billing"

// held is something that an assigned package is for.
const (
	ownSubscriber = "0195a000-0000-7000-8000-000000000001"
	ownPerson     = "0195a000-0000-7000-8000-000000000002"
	otherOf       = "0195a000-0000-7000-8000-000000000003" // another subscription of the same person
	ownWorkspace  = "0195a000-0000-7000-8000-000000000004"
	ownLocation   = "0195a000-0000-7000-8000-000000000005"
)

// happened writes an event about a package of the office's customer at a moment, as RFC 3339 has it.
func (o *office) happened(at string, kind customer.EventKind, subject string, facts map[string]any) error {
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return err
	}
	org := uuidOfID(o.org)
	partner, err := o.db.Billing().Partner(context.Background(), o.partner)
	if err != nil {
		return err
	}
	tenant := customer.Tenant{Partner: partner.ID, Customer: customer.OrgID(org)}
	return o.db.Customers().Update(context.Background(), tenant, func(tx customer.Tx) error {
		return tx.Record(context.Background(), customer.Event{Time: moment, Tenant: tenant, Actor: "ada@example.com", Kind: kind, Subject: subject, Data: facts})
	})
}

// now is the office's time.
func (o *office) now() time.Time {
	return time.Date(2026, 5, 1, 8, 0, 0, 123456789, time.UTC).Add(time.Duration(o.passed.Load()))
}

// closeDays closes the days that are over.
func (o *office) closeDays() error {
	return billing.NewLedger(billing.LedgerConfig{Store: o.db.Billing(), Now: o.now}).CloseDays(context.Background())
}
