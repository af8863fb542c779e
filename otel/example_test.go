package otelembedding_test

import (
	"context"
	"fmt"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	otelembedding "github.com/vecspace/embedding/otel"
)

func Example() {
	spans := tracetest.NewInMemoryExporter() // in place of an OTLP exporter
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	meters := sdkmetric.NewMeterProvider()

	telemetry, err := otelembedding.New(otelembedding.Options{TracerProvider: tracers, MeterProvider: meters})
	if err != nil {
		fmt.Println(err)
		return
	}
	// This fake stands in for providers.Open.
	provider := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m1", Limits: embedding.Limits{Texts: 2}}})
	e := embedding.Chain(provider,
		telemetry.Observe, // outermost: what the caller sees
		middleware.Standard(middleware.StandardOptions{}),
		telemetry.Attempts, // innermost: what is really sent, and paid for
	)
	if _, err := embedding.Documents(context.Background(), e, []string{"a", "b", "c"}); err != nil {
		fmt.Println(err)
		return
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output:
	// client embeddings m1
	// client embeddings m1
	// internal embed m1
}
