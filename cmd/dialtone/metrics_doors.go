package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dialtone/echo"
	"dialtone/provisioning"
	"dialtone/sip"
	"dialtone/zone"
)

// doorStats exports what goes through the doors for SIP, its echo and DNS. What is off exports nothing. Labels are words of ours, never what came in.
type doorStats struct{ house *house }

// described is a metric with what it is made of.
type described struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string, labels ...string) described {
	return described{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) described {
	return described{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

func (d described) send(out chan<- prometheus.Metric, value float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d.desc, d.kind, value, labels...)
}

// doorMetrics are all of them.
type doorMetrics struct {
	registers, connections, handshakes, tooMany, notifies, watchers, pending described
	bans, bindings, sizes, waits                                             described
	calls, openCalls, ports, maxPorts                                        described
	answers, limited                                                         described
}

func newDoorMetrics() doorMetrics {
	return doorMetrics{
		registers:   counter("dialtone_sip_registers_total", "REGISTER requests by what became of them.", "transport", "result"),
		connections: gauge("dialtone_sip_connections", "Open SIP connections.", "transport"),
		handshakes:  counter("dialtone_sip_handshakes_failed_total", "TLS and DTLS handshakes of SIP that failed.", "transport"),
		tooMany:     counter("dialtone_sip_connections_refused_total", "SIP connections turned away for want of room."),
		notifies:    counter("dialtone_sip_notifies_total", "NOTIFY requests to phones by what became of them.", "result"),
		watchers:    gauge("dialtone_sip_subscriptions", "Subscriptions to registrations."),
		pending:     gauge("dialtone_sip_pending_requests", "Our requests to phones that wait for an answer."),
		bans:        gauge("dialtone_sip_bans", "Addresses that get no answer over SIP."),
		bindings:    gauge("dialtone_sip_bindings", "Valid registrations that came to this node."),
		sizes:       described{desc: prometheus.NewDesc("dialtone_register_commit_size", "Registrations that shared one commit.", nil, nil)},
		waits:       described{desc: prometheus.NewDesc("dialtone_register_wait_seconds", "How long registrations waited until they were stored.", nil, nil)},
		calls:       counter("dialtone_echo_calls_total", "Calls to the echo that ended or were refused, by their encryption and whether packets proved it.", "encryption", "result"),
		openCalls:   gauge("dialtone_echo_calls", "Calls to the echo."),
		ports:       gauge("dialtone_echo_rtp_ports", "UDP ports open for sound."),
		maxPorts:    gauge("dialtone_echo_rtp_ports_limit", "UDP ports that can be open for sound."),
		answers:     counter("dialtone_dns_answers_total", "DNS answers by their code.", "rcode"),
		limited:     counter("dialtone_dns_limited_total", "DNS answers that were dropped or cut short (slipped), as their network had too many.", "result"),
	}
}

// Describe implements prometheus.Collector.
func (doorStats) Describe(out chan<- *prometheus.Desc) {
	m := newDoorMetrics()
	for _, d := range []described{
		m.registers, m.connections, m.handshakes, m.tooMany, m.notifies, m.watchers, m.pending, m.bans, m.bindings, m.sizes, m.waits,
		m.calls, m.openCalls, m.ports, m.maxPorts, m.answers, m.limited,
	} {
		out <- d.desc
	}
}

// Collect implements prometheus.Collector.
func (d doorStats) Collect(out chan<- prometheus.Metric) {
	m := newDoorMetrics()
	if d.house.registrar != nil {
		m.sip(out, d.house.registrar.Stats())
		m.registrar(out, d.house.core)
	}
	if d.house.echo != nil {
		m.echo(out, d.house.echo.Stats())
	}
	if d.house.zone != nil {
		m.dns(out, d.house.zone.Stats())
	}
}

func (m doorMetrics) sip(out chan<- prometheus.Metric, s sip.Stats) {
	for what, n := range s.Registers {
		m.registers.send(out, float64(n), what.Transport, string(what.Result))
	}
	for transport, n := range s.Connections {
		m.connections.send(out, float64(n), transport)
	}
	for transport, n := range s.FailedHandshakes {
		m.handshakes.send(out, float64(n), transport)
	}
	for result, n := range s.Notifies {
		m.notifies.send(out, float64(n), string(result))
	}
	m.tooMany.send(out, float64(s.TooMany))
	m.watchers.send(out, float64(s.Watchers))
	m.pending.send(out, float64(s.Pending))
}

// registrar exports what is behind the SIP door. While the database is away it says nothing of bindings.
func (m doorMetrics) registrar(out chan<- prometheus.Metric, core *provisioning.Service) {
	stats := core.Stats()
	m.bans.send(out, float64(stats.SIPBans))
	for desc, d := range map[*prometheus.Desc]provisioning.Distribution{m.sizes.desc: stats.RegisterSizes, m.waits.desc: stats.RegisterWaits} {
		buckets := make(map[float64]uint64, len(d.Bounds))
		for i, bound := range d.Bounds {
			buckets[bound] = d.Counts[i]
		}
		out <- prometheus.MustNewConstHistogram(desc, d.Count, d.Sum, buckets)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if held, err := core.BindingsHeld(ctx); err == nil {
		m.bindings.send(out, float64(held))
	}
}

func (m doorMetrics) echo(out chan<- prometheus.Metric, s echo.Stats) {
	for what, n := range s.Calls {
		m.calls.send(out, float64(n), string(what.Protection), string(what.Result))
	}
	m.openCalls.send(out, float64(s.Open))
	m.ports.send(out, float64(s.Ports))
	m.maxPorts.send(out, float64(s.MaxPorts))
}

func (m doorMetrics) dns(out chan<- prometheus.Metric, s zone.Stats) {
	for rcode, n := range s.Answers {
		m.answers.send(out, float64(n), rcode)
	}
	m.limited.send(out, float64(s.Limited), "dropped")
	m.limited.send(out, float64(s.Slipped), "slipped")
}
