package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// demoPhone is a phone of the sample customer, with the person that it stands on the desk of.
type demoPhone struct {
	mac, model, first, last, extension string
}

func demoPhones() []demoPhone {
	return []demoPhone{
		{"00562B043615", "Cisco 8851", "Ada", "Lovelace", "1001"},
		{"805EC0AABBCC", "Yealink T54W", "Grace", "Hopper", "1002"},
		{"64167FAABBCC", "Poly VVX 450", "Alan", "Turing", "1003"},
	}
}

const (
	demoTokenFile = "demo.token"
	// demoEnrolment is how long the sample phones may be enrolled after each start.
	demoEnrolment = 24 * time.Hour
)

// demo adds the sample once, and opens the sample phones' enrolment windows at each start.
func (h *house) demo(ctx context.Context) error {
	path := filepath.Join(h.config.Data, demoTokenFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := h.addSample(ctx, path); err != nil {
			return fmt.Errorf("the sample can't be added: %w", err)
		}
	}
	return h.enrolSample(ctx)
}

func (h *house) addSample(ctx context.Context, tokenPath string) error {
	actor, token, err := h.customers.Bootstrap(ctx, "Sample Partner", "admin@partner.example")
	if err != nil {
		return err
	}
	template, err := h.customers.CreateTemplate(ctx, actor, customer.NewTemplate{
		Name: "Small business", Country: "US", Language: "en_US", SubscriptionID: "Sub-Sample",
	})
	if err != nil {
		return err
	}
	address := customer.Address{Line1: "1 Sample Street", City: "Springfield", StateOrProvince: "IL", PostalCode: "62701", Country: "US"}
	c, err := h.customers.Provision(ctx, actor, customer.NewCustomer{
		ProvisioningID: template.ProvisioningID, ExternalID: "sample-1", Name: "Sample Bakery", PrimaryEmail: "owner@bakery.example",
		Address: address, Packages: []customer.Package{customer.WebexCalling},
		Location: &customer.NewLocation{Name: "Shop", Address: address, TimeZone: "America/Chicago", Language: "en_us", Numbers: []string{"+12175550100"}},
	})
	if err != nil {
		return err
	}
	if err := h.untilProvisioned(ctx, actor, c.ID); err != nil {
		return err
	}
	tenant := customer.Tenant{Partner: c.Partner, Customer: c.Org}
	for _, p := range demoPhones() {
		sub, err := h.people.AddSubscriber(ctx, actor, customer.NewSubscriber{
			Customer: c.ID, Email: strings.ToLower(p.first) + "@bakery.example", Packages: []customer.Package{customer.WebexCalling},
			FirstName: p.first, LastName: p.last, CallingIdentity: customer.CallingIdentity{Extension: p.extension},
		})
		if err != nil {
			return err
		}
		if _, err := h.core.AddDevice(ctx, actor, tenant, provisioning.NewDevice{MAC: p.mac, Model: p.model, Person: sub.Person}); err != nil {
			return err
		}
	}
	return writeNew(tokenPath, []byte(token.Reveal()+"\n"))
}

// untilProvisioned asks for a customer until the background work is done, as any client would.
func (h *house) untilProvisioned(ctx context.Context, actor customer.Actor, id customer.CustomerID) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		c, err := h.customers.Customer(ctx, actor, id)
		if err != nil || c.Status == customer.StatusProvisioned {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("the sample customer is still %s: %w", c.Status, ctx.Err())
		}
	}
}

// enrolSample opens the windows of those sample phones that are still there.
func (h *house) enrolSample(ctx context.Context) error {
	for _, p := range demoPhones() {
		mac, err := deviceprofiles.ParseMAC(p.mac)
		if err != nil {
			return err
		}
		d, err := h.db.Provisioning().AnyTenantDeviceByMAC(ctx, mac)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		actor := customer.Actor{Partner: d.Partner, Email: "system"}
		if _, err := h.core.OpenEnrolment(ctx, actor, d.Tenant(), d.ID, demoEnrolment); err != nil {
			return err
		}
	}
	return nil
}

// recipe says how to try the sample, in lines to paste into another terminal.
func (h *house) recipe() string {
	var b strings.Builder
	b.WriteString("\nDialtone is up with a sample customer. In another terminal, be one of its phones:\n\n")
	server, resolver := h.tryServer(), ""
	if dns := h.addresses["dns"]; dns != "" {
		resolver = " --dns " + dns
	}
	program := "./dialtone"
	for _, p := range demoPhones() {
		fmt.Fprintf(&b, "  %s phone boot --mac %s --model %q --server %s%s\n", program, p.mac, p.model, server, resolver)
	}
	if admin := h.addresses["admin"]; admin != "" {
		fmt.Fprintf(&b, "\nand see what the administrator sees:\n\n  curl -H \"Authorization: Bearer $(cat %s)\" http://%s/v1/devices\n\n",
			filepath.Join(h.config.Data, demoTokenFile), admin)
	}
	return b.String()
}

// tryServer is what a DHCP server would hand to the sample phones.
func (h *house) tryServer() string {
	for _, scheme := range []string{"tftp", "http", "https"} {
		if a := h.addresses[scheme]; a != "" {
			return scheme + "://" + a
		}
	}
	return h.config.PublicHost
}
