package provisioning_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
	"dialtone/provisioning"
)

// archive is a desk with a phone that sends files.
type archive struct {
	*desk
	device provisioning.DeviceView
}

const polyPhone = "0004f2aabbcc"

func newArchive(t *testing.T, d *desk) *archive {
	t.Helper()
	d.Config.Certificates = madeByHand{}
	d.renew(t)
	view, err := d.AddDevice(t.Context(), d.Actor, d.Customer.Tenant(), provisioning.NewDevice{MAC: polyPhone, Model: "Poly VVX 450", Person: d.owner})
	require.NoError(t, err)
	return &archive{desk: d, device: view}
}

func openArchive(t *testing.T) *archive {
	t.Helper()
	return newArchive(t, bothDatabases()["SQLite"](t))
}

// request is one of the phone, proven by its certificate.
func (a *archive) request(path string) provisioning.Request {
	proof := certificate("poly " + polyPhone)
	proof.Method = "PUT"
	return provisioning.Request{Path: path, Peer: a.peer, Transport: provisioning.HTTPS, Proof: proof}
}

func (a *archive) put(t *testing.T, name, body string) (provisioning.Uploaded, error) {
	t.Helper()
	a.now = a.now.Add(time.Second)
	return a.Upload(t.Context(), provisioning.Upload{Request: a.request("/" + polyPhone + name), Body: strings.NewReader(body)})
}

// get fetches as the phone.
func (a *archive) get(t *testing.T, name string) (string, error) {
	t.Helper()
	file, err := a.Open(t.Context(), a.request("/x//"+strings.ToUpper(polyPhone)+name))
	return string(file.Body), err
}

// names lists what there is.
func (a *archive) names(t *testing.T) []string {
	t.Helper()
	list, err := a.Uploads(t.Context(), a.Customer.Tenant(), a.device.ID)
	require.NoError(t, err)
	var names []string
	for _, u := range list {
		assert.Nil(t, u.Body)
		names = append(names, strings.TrimPrefix(u.Name, polyPhone))
	}
	return names
}

func TestAPhoneGetsBackWhatItSent(t *testing.T) {
	t.Parallel()
	for name, open := range bothDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t, open(t))
			overrides := "<PHONE_CONFIG>\x00\xff</PHONE_CONFIG>"
			for _, file := range []string{"-phone.cfg", "-web.cfg", "-directory.xml", "-calls.xml", "-local.cfg"} {
				_, err := a.get(t, file)
				assert.True(t, fault.Is(err, fault.NotFound), file)
				for _, body := range []string{"first", overrides, overrides, ""} {
					up, err := a.put(t, file, body)
					require.NoError(t, err)
					assert.Equal(t, body == "first", up.Created)
					got, err := a.get(t, file)
					require.NoError(t, err)
					assert.Equal(t, body, got)
				}
			}
			assert.Equal(t, []string{"-calls.xml", "-directory.xml", "-local.cfg", "-phone.cfg", "-web.cfg"}, a.names(t))
			kinds := strings.Join(a.history(t, a.device.ID), " ")
			assert.Equal(t, 9, strings.Count(kinds, "device.overrides_uploaded"), "three files three times; what is the same again is none: %s", kinds)
			sealed, err := a.Store.Upload(t.Context(), a.Customer.Tenant(), a.device.ID, polyPhone+"-directory.xml")
			require.NoError(t, err)
			assert.NotContains(t, string(sealed.Body), "PHONE_CONFIG")

			file, err := a.Open(t.Context(), a.request("/"+polyPhone+"-phone.cfg"))
			require.NoError(t, err)
			assert.Equal(t, "text/plain; charset=utf-8", file.ContentType)
			assert.Positive(t, file.Revision, "the phone's own, so that its proof is used up")
			assert.NotEmpty(t, file.ETag)
		})
	}
}

func TestLogsGrowAndBeginAnew(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	for range 3 {
		_, err := a.put(t, "-app.log", "line\n")
		require.NoError(t, err)
	}
	got, err := a.get(t, "-app.log")
	require.NoError(t, err)
	assert.Equal(t, "line\nline\nline\n", got)
	full := strings.Repeat("x", 512<<10-15)
	_, err = a.put(t, "-app.log", full)
	require.NoError(t, err)
	got, err = a.get(t, "-app.log")
	require.NoError(t, err)
	assert.Len(t, got, 512<<10)
	_, err = a.put(t, "-app.log", "a new one")
	require.NoError(t, err)
	got, err = a.get(t, "-app.log")
	require.NoError(t, err)
	assert.Equal(t, "a new one", got)
}

func TestTheNewestProblemsAreKept(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	for range 4 {
		up, err := a.put(t, "-problem.tar.gz", strings.Repeat("z", 1<<20))
		require.NoError(t, err)
		assert.True(t, up.Created)
	}
	assert.Equal(t, []string{"-problem-20260501-080003.000.tar.gz", "-problem-20260501-080004.000.tar.gz"}, a.names(t))
	_, err := a.get(t, "-problem.tar.gz")
	assert.True(t, fault.Is(err, fault.NotFound))
}

// EndlessBody never ends, and counts what was read of it.
type EndlessBody struct{ read atomic.Int64 }

func (b *EndlessBody) Read(p []byte) (int, error) {
	b.read.Add(int64(len(p)))
	return len(p), nil
}

// BrokenBody breaks off.
type BrokenBody struct{}

func (BrokenBody) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestNoBodyIsReadFurtherThanItMayBeKept(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	for name, most := range map[string]int64{"-boot.log": 512 << 10, "-phone.cfg": 256 << 10, "-problem.tgz": 8 << 20, "-report.xml": 256 << 10} {
		body := &EndlessBody{}
		_, err := a.Upload(t.Context(), provisioning.Upload{Request: a.request("/" + polyPhone + name), Body: body})
		assert.True(t, fault.Is(err, fault.Invalid), name)
		assert.LessOrEqual(t, body.read.Load(), most+1, name)
	}
	stranger := a.request("/" + polyPhone + "-boot.log")
	stranger.Proof = provisioning.Proof{}
	elsewhere := a.request("/0004f2aabb00-boot.log")
	inTheClear := a.request("/" + polyPhone + "-boot.log")
	inTheClear.Transport = provisioning.HTTP
	for name, r := range map[string]provisioning.Request{"no proof": stranger, "another phone's name": elsewhere, "in the clear": inTheClear} {
		body := &EndlessBody{}
		_, err := a.Upload(t.Context(), provisioning.Upload{Request: r, Body: body})
		assert.True(t, fault.Is(err, fault.Denied), name)
		assert.Zero(t, body.read.Load(), name)
	}
	_, err := a.Upload(t.Context(), provisioning.Upload{Request: a.request("/" + polyPhone + "-boot.log"), Body: BrokenBody{}})
	assert.True(t, fault.Is(err, fault.Invalid))
	for path, kind := range map[string]fault.Kind{
		"/" + polyPhone + ".cfg": fault.NotFound, "/x.php": fault.NotFound, "/../" + polyPhone + "-boot.log": fault.Invalid, "/" + polyPhone + "-boot.log/x": fault.NotFound,
	} {
		_, err := a.Upload(t.Context(), provisioning.Upload{Request: a.request(path), Body: &EndlessBody{}})
		assert.Equal(t, kind, fault.KindOf(err), path)
	}
	assert.Empty(t, a.names(t))
	_, err = a.Upload(t.Context(), provisioning.Upload{Request: a.request("/" + polyPhone + "-boot.log")})
	require.NoError(t, err, "no body is an empty one")
}

// TestAWindowTakesNothing: whoever comes first could plant settings that the phone reads from then on.
func TestAWindowTakesNothing(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	_, err := a.put(t, "-phone.cfg", "secret")
	require.NoError(t, err)
	_, err = a.OpenEnrolment(t.Context(), a.Actor, a.Customer.Tenant(), a.device.ID, time.Hour)
	require.NoError(t, err)
	r := a.request("/" + polyPhone + "-phone.cfg")
	r.Proof = provisioning.Proof{}
	_, err = a.Upload(t.Context(), provisioning.Upload{Request: r, Body: &EndlessBody{}})
	assert.True(t, fault.Is(err, fault.Denied))
	_, err = a.Open(t.Context(), r)
	assert.True(t, fault.Is(err, fault.NotFound), "a phone without credentials goes on without the file")
	trace, err := a.Trace(t.Context(), a.Customer.Tenant(), a.device.ID, provisioning.TraceFilter{}, 10)
	require.NoError(t, err)
	require.Len(t, trace, 3)
	assert.Equal(t, "GET /0004f2aabbcc-phone.cfg", trace[0].Request)
	assert.Equal(t, "PUT /0004f2aabbcc-phone.cfg", trace[1].Request)
	assert.Equal(t, provisioning.RuleUnprovenUpload, trace[1].Rule)
	assert.Equal(t, "kept 6 bytes", trace[2].Answer)
	assert.Equal(t, provisioning.RuleUploadKept, trace[2].Rule)
}

func TestUploadsOfKnownAndUnknownPhonesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	_, err := a.put(t, "-phone.cfg", "x")
	require.NoError(t, err)
	ask := func(mac string) (open, put error) {
		r := a.request("/" + mac + "-phone.cfg")
		r.Proof = provisioning.Proof{}
		_, open = a.Open(t.Context(), r)
		_, put = a.Upload(t.Context(), provisioning.Upload{Request: r, Body: strings.NewReader("x")})
		return open, put
	}
	open, put := ask(polyPhone)
	otherOpen, otherPut := ask("0004f2aabb00")
	assert.True(t, fault.Is(open, fault.Denied))
	assert.Equal(t, open, otherOpen)
	assert.Equal(t, put, otherPut)
}

// SlowBody lets a test hold an upload open.
type SlowBody struct{ begun, end chan struct{} }

func (b *SlowBody) Read([]byte) (int, error) {
	close(b.begun)
	<-b.end
	return 0, io.EOF
}

func TestAPhoneSendsTwoFilesAtOnceAtMost(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	ended := make(chan error, 2)
	end := make(chan struct{})
	for range 2 {
		body := &SlowBody{begun: make(chan struct{}), end: end}
		go func() {
			_, err := a.Upload(context.WithoutCancel(t.Context()), provisioning.Upload{Request: a.request("/" + polyPhone + "-boot.log"), Body: body})
			ended <- err
		}()
		<-body.begun
	}
	_, err := a.put(t, "-boot.log", "x")
	assert.True(t, fault.Is(err, fault.Unavailable))
	assert.Equal(t, 5*time.Second, fault.RetryAfter(err))
	close(end)
	for range 2 {
		require.NoError(t, <-ended)
	}
	_, err = a.put(t, "-boot.log", "x")
	require.NoError(t, err)
}

func TestWhoMayReadAndDeleteWhatPhonesSent(t *testing.T) {
	t.Parallel()
	a := openArchive(t)
	for name, body := range map[string]string{"-phone.cfg": "reg.1.auth.password", "-boot.log": "booted"} {
		_, err := a.put(t, name, body)
		require.NoError(t, err)
	}
	tenant, weak := a.Customer.Tenant(), a.Actor
	weak.Scopes = []customer.Scope{customer.ScopeDevicesRead, customer.ScopeCredentialsRead}
	u, body, err := a.OpenUpload(t.Context(), weak, tenant, a.device.ID, polyPhone+"-boot.log")
	require.NoError(t, err)
	assert.Equal(t, "booted", string(body))
	assert.False(t, u.Secret())
	_, body, err = a.OpenUpload(t.Context(), weak, tenant, a.device.ID, polyPhone+"-phone.cfg")
	assert.True(t, fault.Is(err, fault.Denied))
	assert.Nil(t, body)
	strong := a.Actor
	strong.Scopes = customer.AllScopes()
	_, body, err = a.OpenUpload(t.Context(), strong, tenant, a.device.ID, polyPhone+"-phone.cfg")
	require.NoError(t, err)
	assert.True(t, bytes.Equal([]byte("reg.1.auth.password"), body))
	assert.Contains(t, a.history(t, a.device.ID), "line.credentials_shown")
	for _, name := range []string{"", "x", "../x", polyPhone + "-web.cfg", polyPhone + "-\x00", strings.Repeat("a", 1000)} {
		_, _, err = a.OpenUpload(t.Context(), strong, tenant, a.device.ID, name)
		assert.True(t, fault.Is(err, fault.NotFound), "%q", name)
		assert.True(t, fault.Is(a.DeleteUpload(t.Context(), strong, tenant, a.device.ID, name), fault.NotFound), "%q", name)
	}
	foreign := customer.Tenant{Partner: tenant.Partner, Customer: "another"}
	_, _, err = a.OpenUpload(t.Context(), strong, foreign, a.device.ID, polyPhone+"-phone.cfg")
	assert.True(t, fault.Is(err, fault.NotFound))

	require.NoError(t, a.DeleteUpload(t.Context(), strong, tenant, a.device.ID, polyPhone+"-phone.cfg"))
	assert.Equal(t, []string{"-boot.log"}, a.names(t))
	assert.Contains(t, a.history(t, a.device.ID), "device.upload_deleted")
	_, err = a.get(t, "-phone.cfg")
	assert.True(t, fault.Is(err, fault.NotFound))

	_, _, err = a.ReplaceDevice(t.Context(), a.Actor, tenant, a.device.ID, provisioning.Replacement{MAC: "0004f2aabbcd"})
	require.NoError(t, err)
	assert.Empty(t, a.names(t), "the next phone sends its own")
}
