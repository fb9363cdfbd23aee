package customer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/nyaruka/phonenumbers"

	"dialtone/fault"
)

// NumberFilter narrows a list of numbers; empty fields don't.
type NumberFilter struct {
	Location  LocationID
	Number    string // all of a number with its plus sign, or a part of one
	Extension string // matches exactly
	OwnerName string // part of the name, without regard to case
	Owner     MemberID
	OwnerKind MemberKind
	State     NumberState
	Types     []NumberType // any of them
	Usage     NumberUsage
	Available bool        // only numbers that nobody has and that are no main number
	Rows      NumberRows  // empty: both kinds of row
	Line      NumberLine  // empty: any
	Order     NumberOrder // empty: by creation
	Nothing   bool        // what is asked for is a thing that numbers here never are, so that no row fits
	// Descending turns the order round; only with an Order.
	Descending bool
}

// NumberRows says which rows a list of numbers has.
type NumberRows string

// The kinds of row, in the wire's words.
const (
	RowsNumber    NumberRows = "NUMBER"
	RowsExtension NumberRows = "EXTENSION" // of members that have no number
)

// NumberLine says what a number is to its owner, in the wire's words.
type NumberLine string

// What a number is to its owner.
const (
	LinePrimary   NumberLine = "PRIMARY"
	LineAlternate NumberLine = "ALTERNATE"
)

// NumberOrder orders a list of numbers. Pages of one that isn't by creation are found by counting.
type NumberOrder string

// The orders, in the wire's words.
const (
	OrderNumber    NumberOrder = "dn"
	OrderExtension NumberOrder = "extension"
	OrderLastName  NumberOrder = "lastName"
)

// NumberView is a number, or the extension of a member without one, with what lists show around it.
type NumberView struct {
	Number               // E164 is "" for an extension alone, whose Created is the member's
	Extension     string // of the owner; "" if none
	LocationName  string
	RoutingPrefix string // of the location
	Main          bool   // it is the location's main number
	Primary       bool   // it is its owner's first number
	OwnerKind     MemberKind
	OwnerFirst    string
	OwnerLast     string
}

// Place is where the row is in a list by creation.
func (v NumberView) Place() Cursor {
	if v.E164 == "" {
		return Cursor{At: v.Created, ID: string(v.Owner)}
	}
	return Cursor{At: v.Created, ID: v.E164}
}

// NumberCounts counts rows of a list of numbers.
type NumberCounts struct {
	Assigned      int // numbers with an owner, and main numbers
	Unassigned    int
	Inactive      int
	ExtensionOnly int
	TollFree      int
	Mobile        int
	Service       int
	Total         int // numbers and extensions
}

// Numbers lists numbers and, unless the filter leaves them out, extensions of members without a number.
func (s *Service) Numbers(ctx context.Context, tenant Tenant, filter NumberFilter, page Page) ([]NumberView, bool, error) {
	return s.store.Numbers(ctx, tenant, filter, page)
}

// CountNumbers counts what Numbers would list.
func (s *Service) CountNumbers(ctx context.Context, tenant Tenant, filter NumberFilter) (NumberCounts, error) {
	return s.store.CountNumbers(ctx, tenant, filter)
}

// NewNumbers is the input of AddNumbers.
type NewNumbers struct {
	Location LocationID
	E164     []string    // 1 to 500; other signs than + and digits are taken out
	State    NumberState // empty: active
	Type     NumberType  // empty: as the numbering plan has it
	Usage    NumberUsage // empty: UsageNone
}

// maxNumbers is the most numbers of one call: a range of a hundred blocks of ten comes in two.
const maxNumbers = 500

// AddNumbers adds numbers to a location with calling: all of them or, when one is wrong, none. Those that it has already are left as they are;
// fault.Conflict when one belongs to another location or organisation, or when the location has no calling.
func (s *Service) AddNumbers(ctx context.Context, actor Actor, tenant Tenant, in NewNumbers) error {
	return s.withLocation(ctx, tenant, in.Location, func(tx Tx, l Location) error {
		if !l.Calling {
			return fault.New(fault.Conflict, "The location %s has no calling. Switch it on first.", l.Name).WithCode(fault.CodeCallingOff)
		}
		var p problems
		numbers := p.numberList(in.E164)
		in.State = p.numberState(in.State)
		p.numberType(in.Type)
		if in.Usage = cmp.Or(in.Usage, UsageNone); in.Usage != UsageNone && in.Usage != UsageService {
			p.reject("numberUsageType", string(in.Usage), "must be NONE or SERVICE")
		}
		if err := p.err("The numbers can't be added"); err != nil {
			return err
		}
		return s.addNumbers(ctx, tx, actor, l, numbers, in)
	})
}

// numberList reads the numbers of a call.
func (p *problems) numberList(values []string) []string {
	if len(values) == 0 || len(values) > maxNumbers {
		p.add("phoneNumbers", "must hold 1 to %d numbers", maxNumbers)
		return nil
	}
	out := make([]string, len(values))
	for i, n := range values {
		out[i] = p.number(fmt.Sprintf("phoneNumbers[%d]", i), n)
	}
	return out
}

func (p *problems) numberState(state NumberState) NumberState {
	switch state {
	case "":
		return NumberActive
	case NumberActive, NumberInactive:
	default:
		p.add("state", "must be ACTIVE or INACTIVE")
	}
	return state
}

func (p *problems) numberType(t NumberType) {
	switch t {
	case "", NumberDID, NumberTollFree, NumberMobile:
	default:
		p.reject("numberType", string(t), "must be TOLLFREE, DID or MOBILE")
	}
}

// typeOf is what the numbering plan says of a number whose type isn't given: that it is mobile only whoever adds it knows.
func typeOf(e164 string) NumberType {
	parsed, err := phonenumbers.Parse(e164, "")
	if err == nil && phonenumbers.GetNumberType(parsed) == phonenumbers.TOLL_FREE {
		return NumberTollFree
	}
	return NumberDID
}

func (s *Service) addNumbers(ctx context.Context, tx Tx, actor Actor, l Location, numbers []string, in NewNumbers) error {
	added := make([]string, 0, len(numbers))
	for _, e164 := range numbers {
		n := Number{
			E164: e164, Partner: l.Partner, Org: l.Org, Location: l.ID, State: cmp.Or(in.State, NumberActive), Type: cmp.Or(in.Type, typeOf(e164)),
			Usage: cmp.Or(in.Usage, UsageNone), Created: s.now(),
		}
		fresh, err := tx.AddNumber(ctx, n)
		if err != nil {
			return err
		}
		if fresh {
			added = append(added, e164)
		}
	}
	if len(added) == 0 {
		return nil
	}
	return s.record(ctx, tx, actor, l.Tenant(), EventNumbersAdded, string(l.ID), map[string]any{"numbers": added})
}

// SetNumberStates puts numbers of a location into service, or takes them out of it: all of them or, when one can't be, none. fault.Invalid names those
// that aren't in the location; fault.Conflict those that are in use, which can't be taken out of service.
func (s *Service) SetNumberStates(ctx context.Context, actor Actor, tenant Tenant, id LocationID, numbers []string, state NumberState) error {
	return s.withNumbers(ctx, tenant, id, numbers, func(tx Tx, l Location, list []Number) error {
		if state == NumberInactive {
			if err := unused(l, list, "taken out of service"); err != nil {
				return err
			}
		}
		var changed []string
		for _, n := range list {
			if n.State == state {
				continue
			}
			n.State = state
			changed = append(changed, n.E164)
			if err := tx.SetNumber(ctx, n); err != nil {
				return err
			}
		}
		if len(changed) == 0 {
			return nil
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventNumbersChanged, string(id), map[string]any{"numbers": changed, "state": state})
	})
}

// RemoveNumbers takes numbers out of a location: all of them or, when one can't be, none. fault.Invalid names those that aren't in the location;
// fault.Conflict the main number, and those that somebody has.
func (s *Service) RemoveNumbers(ctx context.Context, actor Actor, tenant Tenant, id LocationID, numbers []string) error {
	return s.withNumbers(ctx, tenant, id, numbers, func(tx Tx, l Location, list []Number) error {
		if err := unused(l, list, "removed"); err != nil {
			return err
		}
		removed := make([]string, len(list))
		for i, n := range list {
			if err := tx.DeleteNumber(ctx, l.Tenant(), n.E164); err != nil {
				return err
			}
			removed[i] = n.E164
		}
		return s.record(ctx, tx, actor, l.Tenant(), EventNumbersRemoved, string(id), map[string]any{"numbers": removed})
	})
}

// withNumbers runs fn in a transaction on numbers of a location, each once.
func (s *Service) withNumbers(ctx context.Context, tenant Tenant, id LocationID, numbers []string, fn func(Tx, Location, []Number) error) error {
	return s.withLocation(ctx, tenant, id, func(tx Tx, l Location) error {
		var p problems
		clean := p.numberList(numbers)
		if err := p.err("The numbers can't be changed"); err != nil {
			return err
		}
		var list []Number
		for i, e164 := range clean {
			if slices.Contains(clean[:i], e164) {
				continue
			}
			n, err := tx.Number(ctx, l.Tenant(), e164)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			if err != nil || n.Location != id {
				p.unknown(fmt.Sprintf("phoneNumbers[%d]", i), "%s isn't in the location", e164)
				continue
			}
			list = append(list, n)
		}
		if err := p.err("The numbers can't be changed"); err != nil {
			return err
		}
		return fn(tx, l, list)
	})
}

// unused refuses what can't be done to numbers that somebody has, or that a location needs.
func unused(l Location, list []Number, done string) error {
	for _, n := range list {
		if err := l.keeps(n, done); err != nil {
			return err
		}
	}
	return nil
}

// keeps says why a number must stay as it is.
func (l Location) keeps(n Number, done string) error {
	switch {
	case n.E164 == l.MainNumber:
		return fault.New(fault.Conflict, "%s is the main number of the location %s, and can't be %s. Give the location another main number first.", n.E164, l.Name, done).WithCode(fault.CodeAssigned)
	case n.E164 == l.Telephony.ChargeNumber:
		return fault.New(fault.Conflict, "%s is the charge number of the location %s, and can't be %s. Give the location another one first.", n.E164, l.Name, done).WithCode(fault.CodeAssigned)
	case n.Owner != "":
		return fault.New(fault.Conflict, "Somebody has the number %s: it can't be %s. Take it from them first.", n.E164, done).WithCode(fault.CodeAssigned)
	}
	return nil
}

// NumberVerdict says whether a number can be added, in the wire's words.
type NumberVerdict string

// What there is to say about a number that is to be added.
const (
	NumberAvailable       NumberVerdict = "Available"
	NumberDuplicate       NumberVerdict = "Duplicate" // the organisation has it
	NumberDuplicateInList NumberVerdict = "Duplicate In List"
	NumberInvalid         NumberVerdict = "Invalid"
	NumberUnavailable     NumberVerdict = "Unavailable" // somebody else has it
)

// NumberCheck is what there is to say about one number.
type NumberCheck struct {
	Number  string // as it was asked
	Verdict NumberVerdict
	Type    NumberType // empty for what is no number
}

// CheckNumbers says for each of 1 to 500 numbers whether it could be added.
func (s *Service) CheckNumbers(ctx context.Context, tenant Tenant, numbers []string) ([]NumberCheck, error) {
	if len(numbers) == 0 || len(numbers) > maxNumbers {
		return nil, fault.InvalidField("phoneNumbers", "must hold 1 to %d numbers", maxNumbers)
	}
	out := make([]NumberCheck, len(numbers))
	seen := map[string]bool{}
	for i, asked := range numbers {
		clean := CleanNumber(asked)
		verdict, err := s.checkNumber(ctx, tenant, clean)
		if err != nil {
			return nil, err
		}
		if verdict != NumberInvalid && seen[clean] {
			verdict = NumberDuplicateInList
		}
		seen[clean] = true
		out[i] = NumberCheck{Number: asked, Verdict: verdict}
		if verdict != NumberInvalid {
			out[i].Type = typeOf(clean)
		}
	}
	return out, nil
}

func (s *Service) checkNumber(ctx context.Context, tenant Tenant, e164 string) (NumberVerdict, error) {
	if !PossibleNumber(e164) {
		return NumberInvalid, nil
	}
	_, err := s.store.Number(ctx, tenant, e164)
	if err == nil {
		return NumberDuplicate, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return "", err
	}
	taken, err := s.store.AnyTenantHasNumber(ctx, e164)
	if err == nil && taken {
		return NumberUnavailable, nil
	}
	return NumberAvailable, err
}
