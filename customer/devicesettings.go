package customer

import (
	"context"

	"dialtone/fault"
)

// DeviceSettingsChange is the input of ChangeDeviceSettings. What is nil stays as it is.
type DeviceSettingsChange struct {
	Compression *bool
	Hoteling    *Hoteling
}

// maxGuestHours is the most that guests can be given: some six weeks.
const maxGuestHours = 999

// MemberOf returns a member of one kind; fault.NotFound, naming the kind's thing, when the tenant has none with that id.
func (s *Service) MemberOf(ctx context.Context, tenant Tenant, kind MemberKind, id MemberID) (Member, error) {
	return memberOf(ctx, s.store, tenant, kind, id)
}

func memberOf(ctx context.Context, r Reader, tenant Tenant, kind MemberKind, id MemberID) (Member, error) {
	m, err := r.Member(ctx, tenant, id)
	if fault.Is(err, fault.NotFound) || err == nil && m.Kind != kind {
		return Member{}, fault.New(fault.NotFound, "There is no such %s.", kind.thing())
	}
	return m, err
}

// thing is what people call a member of the kind.
func (k MemberKind) thing() string {
	switch k {
	case MemberPerson:
		return "person"
	case MemberWorkspace:
		return "workspace"
	case MemberVirtualLine:
		return "virtual line"
	}
	return "member"
}

// PackageOf returns the package by which a member makes calls, with all its features; empty for who has none, and for a virtual line.
func PackageOf(ctx context.Context, r Reader, m Member) (Package, error) {
	switch m.Kind {
	case MemberPerson:
		sub, err := r.SubscriberByPerson(ctx, m.Tenant(), PersonID(m.ID))
		if fault.Is(err, fault.NotFound) || err == nil && sub.Status == SubscriberPendingMigration {
			return "", nil
		}
		return sub.Package, err
	case MemberWorkspace:
		w, err := r.Workspace(ctx, m.Tenant(), WorkspaceID(m.ID))
		return w.Package, err
	case MemberVirtualLine:
	}
	return "", nil
}

// ChangeDeviceSettings changes what a member's own phones do, inside the caller's transaction, and says what the member was before. fault.Invalid when
// the package brings no hoteling, or its hours are missing.
func (s *Service) ChangeDeviceSettings(ctx context.Context, tx Tx, actor Actor, tenant Tenant, kind MemberKind, id MemberID, in DeviceSettingsChange) (before, after Member, err error) {
	if before, err = memberOf(ctx, tx, tenant, kind, id); err != nil {
		return before, after, err
	}
	after = before
	if in.Compression != nil {
		after.Settings.Compression = *in.Compression
	}
	if in.Hoteling != nil {
		if after.Settings.Hoteling, err = hoteling(ctx, tx, before, *in.Hoteling); err != nil {
			return before, after, err
		}
	}
	if after == before {
		return before, after, nil
	}
	if err := tx.SetMemberSettings(ctx, tenant, id, after.Settings); err != nil {
		return before, after, err
	}
	facts := map[string]any{"kind": kind, "before": before.Settings.facts(), "after": after.Settings.facts()}
	return before, after, s.record(ctx, tx, actor, before.Tenant(), EventMemberDevices, string(id), facts)
}

func (s DeviceSettings) facts() map[string]any {
	return map[string]any{
		"compression": s.Compression, "hoteling": s.Hoteling.Enabled, "limitGuestUse": s.Hoteling.LimitGuestUse, "guestHoursLimit": s.Hoteling.GuestHours,
	}
}

// hoteling checks what is asked for; the hours stay when guests aren't limited and none are given.
func hoteling(ctx context.Context, r Reader, m Member, in Hoteling) (Hoteling, error) {
	var p problems
	switch {
	case in.GuestHours == 0 && in.LimitGuestUse:
		p.missing("guestHoursLimit", "is needed with limitGuestUse: 1 to %d hours", maxGuestHours)
	case in.GuestHours == 0:
		in.GuestHours = m.Settings.Hoteling.GuestHours
	case in.GuestHours < 0 || in.GuestHours > maxGuestHours:
		p.add("guestHoursLimit", "must be 1 to %d hours; it is %d", maxGuestHours, in.GuestHours)
	}
	if in.Enabled {
		pkg, err := PackageOf(ctx, r, m)
		if err != nil {
			return in, err
		}
		if !pkg.Allows(FeatureHotelingHost) {
			p.add("enabled", "needs a package with hoteling, such as %s", WebexCalling)
		}
	}
	return in, p.err("Hoteling can't be set")
}
