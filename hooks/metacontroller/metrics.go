package metacontroller

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the hooks. They are never labelled by the name of an object.
type Metrics struct {
	duration *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "kubemove",
		Subsystem: "hook",
		Name:      "duration_seconds",
		Help:      "Time that a call of a hook took, by the kind of the parent, the hook and the HTTP status of the reply.",
		Buckets:   []float64{.0005, .001, .002, .005, .01, .025, .05, .1, .5, 1, 5},
	}, []string{"kind", "hook", "code"})}
	r.MustRegister(m.duration)
	return m
}

func (m *Metrics) observe(kind, hook string, code int, took time.Duration) {
	if m != nil {
		m.duration.WithLabelValues(kind, hook, strconv.Itoa(code)).Observe(took.Seconds())
	}
}
