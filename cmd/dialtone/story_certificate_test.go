package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// authority is a CA as phones' makers have one.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(name string) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().AddDate(-5, 0, 0), NotAfter: time.Now().AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return authority{certificate, key}, err
}

// phone makes the certificate of a phone, good until a moment.
func (a authority) phone(mac string, until time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: mac}, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// maker FILE: makes the CA of a phones' maker, and writes its certificate.
func maker(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: maker FILE")
	}
	a, err := newAuthority("Equipment Root")
	ts.Check(err)
	storyOf(ts).maker = a
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}), 0o600))
}

// show-certificate genuine|expired|unknown MAC PATH AGENT: asks over HTTPS as a phone that shows a certificate, and prints the status: one of the maker's, one of
// the maker's whose time is over, or one of a CA that nobody loaded.
func showCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: show-certificate genuine|expired|unknown MAC PATH AGENT")
	}
	by, until := storyOf(ts).maker, time.Now().AddDate(1, 0, 0)
	switch args[0] {
	case "expired":
		until = time.Now().AddDate(-1, 0, 0)
	case "unknown":
		var err error
		by, err = newAuthority("Equipment Root")
		ts.Check(err)
	}
	certificate, err := by.phone(args[1], until)
	ts.Check(err)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil },
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, "https://"+ts.Getenv("HTTPS")+args[2], nil)
	ts.Check(err)
	request.Header.Set("User-Agent", args[3])
	answer, err := client.Do(request)
	ts.Check(err)
	_, err = io.Copy(io.Discard, answer.Body)
	ts.Check(err)
	ts.Check(answer.Body.Close())
	_, _ = fmt.Fprintln(ts.Stdout(), answer.StatusCode)
}
