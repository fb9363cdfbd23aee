package provisioning_test

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
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

func TestAClosedWindowRefusesAndAnOpenOneServes(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Denied))

	until, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	assert.Equal(t, b.clock.Add(time.Hour), until)
	file, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	require.NoError(t, err)
	assert.Contains(t, string(file.Body), "account.1.password = "+sipPassword)
	assert.Equal(t, int64(1), file.Revision)

	b.clock = until
	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Denied), "the window has ended")
}

func TestWindowsHaveBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for _, length := range []time.Duration{0, -time.Hour, 59 * time.Second, 7*24*time.Hour + time.Second} {
		_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, length)
		assert.True(t, fault.Is(err, fault.Invalid), "%s", length)
	}
}

func TestAPhonesOwnCredentialsServe(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, basic("805ec0aabbcc", password))
	require.NoError(t, err)

	for _, a := range []digest.Algorithm{digest.MD5, digest.SHA256} {
		answer := digestAnswer(t, a, "805EC0AABBCC", password, "GET", yealinkFile)
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{Digest: &answer, Method: "GET"})
		require.NoError(t, err, "%s", a)
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{Digest: &answer, Method: "PUT"})
		assert.True(t, fault.Is(err, fault.Denied), "an answer for another method proves nothing")
	}
	for name, proof := range map[string]provisioning.Proof{
		"wrong password": basic("805ec0aabbcc", secret.New("guess")),
		"wrong user":     basic("805ec0aabbcd", password),
		"no password":    basic("805ec0aabbcc", secret.Text{}),
	} {
		_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
		assert.True(t, fault.Is(err, fault.Denied), name)
	}
}

// digestAnswer makes the answer of a client, written out from RFC 7616 section 3.4.1.
func digestAnswer(t testing.TB, a digest.Algorithm, user string, password secret.Text, method, uri string) digest.Answer {
	t.Helper()
	ha1 := digest.HA1(a, user, "dialtone", password)
	ha2 := hash(a, method+":"+uri)
	response := hash(a, ha1+":n0nce:00000001:c0nce:auth:"+ha2)
	answer, err := digest.ParseAnswer(fmt.Sprintf(`Digest username=%q, realm="dialtone", nonce="n0nce", uri=%q, response=%q, algorithm=%s, cnonce="c0nce", qop=auth, nc=00000001`,
		user, uri, response, a))
	require.NoError(t, err)
	return answer
}

func TestKnownAndUnknownPhonesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for _, proof := range []provisioning.Proof{{}, basic("805ec0aabbcc", secret.New("guess"))} {
		_, known := b.fetch(t, provisioning.HTTPS, "/805ec0aabbcc.cfg", proof)
		_, unknown := b.fetch(t, provisioning.HTTPS, "/805ec0aabb00.cfg", proof)
		require.Error(t, known)
		assert.Equal(t, known, unknown)
	}
	bootstrapKnown, err := b.fetch(t, provisioning.HTTP, "/805ec0aabbcc.cfg", provisioning.Proof{})
	require.NoError(t, err)
	bootstrapUnknown, err := b.fetch(t, provisioning.TFTP, "/805ec0aabb00.cfg", provisioning.Proof{})
	require.NoError(t, err)
	assert.Equal(t, bootstrapKnown, bootstrapUnknown)
}

func TestNoSecretLeavesOverAnOpenTransport(t *testing.T) {
	t.Parallel()
	for model, paths := range map[string][]string{
		"Yealink T54W": {"/805ec0aabbcc.cfg", "/y000000000096.cfg"},
		"Cisco 8851":   {"/805ec0aabbcc.xml", "/8851-3PCC.xml", "/Cisco/CP-8851-3PCC/805ec0aabbcc.cfg"},
		"Poly VVX 450": {"/000000000000.cfg", "/dialtone-poly.cfg"},
	} {
		b := newBench(t, "805EC0AABBCC", model)
		_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
		require.NoError(t, err)
		for _, path := range paths {
			for _, transport := range []provisioning.Transport{provisioning.TFTP, provisioning.HTTP} {
				file, err := b.fetch(t, transport, path, basic("805ec0aabbcc", secret.New("x")))
				require.NoError(t, err, "%s over %s", path, transport)
				assert.NotContains(t, string(file.Body), "Own-Password-1")
				assert.NotContains(t, string(file.Body), b.store.line.UserName)
				assert.NotContains(t, string(file.Body), "Lace")
				assert.Zero(t, file.Revision)
			}
		}
	}
}

func TestGuessingIsThrottledForThePairAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	for i := range 10 {
		_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, basic("805ec0aabbcc", secret.New("guess")))
		assert.True(t, fault.Is(err, fault.Denied), "try %d", i)
	}
	guess := basic("805ec0aabbcc", secret.New("guess"))
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, guess)
	assert.True(t, fault.Is(err, fault.Limited))
	assert.Equal(t, 30*time.Second, fault.RetryAfter(err))

	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, basic("805ec0aabbcc", password))
	require.NoError(t, err, "a neighbour who guesses can't keep the phone out")
	_, err = b.Open(t.Context(), provisioning.Request{Path: yealinkFile, Peer: netip.MustParseAddrPort("192.0.2.8:1"), Transport: provisioning.HTTPS, Proof: guess})
	assert.True(t, fault.Is(err, fault.Denied), "another address")
	b.clock = b.clock.Add(30 * time.Second)
	_, err = b.fetch(t, provisioning.HTTPS, yealinkFile, guess)
	assert.True(t, fault.Is(err, fault.Denied), "after the wait")
}

// From a block that no vendor is known to own, what one phone has is what each would get: nobody learns which addresses are known.
func TestABlockThatNobodyKnowsIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t, "021122334455", "Yealink T54W")
	known, err := b.fetch(t, provisioning.TFTP, "/021122334455.cfg", provisioning.Proof{})
	require.NoError(t, err)
	unknown, err := b.fetch(t, provisioning.TFTP, "/021122ffffff.cfg", provisioning.Proof{})
	require.NoError(t, err)
	assert.Equal(t, known, unknown)
	_, err = b.fetch(t, provisioning.TFTP, "/021123334455.cfg", provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.NotFound), "nobody has a phone of that block: %v", err)
}

func TestABrokenStoreIsNeverNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	b.store.broken = true
	_, err := b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Unavailable))
	_, err = b.fetch(t, provisioning.TFTP, "/021122334455.cfg", provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.Unavailable), "a name that only the record decides")
	_, err = b.fetch(t, provisioning.TFTP, yealinkFile, provisioning.Proof{})
	assert.NoError(t, err, "a bootstrap file needs no store")
	_, err = b.VerifySIP(t.Context(), provisioning.SIPProof{Domain: "c1.sip.example.test", UserName: b.store.line.UserName})
	assert.True(t, fault.Is(err, fault.Unavailable))
}

func TestAFileOfAnotherFamilyIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, err := b.OpenEnrolment(t.Context(), actor, tenant, b.store.device.ID, time.Hour)
	require.NoError(t, err)
	_, err = b.fetch(t, provisioning.HTTPS, "/805ec0aabbcc.xml", provisioning.Proof{})
	assert.True(t, fault.Is(err, fault.NotFound))
}

func TestFilesThatNobodyServesAskNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for _, path := range []string{"/805ec0aabbcc.boot", "/y000000000000.boot", "/000000000000-license.cfg", "/favicon.ico", "/$MA.xml"} {
		_, err := b.fetch(t, provisioning.HTTPS, path, provisioning.Proof{})
		assert.True(t, fault.Is(err, fault.NotFound), path)
	}
	for _, path := range []string{"", "/../etc/passwd", "/a\\b", "/x\x00", "/" + strings.Repeat("a", 600), "/\xff"} {
		_, err := b.fetch(t, provisioning.TFTP, path, provisioning.Proof{})
		assert.True(t, fault.Is(err, fault.Invalid), "%q", path)
	}
	assert.Zero(t, b.store.asked)
}

func TestTheSameRevisionIsTheSameBytesAndANewOneIsNot(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	password := b.enrol(t)
	proof := basic("805ec0aabbcc", password)
	one, err := b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
	require.NoError(t, err)
	two, err := b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
	require.NoError(t, err)
	assert.Equal(t, one, two)
	assert.Positive(t, b.Stats().RenderHits)

	require.NoError(t, b.SetPassword(t.Context(), actor, tenant, b.store.device.ID, secret.New("Another-Password-2")))
	three, err := b.fetch(t, provisioning.HTTPS, yealinkFile, proof)
	require.NoError(t, err)
	assert.NotEqual(t, one.ETag, three.ETag)
	assert.Equal(t, int64(2), three.Revision)
	assert.Contains(t, string(three.Body), "account.1.password = Another-Password-2")
	assert.NotContains(t, string(three.Body), "Own-Password")
}

func TestTheAdministratorSeesFilesWithoutSecrets(t *testing.T) {
	t.Parallel()
	for model, count := range map[string]int{"Cisco 8851": 3, "Yealink T54W": 3, "Poly VVX 450": 5} {
		b := newBench(t, "805EC0AABBCC", model)
		view, err := b.Files(t.Context(), tenant, b.store.device.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), view.Revision)
		require.Len(t, view.Files, count, model)
		masked := false
		for _, f := range view.Files {
			assert.NotContains(t, f.Masked, "Own-Password")
			assert.NotEmpty(t, f.Masked)
			masked = masked || strings.Contains(f.Masked, "********")
			if strings.HasPrefix(f.Masked, "<") {
				require.NoError(t, xml.Unmarshal([]byte(f.Masked), new(struct{})))
			}
		}
		assert.True(t, masked)
	}
}

func TestEveryContactIsInTheTrace(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	_, _ = b.fetch(t, provisioning.HTTPS, yealinkFile, provisioning.Proof{})
	_, _ = b.fetch(t, provisioning.TFTP, yealinkFile, provisioning.Proof{})
	_, _ = b.fetch(t, provisioning.HTTP, "/805ec0aabbcc.boot", provisioning.Proof{})
	entries, err := b.Trace(t.Context(), tenant, b.store.device.ID, provisioning.TraceFilter{}, 10)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	assert.Equal(t, "https", entries[0].Door)
	assert.Equal(t, "GET /805ec0aabbcc.cfg", entries[0].Request)
	assert.Equal(t, "denied", entries[0].Answer)
	assert.Equal(t, "no credentials were shown and no enrolment window is open", entries[0].Rule)
	assert.Equal(t, "tftp", entries[1].Door)
	assert.Equal(t, "bootstrap file: open to everybody, holds no secret", entries[1].Rule)
	assert.Equal(t, "not found", entries[2].Answer)
}

func TestSIPProofs(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	user, domain := b.store.line.UserName, "c1.sip.example.test"
	prove := func(a digest.Algorithm, user, realm, password string) error {
		ha1 := digest.HA1(a, user, realm, secret.New(password))
		uri := "sip:" + domain
		response := hash(a, ha1+":n:00000001:c:auth:"+hash(a, "REGISTER:"+uri))
		answer, err := digest.ParseAnswer(fmt.Sprintf(`Digest username=%q, realm=%q, nonce="n", uri=%q, response=%q, algorithm=%s, cnonce="c", qop=auth, nc=00000001`,
			user, realm, uri, response, a))
		require.NoError(t, err)
		_, err = b.VerifySIP(t.Context(), provisioning.SIPProof{
			Domain: strings.ToUpper(domain), UserName: user, Answer: answer, Method: "REGISTER", Peer: netip.MustParseAddrPort("192.0.2.1:5060"), Transport: "udp",
		})
		return err
	}
	assert.NoError(t, prove(digest.MD5, user, domain, sipPassword))
	assert.NoError(t, prove(digest.SHA256, user, domain, sipPassword))
	wrong, unknown := prove(digest.MD5, user, domain, "guess"), prove(digest.MD5, "nobody", domain, "guess")
	assert.True(t, fault.Is(wrong, fault.Denied))
	assert.Equal(t, wrong, unknown, "a stranger can't tell which lines there are")
	assert.True(t, fault.Is(prove(digest.MD5, user, "other.example", sipPassword), fault.Denied))
}

func TestWhatCanBeADevice(t *testing.T) {
	t.Parallel()
	b := newBench(t, "805EC0AABBCC", "Yealink T54W")
	for field, in := range map[string]provisioning.NewDevice{
		"mac":         {MAC: "kjhgf", Model: "T54W", Person: "p1"},
		"model":       {MAC: "805EC0AABB01", Model: "Toaster", Person: "p1"},
		"personId":    {MAC: "805EC0AABB01", Model: "T54W"},
		"workspaceId": {MAC: "805EC0AABB01", Model: "T54W", Workspace: "w1"},
		"password":    {MAC: "805EC0AABB01", Model: "Generic SIP Phone", Person: "p1"},
	} {
		_, err := b.AddDevice(t.Context(), actor, tenant, in)
		require.True(t, fault.Is(err, fault.Invalid), field)
		assert.Equal(t, field, fault.ProblemsOf(err)[0].Field)
	}
	b.store.disabled = []string{"DMS Cisco 8851"}
	_, err := b.AddDevice(t.Context(), actor, tenant, provisioning.NewDevice{MAC: "00562B043615", Model: "8851", Person: "p1"})
	assert.Equal(t, []fault.Problem{{Field: "model", Code: fault.CodeRule, Message: "DMS Cisco 8851 is switched off for this organisation by its partner: choose another model"}}, fault.ProblemsOf(err))
	for _, bad := range []string{"short", "with blank 123", "quote\"quote1", "line\nbreak12", strings.Repeat("a", 65), "ünïcödé-password"} {
		_, err := b.AddDevice(t.Context(), actor, tenant, provisioning.NewDevice{MAC: "805EC0AABB01", Model: "T54W", Person: "p1", Password: secret.New(bad)})
		require.True(t, fault.Is(err, fault.Invalid), "%q", bad)
		assert.NotContains(t, fault.Message(err), bad)
	}
}

func FuzzOpen(f *testing.F) {
	b := newBench(f, "805EC0AABBCC", "Yealink T54W")
	for _, path := range []string{yealinkFile, "/y000000000096.cfg", "//x//805ec0aabbcc.xml", "/../../etc/passwd", "/%00", "/8851-3PCC.xml", "/5414011256173816"} {
		f.Add(path, "Yealink SIP-T54W 96.86.0.70 80:5e:c0:aa:bb:cc")
	}
	f.Fuzz(func(t *testing.T, path, agent string) {
		for _, transport := range []provisioning.Transport{provisioning.TFTP, provisioning.HTTP, provisioning.HTTPS} {
			file, err := b.Open(t.Context(), provisioning.Request{Path: path, UserAgent: agent, Transport: transport, Peer: netip.MustParseAddrPort("192.0.2.7:1")})
			if err == nil && strings.Contains(string(file.Body), "Own-Password") {
				t.Fatalf("%q over %s gave the password away", path, transport)
			}
			if fault.Is(err, fault.Internal) {
				t.Fatalf("%q over %s: %v", path, transport, err)
			}
		}
	})
}
