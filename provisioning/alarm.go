package provisioning

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/diagnosis"
)

// AlarmKind says what an alarm is about.
type AlarmKind string

// AlarmID names an alarm, a UUID.
type AlarmID string

// Alarm is something that an administrator should look at. While it is so there is one for each thing, and it ends by itself.
type Alarm struct {
	ID       AlarmID
	Tenant   customer.Tenant     // without a customer for what concerns the partner
	Location customer.LocationID // "" for none
	Kind     AlarmKind
	Subject  string // what it is about: a location's id, an address or a block
	Sentence string
	NextStep string
	Open     bool
	Raised   time.Time
	Seen     time.Time // when it was last so
	Cleared  time.Time // zero while it is open
}

// SiteCounts is a location with what is known of its phones.
type SiteCounts struct {
	Tenant   customer.Tenant
	Location customer.LocationID
	Name     string
	diagnosis.Site
}

// SiteTimes are the moments by which a site's phones are counted.
type SiteTimes struct{ Memory, Fetched, Registered, Refused time.Time }

// WatchReader reads what is watched.
type WatchReader interface {
	// UnknownDevices lists those of the tenant by when they last asked, then address, the newest first.
	UnknownDevices(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]UnknownDevice, bool, error)
	// Sightings finds unknown devices by their addresses, at most 500: the tenant's, and those that are nobody's, without the peer.
	Sightings(ctx context.Context, tenant customer.Tenant, macs []string) ([]UnknownDevice, error)
	// MACsAmong returns which of some addresses, at most 500, the tenant's devices have, in order.
	MACsAmong(ctx context.Context, tenant customer.Tenant, macs []string) ([]string, error)
	// DeviceByMAC finds the tenant's device.
	DeviceByMAC(ctx context.Context, tenant customer.Tenant, mac deviceprofiles.MAC) (Device, error)
	// Queries lists what was asked of DNS about the domain of the tenant's one organisation, the newest first.
	Queries(ctx context.Context, tenant customer.Tenant) ([]Query, error)
	// Alarms lists alarms, open ones first, then the newest.
	Alarms(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Alarm, bool, error)
}

// AlarmTx writes alarms.
type AlarmTx interface {
	// RaiseAlarm opens an alarm, and reports true; when one of its kind is open about its subject, that is only seen again.
	RaiseAlarm(ctx context.Context, a Alarm) (bool, error)
	// ClearAlarm closes an alarm, and reports whether it was open.
	ClearAlarm(ctx context.Context, tenant customer.Tenant, id AlarmID, at time.Time) (bool, error)
}

// WatchStore is what watching needs across tenants.
type WatchStore interface {
	// AppendQueries keeps the newest question of each kind about a domain; those about domains that nobody has are dropped.
	AppendQueries(ctx context.Context, queries []Query) error
	// NoteUnknown adds to the inbox of unknown devices, within its limits.
	NoteUnknown(ctx context.Context, list []UnknownDevice, limits UnknownLimits) error
	// AnyTenantPartnersOfRun lists the partners with a device between two MAC addresses, or whose phones proved themselves from an address since a moment.
	AnyTenantPartnersOfRun(ctx context.Context, low, high deviceprofiles.MAC, from netip.Addr, since time.Time) ([]customer.OrgID, error)
	// AnyTenantSites counts the phones of locations behind one, by id, at most limit.
	AnyTenantSites(ctx context.Context, after customer.LocationID, times SiteTimes, limit int) ([]SiteCounts, error)
	// AnyTenantSiteAlarms lists the open alarms of some locations, at most 500.
	AnyTenantSiteAlarms(ctx context.Context, locations []customer.LocationID) ([]Alarm, error)
	// AnyTenantQuietAlarms lists open alarms of a kind that weren't seen since a moment, at most limit.
	AnyTenantQuietAlarms(ctx context.Context, kind AlarmKind, before time.Time, limit int) ([]Alarm, error)
	// ForgetWatched deletes addresses, unknown devices and closed alarms that weren't seen since their moments, at most limit of each.
	ForgetWatched(ctx context.Context, address, unknown, alarm time.Time, limit int) error
}

// Alarms lists a tenant's alarms, open ones first, then the newest.
func (s *Service) Alarms(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]Alarm, bool, error) {
	return s.store.Alarms(ctx, tenant, page)
}

// raise opens an alarm, with its event, or sees an open one again.
func (s *Service) raise(ctx context.Context, a Alarm) error {
	a.ID, a.Open, a.Raised = AlarmID(s.newID()), true, s.now()
	a.Seen = a.Raised
	return s.store.Update(ctx, a.Tenant, func(tx Tx) error {
		fresh, err := tx.RaiseAlarm(ctx, a)
		if err != nil || !fresh {
			return err
		}
		return tx.Record(ctx, a.event(customer.EventAlarmRaised, a.Raised))
	})
}

// clear closes an alarm, with its event.
func (s *Service) clear(ctx context.Context, a Alarm) error {
	now := s.now()
	return s.store.Update(ctx, a.Tenant, func(tx Tx) error {
		was, err := tx.ClearAlarm(ctx, a.Tenant, a.ID, now)
		if err != nil || !was {
			return err
		}
		return tx.Record(ctx, a.event(customer.EventAlarmCleared, now))
	})
}

func (a Alarm) event(kind customer.EventKind, at time.Time) customer.Event {
	return customer.Event{
		Time: at, Tenant: a.Tenant, Actor: customer.System(a.Tenant.Partner).Email, Kind: kind, Subject: string(a.ID),
		Data: map[string]any{"kind": string(a.Kind), "subject": a.Subject, "sentence": a.Sentence},
	}
}

// The pace of watching. Five hundred locations each ten seconds are a hundred thousand in half an hour, on one node.
const (
	siteInterval  = 10 * time.Second
	siteBatch     = 500
	alarmTime     = 90 * 24 * time.Hour // that closed alarms are kept
	forgetBatch   = 5000
	watchTimeout  = 30 * time.Second
	roundInterval = time.Minute
)

// watch raises and clears alarms until ctx ends.
func (s *Service) watch(ctx context.Context) {
	sites, rounds := time.NewTicker(siteInterval), time.NewTicker(roundInterval)
	defer sites.Stop()
	defer rounds.Stop()
	var after customer.LocationID
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case r := <-s.harvests.found:
			s.raiseHarvest(ctx, r)
		case <-sites.C:
			after, err = s.checkSites(ctx, after)
		case <-rounds.C:
			err = s.endQuiet(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "alarms are as they were until the next round", "error", err)
		}
	}
}

// CheckAlarms looks once at everything that alarms are about: at runs that were found, at every site, and at what is over. Run does so by and by.
func (s *Service) CheckAlarms(ctx context.Context) error {
	s.flushTraces(ctx)
	for len(s.harvests.found) > 0 {
		s.raiseHarvest(ctx, <-s.harvests.found)
	}
	err := s.endQuiet(ctx)
	for after := customer.LocationID(""); err == nil; {
		if after, err = s.checkSites(ctx, after); after == "" {
			break
		}
	}
	return err
}

// endQuiet ends the alarms of runs that are over, and forgets what is old.
func (s *Service) endQuiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	now := s.now()
	quiet, err := s.store.AnyTenantQuietAlarms(ctx, AlarmHarvest, now.Add(-harvestQuiet), siteBatch)
	for _, a := range quiet {
		err = errors.Join(err, s.clear(ctx, a))
	}
	return errors.Join(err, s.store.ForgetWatched(ctx, now.Add(-4*knownAddressTime), now.Add(-unknownTime), now.Add(-alarmTime), forgetBatch))
}

// checkSites judges the locations behind one and returns the last of them; "" at the end.
func (s *Service) checkSites(ctx context.Context, after customer.LocationID) (customer.LocationID, error) {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	now := s.now()
	sites, err := s.store.AnyTenantSites(ctx, after, SiteTimes{
		Memory: now.Add(-diagnosis.Memory), Fetched: now.Add(-diagnosis.FetchSilence), Registered: now.Add(-diagnosis.RegisterSilence), Refused: now.Add(-diagnosis.RefusedLately),
	}, siteBatch)
	if err != nil || len(sites) == 0 {
		return "", err
	}
	ids := make([]customer.LocationID, len(sites))
	for i, site := range sites {
		ids[i] = site.Location
	}
	open, err := s.store.AnyTenantSiteAlarms(ctx, ids)
	for _, site := range sites {
		if err == nil {
			err = s.judge(ctx, site, open)
		}
	}
	if len(sites) < siteBatch {
		return "", err
	}
	return ids[len(ids)-1], err
}

// judge raises the alarm of a silent site, and clears those that are over.
func (s *Service) judge(ctx context.Context, site SiteCounts, open []Alarm) error {
	kind := diagnosis.SilenceOf(site.Site)
	there := false
	for _, a := range open {
		switch {
		case a.Location != site.Location:
		case a.Kind == AlarmKind(kind):
			there = true
		default:
			if err := s.clear(ctx, a); err != nil {
				return err
			}
		}
	}
	if kind == diagnosis.NotSilent || there {
		return nil
	}
	sentence, next := kind.Sentence(site.Name, site.Site)
	return s.raise(ctx, Alarm{Tenant: site.Tenant, Location: site.Location, Kind: AlarmKind(kind), Subject: string(site.Location), Sentence: sentence, NextStep: next})
}
