package store

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/screening"
)

type listRow struct {
	ID         string `db:"id"`
	SHA256     []byte `db:"sha256"`
	Loaded     int64  `db:"loaded"`
	Entries    int    `db:"entries"`
	ScreenedTo string `db:"screened_to"`
	Screened   int64  `db:"screened"`
}

func (r listRow) noun() customer.List {
	l := customer.List{
		ID: customer.ListID(r.ID), Loaded: fromMicros(r.Loaded), Entries: r.Entries, ScreenedTo: customer.CustomerID(r.ScreenedTo), Screened: fromMicros(r.Screened),
	}
	copy(l.SHA256[:], r.SHA256)
	return l
}

// entryColumn is one entry of a list in its JSON column, and in those of hits.
type entryColumn struct {
	ID        string   `json:"id"`
	Source    string   `json:"source,omitempty"`
	Type      string   `json:"type,omitempty"`
	Name      string   `json:"name"`
	AltNames  []string `json:"altNames,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Programs  []string `json:"programs,omitempty"`
	StartDate string   `json:"startDate,omitempty"`
	EndDate   string   `json:"endDate,omitempty"`
	ListURL   string   `json:"listUrl,omitempty"`
}

// List implements customer.ScreeningReader.
func (r reader) List(ctx context.Context) (customer.List, error) {
	var row listRow
	err := r.get(ctx, &row, "screening list", "SELECT id, sha256, loaded, entries, screened_to, screened FROM rpl_lists WHERE state = 'current'")
	if err != nil {
		return customer.List{}, err
	}
	return row.noun(), nil
}

// ListEntries implements customer.ScreeningReader.
func (r reader) ListEntries(ctx context.Context, id customer.ListID, from, limit int) ([]screening.Entry, error) {
	var rows []string
	err := r.all(ctx, &rows, "read a screening list", "SELECT entry FROM rpl_entries WHERE list_id = ? AND position >= ? ORDER BY position LIMIT ?", string(id), from, limit)
	return nouns(rows, func(text string) screening.Entry { return screening.Entry(decode[entryColumn](text)) }), err
}

// AnyTenantCustomers implements customer.ScreeningReader.
func (r reader) AnyTenantCustomers(ctx context.Context, after customer.CustomerID, limit int) ([]customer.Customer, error) {
	var rows []customerRow
	err := r.all(ctx, &rows, "read all customers", customerSelect()+" WHERE c.id > ? ORDER BY c.id LIMIT ?", string(after), limit)
	return nouns(rows, customerRow.noun), err
}

// StageList implements customer.ScreeningTx.
func (t *tx) StageList(ctx context.Context, l customer.List, abandoned time.Time) error {
	if _, err := t.exec(ctx, "clear away lists", "DELETE FROM rpl_lists WHERE state = 'loading' AND loaded < ?", micros(abandoned)); err != nil {
		return err
	}
	return t.insert(ctx, "rpl_lists", "id, sha256, state, loaded, entries, screened_to, screened", string(l.ID), l.SHA256[:], "loading", micros(l.Loaded), 0, "", 0)
}

// AddListEntries implements customer.ScreeningTx.
func (t *tx) AddListEntries(ctx context.Context, id customer.ListID, from int, entries []screening.Entry) error {
	for len(entries) > 0 {
		part := entries[:min(len(entries), maxRows)]
		entries = entries[len(part):]
		args := make([]any, 0, 3*len(part))
		for _, e := range part {
			text, err := encode(entryColumn(e))
			if err != nil {
				return err
			}
			args = append(args, string(id), from, text)
			from++
		}
		if _, err := t.exec(ctx, "write a screening list", "INSERT INTO rpl_entries (list_id, position, entry) VALUES "+tuples(len(part), 3), args...); err != nil {
			return err
		}
	}
	return nil
}

// EnforceList implements customer.ScreeningTx. Entries go with their list.
func (t *tx) EnforceList(ctx context.Context, l customer.List) error {
	for _, statement := range []string{
		"DELETE FROM rpl_lists WHERE state = 'former'",
		"UPDATE rpl_lists SET state = 'former' WHERE state = 'current'",
	} {
		if _, err := t.exec(ctx, "replace the screening list", statement); err != nil {
			return err
		}
	}
	return t.change(ctx, "screening list", "UPDATE rpl_lists SET state = 'current', sha256 = ?, loaded = ?, entries = ? WHERE id = ? AND state = 'loading'",
		l.SHA256[:], micros(l.Loaded), l.Entries, string(l.ID))
}

// DropList implements customer.ScreeningTx.
func (t *tx) DropList(ctx context.Context, id customer.ListID) error {
	return t.change(ctx, "screening list", "DELETE FROM rpl_lists WHERE id = ? AND state = 'loading'", string(id))
}

// SetListProgress implements customer.ScreeningTx.
func (t *tx) SetListProgress(ctx context.Context, l customer.List) error {
	return t.change(ctx, "screening list", "UPDATE rpl_lists SET screened_to = ?, screened = ? WHERE id = ?", string(l.ScreenedTo), micros(l.Screened), string(l.ID))
}
