package otelembedding

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// ear collects what a Telemetry reports.
type ear struct {
	*Telemetry
	spans  *tracetest.InMemoryExporter
	reader *sdkmetric.ManualReader
}

func listen(t *testing.T, o ...sdktrace.TracerProviderOption) ear {
	t.Helper()
	e := ear{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	var err error
	e.Telemetry, err = New(Options{
		TracerProvider: sdktrace.NewTracerProvider(append(o, sdktrace.WithSyncer(e.spans))...),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.reader)),
	})
	expect.NoError(t, err)
	return e
}

// metrics returns every data point as "name{attributes} value", a histogram's value as count and
// sum, in their order.
func (e ear) metrics(t *testing.T) []string {
	t.Helper()
	var out []string
	point := func(name string, attrs attribute.Set, value string) {
		out = append(out, fmt.Sprintf("%s{%s} %s", name, attrs.Encoded(attribute.DefaultEncoder()), value))
	}
	for _, m := range e.collect(t) {
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				point(m.Name, p.Attributes, fmt.Sprintf("%d in %gs", p.Count, p.Sum))
			}
		case metricdata.Histogram[int64]:
			for _, p := range data.DataPoints {
				point(m.Name, p.Attributes, fmt.Sprintf("%d in %d", p.Sum, p.Count))
			}
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				point(m.Name, p.Attributes, fmt.Sprint(p.Value))
			}
		case metricdata.Sum[float64]:
			for _, p := range data.DataPoints {
				point(m.Name, p.Attributes, fmt.Sprintf("%.9g", p.Value))
			}
		default:
			t.Fatalf("%s is a %T", m.Name, data)
		}
	}
	slices.Sort(out)
	return out
}

func (e ear) collect(t *testing.T) []metricdata.Metrics {
	t.Helper()
	var rm metricdata.ResourceMetrics
	expect.NoError(t, e.reader.Collect(context.Background(), &rm))
	var out []metricdata.Metrics
	for _, s := range rm.ScopeMetrics {
		expect.Equal(t, "the scope", s.Scope.Name, scope)
		out = append(out, s.Metrics...)
	}
	return out
}

func attributes(s tracetest.SpanStub) string {
	set := attribute.NewSet(s.Attributes...)
	return set.Encoded(attribute.DefaultEncoder())
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A call of 6 texts, one of them repeated, in requests of 2. The second request fails once.
func TestSpansAndMetricsOfAStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model: embedding.Model{
				Provider: "acme", ID: "m1", Endpoint: "api.acme.example:8443",
				Limits: embedding.Limits{Texts: 2}, Price: embedding.Price{PerMillion: 2e5, Currency: "EUR"},
			},
			Script: func(c embedtest.Call) embedtest.Reply {
				r := embedtest.Reply{Latency: time.Second}
				if c.Number == 2 {
					r.Err = &embedding.Error{Kind: embedding.Unavailable, Status: 503, Code: "ModelUnavailable", RequestID: "r-2", RetryAfter: 3 * time.Second}
				}
				return r
			},
		})
		e := listen(t)
		root := sdktrace.NewTracerProvider().Tracer("test")
		ctx, outer := root.Start(t.Context(), "handler")
		stack := embedding.Chain(f, e.Observe,
			middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Parallel: 1}}), e.Attempts)
		texts := []string{"a", "b", "c", "a", "d", "e"}
		_, err := stack.Embed(ctx, embedding.Request{Texts: texts, Task: embedding.TaskQuery})
		expect.NoError(t, err)

		var names []string
		spans := e.spans.GetSpans()
		logical := spans[len(spans)-1] // it ends last
		for _, s := range spans {
			names = append(names, fmt.Sprintf("%s %s %v %q %v", s.Name, s.SpanKind, s.EndTime.Sub(s.StartTime), s.Status.Description, s.Status.Code))
			expect.Equal(t, s.Name+": its trace", s.SpanContext.TraceID(), outer.SpanContext().TraceID())
			if len(s.Events) > 0 {
				t.Errorf("%s has events", s.Name)
			}
			if parent := s.Parent.SpanID(); s.SpanKind == trace.SpanKindClient && parent != logical.SpanContext.SpanID() {
				t.Errorf("%s is not the call's child", s.Name)
			}
		}
		expect.Equal(t, "the call's parent", logical.Parent.SpanID(), outer.SpanContext().SpanID())
		equal(t, "spans", names, []string{
			`embeddings m1 client 1s "" Unset`,
			`embeddings m1 client 1s "unavailable" Error`,
			`embeddings m1 client 1s "" Unset`,
			`embeddings m1 client 1s "" Unset`,
			`embed m1 internal 7s "" Unset`,
		})
		const identity = "gen_ai.operation.name=embeddings,gen_ai.provider.name=acme,gen_ai.request.model=m1"
		const sent = ",server.address=api.acme.example,server.port=8443"
		equal(t, "attributes", []string{attributes(spans[0]), attributes(spans[1]), attributes(spans[3]), attributes(logical)}, []string{
			"embedding.request.id=fake-1,embedding.task=query,embedding.text.count=2,gen_ai.embeddings.dimension.count=8," +
				identity + ",gen_ai.usage.input_tokens=2" + sent,
			"embedding.error.code=ModelUnavailable,embedding.request.id=r-2,embedding.task=query,embedding.text.count=2,error.type=unavailable," +
				"gen_ai.embeddings.dimension.count=8," + identity + ",http.response.status_code=503" + sent,
			"embedding.request.id=fake-4,embedding.task=query,embedding.text.count=1,gen_ai.embeddings.dimension.count=8," + identity +
				",gen_ai.usage.input_tokens=1" + sent,
			"embedding.request.count=3,embedding.request.unmetered=0,embedding.space=acme/m1@8,embedding.task=query,embedding.text.count=6," +
				"embedding.text.reused=1,embedding.token.count=5,gen_ai.embeddings.dimension.count=8," +
				strings.TrimPrefix(identity, "gen_ai.operation.name=embeddings,"), // only a request has an operation
		})
		const seen = "{embedding.task=query,gen_ai.provider.name=acme,gen_ai.request.model=m1} "
		equal(t, "metrics", e.metrics(t), []string{
			"embedding.call.duration" + seen + "1 in 7s",
			"embedding.call.reused" + seen + "1",
			"embedding.call.texts" + seen + "6",
			"embedding.cost{embedding.currency=EUR," + identity + sent + "} 1",
			"gen_ai.client.operation.duration{error.type=unavailable," + identity + sent + "} 1 in 1s",
			"gen_ai.client.operation.duration{" + identity + sent + "} 3 in 3s",
			"gen_ai.client.token.usage{" + identity + ",gen_ai.token.type=input" + sent + "} 5 in 3",
		})
	})
}

func TestInstruments(t *testing.T) {
	e := listen(t)
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 1, Currency: "USD"}}})
	unmetered := embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		res, err := f.Embed(ctx, req)
		res.Usage = embedding.Usage{}
		return res, err
	})
	for _, p := range []embedding.Embedder{f, unmetered} {
		_, err := embedding.Query(t.Context(), embedding.Chain(p, e.Observe, e.Attempts), "a")
		expect.NoError(t, err)
	}
	units := map[string]string{}
	for _, m := range e.collect(t) {
		units[m.Name] = m.Unit
		if m.Description == "" {
			t.Errorf("%s has no description", m.Name)
		}
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			want := secondBuckets
			if m.Name == "embedding.call.duration" {
				want = callBuckets
			}
			expect.Equal(t, m.Name+": buckets", data.DataPoints[0].Bounds, want)
		case metricdata.Histogram[int64]:
			expect.Equal(t, m.Name+": buckets", data.DataPoints[0].Bounds, tokenBuckets)
		}
	}
	if !slices.IsSorted(callBuckets) || fmt.Sprint(units) != fmt.Sprint(map[string]string{
		"gen_ai.client.operation.duration": "s", "gen_ai.client.token.usage": "{token}",
		"embedding.call.duration": "s", "embedding.call.texts": "{text}", "embedding.call.reused": "{text}",
		"embedding.cost": "{currency}", "embedding.unmetered_requests": "{request}",
	}) {
		t.Errorf("units %v", units)
	}
}

func TestEmptyRequestsTellNothing(t *testing.T) {
	e := listen(t)
	f := embedtest.NewFake(embedtest.FakeOptions{})
	_, err := embedding.Chain(f, e.Observe, e.Attempts).Embed(t.Context(), embedding.Request{})
	expect.NoError(t, err)
	if spans, metrics := e.spans.GetSpans(), e.metrics(t); len(spans) != 0 || len(metrics) != 0 {
		t.Errorf("got %v %v, want neither spans nor metrics", spans, metrics)
	}
}

func TestMetricsWithoutSampling(t *testing.T) {
	e := listen(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	f := embedtest.NewFake(embedtest.FakeOptions{})
	_, err := embedding.Query(t.Context(), embedding.Chain(f, e.Observe, e.Attempts), "a")
	expect.NoError(t, err)
	if n := len(e.metrics(t)); len(e.spans.GetSpans()) != 0 || n != 5 {
		t.Errorf("%d spans, %d metrics", len(e.spans.GetSpans()), n)
	}
}

// If the Model does not give the dimensions, they come from the answer.
func TestUnknownDimensions(t *testing.T) {
	e := listen(t)
	f := embedtest.NewFake(embedtest.FakeOptions{})
	bare := embedding.Wrap(f, embedding.Model{Provider: "acme", ID: "m"}, f.Embed)
	_, err := embedding.Query(t.Context(), embedding.Chain(bare, e.Observe, e.Attempts), "a")
	expect.NoError(t, err)
	for _, s := range e.spans.GetSpans() {
		if got := attributes(s); !strings.Contains(got, "gen_ai.embeddings.dimension.count=8") || strings.Contains(got, "embedding.space") {
			t.Errorf("%s: got %s, want 8 dimensions and no space", s.Name, got)
		}
	}
}
