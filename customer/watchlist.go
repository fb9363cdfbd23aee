package customer

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"dialtone/fault"
	"dialtone/job"
	"dialtone/screening"
)

// Loaded is what became of a file that was loaded.
type Loaded struct {
	List    List              // in force
	Summary screening.Summary // of the file; empty when the file was in force already
	Fresh   bool              // false: the very same file was in force already, and nothing was changed
}

// List returns the screening list in force; fault.NotFound when none was ever loaded.
func (s *Service) List(ctx context.Context) (List, error) { return s.store.List(ctx) }

// How a list is stored: so many entries in one transaction, so that no other writer waits long, and unseen until it is whole. What wasn't finished
// within an hour belongs to somebody who died.
const (
	entriesPerStep = 500
	abandonedAfter = time.Hour
)

// LoadList puts a file in force as the screening list, and promises to compare every customer with it. The list before stays in force until the new
// one is whole. fault.Invalid when the file isn't a list, or isn't a whole one; fault.Unavailable when it can't be read.
func (s *Service) LoadList(ctx context.Context, file io.ReadSeeker) (Loaded, error) {
	known, err := s.List(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Loaded{}, err
	}
	digest := sha256.New()
	_, err = io.Copy(digest, file)
	if err == nil && known.ID != "" && [32]byte(digest.Sum(nil)) == known.SHA256 {
		return Loaded{List: known}, nil
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return Loaded{}, fault.Wrap(fault.Unavailable, err, "The list can't be read. Check the file and load it again.")
	}
	staged := List{ID: ListID(s.newID()), SHA256: [32]byte(digest.Sum(nil)), Loaded: s.now()}
	err = s.store.Update(ctx, Tenant{}, func(tx Tx) error { return tx.StageList(ctx, staged, s.now().Add(-abandonedAfter)) })
	if err != nil {
		return Loaded{}, err
	}
	list, summary, err := s.enforce(ctx, staged, file)
	if err != nil {
		drop := s.store.Update(context.WithoutCancel(ctx), Tenant{}, func(tx Tx) error { return tx.DropList(ctx, staged.ID) })
		return Loaded{}, errors.Join(err, unlessGone(drop))
	}
	return Loaded{List: list, Summary: summary, Fresh: true}, nil
}

// enforce fills a staged list and puts it in force. The digest is that of what was read just now: the file may have changed since it was looked at.
func (s *Service) enforce(ctx context.Context, staged List, file io.Reader) (List, screening.Summary, error) {
	digest := sha256.New()
	entries := &listWriter{service: s, list: staged.ID}
	summary, err := screening.ReadCSV(io.TeeReader(file, digest), func(e screening.Entry) error { return entries.add(ctx, e) })
	if err == nil {
		err = entries.flush(ctx)
	}
	if err != nil {
		return List{}, summary, faultOf(err)
	}
	staged.SHA256, staged.Entries, staged.Loaded = [32]byte(digest.Sum(nil)), entries.stored, s.now()
	return staged, summary, s.store.Update(ctx, Tenant{}, func(tx Tx) error {
		if err := tx.EnforceList(ctx, staged); err != nil {
			return err
		}
		facts := map[string]any{"entries": staged.Entries, "passedOver": summary.Bad}
		if err := s.record(ctx, tx, System(""), Tenant{}, EventListLoaded, string(staged.ID), facts); err != nil {
			return err
		}
		return tx.Enqueue(ctx, job.Job{Kind: jobRescreen, Args: rescreenArgs{List: staged.ID}, Bulk: true})
	})
}

// listWriter stores entries as they come, many at a time.
type listWriter struct {
	service *Service
	list    ListID
	stored  int
	waiting []screening.Entry
}

func (w *listWriter) add(ctx context.Context, e screening.Entry) error {
	if w.waiting = append(w.waiting, e); len(w.waiting) < entriesPerStep {
		return nil
	}
	return w.flush(ctx)
}

func (w *listWriter) flush(ctx context.Context) error {
	err := w.service.store.Update(ctx, Tenant{}, func(tx Tx) error { return tx.AddListEntries(ctx, w.list, w.stored, w.waiting) })
	if err == nil {
		w.stored, w.waiting = w.stored+len(w.waiting), w.waiting[:0]
	}
	return err
}

// watchlist keeps the index of the list in force in memory: one, whoever asks and however often. It is safe for concurrent use.
type watchlist struct {
	store ScreeningReader
	turn  chan struct{} // holds one token: whoever has it may read and replace what follows
	list  ListID
	index *screening.Index
}

func newWatchlist(store ScreeningReader) *watchlist {
	w := &watchlist{store: store, turn: make(chan struct{}, 1)}
	w.turn <- struct{}{}
	return w
}

// How an index is made: entries are read so many at a time, some megabytes, and the whole may take so long. The public list takes a second or two.
const (
	entriesAtOnce = 5000
	buildTimeout  = 2 * time.Minute
)

// inForce returns the list in force and its index; fault.NotFound when none is loaded. The first who asks for a list makes its index, and the others
// wait for that. It is finished though the job that asked has run out of time: the next attempt finds it.
func (w *watchlist) inForce(ctx context.Context) (List, *screening.Index, error) {
	select {
	case <-w.turn:
		defer func() { w.turn <- struct{}{} }()
	case <-ctx.Done():
		return List{}, nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The screening list is still being read.")
	}
	list, err := w.store.List(ctx)
	if err != nil {
		return List{}, nil, err
	}
	if w.list == list.ID {
		return list, w.index, nil
	}
	w.list, w.index = "", nil // the old one goes before the new one comes: there is never room for both
	build, cancel := context.WithTimeout(context.WithoutCancel(ctx), buildTimeout)
	defer cancel()
	entries, err := w.entries(build, list)
	if err != nil {
		return List{}, nil, err
	}
	w.list, w.index = list.ID, screening.NewIndex(entries)
	return list, w.index, nil
}

// entries reads a whole list. One that was replaced twice meanwhile is gone, and half of it would let the other half through.
func (w *watchlist) entries(ctx context.Context, list List) ([]screening.Entry, error) {
	all := make([]screening.Entry, 0, list.Entries)
	for {
		part, err := w.store.ListEntries(ctx, list.ID, len(all), entriesAtOnce)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if len(part) < entriesAtOnce {
			break
		}
	}
	if len(all) != list.Entries {
		return nil, fault.New(fault.Unavailable, "The screening list was replaced while it was read. Try again.")
	}
	return all, nil
}
