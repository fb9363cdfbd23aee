package devicecert_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/devicecert"
	"dialtone/fault"
)

const mac = "805EC0AABBCC"

func TestAPhoneLeadsToItsMakersRoot(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Yealink Root CA", nil)
	issuing := newCA(t, "Yealink Equipment Issuing CA", root)
	phone := issuing.phone(t, pkix.Name{CommonName: mac})
	for name, c := range map[string]struct {
		loaded    []*issuer
		presented []*x509.Certificate
	}{
		"issuing CA presented":   {[]*issuer{root}, []*x509.Certificate{phone, issuing.certificate}},
		"issuing CA loaded":      {[]*issuer{issuing, root}, []*x509.Certificate{phone}},
		"root presented, too":    {[]*issuer{root}, []*x509.Certificate{phone, root.certificate, issuing.certificate}},
		"the issuing CA is all":  {[]*issuer{issuing}, []*x509.Certificate{phone}},
		"both loaded, presented": {[]*issuer{root, issuing}, []*x509.Certificate{phone, issuing.certificate, root.certificate}},
	} {
		identity, err := newFolder(t, "yealink", c.loaded...).open(t).Identify(c.presented, moment)
		require.NoError(t, err, name)
		assert.Equal(t, mac, identity.MAC.String())
		assert.Equal(t, "yealink", identity.Vendor)
		assert.Equal(t, "4d", identity.Serial)
		assert.Equal(t, "CN=Yealink Equipment Issuing CA", identity.Issuer)
		assert.True(t, identity.Fits("Yealink"))
		assert.False(t, identity.Fits("Poly"))
	}
}

func TestWhatLeadsNowhereIsRefused(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	issuing := newCA(t, "Issuing", root)
	impostor := newCA(t, "Root", nil)
	noCA := newCA(t, "No CA", root, func(c *x509.Certificate) { c.IsCA = false })
	noSigner := newCA(t, "No signer", root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	short := newCA(t, "Short", root, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := newCA(t, "Below", short)
	name := pkix.Name{CommonName: mac}
	pools := newFolder(t, "yealink", root).open(t)
	old := newCA(t, "Old", root, func(c *x509.Certificate) { c.NotAfter = moment.AddDate(-1, 0, 0) })
	phoneOf := func(i *issuer, more ...*issuer) []*x509.Certificate {
		out := []*x509.Certificate{i.phone(t, name), i.certificate}
		for _, one := range more {
			out = append(out, one.certificate)
		}
		return out
	}
	for want, chain := range map[string][]*x509.Certificate{
		"No loaded phone maker issued the certificate: its issuer is CN=Issuing.": {issuing.phone(t, name)},
		"Root didn't sign the certificate":                                        phoneOf(impostor),
		"CN=No CA isn't a certificate that may issue others.":                     phoneOf(noCA),
		"CN=No signer isn't a certificate that may issue others.":                 phoneOf(noSigner),
		"CN=Short may not issue over so many steps.":                              phoneOf(below, short),
		"The certificate of CN=Old expired on 2025-05-01.":                        phoneOf(old),
		"The certificate is one that issues others, and no phone's.":              {issuing.certificate},
		"The certificate is valid from 2026-05-02 on.":                            {root.phone(t, name, func(c *x509.Certificate) { c.NotBefore = moment.AddDate(0, 0, 1) })},
	} {
		_, err := pools.Identify(chain, moment)
		require.True(t, fault.Is(err, fault.Denied), "%s: %v", want, err)
		assert.Contains(t, fault.Message(err), want)
	}
	_, err := pools.Identify(nil, moment)
	assert.True(t, fault.Is(err, fault.NotFound))
	var none *devicecert.Pools
	_, err = none.Identify(phoneOf(root), moment)
	assert.True(t, fault.Is(err, fault.Denied))
	assert.NotNil(t, none.Hints())
}

func TestTheLongestPathCounts(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	one := newCA(t, "One", root)
	two := newCA(t, "Two", one)
	three := newCA(t, "Three", two)
	pools := newFolder(t, "poly", root).open(t)
	_, err := pools.Identify([]*x509.Certificate{two.phone(t, pkix.Name{CommonName: mac}), two.certificate, one.certificate}, moment)
	require.NoError(t, err)
	_, err = pools.Identify([]*x509.Certificate{three.phone(t, pkix.Name{CommonName: mac}), three.certificate, two.certificate, one.certificate}, moment)
	assert.ErrorContains(t, err, "longer than 4 certificates")
}

func TestWhereMakersWriteTheAddress(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Cisco Manufacturing CA", nil)
	pools := newFolder(t, "cisco", root).open(t)
	extra := func(oid asn1.ObjectIdentifier, text string) pkix.Name {
		return pkix.Name{CommonName: "phone", ExtraNames: []pkix.AttributeTypeAndValue{{Type: oid, Value: text}}}
	}
	address, err := url.Parse("urn:phone:" + mac)
	require.NoError(t, err)
	for name, phone := range map[string]*x509.Certificate{
		"SEP":             root.phone(t, pkix.Name{SerialNumber: "PID:CP-8861 SN:FCH2133E8B9", CommonName: "CP-8861-SEP" + mac}),
		"lower-case SEP":  root.phone(t, pkix.Name{CommonName: "cp-8861-sep" + strings.ToLower(mac)}),
		"state":           root.phone(t, pkix.Name{OrganizationalUnit: []string{"CP-8841-3PCC"}, Locality: []string{"FCH123"}, Province: []string{mac}}),
		"bare":            root.phone(t, pkix.Name{CommonName: mac}),
		"colons":          root.phone(t, pkix.Name{CommonName: "80:5e:c0:aa:bb:cc"}),
		"with a suffix":   root.phone(t, pkix.Name{CommonName: mac + "_T54W"}),
		"twice the same":  root.phone(t, pkix.Name{CommonName: mac, SerialNumber: mac, Province: []string{"80:5E:C0:AA:BB:CC"}}),
		"serial number":   root.phone(t, pkix.Name{CommonName: "phone", SerialNumber: mac}),
		"title":           root.phone(t, extra(asn1.ObjectIdentifier{2, 5, 4, 12}, mac)),
		"user id":         root.phone(t, extra(asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, mac)),
		"DNS name":        root.phone(t, pkix.Name{CommonName: "phone"}, func(c *x509.Certificate) { c.DNSNames = []string{"sep" + mac + ".example"} }),
		"URI":             root.phone(t, pkix.Name{CommonName: "phone"}, func(c *x509.Certificate) { c.URIs = []*url.URL{address} }),
		"beside a number": root.phone(t, pkix.Name{CommonName: mac, SerialNumber: "123456789012"}),
	} {
		identity, err := pools.Identify([]*x509.Certificate{phone}, moment)
		require.NoError(t, err, name)
		assert.Equal(t, mac, identity.MAC.String(), name)
	}
	for name, subject := range map[string]pkix.Name{
		"model":     {CommonName: "SIP-T54W", Organization: []string{"Yealink"}},
		"nothing":   {},
		"zero":      {CommonName: "000000000000"},
		"thirteen":  {CommonName: mac + "D"},
		"a UUID":    {CommonName: "01234567-89ab-cdef-0123-" + mac},
		"a hash":    {CommonName: strings.Repeat("805ec0aabb", 4)},
		"multicast": {CommonName: "01005E000001"},
	} {
		_, err := pools.Identify([]*x509.Certificate{root.phone(t, subject)}, moment)
		assert.ErrorContains(t, err, "names no phone: it is a generic one", name)
	}
	for _, subject := range []pkix.Name{
		{CommonName: mac + " 805EC0AABBCD"}, {CommonName: "SEP" + mac, Province: []string{"805EC0AABBCD"}}, {ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: mac}, {Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "805EC0AABBCD"},
		}},
	} {
		_, err := pools.Identify([]*x509.Certificate{root.phone(t, subject)}, moment)
		assert.ErrorContains(t, err, "names two phones, 805EC0AABBC")
	}
}

func TestRevokedCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	bad := newCA(t, "Bad", root, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(5) })
	f := newFolder(t, "poly", root)
	f.write(t, "poly/root.crl", root.revoke(t, moment.AddDate(0, 0, -1), 5, 78))
	pools := f.open(t)
	assert.Contains(t, f.log.String(), "a revocation list is out of date")
	assert.Contains(t, f.log.String(), "vendor=poly cas=1 expired=0 revocation_lists=1")
	name := pkix.Name{CommonName: mac}
	_, err := pools.Identify([]*x509.Certificate{root.phone(t, name)}, moment)
	require.NoError(t, err)
	_, err = pools.Identify([]*x509.Certificate{root.phone(t, name, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(78) })}, moment)
	assert.ErrorContains(t, err, "The certificate with serial number 4e has been revoked by its maker.")
	_, err = pools.Identify([]*x509.Certificate{bad.phone(t, name), bad.certificate}, moment)
	assert.ErrorContains(t, err, "serial number 5 has been revoked")
}

func TestThePolicyOfAMaker(t *testing.T) {
	t.Parallel()
	root, phone := sha1Phone(t, mac)
	f := newFolder(t, "Cisco", root)
	_, err := f.open(t).Identify([]*x509.Certificate{phone}, moment)
	require.ErrorContains(t, err, "SHA-1")
	f.write(t, "Cisco/policy.json", []byte(`{"sha1": true}`))
	identity, err := f.open(t).Identify([]*x509.Certificate{phone}, moment)
	require.NoError(t, err)
	assert.Equal(t, "cisco", identity.Vendor)
	broken := *phone
	broken.Signature = append([]byte(nil), phone.Signature...)
	broken.Signature[9] ^= 1
	_, err = f.open(t).Identify([]*x509.Certificate{&broken}, moment)
	require.ErrorContains(t, err, "didn't sign the certificate")

	later := moment.AddDate(3, 0, 0)
	_, err = f.open(t).Identify([]*x509.Certificate{phone}, later)
	require.ErrorContains(t, err, "The policy of cisco can let it count all the same.")
	f.write(t, "Cisco/policy.json", []byte(`{"sha1": true, "expired": true}`))
	_, err = f.open(t).Identify([]*x509.Certificate{phone}, later)
	require.NoError(t, err)
}

func TestFoldersThatCantBeRead(t *testing.T) {
	t.Parallel()
	root, other := newCA(t, "Root", nil), newCA(t, "Other", nil)
	noCA := newCA(t, "Leaf", root, func(c *x509.Certificate) { c.IsCA = false })
	for name, c := range map[string]struct {
		file    string
		content []byte
		want    string
	}{
		"no certificate": {"poly/x.pem", []byte("hello"), "x.pem holds a certificate that can't be read"},
		"no CA":          {"poly/x.pem", pemOf(noCA), "which isn't a CA's"},
		"a key":          {"poly/x.pem", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), `holds a "PRIVATE KEY"`},
		"broken list":    {"poly/x.crl", []byte("hello"), "a revocation list that can't be read"},
		"foreign list":   {"poly/x.crl", other.revoke(t, moment, 1), "no CA of poly signed it"},
		"policy":         {"poly/policy.json", []byte(`{"sha-1": true}`), `policy.json can't be read: write {"sha1": false, "expired": false}`},
	} {
		f := newFolder(t, "poly", root)
		f.write(t, c.file, c.content)
		_, err := f.tryOpen(t)
		assert.True(t, fault.Is(err, fault.Invalid), name)
		assert.ErrorContains(t, err, c.want, name)
	}
	missing := &folder{dir: t.TempDir() + "/none"}
	_, err := missing.tryOpen(t)
	assert.ErrorContains(t, err, "can't be read")
	empty := newFolder(t, "")
	empty.open(t)
	assert.Contains(t, empty.log.String(), "holds none: no certificate of a phone counts")
}

func TestAChangedFolderIsReadAgain(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	f := newFolder(t, "")
	f.write(t, ".hidden/x.pem", []byte("passed over"))
	f.write(t, "README.txt", []byte("passed over"))
	pools := f.open(t)
	chain := []*x509.Certificate{root.phone(t, pkix.Name{CommonName: mac})}
	_, err := pools.Identify(chain, moment)
	require.Error(t, err)
	assert.True(t, pools.Hints().Equal(x509.NewCertPool()))

	f.write(t, "poly.pem", pemOf(root))
	pools.Reload(t.Context())
	identity, err := pools.Identify(chain, moment)
	require.NoError(t, err)
	assert.Equal(t, "poly", identity.Vendor)
	hints := x509.NewCertPool()
	hints.AddCert(root.certificate)
	assert.True(t, pools.Hints().Equal(hints))

	f.write(t, "yealink.pem", []byte("broken"))
	pools.Reload(t.Context())
	_, err = pools.Identify(chain, moment)
	require.NoError(t, err, "what was loaded stays in force")
	assert.Contains(t, f.log.String(), "those from before stay in force")
}

// FuzzIdentify takes whatever a stranger may present.
func FuzzIdentify(f *testing.F) {
	root := newCA(f, "Root", nil)
	f.Add(root.phone(f, pkix.Name{CommonName: mac}).Raw, "CP-8861-SEP2C3124C9F8E1")
	f.Add(root.certificate.Raw, "80:5e:c0:aa:bb:cc 805ec0aabbcd")
	pools := newFolder(f, "poly", root).open(f)
	f.Fuzz(func(t *testing.T, der []byte, name string) {
		chain := []*x509.Certificate{{Subject: pkix.Name{Names: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name}}}}}
		if c, err := x509.ParseCertificate(der); err == nil {
			chain = []*x509.Certificate{c, c, root.certificate}
		}
		identity, err := pools.Identify(chain, moment)
		if err == nil && identity.Vendor != "poly" {
			t.Fatalf("%+v", identity)
		}
	})
}
