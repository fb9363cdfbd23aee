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
	// What was read at a serial number stays true while that holds. By default no number ever does.
	serial func() uint32
	holds  func(serial uint32) bool
}

// cached is what the store said, and the zone's serial number from before it was asked.
type cached struct {
	exists bool
	until  time.Time
	serial uint32
}

func newDomains(source Domains, parent string, now func() time.Time) *domains {
	return &domains{
		source: source, parent: parent, now: now,
		cache:   otter.Must(&otter.Options[string, cached]{MaximumSize: cacheSize}),
		waiting: make(chan struct{}, maxWaiting), reads: make(chan struct{}, maxReads),
		serial: func() uint32 { return 0 }, holds: func(uint32) bool { return false },
	}
}

// has reports whether label.parent is a customer's domain. An error means that the store didn't say; it is never remembered.
func (d *domains) has(ctx context.Context, label string) (bool, error) {
	c, err := d.look(ctx, label)
	return c.exists, err
}

// look is has, with how long the answer holds.
func (d *domains) look(ctx context.Context, label string) (cached, error) {
	if c, ok := d.cache.GetIfPresent(label); ok && (d.now().Before(c.until) || d.holds(c.serial)) {
		return c, nil
	}
	select {
	case d.waiting <- struct{}{}:
		defer func() { <-d.waiting }()
	default:
		return cached{}, errBusy
	}
	found, err, _ := d.flights.Do(label, func() (any, error) { return d.read(ctx, label) })
	if err != nil {
		return cached{}, err
	}
	return found.(cached), nil
}

func (d *domains) read(ctx context.Context, label string) (cached, error) {
	c := cached{serial: d.serial()} // from before the read: what comes later is noticed
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	select {
	case d.reads <- struct{}{}:
		defer func() { <-d.reads }()
	case <-ctx.Done():
		return cached{}, context.Cause(ctx)
	}
	exists, err := d.source.AnyTenantHasSIPDomain(ctx, label+"."+d.parent)
	if err != nil {
		return cached{}, err
	}
	c.exists, c.until = exists, d.now().Add(cacheTime)
	d.cache.Set(label, c)
	return c, nil
}
