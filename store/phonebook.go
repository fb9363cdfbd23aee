package store

import (
	"context"

	"dialtone/customer"
)

// Phonebook implements provisioning.PhonebookReader, along the index of names.
func (r reader) Phonebook(ctx context.Context, tenant customer.Tenant, location customer.LocationID, limit int) ([]customer.Member, error) {
	w := ofTenant("", tenant)
	w.equal("location_id", string(location))
	w.add("(extension <> '' OR number <> '')")
	var rows []memberRow
	err := r.all(ctx, &rows, "read a phone book", "SELECT "+memberColumns+" FROM members"+w.text()+" ORDER BY folded_last, id LIMIT ?", append(w.args, limit)...)
	return nouns(rows, memberRow.noun), err
}
