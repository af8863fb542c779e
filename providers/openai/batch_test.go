package openai_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// office returns a vendor with a batch API and its client.
func office(t *testing.T, key string, faults ...emulator.Fault) (*emulator.Server, batchapi.API) {
	t.Helper()
	model := embedding.Model{Provider: "acme", ID: "m", Dimensions: 8, Symmetric: true}
	s, err := openaitest.New(emulator.Options{Faults: faults, Embedder: embedtest.NewFake(embedtest.FakeOptions{Model: model})})
	expect.NoError(t, err)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	api, err := openai.NewBatches(openai.Options{Preset: "openai", Model: "text-embedding-3-small", Dimensions: 8, BaseURL: web.URL + openaitest.BasePath, Key: key})
	expect.NoError(t, err)
	return s, api
}

func lines(n int) (all []batchapi.Line) {
	for i := range n {
		all = append(all, batchapi.Line{ID: fmt.Sprint("line-", i), Text: fmt.Sprintf("text %d with \"quotes\", a\nline break and \u4e16\u754c", i)})
	}
	return all
}

// A batch is found by its mark among others, and each of its lines has an answer under its id: the
// vector that a request of its own gets, or the vendor's refusal.
func TestBatches(t *testing.T) {
	s, api := office(t, emulator.DefaultKey)
	marks := map[string]string{}
	for i := range 130 { // two pages of the list
		mark := fmt.Sprint("job-", i)
		id, err := api.Submit(t.Context(), batchapi.Batch{Mark: mark, Lines: lines(i%3 + 1)})
		expect.NoError(t, err)
		marks[mark] = id
	}
	for _, mark := range []string{"job-0", "job-64", "job-129"} {
		ids, err := api.Find(t.Context(), mark)
		expect.NoError(t, err)
		expect.Equal(t, "found", ids, []string{marks[mark]})
	}
	ids, err := api.Find(t.Context(), "job-130")
	expect.NoError(t, err)
	expect.Equal(t, "found of nothing", ids, nil)

	texts := append(lines(20), batchapi.Line{ID: "empty", Text: ""})
	id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "whole", Task: embedding.TaskQuery, Lines: texts})
	expect.NoError(t, err)
	state, err := api.Poll(t.Context(), id)
	expect.NoError(t, err)
	expect.Equal(t, "state", state, batchapi.State{Ended: true, Status: "completed", Lines: 21})
	got := map[string]batchapi.Result{}
	expect.NoError(t, api.Results(t.Context(), id, func(string) string { return "" }, func(r batchapi.Result) { got[r.ID] = r }))
	expect.Equal(t, "answers", len(got), 21)
	expect.Equal(t, "an empty text", embedding.KindOf(got["empty"].Err), embedding.Invalid)
	tokens := 0
	for _, l := range texts[:20] {
		r := got[l.ID]
		if r.Err != nil || len(r.Vector) != 8 || r.Usage.Requests != 1 {
			t.Fatalf("%s: got %+v, want a vector of 8 dimensions and its usage", l.ID, r)
		}
		tokens += r.Usage.Tokens
	}
	expect.Equal(t, "tokens", tokens, s.Ledger().Tokens)
	expect.Equal(t, "terms", api.Terms().Share, 0.5)
	expect.Equal(t, "price in the catalog", slices.ContainsFunc(openai.Catalog(), func(e catalog.Entry) bool {
		return e.Reference == "openai:text-embedding-3-small" && e.Prices[0].Batch == 0.5
	}), true)
}

// Errors of a batch API are as those of an Embedder.
func TestBatchErrors(t *testing.T) {
	const key = "sk-not-a-good-one-4711"
	_, api := office(t, key)
	for name, ask := range map[string]func() error{
		"submit": func() error {
			_, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: lines(1)})
			return err
		},
		"find":    func() error { _, err := api.Find(t.Context(), "m"); return err },
		"poll":    func() error { _, err := api.Poll(t.Context(), "b"); return err },
		"results": func() error { return api.Results(t.Context(), "b", func(string) string { return "" }, nil) },
		"cancel":  func() error { return api.Cancel(t.Context(), "b") },
	} {
		err := ask()
		if embedding.KindOf(err) != embedding.Auth || strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want that the key is wrong, without the key", name, err)
		}
	}
	_, api = office(t, emulator.DefaultKey)
	_, err := api.Poll(t.Context(), "no-such-batch")
	if e, ok := errors.AsType[*embedding.Error](err); !ok || e.Status != 404 {
		t.Errorf("got %v, want 404", err)
	}
	id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: append(lines(1), lines(1)...)})
	expect.NoError(t, err)
	state, err := api.Poll(t.Context(), id)
	expect.NoError(t, err)
	if e, ok := errors.AsType[*embedding.Error](state.Err); !ok || e.Kind != embedding.Invalid || e.Code != "duplicate_custom_id" {
		t.Errorf("got %v, want that an id is there twice", state.Err)
	}
}

// A file of answers that ends too early is told from one that is whole, and what came is good.
func TestBatchCut(t *testing.T) {
	for fault, want := range map[string]error{"batch-cut": batchapi.ErrCut, "batch-drop": embedding.Unavailable, "batch-half": nil} {
		_, api := office(t, emulator.DefaultKey, emulator.Fault{Name: fault, Next: 1})
		id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: lines(40)})
		expect.NoError(t, err)
		_, err = api.Poll(t.Context(), id)
		expect.NoError(t, err)
		n := 0
		err = api.Results(t.Context(), id, func(string) string { return "" }, func(r batchapi.Result) {
			expect.NoError(t, r.Err)
			n++
		})
		if !errors.Is(err, want) || n < 15 || n > 25 {
			t.Errorf("%s: got %v after %d answers, want %v after about half", fault, err, n, want)
		}
	}
}

// Vendors without a batch API say so, and a server that is nobody's is not vouched for.
func TestNewBatches(t *testing.T) {
	_, err := openai.NewBatches(openai.Options{Preset: "together", Model: "BAAI/bge-base-en-v1.5", Key: "k"})
	if embedding.KindOf(err) != embedding.Invalid || !strings.Contains(err.Error(), "Together") {
		t.Errorf("got %v, want that no batch API of Together is known", err)
	}
	api, err := openai.NewBatches(openai.Options{Model: "m", BaseURL: "https://gateway.example/v1"})
	expect.NoError(t, err)
	if got := api.Terms(); !strings.Contains(got.Unverified, "gateway.example") || got.Share != 0 {
		t.Errorf("got %+v, want terms that are not verified", got)
	}
}
