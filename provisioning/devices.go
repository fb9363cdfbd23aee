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
	MAC       string // in any spelling that deviceprofiles.ParseMAC takes
	Model     string // wire name or display name
	Person    customer.PersonID
	Workspace string      // workspaces come later: naming one is an error
	Password  secret.Text // of the SIP line; empty: one is made, where the model lets us
}

// AddDevice makes a device with its first line and the credentials for it, in one transaction. fault.Invalid names the fields that break a
// rule; fault.Conflict when the address is in use (code 5675) or the person's package allows no further phone.
func (s *Service) AddDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in NewDevice) (DeviceView, error) {
	mac, model, err := checkDevice(in)
	if err != nil {
		return DeviceView{}, err
	}
	person, err := s.store.Person(ctx, tenant, in.Person)
	if fault.Is(err, fault.NotFound) {
		return DeviceView{}, fault.InvalidField("personId", "names nobody in this organisation")
	}
	if err != nil {
		return DeviceView{}, err
	}
	c, err := s.store.CustomerByOrg(ctx, person.Partner, person.Org)
	if err != nil {
		return DeviceView{}, err
	}
	device, line, err := s.newDevice(person, c, mac, model, in.Password)
	if err != nil {
		return DeviceView{}, err
	}
	err = s.store.Update(ctx, device.Tenant(), func(tx Tx) error {
		if err := mayHaveAnother(ctx, tx, person); err != nil {
			return err
		}
		if err := tx.CreateDevice(ctx, device); err != nil {
			return err
		}
		if err := tx.CreateLine(ctx, line); err != nil {
			return err
		}
		facts := map[string]any{"mac": mac.String(), "model": model.Name, "person": person.ID, "line": line.LinePort()}
		return s.record(ctx, tx, actor, device, customer.EventDeviceCreated, facts)
	})
	if err != nil {
		return DeviceView{}, err
	}
	return DeviceView{Device: device, OwnerKind: customer.MemberPerson, OwnerFirstName: person.FirstName, OwnerLastName: person.LastName, OwnerEmail: person.Email}, nil
}

func checkDevice(in NewDevice) (deviceprofiles.MAC, deviceprofiles.Model, error) {
	mac, err := deviceprofiles.ParseMAC(in.MAC)
	if err != nil {
		return mac, deviceprofiles.Model{}, err
	}
	model, ok := deviceprofiles.FindModel(in.Model)
	switch {
	case !ok:
		return mac, model, fault.InvalidField("model", "names no model of the catalogue")
	case (in.Person == "") == (in.Workspace == ""):
		return mac, model, fault.InvalidField("personId", "exactly one of personId and workspaceId is needed")
	case in.Workspace != "":
		return mac, model, fault.InvalidField("workspaceId", "names no workspace of this organisation")
	case model.OwnPassword && in.Password.IsZero():
		return mac, model, fault.InvalidField("password", "is needed: nothing is served to this model, so that you choose its SIP password")
	case !in.Password.IsZero():
		return mac, model, deviceprofiles.CheckPassword("password", in.Password)
	}
	return mac, model, nil
}

// mayHaveAnother checks that the person's package allows a phone, and one more than there are.
func mayHaveAnother(ctx context.Context, tx Tx, person customer.Person) error {
	tenant := customer.Tenant{Partner: person.Partner, Customer: person.Org}
	sub, err := tx.SubscriberByPerson(ctx, tenant, person.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || !sub.Package.Calling() {
		return fault.InvalidField("personId", "has no calling package, so that a phone would have no line")
	}
	most := sub.Package.MaxDevices()
	if most == 0 {
		return nil
	}
	count, err := tx.CountDevices(ctx, tenant, customer.MemberID(person.ID))
	if err != nil {
		return err
	}
	if count >= most {
		return fault.New(fault.Conflict, "%s has %d device already, as many as %s allows. Remove one first, or change the package.", person.Email, count, sub.Package).WithCode(fault.CodeDeviceLimit)
	}
	return nil
}

func (s *Service) newDevice(p customer.Person, c customer.Customer, mac deviceprofiles.MAC, m deviceprofiles.Model, password secret.Text) (Device, Line, error) {
	d := Device{
		ID: DeviceID(s.newID()), Partner: p.Partner, Org: p.Org, MAC: mac, Model: m.Name,
		Owner: customer.MemberID(p.ID), Location: p.Location, Revision: 1, Created: s.now(),
	}
	var err error
	if d.Access, err = s.sealNewPassword(accessOwner(d.ID)); err != nil {
		return Device{}, Line{}, err
	}
	if d.AdminPassword, err = s.sealNewPassword(adminOwner(d.ID)); err != nil {
		return Device{}, Line{}, err
	}
	userName, err := secret.Random(s.random, userNameAlphabet, userNameLength)
	if err != nil {
		return Device{}, Line{}, err
	}
	l := Line{
		ID: LineID(s.newID()), Partner: p.Partner, Org: p.Org, Device: d.ID, Port: 1, Owner: customer.MemberID(p.ID),
		UserName: userName, Domain: c.SIPDomain, Created: s.now(),
	}
	if password.IsZero() {
		if password, err = secret.NewPassword(s.random); err != nil {
			return Device{}, Line{}, err
		}
	}
	return d, l, s.sealLine(&l, password)
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
	views, _, err := s.store.Devices(ctx, d.Tenant(), DeviceFilter{MAC: &d.MAC}, s.now(), customer.Page{Max: 1})
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
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error { return s.removeDevice(ctx, tx, actor, d) })
}

func (s *Service) removeDevice(ctx context.Context, tx Tx, actor customer.Actor, d Device) error {
	if err := tx.DeleteDevice(ctx, d.Tenant(), d.ID); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, d, customer.EventDeviceDeleted, map[string]any{"mac": d.MAC.String()})
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

// SetPassword replaces the SIP password of a device's lines; the phone is to fetch its configuration again.
func (s *Service) SetPassword(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, password secret.Text) error {
	if err := deviceprofiles.CheckPassword("sipPassword", password); err != nil {
		return err
	}
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		lines, err := tx.Lines(ctx, d.Tenant(), id)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := s.sealLine(&l, password); err != nil {
				return err
			}
			if err := tx.SetLineSecret(ctx, d.Tenant(), l); err != nil {
				return err
			}
		}
		if err := s.record(ctx, tx, actor, d, customer.EventCredentialsRotated, nil); err != nil {
			return err
		}
		return s.revise(ctx, tx, actor, d)
	})
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
