package otelembedding

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/vecspace/embedding"
)

// scope names this instrumentation. schema is the last version of OpenTelemetry's conventions with
// the GenAI names used here.
const (
	scope  = "github.com/vecspace/embedding/otel"
	schema = "https://opentelemetry.io/schemas/1.41.0"
)

// Options configures [New]. The zero value reports to the global providers, which
// otel.SetTracerProvider and otel.SetMeterProvider set. To report only spans or only metrics, set
// the other provider to one of a noop package.
type Options struct {
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
}

// Telemetry holds the tracer and the instruments of two Middlewares, [Telemetry.Observe] and
// [Telemetry.Attempts], which panic if [New] has not made it. Chains may share it. It is safe for
// concurrent use.
type Telemetry struct {
	tracer trace.Tracer

	// Instruments of Attempts.
	operation metric.Float64Histogram
	tokens    metric.Int64Histogram
	cost      metric.Float64Counter
	unmetered metric.Int64Counter

	// Instruments of Observe.
	call   metric.Float64Histogram
	texts  metric.Int64Counter
	reused metric.Int64Counter
}

// made panics if New has not made t, at the place where a chain is built.
func (t *Telemetry) made(layer string) {
	if t == nil || t.tracer == nil {
		panic("otelembedding: " + layer + ": the Telemetry was not made by New: call it and use what it returns")
	}
}

// New creates the instruments. It is an error if the MeterProvider refuses one.
func New(o Options) (*Telemetry, error) {
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	t := &Telemetry{tracer: o.TracerProvider.Tracer(scope, trace.WithSchemaURL(schema))}
	if err := t.instruments(o.MeterProvider.Meter(scope, metric.WithSchemaURL(schema))); err != nil {
		return nil, fmt.Errorf("otelembedding: making the instruments: %w", err)
	}
	return t, nil
}

// outcome is how a call ended.
type outcome struct {
	task       embedding.Task
	texts      int
	dimensions int // of the answer, 0 if there is none
	usage      embedding.Usage
	id         string // the provider's request id
	err        error
	failure    string // error.type; "" is a success
	sent       bool   // a request was sent, as far as its end tells
	seconds    float64
}

// layer runs every call of next that has texts inside a span, and reports its end, even after a
// panic.
func (t *Telemetry) layer(next embedding.Embedder, name string, tell func(context.Context, trace.Span, outcome), start ...trace.SpanStartOption,
) embedding.Embedder {
	start = slices.Clip(start)
	embed := func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		begin := time.Now()
		ctx, span := t.tracer.Start(ctx, name, append(start, trace.WithTimestamp(begin))...)
		end := outcome{task: req.Task, texts: len(req.Texts), failure: "panic", sent: true}
		// span.End is not deferred directly: it would recover a panic and record its value, which may
		// hold a text.
		defer func() {
			now := time.Now()
			end.seconds = now.Sub(begin).Seconds()
			if end.failure != "" {
				span.SetStatus(codes.Error, end.failure)
			}
			tell(ctx, span, end)
			span.End(trace.WithTimestamp(now))
		}()
		res, err := next.Embed(ctx, req)
		got := embedding.Salvage(res, err)
		end.usage, end.id, end.err, end.failure = got.Usage, got.ID, err, errorType(err)
		end.sent = got.Usage.Requests > 0 || !local(err)
		for _, v := range got.Vectors {
			if end.dimensions = len(v); v != nil {
				break
			}
		}
		return res, err
	}
	return embedding.Wrap(next, next.Model(), embed)
}
