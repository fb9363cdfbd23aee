package provisioning_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// oneDevice is a store with one phone in it, which AddDevice puts there. Broken makes every question fail.
type oneDevice struct {
	provisioning.Store
	mu       sync.Mutex
	device   provisioning.Device
	line     provisioning.Line
	asked    int
	broken   bool
	disabled []string // models
	revised  time.Time
	entries  []provisioning.TraceEntry
	events   []customer.Event
}

var (
	person   = customer.Person{ID: "p1", Partner: "partner", Org: "org", Email: "ada@example.com", FirstName: "Ada", LastName: "Love & Lace", Location: "l1", Extension: "1001"}
	tenant   = customer.Tenant{Partner: "partner", Customer: "org"}
	location = customer.Location{ID: "l1", TimeZone: "Europe/Berlin", Language: "de_de", Address: customer.Address{Country: "DE"}}
	actor    = customer.Actor{Partner: "partner", Email: "admin@example.com"}
)

func (s *oneDevice) err() error {
	if s.broken {
		return fault.New(fault.Unavailable, "The database doesn't answer.")
	}
	return nil
}

func (s *oneDevice) Member(context.Context, customer.Tenant, customer.MemberID) (customer.Member, error) {
	return person.Member(), s.err()
}

func (s *oneDevice) CustomerByOrg(context.Context, customer.OrgID, customer.OrgID) (customer.Customer, error) {
	return customer.Customer{Partner: "partner", Org: "org", SIPDomain: "c1.sip.example.test"}, s.err()
}

func (s *oneDevice) Device(context.Context, customer.Tenant, provisioning.DeviceID) (provisioning.Device, error) {
	return s.device, s.err()
}

func (s *oneDevice) Update(_ context.Context, _ customer.Tenant, fn func(provisioning.Tx) error) error {
	if err := s.err(); err != nil {
		return err
	}
	return fn(oneDeviceTx{store: s})
}

func (s *oneDevice) AnyTenantDeviceByMAC(_ context.Context, mac deviceprofiles.MAC) (provisioning.Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if err := s.err(); err != nil {
		return provisioning.Device{}, err
	}
	if s.device.MAC != mac {
		return provisioning.Device{}, fault.New(fault.NotFound, "There is no such device.")
	}
	return s.device, nil
}

func (s *oneDevice) AnyTenantLine(_ context.Context, domain, user string) (provisioning.LineOwner, error) {
	if err := s.err(); err != nil {
		return provisioning.LineOwner{}, err
	}
	if domain != s.line.Domain || user != s.line.UserName {
		return provisioning.LineOwner{}, fault.New(fault.NotFound, "There is no such line.")
	}
	return provisioning.LineOwner{Line: s.line, Revision: s.device.Revision}, nil
}

func (s *oneDevice) RenderInput(context.Context, customer.Tenant, provisioning.DeviceID) (provisioning.RenderInput, error) {
	return provisioning.RenderInput{Device: s.device, Location: location, Lines: []provisioning.RenderLine{{Line: s.line, Member: person.Member()}}}, s.err()
}

func (s *oneDevice) AppendTrace(_ context.Context, entries []provisioning.TraceEntry, _ provisioning.TraceBound) error {
	s.entries = append(s.entries, entries...)
	return s.err()
}

func (s *oneDevice) AnyTenantModelsOfBlock(_ context.Context, mac deviceprofiles.MAC) ([]string, error) {
	if err := s.err(); err != nil || s.device.MAC.OUI() != mac.OUI() {
		return nil, err
	}
	return []string{s.device.Model}, nil
}

func (s *oneDevice) Revisions(context.Context, customer.Tenant, provisioning.DeviceID, int64, int) ([]provisioning.Revision, error) {
	return []provisioning.Revision{{Number: s.device.Revision, Time: s.revised}}, nil
}

func (s *oneDevice) AnyTenantInboxTokens(context.Context, []string) (map[string]customer.Tenant, error) {
	return map[string]customer.Tenant{}, nil
}

func (s *oneDevice) AnyTenantMACsInUse(_ context.Context, macs []deviceprofiles.MAC) (map[deviceprofiles.MAC]bool, error) {
	return map[deviceprofiles.MAC]bool{s.device.MAC: slices.Contains(macs, s.device.MAC)}, s.err()
}

func (s *oneDevice) NoteUnknown(context.Context, []provisioning.UnknownDevice, provisioning.UnknownLimits) error {
	return s.err()
}

func (s *oneDevice) Trace(context.Context, customer.Tenant, provisioning.DeviceID, provisioning.TraceFilter, int) ([]provisioning.TraceEntry, error) {
	return s.entries, s.err()
}

// oneDeviceTx writes into the store.
type oneDeviceTx struct {
	provisioning.Tx
	store *oneDevice
}

func (t oneDeviceTx) SubscriberByPerson(context.Context, customer.Tenant, customer.PersonID) (customer.Subscriber, error) {
	return customer.Subscriber{Package: customer.WebexCalling}, nil
}

func (t oneDeviceTx) DisabledModels(context.Context, customer.Tenant) ([]string, error) {
	return t.store.disabled, t.store.err()
}

func (t oneDeviceTx) CreateDevice(_ context.Context, d provisioning.Device) error {
	t.store.device = d
	return nil
}

func (t oneDeviceTx) CreateLine(_ context.Context, l provisioning.Line) error {
	t.store.line = l
	return nil
}

func (t oneDeviceTx) RenderInput(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.RenderInput, error) {
	return t.store.RenderInput(ctx, tenant, id)
}

func (t oneDeviceTx) CountLines(context.Context, customer.Tenant, customer.MemberID) (int, error) {
	return 0, nil
}

func (t oneDeviceTx) CreateRevision(context.Context, provisioning.Revision, int64) error { return nil }

func (t oneDeviceTx) Lines(context.Context, customer.Tenant, provisioning.DeviceID) ([]provisioning.Line, error) {
	return []provisioning.Line{t.store.line}, nil
}

func (t oneDeviceTx) SetLineSecret(_ context.Context, _ customer.Tenant, l provisioning.Line) error {
	t.store.line = l
	return nil
}

func (t oneDeviceTx) RaiseRevision(context.Context, customer.Tenant, provisioning.DeviceID) (int64, error) {
	t.store.device.Revision++
	return t.store.device.Revision, nil
}

func (t oneDeviceTx) SetEnrolment(_ context.Context, _ customer.Tenant, _ provisioning.DeviceID, until time.Time) error {
	t.store.device.EnrolmentUntil, t.store.device.EnrolmentPeers = until, nil
	return nil
}

func (t oneDeviceTx) SetEnrolmentPeers(_ context.Context, _ customer.Tenant, _ provisioning.DeviceID, peers []string) error {
	t.store.device.EnrolmentPeers = peers
	return nil
}

func (t oneDeviceTx) SetDevice(_ context.Context, d provisioning.Device) error {
	t.store.device = d
	return nil
}

func (t oneDeviceTx) DeleteBindings(context.Context, customer.Tenant, provisioning.DeviceID) error {
	return nil
}

func (t oneDeviceTx) Device(context.Context, customer.Tenant, provisioning.DeviceID) (provisioning.Device, error) {
	return t.store.device, t.store.err()
}

func (t oneDeviceTx) Record(_ context.Context, e customer.Event) error {
	t.store.events = append(t.store.events, e)
	return nil
}

// bench is a core with one phone, and a clock to turn.
type bench struct {
	*provisioning.Service
	store *oneDevice
	clock time.Time
}

const sipPassword = "Own-Password-1&"

func newBench(t testing.TB, mac, model string) *bench {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	b := &bench{store: &oneDevice{}, clock: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}
	id := 0
	b.Service, err = provisioning.New(provisioning.Config{
		Store: b.store, Keyring: ring, Now: func() time.Time { return b.clock }, Random: rand.Reader,
		NewID: func() string { id++; return fmt.Sprint("id-", id) }, Logger: slog.New(slog.DiscardHandler), Certificates: madeByHand{},
	})
	require.NoError(t, err)
	b.Announce(
		deviceprofiles.Service{HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443", NTPServer: "ntp.example.test"},
		deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600},
	)
	_, err = b.AddDevice(t.Context(), actor, tenant, provisioning.NewDevice{MAC: mac, Model: model, Person: "p1", Password: secret.New(sipPassword)})
	require.NoError(t, err)
	return b
}

func (b *bench) fetch(t testing.TB, transport provisioning.Transport, path string, proof provisioning.Proof) (provisioning.Opened, error) {
	t.Helper()
	return b.Open(t.Context(), provisioning.Request{Path: path, Peer: netip.MustParseAddrPort("192.0.2.7:4000"), Transport: transport, Proof: proof})
}

// enrol fetches the phone's own file inside a window, closes the window, and returns the password that the file told.
func (b *bench) enrol(t testing.TB) secret.Text {
	t.Helper()
	_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	file, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	require.NoError(t, err)
	require.NoError(t, b.CloseEnrolment(t.Context(), actor, tenant, b.store.device.ID))
	for line := range strings.SplitSeq(string(file.Body), "\n") {
		if value, ok := strings.CutPrefix(line, "static.auto_provision.server.password = "); ok {
			return secret.New(value)
		}
	}
	t.Fatalf("no password in %s", file.Body)
	return secret.Text{}
}

const yealinkFile = "/805ec0aabbcc.cfg"

func basic(user string, password secret.Text) provisioning.Proof {
	return provisioning.Proof{Basic: &provisioning.BasicProof{UserName: user, Password: password}, Method: "GET"}
}
