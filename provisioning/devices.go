package provisioning

import (
	"context"
	"net"
	"strconv"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// NewDevice is the input of AddDevice.
type NewDevice struct {
	MAC       string // in any spelling that deviceprofiles.ParseMAC takes; passed over by OrderByCode
	Model     string // wire name or display name
	Person    customer.PersonID
	Workspace customer.MemberID
	Password  secret.Text // of the SIP line; empty: one is made, where the model lets us
}

// owner returns who is to own the device, and the wire's name of the field that says so.
func (in NewDevice) owner() (customer.MemberID, string) {
	if in.Person != "" {
		return customer.MemberID(in.Person), "personId"
	}
	return in.Workspace, "workspaceId"
}

// AddDevice makes a device with its first line and the credentials for it, in one transaction. fault.Invalid names the fields that break a
// rule; fault.Conflict when the address is in use (code 5675) or the owner's package allows no further phone.
func (s *Service) AddDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in NewDevice) (DeviceView, error) {
	mac, err := deviceprofiles.ParseMAC(in.MAC)
	if err != nil {
		return DeviceView{}, err
	}
	d := Device{MAC: mac, Activation: Activation{State: ActivationNone}}
	return s.addDevice(ctx, actor, tenant, in, d)
}

// addDevice adds a device of which the address or the activation is given.
func (s *Service) addDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in NewDevice, d Device) (DeviceView, error) {
	model, err := checkDevice(in)
	if err != nil {
		return DeviceView{}, err
	}
	id, field := in.owner()
	owner, err := s.store.Member(ctx, tenant, id)
	if fault.Is(err, fault.NotFound) || err == nil && (owner.Kind == customer.MemberPerson) != (field == "personId") {
		return DeviceView{}, fault.InvalidField(field, "names nobody in this organisation")
	}
	if err != nil {
		return DeviceView{}, err
	}
	c, err := s.store.CustomerByOrg(ctx, owner.Partner, owner.Org)
	if err != nil {
		return DeviceView{}, err
	}
	device, line, err := s.newDevice(owner, c, d, model, in.Password)
	if err != nil {
		return DeviceView{}, err
	}
	err = s.store.Update(ctx, device.Tenant(), func(tx Tx) error {
		if err := mayHaveModel(ctx, tx, device); err != nil {
			return err
		}
		if err := mayHaveAnother(ctx, tx, owner, field); err != nil {
			return err
		}
		return s.createDevice(ctx, tx, actor, device, line)
	})
	if err != nil {
		return DeviceView{}, err
	}
	return viewOf(device, owner), nil
}

func (s *Service) createDevice(ctx context.Context, tx Tx, actor customer.Actor, d Device, l Line) error {
	if err := tx.CreateDevice(ctx, d); err != nil {
		return err
	}
	if err := tx.CreateLine(ctx, l); err != nil {
		return err
	}
	facts := map[string]any{"model": d.Model, "owner": d.Owner, "line": l.LinePort(), "revision": d.Revision}
	if d.HasMAC() {
		facts["mac"] = d.MAC.String()
	}
	if err := s.record(ctx, tx, actor, d, customer.EventDeviceCreated, facts); err != nil {
		return err
	}
	if d.Activation.State == ActivationWaiting {
		if err := s.recordCode(ctx, tx, actor, d); err != nil {
			return err
		}
	}
	in, err := tx.RenderInput(ctx, d.Tenant(), d.ID)
	if err != nil {
		return err
	}
	return s.keepRevision(ctx, tx, actor, in, customer.EventDeviceCreated)
}

// viewOf is a device that nobody has seen yet.
func viewOf(d Device, owner customer.Member) DeviceView {
	return DeviceView{Device: d, OwnerKind: owner.Kind, OwnerFirstName: owner.FirstName, OwnerLastName: owner.LastName, OwnerEmail: owner.Email}
}

func checkDevice(in NewDevice) (deviceprofiles.Model, error) {
	model, ok := deviceprofiles.FindModel(in.Model)
	switch {
	case !ok:
		return model, fault.InvalidField("model", "names no model of the catalogue")
	case (in.Person == "") == (in.Workspace == ""):
		return model, fault.InvalidField("personId", "exactly one of personId and workspaceId is needed")
	case model.OwnPassword && in.Password.IsZero():
		return model, fault.InvalidField("password", "is needed: nothing is served to this model, so that you choose its SIP password")
	case !in.Password.IsZero():
		return model, deviceprofiles.CheckPassword("password", in.Password)
	}
	return model, nil
}

// mayHaveAnother checks that the owner's package allows a phone, and one more than there are; field is the wire's name of who it is.
func mayHaveAnother(ctx context.Context, tx Tx, owner customer.Member, field string) error {
	pkg, err := customer.PackageOf(ctx, tx, owner)
	if err != nil {
		return err
	}
	if !pkg.Calling() {
		return fault.InvalidField(field, "has no calling package, so that a phone would have no line")
	}
	most, counted := pkg.MaxDevices(), tx.CountDevices
	if most == 0 {
		most, counted = maxSharing, tx.CountLines
	}
	count, err := counted(ctx, owner.Tenant(), owner.ID)
	if err != nil {
		return err
	}
	if count >= most {
		return fault.New(fault.Conflict, "%s has %d device already, as many as %s allows. Remove one first, or change the package.", owner.DisplayName(), count, pkg).WithCode(fault.CodeDeviceLimit)
	}
	return nil
}

// newDevice completes a device, and makes its first line.
func (s *Service) newDevice(owner customer.Member, c customer.Customer, d Device, m deviceprofiles.Model, password secret.Text) (Device, Line, error) {
	d.ID, d.Partner, d.Org, d.Model = DeviceID(s.newID()), owner.Partner, owner.Org, m.Name
	d.Owner, d.Location, d.Revision, d.Created = owner.ID, owner.Location, 1, s.now()
	if err := s.newAccess(&d); err != nil {
		return Device{}, Line{}, err
	}
	l, err := s.newLine(d, owner.ID, c.SIPDomain, password)
	l.Port = 1
	return d, l, err
}

// newAccess gives a device's phone new passwords of its own: for HTTPS, and for its menu.
func (s *Service) newAccess(d *Device) error {
	var err error
	if d.Access, err = s.sealNewPassword(accessOwner(d.ID)); err != nil {
		return err
	}
	d.AdminPassword, err = s.sealNewPassword(adminOwner(d.ID))
	return err
}

// newLine makes a line of a device, without a port; a password is made if none is given.
func (s *Service) newLine(d Device, owner customer.MemberID, domain string, password secret.Text) (Line, error) {
	userName, err := secret.Random(s.random, userNameAlphabet, userNameLength)
	if err != nil {
		return Line{}, err
	}
	l := Line{
		ID: LineID(s.newID()), Partner: d.Partner, Org: d.Org, Device: d.ID, Owner: owner, UserName: userName, Domain: domain, Created: s.now(),
		LineOptions: LineOptions{Weight: 1, DeclineEverywhere: true}, Revealed: !password.IsZero(),
	}
	if password.IsZero() {
		if password, err = secret.NewPassword(s.random); err != nil {
			return Line{}, err
		}
	}
	return l, s.sealLine(&l, password)
}

// A line's user name is a random word that tells nothing about its owner and can't be guessed from a neighbour's.
const (
	userNameAlphabet = "abcdefghijkmnpqrstuvwxyz23456789"
	userNameLength   = 10
)

// Device returns one device.
func (s *Service) Device(ctx context.Context, tenant customer.Tenant, id DeviceID) (DeviceView, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return DeviceView{}, err
	}
	views, _, err := s.store.Devices(ctx, d.Tenant(), DeviceFilter{ID: d.ID}, s.now(), customer.Page{Max: 1})
	if err != nil {
		return DeviceView{}, err
	}
	if len(views) == 0 {
		return DeviceView{}, fault.New(fault.NotFound, "The device was removed just now.")
	}
	return views[0], nil
}

// Devices lists the tenant's devices.
func (s *Service) Devices(ctx context.Context, tenant customer.Tenant, filter DeviceFilter, page customer.Page) ([]DeviceView, bool, error) {
	return s.store.Devices(ctx, tenant, filter, s.now(), page)
}

// RemoveDevice deletes a device. Its credentials and bindings end in the same transaction.
func (s *Service) RemoveDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error { return s.RemoveDeviceIn(ctx, tx, actor, d) })
}

// RemoveDeviceIn is RemoveDevice in somebody's transaction.
func (s *Service) RemoveDeviceIn(ctx context.Context, tx Tx, actor customer.Actor, d Device) error {
	if err := tx.DeleteDevice(ctx, d.Tenant(), d.ID); err != nil {
		return err
	}
	facts := map[string]any{}
	if d.HasMAC() {
		facts["mac"] = d.MAC.String()
	}
	return s.record(ctx, tx, actor, d, customer.EventDeviceDeleted, facts)
}

// Details is what a device-management tool needs to configure a phone itself; the password isn't among it.
type Details struct {
	Device        DeviceView
	Model         deviceprofiles.Model
	Lines         []Line // by port; the first is the owner's
	OutboundProxy string // host, with a port if the phone mustn't look it up
	IP            string // where the phone registered from; "" until it has
}

// Details returns a device's SIP identity.
func (s *Service) Details(ctx context.Context, tenant customer.Tenant, id DeviceID) (Details, error) {
	d, err := s.Device(ctx, tenant, id)
	if err != nil {
		return Details{}, err
	}
	lines, err := s.store.Lines(ctx, d.Tenant(), id)
	if err != nil {
		return Details{}, err
	}
	bindings, err := s.store.Bindings(ctx, d.Tenant(), id, s.now())
	if err != nil {
		return Details{}, err
	}
	out := Details{Device: d, Lines: lines}
	out.Model, _ = deviceprofiles.FindModel(d.Model)
	if len(lines) > 0 {
		out.OutboundProxy = hostPort(s.sipFor(lines[0].Domain))
	}
	if len(bindings) > 0 {
		out.IP = bindings[0].Source.Addr().String()
	}
	return out, nil
}

// AskToResync asks a device's phone to fetch its configuration: fault.Invalid when nothing is served to phones of its model.
func (s *Service) AskToResync(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	if model, _ := deviceprofiles.FindModel(d.Model); model.OwnPassword {
		return fault.New(fault.Invalid, "Nothing is served to a %s: whoever manages it has to apply changes.", model.DisplayName)
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		if err := s.ring(ctx, tx, d, ActionResync, true); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, d, customer.EventDeviceResync, map[string]any{"revision": d.Revision})
	})
}

// sipFor returns how the lines of a domain reach the registrar.
func (s *Service) sipFor(domain string) deviceprofiles.SIP {
	sip := s.sip
	if sip.OutboundProxy == "" {
		sip.OutboundProxy = domain
	}
	return sip
}

// hostPort writes the outbound proxy as a tool types it into a phone.
func hostPort(sip deviceprofiles.SIP) string {
	if sip.OutboundPort == 0 {
		return sip.OutboundProxy
	}
	return net.JoinHostPort(sip.OutboundProxy, strconv.Itoa(sip.OutboundPort))
}

// The bounds of an enrolment window: long enough to unpack a phone shipped today, short enough to be forgotten without harm.
const (
	minEnrolment = time.Minute
	maxEnrolment = 7 * 24 * time.Hour
)

// OpenEnrolment opens a window in which the phone may fetch its secret file without proof, and returns its end. length is 1 minute to 7 days.
func (s *Service) OpenEnrolment(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, length time.Duration) (time.Time, error) {
	if length < minEnrolment || length > maxEnrolment {
		return time.Time{}, fault.InvalidField("minutes", "must be 1 to %d", int(maxEnrolment/time.Minute))
	}
	until := s.now().Add(length).Truncate(time.Millisecond)
	return until, s.setEnrolment(ctx, actor, tenant, id, until, customer.EventEnrolmentOpened)
}

// CloseEnrolment closes the window; closing a closed one is fine.
func (s *Service) CloseEnrolment(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) error {
	return s.setEnrolment(ctx, actor, tenant, id, time.Time{}, customer.EventEnrolmentClosed)
}

func (s *Service) setEnrolment(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, until time.Time, kind customer.EventKind) error {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		if err := tx.SetEnrolment(ctx, d.Tenant(), id, until); err != nil {
			return err
		}
		var facts map[string]any
		if !until.IsZero() {
			facts = map[string]any{"until": until}
		}
		return s.record(ctx, tx, actor, d, kind, facts)
	})
}

// LinesOf returns the lines that some members of a tenant have, on whichever devices, by owner, device and port; at most 500 members.
func (s *Service) LinesOf(ctx context.Context, tenant customer.Tenant, owners []customer.MemberID) ([]Line, error) {
	return s.store.LinesOf(ctx, tenant, owners)
}
