package customer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dialtone/fault"
	"dialtone/job"
	"dialtone/secret"
)

// Telephony is what calls of a location are like.
type Telephony struct {
	CallingName             string // what the called see beside the main number; "" for the customer's name
	ExternalCallerID        string // what the called outside see; "" for the calling name
	OutsideDialDigit        string // one digit before numbers of the outside; "" for none
	EnforceOutsideDialDigit bool   // without it nobody gets out
	ChargeNumber            string // E.164, one of the location's: who pays; "" for none
	ChargeHeader            bool   // the charge number goes into the header P-Charge-Info
	// CallbackMember is the member of the location whose number emergency services call back; empty: the main number.
	CallbackMember MemberID
	// EmergencyAddress is where help is sent, as far as it isn't the location's own address; zero without EmergencyAddressID.
	EmergencyAddress   Address
	EmergencyAddressID EmergencyAddressID
	Permissions        []CallPermission // those that somebody has set; nil for none
	Echo               EchoPolicy
}

// EmergencyService reports whether calls to the emergency service are set up: they are as soon as a location in the US or Canada has calling (product
// rule 6).
func (l Location) EmergencyService() bool {
	return l.Calling && (l.Address.Country == "US" || l.Address.Country == "CA")
}

// CallingLocation is a location with what is known of it elsewhere.
type CallingLocation struct {
	Location
	SIPDomain    string // of the customer
	CustomerName string
	UserLimit    int // people that can have calling there; 0: no limit
}

// CallingLocation returns a location that has calling: fault.NotFound for one that hasn't.
func (s *Service) CallingLocation(ctx context.Context, tenant Tenant, id LocationID) (CallingLocation, error) {
	l, err := s.store.Location(ctx, tenant, id)
	if err != nil {
		return CallingLocation{}, err
	}
	if !l.Calling {
		return CallingLocation{}, fault.New(fault.NotFound, "There is no such location.")
	}
	o, err := s.store.Organization(ctx, l.Tenant(), l.Org)
	if err != nil {
		return CallingLocation{}, err
	}
	c, err := s.store.CustomerByOrg(ctx, l.Partner, l.Org)
	if err != nil && !fault.Is(err, fault.NotFound) { // a customer may be gone, and its organisation stay
		return CallingLocation{}, err
	}
	return CallingLocation{Location: l, SIPDomain: o.SIPDomain, CustomerName: o.Name, UserLimit: c.callingLimit()}, nil
}

// callingLimit is how many people can have calling; 0: no limit.
func (c Customer) callingLimit() int {
	sum := 0
	for _, p := range c.Packages {
		if p.Package.Calling() && p.Package.ForPerson() && p.Status != PackageDeleting {
			sum += p.Limit
		}
	}
	return sum
}

// EnableCalling switches calling on for a location, and gives it what is in the input; when it is on already only that. fault.Conflict with
// fault.CodeNotProvisioned when the customer has no calling package.
func (s *Service) EnableCalling(ctx context.Context, actor Actor, tenant Tenant, id LocationID) error {
	known, err := s.store.Location(ctx, tenant, id)
	if err != nil {
		return unknownField(err, "id", "names no location of yours")
	}
	return s.withLocation(ctx, known.Tenant(), id, func(tx Tx, l Location) error {
		if l.Calling {
			return nil
		}
		var p problems
		p.text("name", l.Name, maxCallingName)
		if err := p.err("Calling can't be switched on"); err != nil {
			return err
		}
		if err := hasCallingPackage(ctx, tx, l); err != nil {
			return err
		}
		l.Calling = true
		if err := tx.SetLocation(ctx, l); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventCallingEnabled, string(id), map[string]any{"name": l.Name, "emergencyService": l.EmergencyService()})
	})
}

func hasCallingPackage(ctx context.Context, tx Tx, l Location) error {
	c, err := tx.CustomerByOrg(ctx, l.Partner, l.Org)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.Packages, func(p CustomerPackage) bool { return p.Package.Calling() && p.Status == PackageProvisioned }) {
		return nil
	}
	return fault.New(fault.Conflict, "The customer has no calling package. Give it one first.").WithCode(fault.CodeNotProvisioned)
}

// DisableCalling switches calling off for a location that nothing belongs to, and forgets its calling settings and its connection; one that hasn't
// calling stays as it is. fault.Conflict says what is in the way.
func (s *Service) DisableCalling(ctx context.Context, actor Actor, tenant Tenant, id LocationID) error {
	return s.withLocation(ctx, tenant, id, func(tx Tx, l Location) error {
		if !l.Calling {
			return nil
		}
		if err := isEmpty(ctx, tx, l); err != nil {
			return err
		}
		l.Calling, l.MainNumber, l.RoutingPrefix, l.PSTNVendor, l.Route, l.Telephony = false, "", "", "", Route{}, Telephony{}
		if err := tx.SetLocation(ctx, l); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventCallingDisabled, string(id), map[string]any{"name": l.Name})
	})
}

// JobPrefix is what another routing prefix of a location promises: phones elsewhere, on which keys watch somebody there, dial it. Its worker tells phones,
// and so belongs to whoever has them.
const JobPrefix job.Kind = "customer.routing_prefix"

// PrefixChange is what JobPrefix is about.
type PrefixChange struct {
	Partner  OrgID      `json:"partner"`
	Org      OrgID      `json:"org"`
	Location LocationID `json:"location"`
	Actor    string     `json:"actor"`
}

// CallingChange is the input of ChangeCalling. What is nil stays as it is; what is empty goes.
type CallingChange struct {
	Announcements    *string // locale in any case; can't go
	CallingName      *string // at most 30 characters
	MainNumber       *string // E.164, of the location
	ExternalCallerID *string // at most 80 characters
	AccessNetwork    *string // emergency location identifier, at most 128 characters
	OutsideDialDigit *string // one digit
	Enforce          *bool
	RoutingPrefix    *string // 1 to 7 digits; unique in the organisation
	ChargeNumber     *string // E.164, of the location
	ChargeHeader     *bool
	Connection       *Route // of premises-based PSTN
}

// ChangeCalling changes the calling settings of a location. fault.NotFound when it has no calling; fault.Invalid naming the fields that break a rule;
// fault.Conflict when another location of the organisation has the routing prefix.
func (s *Service) ChangeCalling(ctx context.Context, actor Actor, tenant Tenant, id LocationID, in CallingChange) error {
	return s.withCalling(ctx, tenant, id, func(tx Tx, before Location) error {
		if (in == CallingChange{}) {
			return fault.InvalidField("announcementLanguage", "nothing is to be changed: send at least one field").WithCode(fault.CodeMissing)
		}
		var p problems
		after := p.calling(before, in)
		for field, number := range map[string]string{"callingLineId.phoneNumber": deref(in.MainNumber), "chargeNumber": deref(in.ChargeNumber)} {
			if err := p.ofLocation(ctx, tx, before, field, number); err != nil {
				return err
			}
		}
		p.sort()
		if err := p.err("The calling settings can't be changed"); err != nil {
			return err
		}
		if err := tx.SetLocation(ctx, after); err != nil {
			return err
		}
		if after.RoutingPrefix != before.RoutingPrefix {
			args := PrefixChange{Partner: after.Partner, Org: after.Org, Location: id, Actor: actor.Email}
			if err := tx.Enqueue(ctx, job.Job{Kind: JobPrefix, Args: args}); err != nil {
				return err
			}
		}
		facts := map[string]any{"before": before.callingFacts(), "after": after.callingFacts()}
		return s.record(ctx, tx, actor, after.Tenant(), EventCallingChanged, string(id), facts)
	})
}

// withCalling is withLocation for what needs calling: fault.NotFound without it.
func (s *Service) withCalling(ctx context.Context, tenant Tenant, id LocationID, fn func(Tx, Location) error) error {
	return s.withLocation(ctx, tenant, id, func(tx Tx, l Location) error {
		if !l.Calling {
			return fault.New(fault.NotFound, "There is no such location.")
		}
		return fn(tx, l)
	})
}

// calling checks what is given, and returns the location with it.
func (p *problems) calling(l Location, in CallingChange) Location {
	if in.Announcements != nil {
		l.AnnouncementLanguage = strings.ToLower(p.language("announcementLanguage", *in.Announcements, l.Address.Country, l.AnnouncementLanguage))
	}
	set := func(field string, value *string, size int, into *string) {
		if value != nil {
			*into = p.optionalText(field, *value, size)
		}
	}
	set("callingLineId.name", in.CallingName, 30, &l.Telephony.CallingName)
	set("externalCallerIdName", in.ExternalCallerID, 80, &l.Telephony.ExternalCallerID)
	set("pAccessNetworkInfo", in.AccessNetwork, 128, &l.EmergencyID)
	p.dialled("outsideDialDigit", in.OutsideDialDigit, 1, &l.Telephony.OutsideDialDigit)
	p.dialled("routingPrefix", in.RoutingPrefix, 7, &l.RoutingPrefix)
	if in.MainNumber != nil {
		l.MainNumber = CleanNumber(*in.MainNumber)
	}
	if in.ChargeNumber != nil {
		l.Telephony.ChargeNumber = CleanNumber(*in.ChargeNumber)
	}
	if in.Enforce != nil {
		l.Telephony.EnforceOutsideDialDigit = *in.Enforce
	}
	if in.ChargeHeader != nil {
		l.Telephony.ChargeHeader = *in.ChargeHeader
	}
	if in.Connection != nil {
		l.Route, l.PSTNVendor = p.route("connection.type", "connection.id", *in.Connection), ""
	}
	if l.Telephony.EnforceOutsideDialDigit && l.Telephony.OutsideDialDigit == "" {
		p.missing("outsideDialDigit", "is needed when it is enforced")
	}
	return l
}

// dialled reads digits that people dial; nil leaves them as they are.
func (p *problems) dialled(field string, value *string, most int, into *string) {
	if value == nil {
		return
	}
	*into = strings.TrimSpace(*value)
	if len(*into) > most || strings.Trim(*into, "0123456789") != "" {
		p.reject(field, *into, fmt.Sprintf("must be digits, at most %d", most))
	}
}

// ofLocation checks that a number is in the location; "" is none.
func (p *problems) ofLocation(ctx context.Context, r Reader, l Location, field, number string) error {
	number = CleanNumber(number)
	if number == "" {
		return nil
	}
	n, err := r.Number(ctx, l.Tenant(), number)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || n.Location != l.ID {
		p.unknown(field, "%s isn't in the location: add it there first", number)
	}
	return nil
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (l Location) callingFacts() map[string]any {
	t := l.Telephony
	return map[string]any{
		"announcementLanguage": l.AnnouncementLanguage, "callingLineName": t.CallingName, "mainNumber": l.MainNumber, "externalCallerIdName": t.ExternalCallerID,
		"emergencyLocationIdentifier": l.EmergencyID, "outsideDialDigit": t.OutsideDialDigit, "enforceOutsideDialDigit": t.EnforceOutsideDialDigit,
		"routingPrefix": l.RoutingPrefix, "chargeNumber": t.ChargeNumber, "connection": l.connectionFacts(),
	}
}

// ExtensionState says whether an extension can be taken, in the wire's words.
type ExtensionState string

// The states of an extension that is asked about.
const (
	ExtensionValid           ExtensionState = "VALID"
	ExtensionDuplicate       ExtensionState = "DUPLICATE"
	ExtensionDuplicateInList ExtensionState = "DUPLICATE_IN_LIST"
	ExtensionInvalid         ExtensionState = "INVALID"
)

// ExtensionCheck is what there is to say about one extension.
type ExtensionCheck struct {
	Extension string // as it was asked
	State     ExtensionState
}

// CheckExtensions says for each of 1 to 500 extensions whether somebody in the location could have it.
func (s *Service) CheckExtensions(ctx context.Context, tenant Tenant, id LocationID, extensions []string) ([]ExtensionCheck, error) {
	l, err := s.CallingLocation(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if len(extensions) == 0 || len(extensions) > maxNumbers {
		return nil, fault.InvalidField("extensions", "must hold 1 to %d extensions", maxNumbers)
	}
	taken, err := s.store.TakenExtensions(ctx, l.Tenant(), id, extensions)
	if err != nil {
		return nil, err
	}
	out := make([]ExtensionCheck, len(extensions))
	seen := map[string]bool{}
	for i, e := range extensions {
		var p problems
		switch p.extension("", e); {
		case len(p.list) > 0 || e == "" || strings.TrimSpace(e) != e:
			out[i] = ExtensionCheck{e, ExtensionInvalid}
		case seen[e]:
			out[i] = ExtensionCheck{e, ExtensionDuplicateInList}
		case slices.Contains(taken, e):
			out[i] = ExtensionCheck{e, ExtensionDuplicate}
		default:
			out[i] = ExtensionCheck{e, ExtensionValid}
		}
		seen[e] = true
	}
	return out, nil
}

// ExamplePassword makes a SIP password that every phone's file can hold. Nothing keeps it. fault.NotFound when the location has no calling.
func (s *Service) ExamplePassword(ctx context.Context, tenant Tenant, id LocationID) (secret.Text, error) {
	if _, err := s.CallingLocation(ctx, tenant, id); err != nil {
		return secret.Text{}, err
	}
	return secret.NewPassword(s.random)
}
