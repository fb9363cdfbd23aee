package provisioning

import (
	"context"
	"fmt"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// registrationsShown bounds the history of registrations that is told: two days of a phone that registers once an hour.
const registrationsShown = 50

// RegistrationState is how a device's phone is registered, beside how it is configured.
type RegistrationState struct {
	Bindings   []BindingView // that are valid now
	History    []TraceEntry  // contacts about registrations, the newest first, at most 50
	Configured int64         // the device's revision
	Fetched    int64         // the newest revision that its phone has fetched; 0 for none
	FetchedAt  time.Time     // zero: never
	Domain     string        // of its lines, "" without any
	Resolution Resolution    // of that domain; found, where phones are told an address
	Drift      Drift
	// Obstacles are settings in the phone's own files that keep it from looking up that domain, so that it stays at a server that is emptied or lost.
	Obstacles []deviceprofiles.LookupObstacle
}

// Drift says in one word and one sentence whether a phone is where its record is, and what to do next.
type Drift struct {
	Status   DriftStatus
	Sentence string
	NextStep string // "" when nothing is to be done
}

// DriftStatus is the word.
type DriftStatus string

// The words.
const (
	DriftNone         DriftStatus = "in_step"      // registered, and has fetched what it is to have
	DriftWaiting      DriftStatus = "waiting"      // no phone was seen yet
	DriftBehind       DriftStatus = "behind"       // registered with an older configuration
	DriftAway         DriftStatus = "away"         // not registered, with an older configuration
	DriftUnregistered DriftStatus = "unregistered" // not registered, though its configuration is the newest
	DriftUnresolvable DriftStatus = "unresolvable" // the domain that it is told leads to no registrar
	DriftCutOff       DriftStatus = "cut_off"      // registered with a node that isn't there
)

// Registration says how a device's phone is registered and configured. fault.NotFound when the tenant has no such device.
func (s *Service) Registration(ctx context.Context, tenant customer.Tenant, id DeviceID) (RegistrationState, error) {
	s.flushTraces(ctx) // which may say that the phone was seen
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return RegistrationState{}, err
	}
	out := RegistrationState{Configured: d.Revision, Resolution: ResolutionFound, History: []TraceEntry{}}
	if out.Bindings, err = s.store.Bindings(ctx, d.Tenant(), id, s.now()); err != nil {
		return out, err
	}
	if out.Bindings, err = s.placed(ctx, out.Bindings); err != nil {
		return out, err
	}
	if out.Fetched, out.FetchedAt, err = s.store.Fetched(ctx, d.Tenant(), id); err != nil {
		return out, err
	}
	entries, err := s.store.Trace(ctx, d.Tenant(), id, TraceFilter{Door: doorSIP}, diagnosed)
	if err != nil {
		return out, err
	}
	for _, e := range entries {
		if e.Answer == answerRegistered || e.Answer == answerUnregistered {
			out.History = append(out.History, e)
		}
	}
	out.History = out.History[:min(len(out.History), registrationsShown)]
	if err := s.resolve(ctx, d, &out); err != nil {
		return out, err
	}
	out.Obstacles = s.lookupObstacles(ctx, d)
	bell, err := s.store.BellOf(ctx, d.Tenant(), id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return out, err
	}
	out.Drift = driftOf(d, out, bell)
	return out, nil
}

// resolve asks the zone about the domain that a device's phone is told to look up.
func (s *Service) resolve(ctx context.Context, d Device, out *RegistrationState) error {
	lines, err := s.store.Lines(ctx, d.Tenant(), d.ID)
	if err != nil || len(lines) == 0 {
		return err
	}
	out.Domain = lines[0].Domain
	if s.around == nil || s.sip.OutboundProxy != "" {
		return nil
	}
	out.Resolution, err = s.around.Resolution(ctx, out.Domain)
	return err
}

// driftOf puts it into words. It is a pure function.
func driftOf(d Device, r RegistrationState, b Bell) Drift {
	model, _ := deviceprofiles.FindModel(d.Model)
	registered, name := len(r.Bindings) > 0, model.DisplayName
	behind := model.Configured() && r.Fetched < r.Configured
	gone, cutOff := unreachable(r.Bindings)
	switch {
	case r.Resolution == ResolutionNoDomain:
		return Drift{DriftUnresolvable, fmt.Sprintf("Phones can't find %s: our zone doesn't have it.", r.Domain),
			"See that --sip-domain is the parent of the customer's SIP domain."}
	case r.Resolution == ResolutionNoNode:
		return Drift{DriftUnresolvable, fmt.Sprintf("Phones find no registrar for %s: our zone names no node that is there.", r.Domain),
			"Start a node, and look at dialtone nodes list."}
	case cutOff:
		return Drift{DriftCutOff, fmt.Sprintf("The phone is registered with the node %s, which was last heard of at %s: it can't be reached.", gone.Node, clock(gone.NodeGone)),
			fmt.Sprintf("Start the node, or wait: the phone registers with another one by %s, and is told then what it has missed.", clock(gone.Expires))}
	case d.FirstSeen.IsZero() && !registered:
		return Drift{DriftWaiting, fmt.Sprintf("No phone was seen yet for this %s.", name), "Connect the phone, and look at the boot trace when it has started."}
	case registered && !behind:
		return Drift{DriftNone, "The phone is registered and has its newest configuration.", ""}
	case registered:
		return Drift{DriftBehind, fmt.Sprintf("The phone is registered and has revision %d of its configuration; the newest is %d.", r.Fetched, r.Configured), nextOfBell(b)}
	case behind:
		return Drift{DriftAway, fmt.Sprintf("The phone isn't registered, and has revision %d of its configuration; the newest is %d.", r.Fetched, r.Configured),
			"Ask why it has no dial tone. It is told to fetch when it registers."}
	default:
		return Drift{DriftUnregistered, "The phone has its newest configuration and isn't registered.", "Ask why it has no dial tone."}
	}
}

// nextOfBell says what is done, or to do, for a phone that is behind.
func nextOfBell(b Bell) string {
	switch {
	case b.Device == "":
		return "Ask it to apply changes, or restart it: it was told and didn't fetch, or can't be told."
	case !b.Told.IsZero():
		return fmt.Sprintf("It answered at %s that it will fetch, which may wait for the end of a call. Restart it if it doesn't.", clock(b.Told))
	case b.Due.IsZero():
		return "Nothing: it is told when it registers next."
	default:
		return fmt.Sprintf("Nothing: it is told at %s.", clock(b.Due))
	}
}

// clock writes the time of a day as people read it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }
