package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

	"dialtone/adminapi"
	"dialtone/billing"
	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/httpcfg"
	"dialtone/pki"
	"dialtone/provisioning"
	"dialtone/sip"
	"dialtone/tftp"
)

// open opens every door that isn't off. Only when all listen is the core told where phones find it: ports may be picked by the system.
func (h *house) open(ctx context.Context) error {
	authority, err := h.authority(ctx)
	if err != nil {
		return &usageError{err}
	}
	for _, open := range []func(context.Context, *pki.Authority) error{h.openAdmin, h.openPhones, h.openTFTP, h.openSIP, h.openMetrics} {
		if err := open(ctx, authority); err != nil {
			return err
		}
	}
	phones, lines := h.announcement(authority)
	h.core.Announce(phones, lines)
	h.core.AnnounceSurroundings(surroundings{h})
	h.announceUpstreams(ctx)
	return h.openDNS(ctx)
}

// authority opens the certificates, made for every name by which phones and SIP clients check us.
func (h *house) authority(ctx context.Context) (*pki.Authority, error) {
	names := []string{"*." + h.config.SIPDomain, h.config.SIPDomain}
	var addresses []netip.Addr
	if a, err := netip.ParseAddr(h.config.PublicHost); err == nil {
		addresses = append(addresses, a)
	} else {
		names = append([]string{h.config.PublicHost}, names...)
	}
	return pki.Open(ctx, pki.Config{
		Dir: filepath.Join(h.config.Data, "tls"), Names: names, IPs: addresses, Now: now, Random: rand.Reader, Logger: h.logger.With("part", "pki"),
	})
}

func (h *house) openAdmin(ctx context.Context, _ *pki.Authority) error {
	if h.config.ListenAdmin == "" {
		return nil
	}
	server, err := adminapi.New(adminapi.Config{
		Customers: h.customers, Devices: h.core, People: h.people, Fleet: h.fleet, Imports: h.imports, Billing: h.billing, Desk: billing.NewDesk(billing.DeskConfig{Store: h.db.Billing(), Now: now}), Webhooks: h.webhooks, Nodes: h.nodes, Upstream: h.upstreams, EchoEncryption: customer.EchoPolicy(h.config.EchoEncryption), Operator: h.config.Operator, Ready: h.db.Provisioning().Ping, Now: now, NewID: newID,
		Logger: h.logger.With("door", "admin"),
	})
	if err != nil {
		return asUsage(err)
	}
	address, err := server.Listen(ctx, string(h.config.ListenAdmin))
	return h.opened(err, "admin", address, server.Run)
}

func (h *house) openPhones(ctx context.Context, authority *pki.Authority) error {
	at := httpcfg.Listen{Plain: string(h.config.ListenHTTP), TLS: string(h.config.ListenHTTPS), LegacyTLS: string(h.config.ListenHTTPSLegacy)}
	if at == (httpcfg.Listen{}) {
		return nil
	}
	config := httpcfg.Config{
		Core: h.core, Nonces: h.nonces("http digest"), Now: now, TLS: authority.ServerConfig(), Logger: h.logger.With("door", "http"),
		Handshake: h.core.RecordHandshake,
		Tickets:   pki.NewTickets(h.keyring.Derive, now), NoClientCertificates: !h.config.ClientCertificates, CertificateHeader: h.config.certificateHeader(),
	}
	if h.makers == nil { // nobody could judge them
		config.NoClientCertificates = true
	} else {
		config.ClientCAs = h.makers.Hints()
	}
	for _, n := range h.config.TrustedProxies {
		config.Proxies = append(config.Proxies, netip.Prefix(n))
	}
	if at.LegacyTLS != "" {
		var err error
		if config.LegacyTLS, err = authority.LegacyServerConfig(); err != nil {
			return &usageError{err}
		}
	}
	server, err := httpcfg.New(config)
	if err != nil {
		return err
	}
	addresses, err := server.Listen(ctx, at)
	if err != nil {
		return cantListen("http or https", err)
	}
	h.note("http", addresses.Plain)
	h.note("https", addresses.TLS)
	h.note("https-legacy", addresses.LegacyTLS)
	h.doors = append(h.doors, door{"http", server.Run})
	return nil
}

func (h *house) openTFTP(ctx context.Context, _ *pki.Authority) error {
	if h.config.ListenTFTP == "" {
		return nil
	}
	server, err := tftp.New(tftp.Config{
		Core: h.core, Now: now, Logger: h.logger.With("door", "tftp"), MaxBlockSize: h.config.TFTPMaxBlockSize,
		MaxWindowSize: h.config.TFTPMaxWindowSize, SinglePort: h.config.TFTPSinglePort,
	})
	if err != nil {
		return &usageError{err}
	}
	address, err := server.Listen(ctx, string(h.config.ListenTFTP))
	return h.opened(err, "tftp", address, server.Run)
}

func (h *house) openSIP(ctx context.Context, authority *pki.Authority) error {
	if h.config.ListenSIP == "" && h.config.ListenSIPS == "" && h.config.ListenSIPDTLS == "" && h.config.ListenSIPWSS == "" {
		return nil
	}
	calls, err := h.openEcho(ctx)
	if err != nil {
		return err
	}
	config := sip.Config{
		Core: h.core, Nonces: h.nonces("sip digest"), Now: now, Logger: h.logger.With("door", "sip"), TLS: authority.ServerConfig(),
		PublicHost: h.config.PublicHost, SIPDomain: h.config.SIPDomain, Unknown: h.core.RecordUnknownSIP, Banned: h.core.SIPBanned, Registrations: h.core,
		GRUUKey: h.keyring.Derive("sip gruu"), ServiceRoutes: h.config.SIPServiceRoutes, PathUnasked: h.config.SIPPathUnasked, WebOrigins: h.config.SIPWebOrigins,
	}
	if h.makers != nil && h.config.ClientCertificates {
		config.Certified, config.ClientCAs = h.core.CertifiedMAC, h.makers.Hints()
	}
	if calls != nil {
		config.Calls = calls
	}
	if config.Handing, err = h.handing(); err != nil {
		return err
	}
	server, err := sip.New(config)
	if err != nil {
		return &usageError{err}
	}
	h.registrar, h.echo = server, calls
	plain := string(h.config.ListenSIP)
	addresses, err := server.Listen(ctx, sip.Listen{UDP: plain, TCP: plain, TLS: string(h.config.ListenSIPS), DTLS: string(h.config.ListenSIPDTLS), WSS: string(h.config.ListenSIPWSS)})
	if err != nil {
		return cantListen("sip", err)
	}
	h.note("sip", addresses.UDP)
	h.note("sips", addresses.TLS)
	h.note("sip-dtls", addresses.DTLS)
	h.note("sip-wss", addresses.WSS)
	h.doors = append(h.doors, door{"sip", server.Run}, door{"sip notify", func(ctx context.Context) error {
		return h.core.RingBells(ctx, server, provisioning.BellRates{PerNode: h.config.NotifyRate, PerCustomer: h.config.NotifyRateCustomer})
	}})
	return nil
}

// nonces makes the challenges of one door. Nodes that share the master key accept each other's.
func (h *house) nonces(purpose string) *digest.Nonces {
	return digest.NewNonces(digest.NoncesConfig{Key: h.keyring.Derive(purpose), Now: now, Random: rand.Reader})
}

// announcement is what phones are told: URLs at the public host, and the way to the registrar by the safest door that is open. Where phones
// know us by an address there is no DNS to find us by, so that they are told address and port; where they know us by a name, each line's domain
// is to be looked up.
func (h *house) announcement(authority *pki.Authority) (deviceprofiles.Service, deviceprofiles.SIP) {
	phones := deviceprofiles.Service{
		HTTPBase: h.baseURL("http", 80), HTTPSBase: h.baseURL("https", 443), CACertificate: authority.CACertificate(), NTPServer: "pool.ntp.org",
	}
	lines := deviceprofiles.SIP{Transport: deviceprofiles.TLS, Expires: 3600}
	port := h.port("sips")
	if port == 0 {
		lines.Transport, port = deviceprofiles.UDP, h.port("sip")
	}
	if _, err := netip.ParseAddr(h.config.PublicHost); err == nil {
		lines.OutboundProxy, lines.OutboundPort = h.config.PublicHost, int(port)
	}
	return phones, lines
}

func (h *house) baseURL(name string, usual uint16) string {
	switch port := h.port(name); port {
	case 0:
		return ""
	case usual:
		return name + "://" + bracketed(h.config.PublicHost)
	default:
		return name + "://" + net.JoinHostPort(h.config.PublicHost, strconv.Itoa(int(port)))
	}
}

// bracketed puts an IPv6 address in the brackets that a URL needs.
func bracketed(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		return "[" + host + "]"
	}
	return host
}

// publicAddresses are the addresses of the public host that DNS hands out: itself if it is one, else what it resolves to, else the
// addresses that the SIP doors listen on.
func (h *house) publicAddresses(ctx context.Context) []netip.Addr {
	if a, err := netip.ParseAddr(h.config.PublicHost); err == nil {
		return []netip.Addr{a}
	}
	var out []netip.Addr
	for _, name := range []string{"sips", "sip"} {
		if a, err := netip.ParseAddrPort(h.addresses[name]); err == nil && !a.Addr().IsUnspecified() {
			return []netip.Addr{a.Addr().Unmap()}
		}
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", h.config.PublicHost)
	if err != nil {
		h.logger.Warn("the public host doesn't resolve here, so that our DNS can't hand out its address", "public_host", h.config.PublicHost)
	}
	for _, a := range found {
		out = append(out, a.Unmap())
	}
	return out
}

// port returns the port of an open door, 0 if it is off.
func (h *house) port(name string) uint16 {
	a, err := netip.ParseAddrPort(h.addresses[name])
	if err != nil {
		return 0
	}
	return a.Port()
}

func (h *house) note(name string, a netip.AddrPort) {
	if a.IsValid() {
		h.addresses[name] = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
	}
}

func (h *house) opened(err error, name string, a netip.AddrPort, run func(context.Context) error) error {
	if err != nil {
		return cantListen(name, err)
	}
	h.note(name, a)
	h.doors = append(h.doors, door{name, run})
	return nil
}

func cantListen(name string, err error) error {
	return fmt.Errorf("the %s door can't listen: %w", name, err)
}

// shut runs every opened door with a context that has ended, so that each lets its sockets go.
func (h *house) shut() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, d := range h.doors {
		_ = d.run(ctx) // why it stops is known: another door couldn't open
	}
}
