package gemini_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
)

// office returns the service and its batch API.
func office(t *testing.T, key string, faults ...emulator.Fault) (*emulator.Server, batchapi.API, embedding.Embedder) {
	t.Helper()
	model := embedding.Model{Provider: "acme", ID: "m", Dimensions: 128, Symmetric: true}
	s, err := geminitest.New(emulator.Options{Faults: faults, Embedder: embedtest.NewFake(embedtest.FakeOptions{Model: model})})
	expect.NoError(t, err)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	o := gemini.Options{Model: "gemini-embedding-001", Dimensions: 128, BaseURL: web.URL + geminitest.BasePath, Key: key}
	api, err := gemini.NewBatches(o)
	expect.NoError(t, err)
	e, err := gemini.New(o)
	expect.NoError(t, err)
	return s, api, e
}

func lines(n int) (all []batchapi.Line) {
	for i := range n {
		all = append(all, batchapi.Line{ID: fmt.Sprint("line-", i), Text: fmt.Sprintf("text %d with \"quotes\", a\nline break, <tags> and \u4e16\u754c", i)})
	}
	return all
}

func noText(string) string { return "" }

// A batch is found by its mark among others, and each of its lines has an answer under its key: the
// vector that a request of its own gets, or the service's refusal.
func TestBatches(t *testing.T) {
	s, api, e := office(t, emulator.DefaultKey)
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
	expect.Equal(t, "batches", len(s.Batches()), 130)

	texts := append(lines(20), batchapi.Line{ID: "empty", Text: ""})
	id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "whole", Task: embedding.TaskQuery, Lines: texts})
	expect.NoError(t, err)
	state, err := api.Poll(t.Context(), id)
	expect.NoError(t, err)
	expect.Equal(t, "state", state, batchapi.State{Ended: true, Status: "BATCH_STATE_SUCCEEDED", Lines: 21})
	got := map[string]batchapi.Result{}
	expect.NoError(t, api.Results(t.Context(), id, noText, func(r batchapi.Result) { got[r.ID] = r }))
	expect.Equal(t, "answers", len(got), 21)
	expect.Equal(t, "an empty text", embedding.KindOf(got["empty"].Err), embedding.Invalid)
	for _, l := range texts[:20] {
		want, err := e.Embed(t.Context(), embedding.Request{Texts: []string{l.Text}, Task: embedding.TaskQuery})
		expect.NoError(t, err)
		r := got[l.ID]
		expect.Equal(t, "vector", r.Vector, want.Vectors[0])
		expect.Equal(t, "usage", r.Usage, embedding.Usage{Requests: 1, Unmetered: 1})
	}
	expect.Equal(t, "part of the price", api.Terms().Share, 0.5)
	expect.Equal(t, "space", api.Terms().Model.Space, e.Model().Space)
	if api.Terms().Unverified == "" {
		t.Error("got terms that are verified, want that the form of the answers is not")
	}
	expect.Equal(t, "prices of batches in the catalog", slices.ContainsFunc(gemini.Catalog(), func(e catalog.Entry) bool { return e.Prices[0].Batch != 0.5 }), false)
}

// A batch can be ended, and one that has expired has no answers.
func TestBatchEnds(t *testing.T) {
	s, api, _ := office(t, emulator.DefaultKey, emulator.Fault{Name: "batch-expired", Next: 1})
	id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "a", Lines: lines(10)})
	expect.NoError(t, err)
	for _, want := range []batchapi.State{{Ended: true, Status: "BATCH_STATE_EXPIRED"}, {Ended: true, Status: "BATCH_STATE_EXPIRED"}} {
		state, err := api.Poll(t.Context(), id)
		expect.NoError(t, err)
		expect.Equal(t, "state", state, want)
	}
	expect.NoError(t, api.Results(t.Context(), id, noText, func(r batchapi.Result) { t.Errorf("got %+v, want no answer", r) }))
	expect.Equal(t, "billed", s.Ledger().Texts, 0)

	id, err = api.Submit(t.Context(), batchapi.Batch{Mark: "b", Lines: lines(10)})
	expect.NoError(t, err)
	expect.NoError(t, api.Cancel(t.Context(), id))
	state, err := api.Poll(t.Context(), id)
	expect.NoError(t, err)
	expect.Equal(t, "state", state, batchapi.State{Ended: true, Status: "BATCH_STATE_CANCEL" + "LED"})
}

// Errors of a batch API are as those of an Embedder.
func TestBatchErrors(t *testing.T) {
	const key = "AIza-not-a-good-one-4711"
	_, api, _ := office(t, key)
	for name, ask := range map[string]func() error{
		"submit": func() error {
			_, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: lines(1)})
			return err
		},
		"find":    func() error { _, err := api.Find(t.Context(), "m"); return err },
		"poll":    func() error { _, err := api.Poll(t.Context(), "batches/b"); return err },
		"results": func() error { return api.Results(t.Context(), "batches/b", noText, nil) },
		"cancel":  func() error { return api.Cancel(t.Context(), "batches/b") },
	} {
		err := ask()
		if embedding.KindOf(err) != embedding.Auth || strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want that the key is wrong, without the key", name, err)
		}
	}
	_, api, _ = office(t, emulator.DefaultKey, emulator.Fault{Name: "batch-refused", Next: 1})
	_, err := api.Poll(t.Context(), "batches/no-such-batch")
	if e, ok := errors.AsType[*embedding.Error](err); !ok || e.Status != 404 {
		t.Errorf("got %v, want 404", err)
	}
	for _, bad := range []string{"", "no-such-batch", "batches/../models", "batches/a/b", "batches/a?b", "batches/.."} {
		_, err := api.Poll(t.Context(), bad)
		expect.Equal(t, bad, embedding.KindOf(err), embedding.Invalid)
		expect.Equal(t, bad, embedding.KindOf(api.Cancel(t.Context(), bad)), embedding.Invalid)
	}
	for want, all := range map[embedding.Kind][]batchapi.Line{embedding.Invalid: append(lines(1), lines(1)...), embedding.RateLimited: lines(1)} {
		id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: all})
		expect.NoError(t, err)
		state, err := api.Poll(t.Context(), id)
		expect.NoError(t, err)
		expect.Equal(t, "why", embedding.KindOf(state.Err), want)
	}
}

// A file of answers that ends too early is told from one that is whole, and what came is good.
func TestBatchCut(t *testing.T) {
	for fault, want := range map[string]error{"batch-cut": batchapi.ErrCut, "batch-drop": embedding.Unavailable, "batch-half": nil} {
		_, api, _ := office(t, emulator.DefaultKey, emulator.Fault{Name: fault, Next: 1})
		id, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: lines(40)})
		expect.NoError(t, err)
		_, err = api.Poll(t.Context(), id)
		expect.NoError(t, err)
		n := 0
		err = api.Results(t.Context(), id, noText, func(r batchapi.Result) {
			expect.NoError(t, r.Err)
			n++
		})
		if !errors.Is(err, want) || n < 15 || n > 25 {
			t.Errorf("%s: got %v after %d answers, want %v after about half", fault, err, n, want)
		}
	}
}

// The key and the texts go to the provider's host only, whatever address its answers name.
func TestBatchStaysOnTheHost(t *testing.T) {
	strayed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed = true }))
	defer other.Close()
	for named, want := range map[string]embedding.Kind{
		other.URL + "/upload/v1beta/files?upload_id=1": embedding.Invalid, "//" + other.Listener.Addr().String(): embedding.Invalid,
		"ftp://host/": embedding.Invalid, "/upload": embedding.Invalid, "": embedding.Malformed, "%zz": embedding.Malformed,
	} {
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Goog-Upload-URL", named) }))
		api, err := gemini.NewBatches(gemini.Options{Model: "gemini-embedding-001", BaseURL: host.URL + "/v1beta", Key: emulator.DefaultKey})
		expect.NoError(t, err)
		_, err = api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: lines(1)})
		if embedding.KindOf(err) != want || strayed {
			t.Errorf("%q: got %v and strayed %t, want %v, and that the file goes nowhere", named, err, strayed, want)
		}
		host.Close()
	}
	for _, file := range []string{other.URL + "/x", "files/../../x", "//" + other.Listener.Addr().String() + "/x", "files/a/b", "files/a?b=c", "files/..", "x"} {
		asked := 0
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			_ = json.NewEncoder(w).Encode(map[string]any{"name": "batches/b", "done": true, "response": map[string]string{"responsesFile": file}})
		}))
		api, err := gemini.NewBatches(gemini.Options{Model: "gemini-embedding-001", BaseURL: host.URL + "/v1beta", Key: emulator.DefaultKey})
		expect.NoError(t, err)
		err = api.Results(t.Context(), "batches/b", noText, nil)
		if embedding.KindOf(err) != embedding.Malformed || strayed || asked != 1 {
			t.Errorf("%q: got %v, strayed %t, %d requests, want that nothing is read", file, err, strayed, asked)
		}
		host.Close()
	}
}

// A download that redirects is not followed: its target would get the key.
func TestBatchDownloadRedirects(t *testing.T) {
	strayed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed = true }))
	defer other.Close()
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/download/v1beta/files/f:download") {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(`{"name":"batches/b","done":true,"metadata":{"output":{"responsesFile":"files/f"}}}`))
	}))
	defer host.Close()
	api, err := gemini.NewBatches(gemini.Options{Model: "gemini-embedding-001", BaseURL: host.URL + "/v1beta", Key: emulator.DefaultKey})
	expect.NoError(t, err)
	err = api.Results(t.Context(), "batches/b", noText, nil)
	if err == nil || strayed || !strings.Contains(err.Error(), "redirects are not followed") {
		t.Errorf("got %v and strayed %t, want that the redirect is not followed", err, strayed)
	}
}

// A batch that has succeeded has a file of answers: without one, its texts would be asked again,
// and paid for twice.
func TestBatchWithoutFile(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"name":"batches/b","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED"}}`))
	}))
	defer host.Close()
	api, err := gemini.NewBatches(gemini.Options{Model: "gemini-embedding-001", BaseURL: host.URL + "/v1beta", Key: emulator.DefaultKey})
	expect.NoError(t, err)
	expect.Equal(t, "kind", embedding.KindOf(api.Results(t.Context(), "batches/b", noText, nil)), embedding.Malformed)
}

// A file of answers that ends between two lines is known by the number of those that succeeded.
func TestBatchFileOfFewerLines(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"name":"batches/b","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED","batchStats":{"successfulRequestCount":"2"}},"response":{"responsesFile":"files/f"}}`
		if strings.HasPrefix(r.URL.Path, "/download/") {
			body = `{"key":"a","response":{"embedding":{"values":[` + strings.Repeat("1,", 127) + `1]}}}` + "\n"
		}
		_, _ = w.Write([]byte(body))
	}))
	defer host.Close()
	api, err := gemini.NewBatches(gemini.Options{Model: "gemini-embedding-001", Dimensions: 128, BaseURL: host.URL + "/v1beta", Key: emulator.DefaultKey})
	expect.NoError(t, err)
	n := 0
	err = api.Results(t.Context(), "batches/b", noText, func(r batchapi.Result) {
		expect.NoError(t, r.Err)
		n++
	})
	if !errors.Is(err, batchapi.ErrCut) || n != 1 {
		t.Errorf("got %v after %d answers, want that the file is cut, after 1", err, n)
	}
}
