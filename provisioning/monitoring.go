package provisioning

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/job"
)

// MonitoredKind says what an entry of a monitoring list is.
type MonitoredKind string

// The kinds of entry.
const (
	MonitorMember MonitoredKind = "MEMBER" // a person, workspace or virtual line of the same organisation
	MonitorNumber MonitoredKind = "NUMBER" // a number or extension, whoever has it
	MonitorPark   MonitoredKind = "PARK"   // where calls are parked
)

// Monitored is an entry of a monitoring list: what a member watches on keys of its own phones.
type Monitored struct {
	Kind   MonitoredKind
	Member customer.MemberID // of MEMBER
	Number string            // of NUMBER and PARK: what is dialled
	Label  string            // what keys show; "" for the member's name, or for the number
}

// MonitoredView is an entry with whom it watches.
type MonitoredView struct {
	Monitored
	Watched       customer.Member // of MEMBER: names, location, extension and number
	RoutingPrefix string          // of the watched member's location
}

// maxMonitored bounds a monitoring list: as many as a phone with all of its modules has keys for.
const maxMonitored = 120

// WatchedBy narrows devices to those whose keys watch a member, or else anybody of a location. The first Most come, at most 500, behind After.
type WatchedBy struct {
	Member   customer.MemberID
	Location customer.LocationID
	After    DeviceID
	Most     int
}

// MonitoringReader reads monitoring lists. The rules of Reader hold.
type MonitoringReader interface {
	// Monitoring returns a member's monitoring list, in its order; empty for a member without one.
	Monitoring(ctx context.Context, tenant customer.Tenant, owner customer.MemberID) ([]MonitoredView, error)
	// DevicesWatching lists the devices of whoever watches, by id.
	DevicesWatching(ctx context.Context, tenant customer.Tenant, watched WatchedBy) ([]DeviceID, error)
}

// MonitoringTx writes monitoring lists.
type MonitoringTx interface {
	// SetMonitoring replaces a member's monitoring list. fault.NotFound when it isn't the tenant's. It goes with its owner, an entry with whom it watches.
	SetMonitoring(ctx context.Context, tenant customer.Tenant, owner customer.MemberID, list []Monitored) error
}

// Monitoring returns a member's monitoring list. fault.NotFound when the tenant has no member of that kind and id.
func (s *Service) Monitoring(ctx context.Context, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID) ([]MonitoredView, error) {
	m, err := s.customers.MemberOf(ctx, tenant, kind, id)
	if err != nil {
		return nil, err
	}
	return s.store.Monitoring(ctx, m.Tenant(), id)
}

// SetMonitoring replaces what a member watches, and tells its phones. fault.NotFound as in Monitoring; fault.Invalid names every entry that breaks a rule,
// such as monitoring[1].memberId.
func (s *Service) SetMonitoring(ctx context.Context, actor customer.Actor, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID, list []Monitored) error {
	m, err := s.customers.MemberOf(ctx, tenant, kind, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, m.Tenant(), func(tx Tx) error {
		if err := checkMonitoring(ctx, tx, m, list); err != nil {
			return err
		}
		return s.setMonitoring(ctx, tx, actor, m, list)
	})
}

// setMonitoring replaces a member's monitoring list with one that was checked, if it is another one.
func (s *Service) setMonitoring(ctx context.Context, tx Tx, actor customer.Actor, m customer.Member, list []Monitored) error {
	before, err := tx.Monitoring(ctx, m.Tenant(), m.ID)
	if err != nil || slices.EqualFunc(before, list, func(a MonitoredView, b Monitored) bool { return a.Monitored == b }) {
		return err
	}
	if err := tx.SetMonitoring(ctx, m.Tenant(), m.ID, list); err != nil {
		return err
	}
	event := customer.Event{
		Time: s.now(), Tenant: m.Tenant(), Actor: actor.Email, Kind: customer.EventMemberMonitoring, Subject: string(m.ID),
		Data: map[string]any{"kind": m.Kind, "before": len(before), "after": len(list)},
	}
	if err := tx.Record(ctx, event); err != nil {
		return err
	}
	return s.publishDevicesOf(ctx, tx, actor, m, customer.EventMemberMonitoring)
}

// DropMonitoring empties, in somebody's transaction, the list of a workspace whose package brings no busy lamps.
func (s *Service) DropMonitoring(ctx context.Context, tx Tx, actor customer.Actor, w customer.Workspace) error {
	if w.Package.Allows(customer.FeatureBusyLampMonitoring) {
		return nil
	}
	return s.setMonitoring(ctx, tx, actor, w.Member(), nil)
}

// publishDevicesOf publishes a member's own devices.
func (s *Service) publishDevicesOf(ctx context.Context, tx Tx, actor customer.Actor, m customer.Member, change customer.EventKind) error {
	const most = 500 // far more than anybody may have
	devices, _, err := tx.Devices(ctx, m.Tenant(), DeviceFilter{Owner: m.ID}, s.now(), customer.Page{Max: most})
	if err != nil {
		return err
	}
	for _, d := range devices {
		if _, err := s.Publish(ctx, tx, actor, m.Tenant(), d.ID, change, nil); err != nil {
			return err
		}
	}
	return nil
}

// checkMonitoring refuses a list that its owner can't have.
func checkMonitoring(ctx context.Context, tx Tx, owner customer.Member, list []Monitored) error {
	if len(list) == 0 {
		return nil
	}
	if len(list) > maxMonitored {
		return fault.InvalidField("monitoring", "must have at most %d entries; it has %d", maxMonitored, len(list))
	}
	pkg, err := customer.PackageOf(ctx, tx, owner)
	if err != nil {
		return err
	}
	if !pkg.Allows(customer.FeatureBusyLampMonitoring) {
		return fault.InvalidField("monitoring", "must be empty: %s has no package with busy lamps, such as %s", owner.DisplayName(), customer.WebexCalling)
	}
	seen := map[Monitored]bool{}
	for i, one := range list {
		field := fmt.Sprintf("monitoring[%d]", i)
		if err := checkMonitored(ctx, tx, owner, field, one); err != nil {
			return err
		}
		one.Label = ""
		if seen[one] {
			return fault.InvalidField(field, "must be there once")
		}
		seen[one] = true
	}
	return nil
}

func checkMonitored(ctx context.Context, tx Tx, owner customer.Member, field string, one Monitored) error {
	switch one.Kind {
	case MonitorMember:
		return checkWatchedMember(ctx, tx, owner, field, one)
	case MonitorNumber, MonitorPark:
		if one.Member != "" {
			return fault.InvalidField(field+".memberId", "must be absent: only %s has one", MonitorMember)
		}
		return deviceprofiles.CheckWatched(field, deviceprofiles.Watched{Number: one.Number, Label: one.Label})
	}
	return fault.InvalidField(field+".type", "must be one of %s, %s, %s", MonitorMember, MonitorNumber, MonitorPark)
}

func checkWatchedMember(ctx context.Context, tx Tx, owner customer.Member, field string, one Monitored) error {
	switch {
	case one.Number != "":
		return fault.InvalidField(field+".number", "must be absent: a member is reached by its own")
	case one.Member == owner.ID:
		return fault.InvalidField(field+".memberId", "must be somebody else")
	}
	if _, err := tx.Member(ctx, owner.Tenant(), one.Member); fault.Is(err, fault.NotFound) {
		return fault.InvalidField(field+".memberId", "is nobody of the same organisation")
	} else if err != nil {
		return err
	}
	const anything = "0" // the number is the member's
	return deviceprofiles.CheckWatched(field, deviceprofiles.Watched{Number: anything, Label: one.Label})
}

// CountMonitored counts what keys are needed for.
func CountMonitored(list []MonitoredView) deviceprofiles.Monitored {
	n := deviceprofiles.Monitored{}
	for _, one := range list {
		if one.Kind == MonitorPark {
			n.ParkExtensions++
		} else {
			n.Lines++
		}
	}
	return n
}

// watchedBy is what the keys of a device show. Who can't be reached isn't shown.
func watchedBy(in RenderInput) []deviceprofiles.Watched {
	var out []deviceprofiles.Watched
	for _, one := range in.Monitored {
		w := deviceprofiles.Watched{Park: one.Kind == MonitorPark, Number: one.Number, Label: one.Label}
		if one.Kind == MonitorMember {
			w.Number, w.Label = one.dialledFrom(in.Device.Location), cmp.Or(one.Label, one.Watched.DisplayName())
		}
		if w.Number != "" {
			out = append(out, w)
		}
	}
	return out
}

// dialledFrom is what phones of a location dial to reach the watched member: the extension, from other locations with the routing prefix of its own; without
// a prefix the number, as another may have the extension there.
func (v MonitoredView) dialledFrom(at customer.LocationID) string {
	m := v.Watched
	switch {
	case m.Extension == "" || m.Location == at:
		return cmp.Or(m.Extension, m.Number)
	case v.RoutingPrefix != "":
		return v.RoutingPrefix + m.Extension
	}
	return cmp.Or(m.Number, m.Extension)
}

// jobReviseWatchers is what a change of a member promises those whose keys watch it.
const jobReviseWatchers job.Kind = "provisioning.revise_watchers"

// watchersArgs names the devices themselves: by the time when the job runs nobody may be watched any more.
type watchersArgs struct {
	Partner customer.OrgID `json:"partner"`
	Org     customer.OrgID `json:"org"`
	Devices []DeviceID     `json:"devices"` // at most reviseChunk
	Actor   string         `json:"actor"`
}

// TellWatchers promises, in somebody's transaction, to raise the revision of the devices whose keys watch a member.
func (s *Service) TellWatchers(ctx context.Context, tx Tx, actor customer.Actor, tenant customer.Tenant, member customer.MemberID) error {
	return s.promiseToWatchers(ctx, tx, tenant, WatchedBy{Member: member}, actor.Email)
}

func (s *Service) promiseToWatchers(ctx context.Context, tx Tx, tenant customer.Tenant, watched WatchedBy, actor string) error {
	for watched.Most = reviseChunk; ; {
		devices, err := tx.DevicesWatching(ctx, tenant, watched)
		if err != nil || len(devices) == 0 {
			return err
		}
		args := watchersArgs{Partner: tenant.Partner, Org: tenant.Customer, Devices: devices, Actor: actor}
		if err := tx.Enqueue(ctx, job.Job{Kind: jobReviseWatchers, Args: args}); err != nil || len(devices) < reviseChunk {
			return err
		}
		watched.After = devices[len(devices)-1]
	}
}

// reviseWatchers raises the revision of some devices; one that is gone by now is passed over. Run again, it does no harm.
func (s *Service) reviseWatchers(ctx context.Context, args watchersArgs) error {
	tenant := customer.Tenant{Partner: args.Partner, Customer: args.Org}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		for _, id := range args.Devices {
			if _, err := tx.Device(ctx, tenant, id); fault.Is(err, fault.NotFound) {
				continue
			} else if err != nil {
				return err
			}
			if _, err := s.Publish(ctx, tx, customer.Actor{Email: args.Actor}, tenant, id, customer.EventMemberMonitoring, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// prefixChanged promises the same to all that watch anybody of a location.
func (s *Service) prefixChanged(ctx context.Context, args customer.PrefixChange) error {
	tenant := customer.Tenant{Partner: args.Partner, Customer: args.Org}
	return s.store.Update(ctx, tenant, func(tx Tx) error {
		return s.promiseToWatchers(ctx, tx, tenant, WatchedBy{Location: args.Location}, args.Actor)
	})
}

// DeviceKey is what a key of a device does.
type DeviceKey struct {
	deviceprofiles.Key
	Unsupported bool // no phone of the model can be told
}

// Keys returns what each key of a device does, with what its owner watches: those of the phone, then those of its expansion modules.
func (s *Service) Keys(ctx context.Context, tenant customer.Tenant, id DeviceID) ([]DeviceKey, error) {
	in, err := s.store.RenderInput(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	model, err := ModelOf(in.Device)
	if err != nil {
		return nil, err
	}
	lines := make([]deviceprofiles.Line, len(in.Lines))
	for i, l := range in.Lines {
		lines[i] = deviceprofiles.Line{Port: l.Port, Weight: l.Weight}
	}
	keys := in.Device.Layout.Resolve(model, lines, watchedBy(in))
	out := make([]DeviceKey, len(keys))
	for i, key := range keys {
		out[i] = DeviceKey{key, !model.CanTell(key)}
	}
	return out, nil
}
