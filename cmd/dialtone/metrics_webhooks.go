package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dialtone/webhook"
)

// webhookStats exports what became of deliveries, and how long the oldest change waits. While the database is away it says nothing of the latter.
type webhookStats struct{ service *webhook.Service }

func (webhookStats) deliveries() *prometheus.Desc {
	return prometheus.NewDesc("dialtone_webhook_deliveries_total",
		"Attempts to deliver a change: delivered, refused by the endpoint, or unreachable; dead are the changes that were given up.", []string{"result"}, nil)
}

func (webhookStats) oldest() *prometheus.Desc {
	return prometheus.NewDesc("dialtone_webhook_oldest_pending_seconds", "How long ago the oldest change happened that an active webhook still waits for.", nil, nil)
}

// Describe implements prometheus.Collector.
func (w webhookStats) Describe(out chan<- *prometheus.Desc) {
	out <- w.deliveries()
	out <- w.oldest()
}

// Collect implements prometheus.Collector.
func (w webhookStats) Collect(out chan<- prometheus.Metric) {
	stats := w.service.Stats()
	for result, count := range map[string]uint64{
		"delivered": stats.Delivered, "refused": stats.Refused, "unreachable": stats.Unreachable, "dead": stats.Dead,
	} {
		out <- prometheus.MustNewConstMetric(w.deliveries(), prometheus.CounterValue, float64(count), result)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if age, err := w.service.OldestPending(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(w.oldest(), prometheus.GaugeValue, age.Seconds())
	}
}
