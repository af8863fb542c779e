package server

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/vecspace/embedding"
)

//go:embed status.html
var statusPage []byte

// Operations returns what operators ask, for an address of its own:
//
//   - /healthz is 200 while the process lives. It asks nobody and costs nothing.
//   - /readyz is 200 once every model's vector space is known, and until [Server.Drain]. An open
//     circuit does not make the server unready: another copy of it would not help.
//   - /metrics has Prometheus's text format.
//   - / is a page with models, keys by their names, requests, tokens, cost, reused texts and times,
//     which refreshes itself; /status.json has what it shows.
//
// If guarded, all but the first two need a key whose line in the file says operations. Otherwise
// only requests to loopback addresses and localhost are answered: serve it on this machine only.
func (s *Server) Operations(guarded bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch names := s.unready(); {
		case s.draining.Load():
			say(w, http.StatusServiceUnavailable, "draining")
		case len(names) > 0:
			say(w, http.StatusServiceUnavailable, "the vector space is unknown so far of "+strings.Join(names, ", "))
		default:
			say(w, http.StatusOK, "ready")
		}
	})
	mux.Handle("GET /metrics", s.guard(guarded, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		s.meters.set.WritePrometheus(w)
		metrics.WriteProcessMetrics(w)
	}))
	mux.Handle("GET /status.json", s.guard(guarded, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(s.status(time.Now())) // the client may have left
	}))
	mux.Handle("GET /{$}", s.guard(guarded, func(w http.ResponseWriter) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(statusPage)
	}))
	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

func (s *Server) guard(guarded bool, do func(http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !guarded && !hostOf(r, map[string]bool{"localhost": true}):
			say(w, http.StatusForbidden, "this address answers only to localhost and loopback addresses")
			return
		case guarded:
			var k *client
			if s.keys != nil {
				k = s.keys.find(secretOf(r))
			}
			if k == nil || !k.operates {
				w.Header().Set("WWW-Authenticate", "Bearer")
				say(w, http.StatusUnauthorized, "send a key that may see operations as Authorization: Bearer KEY")
				return
			}
		}
		do(w)
	})
}

// status is what the page shows.
type status struct {
	Now      time.Time     `json:"now"`
	Started  time.Time     `json:"started"`
	Draining bool          `json:"draining"`
	InFlight int64         `json:"in_flight"`
	Places   int           `json:"places"`
	Bytes    int64         `json:"body_bytes"`
	Models   []modelStatus `json:"models"`
	Keys     []keyStatus   `json:"keys"`
}

type modelStatus struct {
	Name       string                `json:"name"`
	Aliases    []string              `json:"aliases"`
	Provider   string                `json:"provider"`
	Space      string                `json:"space"` // "" if it is unknown so far
	Dimensions int                   `json:"dimensions"`
	Requests   uint64                `json:"requests"`
	Failed     uint64                `json:"failed"` // with a status of 500 and above, 429 or 402
	Texts      uint64                `json:"texts"`  // of answers
	Reused     uint64                `json:"reused"`
	Rejected   uint64                `json:"rejected"`
	Tokens     uint64                `json:"tokens"`
	Cost       float64               `json:"cost"`
	Currency   string                `json:"currency"`
	Took       map[string][2]float64 `json:"milliseconds"` // median and 99th percentile by phase
	LastError  string                `json:"last_error"`
	LastFailed *time.Time            `json:"last_failed"`
	OpenUntil  *time.Time            `json:"circuit_open_until"`
	// What the model sent to its provider in the last minute, and what of it was refused as too fast.
	PaceRequests int `json:"pace_requests"`
	PaceTokens   int `json:"pace_tokens"`
	PaceRefused  int `json:"pace_refused"`
}

type keyStatus struct {
	Name     string  `json:"name"`
	Requests uint64  `json:"requests"`
	Tokens   uint64  `json:"tokens"`
	InFlight int     `json:"in_flight"`
	Spent    float64 `json:"spent"` // of the budget
	Budget   float64 `json:"budget"`
	Currency string  `json:"currency"`
	Period   string  `json:"period"`
}

func (s *Server) status(now time.Time) status {
	out := status{
		Now: now, Started: s.started, Draining: s.draining.Load(), InFlight: s.inFlight.Load(), Places: s.limits.InFlight, Bytes: s.held.Load(),
		Models: []modelStatus{}, Keys: []keyStatus{},
	}
	for _, m := range s.models {
		about, t := m.model.Load(), m.meter
		one := modelStatus{
			Name: m.name, Aliases: m.aliases, Provider: about.Provider, Space: string(about.Space), Dimensions: about.Dimensions, Currency: about.Price.Currency,
			Texts: t.paid.Get() + t.reused.Get(), Reused: t.reused.Get(), Rejected: t.rejected.Get(), Tokens: t.tokens.Get(), Took: t.recent.quantiles(),
		}
		last := t.pace.sum(now)
		one.PaceRequests, one.PaceTokens, one.PaceRefused = last.requests, last.tokens, last.refused
		if t.cost != nil {
			one.Cost = t.cost.Get()
		}
		if until := t.open(now); !until.IsZero() {
			one.OpenUntil = &until
		}
		t.mu.Lock()
		for by, c := range t.requests {
			n := c.Get()
			if one.Requests += n; by.code >= 500 || slices.Contains([]int{402, 429}, by.code) {
				one.Failed += n
			}
		}
		if t.failed.kind != embedding.Unknown {
			at := t.failed.at
			one.LastError, one.LastFailed = t.failed.kind.Error(), &at
		}
		t.mu.Unlock()
		out.Models = append(out.Models, one)
	}
	if s.keys == nil {
		return out
	}
	s.keys.mu.RLock()
	defer s.keys.mu.RUnlock()
	for _, k := range s.keys.all {
		m := s.meters.key(k.name)
		one := keyStatus{Name: k.name, Requests: m.requests.Get(), Tokens: m.tokens.Get(), Budget: k.max, Currency: k.currency}
		k.counts.mu.Lock()
		if k.max > 0 {
			k.turn(now)
		}
		one.InFlight, one.Spent, one.Period = k.out, k.spent, k.period
		k.counts.mu.Unlock()
		out.Keys = append(out.Keys, one)
	}
	return out
}
