package benchmarks

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

func TestRefusedCalls(t *testing.T) {
	one := []Candidate{{Embedder: fake("a", nil)}}
	for name, c := range map[string]struct {
		candidates []Candidate
		tasks      []Task
		o          Options
	}{
		"no candidate":      {nil, []Task{tiny()}, Options{}},
		"no task":           {one, nil, Options{}},
		"a name twice":      {append(one, one...), []Task{tiny()}, Options{}},
		"one file for two":  {[]Candidate{{Name: "a", Reference: "static:base"}, {Name: "b", Reference: "static:base"}}, []Task{tiny()}, Options{}},
		"a task twice":      {one, []Task{tiny(), tiny()}, Options{}},
		"an empty task":     {one, []Task{{}}, Options{}},
		"no documents":      {one, []Task{{Retrieval: &datasets.Retrieval{Name: "x"}}}, Options{}},
		"uneven pairs":      {one, []Task{{Pairs: &datasets.Pairs{Gold: []float64{1, 2, 3}}}}, Options{}},
		"offline, no files": {one, []Task{tiny()}, Options{Offline: true}},
		"k":                 {one, []Task{tiny()}, Options{K: 5000}},
		"a weight below 0":  {one, []Task{tiny()}, Options{Weight: -1}},
		"a weight of NaN":   {one, []Task{tiny()}, Options{Weight: math.NaN()}},
	} {
		if r, err := Compare(t.Context(), c.candidates, c.tasks, c.o); err == nil {
			t.Errorf("%s: no error, %+v", name, r.Run)
		}
	}
}

// wired is a client's way to a handler without a network, so that time may be virtual: 10 ms long.
type wired struct{ http.Handler }

func (w wired) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(10 * time.Millisecond)
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer.Result(), nil
}

// emulated is a candidate whose provider is DashScope's emulator with faults.
func emulated(t *testing.T, specs ...string) (Candidate, *emulator.Server) {
	t.Helper()
	var faults []emulator.Fault
	for _, spec := range specs {
		f, err := dashscopetest.ParseFault(spec)
		expect.NoError(t, err)
		faults = append(faults, f)
	}
	s, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{
		Faults: faults, Settings: emulator.Settings{Latency: 50 * time.Millisecond},
	}})
	expect.NoError(t, err)
	e, err := dashscope.New(dashscope.Options{
		Model: "text-embedding-v4", Dimensions: 256, Key: emulator.DefaultKey, HTTPClient: &http.Client{Transport: wired{s}},
		BaseURL: "http://127.0.0.1" + dashscopetest.BasePath,
	})
	expect.NoError(t, err)
	return Candidate{Name: "emulator", Embedder: e, Price: embedding.Price{PerMillion: .07, Currency: "USD", AsOf: "2026-10-12"}}, s
}

// Refused requests are counted and timed in the speed measurement, and retried while embedding the
// tasks. No figure is missing, every request is accounted for, and no text is paid for twice.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := emulated(t, "request-rate=next:3", "empty-503=at:5")
		o := quick(t.TempDir())
		o.Budgets = map[string]float64{"USD": 2}
		r, err := Compare(t.Context(), []Candidate{c}, []Task{tiny(), tinyPairs()}, o)
		if err != nil || len(r.Failed()) > 0 {
			t.Fatalf("got the error %v and the failure %q, want neither", err, r.Candidates[0].Failure)
		}
		l, a := s.Ledger(), r.Candidates[0].Attempts
		if l.Twice != 0 || l.Requests != a.Sent || a.Failed["rate limited"] != l.Answers[429] || a.Failed["service unavailable"] != l.Answers[503] || l.Answers[429]*l.Answers[503] == 0 {
			t.Errorf("told %+v, the provider's ledger is %+v", a, l)
		}
		tokens := 0.0
		for _, cost := range r.Candidates[0].Costs {
			tokens += cost.Tokens
			if cost.Currency != "USD" || cost.Estimated || math.Abs(cost.Spent-cost.Tokens*.07e-6) > 1e-12 {
				t.Errorf("got %+v, want a cost in USD that the provider metered", cost)
			}
		}
		if math.Abs(tokens-float64(l.Tokens)) > 1e-3 {
			t.Errorf("%v tokens, %d billed", tokens, l.Tokens)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, s := emulated(t, "request-rate=p:0.2", "empty-503=p:0.1")
		o := quick(t.TempDir())
		o.Speed = SpeedOptions{Requests: 40, Rate: 20}
		r, err := Compare(t.Context(), []Candidate{c}, []Task{tiny()}, o)
		if err != nil || len(r.Failed()) > 0 {
			t.Fatalf("got the error %v and the failure %q, want neither", err, r.Candidates[0].Failure)
		}
		sent := r.Candidates[0].Attempts.Sent
		for _, m := range r.Candidates[0].Speed {
			sent += m.Requests + m.Warmup
			if m.Requests != 40 || m.Errors["rate limited"] == 0 || m.Errors["service unavailable"] == 0 || m.FailedP50 != .01 || m.P50 != .06 || m.Max != .06 {
				m.ECDF = nil
				t.Errorf("got %+v, want 40 requests with both errors, 10 ms for failures and 60 ms for answers", m)
			}
		}
		expect.Equal(t, "requests in the provider's ledger", s.Ledger().Requests, sent)
	})
}

// What a provider refuses counts against it and does not stop the comparison.
func TestRefusedTexts(t *testing.T) {
	dir := t.TempDir()
	picky := func() *embedtest.Fake {
		return fake("a", func(embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Each: func(text string) error {
				if strings.Contains(text, "subject7 ") || strings.HasSuffix(text, "subject9") {
					return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("inappropriate")}
				}
				return nil
			}}
		})
	}
	r := compare(t, quick(dir), []Task{tiny()}, picky())
	if len(r.Failed()) != 0 || r.Candidates[0].Refused != 2 || !strings.Contains(strings.Join(r.Notes, " "), "a refused 2 texts") {
		t.Errorf("%v, %d refused, notes %q", r.Failed(), r.Candidates[0].Refused, r.Notes)
	}
	again := picky()
	compare(t, quick(dir), []Task{tiny()}, again)
	expect.Equal(t, "calls for recorded refusals", len(again.Calls()), 0)
}

// A slow model gets the time that the candidate says.
func TestTimeout(t *testing.T) {
	for limit, fails := range map[time.Duration]bool{0: true, 5 * time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			slow := fake("a", func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: 2 * time.Minute} })
			r, err := Compare(t.Context(), []Candidate{{Embedder: slow, Timeout: limit}}, []Task{tiny()}, quick(t.TempDir()))
			if err != nil || (r.Candidates[0].Failure != "") != fails {
				t.Errorf("within %v: %v, failure %q", limit, err, r.Candidates[0].Failure)
			}
		})
	}
}

func TestRetriesAreCounted(t *testing.T) {
	f := fake("a", func(c embedtest.Call) embedtest.Reply {
		if c.Number == 2 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable}}
		}
		return embedtest.Reply{}
	})
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, f)
	a := r.Candidates[0].Attempts
	if len(r.Failed()) != 0 || a.Sent != 7 || a.Failed["service unavailable"] != 1 {
		t.Errorf("got %v, %+v, want no failure, 7 requests, 1 of them unavailable", r.Failed(), a)
	}
}
