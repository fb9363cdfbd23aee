package provisioning

import (
	"context"
	"hash/fnv"
	"strings"
	"time"

	"dialtone/digest"
	"dialtone/secret"
)

// LineRegistration is how a line is registered, for who watches it.
type LineRegistration struct {
	Bindings []Binding // that are valid now, the preferred ones first
	// Password is another number after each change of the line's password, and the same as long as it is the same.
	Password uint64
	Overlap  bool // the password before counts as well
}

// StoredLineRegistration is what the store has of it.
type StoredLineRegistration struct {
	Bindings      []Binding
	HA1           secret.Sealed
	PreviousUntil time.Time // zero: no password but the newest counts
}

// LineRegistrationStore is where they are kept.
type LineRegistrationStore interface {
	// AnyTenantLineRegistrations returns how some lines, at most 500, are registered at a moment. Lines that are gone are left out.
	AnyTenantLineRegistrations(ctx context.Context, lines []LineID, now time.Time) (map[LineID]StoredLineRegistration, error)
	// AnyTenantCountBindings counts the bindings that came to a node and are valid at a moment.
	AnyTenantCountBindings(ctx context.Context, node string, now time.Time) (int, error)
}

// LineRegistrations returns how some lines, at most 500, are registered, by whichever node it came about. Lines that are gone are left out.
// fault.Unavailable when the store doesn't answer.
func (s *Service) LineRegistrations(ctx context.Context, lines []LineID) (map[LineID]LineRegistration, error) {
	now := s.now()
	stored, err := s.store.AnyTenantLineRegistrations(ctx, lines, now)
	if err != nil {
		return nil, err
	}
	out := make(map[LineID]LineRegistration, len(stored))
	for id, r := range stored {
		sum := fnv.New64a()
		_, _ = sum.Write(r.HA1) // never fails; every sealing is another text
		out[id] = LineRegistration{Bindings: r.Bindings, Password: sum.Sum64(), Overlap: now.Before(r.PreviousUntil)}
	}
	return out, nil
}

// HA1 gives what answers a challenge of a realm. Its errors are fault.Internal: a secret can't be opened.
type HA1 func(a digest.Algorithm, realm string) (string, error)

// LineProof gives what answers a phone that asks who we are, on one of its line's subscriptions. fault.NotFound when the line is gone.
func (s *Service) LineProof(ctx context.Context, domain, userName string) (HA1, error) {
	line, err := s.store.AnyTenantLine(ctx, strings.ToLower(domain), strings.ToLower(userName))
	if err != nil {
		return nil, err
	}
	return s.ha1For(line.Line), nil
}
