package vendortest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// Said is how a dialect says a Kind, and what our provider makes of it.
type Said struct {
	Status int
	Code   string
	Words  string         // of the provider's error
	Read   embedding.Kind // where the wire has no word for the Kind; Unknown: the Kind itself
}

// Spoken is a dialect and what opens our provider for it.
type Spoken struct {
	Dialect dialect.Dialect
	Model   dialect.Model // that the provider asks for
	Open    func(baseURL string) (embedding.Embedder, error)
	Keyless bool
	Said    map[embedding.Kind]Said
	Tasks   []embedding.Task // that the wire tells apart; nil: it has no word for tasks
	// Odd is what the provider makes of a situation that the service answers unlike others, by the
	// situation's name.
	Odd map[string]embedding.Kind
}

// Dialect holds a dialect to saying every Kind so that our provider reads it back, and to
// understanding our provider, and being understood, with nothing behind it but a table of vectors.
func Dialect(t *testing.T, s Spoken) {
	t.Helper()
	h := &host{dialect: s.Dialect, model: s.Model, keyless: s.Keyless}
	srv := httptest.NewServer(h)
	defer srv.Close()
	e, err := s.Open(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for kind := embedding.Unknown; kind <= embedding.Partial; kind++ {
		want, ok := s.Said[kind]
		if !ok {
			t.Errorf("%v: the table has no row", kind)
			continue
		}
		if want.Read == embedding.Unknown {
			want.Read = kind
		}
		h.err = &embedding.Error{Kind: kind, RetryAfter: 1500 * time.Millisecond, Err: errors.New("the cause")}
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hello there"}})
		got, ok := errors.AsType[*embedding.Error](err)
		var wait time.Duration
		if want.Read == embedding.RateLimited || want.Read == embedding.Unavailable {
			wait = 2 * time.Second
		}
		if !ok || got.Kind != want.Read || got.Status != want.Status || got.Code != want.Code ||
			!strings.Contains(err.Error(), want.Words) || got.RetryAfter != wait {
			t.Errorf("%v: got %v\nwant %v, status %d, code %q, %q, retry after %v",
				kind, err, want.Read, want.Status, want.Code, want.Words, wait)
		}
	}
	h.err = nil
	for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskSimilarity, embedding.TaskClassification, embedding.TaskClustering} {
		req := embedding.Request{Texts: []string{"one", "two words", "three \"quoted\" <wörds>"}, Task: task}
		res, err := e.Embed(t.Context(), req)
		if err != nil {
			t.Errorf("%v: %v", task, err)
			continue
		}
		for i, text := range h.texts {
			if !strings.HasSuffix(text, req.Texts[i]) { // the model's prefix may be before it
				t.Errorf("%v: text %d: got %q, want %q", task, i, text, req.Texts[i])
			}
			if want := vectorOf(text, s.Model.Dimensions); !slices.Equal(res.Vectors[i], want) {
				t.Errorf("%v: vector %d: got %v, want %v", task, i, res.Vectors[i], want)
			}
		}
		if h.call.Model != s.Model.Asked() && h.call.Model != "" {
			t.Errorf("got the model %q, want %q", h.call.Model, s.Model.Asked())
		}
		if slices.Contains(s.Tasks, task) && h.call.Task != task {
			t.Errorf("got the task %v, want %v", h.call.Task, task)
		}
		if res.Usage.Unmetered == 0 && res.Usage.Tokens != 3*len(h.texts) {
			t.Errorf("got %d tokens, want %d", res.Usage.Tokens, 3*len(h.texts))
		}
	}
	for name, tc := range map[string]struct {
		set  func()
		url  string
		kind embedding.Kind
	}{
		"another key":   {set: func() { h.key = "another" }, kind: embedding.Auth},
		"another path":  {url: "/elsewhere", kind: embedding.Invalid},
		"another model": {set: func() { h.model.ID, h.model.Name = "another", "" }, kind: embedding.Invalid},
		"a large body":  {set: func() { h.bound = 3 }, kind: embedding.TooLarge},
		"an excess":     {set: func() { h.model.Limits.TextTokens = 1 }, kind: embedding.Rejected},
	} {
		if odd, ok := s.Odd[name]; ok {
			tc.kind = odd
		}
		*h = host{dialect: s.Dialect, model: s.Model, keyless: s.Keyless, key: Key}
		if tc.set != nil {
			tc.set()
		}
		e, err := s.Open(srv.URL + tc.url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"hello there"}})
		cut := name == "an excess" && h.call.Cut != dialect.CutNone && err == nil
		unnamed := name == "another model" && h.call.Model == "" && err == nil
		if !cut && !unnamed && embedding.KindOf(err) != tc.kind {
			t.Errorf("%s: got %v, want %v", name, err, tc.kind)
		}
		if err != nil && strings.Contains(err.Error(), Key) {
			t.Errorf("%s: the key is in the error: %v", name, err)
		}
	}
}

// host is the least that can stand behind a dialect.
type host struct {
	dialect dialect.Dialect
	model   dialect.Model
	keyless bool
	key     string // "": any is good
	bound   int    // on a body; 0: none
	err     *embedding.Error

	call  dialect.Call
	texts []string
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := &dialect.Request{Request: r, ID: "5f0c0e6a-1111-9222-8333-444444444444", Arrived: time.Now(), Out: w.Header()}
	reply := h.answer(req)
	h.dialect.Head(req)
	if reply.Type == "" {
		reply.Type = "application/json"
	}
	w.Header().Set("Content-Type", reply.Type)
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
}

func (h *host) answer(r *dialect.Request) dialect.Reply {
	words := h.dialect.Words(r)
	body, err := io.ReadAll(r.Body)
	lost := dialect.Find(h.dialect, r)
	key := h.dialect.Key(r)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case lost != nil && !lost.Late:
		return h.dialect.Refuse(r, *lost)
	case key == "" && !h.keyless && h.key != "":
		return h.dialect.Refuse(r, words.NoKey)
	case h.key != "" && strings.TrimPrefix(key, "Bearer ") != h.key && !h.keyless:
		return h.dialect.Refuse(r, words.BadKey)
	case lost != nil:
		return h.dialect.Refuse(r, *lost)
	case h.err != nil:
		return dialect.Say(h.dialect, r, h.err)
	case h.bound > 0 && len(body) > h.bound:
		return h.dialect.Refuse(r, words.LargeBody)
	}
	call, why := h.dialect.Parse(r, body)
	if call.Model != "" && call.Model != h.model.Asked() {
		why = words.Unknown(call.Model, []string{h.model.Asked()})
	}
	if why != nil {
		return h.dialect.Refuse(r, *why)
	}
	count := func(string) int { return 3 }
	tokens := slices.Repeat([]int{3}, len(call.Texts))
	if why := h.dialect.Check(r, &call, h.model, call.Exceeds(h.model.Limits, tokens, count)); why != nil {
		return h.dialect.Refuse(r, *why)
	}
	h.call, h.texts = call, call.Texts
	a := dialect.Answer{Model: h.model.ID, Tokens: 3 * len(call.Texts)}
	for i, text := range call.Texts {
		a.Rows = append(a.Rows, dialect.Row{Index: i, Vector: vectorOf(text, h.model.Length(&call))})
	}
	return dialect.Reply{Status: http.StatusOK, Body: h.dialect.Answer(nil, r, &call, a)}
}

// vectorOf is a vector of unit length that belongs to a text.
func vectorOf(text string, dimensions int) []float32 {
	v := make([]float32, dimensions)
	v[len(text)%dimensions] = -1
	return v
}
