package otelembedding

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// meters is a MeterProvider that refuses one instrument.
type meters struct {
	embedded.MeterProvider
	refuse string
}

func (m meters) Meter(string, ...metric.MeterOption) metric.Meter { return refusing{refuse: m.refuse} }

type refusing struct {
	metricnoop.Meter
	refuse string
}

var errRefused = errors.New("refused")

func (r refusing) Float64Histogram(name string, o ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	h, err := r.Meter.Float64Histogram(name, o...)
	if name == r.refuse {
		err = errRefused
	}
	return h, err
}

func (r refusing) Int64Counter(name string, o ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	c, err := r.Meter.Int64Counter(name, o...)
	if name == r.refuse {
		err = errRefused
	}
	return c, err
}

func TestNewFails(t *testing.T) {
	for name, want := range map[string]error{"": nil, "embedding.call.duration": errRefused, "embedding.call.reused": errRefused} {
		got, err := New(Options{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: meters{refuse: name}})
		if !errors.Is(err, want) || (got == nil) != (want != nil) {
			t.Errorf("%q refused: %v, %v", name, got, err)
		}
	}
}

func TestZeroOptionsTellTheGlobalProviders(t *testing.T) {
	tracers, meters := otel.GetTracerProvider(), otel.GetMeterProvider()
	t.Cleanup(func() {
		otel.SetTracerProvider(tracers)
		otel.SetMeterProvider(meters)
	})
	e := ear{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(e.spans)))
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.reader)))
	telemetry, err := New(Options{})
	expect.NoError(t, err)
	f := embedtest.NewFake(embedtest.FakeOptions{})
	_, err = embedding.Query(t.Context(), embedding.Chain(f, telemetry.Observe), "a")
	expect.NoError(t, err)
	if n := len(e.metrics(t)); len(e.spans.GetSpans()) != 1 || n != 3 {
		t.Errorf("%d spans, %d metrics", len(e.spans.GetSpans()), n)
	}
}

// What New has not made says so where a chain is built, and not at its first call.
func TestZeroTelemetry(t *testing.T) {
	for name, telemetry := range map[string]*Telemetry{"zero": {}, "nil": nil} {
		for layer, wrap := range map[string]embedding.Middleware{"Observe": telemetry.Observe, "Attempts": telemetry.Attempts} {
			func() {
				defer func() {
					if got, want := fmt.Sprint(recover()), layer+": the Telemetry was not made by New"; !strings.Contains(got, want) {
						t.Errorf("%s of a %s Telemetry: got the panic %q, want %q", layer, name, got, want)
					}
				}()
				wrap(embedtest.NewFake(embedtest.FakeOptions{}))
			}()
		}
	}
}
