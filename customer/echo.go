package customer

import "context"

// EchoPolicy says which calls to the echo are taken.
type EchoPolicy string

// The policies, as the wire spells them but for the first.
const (
	EchoDefault  EchoPolicy = "" // as the level above says: the organisation, and above that the server
	EchoOffered  EchoPolicy = "offered"
	EchoDemanded EchoPolicy = "demanded" // encrypted ones alone
)

// echoDefault is how the wire spells EchoDefault.
const echoDefault = "default"

// Word returns the wire's word.
func (p EchoPolicy) Word() string {
	if p == EchoDefault {
		return echoDefault
	}
	return string(p)
}

// parseEcho reads a wire's word; fault.Invalid.
func parseEcho(word string) (EchoPolicy, error) {
	var p problems
	switch word {
	case echoDefault:
		return EchoDefault, nil
	case string(EchoOffered), string(EchoDemanded):
		return EchoPolicy(word), nil
	case "":
		p.missing("encryption", "is needed: default, offered or demanded")
	default:
		p.reject("encryption", word, "must be default, offered or demanded")
	}
	return EchoDefault, p.err("The echo can't be set")
}

// SetOrganizationEcho says which calls to the echo are taken from an organisation's phones, where their location says nothing else: default, offered or
// demanded. fault.Invalid for another word.
func (s *Service) SetOrganizationEcho(ctx context.Context, actor Actor, id OrgID, word string) (Organization, error) {
	policy, err := parseEcho(word)
	if err != nil {
		return Organization{}, err
	}
	tenant := Tenant{Partner: actor.Partner, Customer: id}
	var after Organization
	return after, s.store.Update(ctx, tenant, func(tx Tx) error {
		before, err := tx.Organization(ctx, actor.Tenant(), id)
		if err != nil {
			return err
		}
		after = before
		if after.Echo = policy; after.Echo == before.Echo {
			return nil
		}
		if err := tx.SetOrganization(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, tenant, EventOrganizationEcho, string(id), echoFacts(before.Echo, policy))
	})
}

// SetLocationEcho is SetOrganizationEcho for the phones of one location.
func (s *Service) SetLocationEcho(ctx context.Context, actor Actor, tenant Tenant, id LocationID, word string) (Location, error) {
	policy, err := parseEcho(word)
	if err != nil {
		return Location{}, err
	}
	var after Location
	return after, s.withLocation(ctx, tenant, id, func(tx Tx, before Location) error {
		after = before
		if after.Telephony.Echo = policy; policy == before.Telephony.Echo {
			return nil
		}
		if err := tx.SetLocation(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, after.Tenant(), EventLocationEcho, string(id), echoFacts(before.Telephony.Echo, policy))
	})
}

func echoFacts(before, after EchoPolicy) map[string]any {
	return map[string]any{"before": before.Word(), "after": after.Word()}
}

// EchoPolicy returns what counts for a call: what the location says, else the organisation, else server. The location may be empty. fault.NotFound.
func (s *Service) EchoPolicy(ctx context.Context, tenant Tenant, location LocationID, server EchoPolicy) (EchoPolicy, error) {
	if location != "" {
		l, err := s.store.Location(ctx, tenant, location)
		if err != nil || l.Telephony.Echo != EchoDefault {
			return l.Telephony.Echo, err
		}
		tenant = l.Tenant()
	}
	o, err := s.store.Organization(ctx, tenant, tenant.Customer)
	if err != nil || o.Echo != EchoDefault {
		return o.Echo, err
	}
	return server, nil
}
