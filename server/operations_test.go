package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

func TestHealth(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, blind(e), Options{})
	ops := s.Operations(false)
	is := func(what, path string, status int, says string) {
		t.Helper()
		if w := ask(ops, http.MethodGet, path, ""); w.Code != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s, %s: got %d and %s, want %d and %q", what, path, w.Code, w.Body, status, says)
		}
	}
	is("at the start", "/healthz", 200, "ok")
	is("at the start", "/readyz", 503, "unknown so far of m")
	expect.NoError(t, s.Probe(t.Context()))
	is("once probed", "/readyz", 200, "ready")
	s.Drain()
	is("draining", "/readyz", 503, "draining")
	is("draining", "/healthz", 200, "ok")
}

// An open circuit is shown, and does not make the server unready.
func TestOpenCircuit(t *testing.T) {
	fail := true
	e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		if fail {
			return embedtest.Reply{Err: embedding.Unavailable}
		}
		return embedtest.Reply{}
	}})
	e = embedding.Chain(e, middleware.Breaker(middleware.BreakerOptions{Failures: 1, Cooldown: time.Minute}))
	s := open(t, e, Options{})
	for range 2 {
		expect.Equal(t, "the status", post(s, `{"input":"a"}`).Code, 503)
	}
	st := s.status(time.Now())
	if m := st.Models[0]; m.OpenUntil == nil || !m.OpenUntil.After(time.Now()) || m.LastError != "service unavailable" || m.Failed != 2 || m.Requests != 2 {
		t.Errorf("got %+v, want an open circuit", m)
	}
	if m := s.status(time.Now().Add(time.Hour)).Models[0]; m.OpenUntil != nil {
		t.Errorf("an hour later: got %v, want it closed", m.OpenUntil)
	}
	expect.Equal(t, "the status of an open circuit", ask(s.Operations(false), http.MethodGet, "/readyz", "").Code, 200)
	if body := ask(s.Operations(false), http.MethodGet, "/metrics", "").Body.String(); !strings.Contains(body, `vecspace_circuit_open{model="m"} 1`) {
		t.Errorf("got %s, want the open circuit", body)
	}
}

// What was asked is counted, by names of the configuration only.
func TestMetrics(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}})
	file, secrets := keyed(t, "operations budget=100USD/day", "")
	s := open(t, e, Options{Keys: openKeys(t, file, ""), Models: map[string]Model{"m": {Embedder: e, Aliases: []string{"alias"}}}})
	key := []string{"Authorization", "Bearer " + secrets[0]}
	post(s, `{"model":"alias","input":["9","8"]}`, key...)
	post(s, `{"model":"m","input":["9",""]}`, key...)
	post(s, `{"model":"a-client's-own","input":"9","user":"somebody"}`, key...)
	post(s, `{"input":"9"}`, "Authorization", "Bearer wrong")
	ask(s, http.MethodPost, "/v2/embed", `{"model":"m","texts":["9"],"input_type":"search_query"}`, key...)
	ask(s, http.MethodGet, "/a-path-of-a-client", "")
	body := ask(s.Operations(true), http.MethodGet, "/metrics", "", key...).Body.String()
	for _, line := range []string{
		`vecspace_requests_total{model="m",wire="openai",code="200"} 1`, `vecspace_requests_total{model="m",wire="openai",code="400"} 1`,
		`vecspace_requests_total{model="m",wire="cohere",code="200"} 1`, `vecspace_requests_without_model_total 3`,
		`vecspace_texts_total{model="m",outcome="paid"} 3`, `vecspace_texts_total{model="m",outcome="rejected"} 1`,
		`vecspace_tokens_total{model="m"} 3`, `vecspace_cost_total{model="m",currency="USD"} 3`, `vecspace_request_seconds_count{model="m"} 2`,
		`vecspace_phase_seconds_count{model="m",phase="embed"} 2`, `vecspace_key_requests_total{key="k0"} 4`, `vecspace_key_cost_total{key="k0"} 3`,
		`vecspace_in_flight 0`, `process_resident_memory_bytes`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("got the metrics below, want %s in them\n%s", line, body)
		}
	}
	for _, word := range []string{"client", "somebody", "wrong", secrets[0]} {
		if strings.Contains(body, word) {
			t.Errorf("got %q in the metrics, want nothing of a client", word)
		}
	}
	st := s.status(time.Now())
	if m := st.Models[0]; m.Requests != 3 || m.Texts != 3 || m.Tokens != 3 || m.Cost != 3 || m.Rejected != 1 || m.Space != "fake/fake@8" || m.Took["whole"][1] <= 0 {
		t.Errorf("got the status %+v", m)
	}
	if len(st.Keys) != 2 || st.Keys[0].Spent != 3 || st.Keys[0].Requests != 4 || st.Keys[0].Budget != 100 || st.Keys[1].Requests != 0 {
		t.Errorf("got the keys %+v", st.Keys)
	}
}

// The operations address is for this machine, or for keys that may see it.
func TestOperationsGuard(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	file, secrets := keyed(t, "operations", "")
	s := open(t, e, Options{Keys: openKeys(t, file, "")})
	for _, tc := range []struct {
		guarded   bool
		path      string
		host, key string
		status    int
	}{
		{path: "/metrics", host: "127.0.0.1:8091", status: 200},
		{path: "/", host: "localhost", status: 200},
		{path: "/status.json", host: "evil.example", status: 403},
		{path: "/healthz", host: "evil.example", status: 200},
		{path: "/nothing", host: "localhost", status: 404},
		{guarded: true, path: "/metrics", host: "10.0.0.1", status: 401},
		{guarded: true, path: "/metrics", host: "10.0.0.1", key: secrets[1], status: 401},
		{guarded: true, path: "/metrics", host: "10.0.0.1", key: secrets[0], status: 200},
		{guarded: true, path: "/status.json", host: "10.0.0.1", status: 401},
		{guarded: true, path: "/", host: "10.0.0.1", status: 401},
		{guarded: true, path: "/readyz", host: "10.0.0.1", status: 200},
	} {
		r := httptest.NewRequest(http.MethodGet, tc.path, nil)
		r.Host = tc.host
		r.Header.Set("Authorization", "Bearer "+tc.key)
		w := httptest.NewRecorder()
		s.Operations(tc.guarded).ServeHTTP(w, r)
		expect.Equal(t, fmt.Sprintf("guarded %v, %s at %s", tc.guarded, tc.path, tc.host), w.Code, tc.status)
	}
	var st status
	expect.NoError(t, json.Unmarshal(ask(s.Operations(false), http.MethodGet, "/status.json", "").Body.Bytes(), &st))
	expect.Equal(t, "models", len(st.Models), 1)
}

// What a model sends to its provider is its pace; a minute later it is none.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := fake(embedtest.FakeOptions{})
		s := open(t, e, Options{})
		for range 90 {
			s.Attempt("m", middleware.Event{Usage: embedding.Usage{Tokens: 10}, Duration: time.Second})
			time.Sleep(time.Second)
		}
		s.Attempt("m", middleware.Event{Err: embedding.RateLimited})
		s.Attempt("m", middleware.Event{Err: embedding.Unavailable})
		s.Attempt("another", middleware.Event{})
		m := s.status(time.Now()).Models[0]
		expect.Equal(t, "pace", []int{m.PaceRequests, m.PaceTokens, m.PaceRefused}, []int{61, 590, 1})
		m = s.status(time.Now().Add(time.Minute)).Models[0]
		expect.Equal(t, "pace a minute later", []int{m.PaceRequests, m.PaceTokens, m.PaceRefused}, []int{0, 0, 0})
		body := ask(s.Operations(false), http.MethodGet, "/metrics", "").Body.String()
		for _, line := range []string{
			`vecspace_upstream_requests_total{model="m",outcome="answered"} 90`, `vecspace_upstream_requests_total{model="m",outcome="refused"} 1`,
			`vecspace_upstream_requests_total{model="m",outcome="failed"} 1`, `vecspace_upstream_seconds_count{model="m"} 92`,
		} {
			if !strings.Contains(body, line) {
				t.Errorf("got the metrics below, want %s in them\n%s", line, body)
			}
		}
	})
}

func TestQuantiles(t *testing.T) {
	var r recent
	if r.quantiles() != nil {
		t.Error("got quantiles of nothing, want none")
	}
	for i := range 3000 {
		d := time.Duration(i) * time.Millisecond
		r.add([len(phases)]time.Duration{d, 2 * d, 3 * d}, 4*d)
	}
	// The last 1,024 are 1,976 to 2,999.
	expect.Equal(t, "quantiles", r.quantiles(), map[string][2]float64{"decode": {2488, 2989}, "embed": {4976, 5978}, "encode": {7464, 8967}, "whole": {9952, 11956}})
}
