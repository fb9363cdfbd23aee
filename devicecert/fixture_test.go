package devicecert_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dialtone/devicecert"
)

// moment is when tests happen.
var moment = time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)

// issuer is a CA with its key.
type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// newCA makes a CA of ten years; by is nil for a root.
func newCA(t testing.TB, name string, by *issuer, change ...func(*x509.Certificate)) *issuer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: moment.AddDate(-5, 0, 0), NotAfter: moment.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte(name),
	}
	for _, c := range change {
		c(template)
	}
	key := newKey(t)
	parent, signer := template, crypto.Signer(key)
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	return &issuer{parsed(t, der), key}
}

func parsed(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

// phone makes a phone's certificate.
func (i *issuer) phone(t testing.TB, subject pkix.Name, change ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: subject, NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.AddDate(1, 0, 0),
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageIPSECTunnel}, // as odd as makers have them
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}}},
	}
	for _, c := range change {
		c(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, newKey(t).Public(), i.key)
	require.NoError(t, err)
	return parsed(t, der)
}

// revoke makes a revocation list.
func (i *issuer) revoke(t testing.TB, next time.Time, serials ...int64) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: moment.AddDate(0, -1, 0), NextUpdate: next}
	for _, s := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: moment.AddDate(0, -2, 0)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, i.certificate, i.key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

func pemOf(list ...*issuer) []byte {
	var out []byte
	for _, i := range list {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw})...)
	}
	return out
}

// folder is a folder of pools, and what was logged of it.
type folder struct {
	dir string
	log bytes.Buffer
}

func (f *folder) write(t testing.TB, name string, content []byte) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

func (f *folder) open(t testing.TB) *devicecert.Pools {
	t.Helper()
	p, err := f.tryOpen(t)
	require.NoError(t, err)
	return p
}

func (f *folder) tryOpen(t testing.TB) (*devicecert.Pools, error) {
	t.Helper()
	return devicecert.Open(t.Context(), devicecert.Config{Dir: f.dir, Now: func() time.Time { return moment }, Logger: slog.New(slog.NewTextHandler(&f.log, nil))})
}

// newFolder makes a folder with one maker's CAs.
func newFolder(t testing.TB, vendor string, cas ...*issuer) *folder {
	t.Helper()
	f := &folder{dir: t.TempDir()}
	if len(cas) > 0 {
		f.write(t, vendor+"/ca.pem", pemOf(cas...))
	}
	return f
}

// sha1Phone signs a phone's certificate anew, with SHA-1 and RSA, which the library no longer does.
func sha1Phone(t testing.TB, mac string) (root *issuer, phone *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Old CA"}, NotBefore: moment.AddDate(-5, 0, 0), NotAfter: moment.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	root = &issuer{parsed(t, der), key}
	modern := root.phone(t, pkix.Name{CommonName: mac})

	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	_, err = asn1.Unmarshal(modern.Raw, &outer)
	require.NoError(t, err)
	sha256ID, err := asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue})
	require.NoError(t, err)
	outer.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, Parameters: asn1.NullRawValue}
	sha1ID, err := asn1.Marshal(outer.Algorithm)
	require.NoError(t, err)
	tbs := bytes.Replace(outer.TBS.FullBytes, sha256ID, sha1ID, 1)
	sum := sha1.Sum(tbs)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, sum[:])
	require.NoError(t, err)
	outer.TBS, outer.Signature = asn1.RawValue{FullBytes: tbs}, asn1.BitString{Bytes: signature, BitLength: len(signature) * 8}
	der, err = asn1.Marshal(outer)
	require.NoError(t, err)
	return root, parsed(t, der)
}
