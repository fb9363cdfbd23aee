package store

import (
	"context"
	"database/sql"

	"dialtone/customer"
)

type memberRow struct {
	ID         string         `db:"id"`
	Kind       string         `db:"kind"`
	PartnerID  string         `db:"partner_id"`
	OrgID      string         `db:"org_id"`
	Email      sql.NullString `db:"email"`
	FirstName  string         `db:"first_name"`
	LastName   string         `db:"last_name"`
	LocationID sql.NullString `db:"location_id"`
	Extension  string         `db:"extension"`
	Number     string         `db:"number"`
	Created    int64          `db:"created"`
}

const memberColumns = "id, kind, partner_id, org_id, email, first_name, last_name, location_id, extension, number, created"

func (r memberRow) noun() customer.Member {
	return customer.Member{
		ID: customer.MemberID(r.ID), Kind: customer.MemberKind(r.Kind), Partner: customer.OrgID(r.PartnerID), Org: customer.OrgID(r.OrgID),
		Email: r.Email.String, FirstName: r.FirstName, LastName: r.LastName, Location: customer.LocationID(r.LocationID.String), Extension: r.Extension,
		Number: r.Number, Created: fromMicros(r.Created),
	}
}

// Member implements customer.Reader.
func (r reader) Member(ctx context.Context, tenant customer.Tenant, id customer.MemberID) (customer.Member, error) {
	w := ofTenant("", tenant)
	w.add("id = ?", string(id))
	var row memberRow
	err := r.get(ctx, &row, "member", "SELECT "+memberColumns+" FROM members"+w.text(), w.args...)
	return row.noun(), err
}
