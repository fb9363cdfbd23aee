package adminapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/billing"
	"dialtone/usage"
)

// accountRowWire is a row of an account, with ids as files have them.
type accountRowWire struct {
	CustomerOrgID      string `json:"customerOrgId,omitempty"`
	CustomerExternalID string `json:"customerExternalId,omitempty"`
	SubscriptionID     string `json:"subscriptionId,omitempty"`
	ServiceName        string `json:"serviceName,omitempty"`
	StartDate          string `json:"consumptionStartDate,omitempty"`
	EndDate            string `json:"consumptionEndDate,omitempty"`
	Quantity           string `json:"quantity"`
	SubscriberID       string `json:"subscriberId,omitempty"`
	UserID             string `json:"userId,omitempty"`
	WorkspaceID        string `json:"workspaceId,omitempty"`
	LocationID         string `json:"locationId,omitempty"`
	LicenseID          string `json:"licenseId,omitempty"`
}

// wireAccountRow returns nothing for the row of an account that hasn't it.
func wireAccountRow(r usage.Row) *accountRowWire {
	if r == (usage.Row{}) {
		return nil
	}
	return &accountRowWire{
		CustomerOrgID: string(r.Customer), CustomerExternalID: r.ExternalID, SubscriptionID: r.Subscription, ServiceName: string(r.Service),
		StartDate: r.First.String(), EndDate: r.Last.String(), Quantity: r.Quantity.String(),
		SubscriberID: string(r.Subscriber), UserID: string(r.User), WorkspaceID: string(r.Workspace), LocationID: string(r.Location), LicenseID: string(r.License),
	}
}

// differenceWire is something that the accounts don't agree about.
type differenceWire struct {
	Cause      string          `json:"cause" example:"QUANTITY_DIFFERS"`
	Difference string          `json:"difference" doc:"How much more your account has" example:"-1.5"`
	Ours       *accountRowWire `json:"ours,omitempty" doc:"Absent where we have nothing"`
	Theirs     *accountRowWire `json:"theirs,omitempty" doc:"Absent where your account has nothing"`
}

// causeWire sums up the differences of one cause.
type causeWire struct {
	Cause      string `json:"cause"`
	Count      int    `json:"count"`
	Difference string `json:"difference"`
}

// sideWire is one of the accounts.
type sideWire struct {
	Quantity string `json:"quantity"`
	Rows     int    `json:"rows"`
}

// comparisonWire is what a comparison came to.
type comparisonWire struct {
	StartDate     string           `json:"startDate"`
	EndDate       string           `json:"endDate"`
	Type          string           `json:"type"`
	Ours          sideWire         `json:"ours"`
	Theirs        sideWire         `json:"theirs"`
	Difference    string           `json:"difference" doc:"How much more your account has, altogether"`
	Causes        []causeWire      `json:"causes"`
	DifferenceSum int              `json:"numberOfDifferences" doc:"Of all, also of those that aren't in differences"`
	Differences   []differenceWire `json:"differences" doc:"The first 1000, in the order of a report"`
}

func wireComparison(c billing.Comparison) comparisonWire {
	w := comparisonWire{
		StartDate: c.First.String(), EndDate: c.Last.String(), Type: string(c.Type), Ours: sideWire{c.Ours.String(), c.OurRows}, Theirs: sideWire{c.Theirs.String(), c.TheirRows},
		Difference: c.By().String(), Causes: make([]causeWire, len(c.Causes)), DifferenceSum: c.NumberOfDifferences, Differences: make([]differenceWire, len(c.Differences)),
	}
	for i, cause := range c.Causes {
		w.Causes[i] = causeWire{string(cause.Cause), cause.Count, cause.By.String()}
	}
	for i, d := range c.Differences {
		w.Differences[i] = differenceWire{string(d.Cause), d.By().String(), wireAccountRow(d.Ours), wireAccountRow(d.Theirs)}
	}
	return w
}

type reconcileInput struct {
	OfUsage
	Type string `query:"type" doc:"PARTNER, CUSTOMER or USER; absent: the one with the fewest columns that has those of the file"`
	sent sentCSV
}

// Resolve keeps the body, which is read as it comes.
func (in *reconcileInput) Resolve(c huma.Context) []error {
	in.sent = csvOf(c)
	return nil
}

type comparisonOutput struct{ Body comparisonWire }

func (s *Server) reconcile(ctx context.Context, in *reconcileInput) (*comparisonOutput, error) {
	kind, err := wordOf("type", in.Type, usage.Types())
	if err != nil {
		return nil, err
	}
	q, err := s.query(ctx, in.OfUsage)
	if err != nil {
		return nil, err
	}
	file, err := in.sent.file(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.Desk.Reconcile(ctx, q, kind, file)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, refusal(ctx, http.StatusRequestEntityTooLarge, "The file is larger than 32 MiB. Compare a report by customer, or fewer customers at once.")
	}
	return &comparisonOutput{wireComparison(c)}, err
}
