package server

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
)

// phases are the parts of a request that are measured.
var phases = [...]string{"decode", "embed", "encode"}

// outcomes are what becomes of requests to a provider.
var outcomes = [...]string{"answered", "refused", "failed"}

// meters count what a server does. All labels come from its configuration, so that no client can
// make up new ones.
type meters struct {
	s    *Server
	set  *metrics.Set
	keys sync.Map // by the name of a key: *keyMeter
	lost *metrics.Counter
}

// meter counts what a model does.
type meter struct {
	mu       sync.Mutex
	requests map[answered]*metrics.Counter

	paid, reused, rejected, tokens *metrics.Counter
	cost                           *metrics.FloatCounter
	seconds                        *metrics.PrometheusHistogram
	phase                          [len(phases)]*metrics.PrometheusHistogram

	sent     [len(outcomes)]*metrics.Counter // requests to the provider
	sentTook *metrics.PrometheusHistogram
	pace     pace
	recent   recent
	failed   struct { // guarded by mu
		kind  embedding.Kind
		at    time.Time
		until time.Time // the circuit is open
	}
}

// keyMeter counts what a key does.
type keyMeter struct {
	requests, tokens *metrics.Counter
	cost             *metrics.FloatCounter
}

// answered is what requests are counted by.
type answered struct {
	wire string
	code int
}

func name(metric string, labels ...string) string {
	out := []byte(metric)
	for i := 0; i < len(labels); i += 2 {
		sep := byte(',')
		if i == 0 {
			sep = '{'
		}
		out = append(append(append(out, sep), labels[i]...), '=')
		out = strconv.AppendQuote(out, labels[i+1])
	}
	if len(labels) > 0 {
		out = append(out, '}')
	}
	return string(out)
}

func newMeters(s *Server) *meters {
	set := metrics.NewSet()
	bounds := metrics.ExponentialBuckets(0.001, 2, 17) // to 65 s
	for _, m := range s.models {
		about := m.model.Load()
		t := &meter{
			requests: map[answered]*metrics.Counter{},
			paid:     set.NewCounter(name("vecspace_texts_total", "model", m.name, "outcome", "paid")),
			reused:   set.NewCounter(name("vecspace_texts_total", "model", m.name, "outcome", "reused")),
			rejected: set.NewCounter(name("vecspace_texts_total", "model", m.name, "outcome", "rejected")),
			tokens:   set.NewCounter(name("vecspace_tokens_total", "model", m.name)),
			seconds:  set.NewPrometheusHistogramExt(name("vecspace_request_seconds", "model", m.name), bounds),
		}
		for i, outcome := range outcomes {
			t.sent[i] = set.NewCounter(name("vecspace_upstream_requests_total", "model", m.name, "outcome", outcome))
		}
		t.sentTook = set.NewPrometheusHistogramExt(name("vecspace_upstream_seconds", "model", m.name), bounds)
		if about.Price.Currency != "" {
			t.cost = set.NewFloatCounter(name("vecspace_cost_total", "model", m.name, "currency", about.Price.Currency))
		}
		for i, phase := range phases {
			t.phase[i] = set.NewPrometheusHistogramExt(name("vecspace_phase_seconds", "model", m.name, "phase", phase), bounds)
		}
		set.NewGauge(name("vecspace_circuit_open", "model", m.name), func() float64 {
			if t.open(time.Now()).IsZero() {
				return 0
			}
			return 1
		})
		m.meter = t
	}
	set.NewGauge("vecspace_in_flight", func() float64 { return float64(s.inFlight.Load()) })
	set.NewGauge("vecspace_body_bytes", func() float64 { return float64(s.held.Load()) })
	return &meters{s: s, set: set, lost: set.NewCounter("vecspace_requests_without_model_total")}
}

// Attempt notes a request that a model sends to its provider, for the metrics and the status page.
// [middleware.Attempts] and the Attempts of config.Parts tell of them.
func (s *Server) Attempt(model string, e middleware.Event) {
	m := s.names[model]
	if m == nil {
		return
	}
	outcome := 0
	if kind := embedding.KindOf(e.Err); kind == embedding.RateLimited {
		outcome = 1
	} else if e.Err != nil && kind != embedding.Partial {
		outcome = 2
	}
	m.meter.sent[outcome].Inc()
	m.meter.sentTook.Update(e.Duration.Seconds())
	m.meter.pace.add(time.Now(), e.Usage.Tokens, outcome == 1)
}

// pace counts the requests of the last minute, second by second.
type pace struct {
	mu      sync.Mutex
	seconds [60]paced
}

type paced struct {
	at                        int64 // the second
	requests, tokens, refused int
}

func (p *pace) add(now time.Time, tokens int, refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := now.Unix()
	s := &p.seconds[at%60]
	if s.at != at {
		*s = paced{at: at}
	}
	s.requests++
	s.tokens += tokens
	if refused {
		s.refused++
	}
}

// sum returns what the last minute had.
func (p *pace) sum(now time.Time) (all paced) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seconds {
		if now.Unix()-s.at < 60 {
			all.requests += s.requests
			all.tokens += s.tokens
			all.refused += s.refused
		}
	}
	return all
}

// note counts a request.
func (t *meters) note(a *Access) {
	if a.Key != "" {
		k := t.key(a.Key)
		k.requests.Inc()
		k.tokens.Add(a.Usage.Tokens)
		k.cost.Add(a.Cost)
	}
	m := t.s.names[a.Model]
	if a.Model == "" || m == nil {
		t.lost.Inc()
		return
	}
	m.meter.note(t.set, m.name, a)
}

func (t *meters) key(of string) *keyMeter {
	if k, ok := t.keys.Load(of); ok {
		return k.(*keyMeter)
	}
	k := &keyMeter{
		t.set.GetOrCreateCounter(name("vecspace_key_requests_total", "key", of)),
		t.set.GetOrCreateCounter(name("vecspace_key_tokens_total", "key", of)),
		t.set.GetOrCreateFloatCounter(name("vecspace_key_cost_total", "key", of)),
	}
	t.keys.Store(of, k)
	return k
}

func (t *meter) note(set *metrics.Set, model string, a *Access) {
	by := answered{a.Wire, a.Status}
	t.mu.Lock()
	c := t.requests[by]
	if c == nil {
		c = set.GetOrCreateCounter(name("vecspace_requests_total", "model", model, "wire", by.wire, "code", strconv.Itoa(by.code)))
		t.requests[by] = c
	}
	if a.Kind != embedding.Unknown && a.Status >= 500 || a.Kind == embedding.RateLimited || a.Kind == embedding.Exhausted {
		t.failed.kind, t.failed.at = a.Kind, a.Start.Add(a.Took)
	}
	if a.Open > 0 {
		t.failed.until = a.Start.Add(a.Took + a.Open)
	} else if a.Status == 200 && a.Usage.Requests > 0 {
		t.failed.until = time.Time{}
	}
	t.mu.Unlock()
	c.Inc()
	t.rejected.Add(a.Rejected)
	if a.Status != 200 {
		return
	}
	t.reused.Add(a.Usage.Reused)
	t.paid.Add(max(0, a.Texts-a.Rejected-a.Usage.Reused))
	t.tokens.Add(a.Usage.Tokens)
	if t.cost != nil {
		t.cost.Add(a.Cost)
	}
	t.seconds.Update(a.Took.Seconds())
	took := [len(phases)]time.Duration{a.Decode, a.Embed, a.Encode}
	for i, d := range took {
		t.phase[i].Update(d.Seconds())
	}
	t.recent.add(took, a.Took)
}

// open returns until when the circuit of the model's provider is open, as far as requests have
// shown, or zero.
func (t *meter) open(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed.until.After(now) {
		return t.failed.until
	}
	return time.Time{}
}

// kept is how many requests quantiles are of.
const kept = 1024

// recent has how long the last requests took.
type recent struct {
	mu   sync.Mutex
	n    int
	took [len(phases) + 1][kept]time.Duration // the last row is of whole requests
}

func (r *recent) add(took [len(phases)]time.Duration, whole time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.n % kept
	for i, d := range took {
		r.took[i][at] = d
	}
	r.took[len(phases)][at] = whole
	r.n++
}

// quantiles returns the median and the 99th percentile in milliseconds, by phase.
func (r *recent) quantiles() map[string][2]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(r.n, kept)
	if n == 0 {
		return nil
	}
	out := map[string][2]float64{}
	for i, phase := range append(phases[:], "whole") {
		sorted := slices.Clone(r.took[i][:n])
		slices.Sort(sorted)
		out[phase] = [2]float64{float64(sorted[n/2]) / 1e6, float64(sorted[min(n-1, n*99/100)]) / 1e6}
	}
	return out
}
