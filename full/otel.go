package full

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/vecspace/embedding/config"
	otelembedding "github.com/vecspace/embedding/otel"
)

// flushTimeout bounds how long closing may take while the receiver does not answer.
const flushTimeout = 5 * time.Second

// openOTel sends to an OTLP receiver over HTTP. Headers with keys, the service's name and all else
// come from the OTEL_ variables that OpenTelemetry defines.
func openOTel(address string) (config.Telemetry, func() error, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return config.Telemetry{}, nil, errors.New("otel: the address is not a URL such as http://localhost:4318, without user and query")
	}
	base := strings.TrimSuffix(u.String(), "/")
	ctx := context.Background()
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(base+"/v1/traces"))
	if err != nil {
		return config.Telemetry{}, nil, fmt.Errorf("otel: %w", err)
	}
	numbers, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(base+"/v1/metrics"))
	if err != nil {
		return config.Telemetry{}, nil, fmt.Errorf("otel: %w", err)
	}
	tracers := trace.NewTracerProvider(trace.WithBatcher(spans))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(numbers)))
	shutdown := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		if err := errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx)); err != nil {
			return fmt.Errorf("otel: the receiver did not accept the last telemetry: %w", err)
		}
		return nil
	}
	t, err := otelembedding.New(otelembedding.Options{TracerProvider: tracers, MeterProvider: meters})
	if err != nil {
		return config.Telemetry{}, nil, errors.Join(err, shutdown())
	}
	return config.Telemetry{Observe: t.Observe, Attempts: t.Attempts}, shutdown, nil
}
