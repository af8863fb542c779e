package gemini_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

var batchVendor = vendortest.Batches{
	Path: geminitest.BasePath, New: geminitest.New, Dimensions: 128, Status: "BATCH_STATE_SUCCEEDED", NoSuch: "batches/no-such-batch", Unmetered: true,
	Open:     func(base, key string) (batchapi.API, error) { return gemini.NewBatches(batchOptions(base, key)) },
	Embedder: func(base, key string) (embedding.Embedder, error) { return gemini.New(batchOptions(base, key)) },
}

func batchOptions(base, key string) gemini.Options {
	return gemini.Options{Model: "gemini-embedding-001", Dimensions: 128, BaseURL: base, Key: key}
}

func TestBatches(t *testing.T) {
	batchVendor.Test(t)
	_, api := batchVendor.Serve(t, emulator.DefaultKey)
	expect.Equal(t, "the form of the answers is verified", api.Terms().Unverified == "", false)
	expect.Equal(t, "prices of batches in the catalog", slices.ContainsFunc(gemini.Catalog(), func(e catalog.Entry) bool { return e.Prices[0].Batch != 0.5 }), false)
}

// A batch can be ended, and one that has expired has no answers.
func TestBatchEnds(t *testing.T) {
	s, api := batchVendor.Serve(t, emulator.DefaultKey, emulator.Fault{Name: "batch-expired", Next: 1})
	want := batchapi.State{Ended: true, Status: "BATCH_STATE_EXPIRED"}
	id, state := vendortest.Submitted(t, api, batchapi.Batch{Mark: "a", Lines: vendortest.Lines(10)})
	expect.Equal(t, "state", state, want)
	state, err := api.Poll(t.Context(), id)
	expect.NoError(t, err)
	expect.Equal(t, "state", state, want)
	expect.NoError(t, api.Results(t.Context(), id, vendortest.NoText, func(r batchapi.Result) { t.Errorf("got %+v, want no answer", r) }))
	expect.Equal(t, "billed", s.Ledger().Texts, 0)

	id, err = api.Submit(t.Context(), batchapi.Batch{Mark: "b", Lines: vendortest.Lines(10)})
	expect.NoError(t, err)
	expect.NoError(t, api.Cancel(t.Context(), id))
	state, err = api.Poll(t.Context(), id)
	expect.NoError(t, err)
	expect.Equal(t, "state", state, batchapi.State{Ended: true, Status: "BATCH_STATE_CANCEL" + "LED"})
}

// What is no name of a batch is not asked for, and the service's code says why a batch failed.
func TestBatchErrors(t *testing.T) {
	_, api := batchVendor.Serve(t, emulator.DefaultKey, emulator.Fault{Name: "batch-refused", Next: 1})
	for _, bad := range []string{"", "no-such-batch", "batches/../models", "batches/a/b", "batches/a?b", "batches/.."} {
		_, err := api.Poll(t.Context(), bad)
		expect.Equal(t, bad, embedding.KindOf(err), embedding.Invalid)
		expect.Equal(t, bad, embedding.KindOf(api.Cancel(t.Context(), bad)), embedding.Invalid)
	}
	_, state := vendortest.Submitted(t, api, batchapi.Batch{Mark: "m", Lines: vendortest.Lines(1)})
	expect.Equal(t, "why", embedding.KindOf(state.Err), embedding.RateLimited)
}

// answering opens the batch API of a server.
func answering(t *testing.T, answer http.HandlerFunc) batchapi.API {
	t.Helper()
	host := httptest.NewServer(answer)
	t.Cleanup(host.Close)
	api, err := gemini.NewBatches(batchOptions(host.URL+"/v1beta", emulator.DefaultKey))
	expect.NoError(t, err)
	return api
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
		api := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Goog-Upload-URL", named) })
		_, err := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: vendortest.Lines(1)})
		if embedding.KindOf(err) != want || strayed {
			t.Errorf("%q: got %v and strayed %t, want %v, and that the file goes nowhere", named, err, strayed, want)
		}
	}
	for _, file := range []string{other.URL + "/x", "files/../../x", "//" + other.Listener.Addr().String() + "/x", "files/a/b", "files/a?b=c", "files/..", "x"} {
		asked := 0
		api := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			_ = json.NewEncoder(w).Encode(map[string]any{"name": "batches/b", "done": true, "response": map[string]string{"responsesFile": file}})
		})
		err := api.Results(t.Context(), "batches/b", vendortest.NoText, nil)
		if embedding.KindOf(err) != embedding.Malformed || strayed || asked != 1 {
			t.Errorf("%q: got %v, strayed %t, %d requests, want that nothing is read", file, err, strayed, asked)
		}
	}
}

// A download that redirects is not followed: its target would get the key.
func TestBatchDownloadRedirects(t *testing.T) {
	strayed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed = true }))
	defer other.Close()
	api := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/download/v1beta/files/f:download") {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(`{"name":"batches/b","done":true,"metadata":{"output":{"responsesFile":"files/f"}}}`))
	})
	err := api.Results(t.Context(), "batches/b", vendortest.NoText, nil)
	if err == nil || strayed || !strings.Contains(err.Error(), "redirects are not followed") {
		t.Errorf("got %v and strayed %t, want that the redirect is not followed", err, strayed)
	}
}

// A batch that has succeeded has a file of answers: without one, its texts would be asked again,
// and paid for twice.
func TestBatchWithoutFile(t *testing.T) {
	api := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"name":"batches/b","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED"}}`))
	})
	expect.Equal(t, "kind", embedding.KindOf(api.Results(t.Context(), "batches/b", vendortest.NoText, nil)), embedding.Malformed)
}

// A page of a proxy is no batch.
func TestBatchOfAnotherServer(t *testing.T) {
	api := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	_, err := api.Poll(t.Context(), "batches/b")
	vendortest.Refused(t, "a web page", err, embedding.Malformed)
}

// A file of answers that ends between two lines is known by the number of those that succeeded.
func TestBatchFileOfFewerLines(t *testing.T) {
	api := answering(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"name":"batches/b","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED","batchStats":{"successfulRequestCount":"2"}},"response":{"responsesFile":"files/f"}}`
		if strings.HasPrefix(r.URL.Path, "/download/") {
			body = `{"key":"a","response":{"embedding":{"values":[` + strings.Repeat("1,", 127) + `1]}}}` + "\n"
		}
		_, _ = w.Write([]byte(body))
	})
	n := 0
	err := api.Results(t.Context(), "batches/b", vendortest.NoText, func(r batchapi.Result) {
		expect.NoError(t, r.Err)
		n++
	})
	if !errors.Is(err, batchapi.ErrCut) || n != 1 {
		t.Errorf("got %v after %d answers, want that the file is cut, after 1", err, n)
	}
}
