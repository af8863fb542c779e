package vendortest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/emulator"
)

// Batches is a vendor with a batch API, which Test holds to what all have in common.
type Batches struct {
	Path       string // where its base URL ends
	New        func(emulator.Options) (*emulator.Server, error)
	Dimensions int
	Open       func(baseURL, key string) (batchapi.API, error)
	Embedder   func(baseURL, key string) (embedding.Embedder, error) // with the same options
	Status     string                                                // of a batch that is done
	NoSuch     string                                                // the id of a batch that is not there
	Unmetered  bool                                                  // answers do not say how many tokens a text has
}

// Test checks that a batch is found by its mark among others, that each of its lines has an answer,
// that errors are as those of an Embedder, and that an answer that ends too early is told.
func (b Batches) Test(t *testing.T) {
	t.Run("marks", b.marks)
	t.Run("answers", b.answers)
	t.Run("errors", b.errors)
	t.Run("cut", b.cut)
}

// Serve serves the emulator until the test ends, and opens its batch API with a key.
func (b Batches) Serve(t *testing.T, key string, faults ...emulator.Fault) (*Emulator, batchapi.API) {
	t.Helper()
	model := embedding.Model{Provider: "acme", ID: "m", Dimensions: b.Dimensions, Symmetric: true}
	s := Serve(t)(b.New(emulator.Options{Faults: faults, Embedder: embedtest.NewFake(embedtest.FakeOptions{Model: model})}))
	api, err := b.Open(s.URL+b.Path, key)
	expect.NoError(t, err)
	return s, api
}

// Lines returns n lines of a batch.
func Lines(n int) (all []batchapi.Line) {
	for i := range n {
		all = append(all, batchapi.Line{ID: fmt.Sprint("line-", i), Text: fmt.Sprintf("text %d with \"quotes\", a\nline break, <tags> and \u4e16\u754c", i)})
	}
	return all
}

// NoText knows no line's text.
func NoText(string) string { return "" }

// Submitted begins a batch and returns its id, and its state after a first look.
func Submitted(t *testing.T, api batchapi.API, batch batchapi.Batch) (id string, s batchapi.State) {
	t.Helper()
	id, err := api.Submit(t.Context(), batch)
	expect.NoError(t, err)
	s, err = api.Poll(t.Context(), id)
	expect.NoError(t, err)
	return id, s
}

func (b Batches) marks(t *testing.T) {
	s, api := b.Serve(t, emulator.DefaultKey)
	found := map[string][]string{"job-130": nil}
	for i := range 130 { // two pages of the list
		id, err := api.Submit(t.Context(), batchapi.Batch{Mark: fmt.Sprint("job-", i), Lines: Lines(i%3 + 1)})
		expect.NoError(t, err)
		found[fmt.Sprint("job-", i)] = []string{id}
	}
	for _, mark := range []string{"job-0", "job-64", "job-129", "job-130"} {
		ids, err := api.Find(t.Context(), mark)
		expect.NoError(t, err)
		expect.Equal(t, "found of "+mark, ids, found[mark])
	}
	expect.Equal(t, "batches", len(s.Batches()), 130)
}

// answers checks that a line has the vector that a request of its own gets, or the refusal.
func (b Batches) answers(t *testing.T) {
	s, api := b.Serve(t, emulator.DefaultKey)
	e := Opened(t)(b.Embedder(s.URL+b.Path, emulator.DefaultKey))
	texts := Lines(20)
	id, state := Submitted(t, api, batchapi.Batch{Mark: "whole", Task: embedding.TaskQuery, Lines: append(texts, batchapi.Line{ID: "empty"})})
	expect.Equal(t, "state", state, batchapi.State{Ended: true, Status: b.Status, Lines: 21})
	got := map[string]batchapi.Result{}
	expect.NoError(t, api.Results(t.Context(), id, NoText, func(r batchapi.Result) { got[r.ID] = r }))
	expect.Equal(t, "answers", len(got), 21)
	expect.Equal(t, "an empty text", embedding.KindOf(got["empty"].Err), embedding.Invalid)
	billed, want := s.Usage(), embedding.Usage{}
	for _, l := range texts {
		one, err := e.Embed(t.Context(), embedding.Request{Texts: []string{l.Text}, Task: embedding.TaskQuery})
		expect.NoError(t, err)
		expect.NoError(t, got[l.ID].Err)
		expect.Equal(t, "vector of "+l.ID, got[l.ID].Vector, one.Vectors[0])
		expect.Equal(t, "usage of "+l.ID, got[l.ID].Usage, one.Usage)
		want = want.Add(one.Usage)
	}
	expect.Equal(t, "requests without a count", want.Unmetered > 0, b.Unmetered)
	if !b.Unmetered {
		expect.Equal(t, "tokens", want.Tokens, billed.Tokens)
	}
	expect.Equal(t, "part of the price", api.Terms().Share, 0.5)
	expect.Equal(t, "space", api.Terms().Model.Space, e.Model().Space)
}

func (b Batches) errors(t *testing.T) {
	const key = "a-key-that-is-not-a-good-one-4711"
	_, api := b.Serve(t, key)
	_, submitted := api.Submit(t.Context(), batchapi.Batch{Mark: "m", Lines: Lines(1)})
	_, found := api.Find(t.Context(), "m")
	_, polled := api.Poll(t.Context(), b.NoSuch)
	for name, err := range map[string]error{
		"submit": submitted, "find": found, "poll": polled,
		"results": api.Results(t.Context(), b.NoSuch, NoText, nil), "cancel": api.Cancel(t.Context(), b.NoSuch),
	} {
		if embedding.KindOf(err) != embedding.Auth || strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want that the key is wrong, without the key", name, err)
		}
	}
	_, api = b.Serve(t, emulator.DefaultKey)
	_, err := api.Poll(t.Context(), b.NoSuch)
	if e, ok := errors.AsType[*embedding.Error](err); !ok || e.Status != 404 {
		t.Errorf("got %v, want 404", err)
	}
	_, state := Submitted(t, api, batchapi.Batch{Mark: "m", Lines: append(Lines(1), Lines(1)...)})
	expect.Equal(t, "an id that is there twice", embedding.KindOf(state.Err), embedding.Invalid)
}

// cut checks that what came of a file of answers that ends too early is good.
func (b Batches) cut(t *testing.T) {
	for fault, want := range map[string]error{"batch-cut": batchapi.ErrCut, "batch-drop": embedding.Unavailable, "batch-half": nil} {
		_, api := b.Serve(t, emulator.DefaultKey, emulator.Fault{Name: fault, Next: 1})
		id, _ := Submitted(t, api, batchapi.Batch{Mark: "m", Lines: Lines(40)})
		n := 0
		err := api.Results(t.Context(), id, NoText, func(r batchapi.Result) {
			expect.NoError(t, r.Err)
			n++
		})
		if !errors.Is(err, want) || n < 15 || n > 25 {
			t.Errorf("%s: got %v after %d answers, want %v after about half", fault, err, n, want)
		}
	}
}

// Answered is a line of a batch's answers and what is read from it.
type Answered struct {
	Line   string
	Cut    bool           // it is not whole
	Kind   embedding.Kind // Unknown: a vector
	Tokens int
}

// Answers checks what read, which reads a line of a batch's answers, makes of each line: the one
// vector, an error, or nothing.
func Answers(t *testing.T, read func([]byte, func(string) string) (batchapi.Result, bool), vector []float32, all map[string]Answered) {
	t.Helper()
	for name, want := range all {
		r, ok := read([]byte(want.Line), NoText)
		kind := embedding.Unknown
		if r.Err != nil {
			kind = embedding.KindOf(r.Err)
		}
		if ok == want.Cut || kind != want.Kind || r.Usage.Tokens != want.Tokens || (ok && want.Kind == embedding.Unknown) != slices.Equal(r.Vector, vector) {
			t.Errorf("%s: got %+v and %t, want the vector %v or else %v, %d tokens and %t", name, r, ok, vector, want.Kind, want.Tokens, !want.Cut)
		}
	}
}

// Unquoted checks that a refusal of the line "a" loses the line's text, which around has for %s.
func Unquoted(t *testing.T, read func([]byte, func(string) string) (batchapi.Result, bool), around string) {
	t.Helper()
	const text = "the secret of the whole village and its well"
	r, ok := read(fmt.Appendf(nil, around, text), func(id string) string { return map[string]string{"a": text}[id] })
	if !ok || r.Err == nil || strings.Contains(r.Err.Error(), "village") {
		t.Errorf("got %v, want a refusal without the text", r.Err)
	}
}
