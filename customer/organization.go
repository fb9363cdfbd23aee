package customer

import (
	"context"
	"slices"
	"strings"
	"time"

	"dialtone/fault"
)

// Organization is what a customer's people, locations and phones belong to. It outlives the wholesale relation that a Customer is, and can be attached
// by another partner when that has ended.
type Organization struct {
	ID           OrgID
	Partner      OrgID // who serves it, or served it last
	SIPDomain    string
	Name         string
	PrimaryEmail string
	Language     string // five-letter locale
	// Authentication stays as it was when the organisation was created, whoever attaches it.
	Authentication Authentication
	Domains        []EmailDomain
	OtherLicenses  LicenseState // bought elsewhere than wholesale
	Trial          bool
	Echo           EchoPolicy
	Served         bool // it is somebody's customer now
	People         int
	Created        time.Time
}

// EmailDomain is an e-mail domain that an organisation has shown to be its own.
type EmailDomain struct {
	Name    string // lower case
	Claimed bool   // nobody else may have addresses in it; else only verified
}

// LicenseState is what became of an organisation's licences that weren't bought wholesale.
type LicenseState string

// The states of licences bought elsewhere.
const (
	LicensesNone      LicenseState = "none"
	LicensesSuspended LicenseState = "suspended"
	LicensesCancelled LicenseState = "cancelled"
	LicensesActive    LicenseState = "active"
)

// PartnerRole is what a partner may do in an organisation that it serves (product rule 5).
type PartnerRole string

// The rights of a partner in an organisation.
const (
	PartnerFullAdmin         PartnerRole = "full_admin"
	PartnerProvisioningAdmin PartnerRole = "provisioning_admin"
)

// largeOrganization is the number of people from which an organisation's administrator must consent to be attached (product rule 5).
const largeOrganization = 100

// needsConsent reports whether the organisation's administrator must agree before it is attached (product rule 5): a verified domain is enough, and
// a claimed one is verified.
func (o Organization) needsConsent() bool { return o.People >= largeOrganization || len(o.Domains) > 0 }

// roleOfAttacher is what a partner may do that attaches the organisation.
func (o Organization) roleOfAttacher() PartnerRole {
	if o.OtherLicenses == LicensesActive {
		return PartnerProvisioningAdmin
	}
	return PartnerFullAdmin
}

// attachable says why an organisation can't be attached: fault.Conflict.
func (o Organization) attachable() error {
	switch {
	case o.Served:
		return fault.New(fault.Conflict, "The organisation is a customer already, of yours or of another partner.").WithCode(fault.CodeOrgInUse)
	case o.Trial:
		return fault.New(fault.Conflict, "The organisation is on trial, which can't be converted. End the trial first.").WithCode(fault.CodeTrial)
	}
	return nil
}

// Organization returns one organisation of the actor's.
func (s *Service) Organization(ctx context.Context, actor Actor, id OrgID) (Organization, error) {
	return s.store.Organization(ctx, Tenant{Partner: actor.Partner, Customer: actor.Org}, id)
}

// OrganizationFacts is the input of SetOrganizationFacts: what is known of an organisation from elsewhere. It replaces the whole.
type OrganizationFacts struct {
	Domains       []EmailDomain
	OtherLicenses LicenseState
	Trial         bool
}

// maxDomains bounds an organisation's e-mail domains.
const maxDomains = 100

// SetOrganizationFacts notes what is known of an organisation, which decides who must consent when it is attached.
func (s *Service) SetOrganizationFacts(ctx context.Context, actor Actor, id OrgID, in OrganizationFacts) (Organization, error) {
	var p problems
	if len(in.Domains) > maxDomains {
		p.code(fault.CodeSize, "domains", "must be at most %d", maxDomains)
		in.Domains = nil
	}
	domains := p.domains("domains", in.Domains)
	switch in.OtherLicenses {
	case "":
		p.missing("otherLicenses", "is needed: none, suspended, cancelled or active")
	case LicensesNone, LicensesSuspended, LicensesCancelled, LicensesActive:
	default:
		p.reject("otherLicenses", string(in.OtherLicenses), "must be none, suspended, cancelled or active")
	}
	if err := p.err("The organisation can't be changed"); err != nil {
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
		after.Domains, after.OtherLicenses, after.Trial = domains, in.OtherLicenses, in.Trial
		if err := tx.SetOrganization(ctx, after); err != nil {
			return err
		}
		facts := map[string]any{"before": before.facts(), "after": after.facts()}
		return s.record(ctx, tx, actor, tenant, EventOrganizationChanged, string(id), facts)
	})
}

func (o Organization) facts() map[string]any {
	domains := []string{}
	for _, d := range o.Domains {
		name := d.Name
		if d.Claimed {
			name += " (claimed)"
		}
		domains = append(domains, name)
	}
	return map[string]any{"domains": domains, "otherLicenses": o.OtherLicenses, "trial": o.Trial}
}

func (p *problems) domains(field string, list []EmailDomain) []EmailDomain {
	var out []EmailDomain
	for _, d := range list {
		d.Name = strings.ToLower(strings.Trim(strings.TrimSpace(d.Name), "."))
		if !strings.Contains(d.Name, ".") || len(d.Name) > 253 || strings.ContainsFunc(d.Name, func(r rune) bool { return !isDomainSign(r) }) {
			p.reject(field, d.Name, "must be domains such as example.com")
			continue
		}
		if slices.ContainsFunc(out, func(o EmailDomain) bool { return o.Name == d.Name }) {
			p.add(field, "names %s twice", d.Name)
			continue
		}
		out = append(out, d)
	}
	return out
}

func isDomainSign(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.'
}
