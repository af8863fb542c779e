package otelembedding

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/vecspace/embedding"
)

// Attempts is an [embedding.Middleware] that belongs innermost. It makes a span and the
// conventions' metrics for each request that is sent, with the Model that it is sent to: also for
// retries, for hedged requests and for requests whose caller has left. Tokens are what the provider
// counted and cost is their price by Model().Price. A counter of unmetered requests shows how many
// the provider did not count. An empty request is not reported, nor is one whose context has ended
// before. The span of a request that the guard or a layer inside refuses, so that it is not sent,
// has the operation "refused" and no metrics.
func (t *Telemetry) Attempts(next embedding.Embedder) embedding.Embedder {
	t.made("Attempts")
	m := next.Model()
	identity := append([]attribute.KeyValue{
		keyOperation.String(operation), keyProvider.String(provider(m)), keyModel.String(m.ID),
	}, server(m.Endpoint)...)
	var (
		shared   = metric.WithAttributes(identity...)
		input    = metric.WithAttributes(with(identity, keyTokenType.String("input"))...)
		currency = metric.WithAttributes(with(identity, keyCurrency.String(m.Price.Currency))...)
		price    = m.Price.PerMillion / 1e6
	)
	tell := func(ctx context.Context, span trace.Span, o outcome) {
		if !o.sent {
			span.SetName(refused + " " + m.ID)
			span.SetAttributes(keyOperation.String(refused))
			span.SetAttributes(failed(nil, o.failure)...)
			return
		}
		u := o.usage
		metered := u.Requests > u.Unmetered
		t.operation.Record(ctx, o.seconds, metric.WithAttributes(failed(with(identity), o.failure)...))
		if metered {
			t.tokens.Record(ctx, int64(u.Tokens), input)
			if price > 0 && m.Price.Currency != "" {
				t.cost.Add(ctx, price*float64(u.Tokens), currency)
			}
		}
		if u.Unmetered > 0 {
			t.unmetered.Add(ctx, int64(u.Unmetered), shared)
		}
		if !span.IsRecording() {
			return
		}
		attributes := append(dimensions(m, o), keyTask.String(o.task.String()), keyTexts.Int(o.texts))
		if metered {
			attributes = append(attributes, keyInputTokens.Int(u.Tokens))
		}
		if id := identifier(o.id); id != "" {
			attributes = append(attributes, keyRequestID.String(id))
		}
		if e, ok := errors.AsType[*embedding.Error](o.err); ok {
			attributes = append(attributes, details(e)...)
		}
		span.SetAttributes(failed(attributes, o.failure)...)
	}
	told := t.layer(next, operation+" "+m.ID, tell,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(identity...))
	return embedding.Wrap(told, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if err := ctx.Err(); err != nil {
			return embedding.Response{}, err
		}
		return told.Embed(ctx, req)
	})
}
