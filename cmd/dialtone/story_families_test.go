package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dialtone/deviceprofiles"
	"dialtone/phone"
)

// boot-families: creates a device of the first and the last model of each family, and of each of its variants, and lets a simulated phone boot each: it is
// led to HTTP or HTTPS in turn, asks in its family's order, reads its family's format and registers over what it is told. Then it boots again with what it has learned,
// over HTTPS, while its enrolment window is closed.
func bootFamilies(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: boot-families")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ts.ReadFile("data/tls/ca.pem")))
	admin, token, customerID, org := ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("CUSTOMER"), ts.Getenv("ORG")
	host, ports := ts.Getenv("PHONES"), map[string]string{"http": ts.Getenv("HTTP_PORT"), "https": ts.Getenv("HTTPS_PORT")}
	models := oneOfEach()
	families := map[deviceprofiles.Family]bool{}
	ts.Check(eachOf(len(models), func(i int) error {
		p := replayed{model: models[i]}
		if err := p.order(admin, token, customerID, org, i); err != nil {
			return err
		}
		if status, answer, err := ask(admin, token, "POST", "/hub/v1/devices/"+p.id+"/enrolment", `{"minutes":60}`); err != nil || status != 201 {
			return fmt.Errorf("enrolment: %d %s %w", status, answer, err)
		}
		scheme := []string{"http", "https"}[i%2]
		boot := phone.BootConfig{
			MAC: p.mac.String(), Model: p.model.Name, Server: scheme + "://" + host + ":" + ports[scheme] + "/", DNS: ts.Getenv("DNS"), CA: roots, Timeout: 20 * time.Second,
		}
		first, err := dialTone(boot)
		if err != nil {
			return fmt.Errorf("%s: %w", p.model.Name, err)
		}
		if first.Access.IsZero() {
			return nil // what proves it is a token in the path, which it has shown already
		}
		boot.Server, boot.Access = "https://"+host+":"+ports["https"]+"/", first.Access
		for range 2 { // the first closes the window
			if _, err := dialTone(boot); err != nil {
				return fmt.Errorf("%s, again: %w", p.model.Name, err)
			}
		}
		return nil
	}))
	for _, m := range models {
		families[m.Family] = true
	}
	_, _ = fmt.Fprintf(ts.Stdout(), "%d models of %d families have dial tone\n", len(models), len(families))
}

// dialTone boots a phone; an error unless a file came over HTTPS and a line is registered. It quotes what the phone said.
func dialTone(c phone.BootConfig) (phone.Result, error) {
	var said strings.Builder
	result, err := phone.Boot(context.Background(), c, io.Writer(&said))
	secure := slices.ContainsFunc(result.Files, func(f phone.File) bool { return f.Transport == "https" })
	if err == nil && (len(result.Registrations) == 0 || !secure) {
		err = errors.New("it isn't registered, or wasn't served over HTTPS")
	}
	if err != nil {
		return result, fmt.Errorf("%w\n%s", err, said.String())
	}
	return result, nil
}

// oneOfEach is the first and the last model of each family and variant whose files we write.
func oneOfEach() []deviceprofiles.Model {
	var out []deviceprofiles.Model
	place := map[string][]int{}
	for _, m := range deviceprofiles.Models() {
		if !m.Configured() {
			continue
		}
		key := string(m.Family) + " " + m.Variant
		switch at := place[key]; len(at) {
		case 0, 1:
			place[key] = append(at, len(out))
			out = append(out, m)
		default:
			out[at[1]] = m
		}
	}
	return out
}
