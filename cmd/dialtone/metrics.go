package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dialtone/pki"
	"dialtone/provisioning"
)

// openMetrics opens the door for Prometheus. Everything in it is a sum: no name, number or address of a customer.
func (h *house) openMetrics(ctx context.Context, _ *pki.Authority) error {
	if h.config.ListenMetrics == "" {
		return nil
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registerStats(registry, h.core.Stats)
	registry.MustRegister(jobCounts{h.db.Jobs}, webhookStats{h.webhooks}, doorStats{h}, upstreamStates{h.upstreams})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // what costs time and memory, for go tool pprof
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", string(h.config.ListenMetrics))
	if err != nil {
		return cantListen("metrics", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	address := netip.MustParseAddrPort(listener.Addr().String())
	return h.opened(nil, "metrics", address, func(ctx context.Context) error { return serveHTTP(ctx, server, listener) })
}

// serveHTTP serves until ctx ends, and returns when the last answer is out.
func serveHTTP(ctx context.Context, server *http.Server, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}

// registerStats exports the core's counters.
func registerStats(registry *prometheus.Registry, stats func() provisioning.Stats) {
	for _, c := range []struct {
		name, help string
		value      func(provisioning.Stats) uint64
	}{
		{"dialtone_trace_dropped_total", "Contacts that the full boot trace buffer lost.", func(s provisioning.Stats) uint64 { return s.TraceDropped }},
		{"dialtone_register_commits_total", "Transactions that stored registrations.", func(s provisioning.Stats) uint64 { return s.RegisterBatches }},
		{"dialtone_register_committed_total", "Registrations stored.", func(s provisioning.Stats) uint64 { return s.RegisterCommitted }},
		{"dialtone_render_cache_hits_total", "Phones' own files served from memory.", func(s provisioning.Stats) uint64 { return s.RenderHits }},
		{"dialtone_render_cache_misses_total", "Phones' own files rendered.", func(s provisioning.Stats) uint64 { return s.RenderMisses }},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help},
			func() float64 { return float64(c.value(stats())) }))
	}
}

// jobCounts counts background jobs that aren't done, at each scrape. While the database is away it has nothing to say.
type jobCounts struct {
	count func(ctx context.Context) (map[string]int, error)
}

func (jobCounts) description() *prometheus.Desc {
	return prometheus.NewDesc("dialtone_jobs", "Background jobs that aren't done: available and running are usual, retryable have failed and are tried again.", []string{"state"}, nil)
}

// Describe implements prometheus.Collector.
func (j jobCounts) Describe(out chan<- *prometheus.Desc) { out <- j.description() }

// Collect implements prometheus.Collector.
func (j jobCounts) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, err := j.count(ctx)
	if err != nil {
		return
	}
	for _, state := range []string{"available", "running", "retryable", "scheduled"} {
		out <- prometheus.MustNewConstMetric(j.description(), prometheus.GaugeValue, float64(counts[state]), state)
	}
}
