package coretest

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/provisioning"
	"dialtone/secret"
)

// Lobby is a hall with people, whose phones have lines.
type Lobby struct {
	*Hall
	IDs    map[string]customer.PersonID
	phones int
}

// OpenLobby opens a lobby with people, whose extensions are 1000 and on.
func OpenLobby(t testing.TB, names ...string) *Lobby {
	t.Helper()
	d := &Lobby{Hall: Open(t), IDs: map[string]customer.PersonID{}}
	d.Announce(
		deviceprofiles.Service{HTTPBase: "http://phones.example.test:8081", HTTPSBase: "https://phones.example.test:8443"},
		deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600},
	)
	for i, name := range names {
		d.Person(t, name, customer.WebexCalling, 1000+i)
	}
	return d
}

func (d *Lobby) Person(t testing.TB, name string, pkg customer.Package, extension int) {
	t.Helper()
	sub, err := d.People.AddSubscriber(t.Context(), d.Actor, customer.NewSubscriber{
		Customer: d.Customer.ID, Email: name + "@bakery.example", FirstName: name, Packages: []customer.Package{pkg},
		CallingIdentity: customer.CallingIdentity{Extension: fmt.Sprint(extension), Location: d.Shop.ID},
	})
	require.NoError(t, err)
	d.IDs[name] = sub.Person
}

func (d *Lobby) Member(name string) customer.MemberID { return customer.MemberID(d.IDs[name]) }

// Phone adds a phone of somebody's.
func (d *Lobby) Phone(t testing.TB, owner, model string) provisioning.DeviceID {
	t.Helper()
	d.phones++
	v, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: fmt.Sprintf("00562B%06X", d.phones), Model: model, Person: d.IDs[owner]})
	require.NoError(t, err)
	return v.ID
}

// Set makes members of names; the first is primary, and has a weight.
func (d *Lobby) Set(t testing.TB, id provisioning.DeviceID, weight int, names ...string) error {
	t.Helper()
	var list []provisioning.NewMember
	for i, name := range names {
		m := provisioning.NewMember{Member: d.Member(name), Primary: i == 0, Options: provisioning.LineOptions{Weight: 1}}
		if i == 0 {
			m.Options.Weight = weight
		}
		list = append(list, m)
	}
	return d.SetMembers(t.Context(), d.Actor, d.Customer.Tenant(), id, list)
}

// Lines are a device's lines as "port name".
func (d *Lobby) Lines(t testing.TB, id provisioning.DeviceID) []string {
	t.Helper()
	m, err := d.Members(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	out := []string{}
	for _, one := range m.Members {
		out = append(out, fmt.Sprintf("%d %s", one.Port, one.Member.FirstName))
	}
	return out
}

func (d *Lobby) Owner(t testing.TB, id provisioning.DeviceID) customer.MemberID {
	t.Helper()
	v, err := d.Device(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return v.Owner
}

func (d *Lobby) Revision(t testing.TB, id provisioning.DeviceID) int64 {
	t.Helper()
	v, err := d.Device(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return v.Revision
}

// SignIn proves a line with a password, and registers it; it says whether the password before was used.
func (d *Lobby) SignIn(t testing.TB, l provisioning.LineCredentials, password secret.Text, cseq uint32) (bool, error) {
	t.Helper()
	owner, err := d.Prove(t, "REGISTER", l, password)
	if err != nil {
		return false, err
	}
	_, err = d.Register(t.Context(), provisioning.RegisterRequest{
		Line: owner, CallID: "c", CSeq: cseq, Contacts: []provisioning.RegisterContact{{URI: "sip:a@192.0.2.1", Expires: time.Hour}}, Transport: "udp", Source: sipPeer,
	})
	if err != nil {
		return false, err
	}
	trace, err := d.Trace(t.Context(), d.Customer.Tenant(), owner.Device, provisioning.TraceFilter{Door: "sip"}, 1)
	require.NoError(t, err)
	return len(trace) == 1 && trace[0].Rule == provisioning.RulePreviousPassword, nil
}

// sipPeer is where every phone of a lobby comes from.
var sipPeer = netip.MustParseAddrPort("192.0.2.1:5060") //nolint:gochecknoglobals // never changes

// Prove shows a line's password with a request.
func (d *Lobby) Prove(t testing.TB, method string, l provisioning.LineCredentials, password secret.Text) (provisioning.LineOwner, error) {
	t.Helper()
	ha1 := digest.HA1(digest.SHA256, l.UserName, l.Domain, password)
	const uri = "sip:example.test"
	ha2 := Hash(digest.SHA256, method+":"+uri)
	response := Hash(digest.SHA256, ha1+":n:00000001:c:auth:"+ha2)
	answer, err := digest.ParseAnswer(fmt.Sprintf(`Digest username=%q, realm=%q, nonce="n", uri=%q, response=%q, algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001`,
		l.UserName, l.Domain, uri, response))
	require.NoError(t, err)
	return d.VerifySIP(t.Context(), provisioning.SIPProof{Domain: l.Domain, UserName: l.UserName, Answer: answer, Method: method, Peer: sipPeer, Transport: "udp"})
}

// Start commits registrations until the test ends.
func (d *Lobby) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
}

func (d *Lobby) Bindings(t testing.TB, id provisioning.DeviceID) int {
	t.Helper()
	state, err := d.Registration(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	return len(state.Bindings)
}

// Told is what a phone is told now, its secrets masked and without the number of its revision.
func (d *Lobby) Told(t testing.TB, id provisioning.DeviceID) string {
	t.Helper()
	view, err := d.Files(t.Context(), d.Customer.Tenant(), id)
	require.NoError(t, err)
	var kept []string
	for l := range strings.SplitSeq(view.Files[len(view.Files)-1].Masked, "\n") {
		if !strings.Contains(l, "Device_Config_Version") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}
