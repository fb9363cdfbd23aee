package adminapi

import (
	"context"

	"dialtone/billing"
)

// subscriptionWire is a billing subscription.
type subscriptionWire struct {
	ID        string `json:"id"`
	TimeZone  string `json:"timeZone" doc:"In which its days are counted; UTC where none was set" example:"America/New_York"`
	Customers int    `json:"customers" doc:"Whose usage is counted, those that are gone included"`
	Since     string `json:"countedSince,omitempty" doc:"The first day that is closed: from then on the time zone is fixed"`
}

func wireSubscription(s billing.Subscription) subscriptionWire {
	return subscriptionWire{s.ID, s.Zone.String(), s.Customers, s.Since.String()}
}

type subscriptionsInput struct {
	Paging
	OfSubPartner
}

func (s *Server) subscriptions(ctx context.Context, in *subscriptionsInput) (*listed[subscriptionWire], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	tenant, err := s.partner(ctx, in.OfSubPartner, "")
	if err != nil {
		return nil, err
	}
	list, more, err := s.Desk.Subscriptions(ctx, tenant.Partner, page)
	return answer(&in.Paging, page, list, more, wireSubscription), err
}

type setSubscriptionInput struct {
	OfSubPartner
	ID   string `path:"subscriptionId"`
	Body struct {
		TimeZone string `json:"timeZone" doc:"IANA name" example:"America/New_York"`
	}
}

type subscriptionOutput struct{ Body subscriptionWire }

func (s *Server) setSubscription(ctx context.Context, in *setSubscriptionInput) (*subscriptionOutput, error) {
	tenant, err := s.partner(ctx, in.OfSubPartner, "")
	if err != nil {
		return nil, err
	}
	sub, err := s.Desk.SetZone(ctx, actorOf(ctx), tenant.Partner, in.ID, in.Body.TimeZone)
	return &subscriptionOutput{wireSubscription(sub)}, err
}
