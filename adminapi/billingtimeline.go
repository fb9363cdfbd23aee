package adminapi

import (
	"context"
	"strconv"
	"time"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/fault"
	"dialtone/usage"
)

// turnWire is an event that began or ended something.
type turnWire struct {
	Event string `json:"event" doc:"Number of the event, as in the audit log"`
	Time  string `json:"time"`
	Actor string `json:"actor"`
	Kind  string `json:"kind" example:"package.assigned"`
}

func wireTurn(e *customer.Event) *turnWire {
	if e == nil {
		return nil
	}
	return &turnWire{strconv.FormatInt(e.ID, 10), timestamp(e.Time), e.Actor, string(e.Kind)}
}

// partDayWire is a day of which a part counts.
type partDayWire struct {
	Day         string `json:"day"`
	Quantity    string `json:"quantity" example:"0.5"`
	Provisional bool   `json:"provisional" doc:"The day isn't over"`
}

// wholeDaysWire is a run of days that count as a whole.
type wholeDaysWire struct {
	StartDate string `json:"startDate"`
	EndDate   string `json:"endDate"`
	Days      int    `json:"days"`
}

// stretchWire is a time during which somebody held a package without a change.
type stretchWire struct {
	ServiceWire
	LocationID string         `json:"locationId,omitempty"`
	LicenseID  string         `json:"licenseId,omitempty"`
	From       string         `json:"from" doc:"With the offset of the subscription's time zone" example:"2026-04-14T12:00:00-05:00"`
	Until      string         `json:"until,omitempty" doc:"The same; absent while it lasts"`
	BilledFrom string         `json:"billedFrom,omitempty" doc:"The first day that counts, of a customer whose billing begins later"`
	Begins     *turnWire      `json:"begins,omitempty" doc:"The event that it begins with"`
	Ends       *turnWire      `json:"ends,omitempty" doc:"The event that it ends with"`
	WholeDays  *wholeDaysWire `json:"wholeDays,omitempty" doc:"Those of the days that were asked for"`
	PartDays   []partDayWire  `json:"partDays" doc:"The same"`
	AmountWire
	Why string `json:"why" example:"Webex Calling from 2026-04-14 12:00 until now: 16 whole days and 0.5 of 2026-04-14."`
}

func wireStretch(s billing.Stretch, zone usage.Zone) stretchWire {
	w := stretchWire{
		ServiceWire: wireService(usage.ServiceOf(s.Package)), LocationID: encodeID(kindLocation, s.Location), LicenseID: encodeID(kindLicense, s.License),
		From: zone.Local(s.From).Format(time.RFC3339Nano), Begins: wireTurn(s.Begins), Ends: wireTurn(s.Ends), PartDays: make([]partDayWire, len(s.Parts)),
		AmountWire: wireAmount(s.Amount), Why: s.Why, BilledFrom: s.BilledFrom.String(),
	}
	if !s.Open() {
		w.Until = zone.Local(s.Until).Format(time.RFC3339Nano)
	}
	if s.WholeDays > 0 {
		w.WholeDays = &wholeDaysWire{s.WholeFrom.String(), s.WholeTo.String(), s.WholeDays}
	}
	for i, p := range s.Parts {
		w.PartDays[i] = partDayWire{p.Day.String(), p.Units.String(), p.Provisional}
	}
	return w
}

// subjectWire is who held packages, with all of it on the days that were asked for.
type subjectWire struct {
	SubscriberID string `json:"subscriberId,omitempty"`
	PersonID     string `json:"personId,omitempty"`
	WorkspaceID  string `json:"workspaceId,omitempty"`
	AmountWire
	Assignments []stretchWire `json:"assignments"`
}

func wireSubject(zone usage.Zone) func(billing.SubjectUsage) subjectWire {
	return func(s billing.SubjectUsage) subjectWire {
		w := subjectWire{AmountWire: wireAmount(s.Amount), Assignments: make([]stretchWire, len(s.Held))}
		if s.Kind == usage.KindWorkspace {
			w.WorkspaceID = encodeID(kindWorkspace, s.ID)
		} else {
			w.SubscriberID, w.PersonID = encodeID(kindSubscriber, s.ID), encodeID(kindPerson, s.Person)
		}
		for i, one := range s.Held {
			w.Assignments[i] = wireStretch(one, zone)
		}
		return w
	}
}

type timelineInput struct {
	Paging
	OfUsage
	SubscriberID string `query:"subscriberId" doc:"Of this subscriber, who may be gone; one of the three at most, none for all of the customer"`
	PersonID     string `query:"personId" doc:"Of all subscriptions of this person"`
	WorkspaceID  string `query:"workspaceId" doc:"Of this workspace, which may be gone"`
}

func (in *timelineInput) who() (billing.Who, error) {
	var w billing.Who
	var err error
	if w.Subscriber, err = fieldID[customer.SubscriberID]("subscriberId", in.SubscriberID); err != nil {
		return w, err
	}
	if w.Person, err = fieldID[customer.PersonID]("personId", in.PersonID); err != nil {
		return w, err
	}
	w.Workspace, err = fieldID[customer.WorkspaceID]("workspaceId", in.WorkspaceID)
	return w, err
}

type timelineOutput struct {
	Link string `header:"Link"`
	Body struct {
		OrgID    string `json:"orgId"`
		TimeZone string `json:"timeZone" doc:"Of the billing subscription, whose days these are"`
		ShownDays
		Total   AmountWire    `json:"total" doc:"Of all who are asked for, also of those on other pages: what a report by user has"`
		Ordered AmountWire    `json:"ordered" doc:"Of a customer's total: what was ordered once, such as Setup Assist, which nobody holds"`
		Items   []subjectWire `json:"items"`
	}
}

func (s *Server) timeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	if in.OrgID == "" {
		return nil, fault.InvalidField("orgId", "is needed: name the customer").WithCode(fault.CodeMissing)
	}
	who, err := in.who()
	if err != nil {
		return nil, err
	}
	q, page, err := s.asked(ctx, &in.Paging, in.OfUsage)
	if err != nil {
		return nil, err
	}
	t, more, err := s.Desk.Timeline(ctx, q, who, page)
	if err != nil {
		return nil, err
	}
	list := answer(&in.Paging, page, t.Subjects, more, wireSubject(t.Zone))
	out := &timelineOutput{Link: list.Link}
	out.Body.OrgID, out.Body.TimeZone = encodeID(kindOrganization, t.Customer), t.Zone.String()
	out.Body.ShownDays = ShownDays{t.First.String(), t.Last.String(), t.Provisional, timestamp(t.AsOf)}
	out.Body.Total, out.Body.Ordered, out.Body.Items = wireAmount(t.Total), wireAmount(t.Ordered), list.Body.Items
	return out, nil
}
