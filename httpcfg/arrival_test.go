package httpcfg_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/httpcfg"
	"dialtone/provisioning"
)

// behind puts proxies in front of a door: everything on the loopback network.
func behind(header httpcfg.CertificateHeader) func(*httpcfg.Config) {
	return func(c *httpcfg.Config) {
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
		c.CertificateHeader = header
	}
}

func TestTheLastHopThatIsNoProxyAsks(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core, behind(httpcfg.NoCertificateHeader))
	for forwarded, want := range map[string]string{
		"":                                    "127.0.0.1",
		"192.0.2.7":                           "192.0.2.7",
		"198.51.100.1, 192.0.2.7":             "192.0.2.7",
		"198.51.100.1, 192.0.2.7 , 10.1.2.3":  "192.0.2.7",
		"10.1.2.3":                            "10.1.2.3",
		"192.0.2.7:4711":                      "192.0.2.7",
		"[2001:db8:2::7]:4711, 2001:db8:1::1": "2001:db8:2::7",
		"::ffff:192.0.2.7":                    "192.0.2.7",
		"nonsense":                            "127.0.0.1",
		"192.0.2.7, nonsense, 10.1.2.3":       "10.1.2.3",
		"192.0.2.7,":                          "127.0.0.1",
		strings.Repeat("10.1.2.3,", 40) + "10.1.2.4": "10.1.2.3",
		"fe80::1%eth0": "127.0.0.1",
	} {
		d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), "X-Forwarded-For", forwarded)
		asked, _ := core.last()
		assert.Equal(t, want, asked.Peer.Addr().String(), forwarded)
	}
	d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), "X-Forwarded-For", "192.0.2.7", "X-Forwarded-For", "10.1.2.3")
	asked, _ := core.last()
	assert.Equal(t, "192.0.2.7", asked.Peer.Addr().String(), "a header may come in parts")
	require.NoError(t, d.stop())
	assert.Contains(t, d.log.String(), `"peer":"192.0.2.7:4711"`)
	assert.Contains(t, d.log.String(), `"proxy":"127.0.0.1"`)
}

func TestAProxySaysWhetherThePhoneSpokeTLS(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core, behind(httpcfg.NoCertificateHeader))
	for _, c := range []struct {
		scheme, proto string
		want          provisioning.Transport
		status        int
	}{
		{"http", "https", provisioning.HTTPS, 200}, {"http", "HTTPS", provisioning.HTTPS, 200}, {"http", "http", provisioning.HTTP, 403},
		{"http", "", provisioning.HTTP, 403}, {"http", "https,http", provisioning.HTTP, 403}, {"https", "", provisioning.HTTPS, 200},
		{"https", "http", provisioning.HTTP, 403}, {"https", "https", provisioning.HTTPS, 200},
	} {
		address := map[string]string{"https": d.secure, "http": d.plain}[c.scheme]
		header := []string{"Authorization", basic(ownUser, password)}
		if c.proto != "" {
			header = append(header, "X-Forwarded-Proto", c.proto)
		}
		got := d.get(t, urlOf(c.scheme, address, ownPath), header...)
		asked, _ := core.last()
		assert.Equal(t, c.want, asked.Transport, c)
		assert.Equal(t, c.status, got.status, c)
	}
	got := d.get(t, urlOf("http", d.plain, ownPath), "X-Forwarded-Proto", "https")
	assert.Equal(t, 401, got.status)
	assert.Len(t, got.header["Www-Authenticate"], 2)
	_, err := httpcfg.New(httpcfg.Config{Core: core, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	assert.ErrorContains(t, err, "no nonces")
}

func TestAStrangersHeadersAreNotRead(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core, func(c *httpcfg.Config) {
		c.Proxies, c.CertificateHeader = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, httpcfg.ClientCert
	})
	der := phoneCertificate(t).Certificate[0]
	header := []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https", "Client-Cert", ":" + base64.StdEncoding.EncodeToString(der) + ":"}
	with := d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), header...)
	asked, _ := core.last()
	assert.Equal(t, "127.0.0.1", asked.Peer.Addr().String())
	assert.Equal(t, provisioning.HTTP, asked.Transport)
	assert.Empty(t, asked.Proof.Certificates)
	without := d.get(t, urlOf("http", d.plain, "/bootstrap.xml"))
	with.header.Del("Date")
	without.header.Del("Date")
	assert.Equal(t, without, with, "and nothing tells that they were seen")
	d.get(t, urlOf("https", d.secure, "/bootstrap.xml"), header...)
	asked, _ = core.last()
	assert.Empty(t, asked.Proof.Certificates)
}

func TestAPhoneShowsItsCertificate(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core)
	own := phoneCertificate(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		d.speak(t, d.secure, &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{own}})
		asked, _ := core.last()
		require.Len(t, asked.Proof.Certificates, 1, tls.VersionName(version))
		assert.Equal(t, own.Certificate[0], asked.Proof.Certificates[0].Raw)
	}
	d.speak(t, d.secure, &tls.Config{})
	asked, _ := core.last()
	assert.Empty(t, asked.Proof.Certificates, "none is as good")

	many := tls.Certificate{PrivateKey: own.PrivateKey}
	for range 7 {
		many.Certificate = append(many.Certificate, own.Certificate[0])
	}
	d.speak(t, d.secure, &tls.Config{Certificates: []tls.Certificate{many}})
	asked, _ = core.last()
	assert.Empty(t, asked.Proof.Certificates, "too many are none")
	require.NoError(t, d.stop())
	assert.Contains(t, d.log.String(), `"certificates":1`)
}

func TestPhonesAreToldWhoseCertificatesAreWelcome(t *testing.T) {
	t.Parallel()
	leaf, err := x509.ParseCertificate(phoneCertificate(t).Certificate[0])
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	for name, c := range map[string]struct {
		change func(*httpcfg.Config)
		asked  bool
		names  int
	}{
		"none named": {func(*httpcfg.Config) {}, true, 0},
		"one named":  {func(c *httpcfg.Config) { c.ClientCAs = pool }, true, 1},
		"not asked":  {func(c *httpcfg.Config) { c.NoClientCertificates, c.ClientCAs = true, pool }, false, 0},
	} {
		d := open(t, &OnePhoneCore{}, c.change)
		asked, names := false, 0
		d.speak(t, d.secure, &tls.Config{GetClientCertificate: func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked, names = true, len(r.AcceptableCAs)
			return &tls.Certificate{}, nil
		}})
		assert.Equal(t, c.asked, asked, name)
		assert.Equal(t, c.names, names, name)
	}
}

func TestAProxyPassesACertificateOn(t *testing.T) {
	t.Parallel()
	der := phoneCertificate(t).Certificate[0]
	sequence := ":" + base64.StdEncoding.EncodeToString(der) + ":"
	escaped := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	for _, c := range []struct {
		setting httpcfg.CertificateHeader
		header  []string
		want    int
	}{
		{httpcfg.ClientCert, []string{"Client-Cert", sequence}, 1},
		{httpcfg.ClientCert, []string{"Client-Cert", " " + sequence + " ", "Client-Cert-Chain", sequence + ", " + sequence, "Client-Cert-Chain", sequence}, 4},
		{httpcfg.ClientCert, []string{"X-SSL-Client-Cert", escaped}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", sequence, "Client-Cert", sequence}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", sequence + ";a=b"}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", sequence[1:]}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", "::"}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", ":AAAA:"}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", sequence, "Client-Cert-Chain", sequence + sequence}, 0},
		{httpcfg.ClientCert, []string{"Client-Cert", sequence, "Client-Cert-Chain", strings.Repeat(sequence+",", 9) + sequence}, 0},
		{httpcfg.SSLClientCert, []string{"X-SSL-Client-Cert", escaped}, 1},
		{httpcfg.SSLClientCert, []string{"X-SSL-Client-Cert", escaped + escaped}, 2},
		{httpcfg.SSLClientCert, []string{"X-SSL-Client-Cert", "%zz"}, 0},
		{httpcfg.SSLClientCert, []string{"X-SSL-Client-Cert", strings.ReplaceAll(escaped, "CERTIFICATE", "PRIVATE%20KEY")}, 0},
		{httpcfg.SSLClientCert, []string{"Client-Cert", sequence}, 0},
		{httpcfg.NoCertificateHeader, []string{"Client-Cert", sequence, "X-SSL-Client-Cert", escaped}, 0},
	} {
		core := &OnePhoneCore{}
		d := open(t, core, behind(c.setting))
		d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), append([]string{"X-Forwarded-Proto", "https"}, c.header...)...)
		asked, _ := core.last()
		assert.Len(t, asked.Proof.Certificates, c.want, "%s %.60s", c.setting, c.header)
		d.get(t, urlOf("http", d.plain, "/bootstrap.xml"), c.header...)
		asked, _ = core.last()
		assert.Empty(t, asked.Proof.Certificates, "in the clear it counts nothing")
	}
}

func TestTheCertificateOfAProxyIsntThePhones(t *testing.T) {
	t.Parallel()
	core := &OnePhoneCore{}
	d := open(t, core, behind(httpcfg.ClientCert))
	d.speak(t, d.secure, &tls.Config{Certificates: []tls.Certificate{phoneCertificate(t)}})
	asked, _ := core.last()
	assert.Equal(t, provisioning.HTTPS, asked.Transport)
	assert.Empty(t, asked.Proof.Certificates)
}

// FuzzProxyHeaders sends any headers of a trusted proxy: whatever comes, the answer is whole.
func FuzzProxyHeaders(f *testing.F) {
	f.Add("192.0.2.7, 10.0.0.1", "https", ":AAAA:", ":AAAA:, :BBBB:")
	f.Add("[::1]:5,,", "https,http", "-----BEGIN%20CERTIFICATE-----%0AAAAA%0A-----END%20CERTIFICATE-----%0A", "")
	d, nginx := open(f, &OnePhoneCore{}, behind(httpcfg.ClientCert)), open(f, &OnePhoneCore{}, behind(httpcfg.SSLClientCert))
	f.Fuzz(func(t *testing.T, forwarded, proto, certificate, chain string) {
		if strings.ContainsAny(forwarded+proto+certificate+chain, "\r\n") || len(forwarded+proto+certificate+certificate+chain) > fuzzedBytes {
			return // that is another header
		}
		header := "\r\nX-Forwarded-For: " + forwarded + "\r\nX-Forwarded-Proto: " + proto + "\r\nClient-Cert: " + certificate +
			"\r\nClient-Cert-Chain: " + chain + "\r\nX-SSL-Client-Cert: " + certificate + "\r\n\r\n"
		for _, address := range []string{d.plain, nginx.plain} {
			require.Regexp(t, `^HTTP/1\.[01] (200|400|431) `, raw(t, address, "GET /bootstrap.xml HTTP/1.0"+header))
		}
	})
}
