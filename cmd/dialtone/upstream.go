package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"

	"dialtone/sip"
	"dialtone/store"
	"dialtone/upstream"
)

// newUpstreams is who knows partners' own registrars.
func newUpstreams(db *store.Store, logger *slog.Logger) *upstream.Service {
	return upstream.NewService(upstream.Config{Store: db.Upstreams(), Now: now, Random: rand.Float64, Logger: logger.With("part", "upstream")})
}

// handing lets the SIP door hand registrations on. Each node is reached at an address of its own: what an upstream sends to a phone must come to the node
// that has the phone's connection.
func (h *house) handing() (*sip.Handing, error) {
	node, err := h.config.nodeName()
	if err != nil {
		return nil, err
	}
	out := &sip.Handing{
		Upstreams: h.upstreams, Lines: h.core, Key: h.keyring.Derive("sip flow tokens"), Node: node, Host: h.config.PublicHost, Random: rand.Float64,
	}
	if h.config.Node != "" && len(h.config.NodeAddresses) > 0 {
		out.Host = h.config.NodeAddresses[0].String()
	}
	return out, nil
}

// announceUpstreams says what is ourselves, and nobody's upstream.
func (h *house) announceUpstreams(ctx context.Context) {
	hosts := h.publicAddresses(ctx)
	hosts = append(hosts, h.config.NodeAddresses...)
	var own []netip.AddrPort
	for _, name := range []string{"sip", "sips"} {
		a, err := netip.ParseAddrPort(h.addresses[name])
		if err != nil {
			continue
		}
		own = append(own, a)
		for _, host := range hosts {
			own = append(own, netip.AddrPortFrom(host, a.Port()))
		}
	}
	names := []string{h.config.SIPDomain}
	if _, err := netip.ParseAddr(h.config.PublicHost); err != nil {
		names = append(names, h.config.PublicHost)
	}
	h.upstreams.Announce(own, names)
}

// upstreamStates counts partners' registrars by how this server met them last.
type upstreamStates struct{ upstreams *upstream.Service }

func (upstreamStates) description() *prometheus.Desc {
	return prometheus.NewDesc("dialtone_upstreams", "Partners' own registrars that this server has met, by state.", []string{"state"}, nil)
}

// Describe implements prometheus.Collector.
func (u upstreamStates) Describe(out chan<- *prometheus.Desc) { out <- u.description() }

// Collect implements prometheus.Collector.
func (u upstreamStates) Collect(out chan<- prometheus.Metric) {
	for state, count := range u.upstreams.Statuses() {
		out <- prometheus.MustNewConstMetric(u.description(), prometheus.GaugeValue, float64(count), string(state))
	}
}
