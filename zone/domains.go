package zone

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

const (
	// cacheTime is how long an answer of the store holds, yes or no. It is long enough that a street of phones that boots costs one read, and
	// short enough that a customer that was made a moment ago resolves before anybody has plugged in a phone.
	cacheTime = 5 * time.Second
	// cacheSize bounds the memory that strangers can fill by asking for names that don't exist: some 200 bytes each, about 20 MB in all.
	// Names that are asked for again and again stay in (that is how the cache evicts), and what falls out costs one indexed read.
	cacheSize = 100_000
	// lookupTimeout is shorter than the patience of a resolver, so that it hears SERVFAIL and asks another node.
	lookupTimeout = 2 * time.Second
	// maxReads is how many reads the store is asked for at once: a flood of made-up names mustn't take its connections from the phones.
	maxReads = 16
	// maxWaiting is how many questions may wait for a read, a few kilobytes each: a neighbourhood that boots after a power cut fits in.
	maxWaiting = 4096
)

// errBusy means that too many questions wait for the store already.
var errBusy = errors.New("too many lookups are waiting")

// domains remembers for a moment which customers' domains exist, and which don't.
type domains struct {
	source  Domains
	parent  string // canonical, but without the final dot
	now     func() time.Time
	cache   *otter.Cache[string, cached] // by label; what has expired stays until it is asked for again or pushed out
	flights singleflight.Group           // one read for all who ask for the same label at once
	waiting chan struct{}
	reads   chan struct{}
}

type cached struct {
	exists bool
	until  time.Time
}

func newDomains(source Domains, parent string, now func() time.Time) *domains {
	return &domains{
		source: source, parent: parent, now: now,
		cache:   otter.Must(&otter.Options[string, cached]{MaximumSize: cacheSize}),
		waiting: make(chan struct{}, maxWaiting), reads: make(chan struct{}, maxReads),
	}
}

// has reports whether label.parent is a customer's domain. An error means that the store didn't say; it is never remembered.
func (d *domains) has(ctx context.Context, label string) (bool, error) {
	if c, ok := d.cache.GetIfPresent(label); ok && d.now().Before(c.until) {
		return c.exists, nil
	}
	select {
	case d.waiting <- struct{}{}:
		defer func() { <-d.waiting }()
	default:
		return false, errBusy
	}
	exists, err, _ := d.flights.Do(label, func() (any, error) { return d.read(ctx, label) })
	if err != nil {
		return false, err
	}
	return exists.(bool), nil
}

func (d *domains) read(ctx context.Context, label string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	select {
	case d.reads <- struct{}{}:
		defer func() { <-d.reads }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	exists, err := d.source.AnyTenantHasSIPDomain(ctx, label+"."+d.parent)
	if err != nil {
		return false, err
	}
	d.cache.Set(label, cached{exists: exists, until: d.now().Add(cacheTime)})
	return exists, nil
}
