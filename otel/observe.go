package otelembedding

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/vecspace/embedding"
)

// Observe is an [embedding.Middleware] that belongs outermost. It makes a span and metrics for each
// call as the caller sees it, including waits and cached texts. Its span is the parent of the spans
// of [Telemetry.Attempts], also through layers that detach a call from its caller's cancellation.
// It has no operation, because it is no request. An empty request is not reported.
func (t *Telemetry) Observe(next embedding.Embedder) embedding.Embedder {
	t.made("Observe")
	m := next.Model()
	identity := []attribute.KeyValue{keyProvider.String(provider(m)), keyModel.String(m.ID)}
	var spanOnly []attribute.KeyValue
	if m.Space != "" {
		spanOnly = append(spanOnly, keySpace.String(string(m.Space)))
	}
	tell := func(ctx context.Context, span trace.Span, o outcome) {
		task := keyTask.String(o.task.String())
		shared := metric.WithAttributes(with(identity, task)...)
		t.texts.Add(ctx, int64(o.texts), shared)
		t.reused.Add(ctx, int64(o.usage.Reused), shared)
		t.call.Record(ctx, o.seconds, metric.WithAttributes(failed(with(identity, task), o.failure)...))
		if !span.IsRecording() {
			return
		}
		span.SetAttributes(
			task,
			keyTexts.Int(o.texts),
			keyReused.Int(o.usage.Reused),
			keyRequests.Int(o.usage.Requests),
			keyTokens.Int(o.usage.Tokens),
			keyUnmetered.Int(o.usage.Unmetered),
		)
		if p, ok := errors.AsType[*embedding.PartialError](o.err); ok {
			span.SetAttributes(keyFailedTexts.Int(len(p.Failed)))
		}
		span.SetAttributes(failed(dimensions(m, o), o.failure)...)
	}
	return t.layer(next, "embed "+m.ID, tell,
		trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(identity...), trace.WithAttributes(spanOnly...))
}
