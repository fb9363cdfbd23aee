package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"strings"

	"dialtone/nodes"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/zone"
)

// dnsFlags are what DNS can be told beside its address.
type dnsFlags struct {
	DNSNameServers []nameServer `name:"dns-name-servers" placeholder:"NAME" help:"Name servers of the SIP domains, the primary first: NAME, or NAME=ADDRESS+ADDRESS for one below --sip-domain (ns below it, at this server)."`
	DNSSecondaries string       `name:"dns-secondaries" placeholder:"FILE" help:"JSON file of the name servers that copy the zone, with their TSIG keys; docs/dns.md has the form."`
	DNSSEC         bool         `name:"dnssec" help:"Sign answers with the key that dialtone dnssec made. Not with --dns-secondaries."`
	DNSRateLimit   int          `name:"dns-rate-limit" default:"400" placeholder:"N" help:"Answers a second over UDP to one network, for each kind of answer; what is over is cut short or dropped, and 0 is no limit (${default})."`
}

// nodeFlags are what a node of several says of itself.
type nodeFlags struct {
	Node          string       `placeholder:"NAME" help:"Name of this node, where several share a database: a DNS label. DNS then names all of them. Without one, DNS names this server alone, which calls itself by host and --data."`
	NodeAddresses []netip.Addr `name:"node-addresses" placeholder:"ADDR" help:"Addresses at which phones reach this node (those of --public-host)."`
	NodePriority  uint16       `default:"10" placeholder:"N" help:"Phones try nodes of a lower number first (${default})."`
	NodeWeight    uint16       `default:"10" placeholder:"N" help:"This node's share of the phones among those of its priority (${default})."`
}

// nameServer is one name server's flag.
type nameServer zone.NameServer

// UnmarshalText reads NAME or NAME=ADDRESS+ADDRESS.
func (n *nameServer) UnmarshalText(text []byte) error {
	name, list, given := strings.Cut(string(text), "=")
	if !hostName.MatchString(name) {
		return usage("%q is no host name", name)
	}
	n.Name = name
	if !given {
		return nil
	}
	for one := range strings.SplitSeq(list, "+") {
		address, err := netip.ParseAddr(one)
		if err != nil {
			return usage("%q is no address of the name server %s", one, name)
		}
		n.Addresses = append(n.Addresses, address.Unmap())
	}
	return nil
}

func (h *house) openDNS(ctx context.Context) error {
	addresses := h.publicAddresses(ctx)
	if err := h.becomeNode(ctx, addresses); err != nil {
		return asUsage(err)
	}
	if h.config.ListenDNS == "" {
		return nil
	}
	secondaries, err := readSecondaries(h.config.DNSSecondaries)
	if err != nil {
		return err
	}
	key, err := h.signer()
	if err != nil {
		return err
	}
	config := zone.Config{
		Key:    key,
		Parent: h.config.SIPDomain, Domains: h.db.Customers(), World: h.db.Directory(), Host: h.config.PublicHost, Addresses: addresses, Secondaries: secondaries,
		RateLimit: h.config.DNSRateLimit, CookieKey: h.keyring.Derive("dns cookies"),
		Ports: zone.Ports{UDP: h.port("sip"), TCP: h.port("sip"), TLS: h.port("sips")}, Now: now, Logger: h.logger.With("door", "dns"),
		Asked: func(a zone.Asked) {
			h.core.RecordQuery(provisioning.Query{Peer: a.Peer, Domain: a.Domain, Question: a.Question, Answer: a.Answer})
		},
	}
	for _, n := range h.config.DNSNameServers {
		config.NameServers = append(config.NameServers, zone.NameServer(n))
	}
	server, err := zone.New(config)
	if err != nil {
		return asUsage(err)
	}
	h.zone = server
	address, err := server.Listen(ctx, string(h.config.ListenDNS))
	return h.opened(err, "dns", address, server.Run)
}

// becomeNode has this server be one of several, if it has a name. From here on DNS names it on every node.
func (h *house) becomeNode(ctx context.Context, addresses []netip.Addr) error {
	c := h.config
	if c.Node == "" {
		return nil
	}
	if len(c.NodeAddresses) > 0 {
		addresses = c.NodeAddresses
	}
	h.self = &nodes.Node{
		Name: nodes.Name(c.Node), Addresses: addresses, UDP: h.port("sip"), TCP: h.port("sip"), TLS: h.port("sips"), Priority: c.NodePriority, Weight: c.NodeWeight,
	}
	h.doors = append(h.doors, door{"node", func(ctx context.Context) error { return h.nodes.Run(ctx, *h.self) }}) // it leaves when the doors close
	return h.nodes.Announce(ctx, *h.self)
}

// secondaryEntry is one name server in the file of --dns-secondaries.
type secondaryEntry struct {
	Name   string         `json:"name"`
	Notify string         `json:"notify"`
	From   []netip.Prefix `json:"from"`
	Key    string         `json:"key"`
	Secret string         `json:"secret"`
}

// maxSecondaries is the most bytes that the file may have.
const maxSecondaries = 1 << 20

// readSecondaries reads the file, which holds keys: whoever else can read it could pretend to be one of them.
func readSecondaries(path string) ([]zone.Secondary, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, usage("--dns-secondaries: %s can't be read: %w", path, rootCause(err))
	}
	if info.Mode().Perm()&0o077 != 0 || info.Size() > maxSecondaries {
		return nil, usage("--dns-secondaries: %s holds keys, and others than its owner can read it: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("--dns-secondaries: %s can't be read: %w", path, rootCause(err))
	}
	var entries []secondaryEntry
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entries); err != nil {
		return nil, usage("--dns-secondaries: %s isn't the JSON that docs/dns.md shows: %w", path, err)
	}
	out := make([]zone.Secondary, len(entries))
	for i, e := range entries {
		if out[i], err = e.secondary(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// secondary is the entry in the words of the package zone, which checks the rest.
func (e secondaryEntry) secondary() (zone.Secondary, error) {
	s := zone.Secondary{Name: e.Name, From: e.From, Key: e.Key, Secret: secret.New(e.Secret)}
	if e.Notify == "" {
		return s, nil
	}
	at, err := netip.ParseAddrPort(e.Notify)
	if err != nil {
		return s, usage("--dns-secondaries: %s: %q is no address with a port", e.Name, e.Notify)
	}
	s.Notify = at
	return s, nil
}
